import { BackupError } from '../../../task/run/errors';
import { serverErrorCode } from '../failures';
import { identifier, quote } from '../names';
import type { Query } from './query';

/**
 * The table and the procedure by which a half-restored database is known as ours. They are there while a restore is under way.
 * Whoever owns a database may make such a table, but no procedure whose definer is our account.
 */
export const MARKER = 'proven_backups_restore';

/** One restore, as its marks name it. */
export interface Run {
  /** By this value a database is known as filled by this very restore. */
  readonly id: string;
  readonly backupId: string;
}

/** Statements that mark the current database as filled by this restore. */
export const markStatements = ({ id, backupId }: Run): string =>
  `CREATE PROCEDURE ${quote(MARKER)}() DO 0;
CREATE TABLE ${quote(MARKER)} (run VARCHAR(64) PRIMARY KEY, backup VARCHAR(64), session BIGINT, made BIGINT) ENGINE=InnoDB;
INSERT INTO ${quote(MARKER)} SELECT '${id}', '${backupId}', CONNECTION_ID(), UNIX_TIMESTAMP(CREATED)
FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_NAME = '${MARKER}';
`;

/** Marks a database as filled by one more session. */
export const sessionMark = ({ id, backupId }: Run, worker: number): string =>
  `INSERT INTO ${quote(MARKER)} VALUES ('${id} ${worker}', '${backupId}', CONNECTION_ID(), NULL);`;

/** Marks a database as filled to the end. */
export const endMark = ({ id, backupId }: Run, name: string): string =>
  `INSERT INTO ${quote(name)}.${quote(MARKER)} VALUES ('${id} end', '${backupId}', CONNECTION_ID(), NULL);`;

/**
 * Whether a restore by this account left the database half done. Marks that were themselves restored, by whatever copied the
 * database, are older than their procedure.
 */
export async function isHalfRestored(query: Query, name: string, account: string): Promise<boolean> {
  try {
    if (!(await isMarked(query, name, account))) return false;
    const [half] = await query(
      `SELECT 1 AS yes FROM information_schema.ROUTINES JOIN ? ON made = UNIX_TIMESTAMP(CREATED)
       WHERE ROUTINE_SCHEMA = ? AND ROUTINE_NAME = ? AND DEFINER = ?
         AND NOT EXISTS (SELECT 1 FROM ? ending WHERE ending.run LIKE '% end')`,
      [identifier(name, MARKER), name, MARKER, account, identifier(name, MARKER)],
    );
    return half !== undefined;
  } catch (error) {
    if (serverErrorCode(error) === undefined) throw error;
    return false;
  }
}

/**
 * Whether a database has a procedure of ours, and a table to be read: whoever owns it could have made a view, which would run his
 * code as our account.
 */
async function isMarked(query: Query, name: string, account: string): Promise<boolean> {
  const [procedure] = await query(
    'SELECT 1 AS yes FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? AND ROUTINE_NAME = ? AND DEFINER = ?',
    [name, MARKER, account],
  );
  return procedure !== undefined && (await isMarkerTable(query, name));
}

/** Whether the marker of a database is a table, and no view. */
export async function isMarkerTable(query: Query, name: string): Promise<boolean> {
  const [table] = await query(
    "SELECT 1 AS yes FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND TABLE_TYPE = 'BASE TABLE'",
    [name, MARKER],
  );
  return table !== undefined;
}

/**
 * Makes sure that the client has come to the end of the dump.
 *
 * @throws BackupError `restoreFailed`
 */
export async function requireEnd(query: Query, { id, backupId }: Run, name: string, client: string): Promise<void> {
  const [end] = (await isMarkerTable(query, name))
    ? await query('SELECT 1 AS yes FROM ? WHERE run = ?', [identifier(name, MARKER), `${id} end`])
    : [];
  if (end) return;
  throw new BackupError(
    'restoreFailed',
    `${client} exited with 0, but has not come to the end of backup ${backupId} in ${name}: do not use what is there`,
    { kind: 'client-failed', database: name, object: client },
  );
}

/** Takes the marks away: what is there is nobody's but the user's from now on. */
export async function unmark(query: Query, names: Iterable<string>): Promise<void> {
  for (const name of names) {
    await query('DROP TABLE IF EXISTS ?', [identifier(name, MARKER)]);
    await query('DROP PROCEDURE IF EXISTS ?', [identifier(name, MARKER)]);
  }
}
