import { rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { noteRecord, type Note } from '../../catalog/contract/note';
import type { RestorePlan, RestoreReport, RestoreTarget, TargetState } from '../../catalog/contract/restore';
import { formatDuration } from '../../catalog/units';
import type { EngineRestore, RestoreCheck, RestoreContext, RestoreLook } from '../../engines/engine';
import { findEngine } from '../../engines/facts';
import { engineProgram } from '../../engines/programs';
import { createS3Client } from '../io/s3';
import { stopAfter } from '../run/deadline';
import { BackupError } from '../run/errors';
import type { RestoreInputs } from '../run/job';
import type { Log } from '../run/log';
import { Notes } from '../run/notes';
import { makeScratch } from '../run/scratch';
import { untilAborted } from '../run/until-aborted';
import { ReadMeter } from './meter';
import { StoredObjects } from './objects';
import { readManifest } from './read-manifest';
import { makeSafetyBackup } from './safety-backup';
import { STATE_SENTENCES, differencesText, planSentence, reportSentence } from './words';

/** Time for the end of all connections. Less than the program has after a signal: the log must still say how the target is. */
const CLOSE_MS = 60_000;

/**
 * Restores one backup into its target, or only looks.
 *
 * @param stop aborts the restore; the program's own signals and the timeout do so too
 * @param closeMs time for the end of all connections
 * @throws BackupError; the log has said then in which state the target is
 */
export async function restore(
  inputs: RestoreInputs,
  log: Log,
  stop: AbortController,
  closeMs = CLOSE_MS,
): Promise<void> {
  const { job, request } = inputs;
  const ended = stopAfter(stop, job.timeoutSeconds, (limit) => {
    const sentence = `the restore took longer than its timeout of ${limit} and was stopped: raise its timeout`;
    return new BackupError('timedOut', sentence, { kind: 'timed-out' });
  });
  const run = new RestoreRun(inputs, log, stop.signal, closeMs);
  try {
    const report = await run.execute();
    // Only what is closed has succeeded: a setting of the server that could not be put back is a failure.
    await run.close();
    if (report) log.info('restored', reportSentence(job.source, job.engine, report), { report });
  } catch (error) {
    // Whatever broke when the restore was stopped is only a consequence.
    const failure: unknown = stop.signal.aborted ? stop.signal.reason : error;
    await run.close().catch(() => undefined);
    if (!request.dryRun) log.warn('target-state', STATE_SENTENCES[run.state], { state: run.state });
    throw failure;
  } finally {
    ended();
  }
}

class RestoreRun {
  private readonly s3 = createS3Client();
  private readonly meter: ReadMeter;
  private readonly notes: Notes;
  private readonly started = performance.now();
  private scratch: string | undefined;
  private engine: EngineRestore | undefined;
  /** What the engine does now. */
  private work: Promise<unknown> = Promise.resolve();
  private begun = false;
  private closing: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly inputs: RestoreInputs,
    private readonly log: Log,
    private readonly signal: AbortSignal,
    private readonly closeMs: number,
  ) {
    this.meter = new ReadMeter(log);
    this.notes = new Notes(inputs.job.engine, log);
  }

  /** State of the target, once all is closed. */
  get state(): TargetState {
    if (!this.begun || !this.engine) return 'unchanged';
    return this.closed ? this.engine.state() : 'unknown';
  }

  /** @returns what was restored; nothing if the request was only to look */
  async execute(): Promise<RestoreReport | undefined> {
    const { job, request, credentials, identity, repositoryKey: key } = this.inputs;
    const { s3, signal, log, meter, notes } = this;
    log.with({ backupId: request.backupId });
    const manifest = await untilAborted(signal, readManifest(s3, job, request));
    const scratch = (this.scratch = await makeScratch(job.scratchDirectory, 'restore-'));
    const objects = new StoredObjects({ s3, job, request, scratch, signal, meter, identity });
    const context: RestoreContext = {
      ...{ job, request, manifest, ...(credentials && { credentials }), objects, log, scratch, signal },
      access: { s3, key },
      note: (note: Note) => notes.add(note),
      loading: (table) => meter.loading(table),
    };
    if (request.paths && !findEngine(job.engine)?.hasPaths) throw noPaths(request.paths);
    const engine = (this.engine = engineProgram(job.engine).createRestore(context));
    const look = await this.does(engine.look());
    await untilAborted(signal, objects.requireAll(look.objects));
    const plan = planOf(context, look, notes.all);
    log.info('plan', planSentence(job.source, plan), { plan });
    if (request.dryRun) return undefined;
    await this.protect(plan.targets, look.targetVersion);
    meter.expect(plan.bytes);
    this.begun = true;
    await this.does(engine.load());
    meter.begin('checking');
    const check = await this.does(engine.check());
    refuseDifferences(check);
    return {
      ...{ backupId: manifest.backupId, asOf: manifest.startedAt },
      targets: plan.targets.map(({ database, name }) => ({ database, name })),
      seconds: Math.round(performance.now() - this.started) / 1000,
      ...{ tables: check.tables, rows: check.rows, uncompared: [...check.uncompared] },
      notes: notes.all.map(noteRecord),
    };
  }

  /**
   * Ends all that is under way, once.
   *
   * @throws BackupError `restoreFailed` if that takes too long
   */
  close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  private async end(): Promise<void> {
    this.meter.stop();
    const ending = new AbortController();
    try {
      // What the engine was doing when it was stopped may have succeeded all the same: a commit under way.
      const ended = (async () => {
        await this.engine?.close();
        await this.work;
        this.closed = true;
      })();
      await Promise.race([ended, sleep(this.closeMs, undefined, { signal: ending.signal })]);
      if (!this.closed) throw notClosed(this.closeMs);
    } finally {
      ending.abort();
      this.s3.destroy();
      if (this.scratch !== undefined) await rm(this.scratch, { recursive: true, force: true });
    }
  }

  private does<T>(work: Promise<T>): Promise<T> {
    this.work = work.catch(() => undefined);
    return untilAborted(this.signal, work);
  }

  /** Nothing that exists is replaced, unless the request names it, and what it wants to be kept of it is kept. */
  private async protect(targets: readonly RestoreTarget[], targetVersion: string): Promise<void> {
    const { inputs, log, signal } = this;
    const { job, request } = inputs;
    const existing = targets.filter(({ state }) => state === 'exists');
    // What has appeared since the request was made is in no safety backup.
    const unnamed = existing.filter(({ name }) => !request.overwrite?.includes(name));
    if (unnamed.length > 0) throw existsAlready(unnamed, job.server?.host);
    if (existing.length === 0 || request.safetyBackup === undefined) return;
    const directory = await makeSafetyBackup(request.safetyBackup, { inputs, targetVersion, targets, log, signal });
    log.info('safety-backup', `what is replaced was dumped into ${directory} first`, { directory });
  }
}

const noPaths = (paths: readonly string[]): BackupError =>
  new BackupError(
    'configuration',
    `a backup of a database has no paths, got: ${paths.join(', ')}: choose tables by --tables`,
    {
      ...{ kind: 'table-unknown', object: paths.join(', ') },
    },
  );

const notClosed = (ms: number): BackupError =>
  new BackupError(
    'restoreFailed',
    `the connections of the restore did not end within ${formatDuration(ms / 1000)}: what it had changed for its own time may still be so: look at the target before you use it`,
    { kind: 'client-failed' },
  );

function planOf({ manifest }: RestoreContext, look: RestoreLook, notes: readonly Note[]): RestorePlan {
  const sum = (what: 'bytes' | 'uncompressedBytes') =>
    look.objects.reduce((total, object) => total + object[what], look.repositoryBytes ?? 0);
  return {
    ...{ backupId: manifest.backupId, serverVersion: manifest.serverVersion, targetVersion: look.targetVersion },
    ...{ targets: [...look.targets], bytes: sum('bytes'), uncompressedBytes: sum('uncompressedBytes') },
    ...{ atomic: look.atomic, notes: notes.map(noteRecord) },
  };
}

function existsAlready(existing: readonly RestoreTarget[], host: string | undefined): BackupError {
  const names = existing.map(({ name, holds = [] }) => (holds.length > 0 ? `${name} (${holds.join(', ')})` : name));
  return new BackupError(
    'targetRefused',
    `${names.join(' and ')} exists already${host === undefined ? '' : ` on ${host}`}, and nothing of it was touched: restore beside it with --as, or replace it with --overwrite, which makes a safety backup first`,
    { kind: 'target-exists', object: existing.map(({ name }) => name).join(', ') },
  );
}

/** @throws BackupError `restoreFailed` if the target is not as the manifest says */
function refuseDifferences({ differences }: RestoreCheck): void {
  if (differences.length === 0) return;
  const objects = differences.slice(0, 20).map(({ object }) => object);
  throw new BackupError(
    'restoreFailed',
    `all was loaded, but the target is not as the backup: ${differencesText(differences)}: do not use it before you know why`,
    { kind: 'restore-differs', object: objects.join(', ') },
  );
}
