import type { Client } from 'pg';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { BackupError, errorCode, errorText } from '../../../task/run/errors';
import { compareVersions, majorVersion } from '../../shared/versions';
import { DATABASE_TO_ASK, type PostgresqlSessions } from '../connection';
import { SERVERS_OWN } from '../databases';
import { quoteName } from '../names';
import { lacksLocale } from './databases';
import type { RestoreArchive } from './archive-contents';
import type { Administrator } from './roles';

/** Where a session is in the way of nothing that happens to {@link DATABASE_TO_ASK}. */
const OTHER_DATABASE = 'template1';
const MAX_NAME_BYTES = 63;

/** The server's version as it states it, and the account. */
export async function readAdministrator(client: Client): Promise<Administrator & { readonly serverVersion: string }> {
  const { rows } = await client.query<Administrator & { serverVersion: string }>(
    `SELECT rolname AS name, rolsuper AS superuser, rolsuper OR rolcreatedb AS createdb, rolsuper OR rolcreaterole AS createrole,
       current_setting('server_version_num')::int AS version, current_setting('server_version') AS "serverVersion"
     FROM pg_roles WHERE rolname = current_user`,
  );
  return rows[0]!;
}

/**
 * Refuses a target of an older major version than the server that was dumped, and a tool older than the one that dumped.
 *
 * @throws BackupError `targetRefused` or `configuration`
 */
export function refuseOld(manifest: Manifest, serverVersion: string, toolVersion: string): void {
  const [source, target, tool, dumper] = [manifest.serverVersion, serverVersion, toolVersion, manifest.toolVersion].map(
    (version) => majorVersion(version, 1),
  );
  if (compareVersions(target!, source!) < 0)
    throw new BackupError(
      'targetRefused',
      `the target is PostgreSQL ${serverVersion}, older than the ${manifest.serverVersion} of the backup: restore into version ${source} or a newer one`,
      { kind: 'target-too-old', object: serverVersion },
    );
  if (compareVersions(tool!, dumper!) < 0)
    throw new BackupError(
      'configuration',
      `pg_restore is of version ${toolVersion}, older than the pg_dump ${manifest.toolVersion} of the backup: use the engine's official image of version ${dumper}`,
      { kind: 'tool-too-old', object: toolVersion },
    );
}

/** @throws BackupError `configuration` if no database, or schema, of a restore can have this name */
export function refuseName(name: string, what: 'database' | 'schema'): void {
  const isTaken = what === 'database' ? SERVERS_OWN.includes(name) : /^pg_|^information_schema$/.test(name);
  if (!isTaken && Buffer.byteLength(name) <= MAX_NAME_BYTES && !name.includes('\0')) return;
  throw new BackupError(
    'configuration',
    `the name of a restored ${what} must have at most ${MAX_NAME_BYTES} bytes and be none of the server's own, got: ${JSON.stringify(name)}`,
    { kind: 'name-invalid', object: name },
  );
}

/** @throws BackupError `targetRefused` that names all extensions that the target cannot install */
export async function refuseMissingExtensions(client: Client, archives: readonly RestoreArchive[]): Promise<void> {
  const needed = [...new Set(archives.flatMap(({ extensions }) => extensions))];
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) name WHERE name NOT IN (SELECT name FROM pg_available_extensions) ORDER BY 1',
    [needed],
  );
  if (rows.length === 0) return;
  const object = rows.map(({ name }) => name).join(', ');
  throw new BackupError(
    'targetRefused',
    `the target lacks extensions that the backup needs: ${object}: install them on its system, or restore into a server that has them`,
    { kind: 'target-lacks', object },
  );
}

/** Tablespaces of the backup that the target lacks. */
export async function absentTablespaces(client: Client, archives: readonly RestoreArchive[]): Promise<string[]> {
  const needed = [...new Set(archives.flatMap(({ tablespaces }) => [...tablespaces]))];
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) name WHERE name NOT IN (SELECT spcname FROM pg_tablespace) ORDER BY 1',
    [needed],
  );
  return rows.map(({ name }) => name);
}

const valueOf = (create: string, option: string): string | undefined =>
  new RegExp(` ${option} = (?:'((?:[^']|'')*)'|(\\w+))`).exec(create)?.slice(1).find(Boolean);

/**
 * Tries the locale of a database on a collation that is rolled back.
 *
 * @throws BackupError `targetRefused` if the target does not have it
 */
export async function refuseMissingLocale(client: Client, { create }: RestoreArchive): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>('SELECT getdatabaseencoding() AS encoding');
  const locale = valueOf(create, 'LOCALE') ?? '';
  const [collate, ctype] = [valueOf(create, 'LC_COLLATE') ?? locale, valueOf(create, 'LC_CTYPE') ?? locale];
  // Of another encoding, only the database itself can tell.
  if (collate === '' || valueOf(create, 'ENCODING') !== rows[0]?.encoding) return;
  const icu = valueOf(create, 'ICU_LOCALE') ?? (valueOf(create, 'LOCALE_PROVIDER') === 'icu' ? locale : undefined);
  const literal = (text: string) => `'${text}'`;
  await attempt(client, `lc_collate = ${literal(collate)}, lc_ctype = ${literal(ctype)}`);
  if (icu) await attempt(client, `provider = icu, locale = ${literal(icu)}`);
}

async function attempt(client: Client, options: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`CREATE COLLATION pg_temp.proven_restoring (${options})`);
  } catch (error) {
    const code = errorCode(error) ?? '';
    // No such locale, or none of this server. Another error, as of a role without the right to make one, says nothing.
    if (code.startsWith('22') || code === '42704' || code === '0A000') throw lacksLocale(errorText(error), error);
  } finally {
    await client.query('ROLLBACK');
  }
}

/**
 * A session in a database that a restore leaves alone: the usual one to ask, where all restores take their locks, if it is there.
 *
 * @param isReplaced whether it is replaced in this session. The other one is only for moments: nobody can create a database meanwhile
 */
export async function connectAside(sessions: PostgresqlSessions, isReplaced = false): Promise<Client> {
  if (isReplaced) return sessions.connect(OTHER_DATABASE);
  return sessions.connect(DATABASE_TO_ASK).catch((error: unknown) => {
    if (!(error instanceof BackupError) || error.reason.kind !== 'database-missing') throw error;
    return sessions.connect(OTHER_DATABASE);
  });
}

/**
 * Holds a target for this restore alone, until the session ends.
 *
 * @throws BackupError `alreadyRunning` if another restore has it
 */
export async function holdTarget(client: Client, target: string): Promise<void> {
  const { rows } = await client.query<{ held: boolean }>(
    'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held',
    [`cdk-proven-backups ${target}`],
  );
  if (rows[0]?.held) return;
  throw new BackupError(
    'alreadyRunning',
    `another restore into ${target} is under way on this server: wait until it has ended`,
    { kind: 'already-running', object: target },
  );
}

/** What an administrator without a right to make databases lacks. */
export const lacksDatabaseRight = ({ name, createdb }: Administrator): (readonly [string, string])[] =>
  createdb ? [] : [['CREATEDB', `ALTER ROLE ${quoteName(name)} CREATEDB;`]];
