import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bytesOf, parentOf } from '../name';

/** A directory whose entries are being seen. */
interface OpenDirectory {
  readonly path: string;
  /** What of it is to be taken, if not all is. */
  readonly parts: string[];
  isWhole: boolean;
}

/**
 * The fewest paths that stand for all that was chosen: a directory of which nothing is left out stands for all that is in it. Entries
 * come in the order of a walk.
 */
export class Cover {
  /** Directories of which something is left out: restic gets the rest of them, and each only with some of that. Complete once {@link paths} were asked for. */
  readonly divided = new Set<string>();
  private readonly open: OpenDirectory[] = [{ path: '.', parts: [], isWhole: true }];
  /** Directories that lead to something that is chosen, or not even that. */
  private readonly partial = new Set<string>();

  /** Takes an entry that is backed up. */
  add(path: string, isDirectory: boolean): void {
    if (path === '.') return;
    const directory = this.enter(parentOf(path));
    if (isDirectory) this.open.push({ path, parts: [], isWhole: !this.partial.delete(path) });
    else directory.parts.push(path);
  }

  /** Hears of an entry that is not backed up; of a directory, with what is in it, unless that is chosen. */
  leaveOut(path: string, isDirectory: boolean): void {
    for (const one of this.open) if (one.path === '.' || path.startsWith(`${one.path}/`)) one.isWhole = false;
    if (isDirectory) this.partial.add(path);
  }

  /** The paths, relative to the top, which is `.`, once all was seen. */
  get paths(): readonly string[] {
    const top = this.enter('.');
    return top.isWhole ? ['.'] : top.parts;
  }

  /** Writes them as restic takes them by `--files-from-raw`. */
  async write(file: string): Promise<void> {
    const { paths } = this;
    const lines = function* (): Generator<Buffer> {
      for (const path of paths) yield bytesOf(`${path === '.' ? '.' : `./${path}`}\0`);
    };
    await pipeline(Readable.from(lines()), createWriteStream(file, { mode: 0o600 }));
  }

  /** Leaves directories until one, which it returns. */
  private enter(path: string): OpenDirectory {
    for (;;) {
      const current = this.open.at(-1)!;
      if (current.path === path) return current;
      this.open.pop();
      const parent = this.open.at(-1)!;
      if (current.isWhole) parent.parts.push(current.path);
      else {
        this.divided.add(current.path);
        // One by one: arguments of a call lie on the stack.
        for (const part of current.parts) parent.parts.push(part);
      }
    }
  }
}
