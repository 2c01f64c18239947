import { SqlStream } from '../sql-stream';

/** What becomes of the parts of a dump. */
export interface SegmentHandler {
  /** Whether the rows of an INSERT are kept. Called where they begin. */
  keepsRows(head: string): boolean;
  /**
   * What becomes of any other statement, or of a line `DELIMITER`.
   *
   * @param head its first bytes, without comments before it
   * @param bytes all of it, with blanks and comments before it
   * @returns the bytes to write; nothing leaves it out
   */
  statement(head: string, bytes: Buffer): Buffer | undefined;
}

/** What is to be written. */
export interface Part {
  readonly bytes: Buffer;
  /** The first bytes of the statement that it is, or ends, or is of. */
  readonly head: string;
  /** Whether it is of a statement with rows, which may come in several parts. */
  readonly isRows: boolean;
  /** Whether the statement ends here. */
  readonly ends: boolean;
}

/**
 * Cuts a dump into statements as it passes. Rows are never collected or copied: they pass, or are left out. Everything else is
 * kept until its end.
 */
export class SqlSegments {
  /** What has passed, as it was before anything was changed. */
  readonly sql: SqlStream;
  private chunk: Buffer = Buffer.alloc(0);
  /** The place of the chunk in the stream, and what of it is dealt with. */
  private base = 0;
  private from = 0;
  private held: Buffer[] = [];
  private out: Part[] = [];
  /** Whether the rows under way are kept; none are under way if undefined. */
  private rows: boolean | undefined;
  private head = '';

  constructor(private readonly handler: SegmentHandler) {
    this.sql = new SqlStream({
      rows: (head) => {
        this.head = head;
        this.rows = this.handler.keepsRows(head);
      },
      ended: (position, head) => this.ended(position - this.base, head),
    });
  }

  /** Takes a part of the dump, which must not change afterwards; returns what is to be written by now. */
  see(chunk: Buffer): readonly Part[] {
    this.chunk = chunk;
    this.from = 0;
    this.out = [];
    this.sql.see(chunk);
    this.take(chunk.length, false);
    this.base += chunk.length;
    return this.out;
  }

  private ended(end: number, head: string): void {
    this.take(end, true);
    if (this.rows === undefined) {
      const held = this.held.splice(0);
      const bytes = this.handler.statement(head, held.length === 1 ? held[0]! : Buffer.concat(held));
      if (bytes) this.out.push({ bytes, head, isRows: false, ends: true });
    }
    this.rows = undefined;
  }

  /** Deals with the bytes up to here: they are written, left out, or kept until the statement has its end. */
  private take(to: number, ends: boolean): void {
    const part = this.chunk.subarray(this.from, to);
    this.from = to;
    if (part.length > 0 || ends) this.held.push(part);
    if (this.rows === undefined) return;
    const { head } = this;
    if (this.rows)
      this.held.forEach((bytes, index) =>
        this.out.push({ bytes, head, isRows: true, ends: ends && index === this.held.length - 1 }),
      );
    this.held = [];
  }
}
