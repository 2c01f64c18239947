import type { ToolFailure } from '../../task/io/tool';
import { BackupError, errorText } from '../../task/run/errors';

const CHANGED: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'table-changed', passing: true },
  advice: 'a table was changed or dropped during the dump: run it again, or schedule it away from migrations',
};
const UNREADABLE: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'table-unreadable' },
  advice: 'the server cannot read the table: repair it, drop it, or leave it out by --ignore-table=database.table',
};
const LIMITED: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'limit-reached' },
  advice: 'a limit of the account or of the server stopped the backup: exempt the account from it',
};
const LOCKED: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'table-locked' },
  advice: 'another session keeps the table locked: an administrator sees it by SHOW FULL PROCESSLIST',
};

/** https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html, https://mariadb.com/docs/server/reference/error-codes */
const MEANINGS: readonly (readonly [codes: readonly number[], meaning: ToolFailure])[] = [
  [[1044, 1142, 1143, 1227, 1370], { exit: 'privileges', kind: 'privileges-missing' }],
  // Changed, dropped (table, column, database, routine, trigger, event), victim of a deadlock with what changed it.
  [[1412, 1146, 1054, 1049, 1305, 1360, 1539, 1213], CHANGED],
  [[1205], LOCKED],
  // Underlying tables of a MERGE table, engine errors, crashed or discarded files, an engine that is not loaded.
  [[1168, 1030, 1034, 1194, 1195, 1286, 1726, 1814, 1932, 3194], UNREADABLE],
  [[1203, 1226, 1969, 3024], LIMITED],
];
const meaningOf = (codes: readonly number[]): ToolFailure | undefined =>
  MEANINGS.find(([known]) => known.some((code) => codes.includes(code)))?.[1];

/** Error codes of a tool stand after the word, or in brackets: `Error 2013: … at row: 1142` has one. */
const CODE = /(?:error:? |\()(\d{4})\b/gi;
/** What both tools say of a table with other columns than it had a moment ago, without a code. */
const OTHER_COLUMNS = /: Error in field count for table: /;

/** The meaning of what a dump tool complains of. */
export function toolFailure(complaints: string, table: string | undefined): ToolFailure | undefined {
  const codes = [...complaints.matchAll(CODE)].map(([, code]) => Number(code));
  const meaning = OTHER_COLUMNS.test(complaints) ? CHANGED : meaningOf(codes);
  return meaning && meaning.exit === 'dumpFailed' && table !== undefined ? { ...meaning, object: table } : meaning;
}

/** The number of an error that the server sent; `undefined` for all others, as of a connection that broke. */
export function serverErrorCode(error: unknown): number | undefined {
  const { errno, sqlState } = (error ?? {}) as { readonly errno?: number; readonly sqlState?: string };
  return sqlState === undefined ? undefined : errno;
}

/** The server shuts down, or its session was ended by somebody else. */
const ENDED = [1053, 1927, 4031];

/** Whether a session broke, or was ended, before it answered. */
export function isBrokenSession(error: unknown): boolean {
  const code = serverErrorCode(error);
  return code === undefined || ENDED.includes(code);
}

/** The failure of a question about the server. */
export function questionFailure(error: unknown): unknown {
  const code = serverErrorCode(error);
  if (code === undefined) return error;
  const said = errorText(error);
  const { exit, kind, passing, advice }: ToolFailure = meaningOf([code]) ?? { exit: 'dumpFailed', kind: 'other' };
  return new BackupError(
    exit,
    `the server did not answer what a dump must know beforehand: ${said} (${advice ?? code})`,
    { kind, said },
    { cause: error, passing },
  );
}

/** The failure of a question about one table, which names it. */
export function tableFailure(
  { database, name }: { readonly database: string; readonly name: string },
  error: unknown,
): BackupError {
  const code = serverErrorCode(error);
  const said = `${errorText(error)}${code === undefined ? '' : ` (${code})`}`;
  const object = `${database}.${name}`;
  const { exit, kind, passing, advice }: ToolFailure = meaningOf(code === undefined ? [] : [code]) ?? {
    ...{ exit: 'dumpFailed', kind: 'count-failed' },
    advice: 'the backup needs the count of its rows: see what the server says',
  };
  return new BackupError(
    exit,
    `could not read table ${object}: ${said}${advice === undefined ? '' : ` (${advice.replace('database.table', object)})`}`,
    { kind, object, said },
    { cause: error, passing },
  );
}
