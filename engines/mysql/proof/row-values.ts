import { isUtf8 } from 'node:buffer';

const [OPEN, CLOSE, COMMA, QUOTE, BACKSLASH, BACKTICK, SEMICOLON] = [...Buffer.from("(),'\\`;")] as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];
const VALUES = Buffer.from('VALUES');
/** Columns of an INSERT; those of the history of a table are not quoted. */
const LIST = /\(((?:(?:`(?:[^`]|``)+`|\w+)(?:,\s*)?)+)\)\s*VALUES$/;
const NAME = /`((?:[^`]|``)+)`|(\w+)/g;
const COLUMN = /^ {2}`((?:[^`]|``)+)` /gm;

/** The columns of a table, by its `CREATE TABLE`, whose bytes are characters here. */
export const columnsOf = (text: string): string[] =>
  [...text.matchAll(COLUMN)].map(([, name = '']) => Buffer.from(name.replaceAll('``', '`'), 'latin1').toString('utf8'));

/**
 * Splits the rows of INSERT statements into values, as they are written: `NULL`, `'text'`, `0x00ff`. Strings are read as the
 * tools write them: with backslashes, whatever the mode of the server.
 */
export class RowSplitter {
  /** What has passed and is not told yet is the first part of it. */
  private buffer = Buffer.alloc(64 * 1024);
  private length = 0;
  /** What of that is told. */
  private told = 0;
  /** Where to go on. */
  private at = 0;
  private depth = 0;
  private inString = false;
  private columns: readonly string[] | undefined;
  private head = true;
  private values: string[] = [];
  private from = 0;

  constructor(private readonly row: (columns: readonly string[] | undefined, values: readonly string[]) => void) {}

  /** Takes the next bytes of the statements of one table. */
  see(bytes: Buffer): void {
    this.append(bytes);
    while (this.head ? this.seeHead() : this.seeRow());
  }

  /** A row may be of any length: the buffer grows by its own size. */
  private append(bytes: Buffer): void {
    const left = this.length - this.told;
    const grown = left + bytes.length > this.buffer.length ? Buffer.alloc(2 * (left + bytes.length)) : this.buffer;
    this.buffer.copy(grown, 0, this.told, this.length);
    bytes.copy(grown, left);
    this.buffer = grown;
    this.at -= this.told;
    this.from -= this.told;
    this.told = 0;
    this.length = left + bytes.length;
  }

  /** `INSERT INTO … (columns) VALUES`. */
  private seeHead(): boolean {
    const end = this.endOfHead();
    if (end < 0) return false;
    const head = this.buffer.toString('utf8', this.told, end);
    const list = LIST.exec(head)?.[1];
    this.columns =
      list === undefined
        ? undefined
        : [...list.matchAll(NAME)].map(([, name, plain = '']) => name?.replaceAll('``', '`') ?? plain);
    this.head = false;
    this.tell(end);
    return true;
  }

  /** Behind VALUES, which may also be in a name. */
  private endOfHead(): number {
    let quoted = false;
    for (let at = this.told; at + VALUES.length <= this.length; at++) {
      if (this.buffer[at] === BACKTICK) quoted = !quoted;
      else if (!quoted && this.buffer.compare(VALUES, 0, VALUES.length, at, at + VALUES.length) === 0)
        return at + VALUES.length;
    }
    return -1;
  }

  /** Reads up to the end of a row, or of the statement. Returns whether there was one. */
  private seeRow(): boolean {
    const { buffer, length } = this;
    for (; this.at < length; this.at++) {
      const byte = buffer[this.at]!;
      if (this.inString) {
        // The byte behind it may not be there yet.
        if (byte === BACKSLASH) this.at++;
        else if (byte === QUOTE) this.inString = false;
      } else if (byte === QUOTE) this.inString = true;
      else if (byte === OPEN && this.depth++ === 0) this.from = this.at + 1;
      else if (byte === COMMA && this.depth === 1) this.value();
      else if (byte === CLOSE && --this.depth === 0) {
        this.value();
        this.row(this.columns, this.values);
        this.values = [];
        this.tell(this.at + 1);
        return true;
      } else if (byte === SEMICOLON && this.depth === 0) {
        this.head = true;
        this.tell(this.at + 1);
        return true;
      }
    }
    return false;
  }

  private value(): void {
    this.values.push(textOf(this.buffer.subarray(this.from, this.at)));
    this.from = this.at + 1;
  }

  private tell(to: number): void {
    this.told = to;
    this.at = to;
  }
}

/** Bytes that are no text must not become equal to others. */
const textOf = (bytes: Buffer): string =>
  isUtf8(bytes) ? bytes.toString('utf8') : `not UTF-8: 0x${bytes.toString('hex')}`;
