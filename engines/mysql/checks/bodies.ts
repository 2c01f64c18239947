import { noteOf } from '../../../catalog/contract/note';
import type { MysqlCheck } from './index';

/** Definers that every server has. */
const OF_EVERY_SERVER = ['root@localhost', 'mysql.sys@localhost', 'mariadb.sys@localhost'];
/** Character sets in which a character may have the byte of a backslash or a backquote. */
const MISREAD = ['big5', 'cp932', 'gb18030', 'gbk', 'sjis'];
const NAME = '`((?:[^`]|``)+)`';
/** A table or view that a view reads, or a function that it calls, as the server writes them. */
const USED = new RegExp(`\\b(?:from|join)\\s+\\(*${NAME}\\.${NAME}|${NAME}\\.${NAME}\\(`, 'g');
const OF_THE_SERVER = ['information_schema', 'performance_schema', 'mysql', 'sys'];

/** Notes definitions of triggers, events, routines and views that the dump holds and a restore may stop at. */
export const checkBodies: MysqlCheck = async (look, { databases }) => {
  const trailing = (body: string): string => `COALESCE(${body} RLIKE ';[[:space:]]*$', 0)`;
  const beyondAscii = (body: string): string => `COALESCE(CHAR_LENGTH(${body}) <> LENGTH(${body}), 0)`;
  const sources = [
    `SELECT TRIGGER_SCHEMA AS db, TRIGGER_NAME AS name, CHARACTER_SET_CLIENT AS cs, DEFINER AS definer, ${trailing('ACTION_STATEMENT')} AS semicolon,
       ${beyondAscii('ACTION_STATEMENT')} AS beyond
     FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN (?)`,
    `SELECT EVENT_SCHEMA, EVENT_NAME, CHARACTER_SET_CLIENT, DEFINER, ${trailing('EVENT_DEFINITION')}, ${beyondAscii('EVENT_DEFINITION')}
     FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (?)`,
    `SELECT ROUTINE_SCHEMA, ROUTINE_NAME, CHARACTER_SET_CLIENT, DEFINER, 0, ${beyondAscii('ROUTINE_DEFINITION')} FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN (?)`,
    `SELECT TABLE_SCHEMA, TABLE_NAME, '', DEFINER, 0, 0 FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN (?)`,
  ];
  const rows = await look.query(
    sources.join(' UNION ALL '),
    sources.map(() => databases),
  );
  const objects = rows.map((row) => ({
    name: `${row.db}.${row.name}`,
    misread: Number(row.beyond) === 1 && MISREAD.includes(String(row.cs)),
    definer: String(row.definer),
    semicolon: Number(row.semicolon) === 1,
  }));
  const tell = (kind: 'trailing-semicolons' | 'body-characters' | 'definers', names: readonly string[]): void => {
    if (names.length > 0) look.note(noteOf(kind, [...new Set(names)]));
  };
  tell(
    'trailing-semicolons',
    objects.filter(({ semicolon }) => semicolon).map(({ name }) => name),
  );
  tell(
    'body-characters',
    objects.filter(({ misread }) => misread).map(({ name }) => name),
  );
  tell(
    'definers',
    objects.map(({ definer }) => definer).filter((definer) => !OF_EVERY_SERVER.includes(definer)),
  );
};

/** Notes functions that a server with a binary log refuses to create (1418), whoever asks. */
export const checkFunctions: MysqlCheck = async (look, { databases }) => {
  const rows = await look.query(
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
  const views = await look.query(
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
