import { BackupError } from '../../task/run/errors';
import { ArchiveHead, INT_BYTES, readInt, type ArchivedTable } from './archive-head';

const BLOCK_DATA = 1;
const BLOCK_BLOBS = 3;
const MAGIC = 'PGDMP';
const SHOWN_BYTES = 40;

/**
 * Follows a custom-format archive of pg_dump as it streams by, from block to block, without touching the rows. At the end
 * it knows whether every table that the table of contents promises has its data, to the closing block: pg_dump writes no
 * end marker, and `pg_restore --list` accepts an archive that is cut short.
 * Format: src/bin/pg_dump/pg_backup_archiver.c (ReadHead, ReadToc) and pg_backup_custom.c of PostgreSQL.
 */
export class PgArchiveInspector {
  /** Large objects whose data the archive has. */
  largeObjects = 0;
  /** Resolves once the table of contents has passed; never for an archive that ends within it. */
  readonly listed: Promise<void>;
  private tell: () => void = () => undefined;
  private readonly head = new ArchiveHead();
  private seenBytes = 0;
  /** The first bytes, until they show whether it is an archive. */
  private first: Buffer | undefined = Buffer.alloc(0);
  private inData = false;
  private fault: string | undefined;

  // In the data: bytes to skip, the bytes of a number that a chunk's end cut, and what comes next.
  private skip = 0;
  private rest: Buffer = Buffer.alloc(0);
  private next: 'block' | 'chunk' | 'blob' = 'block';
  private blobs = false;

  constructor() {
    this.listed = new Promise((resolve) => (this.tell = resolve));
  }

  /** Tables that the archive promises; `undefined` for an archive of a format newer than this program. */
  get tables(): readonly ArchivedTable[] | undefined {
    return this.head.unknown ? undefined : this.head.tables;
  }

  /** Entries of the table of contents by {@link entryKey}; `undefined` for an archive of a format newer than this program. */
  get entries(): ReadonlyMap<string, number> | undefined {
    return this.head.unknown ? undefined : this.head.entries;
  }

  see(chunk: Buffer): void {
    if (this.head.unknown || this.fault !== undefined) return;
    if (this.inData) {
      this.follow(chunk);
      return;
    }
    this.seenBytes += chunk.length;
    if (this.first) this.begin(chunk);
    if (this.fault === undefined) this.goOn(this.head.see(chunk));
  }

  /** @throws BackupError `dumpFailed` if the archive is incomplete */
  verify(): void {
    if (!this.inData && this.fault === undefined) this.goOn(this.head.readOn());
    if (this.head.unknown) return;
    const fault = this.fault ?? this.openEnd();
    if (fault !== undefined)
      throw new BackupError(
        'dumpFailed',
        `pg_dump exited with 0, but its archive is incomplete: ${fault}: the dump was discarded`,
        { kind: 'dump-incomplete', object: 'pg_dump' },
      );
  }

  private openEnd(): string | undefined {
    if (!this.inData) return `it ends within its table of contents, after ${this.seenBytes} bytes`;
    if (this.skip > 0 || this.rest.length > 0 || this.next !== 'block') return 'it ends within a block of data';
    return this.head.promised.size > 0
      ? `${this.head.promised.size} tables of its table of contents have no data in it`
      : undefined;
  }

  private begin(chunk: Buffer): void {
    const bytes = Buffer.concat([this.first!, chunk.subarray(0, SHOWN_BYTES)]);
    this.first = bytes.length < MAGIC.length ? bytes : undefined;
    if (this.first || bytes.toString('latin1', 0, MAGIC.length) === MAGIC) return;
    this.fault = `it does not start with ${MAGIC} but with ${JSON.stringify(bytes.toString('latin1', 0, SHOWN_BYTES))}`;
  }

  /** @param rest what is behind the head; none while the head goes on */
  private goOn(rest: Buffer | undefined): void {
    if (!rest) return;
    this.tell();
    if (this.head.unknown) return;
    this.inData = true;
    this.follow(rest);
  }

  /** Walks over one chunk of the data part. */
  private follow(chunk: Buffer): void {
    let bytes = chunk;
    if (this.rest.length > 0) {
      bytes = Buffer.concat([this.rest, chunk]);
      this.rest = Buffer.alloc(0);
    }
    let offset = 0;
    for (;;) {
      if (this.skip > 0) {
        const step = Math.min(this.skip, bytes.length - offset);
        this.skip -= step;
        offset += step;
        if (this.skip > 0) return;
      }
      const need = this.next === 'block' ? 1 + INT_BYTES : INT_BYTES;
      if (bytes.length - offset < need) {
        // A copy, because a slice would keep the whole chunk alive.
        this.rest = Buffer.from(bytes.subarray(offset));
        return;
      }
      if (this.next === 'block') {
        const type = bytes[offset];
        const id = readInt(bytes, offset + 1);
        if ((type !== BLOCK_DATA && type !== BLOCK_BLOBS) || !this.head.promised.delete(id)) {
          this.fault = `a block of type ${type} with number ${id} is not in its table of contents`;
          return;
        }
        this.blobs = type === BLOCK_BLOBS;
        this.next = this.blobs ? 'blob' : 'chunk';
      } else {
        const value = readInt(bytes, offset);
        if (this.next === 'blob') {
          this.next = value === 0 ? 'block' : 'chunk';
          if (value !== 0) this.largeObjects++;
        } else if (value === 0) this.next = this.blobs ? 'blob' : 'block';
        else this.skip = value;
      }
      offset += need;
    }
  }
}
