import type { RowDataPacket } from 'mysql2/promise';
import { noteOf } from '../../../catalog/contract/note';
import type { MysqlNote } from '../facts';
import type { MysqlLook } from '../look';
import { objectKey, type ObjectKind } from '../sql-objects';
import { askIfPossible } from './optional';
import type { MysqlCheck } from './check';

/** Character sets in which a character may have the byte of a backslash or a backquote. */
const MISREAD = ['big5', 'cp932', 'gb18030', 'gbk', 'sjis'];
const NAME = '`((?:[^`]|``)+)`';
/** A table or view that a view reads, or a function that it calls, as the server writes them. */
const USED = new RegExp(`\\b(?:from|join)\\s+\\(*${NAME}\\.${NAME}|${NAME}\\.${NAME}\\(`, 'g');
const OF_THE_SERVER = ['information_schema', 'performance_schema', 'mysql', 'sys'];

/** Where a definition is. */
const BODIES: Readonly<Record<string, string>> = {
  TRIGGER: 'ACTION_STATEMENT AS body FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ? AND TRIGGER_NAME = ?',
  EVENT: 'EVENT_DEFINITION AS body FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ? AND EVENT_NAME = ?',
};
const OF_ROUTINE =
  'ROUTINE_DEFINITION AS body FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? AND ROUTINE_NAME = ?';

/** So much of the end of a definition shows whether it ends in a semicolon. */
const TAIL = 1000;
const tail = (body: string): string => `RIGHT(${body}, ${TAIL}) AS tail`;
const beyondAscii = (body: string): string => `COALESCE(CHAR_LENGTH(${body}) <> LENGTH(${body}), 0) AS beyond`;
const DEFINITIONS = [
  `'TRIGGER' AS kind, TRIGGER_SCHEMA AS db, TRIGGER_NAME AS name, CHARACTER_SET_CLIENT AS cs, DEFINER AS definer, ${tail('ACTION_STATEMENT')},
     ${beyondAscii('ACTION_STATEMENT')} FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN (?)`,
  `'EVENT' AS kind, EVENT_SCHEMA AS db, EVENT_NAME AS name, CHARACTER_SET_CLIENT AS cs, DEFINER AS definer, ${tail('EVENT_DEFINITION')},
     ${beyondAscii('EVENT_DEFINITION')} FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (?)`,
  `ROUTINE_TYPE AS kind, ROUTINE_SCHEMA AS db, ROUTINE_NAME AS name, CHARACTER_SET_CLIENT AS cs, DEFINER AS definer, '' AS tail,
     ${beyondAscii('ROUTINE_DEFINITION')} FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN (?)`,
  `'VIEW' AS kind, TABLE_SCHEMA AS db, TABLE_NAME AS name, '' AS cs, DEFINER AS definer, '' AS tail, 0 AS beyond
     FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN (?)`,
];

/** Notes definitions of triggers, events, routines and views that the dump holds and a restore may stop at. */
export const checkBodies: MysqlCheck = async (look, { databases, objects }) => {
  const dumped = new Set(objects.map(objectKey));
  const found: RowDataPacket[] = [];
  for (const definitions of DEFINITIONS)
    for (const row of await askIfPossible(look, `SELECT ${definitions}`, [databases])) found.push(row);
  const held = found.filter(({ kind, db, name }) =>
    dumped.has(objectKey({ kind: String(kind) as ObjectKind, database: String(db), name: String(name) })),
  );
  const tell = (kind: MysqlNote, rows: readonly RowDataPacket[], nameOf: (row: RowDataPacket) => string): void => {
    if (rows.length > 0) look.note(noteOf(kind, [...new Set(rows.map(nameOf))]));
  };
  const ofObject = ({ db, name }: RowDataPacket): string => `${db}.${name}`;
  const endingInSemicolon = held.filter((row) => /;\s*$/.test(String(row.tail)));
  tell('trailing-semicolons', endingInSemicolon, ofObject);
  const misread: RowDataPacket[] = [];
  for (const row of held.filter(({ cs, beyond }) => Number(beyond) === 1 && MISREAD.includes(String(cs))))
    if (await hidesQuotes(look, row)) misread.push(row);
  tell('body-characters', misread, ofObject);
  // Not readable for an account with grants on its databases alone.
  const accounts = await askIfPossible(look, "SELECT CONCAT(User, '@', Host) AS name FROM mysql.user");
  const known = new Set(accounts.map(({ name }) => String(name).toLowerCase()));
  const byUnknown = held.filter(({ definer }) => known.size > 0 && !known.has(String(definer).toLowerCase()));
  tell('unknown-definers', byUnknown, ({ definer }) => String(definer));
};

/** Whether a definition has, in the bytes of its character set, more backslashes or backquotes than characters of that kind. */
async function hidesQuotes(look: MysqlLook, { kind, db, name, cs }: RowDataPacket): Promise<boolean> {
  const bytes = `CAST(CONVERT(body USING ${cs}) AS BINARY)`;
  const hidden = [92, 96].map(
    (byte) =>
      `LENGTH(REPLACE(${bytes}, CHAR(${byte} USING binary), '')) + CHAR_LENGTH(body) - CHAR_LENGTH(REPLACE(body, CHAR(${byte} USING utf8mb4), '')) <> LENGTH(${bytes})`,
  );
  const [row] = await askIfPossible(
    look,
    `SELECT ${hidden.join(' OR ')} AS hides FROM (SELECT ${BODIES[String(kind)] ?? OF_ROUTINE}) definition`,
    [db, name],
  );
  return Number(row?.hides ?? 1) === 1;
}

/** Notes functions that a server with a binary log refuses to create (1418), whoever asks. */
export const checkFunctions: MysqlCheck = async (look, { databases }) => {
  const rows = await askIfPossible(
    look,
    `SELECT ROUTINE_SCHEMA AS db, ROUTINE_NAME AS name FROM information_schema.ROUTINES
     WHERE ROUTINE_SCHEMA IN (?) AND ROUTINE_TYPE = 'FUNCTION' AND IS_DETERMINISTIC = 'NO'
       AND SQL_DATA_ACCESS IN ('CONTAINS SQL', 'MODIFIES SQL DATA') ORDER BY 1, 2`,
    [databases],
  );
  if (rows.length === 0) return;
  const names = rows.map(({ db, name }) => `${db}.${name}`);
  look.note(noteOf('undeclared-functions', names));
};

/** Notes views of what the dump leaves out: other databases, excluded tables. */
export const checkViews: MysqlCheck = async (look, { databases, ignored }) => {
  const views = await askIfPossible(
    look,
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, VIEW_DEFINITION AS body FROM information_schema.VIEWS
     WHERE TABLE_SCHEMA IN (?) ORDER BY 1, 2`,
    [databases],
  );
  const outside = views.filter(({ db, name, body }) => {
    if (ignored.has(`${db}.${name}`)) return false;
    return [...String(body).matchAll(USED)].some(([, table, tableName, routine]) => {
      const database = (table ?? routine ?? '').replaceAll('``', '`');
      if (OF_THE_SERVER.includes(database)) return false;
      return !databases.includes(database) || (table !== undefined && ignored.has(`${database}.${tableName}`));
    });
  });
  if (outside.length === 0) return;
  const names = outside.map(({ db, name }) => `${db}.${name}`);
  look.note(noteOf('outside-views', names));
};
