import type { RowDataPacket } from 'mysql2/promise';
import { BackupError } from '../../task/run/errors';
import { noteOf, type Note } from '../../catalog/contract/note';
import type { MysqlLook } from './look';
import type { MysqlNote } from './facts';
import { serverErrorCode } from './failures';
import { objectKey, type ObjectKind, type SqlObject } from './sql-objects';
import type { SqlStream } from './sql-stream';

/** The largest packet of the protocol: no client can send, and no server accept, a longer statement. */
const LONGEST_STATEMENT = 2 ** 30 - 1;
const NAMED = 10;
/** Of the information_schema. */
const NO_SUCH_VIEW = 1109;

/**
 * Lists what a dump has to create, as far as the server shows it: tables, views, sequences, triggers, routines, packages,
 * events and libraries.
 *
 * @param ignored `db.table` of tables and views that the user excludes, with their triggers
 */
export async function readInventory(
  query: MysqlLook['query'],
  databases: readonly string[],
  ignored: ReadonlySet<string>,
): Promise<SqlObject[]> {
  const objects: SqlObject[] = [];
  for (const database of databases) {
    const add = (rows: readonly RowDataPacket[], kindOf: (row: RowDataPacket) => string) => {
      for (const row of rows) {
        if (row.onTable === undefined || !ignored.has(`${database}.${row.onTable}`))
          objects.push({ kind: kindOf(row) as ObjectKind, database, name: String(row.name) });
      }
    };
    const values = [database];
    add(
      await query(
        `SELECT TABLE_NAME AS name, TABLE_NAME AS onTable, TABLE_TYPE AS type FROM information_schema.TABLES
         WHERE TABLE_SCHEMA = ? AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW', 'SEQUENCE')`,
        values,
      ),
      ({ type }) => (type === 'VIEW' || type === 'SEQUENCE' ? type : 'TABLE'),
    );
    add(
      await query(
        'SELECT TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS onTable FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?',
        values,
      ),
      () => 'TRIGGER',
    );
    add(
      await query(
        'SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS type FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?',
        values,
      ),
      ({ type }) => String(type),
    );
    add(
      await query('SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?', values),
      () => 'EVENT',
    );
  }
  const libraries = await query(
    'SELECT LIBRARY_SCHEMA AS db, LIBRARY_NAME AS name FROM information_schema.LIBRARIES WHERE LIBRARY_SCHEMA IN (?)',
    [databases],
  ).catch((error: unknown) => {
    // MySQL has libraries from 9.2 on.
    if (serverErrorCode(error) === NO_SUCH_VIEW) return [];
    throw error;
  });
  const ofLibraries = libraries.map(({ db, name }) => ({
    kind: 'LIBRARY' as const,
    database: String(db),
    name: String(name),
  }));
  return [...objects, ...ofLibraries];
}

/**
 * Compares a dump with what the server had before it, and still has.
 *
 * @param command name of the tool, for the sentence
 * @param readAgain asks the server once more: what was dropped meanwhile is not missing
 * @throws BackupError `dumpFailed`, with the first names
 */
export async function requireComplete(
  command: string,
  stream: SqlStream,
  expected: readonly SqlObject[],
  readAgain: () => Promise<readonly SqlObject[]>,
): Promise<void> {
  const unfinished = stream.unfinished();
  if (unfinished !== undefined)
    throw new BackupError(
      'dumpFailed',
      `${command} exited with 0, but its output cannot be loaded: a string or comment of ${unfinished} has no end, as when a definition has characters that end in a backslash in its character set (sjis, cp932, gbk, big5): create it again in a session with utf8mb4`,
      { kind: 'dump-incomplete', object: unfinished },
    );
  const absent = absentFrom(stream, expected);
  if (absent.length === 0) return;
  const still = new Set((await readAgain()).map(objectKey));
  const missing = absent.filter((object) => still.has(objectKey(object))).map(nameOf);
  if (missing.length === 0) return;
  const named = missing.slice(0, NAMED).join(', ');
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  throw new BackupError(
    'dumpFailed',
    `${command} exited with 0, but left out what the server has: ${named}${more}: the dump was discarded`,
    { kind: 'dump-incomplete', object: `${named}${more}` },
  );
}

/** `trigger shop.audit`. */
const nameOf = ({ kind, database, name }: SqlObject): string => `${kind.toLowerCase()} ${database}.${name}`;

/** Objects that a dump did not create. A trigger whose name could not be read stands for any. */
function absentFrom({ created, unnamedTriggers }: SqlStream, expected: readonly SqlObject[]): SqlObject[] {
  const unnamed = new Map(unnamedTriggers);
  return expected.filter((object) => {
    if (created.has(objectKey(object))) return false;
    const left = object.kind === 'TRIGGER' ? (unnamed.get(object.database) ?? 0) : 0;
    unnamed.set(object.database, left - 1);
    return left <= 0;
  });
}

/** Refuses a statement that no server can load, as soon as it is that long. */
export function checkLongestStatement({ longest: { bytes, database, table } }: SqlStream): void {
  if (bytes <= LONGEST_STATEMENT) return;
  const object = table === undefined ? database : `${database}.${table}`;
  throw new BackupError(
    'dumpFailed',
    `a row of ${object} makes a statement of more than 1 GiB, which no server can load (binary data takes twice its size): shorten the row, or leave the table out by --ignore-table=${object}`,
    { kind: 'row-too-long', object },
  );
}

/** Tells of rows that a server with usual settings does not accept. */
export function noteLongStatements({ long }: SqlStream, note: (note: Note<MysqlNote>) => void): void {
  if (long.size > 0) note(noteOf('long-rows', [...long]));
}
