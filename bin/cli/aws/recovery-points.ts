/** Lists the recovery points of AWS Backup beside the backups. */
import type { BackupClient } from '@aws-sdk/client-backup';
import { listRecoveryPoints } from '../../../catalog/recovery-points';
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

/**
 * Lists the recovery points of the sources that AWS Backup backs up: by source, newest first.
 *
 * @param only this source; all if left out
 */
export async function listManaged(
  client: BackupClient,
  objectives: ReadonlyMap<string, SourceObjectives>,
  only?: string,
): Promise<ListedRecoveryPoint[]> {
  const listed: ListedRecoveryPoint[] = [];
  for (const [source, { managed }] of [...objectives].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!managed || (only !== undefined && only !== source)) continue;
    for (const point of await listRecoveryPoints(client, managed)) {
      listed.push({
        source,
        id: point.arn.split(':').at(-1)!,
        arn: point.arn,
        type: point.type,
        time: point.created.toISOString(),
        bytes: point.bytes,
        state: point.status.toLowerCase(),
        vault: managed.vault,
        ...(point.deleteAt && { keptUntil: point.deleteAt.toISOString() }),
      });
    }
  }
  return listed;
}
