import { once } from 'node:events';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { CONTENTS_HEAD, readContents } from '../../catalog/bucket/contents';
import type { TableCount } from '../../catalog/bucket/manifest';
import { Devices } from './devices';
import { contentsEntry, contentsLine, type ContentsEntry, type HashedEntry } from './entry';
import { textOf } from './name';

/** More folders than that are counted as one: a manifest holds each of them. */
const MAX_FOLDERS = 1000;
/** What files are counted as that lie in none, or in too many. */
const TOP = '.';

/** The list of contents, which grows in a file while the archive passes. */
export class ContentsSpool {
  private readonly file: WriteStream;
  private readonly ended: Promise<void>;
  private readonly counts = new Map<string, number>();
  /** Lines of what stands in the archive before anything is read again. */
  private firstLines = 0;
  /** Lines of each path after those: the last of them counts. */
  private again: Map<string, number> | undefined;
  private readonly devices = new Devices();

  constructor(private readonly path: string) {
    this.file = createWriteStream(path, { mode: 0o600 });
    this.ended = finished(this.file);
    this.ended.catch(() => undefined);
  }

  add(entry: HashedEntry): void {
    this.file.write(contentsLine(entry));
    const { path } = entry;
    const isDevice = this.devices.has(entry);
    if (this.again) this.again.set(path, (this.again.get(path) ?? 0) + 1);
    else {
      this.firstLines++;
      if (!isDevice) this.count(entry);
    }
  }

  /** From now on, a path may have a line already. */
  beginAgain(): void {
    this.again ??= new Map();
  }

  /** Waits until the file takes more. */
  async room(): Promise<void> {
    if (this.file.writableNeedDrain) await Promise.race([once(this.file, 'drain'), this.ended]);
  }

  /**
   * Files by the folder at the top that they are in, as the tables of a source, without devices, which not everybody can restore; complete
   * once {@link bytes} were read.
   */
  tables(database: string): TableCount[] {
    const { counts } = this;
    const all = [...counts.values()].reduce((total, count) => total + count, 0);
    const folders = counts.size <= MAX_FOLDERS ? [...counts] : [[TOP, all] as const];
    const tables = folders.map(([name, rows]) => ({ database, name: textOf(name), rows }));
    return tables.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The list, with one line for each path, after the last was added. */
  async *bytes(): AsyncGenerator<Buffer> {
    this.file.end();
    await this.ended;
    yield Buffer.from(CONTENTS_HEAD);
    const stored = createReadStream(this.path) as AsyncIterable<Buffer>;
    if (!this.again?.size) return yield* stored;
    const left = new Map(this.again);
    const counted = new Set<string>();
    const devices = new Devices();
    let number = 0;
    for await (const { line, entry: record } of readContents(stored)) {
      const entry = contentsEntry(record);
      const { path } = entry;
      const isDevice = devices.has(entry);
      const isFirst = ++number <= this.firstLines;
      const lines = left.get(path);
      if (isFirst && lines !== undefined) counted.add(path);
      else if (isFirst || lines === 1) {
        if (!isFirst && !isDevice && !counted.has(path)) this.count(entry);
        yield Buffer.from(`${line}\n`);
      } else left.set(path, lines! - 1);
    }
  }

  async close(): Promise<void> {
    this.file.destroy();
    await this.ended.catch(() => undefined);
  }

  private count({ path, type }: Pick<ContentsEntry, 'path' | 'type'>): void {
    if (type === 'directory') return;
    const slash = path.indexOf('/');
    const folder = slash < 0 ? TOP : path.slice(0, slash);
    // What is known to be too many needs no more memory.
    const known = this.counts.has(folder) || this.counts.size <= MAX_FOLDERS ? folder : TOP;
    this.counts.set(known, (this.counts.get(known) ?? 0) + 1);
  }
}
