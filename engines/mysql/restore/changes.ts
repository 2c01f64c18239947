import type { TargetState } from '../../../catalog/contract/restore';
import { serverErrorCode } from '../failures';
import { quote } from '../names';
import { killOwn, rowsOf, type Session } from '../sessions';
import type { FoundDatabase } from './found';
import { MARKER } from './marker';
import type { Query } from './query';
import { quotedAccount } from './rewrite';

const NO_SUCH_TABLE = 1146;
/** With these a server refuses to drop a database before it drops anything: locked, read-only, not allowed. */
const NOTHING_DROPPED = [1205, 1290, 3989, 1044, 1227];
/** `CREATE USER` of one that is there. */
const CANNOT_CREATE_USER = 1396;

/** What a restore changed before it loaded anything. */
export interface Changes {
  /** Accounts that it created. */
  readonly accounts: string[];
  /** Databases that it dropped. */
  readonly dropped: Set<string>;
}

/** Creates accounts, and drops the databases that are replaced. */
export async function prepareTarget(
  query: Query,
  found: readonly FoundDatabase[],
  accounts: readonly string[],
  changes: Changes,
): Promise<void> {
  for (const account of accounts) {
    const create = isUser(account)
      ? `CREATE USER ${quotedAccount(account)} ACCOUNT LOCK`
      : `CREATE ROLE ${quote(account)}`;
    try {
      await query(create);
      changes.accounts.push(account);
    } catch (error) {
      // One that is there already is not ours, and stays.
      if (serverErrorCode(error) !== CANNOT_CREATE_USER) throw error;
    }
  }
  await query('SET SESSION foreign_key_checks = 0');
  for (const { name, state, isOurs } of found) {
    if (state !== 'exists' && !isOurs) continue;
    changes.dropped.add(name);
    await query('DROP DATABASE ??', [name]).catch((error: unknown) => {
      if (NOTHING_DROPPED.includes(serverErrorCode(error) ?? 0)) changes.dropped.delete(name);
      throw error;
    });
  }
}

/**
 * Removes what a restore has begun. Never throws: returns the state of the target.
 *
 * @param run the id in the marks of this restore
 * @param found databases as they were before
 */
export async function undoRestore(
  begin: () => Promise<Session>,
  run: string,
  found: readonly FoundDatabase[],
  { accounts, dropped }: Changes,
): Promise<TargetState> {
  try {
    const session = await begin();
    await rowsOf(session, 'SET SESSION foreign_key_checks = 0');
    let isClean = true;
    for (const database of found) isClean = (await isUndone(session, run, database, dropped)) && isClean;
    for (const account of accounts)
      await rowsOf(session, isUser(account) ? `DROP USER ${quotedAccount(account)}` : `DROP ROLE ${quote(account)}`);
    return isClean ? 'unchanged' : 'partial';
  } catch {
    return 'partial';
  }
}

/** Whether a database is as it was, once what the restore has put there is gone. */
async function isUndone(
  session: Session,
  run: string,
  { name, created, state }: FoundDatabase,
  dropped: ReadonlySet<string>,
): Promise<boolean> {
  const isLost = state === 'exists' && dropped.has(name);
  const [there] = await rowsOf(session, 'SELECT 1 AS yes FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?', [
    name,
  ]);
  if (!there) return !isLost;
  const marks = await rowsOf(session, 'SELECT session FROM ??.?? WHERE run LIKE ?', [name, MARKER, `${run}%`]).catch(
    (error: unknown) => {
      if (serverErrorCode(error) === NO_SUCH_TABLE) return [];
      throw error;
    },
  );
  // Not ours: it is as it was, or somebody else has made it, or it was created a moment ago and is empty.
  if (marks.length === 0) return created !== undefined && !dropped.has(name);
  for (const mark of marks) await killOwn(session.connection, Number(mark.session), 'CONNECTION');
  await rowsOf(session, 'DROP DATABASE ??', [name]);
  if (state === 'empty' && created !== undefined) await rowsOf(session, created);
  return !isLost;
}

/** Roles of MariaDB have no host. */
const isUser = (account: string): boolean => account.includes('@');
