import { createReadStream, statSync, writeFileSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { EVIDENCE_FILE } from '../../catalog/bucket/evidence';
import { noteOf, type Note } from '../../catalog/contract/note';
import { formatBytes } from '../../catalog/units';
import { missingRoom } from '../../task/io/room';
import { BackupError } from '../../task/run/errors';
import type { DumpFacts, DumpStream, EngineContext, EngineDump } from '../engine';
import { evidenceStream } from '../shared/evidence-stream';
import type { SqliteNote } from './facts';
import { fileFault } from './file';
import { Helper } from './helper';
import type { SnapshotFailure, SnapshotReport, SnapshotResult } from './snapshot';

const ADVICE: Partial<Record<SnapshotFailure['kind'], string>> = {
  locked: '; another process holds an exclusive lock on it',
  'scratch-full':
    '; the snapshot needs as much scratch space as the database: raise ephemeralStorageGiB, or free disk of the instance',
  'hot-journal':
    '; an application died within a transaction, which must be rolled back first: open the database once with the application, or by "sqlite3 FILE .tables"',
  'folder-not-writable':
    '; a database in WAL mode needs its file -shm beside its -wal, or a folder that the backup may write to: open it once with the application',
};

/** Dump of an SQLite database: a copy of its pages, taken by SQLite itself, then streamed. */
export class SqliteDump implements EngineDump {
  private report: SnapshotReport | undefined;
  private helper: Helper | undefined;
  private readonly file: string;

  constructor(private readonly context: EngineContext) {
    const { file } = context.run.job;
    if (file === undefined) throw new Error('job of engine sqlite without a file');
    this.file = file;
  }

  preflight(): Promise<void> {
    const fault = fileFault(this.file);
    if (!fault) return Promise.resolve();
    const { kind, sentence, said } = fault;
    const reason = { kind, object: this.file, ...(said === undefined ? {} : { said }) };
    return Promise.reject(new BackupError('configuration', sentence, reason));
  }

  async *streams(): AsyncIterable<DumpStream> {
    const snapshot = join(this.context.scratch, 'snapshot.sqlite');
    this.report = await this.takeSnapshot(snapshot);
    const { size } = statSync(snapshot);
    this.tell(this.report, size);
    const bytes = createReadStream(snapshot, { highWaterMark: 256 * 1024 });
    const ended = finished(bytes);
    ended.catch(() => undefined);
    const file = `${encodeURIComponent(basename(this.file))}.zst`;
    let seen = 0;
    yield {
      file: file === EVIDENCE_FILE ? 'database.zst' : file,
      kind: 'file',
      format: 'sqlite',
      databases: [basename(this.file)],
      bytes,
      inspect: (chunk) => void (seen += chunk.length),
      table: () => undefined,
      succeeded: async () => {
        await ended;
        if (seen !== size)
          throw new BackupError('dumpFailed', `the snapshot of ${this.file} has ${size} bytes, but ${seen} were read`, {
            kind: 'dump-incomplete',
            object: this.file,
          });
      },
      stop: async () => {
        bytes.destroy();
        await ended.catch(() => undefined);
      },
    };
    if (this.report.evidence) yield evidenceStream(this.report.evidence);
  }

  facts(): Promise<DumpFacts> {
    if (!this.report) throw new Error('facts before the dump');
    const { sqliteVersion, tables } = this.report;
    const database = basename(this.file);
    return Promise.resolve({
      serverVersion: sqliteVersion,
      toolVersion: sqliteVersion,
      consistency: { snapshot: 'page-copy', rowCounts: 'file' },
      tables: tables.map((table) => ({ database, ...table })),
    });
  }

  async close(): Promise<void> {
    await this.helper?.stop();
  }

  private tell({ heldMs, lostCommits, notes }: SnapshotReport, bytes: number): void {
    this.context.log.info('snapshot', `copied ${bytes} bytes in ${heldMs} ms, in one read transaction`, {
      bytes,
      heldMs,
    });
    const database = basename(this.file);
    for (const { kind, objects, said } of notes)
      this.context.note({ ...noteOf(kind, objects, database), ...(said === undefined ? {} : { said }) });
    const lost: Note<SqliteNote> = { kind: 'lost-commits', database, count: lostCommits };
    if (lostCommits > 0) this.context.note(lost);
  }

  private async takeSnapshot(snapshot: string): Promise<SnapshotReport> {
    const { signal, digests, scratch } = this.context;
    await requireRoom(this.file, scratch);
    const plan = join(scratch, 'digests.json');
    writeFileSync(plan, JSON.stringify(digests));
    this.helper = new Helper([this.file, snapshot, plan]);
    const result = await this.helper.result<SnapshotResult>().catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
    signal.throwIfAborted();
    if ('report' in result) return result.report;
    throw snapshotError(this.file, result.failure);
  }
}

/** Why there is no snapshot of a file. */
export const snapshotError = (file: string, { kind, said }: SnapshotFailure): BackupError =>
  new BackupError('dumpFailed', `could not take a snapshot of ${file}: ${said}${ADVICE[kind] ?? ''}`, {
    ...{ kind, object: file, said },
  });

/**
 * Makes sure that a snapshot has room: at most it takes as much as the file and its write-ahead log, of which it has the newest pages.
 *
 * @param name what the failure calls the file
 * @throws BackupError `scratch-full`, before a byte is written
 */
export async function requireRoom(file: string, scratch: string, name = file): Promise<void> {
  const path = await realpath(file, { encoding: 'buffer' }).catch(() => undefined);
  // Whoever reads it says that it is gone.
  if (!path) return;
  const log = Buffer.concat([path, Buffer.from('-wal')]);
  const missing = await missingRoom(scratch, (await sizeOf(path)) + (await sizeOf(log)));
  if (!missing) return;
  const said = `${scratch} must have ${formatBytes(missing.needed)} free, got: ${formatBytes(missing.free)}`;
  throw snapshotError(name, { kind: 'scratch-full', said });
}

const sizeOf = (path: Buffer): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
