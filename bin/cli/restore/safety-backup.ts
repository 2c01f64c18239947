/** The safety backup: what a restore is about to replace, as it is now. */
import type { Manifest } from '../../../catalog/bucket/manifest';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import type { RestoreTarget } from '../../../catalog/contract/restore';
import type { RestoreRequest, Trigger } from '../../../catalog/contract/task';
import { ENV } from '../../../catalog/contract/task';
import { backupOf, endOf, failureOf } from '../../../catalog/run-end';
import { runRequest } from '../../../catalog/run-request';
import { findEngine } from '../../../engines/facts';
import type { Aws } from '../aws/aws';
import { ask } from '../aws/aws';
import { startTask, untilStopped } from '../aws/task';
import { sentenceOf } from '../commands/run';
import { CommandError } from '../errors';

const TRIGGER: Trigger = 'before-restore';

/** What a safety backup is made of. */
export interface SafetyWish {
  readonly aws: Aws;
  readonly bucket: string;
  readonly source: string;
  /** The task that dumps. */
  readonly task: StartableTask;
  readonly tell: (text: string) => void;
}

/**
 * Makes a backup of the source, and waits for it.
 *
 * @returns its manifest
 * @throws CommandError if there is no complete backup in the end: nothing may be replaced then
 */
export async function makeSafetyBackup({ aws, bucket, source, task, tell }: SafetyWish): Promise<Manifest> {
  try {
    tell(`making a safety backup of ${source} …`);
    const ecs = aws.ecs();
    const started = await startTask(
      ecs,
      source,
      runRequest(task, 'proven-backups/restore', { [ENV.trigger]: TRIGGER }),
    );
    const state = (name: string): void => tell(`the task of the safety backup is ${name.toLowerCase()} …`);
    const stopped = await untilStopped(ecs, started, state);
    const end = endOf(stopped);
    if (!end.succeeded)
      throw new CommandError(failureOf(source, stopped, end, await sentenceOf(aws, task, source, stopped)));
    const wish = { doing: 'see the safety backup', action: 's3:ListBucket, s3:GetObject and kms:Decrypt' };
    const store = new S3CatalogStore(aws.s3(), bucket);
    const made = await ask(wish, () => backupOf(store, source, TRIGGER, stopped.createdAt!));
    if (made) return made;
    throw new CommandError(`bucket ${bucket} has no backup of its run`);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(`there is no safety backup, so nothing was replaced: ${error.message}`);
  }
}

/**
 * Refuses to replace what the safety backup does not hold: the source may leave databases out.
 *
 * @throws CommandError
 */
export function requireCovered(safety: Manifest, targets: readonly RestoreTarget[], request: RestoreRequest): void {
  const missing = targets.filter((target) => target.state === 'exists' && !covers(safety, target, request));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(', ');
  throw new CommandError(
    `the safety backup ${safety.backupId} of ${safety.source} does not hold ${names}, so nothing was replaced: choose another name with --as, or remove ${names} by hand`,
  );
}

/** Whether a backup holds what a target names. */
export function covers({ engine, objects }: Manifest, { name }: RestoreTarget, { as }: RestoreRequest): boolean {
  const { server } = findEngine(engine) ?? {};
  // The task that dumps knows one file.
  if (!server) return as === undefined;
  return objects.some(({ databases }) => databases.includes(name));
}
