import { createHash } from 'node:crypto';
import type { Section, SectionReader } from '../engine';

const HEADER_BYTES = 100;
const PAGES_A_SECTION = 256;
/**
 * What a copy of the same pages may have otherwise: the file change counter, and for which of its values by which version of
 * SQLite the header was last written. https://www.sqlite.org/fileformat.html#the_database_header
 */
const COUNTERS = [
  [24, 28],
  [92, 100],
] as const;

/**
 * Sections of a database file: its pages, 256 at a time. Both dumps are copies by pages, so that they are compared byte by byte:
 * nothing in the file can differ and pass, and nothing of it is run.
 */
export class PageSections implements SectionReader {
  private readonly sections = new Map<string, Section>();
  private hash = createHash('sha256');
  private head = Buffer.alloc(0);
  private sectionBytes = 0;
  /** Bytes of the section that is under way, and its number. */
  private seen = 0;
  private number = 0;

  /** @param database what the backup calls it */
  constructor(private readonly database: string) {}

  see(chunk: Buffer): void {
    if (this.sectionBytes > 0) return this.add(chunk);
    this.head = Buffer.concat([this.head, chunk]);
    if (this.head.length < HEADER_BYTES) return;
    const pageSize = this.head.readUInt16BE(16);
    // 1 stands for 65,536. A file that is no database has any number there.
    this.sectionBytes = PAGES_A_SECTION * (pageSize > 1 ? pageSize : 65_536);
    for (const [from, to] of COUNTERS) this.head.fill(0, from, to);
    this.add(this.head);
  }

  end(): ReadonlyMap<string, Section> {
    if (this.sectionBytes === 0) this.hash.update(this.head);
    if (this.seen > 0 || this.sectionBytes === 0) this.cut();
    return this.sections;
  }

  private add(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + this.sectionBytes - this.seen);
      this.hash.update(part);
      this.seen += part.length;
      at += part.length;
      if (this.seen === this.sectionBytes) this.cut();
    }
  }

  private cut(): void {
    const first = this.number * PAGES_A_SECTION + 1;
    const name = `pages ${first} to ${first + PAGES_A_SECTION - 1} of ${this.database}`;
    this.sections.set(name, { kind: 'definition', hash: this.hash.digest('hex') });
    this.hash = createHash('sha256');
    this.number++;
    this.seen = 0;
  }
}
