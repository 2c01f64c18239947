import type { TargetState } from '../../../catalog/contract/restore';
import { quote } from '../names';
import { MARKER, quotedAccount } from './rewrite';
import type { FoundDatabase } from './target';
import { killOwn, rowsOf, type Session } from '../sessions';

/** What a restore that did not succeed may have changed. */
export interface Changes {
  /** The value in the marks of this restore. */
  readonly run: string;
  /** Databases as they were before. */
  readonly found: readonly FoundDatabase[];
  /** Accounts that it created. */
  readonly accounts: readonly string[];
}

/** Removes what a restore has begun. Never throws: returns the state of the target. */
export async function undoRestore(
  begin: () => Promise<Session>,
  { run, found, accounts }: Changes,
): Promise<TargetState> {
  try {
    const session = await begin();
    await rowsOf(session, 'SET SESSION foreign_key_checks = 0');
    let isClean = true;
    for (const database of found) isClean = (await remove(session, run, database)) && isClean;
    for (const account of accounts)
      await rowsOf(
        session,
        `DROP ${account.includes('@') ? `USER IF EXISTS ${quotedAccount(account)}` : `ROLE IF EXISTS ${quote(account)}`}`,
      );
    return isClean ? 'unchanged' : 'partial';
  } catch {
    return 'partial';
  }
}

/** Whether nothing of the restore is left of a database. */
async function remove(session: Session, run: string, { name, created, state }: FoundDatabase): Promise<boolean> {
  const [there] = await rowsOf(session, 'SELECT 1 AS yes FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?', [
    name,
  ]);
  if (!there) return state !== 'exists';
  const marks = await rowsOf(session, 'SELECT session FROM ??.?? WHERE run LIKE ?', [name, MARKER, `${run}%`]).catch(
    () => [],
  );
  // Not ours: it is as it was, or somebody else has made it, or it was created a moment ago and is empty.
  if (marks.length === 0) return created !== undefined;
  for (const mark of marks) await killOwn(session.connection, Number(mark.session), 'CONNECTION');
  await rowsOf(session, 'DROP DATABASE ??', [name]);
  if (state === 'empty' && created !== undefined) await rowsOf(session, created);
  return state !== 'exists';
}
