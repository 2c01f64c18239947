import type { Entry } from './entry';

/** Finds the devices among entries that come one after another, and other names of devices: only root can make either. */
export class Devices {
  private readonly paths = new Set<string>();

  /** @param entry the next one; the last of a path counts */
  has({ path, type, link }: Pick<Entry, 'path' | 'type' | 'link'>): boolean {
    const isOne = type.endsWith('-device') || (type === 'hard-link' && this.paths.has(link!));
    if (isOne) this.paths.add(path);
    else this.paths.delete(path);
    return isOne;
  }
}
