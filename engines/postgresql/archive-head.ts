/** Archive formats that this code reads: 1.10 (PostgreSQL 8.4) to 1.16 (17 and 18). */
const OLDEST = 110;
const NEWEST = 116;
/** A sign byte and four bytes, as pg_dump writes an int everywhere. */
export const INT_BYTES = 5;

/** An int, as {@link readInt} reads it. */
export function writtenInt(value: number): Buffer {
  const bytes = Buffer.alloc(INT_BYTES);
  bytes[0] = value < 0 ? 1 : 0;
  bytes.writeUInt32LE(Math.abs(value), 1);
  return bytes;
}

/** Little-endian magnitude after a sign byte. */
export function readInt(bytes: Buffer, offset: number): number {
  const magnitude = bytes.readUInt32LE(offset + 1);
  return bytes[offset] === 0 ? magnitude : -magnitude;
}

/**
 * A table whose data the archive's table of contents promises. Its names are in the database's encoding, one character for
 * each byte.
 */
export interface ArchivedTable {
  readonly schema: string;
  readonly name: string;
}

/** An entry of a table of contents, for readers that need more than its name. Texts are as in {@link ArchivedTable}. */
export interface ArchiveEntry extends ArchivedTable {
  readonly id: number;
  readonly kind: string;
  /** Statements that create it. */
  readonly definition: string;
  /** The statement that its rows belong to, empty if its data are statements themselves: `COPY shop.orders (id, note) FROM stdin;`. */
  readonly copy: string;
  readonly tablespace: string;
  readonly accessMethod: string;
  readonly owner: string;
  readonly hasData: boolean;
}

/** Entries whose tag holds more than a name, such as types: they are only counted, by kind and schema. */
const COUNTED = new Set([
  ...['FUNCTION', 'PROCEDURE', 'AGGREGATE', 'OPERATOR', 'CAST', 'TRANSFORM', 'USER MAPPING', 'DEFAULT ACL'],
  ...['OPERATOR CLASS', 'OPERATOR FAMILY'],
]);

/** Key of an object in a table of contents: kind, schema and name, of which a kind that is only counted has none. */
export const entryKey = (kind: string, schema: string, name: string): string =>
  `${kind}\0${schema}\0${COUNTED.has(kind) ? '' : name}`;

class MoreBytesNeeded extends Error {}

/** Reads the head and the table of contents of an archive piece by piece, and keeps of each entry no more than its name. */
export class ArchiveHead {
  readonly tables: ArchivedTable[] = [];
  /** Numbers of the entries that have data. */
  readonly promised = new Set<number>();
  /** How many entries of each key. */
  readonly entries = new Map<string, number>();
  /** Whether the format is one that this code does not read. */
  unknown = false;
  private version = 0;
  private offsetBytes = 8;
  /** Entries still to come; `undefined` before their number is known. */
  private left: number | undefined;
  private bytes: Buffer = Buffer.alloc(0);
  private offset = 0;
  /** What was taken and not read yet. */
  private unread: Buffer[] = [];
  private unreadBytes = 0;
  private readAt = 0;

  /**
   * @param told of every entry
   * @param passed gets the bytes of the head, once each
   */
  constructor(
    private readonly told?: (entry: ArchiveEntry) => void,
    private readonly passed?: (bytes: Buffer) => void,
  ) {}

  /** Takes a part of the stream; returns what of it is behind the head, as soon as that is complete, or {@link unknown}. */
  see(chunk: Buffer): Buffer | undefined {
    this.unread.push(chunk);
    this.unreadBytes += chunk.length;
    // An entry that did not fit is tried again when there is twice as much of it: its length is not known in advance.
    return this.unreadBytes >= this.readAt ? this.readOn() : undefined;
  }

  /** Reads what was taken, however little it is: at the end of the stream. */
  readOn(): Buffer | undefined {
    const bytes = Buffer.concat(this.unread);
    const { used, complete } = this.read(bytes);
    this.passed?.(bytes.subarray(0, used));
    // A copy, because a slice would keep all that was read alive.
    const rest = Buffer.from(bytes.subarray(used));
    const isOver = complete || this.unknown;
    this.unread = isOver ? [] : [rest];
    this.unreadBytes = rest.length;
    this.readAt = rest.length * 2;
    return isOver ? rest : undefined;
  }

  /** Reads on; returns how many bytes belong to the head, and whether it is complete. The others are needed again. */
  private read(bytes: Buffer): { used: number; complete: boolean } {
    this.bytes = bytes;
    this.offset = 0;
    let used = 0;
    try {
      if (this.left === undefined) {
        this.left = this.preamble();
        used = this.offset;
      }
      for (; this.left > 0; this.left--) {
        this.entry();
        used = this.offset;
      }
      return { used, complete: true };
    } catch (error) {
      if (!(error instanceof MoreBytesNeeded)) throw error;
      return { used, complete: false };
    } finally {
      this.bytes = Buffer.alloc(0);
    }
  }

  /** Reads all before the entries; returns their number. */
  private preamble(): number {
    this.take(5);
    this.version = this.byte() * 100 + this.byte();
    this.byte(); // Revision.
    const intBytes = this.byte();
    this.offsetBytes = this.byte();
    this.byte(); // Format; `-Fc` was asked for.
    this.unknown = this.version < OLDEST || this.version > NEWEST || intBytes !== INT_BYTES - 1;
    if (this.unknown) return 0;
    // The compression, from 1.15 on as an algorithm in one byte.
    if (this.version >= 115) this.byte();
    else this.int();
    for (let field = 0; field < 7; field++) this.int(); // The date.
    for (let field = 0; field < 3; field++) this.skip(); // Database, server version, pg_dump version.
    return this.int();
  }

  private entry(): void {
    const id = this.int();
    const hasData = this.int() !== 0;
    this.skip(); // OID of the catalog table.
    this.skip(); // OID.
    const name = this.string() ?? '';
    const kind = this.string() ?? '';
    if (this.version >= 111) this.int(); // Section.
    const definition = this.seen();
    this.skip(); // Statement to drop it.
    const copy = this.seen();
    const schema = this.string() ?? '';
    const tablespace = this.seen();
    const accessMethod = this.version >= 114 ? this.seen() : '';
    if (this.version >= 116) this.int(); // Kind of relation.
    const owner = this.seen();
    this.skip(); // Whether it has OIDs.
    while (this.skip()); // Dependencies.
    this.take(1 + this.offsetBytes); // Offset of the data, unknown in a stream.
    this.told?.({ id, kind, schema, name, definition, copy, tablespace, accessMethod, owner, hasData });
    const key = entryKey(kind, schema, name);
    this.entries.set(key, (this.entries.get(key) ?? 0) + 1);
    if (!hasData) return;
    this.promised.add(id);
    if (kind === 'TABLE DATA') this.tables.push({ schema, name });
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

  /** A string that only some readers need. */
  private seen(): string {
    if (this.told) return this.string() ?? '';
    this.skip();
    return '';
  }

  /** Passes over a string; returns whether there is one. */
  private skip(): boolean {
    const length = this.int();
    if (length >= 0) this.take(length);
    return length >= 0;
  }
}
