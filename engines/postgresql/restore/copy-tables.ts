import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import type { TableCount } from '../../../catalog/bucket/manifest';
import type { RestoreDifference } from '../../../catalog/contract/restore';
import { Tool } from '../../../task/io/tool';
import { BackupError, errorCode, errorText } from '../../../task/run/errors';
import { quoteName } from '../names';
import { keyOfTable, type RestoreArchive } from './archive-contents';
import { rowDifference } from './compare';
import { CODES, MARKS, ownName } from './databases';
import type { LoadContext } from './load';
import { PgRestoreTalk, restoreFailure } from './pg-restore';

/** Tables of one database, to be restored into a schema of it. */
export interface TablesCopy {
  /** Database with their structure and rows, which nobody else uses. */
  readonly from: string;
  /** The existing database. */
  readonly database: string;
  /** The new schema. */
  readonly schema: string;
  readonly tables: readonly TableCount[];
  readonly archive: RestoreArchive;
}

/** Settings by which one session writes what the other one reads. */
const TEXT = '-c bytea_output=hex -c xmloption=content -c extra_float_digits=3';

/** Name of the schema while it is filled. */
export const ownSchema = ({ database, schema }: Pick<TablesCopy, 'database' | 'schema'>): string =>
  ownName('restoring', `${database} ${schema}`);

/**
 * Drops what an earlier restore left in a database.
 *
 * @param client a session in it
 */
export async function dropOwnSchema(client: Client, name: string): Promise<void> {
  const { rows } = await client.query<{ mark: string | null }>(
    `SELECT obj_description(oid, 'pg_namespace') AS mark FROM pg_namespace WHERE nspname = $1`,
    [name],
  );
  if (rows.length === 0) return;
  if (rows[0]?.mark !== MARKS.restoring)
    throw new BackupError(
      'targetRefused',
      `schema ${name} has the name that this restore needs, and is not one of its own: rename or drop it`,
      { kind: 'target-exists', object: name },
    );
  await client.query(`DROP SCHEMA ${quoteName(name)} CASCADE`);
}

/**
 * Copies tables into a schema of the existing database that has a name of its own: columns, rows and the primary key.
 *
 * @param client a session in the existing database
 * @param source a session in the other one
 */
export async function copyTables(
  context: LoadContext,
  client: Client,
  source: Client,
  copy: TablesCopy,
): Promise<void> {
  const own = quoteName(ownSchema(copy));
  await client.query(`BEGIN`);
  await client.query(`CREATE SCHEMA ${own}`);
  await client.query(`COMMENT ON SCHEMA ${own} IS '${MARKS.restoring}'`);
  try {
    for (const table of copy.tables)
      await client.query(`CREATE TABLE ${own}.${quoteName(table.name)} (${await columnsOf(source, table)})`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    if (errorCode(error) !== CODES.typeMissing) throw error;
    throw new BackupError(
      'targetRefused',
      `database ${copy.database} lacks a type of the tables: ${errorText(error)}: restore the whole database beside it with --as`,
      { kind: 'target-lacks', database: copy.database, said: errorText(error) },
      { cause: error },
    );
  }
  const { rows } = await client.query<{ encoding: string }>('SELECT getdatabaseencoding() AS encoding');
  const encoding = rows[0]?.encoding ?? '';
  for (const table of copy.tables) {
    const name = `${quoteName(table.schema ?? 'public')}.${quoteName(table.name)}`;
    const target = `${own}.${quoteName(table.name)}`;
    await copyRows(context, copy, encoding, `COPY (SELECT * FROM ONLY ${name}) TO STDOUT`, `COPY ${target} FROM STDIN`);
    const key = copy.archive.primaryKeys.get(keyOfTable(table.schema ?? 'public', table.name));
    if (key !== undefined) await client.query(`ALTER TABLE ${target} ADD ${key}`);
    await client.query(`ANALYZE ${target}`);
  }
}

async function columnsOf(source: Client, { schema = 'public', name }: TableCount): Promise<string> {
  const { rows } = await source.query<{ column: string }>(
    `SELECT format('%I %s%s%s', attname, format_type(atttypid, atttypmod),
       CASE WHEN attcollation <> typcollation THEN (SELECT format(' COLLATE %I.%I', nspname, collname)
         FROM pg_collation o JOIN pg_namespace n ON n.oid = collnamespace WHERE o.oid = attcollation) END,
       CASE WHEN attnotnull THEN ' NOT NULL' END) AS column
     FROM pg_attribute JOIN pg_type t ON t.oid = atttypid WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [`${quoteName(schema)}.${quoteName(name)}`],
  );
  return rows.map(({ column }) => column).join(', ');
}

/** From one session of the server into another, as text: numbers of types in binary rows differ between databases. */
async function copyRows(
  { sessions, runs, note }: LoadContext,
  copy: TablesCopy,
  encoding: string,
  out: string,
  into: string,
): Promise<void> {
  const env = sessions.environment();
  const psql = (database: string, command: string, takesInput: boolean) =>
    runs(
      new Tool({
        command: 'psql',
        args: ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--command=${command}`],
        // Both speak the encoding of the existing database, so that only one of them converts.
        env: { ...env, PGDATABASE: database, PGOPTIONS: `${env.PGOPTIONS} ${TEXT}`, PGCLIENTENCODING: encoding },
        // A database whose system got another version of its collations warns every session.
        talk: new PgRestoreTalk(note, () => undefined).judge,
        ...{ takesInput, failure: { exit: 'restoreFailed', kind: 'client-failed' }, classify: restoreFailure },
      }),
    );
  const [reader, writer] = [psql(copy.from, out, false), psql(copy.database, into, true)];
  writer.stdout.resume();
  const flowing = pipeline(reader.stdout, writer.stdin!).catch(() => undefined);
  // What the writer complains of is the cause; that the reader could not go on is its consequence.
  const ended = await Promise.allSettled([writer.succeeded(), reader.succeeded(), flowing]);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

/** Compares the copied rows with the manifest. */
export async function compareTables(client: Client, copy: TablesCopy): Promise<RestoreDifference[]> {
  const differences: RestoreDifference[] = [];
  for (const table of copy.tables) {
    const { rows } = await client.query<{ n: string }>(
      `SELECT count(*) AS n FROM ${quoteName(ownSchema(copy))}.${quoteName(table.name)}`,
    );
    differences.push(...rowDifference(table, Number(rows[0]?.n)));
  }
  return differences;
}

/**
 * Gives the schema its name.
 *
 * @throws BackupError `targetRefused` if one of that name has come into being
 */
export async function publishSchema(client: Client, copy: TablesCopy): Promise<void> {
  const [own, name] = [quoteName(ownSchema(copy)), quoteName(copy.schema)];
  await client.query('BEGIN');
  try {
    await client.query(`ALTER SCHEMA ${own} RENAME TO ${name}`);
    await client.query(`COMMENT ON SCHEMA ${name} IS NULL`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw errorCode(error) === CODES.duplicateSchema ? schemaExists(copy) : error;
  }
}

/** Tables never replace others. */
export const schemaExists = ({ database, schema }: Pick<TablesCopy, 'database' | 'schema'>): BackupError =>
  new BackupError(
    'targetRefused',
    `schema ${schema} of database ${database} exists already, and nothing of it was touched: give another name with --as`,
    { kind: 'target-exists', object: schema, database },
  );
