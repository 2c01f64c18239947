import { rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import type { DataObject } from '../../catalog/bucket/manifest';
import type { Note } from '../../catalog/contract/note';
import { USUAL_ROW_DIGESTS } from '../../catalog/contract/task';
import { ENCRYPTED_SUFFIX, manifestKey, objectKey } from '../../catalog/bucket/names';
import type { DumpFacts, EngineDump } from '../../engines/engine';
import { contentText } from '../../engines/facts';
import { engineProgram } from '../../engines/programs';
import { stopAfter } from '../run/deadline';
import { BackupError, asBackupError } from '../run/errors';
import type { RunInputs } from '../run/job';
import { SourceLock } from '../run/lock';
import { Notes } from '../run/notes';
import type { Log } from '../run/log';
import { writeMetrics } from '../run/metrics';
import { makeScratch } from '../run/scratch';
import { manifestTextOf } from './manifest-of';
import { storeStream, storeStreams } from './pipeline';
import { abortAbandonedUploads, findSlot } from './slot';
import { formatBytes } from '../../catalog/units';
import { Meter } from '../io/meter';
import { hasLargeWrites } from '../io/tool';
import { PartMemory } from '../io/part-memory';
import { putNewObject } from '../io/put';
import { ServerClock, createS3Client } from '../io/s3';
import { untilAborted } from '../run/until-aborted';

/** Streams of a dump that are stored at once. */
const STREAMS_AT_ONCE = 1;

/**
 * Makes one backup, or finds that it exists already.
 *
 * @param stop aborts the run; the program's own signals and the timeout do so too
 * @throws BackupError; then there is no manifest of this run, no upload under way and no lock held
 */
export async function dump(run: RunInputs, log: Log, stop: AbortController): Promise<void> {
  const { job } = run;
  const started = performance.now();
  const meter = new Meter(log);
  const ended = stopAfter(
    stop,
    job.timeoutSeconds,
    (limit) =>
      new BackupError(
        'timedOut',
        `the backup took longer than its timeout of ${limit} and was stopped: raise timeout, or give the task more cpu`,
        { kind: 'timed-out' },
      ),
  );
  const metrics = (success: boolean) =>
    writeMetrics(log, job, {
      success,
      durationSeconds: Math.round(performance.now() - started) / 1000,
      bytes: meter.bytesOut,
    });
  try {
    const made = await new BackupRun(run, log, meter, stop).execute();
    // A run whose backup exists already has measured nothing: zeros would look like a strange size.
    if (made) metrics(true);
  } catch (error) {
    // Whatever broke when the run was stopped is only a consequence.
    const failure = asBackupError(stop.signal.aborted ? stop.signal.reason : error);
    // The run that holds the lock reports its own end: a second delivery of its start is no failure of the source.
    if (failure.exit !== 'alreadyRunning') metrics(false);
    throw failure;
  } finally {
    ended();
    meter.stop();
  }
}

class BackupRun {
  private readonly s3: S3Client = createS3Client();
  private readonly clock = new ServerClock(this.s3);
  private readonly memory = new PartMemory();
  private readonly storing = new Set<Promise<DataObject>>();

  constructor(
    private readonly run: RunInputs,
    private readonly log: Log,
    private readonly meter: Meter,
    private readonly stop: AbortController,
  ) {}

  /** @returns whether this run made the backup */
  async execute(): Promise<boolean> {
    const { job } = this.run;
    const lock = await SourceLock.acquire(
      this.s3,
      job,
      this.clock,
      (error) => this.stop.abort(error),
      this.run.trigger === 'before-deployment' ? this.waitForTurn() : undefined,
    );
    try {
      return await this.attempt().catch((error: unknown) => {
        if (!(error instanceof BackupError) || !error.passing || this.stop.signal.aborted) throw error;
        this.log.warn('retry', `the backup is tried once more: ${error.message}`);
        this.meter.restart();
        return this.attempt();
      });
    } finally {
      await lock.release();
      this.s3.destroy();
    }
  }

  /** Waits for the run that is under way: its backup may have begun long before whatever this one must come before. */
  private waitForTurn(): (milliseconds: number) => Promise<void> {
    let told = false;
    return async (milliseconds) => {
      const message = `another run of ${this.run.job.source} is under way: this one begins when it has ended`;
      if (!told) this.log.info('waiting', message);
      told = true;
      await sleep(milliseconds, undefined, { signal: this.stop.signal });
    };
  }

  /**
   * Makes the backup, by an id of its own: what a failed attempt has stored stays under its id, without a manifest, as what
   * any failed run leaves.
   *
   * @returns whether this attempt made the backup
   */
  private async attempt(): Promise<boolean> {
    const { job } = this.run;
    const startedAt = this.clock.now();
    const slot = await findSlot(this.s3, this.run, startedAt, this.stop.signal);
    if (slot.existing !== undefined) {
      this.log.info(
        'already-complete',
        `backup ${slot.existing} of ${job.source} exists already for this scheduled time: nothing to do`,
        { backupId: slot.existing },
      );
      return false;
    }
    this.log.with({ backupId: slot.id });
    await abortAbandonedUploads(this.s3, job, this.log);
    this.stop.signal.throwIfAborted();
    await this.backUp(slot.id, startedAt);
    return true;
  }

  private async backUp(id: string, startedAt: Date): Promise<void> {
    const { signal } = this.stop;
    const scratch = await makeScratch(this.run.job.scratchDirectory, 'run-');
    const notes = new Notes(this.run.job.engine, this.log);
    const digests = this.run.job.rowDigests ?? USUAL_ROW_DIGESTS;
    const { job, repositoryKey: key } = this.run;
    const context = {
      ...{ run: this.run, log: this.log, note: (note: Note) => notes.add(note), scratch, signal, digests },
      ...(job.repository && { repository: { backupId: id, access: { s3: this.s3, key } } }),
    };
    const engine = engineProgram(this.run.job.engine).createDump(context);
    try {
      // A server that stops answering must not outlast the timeout.
      const { objects, facts } = await untilAborted(signal, this.dumpAll(engine, id));
      signal.throwIfAborted();
      await this.commit(id, startedAt, objects, facts, notes.all);
    } finally {
      await engine.close();
      // Uploads are being aborted: the program must not end before that.
      await Promise.allSettled(this.storing);
      await rm(scratch, { recursive: true, force: true });
    }
  }

  private async dumpAll(engine: EngineDump, id: string): Promise<{ objects: DataObject[]; facts: DumpFacts }> {
    const { job } = this.run;
    const { compressionLevel, encryptTo } = job;
    await engine.preflight();
    this.log.info('start', `backing up ${job.source} as ${id}`);
    if (job.server && !hasLargeWrites())
      this.log.info(
        'slow-pipe',
        'the image has no libstdbuf.so of coreutils: the dump tool writes 4 KiB at a time, and the dump takes longer',
      );
    const context = { s3: this.s3, log: this.log, meter: this.meter, memory: this.memory };
    const objects = await storeStreams(engine.streams(), STREAMS_AT_ONCE, this.stop.signal, (stream, signal) => {
      const file = encryptTo ? `${stream.file}${ENCRYPTED_SUFFIX}` : stream.file;
      const target = { bucket: job.bucket, key: objectKey(job.source, id, file), keyArn: job.keyArn };
      const storing = storeStream(stream, target, { ...context, signal, compressionLevel, encryptTo });
      this.storing.add(storing);
      return storing;
    });
    return { objects, facts: await engine.facts() };
  }

  /** The last put: from here on the backup exists. */
  private async commit(
    id: string,
    startedAt: Date,
    objects: DataObject[],
    facts: DumpFacts,
    notes: readonly Note[],
  ): Promise<void> {
    const { job } = this.run;
    const endedAt = this.clock.now();
    const text = manifestTextOf(this.run, { id, startedAt, endedAt, objects, facts, notes });
    const key = manifestKey(job.source, id);
    const { repository } = facts;
    // What the engine has brought into a repository itself.
    if (repository) this.meter.count({ bytesIn: repository.bytes, bytesOut: repository.addedBytes });
    // Without the abort signal: nobody could tell whether an interrupted put had arrived.
    await putNewObject(this.s3, { bucket: job.bucket, key, keyArn: job.keyArn }, Buffer.from(text), 'application/json');
    this.log.info(
      'complete',
      `backup ${id} of ${job.source} is complete: ${contentText(job.engine, facts.tables.length)}, ${formatBytes(this.meter.bytesIn)} dumped, ${formatBytes(this.meter.bytesOut)} stored`,
      {
        manifest: key,
        bytesIn: this.meter.bytesIn,
        bytesOut: this.meter.bytesOut,
        tables: facts.tables.length,
        rowCounts: facts.consistency.rowCounts,
      },
    );
  }
}
