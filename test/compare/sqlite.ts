import { createHash } from 'node:crypto';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { Fingerprint } from './fingerprint';

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A value with its type, so that 1, 1.0 and '1' differ. */
function described(value: SQLOutputValue): string {
  if (value instanceof Uint8Array) return `blob ${createHash('sha256').update(value).digest('hex')}`;
  return `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`;
}

function digest(database: DatabaseSync, table: string): string {
  const names = database.prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1').all(table);
  // Types are asked of SQLite: to JavaScript the numbers 1 and 1.0 are one.
  const columns = names.flatMap(({ name }) => [quote(String(name)), `typeof(${quote(String(name))})`]);
  const statement = database.prepare(`SELECT ${columns.join(', ')} FROM ${quote(table)}`);
  statement.setReturnArrays(true);
  statement.setReadBigInts(true);
  const rows: string[] = [];
  for (const row of statement.iterate() as Iterable<unknown>) {
    rows.push(JSON.stringify((row as SQLOutputValue[]).map(described)));
  }
  return `${rows.length} rows ${createHash('sha256').update(rows.sort().join('\n')).digest('hex')}`;
}

/** Names of all tables, the shadow tables of virtual ones included. */
export const sqliteTables = (database: DatabaseSync): string[] =>
  database
    .prepare(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow', 'virtual') ORDER BY 1",
    )
    .all()
    .map(({ name }) => String(name))
    .filter((name) => name !== 'sqlite_schema');

/** All that a copy of an SQLite database must hold. */
export function fingerprintSqlite(database: DatabaseSync): Fingerprint {
  const found: Record<string, string> = {};
  for (const pragma of ['user_version', 'application_id', 'encoding', 'integrity_check', 'auto_vacuum', 'page_size']) {
    found[`pragma ${pragma}`] = JSON.stringify(database.prepare(`PRAGMA ${pragma}`).all());
  }
  found['foreign keys that point nowhere'] = JSON.stringify(database.prepare('PRAGMA foreign_key_check').all());
  for (const { type, name, sql } of database.prepare('SELECT type, name, sql FROM sqlite_schema').all()) {
    found[`${String(type)} ${String(name)}`] = String(sql);
  }
  for (const table of sqliteTables(database)) found[`rows ${table}`] = digest(database, table);
  return found;
}
