/** Lists the recovery points of AWS Backup beside the backups. */
import type { BackupClient } from '@aws-sdk/client-backup';
import type { ManagedSource } from '../../../catalog/contract/alarms';
import type { RecoveryPoint } from '../../../catalog/recovery-points';
import { listRecoveryPoints } from '../../../catalog/recovery-points';
import { CommandError } from '../errors';
import { answerOrFault } from './aws';
import type { SourceObjectives } from './objectives';

/** A recovery point, as `proven-backups list` shows it. */
export interface ListedRecoveryPoint {
  readonly source: string;
  readonly id: string;
  readonly arn: string;
  /** AWS Backup's name: `EFS`, `S3`. */
  readonly type: string;
  /** When its job began. */
  readonly time: string;
  readonly bytes: number;
  /** AWS Backup's name, as EC2 writes those of snapshots: `completed`, `partial`, `expired`. */
  readonly state: string;
  readonly vault: string;
  /** When AWS Backup deletes it; never if left out. */
  readonly keptUntil?: string;
}

/** What could be listed of the recovery points. */
export interface ManagedPoints {
  /** By source, newest first. */
  readonly points: readonly ListedRecoveryPoint[];
  /** Why those of a source are missing, by source, in sentences. */
  readonly faults: ReadonlyMap<string, string>;
}

/**
 * Lists the recovery points of the sources that AWS Backup backs up; `undefined` if there are none of these.
 *
 * @param only this source; all if left out
 */
export async function listManaged(
  client: BackupClient,
  objectives: ReadonlyMap<string, SourceObjectives>,
  only?: string,
): Promise<ManagedPoints | undefined> {
  const points: ListedRecoveryPoint[] = [];
  const faults = new Map<string, string>();
  const asked = [...objectives].flatMap(([source, { managed }]) =>
    managed && (only ?? source) === source ? [{ source, managed }] : [],
  );
  if (asked.length === 0) return undefined;
  for (const { source, managed } of asked.sort((a, b) => (a.source < b.source ? -1 : 1))) {
    const wish = {
      doing: `list recovery points of ${source}`,
      action: 'backup:ListRecoveryPointsByBackupVault',
    };
    const found = await answerOrFault(wish, () => listRecoveryPoints(client, managed));
    if (found instanceof CommandError) {
      faults.set(source, found.message);
      continue;
    }
    points.push(...found.map((point) => listed(source, managed, point)));
  }
  return { points, faults };
}

const listed = (source: string, { vault }: ManagedSource, point: RecoveryPoint): ListedRecoveryPoint => ({
  source,
  id: point.arn.split(':').at(-1)!,
  arn: point.arn,
  type: point.type,
  time: point.created.toISOString(),
  bytes: point.bytes,
  state: point.status.toLowerCase(),
  vault,
  ...(point.deleteAt && { keptUntil: point.deleteAt.toISOString() }),
});
