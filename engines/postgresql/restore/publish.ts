import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { BackupError, errorCode, errorText } from '../../../task/run/errors';
import { quoteName } from '../names';
import { CODES, MARKS, ownName } from './databases';

/** A database that has been loaded under another name. */
export interface Publication {
  readonly temporary: string;
  readonly name: string;
  /** Whether one of its name exists, and makes room. */
  readonly replaces: boolean;
  /** Comment of the database, as a literal; none if it has none. */
  readonly comment?: string;
}

/** Nobody can connect to a database while a statement waits for its lock. */
const LOCK_SECONDS = 10;
/** Ends sessions; one that the account may not end would keep it from ending the others. */
const SESSIONS_ENDED = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
  WHERE datname = ANY ($1) AND pid <> pg_backend_pid()
    AND (NOT r.rolsuper OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))`;

/**
 * Gives loaded databases their names, all or none. Those that they replace get another name in the same moment, and only then lose
 * their connections.
 *
 * @param client a session in none of them
 * @param other a second one
 * @throws BackupError `targetRefused` if somebody was faster
 */
export async function publish(client: Client, other: Client, publications: readonly Publication[]): Promise<void> {
  const statements = publications.flatMap(({ temporary, name, replaces, comment = 'NULL' }) => [
    ...(replaces
      ? [
          `ALTER DATABASE ${quoteName(name)} RENAME TO ${ownName('replaced', name)}`,
          `COMMENT ON DATABASE ${ownName('replaced', name)} IS '${MARKS.replaced}'`,
        ]
      : []),
    `COMMENT ON DATABASE ${temporary} IS ${comment}`,
    `ALTER DATABASE ${temporary} RENAME TO ${quoteName(name)}`,
  ]);
  const names = publications.flatMap(({ temporary, name, replaces }) => (replaces ? [name, temporary] : [temporary]));
  const done = new AbortController();
  const ending = (async () => {
    // New connections wait until the names are changed: the server holds them from the first statement on.
    while (!done.signal.aborted) {
      await other.query(SESSIONS_ENDED, [names]).catch(() => undefined);
      await sleep(100, undefined, { signal: done.signal }).catch(() => undefined);
    }
  })();
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = '${LOCK_SECONDS}s'`);
    for (const statement of statements) await client.query(statement);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw publishFailure(error, publications.map(({ name }) => name).join(', '));
  } finally {
    done.abort();
    await ending;
  }
}

function publishFailure(error: unknown, object: string): unknown {
  const said = errorText(error);
  const code = errorCode(error);
  if (code === CODES.inUse || code === CODES.locked)
    return new BackupError(
      'targetRefused',
      `${object} was not replaced, because somebody stays connected: ${said}: stop the application, or end its connections as a superuser`,
      { kind: 'target-in-use', object, said },
      { cause: error },
    );
  if (code !== CODES.duplicateDatabase) return error;
  return new BackupError(
    'targetRefused',
    `${object} has come into being while the backup was loaded, and nothing of it was touched: restore beside it with --as, or replace it with --overwrite`,
    { kind: 'target-exists', object, said },
    { cause: error },
  );
}
