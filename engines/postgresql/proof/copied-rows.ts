import { isUtf8 } from 'node:buffer';
import { words } from '../sql-words';

const LINE_END = 0x0a;
const END_OF_ROWS = '\\.';

/** Columns of `COPY shop.orders (id, note) FROM stdin;`; `undefined` for rows in another form. */
export const copiedColumns = (copy: string): string[] | undefined =>
  copy.startsWith('COPY ') ? words(copy).slice(3, -2) : undefined;

/**
 * Cuts the rows of a table, as COPY writes them, into their values. Columns come in the order of their names: that of a table
 * which inherits some depends on when its parents got them.
 */
export class CopiedRows {
  readonly columns: readonly string[] | undefined;
  private readonly order: readonly number[];
  private unfinished: Buffer[] = [];
  private isOver = false;

  /** @param row gets the values, with one character for each byte */
  constructor(
    copy: string,
    private readonly row: (values: readonly string[]) => void,
  ) {
    const names = copiedColumns(copy);
    this.order = names ? names.map((_, index) => index).toSorted((a, b) => (names[a]! < names[b]! ? -1 : 1)) : [];
    this.columns = names && this.order.map((index) => names[index]!);
  }

  data(bytes: Buffer, from: number, to: number): void {
    let start = from;
    for (;;) {
      const end = bytes.indexOf(LINE_END, start);
      if (end < 0 || end >= to) break;
      this.line(bytes, start, end);
      start = end + 1;
    }
    if (start < to) this.unfinished.push(Buffer.from(bytes.subarray(start, to)));
  }

  /** The rows are over. */
  ends(): void {
    if (this.unfinished.length > 0) this.line(Buffer.alloc(0), 0, 0);
  }

  private line(bytes: Buffer, from: number, to: number): void {
    let text = bytes.toString('latin1', from, to);
    if (this.unfinished.length > 0) {
      text = Buffer.concat([...this.unfinished, bytes.subarray(from, to)]).toString('latin1');
      this.unfinished = [];
    }
    if (this.isOver || text === END_OF_ROWS) return void (this.isOver = true);
    const values = this.columns ? text.split('\t') : [text];
    this.row(values.length === this.order.length ? this.order.map((index) => values[index]!) : values);
  }
}

/** A text for people, of one with a character for each byte. */
export function readable(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : bytes;
}
