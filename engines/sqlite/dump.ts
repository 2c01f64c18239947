import { closeSync, createReadStream, openSync, readSync, statSync, statfsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { BackupError, errorText } from '../../task/run/errors';
import { Tool } from '../../task/io/tool';
import type { DumpFacts, DumpStream, EngineContext, EngineDump } from '../engine';
import type { SqliteReason } from './facts';
import type { SnapshotFailure, SnapshotReport, SnapshotResult } from './snapshot';

const ADVICE: Partial<Record<SnapshotFailure['kind'], string>> = {
  locked: '; another process holds an exclusive lock on it',
  'scratch-full': '; the snapshot needs as much scratch space as the database: raise ephemeralStorageGiB',
};

/** Dump of an SQLite database: a snapshot of the file, taken by SQLite itself, then streamed. */
export class SqliteDump implements EngineDump {
  private report: SnapshotReport | undefined;
  private tool: Tool | undefined;
  private readonly file: string;

  constructor(private readonly context: EngineContext) {
    const { file } = context.run.job;
    if (file === undefined) throw new Error('job of engine sqlite without a file');
    this.file = file;
  }

  preflight(): Promise<void> {
    const fault = sqliteFault(this.file);
    if (!fault) return Promise.resolve();
    const { kind, sentence, said } = fault;
    const reason = { kind, object: this.file, ...(said === undefined ? {} : { said }) };
    return Promise.reject(new BackupError('configuration', sentence, reason));
  }

  async *streams(): AsyncIterable<DumpStream> {
    const snapshot = join(this.context.scratch, 'snapshot.sqlite');
    this.report = await this.takeSnapshot(snapshot);
    const { size } = statSync(snapshot);
    const bytes = createReadStream(snapshot, { highWaterMark: 256 * 1024 });
    const ended = finished(bytes);
    ended.catch(() => undefined);
    let seen = 0;
    yield {
      file: `${encodeURIComponent(basename(this.file))}.zst`,
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
  }

  facts(): Promise<DumpFacts> {
    if (!this.report) throw new Error('facts before the dump');
    const { sqliteVersion, tables } = this.report;
    const database = basename(this.file);
    return Promise.resolve({
      serverVersion: sqliteVersion,
      toolVersion: sqliteVersion,
      consistency: { snapshot: 'vacuum-into', rowCounts: 'file' },
      tables: tables.map((table) => ({ database, ...table })),
    });
  }

  async close(): Promise<void> {
    await this.tool?.stop();
  }

  private async takeSnapshot(snapshot: string): Promise<SnapshotReport> {
    const args = ['--no-warnings', process.argv[1] ?? '', 'helper', 'sqlite', this.file, snapshot];
    this.tool = new Tool({ command: process.execPath, args });
    let text = '';
    this.tool.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const ended = await this.tool.succeeded().catch((error: unknown) => error);
    if (this.context.signal.aborted) throw this.context.signal.reason;
    const result = parseResult(text);
    // A helper that was killed said nothing.
    if (!result) throw ended;
    if ('report' in result) return result.report;
    const { kind, said } = result.failure;
    throw new BackupError(
      'dumpFailed',
      `could not take a snapshot of ${this.file}: ${said}${ADVICE[kind] ?? ''}`,
      { kind, object: this.file, said },
      { cause: ended },
    );
  }
}

/** Reads the helper's output; `undefined` if it was killed before it printed any. */
function parseResult(text: string): SnapshotResult | undefined {
  try {
    return JSON.parse(text) as SnapshotResult;
  } catch {
    return undefined;
  }
}

/** `f_type` of statfs(2) for NFS, by which EFS is mounted. */
const NFS = 0x6969;
const WAL_MODE = 2;

/** Why a file cannot be backed up. */
interface FileFault {
  readonly kind: SqliteReason;
  readonly sentence: string;
  readonly said?: string;
}

/** Checks the header of a file. https://www.sqlite.org/fileformat.html#the_database_header */
function sqliteFault(file: string): FileFault | undefined {
  const header = Buffer.alloc(20);
  let length: number;
  try {
    const descriptor = openSync(file, 'r');
    length = readSync(descriptor, header, 0, header.length, 0);
    closeSync(descriptor);
  } catch (error) {
    const said = errorText(error);
    return {
      kind: 'file-unreadable',
      sentence: `could not read the database ${file}: ${said}: check the path, and that the access point's user may read it`,
      said,
    };
  }
  // To SQLite an empty file is an empty database; here it is a mistake.
  if (length < header.length || header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    return {
      kind: 'not-a-database',
      sentence: `${file} is ${length === 0 ? 'empty' : 'not an SQLite database'}: give the path of the database file, below the access point`,
    };
  return walFault(file, header[18] ?? 0, statfsSync(file).type);
}

/**
 * Refuses WAL mode on a network file system: the processes of a database share memory in that mode, so all of them must be on
 * one host. Another host may read a stale or torn state without an error. https://www.sqlite.org/wal.html
 *
 * @param writeVersion byte 18 of the header
 * @param fileSystem `f_type` of the file system
 */
export const walFault = (file: string, writeVersion: number, fileSystem: number): FileFault | undefined =>
  writeVersion === WAL_MODE && fileSystem === NFS
    ? {
        kind: 'wal-on-network',
        sentence: `${file} is in WAL mode on a network file system, where SQLite cannot read it safely from another host than its writer's: run "PRAGMA journal_mode = DELETE" on it once`,
      }
    : undefined;
