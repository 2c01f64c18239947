/** Evidence of a database file: what SQLite says of it through the read transaction whose pages are copied. */
import { createHash, type Hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { EVIDENCE_FORMAT, type Evidence, type InventoryObject, type TableDigest } from '../../catalog/bucket/evidence';
import type { EngineContext } from '../engine';
import { attempt, quote } from './check';

/** Version of the questions below. */
const QUESTIONS = 1;
/** What digests may take of a small database. In rollback mode a writer's commit waits so long. Milliseconds. */
const LEAST_MS = 500;
/** A longer definition is told by its hash. Characters. */
const SHOWN_DEFINITION = 4096;
/** SQLite allows expressions 1,000 deep, and results of 2,000 columns. */
const COLUMNS_A_TYPE_TEXT = 100;
const ROWS_A_LOOK = 256;

export type Digests = EngineContext['digests'];

/** What can be done to a connection so that nothing in its schema runs but plain SQL functions of SQLite. */
export function distrust(database: DatabaseSync): void {
  database.enableDefensive(true);
  database.exec('PRAGMA trusted_schema = OFF');
}

/**
 * Asks a database for its inventory and the digests of its tables. Runs nothing of the schema but expressions of views that are
 * compiled: generated columns that are not stored are not read.
 *
 * @param database a connection within a transaction
 * @param name what the backup calls the database
 * @param copyMs how long the copy of its pages took, of which digests may take a share
 */
export function takeEvidence(database: DatabaseSync, name: string, digests: Digests, copyMs: number): Evidence {
  const taken: TableDigest[] = [];
  const undigested: Evidence['undigested'] = [];
  const until = digests.kind === 'share' ? Date.now() + Math.max(LEAST_MS, digests.share * copyMs) : Infinity;
  for (const { table, why } of plan(database, name, digests)) {
    const shown = `${name}.${table}`;
    let digest: Omit<TableDigest, 'table'> | undefined;
    const missing = why === undefined && attempt(() => (digest = digestOf(database, table, until))) !== undefined;
    if (digest) taken.push({ table: shown, ...digest });
    else undigested.push({ table: shown, why: why ?? (missing ? 'unsupported' : 'budget') });
  }
  const inventory = [...settings(database, name), ...objects(database, name), ...sequences(database, name)];
  return { formatVersion: EVIDENCE_FORMAT, questions: QUESTIONS, inventory, digests: taken, undigested };
}

interface Planned {
  readonly table: string;
  /** Why it gets no digest. */
  readonly why?: string;
}

/** All tables that hold rows, those of virtual tables too, the smallest first as far as that can be guessed. */
function plan(database: DatabaseSync, name: string, digests: Digests): readonly Planned[] {
  const tables = database
    .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')")
    .all()
    .map((row) => String(row.name))
    .filter((table) => !table.startsWith('sqlite_'))
    .map((table) => ({ table, guess: guessedRows(database, table) }))
    .sort((a, b) => a.guess - b.guess || (a.table < b.table ? -1 : 1))
    .map(({ table }) => table);
  if (digests.kind === 'none') return tables.map((table) => ({ table, why: 'off' }));
  if (digests.kind === 'same') {
    const wanted = new Set(digests.evidence.digests.map(({ table }) => table));
    return tables.map((table) => ({ table, ...(wanted.has(`${name}.${table}`) ? {} : { why: 'budget' }) }));
  }
  if (digests.kind !== 'up-to') return tables.map((table) => ({ table }));
  const size = database.prepare('SELECT sum(pgsize) AS bytes FROM dbstat WHERE name = ?');
  return tables.map((table) => ({
    table,
    ...(Number(size.get(table)?.bytes) <= digests.bytes ? {} : { why: 'budget' }),
  }));
}

/** The largest row id, which costs one look. A table without row ids comes last. */
function guessedRows(database: DatabaseSync, table: string): number {
  let rows = Infinity;
  attempt(() => {
    const statement = database.prepare(`SELECT max(_rowid_) AS n FROM ${quote(table)} NOT INDEXED`);
    statement.setReadBigInts(true);
    rows = Number(statement.get()?.n ?? 0);
  });
  return rows;
}

/**
 * SHA-256 over the rows in the order of the table's tree, which a copy of its pages keeps. A value is its type with its exact
 * bytes: NULL is no empty text, 1 neither 1.0 nor '1', and text is taken as the file has it, also if it is no valid UTF-8.
 *
 * @returns nothing if the time is up
 */
function digestOf(database: DatabaseSync, table: string, until: number): Omit<TableDigest, 'table'> | undefined {
  if (Date.now() > until) return undefined;
  const columns = database
    .prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (0, 3)')
    .all(table)
    .map((row) => quote(String(row.name)));
  const values = columns.map((column) => `iif(typeof(${column}) = 'text', CAST(${column} AS BLOB), ${column})`);
  const types: string[] = [];
  for (let at = 0; at < columns.length; at += COLUMNS_A_TYPE_TEXT)
    types.push(
      columns
        .slice(at, at + COLUMNS_A_TYPE_TEXT)
        .map((column) => `substr(typeof(${column}), 1, 1)`)
        .join(' || '),
    );
  const statement = database.prepare(`SELECT ${[...types, ...values].join(', ')} FROM ${quote(table)} NOT INDEXED`);
  statement.setReturnArrays(true);
  statement.setReadBigInts(true);
  const hash = createHash('sha256').update(columns.join(','));
  let rows = 0;
  for (const row of statement.iterate() as Iterable<unknown>) {
    if (++rows % ROWS_A_LOOK === 0 && Date.now() > until) return undefined;
    addRow(hash, row as readonly unknown[]);
  }
  return { rows, digest: hash.digest('hex') };
}

function addRow(hash: Hash, row: readonly unknown[]): void {
  let text = '';
  const bytes: Uint8Array[] = [];
  for (const value of row) {
    if (ArrayBuffer.isView(value)) bytes.push(value as Uint8Array);
    text += `${ArrayBuffer.isView(value) ? value.byteLength : Object.is(value, -0) ? '-0' : String(value)},`;
  }
  hash.update(text);
  for (const value of bytes) hash.update(value);
}

function settings(database: DatabaseSync, name: string): readonly InventoryObject[] {
  const pragmas = { encoding: 'encoding', userVersion: 'user_version', applicationId: 'application_id' };
  const more = { pageSize: 'page_size', autoVacuum: 'auto_vacuum' };
  const facts = Object.entries({ ...pragmas, ...more }).map(([fact, pragma]) => [
    fact,
    Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] as string | number,
  ]);
  return [{ kind: 'database', name, facts: Object.fromEntries(facts) as InventoryObject['facts'] }];
}

function objects(database: DatabaseSync, name: string): readonly InventoryObject[] {
  const rows = database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();
  return rows.map((row) => {
    const [kind, own, sql] = [String(row.type), String(row.name), row.sql === null ? null : String(row.sql)];
    const facts: InventoryObject['facts'] = { definition: sql === null ? null : definitionText(sql) };
    if (kind === 'index' || kind === 'trigger') facts.table = String(row.tbl_name);
    // A view may be broken in the source, too.
    if (kind === 'view') facts.usable = attempt(() => database.prepare(`SELECT * FROM ${quote(own)}`)) === undefined;
    return { kind, name: `${name}.${own}`, facts };
  });
}

const definitionText = (sql: string): string =>
  sql.length <= SHOWN_DEFINITION ? sql : `SHA-256 ${createHash('sha256').update(sql).digest('hex')}`;

/** The last keys of AUTOINCREMENT. An application may have written what it likes into this table. */
function sequences(database: DatabaseSync, name: string): readonly InventoryObject[] {
  const exists = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").get();
  if (!exists) return [];
  const sql = 'SELECT name, group_concat(seq) AS value FROM sqlite_sequence GROUP BY name ORDER BY name';
  return database
    .prepare(sql)
    .all()
    .map((row) => ({
      ...{ kind: 'sequence', name: `${name}.${String(row.name)}` },
      facts: { value: row.value === null ? null : String(row.value) },
    }));
}
