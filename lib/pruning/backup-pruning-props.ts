import type { Duration } from 'aws-cdk-lib';
import type { BackupSchedule } from '../backup/backup-schedule';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { ScheduledFunctionOptions } from '../scheduled-function-options';
import type { Retention } from './retention';

/** When backups are pruned, and how many at most. */
export interface PruningOptions {
  /**
   * When backups are pruned.
   *
   * @default - every day at 04:30 UTC
   */
  readonly schedule?: BackupSchedule;

  /**
   * Largest share of a source's backups that a scheduled run deletes, in percent. 1 to 100. A run that would delete more
   * deletes none of them: look at them first, then delete them with the CLI.
   *
   * @default 50
   */
  readonly maxDeletePercent?: number;

  /**
   * Whether the schedule is enabled. While it is not, backups are deleted on demand only.
   *
   * @default true
   */
  readonly enabled?: boolean;
}

/** Properties of BackupPruning. */
export interface BackupPruningProps extends PruningOptions, ScheduledFunctionOptions {
  /** Bucket of the backups, in the same Region. */
  readonly bucket: IBackupBucket;
}

/** Properties of a source that is pruned. */
export interface PrunedSourceProps {
  /** Retention of its backups. */
  readonly retention: Retention;

  /** Nothing of the source is deleted while its newest backup is older than this. */
  readonly allowedAge: Duration;
}
