import type { TableCount } from '../../../catalog/bucket/manifest';
import type { RestoreDifference } from '../../../catalog/contract/restore';
import { errorText } from '../../../task/run/errors';
import type { RestoreCheck } from '../../engine';
import { serverErrorCode } from '../failures';
import { readInventory } from '../inventory';
import { qualified } from '../names';
import { objectKey, type SqlObject } from '../sql-objects';
import type { SqlStream } from '../sql-stream';
import type { Choice } from './choice';
import { MARKER } from './marker';
import type { Query } from './query';

const NO_SUCH_TABLE = 1146;
/** Of a view: its definer does not exist, or may not read what the view reads. */
const OF_DEFINERS = [1449, 1356, 1142, 1143, 1370];

/** Objects that the dump created, by their names on the target. */
export function expectedObjects(sql: SqlStream, { names, tables, single }: Choice): SqlObject[] {
  const chosen = new Set(tables.map(({ database, name }) => `${database}.${name}`));
  return sql.createdObjects().flatMap((object) => {
    const database = names.get(object.database);
    if (database === undefined || object.name === MARKER) return [];
    if (single && !(object.kind === 'TABLE' && chosen.has(`${object.database}.${object.name}`))) return [];
    return [{ ...object, database }];
  });
}

/**
 * Compares the target with the manifest and the dump, and refreshes its statistics.
 *
 * @param objects that must be there: all but events
 * @param powerless whether a note says already that objects run as accounts without rights
 */
export async function checkRestored(
  query: Query,
  choice: Choice,
  objects: readonly SqlObject[],
  powerless: boolean,
): Promise<RestoreCheck> {
  const { names, tables } = choice;
  const targets = [...names.values()];
  const differences = [
    ...(await compareRows(query, choice)),
    ...(await missingObjects(query, targets, objects)),
    ...(await invalidViews(query, targets, powerless ? OF_DEFINERS : [])),
  ];
  for (const { database, name } of tables) await query('ANALYZE TABLE ??.??', [names.get(database), name]);
  return {
    differences,
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + (table.rows ?? table.rowsAfter ?? 0), 0),
    uncompared: tables.filter(({ rows }) => rows === undefined).map(({ database, name }) => `${database}.${name}`),
  };
}

async function compareRows(query: Query, { names, tables }: Choice): Promise<RestoreDifference[]> {
  const differences: RestoreDifference[] = [];
  for (const table of tables) {
    const database = names.get(table.database)!;
    const object = `${database}.${table.name}`;
    try {
      const [row] = await query('SELECT COUNT(*) AS n FROM ??.??', [database, table.name]);
      const found = Number(row?.n);
      const [least, most] = range(table);
      if (found < least || found > most)
        differences.push({ object, kind: 'rows', expected: found < least ? least : most, found });
    } catch (error) {
      const code = serverErrorCode(error);
      if (code === undefined) throw error;
      // It was dropped while the backup was made.
      if (code === NO_SUCH_TABLE && (table.rowsBefore === null || table.rowsAfter === null)) continue;
      differences.push({ object, kind: code === NO_SUCH_TABLE ? 'missing' : 'invalid', said: errorText(error) });
    }
  }
  return differences;
}

/** How many rows a table may have: the counts around a snapshot bound it only if nothing else is known. */
function range({ rows, rowsBefore, rowsAfter }: TableCount): [number, number] {
  if (rows !== undefined) return [rows, rows];
  const [before, after] = [rowsBefore ?? 0, rowsAfter ?? Infinity];
  return [Math.min(before, after), Math.max(before, after)];
}

async function missingObjects(
  query: Query,
  targets: readonly string[],
  expected: readonly SqlObject[],
): Promise<RestoreDifference[]> {
  const there = new Set((await readInventory(query, targets, new Set())).map(objectKey));
  return expected
    .filter((object) => !there.has(objectKey(object)))
    .map(({ kind, database, name }) => ({ object: `${kind.toLowerCase()} ${database}.${name}`, kind: 'missing' }));
}

async function invalidViews(
  query: Query,
  targets: readonly string[],
  known: readonly number[],
): Promise<RestoreDifference[]> {
  const views = await query(
    'SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN (?) ORDER BY 1, 2',
    [targets],
  );
  const differences: RestoreDifference[] = [];
  for (const { db, name } of views) {
    try {
      // Only prepared: nothing of a view may run as the account that restores.
      await query('PREPARE proven_backups FROM ?', [
        `SELECT 1 FROM ${qualified({ database: String(db), name: String(name) })}`,
      ]);
    } catch (error) {
      const code = serverErrorCode(error);
      if (code === undefined) throw error;
      if (!known.includes(code)) differences.push({ object: `${db}.${name}`, kind: 'invalid', said: errorText(error) });
    }
  }
  return differences;
}
