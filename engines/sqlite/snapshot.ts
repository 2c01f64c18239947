import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Evidence } from '../../catalog/bucket/evidence';
import { checkCopy, DamagedError, primaryCode, type Checked, type SqliteError } from './check';
import { distrust, takeEvidence, type Digests } from './evidence';
import type { SqliteReason } from './facts';
import { isInWalMode } from './file';
import { lostCommits } from './wal';

/** A snapshot that was taken and checked. */
export interface SnapshotReport extends Checked {
  readonly sqliteVersion: string;
  /** How long the file was held: in rollback mode a writer's commit waits so long. Milliseconds. */
  readonly heldMs: number;
  /** Commits that the write-ahead log holds and SQLite no longer sees. */
  readonly lostCommits: number;
  /** If it was asked for. */
  readonly evidence?: Evidence;
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

/** How often a copy is tried of a database that somebody opens and closes meanwhile. */
const TRIES = 3;
/** Whoever closes a database last takes this long at most to remove what is beside it. */
const CLOSING_MS = 100;
/** What SQLite keeps beside a database that somebody has open, or had open when he died. */
const SIDE_SUFFIXES = ['-wal', '-shm', '-journal'];

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
 * `main.js helper sqlite <database> <snapshot> <file with Digests>`: a process of its own, because SQLite's calls block and a run must always be
 * able to stop. Copies all pages and takes evidence in one read transaction, then checks the copy, which has the same bytes, and counts its rows.
 * Pages, and not `VACUUM INTO`: that needs the application's own collations and functions, writes what it still can read of a
 * damaged file into a sound one, and renumbers rows that full-text indexes point to.
 *
 * @returns the exit code
 */
export async function snapshotMain([file = '', snapshot = '', digests]: readonly string[]): Promise<number> {
  const result = await takeSnapshot(file, snapshot, digests);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return 'report' in result ? 0 : 1;
}

async function takeSnapshot(file: string, snapshot: string, digests?: string): Promise<SnapshotResult> {
  try {
    const copied = await copy(file, snapshot, digests);
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
  // Then it is the file of the shared memory that SQLite could not make.
  return kind === 'file-unreadable' && isInWalMode(file) ? 'folder-not-writable' : kind;
}

type Copied = Pick<SnapshotReport, 'heldMs' | 'lostCommits' | 'evidence'>;

/**
 * In WAL mode SQLite needs files beside the database, also to read it: where it cannot make them, as on a read-only mount, it only
 * opens what somebody else has open. What nobody has open, and nobody opens while it is copied, needs no lock.
 */
async function copy(file: string, snapshot: string, digests?: string): Promise<Copied> {
  for (let left = TRIES; ; left--) {
    const before = restOf(file);
    try {
      return await copyOnce(file, snapshot, { digests });
    } catch (error) {
      if (left === 1 || kindOf(error as SqliteError, file) !== 'folder-not-writable') throw error;
      if (before === undefined) {
        await sleep(CLOSING_MS);
        if (restOf(file) === undefined) throw error;
        continue;
      }
    }
    const copied = await copyOnce(file, snapshot, { digests, immutable: true });
    if (restOf(file) === before) return copied;
  }
}

/** Changes whenever somebody writes to a database; `undefined` while somebody has it open. */
function restOf(file: string): string | undefined {
  try {
    const path = realpathSync(file);
    if (SIDE_SUFFIXES.some((suffix) => existsSync(`${path}${suffix}`))) return undefined;
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return undefined;
  }
}

async function copyOnce(
  file: string,
  snapshot: string,
  { digests, immutable }: { readonly digests?: string; readonly immutable?: boolean },
): Promise<Copied> {
  const url = pathToFileURL(file);
  url.searchParams.set('mode', 'ro');
  if (immutable) url.searchParams.set('immutable', '1');
  const source = new DatabaseSync(url, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  let since: number;
  let lost: number;
  let evidence: Evidence | undefined;
  try {
    // The transaction is one snapshot, and no writer can make the copy start over. Its first statement waits for locks.
    distrust(source);
    source.exec('BEGIN');
    source.prepare('PRAGMA schema_version').get();
    since = Date.now();
    lost = lostCommits(`${realpathSync(file)}-wal`);
    await backup(source, snapshot, { rate: ALL_PAGES });
    // Of the source: that the copy has the same is to be shown.
    if (digests !== undefined) {
      const plan = JSON.parse(readFileSync(digests, 'utf8')) as Digests;
      evidence = takeEvidence(source, basename(file), plan, Date.now() - since);
    }
  } finally {
    source.close();
  }
  return { heldMs: Date.now() - since, lostCommits: lost, ...(evidence && { evidence }) };
}

function inspect(snapshot: string): Checked & Pick<SnapshotReport, 'sqliteVersion'> {
  // Not read-only: SQLite ignores CHECK constraints then.
  const database = new DatabaseSync(snapshot);
  try {
    distrust(database);
    // A copy of a database in WAL mode is in WAL mode, which needs a writable folder.
    database.exec('PRAGMA journal_mode = DELETE');
    const sqliteVersion = String(database.prepare('SELECT sqlite_version() AS v').get()?.v);
    return { sqliteVersion, ...checkCopy(database) };
  } finally {
    database.close();
  }
}
