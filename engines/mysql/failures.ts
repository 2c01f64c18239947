import type { ToolFailure } from '../../task/io/tool';
import type { ServerJob } from '../../catalog/contract/task';
import { BackupError, errorText } from '../../task/run/errors';
import { questionError } from '../shared/connection-error';

const CHANGED: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'table-changed', passing: true },
  advice: 'a table was changed or dropped during the dump: run it again, or schedule it away from migrations',
};
const UNREADABLE: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'table-unreadable' },
  advice: 'the server cannot read the table: repair it, drop it, or leave it out by --ignore-table=database.table',
};
const DAMAGED: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'table-damaged' },
  advice:
    'its files are damaged: copy them, then run REPAIR TABLE database.table (MyISAM, Aria and ARCHIVE; it drops the rows that it cannot read), or bring the table back from an older backup',
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
  // Codes below 1000 are those of storage engines, which reach the client by themselves if a table cannot be opened, and
  // else within 1030: damaged index, row, header, marked as crashed, too short, wrong checksum, corrupted.
  [[126, 127, 130, 134, 144, 145, 175, 176, 180, 1034, 1035, 1194, 1195, 1712, 1877], DAMAGED],
  // Files that are gone, underlying tables of a MERGE table, engine errors, discarded files, an engine that is not loaded.
  [[29, 1016, 1017, 1168, 1030, 1286, 1726, 1814, 1932, 3194], UNREADABLE],
  [[1203, 1226, 1969, 3024], LIMITED],
];
const meaningOf = (codes: readonly number[]): ToolFailure | undefined =>
  MEANINGS.find(([known]) => known.some((code) => codes.includes(code)))?.[1];

/** Error codes of a tool stand after the word, or in brackets: `Error 2013: … at row: 1142` has one. */
const CODE = /error:? (\d{2,4})\b|\((\d{4})\b|\((\d{2,3})\)(?= \||$)/gi;
/** Of a storage engine: `Got error 176 "Read page with wrong checksum" from storage engine Aria`. */
const ENGINE_ERROR = 1030;
/** What both tools say of a table with other columns than it had a moment ago, without a code. */
const OTHER_COLUMNS = /: Error in field count for table: /;

/**
 * The meaning of what a dump tool complains of.
 *
 * @param table `database.table` that was under way
 */
export function toolFailure(complaints: string, table: string | undefined): ToolFailure | undefined {
  const codes = [...complaints.matchAll(CODE)].map(([, ...groups]) => Number(groups.find(Boolean)));
  const meaning = OTHER_COLUMNS.test(complaints) ? CHANGED : meaningOf(codes);
  return meaning && meaning.exit === 'dumpFailed' && table !== undefined ? about(meaning, table) : meaning;
}

/** The meaning for a table, `database.table`, which its advice names. */
const about = (meaning: ToolFailure, object: string): ToolFailure => ({
  ...{ ...meaning, object },
  ...(meaning.advice === undefined ? {} : { advice: meaning.advice.replace('database.table', object) }),
});

/** The code of an answer, and the storage engine's own within it. */
const codesOf = (code: number, said: string): number[] =>
  code === ENGINE_ERROR ? [code, Number(/\d+/.exec(said)?.[0])] : [code];

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
export function questionFailure(server: ServerJob, error: unknown): unknown {
  const lost = questionError(server, error);
  const code = serverErrorCode(lost);
  if (code === undefined) return lost;
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
  const meaning: ToolFailure = meaningOf(code === undefined ? [] : codesOf(code, said)) ?? {
    ...{ exit: 'dumpFailed', kind: 'count-failed' },
    advice: 'the backup needs the count of its rows: see what the server says',
  };
  const { exit, kind, passing, advice } = about(meaning, object);
  return new BackupError(
    exit,
    `could not read table ${object}: ${said}${advice === undefined ? '' : ` (${advice})`}`,
    { kind, object, said },
    { cause: error, passing },
  );
}

/** The failure of whatever goes on beside the dump tool. */
export function countFailure(error: unknown): BackupError {
  if (error instanceof BackupError) return error;
  const said = errorText(error);
  return new BackupError(
    'dumpFailed',
    `could not count the rows that were dumped: ${said}`,
    { kind: 'count-failed', said },
    { cause: error },
  );
}
