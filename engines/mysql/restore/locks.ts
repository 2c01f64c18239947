import { createHash } from 'node:crypto';
import { BackupError } from '../../../task/run/errors';
import type { Query } from './query';

/** A client whose program was killed goes on for as long as its last statement takes. */
const LAST_STATEMENT_SECONDS = 30;

/** Names of locks have up to 64 characters. */
const lockName = (prefix: string, database: string): string =>
  `${prefix}:${createHash('sha256').update(database.toLowerCase()).digest('hex').slice(0, 40)}`;

/** The lock that the client holds while it fills a database. */
const loadLock = (database: string): string => lockName('proven-backups-load', database);

/** The statement by which the client takes its lock. */
export const takeLoadLock = (database: string): string => `DO GET_LOCK('${loadLock(database)}', 0);`;

/**
 * Takes databases of the target for this restore, as long as the session lives.
 *
 * @throws BackupError `alreadyRunning`
 */
export async function lockDatabases(query: Query, names: Iterable<string>, host: string): Promise<void> {
  const take = async (lock: string, seconds: number): Promise<boolean> => {
    const [row] = await query('SELECT GET_LOCK(?, ?) AS got', [lock, seconds]);
    return Number(row?.got) === 1;
  };
  for (const name of names) {
    const isFree =
      (await take(lockName('proven-backups', name), 0)) && (await take(loadLock(name), LAST_STATEMENT_SECONDS));
    if (!isFree)
      throw new BackupError(
        'alreadyRunning',
        `another restore fills ${name} on ${host}; nothing was changed: wait for its end, then run the same command again`,
        { kind: 'already-running', database: name },
      );
    // The client takes it.
    await query('DO RELEASE_LOCK(?)', [loadLock(name)]);
  }
}
