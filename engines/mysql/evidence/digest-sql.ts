import { qualified, quote } from '../names';
import type { ColumnAnswer, TableAnswer } from './inventory';

/** Told by their text, which needs no length. */
const SHORT = [
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'double', 'year'],
  // As the dump has it: six digits. What that rounds is noted.
  'float',
  ...['date', 'time', 'datetime', 'timestamp'],
];
/** May be longer than a packet: their hash stands for them. */
const LARGE = [
  ...['tinytext', 'text', 'mediumtext', 'longtext', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'vector'],
  ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
  ...['geometrycollection', 'geomcollection'],
];
/** The server makes these anew, unless the dump has past rows. */
const PERIOD = ['ROW START', 'ROW END'];

/** A value as bytes that show where it ends, and whether it is NULL. */
function valueOf({ name, type }: ColumnAnswer): string {
  const column = quote(name);
  if (SHORT.includes(type)) return `IFNULL(${column}, 'N')`;
  if (type === 'bit') return `IFNULL(${column} + 0, 'N')`;
  if (LARGE.includes(type)) return `IFNULL(SHA2(${column}, 256), 'N')`;
  if (type === 'json') return `IF(${column} IS NULL, 'N', SHA2(CAST(${column} AS CHAR), 256))`;
  return `IFNULL(LENGTH(${column}), 'N'), ':', IFNULL(CAST(${column} AS BINARY), '')`;
}

/**
 * The statement that sums the hashes of all rows of a table: its `n` rows, and their `digest`. The sum is the same in any order of
 * the rows, and other than an exclusive or, rows that are there twice do not cancel each other out. SHA-256 is the quickest that
 * both engines have: MySQL 9.6 and newer have no MD5 by themselves.
 *
 * @param history whether the dump has the past rows of system-versioned tables
 * @param where a condition, for a sample
 */
export function digestSelection(table: TableAnswer, history: boolean, where?: string): string {
  const columns = table.columns
    .filter(({ generation }) => !PERIOD.includes(generation))
    .sort((a, b) => a.position - b.position);
  const row = columns.map(valueOf).join(", '#', ");
  // CONV: 64 bits. The empty text makes all of it bytes.
  const hash = `CAST(CONV(LEFT(SHA2(CONCAT(_binary'', ${row}), 256), 16), 16, 10) AS UNSIGNED)`;
  const rows = `${qualified(table)}${history ? ' FOR SYSTEM_TIME ALL' : ''}`;
  return `COUNT(*) AS n, CAST(COALESCE(SUM(${hash}), 0) AS CHAR) AS digest FROM ${rows}${where === undefined ? '' : ` WHERE ${where}`}`;
}
