/** Recovery points of AWS Backup. */
import type { BackupClient, RecoveryPointByBackupVault } from '@aws-sdk/client-backup';
import { paginateListRecoveryPointsByBackupVault } from '@aws-sdk/client-backup';
import type { ManagedSource } from './contract/alarms';
import { isOfPlan } from './contract/alarms';

/** A recovery point. */
export interface RecoveryPoint {
  readonly arn: string;
  /** AWS Backup's name: `COMPLETED`, `PARTIAL`, `CREATING`, `DELETING`, `EXPIRED`, `AVAILABLE`, `STOPPED`. */
  readonly status: string;
  /** When its job began. */
  readonly created: Date;
  readonly completed?: Date;
  readonly bytes: number;
  /** AWS Backup's name: `EFS`, `S3`. */
  readonly type: string;
  /** When AWS Backup deletes it; never if left out. */
  readonly deleteAt?: Date;
}

const COMPLETE: ReadonlySet<string> = new Set(['COMPLETED', 'AVAILABLE']);

/** Whether a recovery point can be restored and lacks nothing, by its status in either case. */
export const isComplete = (status: string): boolean => COMPLETE.has(status.toUpperCase());

/**
 * Lists the recovery points of a resource in its vault that its plan or somebody by hand made, newest first. Needs
 * `backup:ListRecoveryPointsByBackupVault`.
 *
 * @throws what the SDK throws
 */
export async function listRecoveryPoints(client: BackupClient, managed: ManagedSource): Promise<RecoveryPoint[]> {
  const { vault, resource } = managed;
  const points: RecoveryPoint[] = [];
  const pages = paginateListRecoveryPointsByBackupVault(
    { client },
    { BackupVaultName: vault, ByResourceArn: resource },
  );
  for await (const { RecoveryPoints = [] } of pages) {
    const own = RecoveryPoints.filter(({ CreatedBy }) => isOfPlan(managed, CreatedBy?.BackupPlanId));
    points.push(...own.map(pointOf));
  }
  return points.sort((a, b) => b.created.getTime() - a.created.getTime());
}

const pointOf = (found: RecoveryPointByBackupVault): RecoveryPoint => ({
  arn: found.RecoveryPointArn!,
  status: found.Status!,
  created: found.CreationDate!,
  ...(found.CompletionDate && { completed: found.CompletionDate }),
  bytes: found.BackupSizeInBytes ?? 0,
  type: found.ResourceType ?? 'unknown',
  ...(found.CalculatedLifecycle?.DeleteAt && { deleteAt: found.CalculatedLifecycle.DeleteAt }),
});
