import type { TableDigest } from '../../../catalog/bucket/evidence';
import type { MysqlDialect } from '../dialect';
import { COUNT_SECONDS, isOverdue } from '../row-counts';
import { rowsOf, type Session } from '../sessions';
import { digestSelection } from './digest-sql';
import type { TableAnswer } from './inventory';
import { above, keyAt, rowsAtOnce, sampleRanges, within, type AskKey, type RangeKey } from './key-ranges';

/** What is known of the rows of a table. */
export type RowSum = Pick<TableDigest, 'rows' | 'digest' | 'sample'>;

/** The server warned of a value: not all of the row may be in its hash. */
export class Unsure extends Error {}

/** Sums rows in the snapshot of a session, with a savepoint `digested`: no statement keeps a table's definition from changing. */
export class RowSums {
  /** @param history whether the dump has the past rows of system-versioned tables */
  constructor(
    private readonly session: Session,
    private readonly limitTime: MysqlDialect['limitTime'],
    private readonly history: boolean,
  ) {}

  /**
   * Of all rows, or of some, by one statement.
   *
   * @param seconds after which it ends with an error
   */
  async whole(table: TableAnswer, seconds: number | undefined, where?: string): Promise<RowSum> {
    return this.apart(async () => {
      const [row] = await this.select(digestSelection(table, this.history && table.isVersioned, where), seconds);
      const [warnings] = await rowsOf(this.session, 'SELECT @@warning_count AS n');
      if (Number(warnings?.n) > 0) throw new Unsure();
      return { rows: Number(row?.n), digest: String(row?.digest) };
    });
  }

  /** Of all rows, by statements that take no longer than a count may. */
  async inParts(table: TableAnswer, key: RangeKey): Promise<RowSum> {
    let [rows, digest] = [0, 0n];
    let size = rowsAtOnce(table);
    for (let from: string | undefined; ;) {
      try {
        const to = await keyAt(this.ask, table, key, above(key, from), size);
        const part = await this.whole(table, COUNT_SECONDS, above(key, from, to));
        rows += part.rows;
        digest += BigInt(part.digest);
        if (to === undefined) return { rows, digest: String(digest) };
        from = to;
      } catch (error) {
        if (!isOverdue(error) || size === 1) throw error;
        size = Math.ceil(size / 4);
      }
    }
  }

  /** Of some ranges of keys. */
  async sampled(table: TableAnswer, key: RangeKey): Promise<RowSum> {
    const ranges = await sampleRanges(this.ask, table, key);
    const sum = await this.whole(table, COUNT_SECONDS, within(key, ranges));
    return { ...sum, sample: { column: key.column, ranges } };
  }

  private readonly ask: AskKey = (selected) =>
    this.apart(async () => {
      const [row] = await this.select(selected, COUNT_SECONDS);
      return row?.key == null ? undefined : String(row.key);
    });

  private select(selected: string, seconds: number | undefined) {
    return rowsOf(this.session, seconds === undefined ? `SELECT ${selected}` : this.limitTime(selected, seconds));
  }

  /** Ends the lock on the table's definition afterwards, and keeps the snapshot. */
  private async apart<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      await rowsOf(this.session, 'ROLLBACK TO SAVEPOINT digested').catch(() => undefined);
    }
  }
}
