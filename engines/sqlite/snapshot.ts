import { existsSync, realpathSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { checkCopy, DamagedError, primaryCode, type Checked, type SqliteError } from './check';
import type { SqliteReason } from './facts';
import { lostCommits } from './wal';

/** A snapshot that was taken and checked. */
export interface SnapshotReport extends Checked {
  readonly sqliteVersion: string;
  /** How long the file was held: in rollback mode a writer's commit waits so long. Milliseconds. */
  readonly heldMs: number;
  /** Commits that the write-ahead log holds and SQLite no longer sees. */
  readonly lostCommits: number;
}

/** Why no snapshot was taken. */
export interface SnapshotFailure {
  readonly kind: SqliteReason | 'other';
  readonly said: string;
}

/** The one line of JSON that the helper prints. */
export type SnapshotResult = { readonly report: SnapshotReport } | { readonly failure: SnapshotFailure };

const BUSY_TIMEOUT_MS = 30_000;
/** More than any file has: all pages in one step. */
const ALL_PAGES = 2 ** 31 - 1;

/** Extended result codes, then primary ones. https://www.sqlite.org/rescode.html */
const KINDS: Readonly<Record<number, SqliteReason>> = {
  776: 'hot-journal', // SQLITE_READONLY_ROLLBACK
  264: 'folder-not-writable', // SQLITE_READONLY_RECOVERY
  520: 'folder-not-writable', // SQLITE_READONLY_CANTLOCK
  1288: 'folder-not-writable', // SQLITE_READONLY_CANTINIT
  1544: 'folder-not-writable', // SQLITE_READONLY_DIRECTORY
  5: 'locked', // SQLITE_BUSY
  6: 'locked', // SQLITE_LOCKED
  11: 'damaged', // SQLITE_CORRUPT
  13: 'scratch-full', // SQLITE_FULL
  14: 'file-unreadable', // SQLITE_CANTOPEN
  26: 'not-a-database', // SQLITE_NOTADB
};

/**
 * `main.js helper sqlite <database> <snapshot>`: a process of its own, because SQLite's calls block and a run must always be
 * able to stop. Copies all pages in one read transaction, then checks the copy, which has the same bytes, and counts its rows.
 * Pages, and not `VACUUM INTO`: that needs the application's own collations and functions, writes what it still can read of a
 * damaged file into a sound one, and renumbers rows that full-text indexes point to.
 *
 * @returns the exit code
 */
export async function snapshotMain([file = '', snapshot = '']: readonly string[]): Promise<number> {
  const result = await takeSnapshot(file, snapshot);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return 'report' in result ? 0 : 1;
}

async function takeSnapshot(file: string, snapshot: string): Promise<SnapshotResult> {
  try {
    const copied = await copy(file, snapshot);
    return { report: { ...copied, ...inspect(snapshot) } };
  } catch (error) {
    const { message, errcode } = error as SqliteError;
    if (error instanceof DamagedError) return { failure: { kind: 'damaged', said: message } };
    const code = errcode === undefined ? '' : ` (SQLite code ${errcode})`;
    return { failure: { kind: kindOf(error as SqliteError, file), said: `${message}${code}` } };
  }
}

function kindOf(error: SqliteError, file: string): SnapshotFailure['kind'] {
  const kind = KINDS[error.errcode ?? 0] ?? KINDS[primaryCode(error)] ?? 'other';
  // With a log beside it, it is the file of the shared memory that SQLite could not make.
  return kind === 'file-unreadable' && existsSync(`${file}-wal`) ? 'folder-not-writable' : kind;
}

async function copy(file: string, snapshot: string): Promise<Pick<SnapshotReport, 'heldMs' | 'lostCommits'>> {
  const url = pathToFileURL(file);
  url.searchParams.set('mode', 'ro');
  const source = new DatabaseSync(url, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  let since: number;
  let lost: number;
  try {
    // The transaction is one snapshot, and no writer can make the copy start over. Its first statement waits for locks.
    source.exec('BEGIN');
    source.prepare('PRAGMA schema_version').get();
    since = Date.now();
    lost = lostCommits(`${realpathSync(file)}-wal`);
    await backup(source, snapshot, { rate: ALL_PAGES });
  } finally {
    source.close();
  }
  return { heldMs: Date.now() - since, lostCommits: lost };
}

function inspect(snapshot: string): Checked & Pick<SnapshotReport, 'sqliteVersion'> {
  // Not read-only: SQLite ignores CHECK constraints then.
  const database = new DatabaseSync(snapshot);
  try {
    // A copy of a database in WAL mode is in WAL mode, which needs a writable folder.
    database.exec('PRAGMA journal_mode = DELETE');
    const sqliteVersion = String(database.prepare('SELECT sqlite_version() AS v').get()?.v);
    return { sqliteVersion, ...checkCopy(database) };
  } finally {
    database.close();
  }
}
