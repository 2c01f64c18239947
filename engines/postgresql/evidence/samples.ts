import type { Client } from 'pg';
import type { TableDigest } from '../../../catalog/bucket/evidence';
import { quoteName } from '../names';

type Sample = NonNullable<TableDigest['sample']>;

/** Parts of a table that are read, and rows of each. */
const PARTS = 10;
const ROWS_OF_PART = 1000;

/**
 * Ranges of keys that begin at equal distances, each of some rows.
 *
 * @param sql quoted name of the table
 * @param key a column of whole numbers with an index
 * @returns nothing of an empty table
 */
export async function keyRanges(client: Client, sql: string, key: string): Promise<Sample | undefined> {
  const column = quoteName(key);
  const { rows } = await client.query<{ from: string; to: string }>(
    `WITH ends AS (SELECT min(${column})::numeric AS least, max(${column})::numeric AS most FROM ONLY ${sql}),
       starts AS (SELECT (least + floor((most - least) * part / ${PARTS}))::bigint AS start FROM ends, generate_series(0, ${PARTS - 1}) part)
     SELECT start::text AS from, max(k)::text AS to FROM starts, LATERAL (
       SELECT ${column} AS k FROM ONLY ${sql} WHERE ${column} >= start ORDER BY ${column} LIMIT ${ROWS_OF_PART}) s
     GROUP BY start ORDER BY start`,
  );
  return rows.length === 0 ? undefined : { column: key, ranges: rows };
}

const WHOLE = /^-?\d{1,19}$/;

/**
 * The condition of a sample.
 *
 * @throws Error if it is none that this program has made
 */
export function condition({ column, ranges }: Sample): string {
  if (!ranges.every(({ from, to }) => WHOLE.test(from) && WHOLE.test(to)))
    throw new Error('a sample of no whole numbers');
  return ranges
    .map(({ from, to }) => `${quoteName(column)} BETWEEN '${from}'::bigint AND '${to}'::bigint`)
    .join(' OR ');
}
