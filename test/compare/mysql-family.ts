import { createHash } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { escapeId } from 'mysql2/promise';
import type { MysqlFamilyServer } from '../servers/mysql-family';
import { engineOf } from '../servers/versions';
import type { Fingerprint } from './fingerprint';

type Row = Record<string, string | number | null>;

async function rows(connection: Connection, sql: string, values: unknown[] = []): Promise<Row[]> {
  const [result] = await connection.query<RowDataPacket[]>(sql, values);
  return result as Row[];
}

/** Names of the columns of every table of a database, in their order. */
async function columnsOf(connection: Connection, database: string): Promise<Map<string, string[]>> {
  const columns = await rows(
    connection,
    'SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = ? ORDER BY table_name, ordinal_position',
    [database],
  );
  const found = new Map<string, string[]>();
  for (const { t, c } of columns) found.set(String(t), [...(found.get(String(t)) ?? []), String(c)]);
  return found;
}

/** A row's columns are digested one by one, so that neither NULL and '' nor shifted columns look the same. */
async function digest(connection: Connection, from: string, columns: readonly string[]): Promise<string> {
  const row = columns.map((name) => `IFNULL(SHA2(${escapeId(name, true)}, 256), '-')`).join(', ');
  const digests = await rows(connection, `SELECT SHA2(CONCAT_WS(',', ${row}), 256) AS d FROM ${from} ORDER BY d`);
  const hash = createHash('sha256');
  for (const { d } of digests) hash.update(`${d}\n`);
  return `${digests.length} rows ${hash.digest('hex')}`;
}

/**
 * Result of `SHOW CREATE …`: all columns except the time at which the server created the object. MySQL writes the character
 * set of a column before its collation or not, after where it came from; it follows from the collation.
 */
async function definition(connection: Connection, kind: string, database: string, name: string): Promise<string> {
  const [row] = await rows(connection, `SHOW CREATE ${kind} ${escapeId(database, true)}.${escapeId(name, true)}`);
  return JSON.stringify({ ...row, Created: undefined }).replaceAll(/CHARACTER SET \w+ (?=COLLATE )/g, '');
}

const LISTS: Record<string, string> = {
  TRIGGER: 'SELECT trigger_name AS n FROM information_schema.triggers WHERE trigger_schema = ?',
  EVENT: 'SELECT event_name AS n FROM information_schema.events WHERE event_schema = ?',
};
const MYSQL_LISTS: Record<string, string> = {
  ...LISTS,
  LIBRARY: 'SELECT library_name AS n FROM information_schema.libraries WHERE library_schema = ?',
};

async function fingerprintDatabase(
  connection: Connection,
  database: string,
  lists: typeof LISTS,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const name = (kind: string, thing: unknown): string => `${kind.toLowerCase()} ${database}.${String(thing)}`;
  const [created] = await rows(connection, `SHOW CREATE DATABASE ${escapeId(database, true)}`);
  found[`database ${database}`] = JSON.stringify(created);
  await connection.query(`USE ${escapeId(database, true)}`);
  const tables = await rows(
    connection,
    'SELECT table_name AS n, table_type AS t FROM information_schema.tables WHERE table_schema = ?',
    [database],
  );
  const columns = await columnsOf(connection, database);
  for (const { n, t } of tables) {
    const kind = t === 'VIEW' || t === 'SEQUENCE' ? t : 'TABLE';
    found[name(kind, n)] = await definition(connection, kind, database, String(n));
    const from = `${escapeId(database, true)}.${escapeId(String(n), true)}`;
    if (kind === 'TABLE') {
      const names = columns.get(String(n))!;
      found[name('rows', n)] =
        t === 'SYSTEM VERSIONED'
          ? await digest(connection, `${from} FOR SYSTEM_TIME ALL`, [...names, 'row_start', 'row_end'])
          : await digest(connection, from, names);
    } else if (kind === 'SEQUENCE') {
      found[name('next value', n)] = JSON.stringify(await rows(connection, `SELECT * FROM ${from}`));
    }
  }
  for (const [kind, list] of Object.entries(lists)) {
    for (const { n } of await rows(connection, list, [database])) {
      found[name(kind, n)] = await definition(connection, kind, database, String(n));
    }
  }
  const order =
    'SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_order ' +
    'FROM information_schema.triggers WHERE trigger_schema = ? ORDER BY 1';
  found[name('trigger order', '*')] = JSON.stringify(await rows(connection, order, [database]));
  const routines =
    'SELECT routine_name AS n, routine_type AS t FROM information_schema.routines WHERE routine_schema = ?';
  for (const { n, t } of await rows(connection, routines, [database])) {
    found[name(String(t), n)] = await definition(connection, String(t), database, String(n));
  }
  return found;
}

/** All that a dump of these databases must bring back: definitions, rows with their history, sequences, routines, events. */
export async function fingerprintMysqlFamily(
  server: MysqlFamilyServer,
  databases: readonly string[],
): Promise<Fingerprint> {
  const connection = await server.connect();
  try {
    await connection.query(
      "SET time_zone = '+00:00', sql_mode = '', sql_quote_show_create = 1, SESSION group_concat_max_len = 1048576",
    );
    const lists = engineOf(server.version) === 'mysql' ? MYSQL_LISTS : LISTS;
    const all: Record<string, string> = {};
    for (const database of databases) Object.assign(all, await fingerprintDatabase(connection, database, lists));
    return all;
  } finally {
    await connection.end();
  }
}

/** Names of the databases of a server, without the system's own. */
export async function mysqlFamilyDatabases(server: MysqlFamilyServer): Promise<string[]> {
  const listed = await server.exec('SHOW DATABASES');
  const system = ['information_schema', 'mysql', 'performance_schema', 'sys'];
  return listed.split('\n').filter((name) => name !== '' && !system.includes(name));
}

/** Real number of rows of each base table, as `database.table` -> rows. */
export async function mysqlFamilyRowCounts(
  server: MysqlFamilyServer,
  databases: readonly string[],
): Promise<Map<string, number>> {
  const connection = await server.connect();
  try {
    const tables = await rows(
      connection,
      "SELECT table_schema AS d, table_name AS n FROM information_schema.tables WHERE table_schema IN (?) AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')",
      [databases],
    );
    const counts = new Map<string, number>();
    for (const { d, n } of tables) {
      const from = `${escapeId(String(d), true)}.${escapeId(String(n), true)}`;
      const [row] = await rows(connection, `SELECT COUNT(*) AS c FROM ${from}`);
      counts.set(`${d}.${n}`, Number(row!.c));
    }
    return counts;
  } finally {
    await connection.end();
  }
}
