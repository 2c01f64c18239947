import { closeSync, createReadStream, openSync, readSync, statSync, statfsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { BackupError } from '../../task/run/errors';
import { Tool } from '../../task/io/tool';
import type { DumpFacts, DumpStream, EngineContext, EngineDump } from '../engine';
import type { SnapshotReport } from './snapshot';

/** SQLite: a snapshot of the file, taken through SQLite, then streamed. */
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
    return fault === undefined ? Promise.resolve() : Promise.reject(new BackupError('configuration', fault));
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
          throw new BackupError('dumpFailed', `the snapshot of ${this.file} has ${size} bytes, but ${seen} were read`);
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
    const args = ['--no-warnings', process.argv[1] ?? '', 'sqlite-snapshot', this.file, snapshot];
    this.tool = new Tool({ command: process.execPath, args, talk: /^$/ });
    let text = '';
    this.tool.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    try {
      await this.tool.succeeded();
      return JSON.parse(text) as SnapshotReport;
    } catch (error) {
      if (this.context.signal.aborted) throw this.context.signal.reason;
      const detail = error instanceof BackupError ? error.message : String(error);
      const advice = /locked/.test(detail)
        ? '; another process holds an exclusive lock on it'
        : /full/.test(detail)
          ? '; the snapshot needs as much scratch space as the database: raise ephemeralStorageGiB'
          : '';
      throw new BackupError('dumpFailed', `could not take a snapshot of ${this.file}: ${detail}${advice}`, {
        cause: error,
      });
    }
  }
}

/** `f_type` of statfs(2) for NFS, by which EFS is mounted. */
const NFS = 0x6969;
const WAL_MODE = 2;

/** Says why a file cannot be backed up. https://www.sqlite.org/fileformat.html#the_database_header */
function sqliteFault(file: string): string | undefined {
  const header = Buffer.alloc(20);
  let length: number;
  try {
    const descriptor = openSync(file, 'r');
    length = readSync(descriptor, header, 0, header.length, 0);
    closeSync(descriptor);
  } catch (error) {
    return `could not read the database ${file}: ${(error as Error).message}: check the path, and that the access point's user may read it`;
  }
  // An empty file is an empty database to SQLite, and a mistake to everyone else.
  if (length < header.length || header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    return `${file} is ${length === 0 ? 'empty' : 'not an SQLite database'}: give the path of the database file, below the access point`;
  return walFault(file, header[18] ?? 0, statfsSync(file).type);
}

/**
 * In WAL mode the processes of a database share memory, so all of them must be on one host: another host may read a stale
 * or torn state without any error. https://www.sqlite.org/wal.html
 *
 * @param writeVersion byte 18 of the header
 * @param fileSystem `f_type` of the file system
 */
export const walFault = (file: string, writeVersion: number, fileSystem: number): string | undefined =>
  writeVersion === WAL_MODE && fileSystem === NFS
    ? `${file} is in WAL mode on a network file system, where SQLite cannot read it safely from another host than its writer's: run "PRAGMA journal_mode = DELETE" on it once`
    : undefined;
