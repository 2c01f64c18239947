import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Note } from '../../catalog/contract/note';
import type { RestorePlan, RestoreReport, RestoreTarget } from '../../catalog/contract/restore';
import { formatBytes, formatDuration } from '../../catalog/units';
import type { EngineRestore, RestoreCheck, RestoreContext, RestoreLook } from '../../engines/engine';
import { engineProgram } from '../../engines/programs';
import { createS3Client } from '../io/s3';
import { BackupError } from '../run/errors';
import type { RestoreInputs } from '../run/job';
import type { Log } from '../run/log';
import { Notes } from '../run/notes';
import { untilAborted } from '../run/until-aborted';
import { ReadMeter } from './meter';
import { StoredObjects } from './objects';
import { readManifest } from './read-manifest';

/**
 * Restores one backup into its target, or only looks.
 *
 * @param stop aborts the restore; the program's own signals and the timeout do so too
 * @throws BackupError; the log has said then in which state the target is
 */
export async function restore(inputs: RestoreInputs, log: Log, stop: AbortController): Promise<void> {
  const { job, request } = inputs;
  const { signal } = stop;
  const started = performance.now();
  const deadline = setTimeout(() => {
    const limit = formatDuration(job.timeoutSeconds);
    const sentence = `the restore took longer than its timeout of ${limit} and was stopped: raise its timeout`;
    stop.abort(new BackupError('timedOut', sentence, { kind: 'timed-out' }));
  }, job.timeoutSeconds * 1000);
  const s3 = createS3Client();
  const meter = new ReadMeter(log);
  let scratch: string | undefined;
  let engine: EngineRestore | undefined;
  try {
    const manifest = await untilAborted(signal, readManifest(s3, job, request));
    scratch = await mkdtemp(join(job.scratchDirectory, 'restore-'));
    const notes = new Notes(job.engine, log);
    const context: RestoreContext = {
      ...{ job, request, manifest, credentials: inputs.credentials, log, scratch, signal },
      objects: new StoredObjects({ s3, job, request, scratch, signal, meter }),
      note: (note: Note) => notes.add(note),
      loading: (table) => meter.loading(table),
    };
    engine = engineProgram(job.engine).createRestore(context);
    const look = await untilAborted(signal, engine.look());
    const plan = planOf(context, look, notes.all);
    log.info('plan', planSentence(context, plan), { plan });
    if (request.dryRun) return;
    refuseWhatExists(context, plan.targets);
    meter.expect(look.objects.reduce((total, { bytes }) => total + bytes, 0));
    await untilAborted(signal, engine.load());
    meter.phase('checking');
    const check = await untilAborted(signal, engine.check());
    refuseDifferences(check);
    const report: RestoreReport = {
      ...{ backupId: manifest.backupId, asOf: manifest.startedAt },
      targets: plan.targets.map(({ database, name }) => ({ database, name })),
      seconds: Math.round(performance.now() - started) / 1000,
      ...{ tables: check.tables, rows: check.rows, uncompared: [...check.uncompared] },
      notes: notes.all.map(copyOf),
    };
    log.info('restored', reportSentence(context, report), { report });
  } catch (error) {
    const failure: unknown = signal.aborted ? signal.reason : error;
    if (engine && !request.dryRun) {
      await engine.close();
      const state = engine.state();
      log.warn('target-state', STATE_SENTENCES[state], { state });
    }
    throw failure;
  } finally {
    clearTimeout(deadline);
    meter.stop();
    await engine?.close();
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
    s3.destroy();
  }
}

const STATE_SENTENCES: Readonly<Record<ReturnType<EngineRestore['state']>, string>> = {
  unchanged: 'the target is as it was before: nothing was restored; the same command can be run again',
  partial: 'the target has a part of the backup: run the same command again with --overwrite, which replaces it',
  'complete-but-different':
    'the target has all that the client loaded, and is not as the backup: look at the differences before you use it',
  unknown: 'the target may have a part of the backup: look at it before you run the same command again',
};

const copyOf = (note: Note) => ({ ...note, objects: note.objects && [...note.objects] });

function planOf({ manifest }: RestoreContext, look: RestoreLook, notes: readonly Note[]): RestorePlan {
  const sum = (what: 'bytes' | 'uncompressedBytes') => look.objects.reduce((total, object) => total + object[what], 0);
  return {
    ...{ backupId: manifest.backupId, serverVersion: manifest.serverVersion, targetVersion: look.targetVersion },
    ...{ targets: [...look.targets], bytes: sum('bytes'), uncompressedBytes: sum('uncompressedBytes') },
    ...{ atomic: look.atomic, notes: notes.map(copyOf) },
  };
}

const planSentence = ({ job }: RestoreContext, { backupId, targets, bytes, uncompressedBytes }: RestorePlan): string =>
  `backup ${backupId} of ${job.source} goes into ${targets.map(({ name }) => name).join(', ')}: ${formatBytes(bytes)} to read, ${formatBytes(uncompressedBytes)} to load`;

/** @throws BackupError `targetRefused` if something is there that nobody said to replace */
function refuseWhatExists({ request, job }: RestoreContext, targets: readonly RestoreTarget[]): void {
  if (request.overwrite) return;
  const existing = targets.filter(({ state }) => state === 'exists');
  if (existing.length === 0) return;
  const names = existing.map(({ name, holds = [] }) => (holds.length > 0 ? `${name} (${holds.join(', ')})` : name));
  throw new BackupError(
    'targetRefused',
    `${names.join(' and ')} exists already${job.server ? ` on ${job.server.host}` : ''}, and nothing of it was touched: restore beside it with --as, or replace it with --overwrite, which makes a safety backup first`,
    { kind: 'target-exists', object: existing.map(({ name }) => name).join(', ') },
  );
}

/** @throws BackupError `restoreFailed` if the target is not as the manifest says */
function refuseDifferences({ differences }: RestoreCheck): void {
  if (differences.length === 0) return;
  const words = differences.map(({ object, kind, expected, found, said }) => {
    if (kind === 'rows') return `${object}: ${found} rows instead of ${expected}`;
    if (kind === 'orphans') return `${object}: ${found} rows refer to rows that do not exist`;
    return `${object}: ${kind}${said === undefined ? '' : ` (${said})`}`;
  });
  const shown = words.slice(0, 10).join('; ');
  const more = words.length > 10 ? `; and ${words.length - 10} more` : '';
  throw new BackupError(
    'restoreFailed',
    `all was loaded, but the target is not as the backup: ${shown}${more}: do not use it before you know why`,
    {
      kind: 'restore-differs',
      object: differences
        .map(({ object }) => object)
        .slice(0, 20)
        .join(', '),
    },
  );
}

const reportSentence = ({ job }: RestoreContext, { asOf, targets, seconds, tables, rows }: RestoreReport): string =>
  `${job.source} as of ${asOf} was restored into ${targets.map(({ name }) => name).join(', ')} in ${formatDuration(seconds)}: ${tables} tables, ${rows} rows, all as in the backup`;
