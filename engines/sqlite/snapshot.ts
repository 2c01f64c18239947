import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { SqliteReason } from './facts';

/** A snapshot that was taken and checked. */
export interface SnapshotReport {
  readonly sqliteVersion: string;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
}

/** Why no snapshot was taken. */
export interface SnapshotFailure {
  readonly kind: SqliteReason | 'other';
  readonly said: string;
}

/** The one line of JSON that the helper prints. */
export type SnapshotResult = { readonly report: SnapshotReport } | { readonly failure: SnapshotFailure };

const BUSY_TIMEOUT_MS = 30_000;
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Primary result codes. https://www.sqlite.org/rescode.html */
const KINDS: Readonly<Record<number, SqliteReason>> = {
  5: 'locked', // SQLITE_BUSY
  6: 'locked', // SQLITE_LOCKED
  11: 'damaged', // SQLITE_CORRUPT
  13: 'scratch-full', // SQLITE_FULL
  14: 'file-unreadable', // SQLITE_CANTOPEN
  26: 'not-a-database', // SQLITE_NOTADB
};

class DamagedError extends Error {}

/**
 * `main.js helper sqlite <database> <snapshot>`: a process of its own, because SQLite's calls block and a run must always be
 * able to stop. Copies by `VACUUM INTO`, which reads one snapshot even while others write, where the backup API would start
 * over at each write; then checks the copy and counts its rows. https://www.sqlite.org/lang_vacuum.html
 *
 * @returns the exit code
 */
export function snapshotMain([file = '', snapshot = '']: readonly string[]): number {
  const result = takeSnapshot(file, snapshot);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return 'report' in result ? 0 : 1;
}

function takeSnapshot(file: string, snapshot: string): SnapshotResult {
  try {
    copy(file, snapshot);
    return { report: inspect(snapshot) };
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    if (error instanceof DamagedError) return { failure: { kind: 'damaged', said: message } };
    const code = errcode === undefined ? '' : ` (SQLite code ${errcode})`;
    // The lower byte is the primary code of an extended one.
    return { failure: { kind: KINDS[(errcode ?? 0) & 0xff] ?? 'other', said: `${message}${code}` } };
  }
}

function copy(file: string, snapshot: string): void {
  const url = pathToFileURL(file);
  url.searchParams.set('mode', 'ro');
  const database = new DatabaseSync(url, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    database.prepare('VACUUM INTO ?').run(snapshot);
  } finally {
    database.close();
  }
}

function inspect(snapshot: string): SnapshotReport {
  const database = new DatabaseSync(snapshot, { readOnly: true });
  try {
    const rows = (sql: string) => database.prepare(sql).all();
    const integrity = rows('PRAGMA integrity_check').map((row) => String(row.integrity_check));
    if (integrity.join() !== 'ok') throw new DamagedError(`integrity_check says: ${integrity.slice(0, 5).join('; ')}`);
    const tables = rows(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
      .map((row) => String(row.name))
      .map((name) => ({ name, rows: Number(rows(`SELECT count(*) AS n FROM ${quote(name)}`)[0]?.n) }));
    return { sqliteVersion: String(rows('SELECT sqlite_version() AS v')[0]?.v), tables };
  } finally {
    database.close();
  }
}
