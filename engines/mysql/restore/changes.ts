import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetState } from '../../../catalog/contract/restore';
import { serverErrorCode } from '../failures';
import { readInventory } from '../inventory';
import { identifier, quote } from '../names';
import { killOwn, rowsOf, type Session } from '../sessions';
import { FULL_CODES } from './client-command';
import type { FoundDatabase } from './found';
import { isMarkerTable, MARKER } from './marker';
import type { Query } from './query';
import { quotedAccount } from './rewrite';

/** With these a server refuses to drop a database before it drops anything: locked, read-only, not allowed. */
const NOTHING_DROPPED = [1205, 1290, 3989, 1044, 1227];
/** `CREATE USER` of one that is there. */
const CANNOT_CREATE_USER = 1396;
/** For a full server to get back the room of what was rolled back: until then it cannot even drop. */
const PURGE_MS = 30_000;

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
    await query('DROP DATABASE ?', [identifier(name)]).catch((error: unknown) => {
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
  const query: Query = (sql, values) => rowsOf(session, sql, values);
  const marks = (await isMarkerTable(query, name))
    ? await query('SELECT session FROM ? WHERE run LIKE ?', [identifier(name, MARKER), `${run}%`])
    : [];
  if (marks.length === 0) {
    // Not ours: it is as it was, or somebody else has made it, or it was created a moment ago and is empty.
    if (state !== 'new' || !(await hasOnlyMarker(session, name))) return created !== undefined && !dropped.has(name);
  }
  for (const mark of marks) await killOwn(session.connection, Number(mark.session), 'CONNECTION');
  await dropOnceThereIsRoom(session, name);
  if (state === 'empty' && created !== undefined) await rowsOf(session, created);
  return !isLost;
}

async function dropOnceThereIsRoom(session: Session, database: string): Promise<void> {
  for (const until = Date.now() + PURGE_MS; ; await sleep(500))
    try {
      await rowsOf(session, 'DROP DATABASE ?', [identifier(database)]);
      return;
    } catch (error) {
      if (!FULL_CODES.includes(serverErrorCode(error) ?? 0) || Date.now() > until) throw error;
    }
}

/** Whether the restore was stopped between making its marker and writing its mark. */
async function hasOnlyMarker(session: Session, database: string): Promise<boolean> {
  const objects = await readInventory((sql, values) => rowsOf(session, sql, values), [database], new Set());
  return objects.length > 0 && objects.every(({ name }) => name === MARKER);
}

/** Roles of MariaDB have no host. */
const isUser = (account: string): boolean => account.includes('@');
