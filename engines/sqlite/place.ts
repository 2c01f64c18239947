/** Steps of a restore that call SQLite, each of them as a process of its own: see `helper.ts`. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorCode } from '../../task/run/errors';
import { attempt, checkCopy, DamagedError, primaryCode, quote, type Checked, type SqliteError } from './check';
import { contentOf } from './content';
import { distrust } from './evidence';
import { isInWalMode } from './file';

/** Somebody may be looking at it for a moment. */
const BUSY_TIMEOUT_MS = 2000;

/** The new database, which is checked before it gets its name. */
export interface Preparation {
  readonly file: string;
  /** Writes into `file` nothing but these tables of another database, which is changed. */
  readonly cut?: { readonly from: string; readonly tables: readonly string[] };
  /** Whether it gets WAL mode, as the database had that it replaces. */
  readonly wal: boolean;
}

/** The last step. */
export interface Placement {
  readonly file: string;
  readonly target: string;
  /** Whether the target may have content. */
  readonly overwrite: boolean;
}

/** Why a step failed. */
export interface PlaceFailure {
  readonly kind: 'damaged' | 'in-use' | 'filled' | 'full' | 'other';
  readonly said: string;
}

export type PrepareResult = { readonly report: Checked } | { readonly failure: PlaceFailure };
export type PlaceResult = { readonly placed: true } | { readonly failure: PlaceFailure };

/** `main.js helper sqlite prepare <Preparation>` */
export const prepareMain = (text = ''): number => print(() => ({ report: prepare(JSON.parse(text) as Preparation) }));

/** `main.js helper sqlite place <Placement>` */
export const placeMain = (text = ''): number =>
  print(() => {
    place(JSON.parse(text) as Placement);
    return { placed: true };
  });

class FilledError extends Error {}
class InUseError extends Error {}

function print(step: () => object): number {
  try {
    process.stdout.write(`${JSON.stringify(step())}\n`);
    return 0;
  } catch (error) {
    const failure: PlaceFailure = { kind: kindOf(error), said: (error as Error).message };
    process.stdout.write(`${JSON.stringify({ failure })}\n`);
    return 1;
  }
}

/** SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL. https://www.sqlite.org/rescode.html */
function kindOf(error: unknown): PlaceFailure['kind'] {
  if (error instanceof DamagedError) return 'damaged';
  if (error instanceof FilledError || errorCode(error) === 'EEXIST') return 'filled';
  const code = primaryCode(error);
  if (error instanceof InUseError || code === 5 || code === 6) return 'in-use';
  return code === 13 || errorCode(error) === 'ENOSPC' ? 'full' : 'other';
}

function prepare({ file, cut, wal }: Preparation): Checked {
  if (cut) cutOut(file, cut.from, cut.tables);
  const database = new DatabaseSync(file);
  let checked: Checked;
  try {
    distrust(database);
    checked = checkCopy(database);
    if (wal) database.exec('PRAGMA journal_mode = WAL');
  } finally {
    database.close();
  }
  flush(file);
  return checked;
}

/** Drops everything else, with views and triggers, which would speak of tables that are not there. */
function cutOut(file: string, from: string, tables: readonly string[]): void {
  const database = new DatabaseSync(from, { enableForeignKeyConstraints: false });
  try {
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
    const names = (sql: string): string[] =>
      database
        .prepare(sql)
        .all()
        .map(({ name }) => String(name));
    for (const type of ['trigger', 'view'])
      for (const name of names(`SELECT name FROM sqlite_schema WHERE type = '${type}'`))
        database.exec(`DROP ${type} ${quote(name)}`);
    // A virtual table takes its own tables with it.
    for (const type of ['virtual', 'table'])
      for (const name of names(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = '${type}'`))
        if (!name.startsWith('sqlite_') && !tables.includes(name)) drop(database, name);
    if (!vacuumInto(database, file)) copyFileSync(from, file);
  } finally {
    database.close();
  }
}

/** Drops a table. To drop a virtual one SQLite needs its module: where only the application has that, its line is deleted. */
function drop(database: DatabaseSync, name: string): void {
  if (attempt(() => database.exec(`DROP TABLE ${quote(name)}`)) === undefined) return;
  database.enableDefensive(false);
  database.exec('PRAGMA writable_schema = ON');
  database.prepare("DELETE FROM sqlite_schema WHERE type = 'table' AND name = ? AND rootpage = 0").run(name);
  database.exec('PRAGMA writable_schema = RESET');
}

/** Whether a copy without free pages could be made: that needs the collations and functions of the application. */
function vacuumInto(database: DatabaseSync, file: string): boolean {
  try {
    database.prepare('VACUUM INTO ?').run(file);
    return true;
  } catch (error) {
    if (primaryCode(error) !== 1) throw error;
    rmSync(file, { force: true });
    return false;
  }
}

/**
 * Gives the new database its name. Whoever is killed on the way leaves the old database whole, or the new one, and never a journal
 * of the old beside the new, which SQLite would replay into it.
 */
function place({ file, target, overwrite }: Placement): void {
  if (!existsSync(target)) {
    refuseFilled(target, overwrite);
    removeJournals(target);
    // Unlike a rename it fails if somebody has made the target meanwhile.
    linkSync(file, target);
    flush(dirname(target));
    unlinkSync(file);
    return;
  }
  const wasWal = isInWalMode(target);
  const old = lock(target);
  try {
    refuseFilled(target, overwrite);
    refuseOpen(target);
    removeJournals(target);
    renameSync(file, target);
    flush(dirname(target));
  } catch (error) {
    // It stays, and as it was.
    if (old && wasWal) setWal(old);
    throw error;
  } finally {
    old?.close();
  }
}

/** In rollback mode an idle connection holds no lock, and would go on with the old file. Other hosts and containers are not seen. */
function refuseOpen(target: string): void {
  const { dev, ino } = statSync(target);
  const entries = (path: string): string[] => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  };
  const isTarget = (path: string): boolean => {
    try {
      const found = statSync(path);
      return found.dev === dev && found.ino === ino;
    } catch {
      return false;
    }
  };
  for (const id of entries('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid))
    if (entries(`/proc/${id}/fd`).some((descriptor) => isTarget(join('/proc', id, 'fd', descriptor))))
      throw new InUseError(`process ${id} has it open`);
}

/** Back to the mode in which the database was found, unless somebody has it. */
function setWal(database: DatabaseSync): void {
  try {
    if (database.isTransaction) database.exec('ROLLBACK');
    database.exec('PRAGMA journal_mode = WAL');
  } catch {
    // Whoever has it open now uses it as it is.
  }
}

/**
 * Opens the old database so that nobody else can use it, with all of it in its one file: what its journal has is rolled back or
 * moved into it.
 *
 * @returns nothing if it is empty, or no database
 * @throws SQLITE_BUSY if somebody uses it
 */
function lock(target: string): DatabaseSync | undefined {
  // SQLite begins a transaction on an empty file by a journal.
  if (statSync(target).size === 0) return undefined;
  const wasWal = isInWalMode(target);
  const database = new DatabaseSync(target, { timeout: BUSY_TIMEOUT_MS });
  try {
    // Ends WAL mode, which only the last connection can.
    const mode = database.prepare('PRAGMA journal_mode = DELETE').get();
    if (mode?.journal_mode !== 'delete') throw new InUseError('it stays in WAL mode: somebody has it open');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    // SQLITE_CORRUPT, SQLITE_NOTADB: nothing in it can be locked.
    const isNone = [11, 26].includes((error as SqliteError).errcode ?? 0);
    if (wasWal && !isNone) setWal(database);
    database.close();
    if (isNone) return undefined;
    throw error;
  }
}

function refuseFilled(target: string, overwrite: boolean): void {
  const holds = overwrite ? [] : contentOf(target);
  if (holds.length > 0) throw new FilledError(`it has ${holds.join(', ')}`);
}

function removeJournals(target: string): void {
  const found = ['-journal', '-wal', '-shm'].map((suffix) => `${target}${suffix}`).filter((path) => existsSync(path));
  if (found.length === 0) return;
  for (const path of found) rmSync(path);
  // On the disk before the new name is.
  flush(dirname(target));
}

/** Writes a file, or the entries of a directory, to the disk. */
function flush(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
