import { noteOf, type Note } from '../../../catalog/contract/note';
import type { RestoreDifference } from '../../../catalog/contract/restore';
import { errorText } from '../../../task/run/errors';
import { restoredContent, rowDifferences } from '../../../task/restore/content';
import type { RestoreCheck } from '../../engine';
import type { MysqlNote } from '../facts';
import { serverErrorCode } from '../failures';
import { readInventory } from '../inventory';
import { identifier, qualified } from '../names';
import { objectKey, type SqlObject } from '../sql-objects';
import type { SqlStream } from '../sql-stream';
import type { Choice } from '../../shared/restore-choice';
import { MARKER } from './marker';
import type { Query } from './query';

const NO_SUCH_TABLE = 1146;
/** Of a view: its definer does not exist, or may not read what it reads; or that is of a database that is not there. */
const OF_TARGET = [1449, 1356, 1142, 1143, 1370];

/** What the dump has created, by its names on the target. */
export interface Expected {
  /** All but events. */
  readonly objects: readonly SqlObject[];
  /** `shop.cleanup`. */
  readonly events: readonly string[];
}

/** What must be on the target, of all that has passed. */
export function expectedOf(sql: SqlStream, { names, tables, single }: Choice): Expected {
  const chosen = new Set(tables.map(({ database, name }) => `${database}.${name}`));
  const all = sql.createdObjects().flatMap((object) => {
    const database = names.get(object.database);
    if (database === undefined || object.name === MARKER) return [];
    if (single && !(object.kind === 'TABLE' && chosen.has(`${object.database}.${object.name}`))) return [];
    return [{ ...object, database }];
  });
  const isEvent = ({ kind }: SqlObject): boolean => kind === 'EVENT';
  return {
    objects: all.filter((object) => !isEvent(object)),
    events: all.filter(isEvent).map(({ database, name }) => `${database}.${name}`),
  };
}

/**
 * Compares the target with the manifest and the dump, and refreshes its statistics.
 *
 * @param objects that must be there
 */
export async function checkRestored(
  query: Query,
  choice: Choice,
  objects: readonly SqlObject[],
  note: (note: Note<MysqlNote>) => void,
): Promise<RestoreCheck> {
  const { names, tables } = choice;
  const targets = [...names.values()];
  const differences = [
    ...(await compareRows(query, choice)),
    ...(await missingObjects(query, targets, objects)),
    ...(await invalidViews(query, targets, note)),
  ];
  for (const { database, name } of tables) await query('ANALYZE TABLE ?', [identifier(names.get(database)!, name)]);
  return { differences, ...restoredContent(tables) };
}

async function compareRows(query: Query, { names, tables }: Choice): Promise<RestoreDifference[]> {
  const differences: RestoreDifference[] = [];
  for (const table of tables) {
    const database = names.get(table.database)!;
    const object = `${database}.${table.name}`;
    try {
      const [row] = await query('SELECT COUNT(*) AS n FROM ?', [identifier(database, table.name)]);
      const found = Number(row?.n);
      differences.push(...rowDifferences(object, table, found));
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

/** Views that cannot be used. Those of which that is the target's fault are told, and no difference. */
async function invalidViews(
  query: Query,
  targets: readonly string[],
  note: (note: Note<MysqlNote>) => void,
): Promise<RestoreDifference[]> {
  const views = await query(
    'SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN (?) ORDER BY 1, 2',
    [targets],
  );
  const differences: RestoreDifference[] = [];
  const unusable: string[] = [];
  for (const { db, name } of views) {
    const view = { database: String(db), name: String(name) };
    const object = `${view.database}.${view.name}`;
    try {
      // Only prepared: nothing of a view may run as the account that restores.
      await query('PREPARE proven_backups FROM ?', [`SELECT 1 FROM ${qualified(view)}`]);
    } catch (error) {
      const code = serverErrorCode(error);
      if (code === undefined) throw error;
      if (OF_TARGET.includes(code)) unusable.push(object);
      else differences.push({ object, kind: 'invalid', said: errorText(error) });
    }
  }
  if (unusable.length > 0) note(noteOf('views-unusable', unusable));
  return differences;
}
