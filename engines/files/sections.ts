import type { Section, SectionReader } from '../engine';
import { Devices } from './devices';
import { modeText, mtimeText, type HashedEntry } from './entry';
import { bytesOf, isText, textOf } from './name';
import { TarReader } from './tar-reader';

/** Attributes that any user can give files back. */
const OWN_ATTRIBUTES = /^SCHILY\.(?:xattr\.user|acl)\./;

/** Sections of an archive: one for each path, with what is said of it, and the hash of its content. */
export class FilesSections implements SectionReader {
  private readonly sections = new Map<string, readonly [name: string, section: Section]>();
  private readonly reader: TarReader;

  /** @param isRoot whether files were restored by root: nobody else can give them their owners back */
  constructor(isRoot: boolean) {
    const devices = new Devices();
    this.reader = new TarReader({
      end: (entry) => {
        if (devices.has(entry) && !isRoot) return;
        const text = textOfEntry(entry, isRoot);
        // The last one of a path counts. The text is all that is compared: a hash of it would be as long.
        this.sections.set(entry.path, [sectionName(entry), { kind: 'definition', hash: text, text }]);
      },
    });
  }

  see(chunk: Buffer): void {
    this.reader.see(chunk);
  }

  end(): ReadonlyMap<string, Section> {
    this.reader.end();
    return new Map(this.sections.values());
  }
}

/** The list of contents is compared file by file when it is restored. */
export const NO_SECTIONS: SectionReader = { see: () => undefined, end: () => new Map() };

/** `file a/b` */
export function sectionName({ type, path }: Pick<HashedEntry, 'type' | 'path'>): string {
  const exact = isText(path) ? '' : ` (${bytesOf(path).toString('hex')})`;
  return `${type} ${textOf(path)}${exact}`;
}

function textOfEntry(
  { size, mode, uid, gid, mtime, link, device, sha256, attributes }: HashedEntry,
  isRoot: boolean,
): string {
  const kept = [...(attributes ?? [])].filter(([name]) => isRoot || OWN_ATTRIBUTES.test(name));
  return [
    `mode ${modeText(mode)}`,
    `modified ${mtimeText(mtime)}`,
    ...(isRoot ? [`owner ${uid}:${gid}`] : []),
    ...(sha256 === undefined ? [] : [`size ${size}`, `sha256 ${sha256}`]),
    ...(link === undefined ? [] : [`to ${JSON.stringify(link)}`]),
    ...(device ? [`device ${device.join(':')}`] : []),
    ...kept.map(([name, value]) => `${name} ${value.toString('base64')}`),
  ].join('\n');
}
