import { contentsLineSchema } from '../../../catalog/bucket/contents';
import type { Section, SectionReader } from '../../engine';
import { Devices } from '../devices';
import { contentsEntry, modeText, mtimeText, type ContentsEntry } from '../entry';
import { sectionName } from '../sections';

/**
 * Sections of a list of contents: one for each path. Content is not in it: restic has compared that with its hashes. Targets of links
 * the restore itself has compared.
 */
export class ContentsSections implements SectionReader {
  private readonly sections = new Map<string, readonly [name: string, section: Section, size: number]>();
  private readonly devices = new Devices();
  private rest = Buffer.alloc(0);

  /** @param isRoot whether files were restored by root: nobody else can give them their owners back */
  constructor(private readonly isRoot: boolean) {}

  see(chunk: Buffer): void {
    const bytes = Buffer.concat([this.rest, chunk]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    for (const line of bytes.subarray(0, end).toString().split('\n')) if (line !== '') this.add(line);
    this.rest = Buffer.from(bytes.subarray(end));
  }

  end(): ReadonlyMap<string, Section> {
    return new Map([...this.sections.values()].map(([name, section]) => [name, section]));
  }

  private add(line: string): void {
    const value = JSON.parse(line) as { formatVersion?: unknown };
    if (value.formatVersion !== undefined) return;
    const entry = contentsEntry(contentsLineSchema.parse(value));
    if (this.devices.has(entry) && !this.isRoot) return;
    // A name may have been the only one by the time that the list was made, and one of several in the snapshot.
    const isLinked = entry.type === 'hard-link';
    const size = isLinked ? (this.sections.get(entry.link!)?.[2] ?? 0) : entry.size;
    const text = this.textOf(entry, size);
    const name = sectionName(isLinked ? { ...entry, type: 'file' } : entry);
    this.sections.set(entry.path, [name, { kind: 'definition', hash: text, text }, size]);
  }

  private textOf({ mode, uid, gid, mtime }: ContentsEntry, size: number): string {
    const owner = this.isRoot ? [`owner ${uid}:${gid}`] : [];
    return [`mode ${modeText(mode)}`, `modified ${mtimeText(mtime)}`, ...owner, `size ${size}`].join('\n');
  }
}
