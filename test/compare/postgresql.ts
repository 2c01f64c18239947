import type { Client } from 'pg';
import { escapeIdentifier } from 'pg';
import type { PostgresqlServer } from '../servers/postgresql';
import type { Fingerprint } from './fingerprint';

/** Facts that `pg_dump --schema-only` does not print, each as rows of text. */
const BESIDES: Record<string, string> = {
  'large object':
    "SELECT m.oid::text AS name, count(p) || ' pages ' || coalesce(md5(string_agg(p.data, '' ORDER BY pageno)), '') || " +
    "' owner ' || pg_get_userbyid(lomowner) || ' ' || coalesce(lomacl::text, '') || ' ' || coalesce(obj_description(m.oid, 'pg_largeobject'), '') AS value " +
    'FROM pg_largeobject_metadata m LEFT JOIN pg_largeobject p ON p.loid = m.oid GROUP BY m.oid, lomowner, lomacl',
  extension: 'SELECT extname AS name, extversion AS value FROM pg_extension',
  'invalid index': "SELECT indexrelid::regclass::text AS name, '' AS value FROM pg_index WHERE NOT indisvalid",
  'constraint not validated':
    "SELECT conrelid::regclass || ' ' || conname AS name, '' AS value FROM pg_constraint WHERE NOT convalidated",
  database:
    "SELECT datname AS name, pg_encoding_to_char(encoding) || ' ' || datcollate || ' ' || datctype || ' ' || datlocprovider::text AS value " +
    'FROM pg_database WHERE datname = current_database()',
};

const RELATIONS = `SELECT format('%I.%I', nspname, relname) AS name, relkind, relispopulated AS populated FROM pg_class c
  JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relkind IN ('r', 'm', 'S')`;

/** `t` alone would be the column of that name, if there is one. A row as text tells NULL from '', and every type by its exact form under the settings of {@link fingerprintDatabase}. */
const digest = (name: string): string =>
  `SELECT count(*) || ' rows ' || coalesce(md5(string_agg(d, '' ORDER BY d)), '') AS value FROM (SELECT md5((t.*)::text) AS d FROM ONLY ${name} t) x`;

async function values(client: Client, sql: string): Promise<{ name: string; value: string }[]> {
  return (await client.query<{ name: string; value: string }>(sql)).rows;
}

async function fingerprintDatabase(server: PostgresqlServer, database: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const client = await server.connect(database);
  try {
    await client.query(
      "SET timezone = 'UTC'; SET extra_float_digits = 3; SET datestyle = ISO; SET intervalstyle = postgres",
    );
    for (const [kind, sql] of Object.entries(BESIDES)) {
      for (const { name, value } of await values(client, sql)) found[`${kind} ${database} ${name}`] = value;
    }
    const relations = await client.query<{ name: string; relkind: string; populated: boolean }>(RELATIONS);
    for (const { name, relkind, populated } of relations.rows) {
      const kind = relkind === 'S' ? 'next value' : 'rows';
      const sql = relkind === 'S' ? `SELECT last_value || ' ' || is_called AS value FROM ${name}` : digest(name);
      found[`${kind} ${database} ${name}`] = populated ? (await values(client, sql))[0]!.value : 'not populated';
    }
  } finally {
    await client.end();
  }
  const text = await server.tool('pg_dump', [
    '-s',
    '-C',
    '--restrict-key=x',
    '-d',
    `dbname=${escapeConnection(database)}`,
  ]);
  for (const statement of text.split(/\n\n\n?--\n/)) {
    const title = statement.split('\n')[0]!;
    found[`definition ${database} ${title}`] = statement;
  }
  return found;
}

const escapeConnection = (name: string): string => `'${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** All that a dump must bring back: definitions, rows, sequences, large objects; and the server's roles. */
export async function fingerprintPostgresql(
  server: PostgresqlServer,
  databases: readonly string[],
): Promise<Fingerprint> {
  const roles = await server.tool('pg_dumpall', ['--globals-only', '--restrict-key=x']);
  // A password is hashed anew with a new salt each time that it is set: only the administrator's own differs.
  const lines = roles.split('\n').filter((line) => line !== '' && !line.startsWith('ALTER ROLE postgres WITH'));
  const all: Record<string, string> = Object.fromEntries(lines.map((line) => [`role ${line}`, line]));
  for (const database of databases) Object.assign(all, await fingerprintDatabase(server, database));
  return all;
}

/** Names of the databases of a server, without templates and its own. */
export async function postgresqlDatabases(server: PostgresqlServer): Promise<string[]> {
  const sql = "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1";
  return (await server.exec(sql)).split('\n').filter((name) => name !== '');
}

/** Real number of rows of each table, as `database schema table` -> rows. */
export async function postgresqlRowCounts(server: PostgresqlServer, database: string): Promise<Map<string, number>> {
  const client = await server.connect(database);
  try {
    const sql = `SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relkind = 'r'`;
    const counts = new Map<string, number>();
    for (const { nspname, relname } of (await client.query<{ nspname: string; relname: string }>(sql)).rows) {
      const from = `${escapeIdentifier(nspname)}.${escapeIdentifier(relname)}`;
      const [row] = await values(client, `SELECT count(*) AS value FROM ONLY ${from}`);
      counts.set(`${database} ${nspname} ${relname}`, Number(row!.value));
    }
    return counts;
  } finally {
    await client.end();
  }
}
