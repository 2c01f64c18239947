import { quoteName } from '../names';

/** Settings that decide how values are written, in definitions too, beyond those of every session. */
export const VALUE_SETTINGS = `SET LOCAL lc_monetary = 'C'; SET LOCAL xmlbinary = 'base64'`;
/** Digests use one processor: what they cost is what they take. */
export const DIGEST_SETTINGS = `${VALUE_SETTINGS}; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off`;
/** Seeds of the two sums: what cancels out in one of them does not in the other. */
const SEEDS = [0, 7046029254386353131n] as const;

/** Two sums of the hashes of a text, which are the same in any order. */
export const sumsOf = (text: string): string =>
  SEEDS.map((seed) => `coalesce(sum(hashtextextended(${text}, ${seed})), 0)`).join(` || ' ' || `);

/** A table to sum. */
export interface DigestTable {
  /** Quoted and qualified. */
  readonly sql: string;
  /** In the order of their names: that of a table with parents may differ after a restore. */
  readonly columns: readonly string[];
}

/**
 * The statement that sums the hashes of all rows: their number, and two sums, which are the same in any order. `record_out` writes
 * a row by the output functions of its types alone, which owners cannot write: a cast they can.
 *
 * @param where a condition, for a sample
 */
export function digestSelection({ sql, columns }: DigestTable, where?: string): string {
  const row = `ROW(${columns.map((column) => `proven_rows.${quoteName(column)}`).join(', ')})`;
  return `SELECT count(*)::text AS n, ${sumsOf('r')} AS digest FROM (
    SELECT textin(record_out(${row})) COLLATE "C" AS r FROM ONLY ${sql} AS proven_rows ${where === undefined ? '' : `WHERE ${where} `}OFFSET 0) s`;
}
