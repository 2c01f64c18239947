import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { errorCode } from '../../../task/run/errors';
import { rolesOf } from '../restore/roles';
import { asGrantor, grantsOf, words } from '../sql-words';

const INITIAL = 'postgres';
const SUPERUSER = / WITH SUPERUSER\b/;
/** What a role has that the server was made with, unless somebody took it away. */
const BOOTSTRAP = /\bREPLICATION\b.* BYPASSRLS\b/;
/** Where the files of a tablespace are: each server has a place of its own. */
export const LOCATION = / LOCATION '(?:[^']|'')*'/;

/**
 * The role with which the server of a backup was made, as far as its dump shows it: the throw-away server is made with the same,
 * because it owns and grants what no dump says.
 */
export function bootstrapRole(globals: string): string {
  const supers = [...rolesOf(globals).values()].filter(({ attributes }) => SUPERUSER.test(attributes));
  const usual = supers.find(({ name }) => name === INITIAL);
  return (usual ?? supers.find(({ attributes }) => BOOTSTRAP.test(attributes)) ?? supers[0])?.name ?? INITIAL;
}

/**
 * Makes all roles and tablespaces of a backup: a restore makes no more than what it can see somebody needs, and rows of extensions
 * may name roles as well. What the server refuses, a comparison with the backup shows.
 *
 * @param spaces folder for tablespaces, which does not exist yet
 */
export async function applyGlobals(client: Client, globals: string, spaces: string): Promise<void> {
  mkdirSync(spaces, { mode: 0o700 });
  let count = 0;
  for (const granted of grantsOf(globals)) {
    const { statement } = granted;
    const [verb, kind] = words(statement);
    if (verb === 'SET') continue;
    let own = asGrantor(granted);
    if (verb === 'CREATE' && kind === 'TABLESPACE') {
      const folder = join(spaces, String(count++));
      mkdirSync(folder, { mode: 0o700 });
      own = statement.replace(LOCATION, () => ` LOCATION '${folder.replaceAll("'", "''")}'`);
    }
    await client.query(own).catch((error: unknown) => {
      // The initial role exists; and a session that broke can do nothing more.
      if (!/^[0-9A-Z]{5}$/.test(errorCode(error) ?? '')) throw error;
    });
  }
}
