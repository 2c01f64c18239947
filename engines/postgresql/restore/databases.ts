import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { BackupError, errorCode, errorText } from '../../../task/run/errors';
import { quoteName } from '../names';
import { createStatement, type RestoreArchive } from './archive-contents';
import { statementsOf } from '../sql-words';

/** Comments by which a later restore knows what an earlier one left. */
export const MARKS = {
  restoring: 'cdk-proven-backups: a restore is under way, or was interrupted; the next one drops this',
  replaced: 'cdk-proven-backups: a restore has replaced this; the next one drops it',
} as const;
type Leftover = keyof typeof MARKS;

/** Name, derived from that of the target, of what a restore makes before the target, or leaves after it. */
export const ownName = (what: Leftover, target: string): string =>
  `proven_${what}_${createHash('sha256').update(target).digest('hex').slice(0, 12)}`;

/** Answers of the server, by SQLSTATE. */
const CODES = { inUse: '55006', duplicate: '42P04', full: '53100', denied: '42501' } as const;
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

/**
 * Objects of users in a database, the first of them; tables first.
 *
 * @param client a session in it
 * @param schema only those of this schema
 */
export async function contentOf(client: Client, schema?: string): Promise<string[]> {
  const inSchema = (column: string) =>
    `(CASE WHEN $1::text IS NULL THEN nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ELSE nspname = $1 END)
     AND ${column} >= 16384 AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = ${column} AND deptype IN ('e', 'i'))`;
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM (
       SELECT 1 AS rank, format('%I.%I', nspname, relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
         WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${inSchema('c.oid')}
       UNION ALL SELECT 2, p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${inSchema('p.oid')}
       UNION ALL SELECT 3, format('type %I.%I', nspname, typname) FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
         WHERE typrelid = 0 AND typelem = 0 AND ${inSchema('t.oid')}
       UNION ALL SELECT 4, 'schema ' || quote_ident(nspname) FROM pg_namespace n WHERE $1::text IS NULL AND ${inSchema('n.oid')}
       UNION ALL SELECT 5, 'large objects' WHERE $1::text IS NULL AND EXISTS (SELECT FROM pg_largeobject_metadata)
     ) o ORDER BY rank, name LIMIT ${SHOWN}`,
    [schema ?? null],
  );
  return rows.map(({ name }) => name);
}

/**
 * Makes a database of its own name that nobody takes for the target, as the archive says.
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
  await client.query(`COMMENT ON DATABASE ${quoted} IS '${MARKS.restoring}'`);
  if (owner !== '') await client.query(`ALTER DATABASE ${quoted} OWNER TO ${quoteName(owner)}`);
}

function createFailure(error: unknown): BackupError | unknown {
  const [code, said] = [errorCode(error), errorText(error)];
  if (code === CODES.full) return full(said, error);
  if (code === '42809' || code?.startsWith('22') || code === '42704') return lacksLocale(said, error);
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
 * @param content looks into a database
 * @throws BackupError `targetRefused` if it is somebody else's
 */
export async function dropLeftover(
  client: Client,
  what: Leftover,
  target: string,
  content: (database: string) => Promise<readonly string[]>,
): Promise<void> {
  const name = ownName(what, target);
  const { rows } = await client.query<{ mark: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS mark FROM pg_database WHERE datname = $1`,
    [name],
  );
  if (rows.length === 0) return;
  if (rows[0]?.mark !== MARKS[what] && (await content(name)).length > 0)
    throw new BackupError(
      'targetRefused',
      `database ${name} has the name that a restore of ${target} needs, and is not one of its own: rename or drop it`,
      { kind: 'target-exists', object: name, database: name },
    );
  await dropDatabase(client, name);
}

/** Drops a database of ours, whoever is connected to it. */
export async function dropDatabase(client: Client, name: string): Promise<void> {
  const quoted = quoteName(name);
  const { rows } = await client.query<{ template: boolean }>(
    'SELECT datistemplate AS template FROM pg_database WHERE datname = $1',
    [name],
  );
  // Not asked of others: one whose DROP was interrupted takes nothing but that.
  if (rows[0]?.template) await client.query(`ALTER DATABASE ${quoted} IS_TEMPLATE false`);
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

const ABOUT =
  '(?:ALTER DATABASE|COMMENT ON DATABASE|SECURITY LABEL FOR .+? ON DATABASE|(?:GRANT|REVOKE) .+? ON DATABASE|ALTER ROLE .+? IN DATABASE) ';

/** Statements about a database of the backup, for one of another name: its settings, and the others. */
export function databaseStatements({ database }: RestoreArchive, from: string, to: string) {
  const names = [from, quoteName(from)].map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const about = new RegExp(`^(${ABOUT})(?:${names})(?=[\\s;])`, 's');
  const all = statementsOf(database).map((one) => one.replace(about, (_, verb: string) => verb + quoteName(to)));
  const isSetting = (one: string) => /^ALTER (?:DATABASE|ROLE) .* SET /s.test(one);
  return { settings: all.filter(isSetting), others: all.filter((one) => !isSetting(one)) };
}

/** A database that has been loaded under another name. */
export interface Publication {
  readonly temporary: string;
  readonly name: string;
  /** Whether one of its name exists, and makes room. */
  readonly replaces: boolean;
  /** Comment of the database, as a literal; none if it has none. */
  readonly comment?: string;
}

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
  let isDone = false;
  const ending = (async () => {
    // New connections wait until the names are changed: the server holds them from the first statement on.
    while (!isDone) {
      await other
        .query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY ($1) AND pid <> pg_backend_pid()',
          [names],
        )
        .catch(() => undefined);
      await sleep(100);
    }
  })();
  try {
    await client.query('BEGIN');
    for (const statement of statements) await client.query(statement);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw publishFailure(error, publications.map(({ name }) => name).join(', '));
  } finally {
    isDone = true;
    await ending;
  }
}

function publishFailure(error: unknown, object: string): unknown {
  const said = errorText(error);
  if (errorCode(error) === CODES.inUse)
    return new BackupError(
      'targetRefused',
      `${object} was not replaced, because somebody stays connected: ${said}: stop the application, or end its connections as a superuser`,
      { kind: 'target-in-use', object, said },
      { cause: error },
    );
  if (errorCode(error) !== CODES.duplicate) return error;
  return new BackupError(
    'targetRefused',
    `${object} has come into being while the backup was loaded, and nothing of it was touched: restore beside it with --as, or replace it with --overwrite`,
    { kind: 'target-exists', object, said },
    { cause: error },
  );
}
