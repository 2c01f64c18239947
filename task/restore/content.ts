/** What a restore has brought back, against what the manifest says. */
import { rowBounds, rowsOf, type TableCount } from '../../catalog/bucket/manifest';
import type { RestoreDifference } from '../../catalog/contract/restore';
import type { RestoreCheck } from '../../engines/engine';
import { tableName } from './selection';

/** Numbers of tables and rows, and tables of whose rows the manifest knows no exact number. */
export const restoredContent = (tables: readonly TableCount[]): Omit<RestoreCheck, 'differences'> => ({
  tables: tables.length,
  rows: rowsOf({ tables }),
  uncompared: tables.filter(({ rows }) => rows === undefined).map(tableName),
});

/** The difference, if a table has more or fewer rows than it may have. */
export function rowDifferences(object: string, table: TableCount, found: number): RestoreDifference[] {
  const [least, most] = rowBounds(table);
  if (found >= least && found <= most) return [];
  return [{ object, kind: 'rows', expected: found < least ? least : most, found }];
}
