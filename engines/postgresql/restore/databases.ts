import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { BackupError, errorCode, errorText } from '../../../task/run/errors';
import type { PostgresqlSessions } from '../connection';
import { quoteName, utf8Of } from '../names';
import { createStatement, type RestoreArchive } from './archive-contents';
import { asGrantor, grantsOf } from '../sql-words';

/** Comments by which a later restore knows what an earlier one left. */
export const MARKS = {
  restoring: 'cdk-proven-backups: a restore is under way, or was interrupted; the next one drops this',
  replaced: 'cdk-proven-backups: a restore has replaced this; the next one drops it',
} as const;
type Leftover = keyof typeof MARKS;

/** Name, derived from that of the target, of what a restore makes before the target, or leaves after it. */
export const ownName = (what: Leftover, target: string): string =>
  `proven_${what}_${createHash('sha256').update(target).digest('hex').slice(0, 12)}`;

/** Answers of the server to a restore, by SQLSTATE. */
export const CODES = {
  ...{ inUse: '55006', locked: '55P03', full: '53100', typeMissing: '42704' },
  ...{ duplicateDatabase: '42P04', duplicateSchema: '42P06' },
} as const;
const SHOWN = 5;

/** A database of the target. */
export interface FoundDatabase {
  readonly name: string;
  readonly owner: string;
}

/** Those of these databases that exist. */
export async function findDatabases(client: Client, names: readonly string[]): Promise<Map<string, FoundDatabase>> {
  const { rows } = await client.query<FoundDatabase>(
    'SELECT datname AS name, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = ANY ($1)',
    [names],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** Of a user: neither of the server, nor of an extension, nor a part of something else. */
const isOwn = (catalog: string, oid: string) =>
  `nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND ${oid} >= 16384
   AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype IN ('e', 'i'))`;
const CONTENT = `
  SELECT ${utf8Of('name')} AS name FROM (
    SELECT 1 AS rank, format('%I.%I', nspname, relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${isOwn('pg_class', 'c.oid')}
    UNION ALL SELECT 1, format('%I.%I', nspname, relname) FROM pg_extension, unnest(extconfig, extcondition) AS f (oid, condition)
      JOIN pg_class c ON c.oid = f.oid JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind = 'r' AND condition = '' AND pg_relation_size(c.oid) > 0
    UNION ALL SELECT 2, p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
      WHERE ${isOwn('pg_proc', 'p.oid')}
    UNION ALL SELECT 3, format('type %I.%I', nspname, typname) FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
      WHERE typrelid = 0 AND typelem = 0 AND ${isOwn('pg_type', 't.oid')}
    UNION ALL SELECT 4, 'schema ' || quote_ident(nspname) FROM pg_namespace n WHERE ${isOwn('pg_namespace', 'n.oid')}
    UNION ALL SELECT 5, 'subscription ' || quote_ident(subname) FROM pg_subscription JOIN pg_database d ON d.oid = subdbid
      WHERE datname = current_database()
    UNION ALL SELECT 6, 'large objects' WHERE EXISTS (SELECT FROM pg_largeobject_metadata)
  ) o ORDER BY rank, name LIMIT ${SHOWN}`;

/** Objects of users in a database, the first of them; tables first, also those of extensions that hold what users entered. */
export async function contentOf(sessions: PostgresqlSessions, database: string): Promise<string[]> {
  const client = await sessions.connect(database);
  try {
    const { rows } = await client.query<{ name: Buffer }>(CONTENT);
    return rows.map(({ name }) => name.toString('utf8'));
  } finally {
    await sessions.disconnect(client);
  }
}

/** What everybody may with a new database, and with one that is being loaded only when its privileges are restored. */
export const openToPublic = (name: string): string =>
  `GRANT CONNECT, TEMPORARY ON DATABASE ${quoteName(name)} TO PUBLIC`;

/**
 * Makes a database of its own name that nobody takes for the target, as the archive says, and that is closed to the public.
 *
 * @param client a session in another one
 * @throws BackupError `targetRefused` if the server lacks its locale
 */
export async function createTemporary(
  client: Client,
  { create, owner }: RestoreArchive,
  name: string,
  tablespace: boolean,
): Promise<void> {
  const quoted = quoteName(name);
  const statement =
    create === '' ? `CREATE DATABASE ${quoted} TEMPLATE template0` : createStatement(create, quoted, tablespace);
  await client.query(statement).catch((error: unknown) => {
    throw createFailure(error);
  });
  await client.query(`REVOKE ALL ON DATABASE ${quoted} FROM PUBLIC`);
  await client.query(`COMMENT ON DATABASE ${quoted} IS '${MARKS.restoring}'`);
  if (owner !== '') await client.query(`ALTER DATABASE ${quoted} OWNER TO ${quoteName(owner)}`);
}

function createFailure(error: unknown): BackupError | unknown {
  const [code, said] = [errorCode(error), errorText(error)];
  if (code === CODES.full) return full(said, error);
  if (code === '42809' || code?.startsWith('22') || code === CODES.typeMissing) return lacksLocale(said, error);
  return error;
}

/** The target has no such locale or encoding. */
export const lacksLocale = (said: string, cause: unknown): BackupError =>
  new BackupError(
    'targetRefused',
    `the target cannot have a database with the locale of the backup: ${said}: install that locale on its system, or restore into a server that has it`,
    { kind: 'target-lacks', object: 'locale', said },
    { cause },
  );

/** The storage of the target is full. */
export const full = (said: string, cause: unknown): BackupError =>
  new BackupError(
    'restoreFailed',
    `the storage of the target is full: ${said}: give it more, or make room`,
    { kind: 'target-full', said },
    { cause },
  );

/** Whether an error of the server says that its storage is full. */
export const isFull = (error: unknown): boolean => errorCode(error) === CODES.full;

/**
 * Drops what an earlier restore of the same target left; only what has its mark, or nothing in it.
 *
 * @throws BackupError `targetRefused` if it is somebody else's
 */
export async function dropLeftover(
  client: Client,
  what: Leftover,
  target: string,
  sessions: PostgresqlSessions,
): Promise<void> {
  const name = ownName(what, target);
  const { rows } = await client.query<{ mark: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS mark FROM pg_database WHERE datname = $1`,
    [name],
  );
  if (rows.length === 0) return;
  if (rows[0]?.mark !== MARKS[what] && (await contentOf(sessions, name)).length > 0)
    throw new BackupError(
      'targetRefused',
      `database ${name} has the name that a restore of ${target} needs, and is not one of its own: rename or drop it`,
      { kind: 'target-exists', object: name, database: name },
    );
  // What was replaced may still be subscribed to something: its owner must end that.
  await dropDatabase(client, name, what === 'restoring' ? sessions : undefined);
}

/**
 * Drops a database of ours, whoever is connected to it.
 *
 * @param sessions if a restore has made it: its subscriptions are dropped first, without the slots of their publishers
 */
export async function dropDatabase(client: Client, name: string, sessions?: PostgresqlSessions): Promise<void> {
  const quoted = quoteName(name);
  const { rows } = await client.query<{ template: boolean; subscriptions: string[] }>(
    `SELECT datistemplate AS template, array(SELECT quote_ident(subname) FROM pg_subscription WHERE subdbid = d.oid) AS subscriptions
     FROM pg_database d WHERE datname = $1`,
    [name],
  );
  // Not asked of others: one whose DROP was interrupted takes nothing but that.
  if (rows[0]?.template) await client.query(`ALTER DATABASE ${quoted} IS_TEMPLATE false`);
  if (sessions && rows[0]?.subscriptions.length) {
    const inside = await sessions.connect(name);
    for (const one of rows[0].subscriptions)
      for (const sql of [
        `ALTER SUBSCRIPTION ${one} DISABLE`,
        `ALTER SUBSCRIPTION ${one} SET (slot_name = NONE)`,
        `DROP SUBSCRIPTION ${one}`,
      ])
        await inside.query(sql);
    await sessions.disconnect(inside);
  }
  await client.query(`DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
}

/**
 * Frees at once what the rows of a database of ours take.
 *
 * @param client a session in it
 */
export async function emptyDatabase(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace`,
  );
  // A TRUNCATE would need room for an empty file.
  for (const { name } of rows) await client.query(`DROP TABLE IF EXISTS ${name} CASCADE`).catch(() => undefined);
}

const NAME = '(?:"(?:[^"]|"")*"|[^\\s"]+)';
const ABOUT = `(?:ALTER DATABASE|COMMENT ON DATABASE|SECURITY LABEL FOR ${NAME} ON DATABASE|(?:GRANT|REVOKE) [A-Z, ]+ ON DATABASE|ALTER ROLE ${NAME} IN DATABASE) `;

/**
 * Statements about a database of the backup, for one of another name: its settings, and the others. One that does not begin as these do
 * is left out: it would be about the original.
 */
export function databaseStatements({ database }: RestoreArchive, from: string, to: string) {
  const names = [from, quoteName(from)].map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const about = new RegExp(`^(${ABOUT})(?:${names})(?=[\\s;])`);
  const all = grantsOf(database)
    .filter(({ statement }) => about.test(statement))
    .map((one) => ({ ...one, statement: one.statement.replace(about, (_, verb: string) => verb + quoteName(to)) }))
    .map(asGrantor);
  const isSetting = (one: string) => /^ALTER (?:DATABASE|ROLE) .* SET /s.test(one);
  return { settings: all.filter(isSetting), others: all.filter((one) => !isSetting(one)) };
}
