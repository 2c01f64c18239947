/** The safety backup: what a restore is about to replace, as it is now. */
import type { Manifest } from '../../../catalog/bucket/manifest';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import type { InstanceCommand } from '../../../catalog/contract/instance';
import type { RestoreTarget } from '../../../catalog/contract/restore';
import type { RestoreRequest, Trigger } from '../../../catalog/contract/task';
import { backupOf } from '../../../catalog/run-end';
import { findEngine } from '../../../engines/facts';
import type { Aws } from '../aws/aws';
import { ask } from '../aws/aws';
import { startOnInstance } from '../run/on-instance';
import { startOnTask } from '../run/on-task';
import { CommandError } from '../errors';

const TRIGGER: Trigger = 'before-restore';

/** What a safety backup is made of. */
export interface SafetyWish {
  readonly aws: Aws;
  readonly bucket: string;
  readonly source: string;
  /** What dumps: a task, or a command on an instance. */
  readonly dump: StartableTask | InstanceCommand;
  readonly tell: (text: string) => void;
}

/**
 * Makes a backup of the source, and waits for it.
 *
 * @returns its manifest
 * @throws CommandError if there is no complete backup in the end: nothing may be replaced then
 */
export async function makeSafetyBackup({ aws, bucket, source, dump, tell }: SafetyWish): Promise<Manifest> {
  try {
    tell(`making a safety backup of ${source} …`);
    const course = await ('document' in dump
      ? startOnInstance(aws, source, TRIGGER, dump)
      : startOnTask(aws, source, TRIGGER, { task: dump, others: [] }));
    const { end, createdAt, failure } = await course.ended((state) =>
      tell(`the ${course.what} of the safety backup is ${state.toLowerCase()} …`),
    );
    if (!end.succeeded) throw new CommandError(failure!);
    const seeing = { doing: 'see the safety backup', action: 's3:ListBucket, s3:GetObject and kms:Decrypt' };
    const store = new S3CatalogStore(aws.s3(), bucket);
    const made = await ask(seeing, () => backupOf(store, source, TRIGGER, createdAt!));
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
export function requireCovered(
  safety: Manifest,
  targets: readonly RestoreTarget[],
  request: RestoreRequest,
  restored: Pick<Manifest, 'options'>,
): void {
  const missing = targets.filter((target) => target.state === 'exists' && !covers(safety, target, request, restored));
  if (missing.length === 0) return refuseParts(safety);
  const names = missing.map(({ name }) => name).join(', ');
  throw new CommandError(
    `the safety backup ${safety.backupId} of ${safety.source} does not hold ${names}, so nothing was replaced: choose another name with --as, or remove ${names} by hand`,
  );
}

/** What a replaced database has besides would be lost. */
function refuseParts({ backupId, source, leftOut = [] }: Manifest): void {
  if (leftOut.length === 0) return;
  throw new CommandError(
    `the safety backup ${backupId} of ${source} is without what the source leaves out (${leftOut.join(', ')}), so nothing was replaced: restore beside it with --as, or with --local, whose safety backup is whole`,
  );
}

/** Whether a backup holds what a target names. */
export function covers(
  { engine, objects, options }: Manifest,
  { name }: RestoreTarget,
  { as }: RestoreRequest,
  restored: Pick<Manifest, 'options'>,
): boolean {
  const { server } = findEngine(engine) ?? {};
  // The task that dumps knows one file, or one directory, of which other patterns choose other files.
  if (!server) return as === undefined && JSON.stringify(options) === JSON.stringify(restored.options);
  return objects.some(({ databases }) => databases.includes(name));
}
