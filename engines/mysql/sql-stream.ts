import {
  createdBy,
  createsTrigger,
  insertedTable,
  objectKey,
  objectOf,
  usedDatabase,
  type SqlObject,
} from './sql-objects';

/** What MariaDB accepts unless it is told otherwise; MySQL: 64 MiB. */
const USUAL_PACKET = 16 * 1024 * 1024;
/** Bytes of a statement that are kept to see what it creates. */
const HEAD_BYTES = 2048;
const SQL_MODE = /^\/\*!50003 SET sql_mode\s*= ('[^']*'|@saved_sql_mode)/;

const enum State {
  /** Before a statement. */
  Between,
  Code,
  Single,
  Double,
  Backtick,
  LineComment,
  BlockComment,
  /** A line `DELIMITER ;;`, which the client takes for itself. */
  Command,
  /** Behind VALUES: no line ends within a string, so only line ends count. */
  Rows,
}

const [LF, SPACE, QUOTE, DOUBLE, HASH, STAR, DASH, SLASH, SEMICOLON, BACKTICK, BACKSLASH, BANG, M] = [
  ...Buffer.from('\n \'"#*-/;`\\!M'),
] as [number, number, number, number, number, number, number, number, number, number, number, number, number];
const VALUES = Buffer.from('VALUES');

/** For each state, 1 for the bytes that mean something there: all others are skipped. */
const MEANS: Readonly<Partial<Record<State, Uint8Array>>> = {
  [State.Code]: bytesOf('\'"`#-/*;'),
  [State.Single]: bytesOf("'\\"),
  [State.Double]: bytesOf('"\\'),
  [State.Backtick]: bytesOf('`'),
  [State.LineComment]: bytesOf('\n'),
  [State.BlockComment]: bytesOf('*/'),
};
/** Shorter lines than this are skipped by a search for the end of the statement, longer ones line by line. */
const SHORT_LINE = 100;

/** Hears of the parts of a stream as they pass. */
export interface SqlListener {
  /** The rows of an INSERT begin: nothing up to the end of the statement is anything else. */
  rows(head: string): void;
  /**
   * A statement has ended, or a line `DELIMITER`.
   *
   * @param position of the byte behind it, counted from the beginning of the stream
   */
  ended(position: number, head: string): void;
}

/**
 * Follows the SQL of a dump as it passes, as the client that loads it will read it, and notes what it creates. An owner may put
 * any text into routines, comments and rows: strings, comments and delimiters are told apart as the client does. Keeps the heads
 * of statements and the names of objects, nothing else.
 */
export class SqlStream {
  /** Keys of the objects that the dump creates: see {@link objectKey}. */
  readonly created = new Set<string>();
  /** Triggers whose name could not be read, by database: MariaDB writes the words of whoever made them. */
  readonly unnamedTriggers = new Map<string, number>();
  /** The longest statement so far, the one under way included, in bytes, and the table of its rows. */
  longest: { bytes: number; database: string; table?: string } = { bytes: 0, database: '' };
  /** `db.table` of tables with a row that makes a longer statement than servers accept by themselves. */
  readonly long = new Set<string>();
  /** The database of what passes. */
  database = '';
  private state = State.Between;
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private headLength = 0;
  private previous = 0;
  /** The byte before {@link previous}. */
  private earlier = 0;
  private escaped = false;
  /** Behind `/*M`. */
  private opening = false;
  private insert = false;
  private valuesSeen = 0;
  /** Statements end at `;;`. */
  private longDelimiter = false;
  private noBackslashes = false;
  /** Bytes before this chunk, and where the statement began. */
  private passed = 0;
  private began = 0;

  constructor(private readonly listener?: SqlListener) {}

  see(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.state === State.Rows ? this.seeRows(chunk, at) : this.seeCode(chunk, at);
    this.passed += chunk.length;
    if (this.state !== State.Between) this.measure(this.passed);
  }

  /** The objects that the dump creates. */
  createdObjects(): SqlObject[] {
    return [...this.created].map(objectOf);
  }

  /** At the end of the stream: what the statement creates that has no end; `undefined` if none is under way. */
  unfinished(): string | undefined {
    if (this.headLength === 0) return undefined;
    return `${this.database}.${createdBy(this.headText())?.name ?? ''}`;
  }

  /** Looks for the end of the rows; returns where it stopped. */
  private seeRows(chunk: Buffer, from: number): number {
    if (from === 0 && this.previous === SEMICOLON && chunk[0] === LF) {
      this.end(this.passed);
      return 1;
    }
    const end = endOfRows(chunk, from);
    if (end < 0) {
      this.previous = chunk[chunk.length - 1] ?? 0;
      return chunk.length;
    }
    this.end(this.passed + end + 1);
    return end + 2;
  }

  /** Reads what is no row, until rows begin; returns where it stopped. */
  private seeCode(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length;) {
      if (this.state === State.Between) {
        if ((chunk[at] ?? 0) <= SPACE) {
          at++;
          continue;
        }
        this.state = State.Code;
        this.began = this.passed + at;
      }
      const next = this.skip(chunk, at);
      this.keep(chunk, at, next);
      at = next;
      if (at === chunk.length) break;
      const byte = chunk[at] ?? 0;
      this.keep(chunk, at, at + 1);
      this.step(byte, this.passed + at + 1);
      this.earlier = this.previous;
      this.previous = byte;
      at++;
      if ((this.state as State) === State.Rows) return at;
    }
    return chunk.length;
  }

  /** The next byte that may mean something. */
  private skip(chunk: Buffer, from: number): number {
    const means = MEANS[this.state];
    // The first word of a statement counts, and VALUES; and the byte behind `--` and `/*`.
    const watched =
      this.insert || this.headLength <= 10 || this.previous === DASH || this.previous === STAR || this.opening;
    if (!means || this.escaped || (this.state === State.Code && watched)) return from;
    let at = from;
    while (at < chunk.length && means[chunk[at] ?? 0] === 0) at++;
    if (at > from) this.previous = this.earlier = 0;
    return at;
  }

  /** Adds bytes to the head of the statement. */
  private keep(chunk: Buffer, from: number, to: number): void {
    if (this.state === State.LineComment) return;
    const end = Math.min(to, from + HEAD_BYTES - this.headLength);
    for (let at = from; at < end; at++) this.head[this.headLength++] = chunk[at] ?? 0;
  }

  private step(byte: number, position: number): void {
    switch (this.state) {
      case State.Single:
        return this.inString(byte, QUOTE);
      case State.Double:
        return this.inString(byte, DOUBLE);
      case State.Backtick:
        if (byte === BACKTICK) this.state = State.Code;
        return;
      case State.LineComment:
        if (byte === LF) this.state = this.headLength === 0 ? State.Between : State.Code;
        return;
      case State.BlockComment:
        if (byte === SLASH && this.previous === STAR) this.state = State.Code;
        return;
      case State.Command:
        if (byte !== LF) return;
        this.longDelimiter = this.headText().trim() === 'DELIMITER ;;';
        this.listener?.ended(position, this.headText());
        return this.reset();
      default:
        this.inCode(byte, position);
    }
  }

  private inString(byte: number, quote: number): void {
    if (this.escaped) this.escaped = false;
    else if (byte === BACKSLASH && !this.noBackslashes) this.escaped = true;
    else if (byte === quote) this.state = State.Code;
  }

  private inCode(byte: number, position: number): void {
    const { previous, earlier } = this;
    if (previous === DASH && earlier === DASH && byte <= SPACE) return this.comment(3, byte);
    const opened = this.opening;
    this.opening = previous === STAR && earlier === SLASH && byte === M;
    // `/*!` and MariaDB's `/*M!` hold code.
    if ((opened || (previous === STAR && earlier === SLASH && byte !== M)) && byte !== BANG) {
      this.state = State.BlockComment;
      return;
    }
    if (this.insert) {
      this.valuesSeen = byte === VALUES[this.valuesSeen] ? this.valuesSeen + 1 : Number(byte === VALUES[0]);
      if (this.valuesSeen === VALUES.length) {
        this.state = State.Rows;
        this.listener?.rows(this.headText());
      }
    }
    switch (byte) {
      case QUOTE:
        this.state = State.Single;
        return;
      case DOUBLE:
        this.state = State.Double;
        return;
      case BACKTICK:
        this.state = State.Backtick;
        return;
      case HASH:
        return this.comment(1, byte);
      case SEMICOLON:
        if (!this.longDelimiter || previous === SEMICOLON) this.end(position);
        return;
      case SPACE:
        if (this.headLength <= 10) this.firstWord();
    }
  }

  /** What the statement is, by its first word. */
  private firstWord(): void {
    const word = this.headText();
    if (word === 'DELIMITER ') this.state = State.Command;
    if (word === 'INSERT ' || word === 'REPLACE ') this.insert = true;
  }

  /** A comment up to the end of the line; its first bytes are none of the statement's. */
  private comment(length: number, byte: number): void {
    if (this.headLength < HEAD_BYTES) this.headLength -= length;
    this.state = byte !== LF ? State.LineComment : this.headLength === 0 ? State.Between : State.Code;
  }

  private end(position: number): void {
    this.measure(position);
    if (!this.insert) this.classify(this.headText());
    this.listener?.ended(position, this.headText());
    this.reset();
  }

  private reset(): void {
    this.state = State.Between;
    this.headLength = 0;
    this.previous = 0;
    this.earlier = 0;
    this.insert = false;
    this.valuesSeen = 0;
  }

  private measure(position: number): void {
    const bytes = position - this.began;
    if (bytes <= this.longest.bytes && bytes <= USUAL_PACKET) return;
    const table = insertedTable(this.headText());
    if (table !== undefined && bytes > USUAL_PACKET) this.long.add(`${this.database}.${table}`);
    if (bytes > this.longest.bytes)
      this.longest = { bytes, database: this.database, ...(table === undefined ? {} : { table }) };
  }

  private headText(): string {
    return this.head.toString('utf8', 0, this.headLength);
  }

  private classify(head: string): void {
    const mode = SQL_MODE.exec(head)?.[1];
    if (mode !== undefined) this.noBackslashes = mode.includes('NO_BACKSLASH_ESCAPES');
    this.database = usedDatabase(head) ?? this.database;
    const { database } = this;
    const created = createdBy(head);
    if (created) this.created.add(objectKey({ database, ...created }));
    else if (createsTrigger(head)) this.unnamedTriggers.set(database, (this.unnamedTriggers.get(database) ?? 0) + 1);
  }
}

function bytesOf(text: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(text)) table[byte] = 1;
  return table;
}

/** Where `;` ends a line, or -1. Rows may be full of semicolons, or of ends of lines: the rarer is looked for. */
function endOfRows(chunk: Buffer, from: number): number {
  let line = chunk.indexOf(LF, from);
  if (line >= 0 && line - from < SHORT_LINE && chunk[line - 1] !== SEMICOLON)
    return chunk.indexOf(';\n', line, 'latin1');
  while (line >= 0 && (line === from || chunk[line - 1] !== SEMICOLON)) line = chunk.indexOf(LF, line + 1);
  return line < 0 ? -1 : line - 1;
}
