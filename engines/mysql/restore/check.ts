import type { TableCount } from '../../../catalog/bucket/manifest';
import type { RestoreDifference } from '../../../catalog/contract/restore';
import { errorText } from '../../../task/run/errors';
import type { RestoreCheck } from '../../engine';
import { serverErrorCode } from '../failures';
import { readInventory } from '../inventory';
import { quote } from '../names';
import type { Choice, Query } from './target';
import { MARKER } from './rewrite';
import { objectKey, type SqlObject } from '../sql-objects';

const NO_SUCH_TABLE = 1146;
/** Of a view: its definer does not exist, or may not read what the view reads. */
const OF_DEFINERS = [1449, 1356, 1142, 1143, 1370];

/** What the dump created, to be compared with what is there. */
export interface Expected {
  readonly choice: Choice;
  /** Objects by their names on the target, without events. */
  readonly objects: readonly SqlObject[];
  /** Whether a note says already that objects run as accounts without rights. */
  readonly powerless: boolean;
}

/** Compares the target with the manifest and the dump, and refreshes its statistics. */
export async function checkRestored(query: Query, { choice, objects, powerless }: Expected): Promise<RestoreCheck> {
  const { names, tables } = choice;
  const targets = [...names.values()];
  const differences = [
    ...(await compareRows(query, choice)),
    ...(await missingObjects(query, targets, objects)),
    ...(choice.single ? [] : await orphans(query, targets)),
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

interface ForeignKey {
  readonly database: string;
  readonly table: string;
  readonly parent: string;
  readonly columns: { readonly own: string; readonly parents: string }[];
}

/** Rows that refer to none: keys are not checked while a dump is loaded. */
async function orphans(query: Query, targets: readonly string[]): Promise<RestoreDifference[]> {
  const rows = await query(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, CONSTRAINT_NAME AS fk, COLUMN_NAME AS own,
       REFERENCED_TABLE_SCHEMA AS parentDb, REFERENCED_TABLE_NAME AS parent, REFERENCED_COLUMN_NAME AS parents
     FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA IN (?) AND REFERENCED_TABLE_NAME IS NOT NULL
     ORDER BY 1, 2, 3, ORDINAL_POSITION`,
    [targets],
  );
  const keys = new Map<string, ForeignKey>();
  for (const { db, name, fk, own, parentDb, parent, parents } of rows) {
    const id = [db, name, fk].join('\0');
    const key = keys.get(id) ?? {
      ...{ database: String(db), table: String(name), columns: [] },
      parent: `${quote(String(parentDb))}.${quote(String(parent))}`,
    };
    key.columns.push({ own: quote(String(own)), parents: quote(String(parents)) });
    keys.set(id, key);
  }
  const differences: RestoreDifference[] = [];
  for (const { database, table, parent, columns } of keys.values()) {
    const object = `${database}.${table}`;
    const on = columns.map(({ own, parents }) => `c.${own} = p.${parents}`).join(' AND ');
    const set = columns.map(({ own }) => `c.${own} IS NOT NULL`).join(' AND ');
    try {
      const [row] = await query(
        `SELECT COUNT(*) AS n FROM ${quote(database)}.${quote(table)} c LEFT JOIN ${parent} p ON ${on}
         WHERE ${set} AND p.${columns[0]!.parents} IS NULL`,
      );
      const found = Number(row?.n);
      if (found > 0) differences.push({ object, kind: 'orphans', expected: 0, found });
    } catch (error) {
      if (serverErrorCode(error) === undefined) throw error;
      differences.push({ object, kind: 'invalid', said: errorText(error) });
    }
  }
  return differences;
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
      await query('SELECT 1 FROM ??.?? LIMIT 0', [db, name]);
    } catch (error) {
      const code = serverErrorCode(error);
      if (code === undefined) throw error;
      if (!known.includes(code)) differences.push({ object: `${db}.${name}`, kind: 'invalid', said: errorText(error) });
    }
  }
  return differences;
}

/** Takes the marks away: what is there is nobody's but the user's from now on. */
export async function unmark(query: Query, { names }: Choice): Promise<void> {
  for (const name of names.values()) await query('DROP TABLE IF EXISTS ??.??', [name, MARKER]);
}
