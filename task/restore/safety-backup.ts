import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { DataObject } from '../../catalog/bucket/manifest';
import { backupId, MANIFEST_FILE, manifestKey, objectKey } from '../../catalog/bucket/names';
import type { RestoreTarget } from '../../catalog/contract/restore';
import type { DumpJob } from '../../catalog/contract/task';
import type { Note } from '../../catalog/contract/note';
import { engineProgram } from '../../engines/programs';
import { manifestTextOf } from '../dump/manifest-of';
import { storeInto, storeStreams, type Sink } from '../dump/pipeline';
import { Meter } from '../io/meter';
import { base64Crc } from '../io/put';
import type { StoredBytes } from '../io/upload';
import { asBackupError, BackupError, errorCode } from '../run/errors';
import type { RestoreInputs, RunInputs } from '../run/job';
import type { Log } from '../run/log';
import { Notes } from '../run/notes';
import { makeScratch } from '../run/scratch';
import { untilAborted } from '../run/until-aborted';

const COMPRESSION_LEVEL = 3;
/** How often it is looked whether the second of an id is over. */
const NEXT_SECOND_MS = 200;

/** What a restore is about to replace. */
export interface Endangered {
  readonly inputs: RestoreInputs;
  /** Version of the target's server. */
  readonly targetVersion: string;
  readonly targets: readonly RestoreTarget[];
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Dumps what a restore is about to replace into a directory, laid out as the bucket is: `<source>/<backup id>/`. The engine's own
 * dump is complete and on the disk when this resolves.
 *
 * @param directory absolute path; made if it does not exist
 * @returns the directory of this backup
 * @throws BackupError if anything of that fails; then nothing of it is left
 */
export async function makeSafetyBackup(directory: string, endangered: Endangered): Promise<string> {
  const run = runOf(endangered);
  const scratch = await makeScratch(run.job.scratchDirectory, 'safety-');
  let made: string | undefined;
  try {
    const { startedAt, id, folder } = await makeFolder(directory, run.job.source, endangered.signal);
    made = folder;
    const [objects, facts, notes] = await dumpInto(folder, id, scratch, run, endangered);
    const text = manifestTextOf(run, { id, startedAt, endedAt: new Date(), objects, facts, notes });
    const manifest = await FileSink.create(join(folder, MANIFEST_FILE));
    await manifest.write(Buffer.from(text));
    await manifest.finish();
    for (const path of [folder, dirname(folder), directory]) await flushDirectory(path);
    return folder;
  } catch (error) {
    // What cannot be removed was not made, or is without a manifest.
    if (made !== undefined) await rm(made, { recursive: true, force: true }).catch(() => undefined);
    endangered.signal.throwIfAborted();
    const { exit, message, reason } = asBackupError(error);
    throw new BackupError(
      exit,
      `the safety backup into ${directory} failed, and so nothing was replaced: ${message}`,
      reason,
      { cause: error },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The folder of a backup, which nobody else has: a restore that began in the same second has that of this second. */
async function makeFolder(directory: string, source: string, signal: AbortSignal) {
  for (;;) {
    const startedAt = new Date();
    const id = backupId(startedAt);
    const folder = join(directory, dirname(manifestKey(source, id)));
    try {
      await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
      await mkdir(folder, { mode: 0o700 });
      return { startedAt, id, folder };
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || !existsSync(folder)) throw notWritable(directory, error as Error);
      await sleep(NEXT_SECOND_MS, undefined, { signal });
    }
  }
}

/** Nobody tests what is kept here. */
const NO_DIGESTS = { kind: 'none' } as const;

async function dumpInto(folder: string, id: string, scratch: string, run: RunInputs, { log, signal }: Endangered) {
  const { job } = run;
  const notes = new Notes(job.engine, log);
  const meter = new Meter(log);
  const context = { run, log, note: (note: Note) => notes.add(note), scratch, signal, digests: NO_DIGESTS };
  const engine = engineProgram(job.engine).createDump(context);
  try {
    await untilAborted(signal, engine.preflight());
    const objects = await storeStreams(engine.streams(), 1, signal, async (stream, stop): Promise<DataObject> => {
      const sink = await FileSink.create(join(folder, stream.file));
      const key = objectKey(job.source, id, stream.file);
      return storeInto(sink, key, stream, { log, meter, signal: stop, compressionLevel: COMPRESSION_LEVEL });
    });
    return [objects, await untilAborted(signal, engine.facts()), notes.all] as const;
  } finally {
    meter.stop();
    await engine.close();
  }
}

/** The run that dumps the targets that exist, and nothing else. */
function runOf({ inputs: { job, credentials }, targetVersion, targets }: Endangered): RunInputs {
  const existing = targets.filter(({ state }) => state === 'exists');
  const databases = [...new Set(existing.map(({ name }) => name))];
  const dumpJob: DumpJob = {
    action: 'dump',
    ...{ source: job.source, engine: job.engine, engineVersion: targetVersion, bucket: job.bucket, keyArn: '' },
    ...{ compressionLevel: COMPRESSION_LEVEL, timeoutSeconds: job.timeoutSeconds },
    scratchDirectory: job.scratchDirectory,
    ...(job.server && { server: { ...job.server, databases } }),
    ...(job.file === undefined ? {} : { file: join(folderOf(job.file), existing[0]!.name) }),
  };
  return { job: dumpJob, trigger: 'before-restore', ...(credentials && { credentials }) };
}

/** Where a file is, that may be named by a link. */
const folderOf = (file: string): string => dirname(existsSync(file) ? realpathSync(file) : file);

/** A file that is on the disk once it is finished. */
class FileSink implements Sink {
  bytes = 0;
  private crc = 0;
  private readonly sha256 = createHash('sha256');

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
  ) {}

  static async create(path: string): Promise<FileSink> {
    return new FileSink(path, await open(path, 'wx', 0o600));
  }

  async write(chunk: Buffer): Promise<void> {
    this.sha256.update(chunk);
    this.crc = crc32(chunk, this.crc);
    this.bytes += chunk.length;
    for (let offset = 0; offset < chunk.length;)
      offset += (
        await this.file.write(chunk, offset).catch((error: Error) => Promise.reject(notWritable(this.path, error)))
      ).bytesWritten;
  }

  async finish(): Promise<StoredBytes> {
    await this.file.sync();
    await this.file.close();
    return { bytes: this.bytes, sha256: this.sha256.digest('hex'), crc32: base64Crc(this.crc) };
  }

  async abort(): Promise<undefined> {
    await this.file.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }
}

const notWritable = (path: string, { message }: Error): BackupError =>
  new BackupError(
    'configuration',
    `could not write to ${path}: ${message}: give a directory with room for a dump of the target`,
    { kind: 'directory-not-writable', object: path, said: message },
  );

async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}
