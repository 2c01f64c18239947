import { escape } from 'mysql2';
import type { TableDigest } from '../../../catalog/bucket/evidence';
import { qualified, quote } from '../names';
import type { TableAnswer } from './inventory';

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];
const TEXTS = ['char', 'varchar'];
/** Parts of a table that a sample has. */
const RANGES = 5;
/** Rows of a part. */
const MOST_ROWS = 10_000;
/** Rows of a part take no more. */
const PART_BYTES = 8 * 1024 ** 2;

/** A primary key of one column, in whose order the rows of a table can be read. */
export interface RangeKey {
  readonly column: string;
  readonly isText: boolean;
}

type Ranges = NonNullable<TableDigest['sample']>['ranges'];

/** The primary key of a table, if it is one integer or one text. */
export function rangeKeyOf(table: TableAnswer): RangeKey | undefined {
  const [column] = table.primaryKey;
  if (table.primaryKey.length !== 1 || column === undefined) return undefined;
  return [...INTEGERS, ...TEXTS].includes(typeOf(table, column)) ? keyOn(table, column) : undefined;
}

/** A column as a key. */
export const keyOn = (table: TableAnswer, column: string): RangeKey => ({
  column,
  isText: !INTEGERS.includes(typeOf(table, column)),
});

const typeOf = ({ columns }: TableAnswer, column: string): string =>
  columns.find(({ name }) => name === column)?.type ?? '';

/** Rows of a table that are read by one statement. */
export const rowsAtOnce = ({ rowBytes }: Pick<TableAnswer, 'rowBytes'>): number =>
  Math.max(1, Math.min(MOST_ROWS, Math.floor(PART_BYTES / Math.max(1, rowBytes))));

/** A number stays one: as texts, large ones are not compared exactly. */
const literal = ({ isText }: Pick<RangeKey, 'isText'>, value: string): string =>
  !isText && /^-?\d+$/.test(value) ? value : escape(value);

/** The condition that a row is above a key, if there is one, and not above another. */
export const above = (key: RangeKey, from: string | undefined, to?: string): string =>
  [
    ...(from === undefined ? [] : [`${quote(key.column)} > ${literal(key, from)}`]),
    ...(to === undefined ? [] : [`${quote(key.column)} <= ${literal(key, to)}`]),
  ].join(' AND ') || 'TRUE';

/** The condition that a row is in one of these ranges. */
export const within = (key: RangeKey, ranges: Ranges): string =>
  ranges
    .map(({ from, to }) => `${quote(key.column)} BETWEEN ${literal(key, from)} AND ${literal(key, to)}`)
    .join(' OR ') || 'FALSE';

/** Asks for one value, as a text, in the snapshot of a dump: `key` of the only row. */
export type AskKey = (selected: string) => Promise<string | undefined>;

/** The key of the last of the next rows; nothing if there are no so many. */
export function keyAt(ask: AskKey, table: TableAnswer, key: RangeKey, where: string, rows: number, order = '') {
  const own = `t.${quote(key.column)}`;
  const from = `FROM ${qualified(table)} AS t WHERE ${where}`;
  return ask(`CAST(${own} AS CHAR) AS \`key\` ${from} ORDER BY ${own}${order} LIMIT ${rows - 1}, 1`);
}

/** Ranges at the beginning, in the middle and at the end of a table, none of which overlap. Reads the index only. */
export async function sampleRanges(ask: AskKey, table: TableAnswer, key: RangeKey): Promise<Ranges> {
  const rows = rowsAtOnce(table);
  const at = (where: string, count: number, order?: string) => keyAt(ask, table, key, where, count, order);
  const [first, last] = [await at('TRUE', 1), await at('TRUE', 1, ' DESC')];
  if (first === undefined || last === undefined) return [];
  const tail = (await at('TRUE', rows, ' DESC')) ?? first;
  const middle = Array.from({ length: RANGES - 2 }, (_, index) =>
    keyBetween(key, first, last, (index + 1) / (RANGES - 1)),
  );
  const ranges: { readonly from: string; readonly to: string }[] = [];
  for (const start of [first, ...middle, tail]) {
    const where = `${quote(key.column)} >= ${literal(key, start)} AND ${above(key, ranges.at(-1)?.to)}`;
    const from = await at(where, 1);
    if (from === undefined) continue;
    ranges.push({ from, to: (await at(where, rows)) ?? last });
  }
  return ranges;
}

/** A key that may be there, at this share of the way from one to another. */
export function keyBetween({ isText }: Pick<RangeKey, 'isText'>, first: string, last: string, share: number): string {
  const part = (from: bigint, to: bigint) => from + ((to - from) * BigInt(Math.round(share * 100))) / 100n;
  if (!isText) return String(part(BigInt(first), BigInt(last)));
  let common = 0;
  while (common < first.length && first[common] === last[common]) common++;
  // Of the first character that differs: what follows decides little.
  const [from = 32, to = 126] = [first, last].map((text) => text.codePointAt(common));
  return first.slice(0, common) + String.fromCodePoint(Number(part(BigInt(from), BigInt(to))));
}
