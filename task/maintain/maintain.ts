import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { formatBytes, formatCount } from '../../catalog/units';
import { Restic } from '../../engines/files/restic/restic';
import { backupOf } from '../../engines/files/restic/tags';
import { RETRY_LOCK, unlocked } from '../../engines/files/restic/unlocked';
import { createS3Client, ServerClock } from '../io/s3';
import { stopAfter } from '../run/deadline';
import { BackupError } from '../run/errors';
import type { MaintainInputs } from '../run/job';
import type { Log } from '../run/log';
import { makeScratch } from '../run/scratch';
import { untilAborted } from '../run/until-aborted';
import { neededBackups, storedBytes } from './stored';

/** A younger snapshot may be of a backup whose manifest is still to come: it has the time when its run began, which ends within seven days. */
const YOUNG_MS = 8 * 24 * 3600 * 1000;
/** Snapshots that are forgotten by one command. */
const AT_ONCE = 200;

/** A snapshot, as restic lists it. */
interface Snapshot {
  readonly id: string;
  readonly time: string;
  readonly tags?: readonly string[];
}

/**
 * Removes from the repository of a source what no backup needs any more: snapshots of backups whose manifest has no version left in the
 * bucket, so that a deleted backup can be brought back as long as its manifest can.
 *
 * @param stop aborts it; the program's own signals and the timeout do so too
 * @throws BackupError
 */
export async function maintain(inputs: MaintainInputs, log: Log, stop: AbortController): Promise<void> {
  const { job } = inputs;
  const ended = stopAfter(stop, job.timeoutSeconds, (limit) => {
    const sentence = `the maintenance took longer than its timeout of ${limit} and was stopped: raise its timeout`;
    return new BackupError('maintainFailed', sentence, { kind: 'timed-out' });
  });
  const s3 = createS3Client();
  const scratch = await makeScratch(job.scratchDirectory, 'maintain-');
  try {
    await maintainBy(s3, scratch, inputs, log, stop.signal);
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    ended();
    s3.destroy();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function maintainBy(
  s3: S3Client,
  scratch: string,
  { job, repositoryKey: key }: MaintainInputs,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { source, bucket, repository } = job;
  const clock = new ServerClock(s3);
  // First of all: without it, nothing may be forgotten.
  const needed = await untilAborted(signal, neededBackups(s3, bucket, source));
  if (needed.size === 0) {
    const sentence = `source ${source} has no backup, and none that could be brought back: nothing was removed from its repository`;
    return log.warn('no-backups', sentence);
  }
  const place = { bucket: repository.bucket, prefix: source };
  const before = await untilAborted(signal, storedBytes(s3, place));
  const directory = join(scratch, 'restic');
  const restic = await Restic.open({ ...{ s3, key, ...place, directory, signal, exit: 'maintainFailed' } });
  try {
    await restic.run(['unlock']);
    const snapshots = await snapshotsOf(restic);
    const old = clock.now().getTime() - YOUNG_MS;
    const unneeded = snapshots.filter(({ time, tags }) => {
      const id = backupOf(bucket, tags);
      return id !== undefined && !needed.has(id) && Date.parse(time) < old;
    });
    const run = (...args: string[]) => unlocked(restic, log, () => restic.run([...args, ...RETRY_LOCK]));
    for (let at = 0; at < unneeded.length; at += AT_ONCE) {
      await run('forget', ...unneeded.slice(at, at + AT_ONCE).map(({ id }) => id));
    }
    // restic says nothing of a snapshot that it could not delete.
    const kept = (await snapshotsOf(restic)).length;
    const forgotten = snapshots.length - kept;
    log.info(
      'forgotten',
      `${formatCount(forgotten)} snapshots of ${source} are of no backup any more: removing their data`,
    );
    await run('prune');
    const after = await untilAborted(signal, storedBytes(s3, place));
    const facts = { forgotten, kept, bytes: after };
    log.info(
      'maintained',
      `maintained the repository of ${source}: ${formatCount(facts.forgotten)} snapshots removed, ${formatCount(facts.kept)} kept, ${formatBytes(Math.max(0, before - after))} freed, ${formatBytes(after)} stored`,
      { ...facts, bytesFreed: Math.max(0, before - after) },
    );
  } finally {
    await restic.close();
  }
}

async function snapshotsOf(restic: Restic): Promise<readonly Snapshot[]> {
  const snapshots: Snapshot[] = [];
  await restic.run(['snapshots', '--no-lock'], {}, (message) => snapshots.push(message as unknown as Snapshot));
  return snapshots;
}
