import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/** What the snapshot process prints, as one line of JSON. */
export interface SnapshotReport {
  readonly sqliteVersion: string;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
}

const BUSY_TIMEOUT_MS = 30_000;
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * `main.js sqlite-snapshot <database> <snapshot>`: a process of its own, because SQLite's calls block and a run must
 * always be able to stop. Copies by `VACUUM INTO`, which reads one snapshot even beside a writer, where the backup API
 * would start over at each write; then checks and counts the copy itself. https://www.sqlite.org/lang_vacuum.html
 *
 * @returns the exit code
 */
export function snapshotMain([file = '', snapshot = '']: readonly string[]): number {
  try {
    copy(file, snapshot);
    process.stdout.write(`${JSON.stringify(inspect(snapshot))}\n`);
    return 0;
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    process.stderr.write(`${message}${errcode === undefined ? '' : ` (SQLite code ${errcode})`}\n`);
    return 1;
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
    if (integrity.join() !== 'ok') throw new Error(`integrity_check says: ${integrity.slice(0, 5).join('; ')}`);
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
