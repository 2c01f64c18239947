import { BackupError } from '../../task/run/errors';

/**
 * A table whose data the archive's table of contents promises. Its names are in the database's encoding, one character for
 * each byte.
 */
export interface ArchivedTable {
  readonly schema: string;
  readonly name: string;
}

/** Archive formats that this code reads: 1.10 (PostgreSQL 8.4) to 1.16 (17 and 18). */
const OLDEST = 110;
const NEWEST = 116;
const BLOCK_DATA = 1;
const BLOCK_BLOBS = 3;
/** A sign byte and four bytes, as pg_dump writes an int everywhere. */
const INT_BYTES = 5;

class MoreBytesNeeded extends Error {}

/**
 * Follows a custom-format archive of pg_dump as it streams by, from block to block, without touching the rows. At the end
 * it knows whether every table that the table of contents promises has its data, to the closing block: pg_dump writes no
 * end marker, and `pg_restore --list` accepts an archive that is cut short.
 * Format: src/bin/pg_dump/pg_backup_archiver.c (ReadHead, ReadToc) and pg_backup_custom.c of PostgreSQL.
 */
export class PgArchiveInspector {
  /** Tables that the archive promises; `undefined` for an archive of a format newer than this program. */
  tables: readonly ArchivedTable[] | undefined;
  private head: Buffer[] = [];
  private headBytes = 0;
  private parseAt = 0;
  private promised = new Set<number>();
  private inData = false;
  private unknownFormat = false;
  private fault: string | undefined;

  // In the data: bytes to skip, the bytes of a number that a chunk's end cut, and what comes next.
  private skip = 0;
  private rest: Buffer = Buffer.alloc(0);
  private next: 'block' | 'chunk' | 'blob' = 'block';
  private blobs = false;

  see(chunk: Buffer): void {
    if (this.unknownFormat || this.fault !== undefined) return;
    if (this.inData) {
      this.follow(chunk);
      return;
    }
    this.head.push(chunk);
    this.headBytes += chunk.length;
    // Tries again each time that the head has doubled: its length is not known in advance.
    if (this.headBytes >= this.parseAt) this.tryHead();
  }

  /** @throws BackupError `dumpFailed` if the archive is incomplete */
  verify(): void {
    if (!this.inData && !this.unknownFormat && this.fault === undefined) this.tryHead();
    if (this.unknownFormat) return;
    const fault = this.fault ?? this.openEnd();
    if (fault !== undefined)
      throw new BackupError(
        'dumpFailed',
        `pg_dump exited with 0, but its archive is incomplete: ${fault}: the dump was discarded`,
        { kind: 'dump-incomplete', object: 'pg_dump' },
      );
  }

  private openEnd(): string | undefined {
    if (!this.inData) return `it ends within its table of contents, after ${this.headBytes} bytes`;
    if (this.skip > 0 || this.rest.length > 0 || this.next !== 'block') return 'it ends within a block of data';
    return this.promised.size > 0
      ? `${this.promised.size} tables of its table of contents have no data in it`
      : undefined;
  }

  private tryHead(): void {
    const bytes = Buffer.concat(this.head);
    if (bytes.length >= 5 && bytes.toString('latin1', 0, 5) !== 'PGDMP') {
      this.fault = `it does not start with PGDMP but with ${JSON.stringify(bytes.toString('latin1', 0, 40))}`;
      return;
    }
    try {
      const reader = new HeadReader(bytes);
      const head = reader.read();
      if (!head) {
        this.unknownFormat = true;
        this.head = [];
        return;
      }
      this.tables = head.tables;
      this.promised = head.promised;
      this.inData = true;
      this.head = [];
      this.follow(bytes.subarray(reader.offset));
    } catch (error) {
      if (!(error instanceof MoreBytesNeeded)) throw error;
      this.head = [bytes];
      this.parseAt = bytes.length * 2;
    }
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
        if ((type !== BLOCK_DATA && type !== BLOCK_BLOBS) || !this.promised.delete(id)) {
          this.fault = `a block of type ${type} with number ${id} is not in its table of contents`;
          return;
        }
        this.blobs = type === BLOCK_BLOBS;
        this.next = this.blobs ? 'blob' : 'chunk';
      } else {
        const value = readInt(bytes, offset);
        if (this.next === 'blob') this.next = value === 0 ? 'block' : 'chunk';
        else if (value === 0) this.next = this.blobs ? 'blob' : 'block';
        else this.skip = value;
      }
      offset += need;
    }
  }
}

/** Little-endian magnitude after a sign byte. */
function readInt(bytes: Buffer, offset: number): number {
  const magnitude = bytes.readUInt32LE(offset + 1);
  return bytes[offset] === 0 ? magnitude : -magnitude;
}

/** Reads the head and the table of contents. */
class HeadReader {
  offset = 5;
  private version = 0;
  private offsetBytes = 8;

  constructor(private readonly bytes: Buffer) {}

  /** `undefined` if the format is not known. */
  read(): { tables: ArchivedTable[]; promised: Set<number> } | undefined {
    this.version = this.byte() * 100 + this.byte();
    this.byte(); // Revision.
    const intBytes = this.byte();
    this.offsetBytes = this.byte();
    this.byte(); // Format; `-Fc` was asked for.
    if (this.version < OLDEST || this.version > NEWEST || intBytes !== INT_BYTES - 1) return undefined;
    // The compression, from 1.15 on as an algorithm in one byte.
    if (this.version >= 115) this.byte();
    else this.int();
    for (let field = 0; field < 7; field++) this.int(); // The date.
    for (let field = 0; field < 3; field++) this.string(); // Database, server version, pg_dump version.
    const tables: ArchivedTable[] = [];
    const promised = new Set<number>();
    for (let entries = this.int(); entries > 0; entries--) this.entry(tables, promised);
    return { tables, promised };
  }

  private entry(tables: ArchivedTable[], promised: Set<number>): void {
    const id = this.int();
    const hasData = this.int() !== 0;
    this.string(); // OID of the catalog table.
    this.string(); // OID.
    const name = this.string() ?? '';
    const description = this.string();
    if (this.version >= 111) this.int(); // Section.
    this.string(); // Definition.
    this.string(); // Statement to drop it.
    this.string(); // COPY statement.
    const schema = this.string() ?? '';
    this.string(); // Tablespace.
    if (this.version >= 114) this.string(); // Table access method.
    if (this.version >= 116) this.int(); // Kind of relation.
    this.string(); // Owner.
    this.string(); // Whether it has OIDs.
    while (this.string() !== undefined); // Dependencies.
    this.take(1 + this.offsetBytes); // Offset of the data, unknown in a stream.
    if (!hasData) return;
    promised.add(id);
    if (description === 'TABLE DATA') tables.push({ schema, name });
  }

  private take(count: number): number {
    const start = this.offset;
    if (start + count > this.bytes.length) throw new MoreBytesNeeded();
    this.offset += count;
    return start;
  }

  private byte(): number {
    return this.bytes[this.take(1)] ?? 0;
  }

  private int(): number {
    return readInt(this.bytes, this.take(INT_BYTES));
  }

  private string(): string | undefined {
    const length = this.int();
    if (length < 0) return undefined;
    const start = this.take(length);
    return this.bytes.toString('latin1', start, start + length);
  }
}
