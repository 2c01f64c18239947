import type { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { WeekDay } from '../backup/backup-schedule';
import type { SnapshotRetention } from './snapshot-retention';
import type { SnapshotScripts } from './snapshot-scripts';

/** An encrypted copy of each snapshot in another Region. */
export interface CrossRegionCopyOptions {
  /** Region of the copy, for example `eu-west-1`. */
  readonly region: string;

  /** Retention of the copy, by age only. */
  readonly retention: SnapshotRetention;

  /**
   * Key in that Region that encrypts the copy.
   *
   * @default - the account's default key for EBS in that Region
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Whether the copy gets the snapshot's tags.
   *
   * @default true
   */
  readonly copyTags?: boolean;
}

/** Fast snapshot restore: volumes have full performance from the first read. Billed hourly for each zone and snapshot. */
export interface FastRestoreOptions {
  /** Availability Zones in which volumes will be restored. 1 to 10. */
  readonly availabilityZones: string[];

  /** How many snapshots have it, or for how long. */
  readonly retention: SnapshotRetention;
}

/** Options of snapshots. */
export interface SnapshotOptions {
  /**
   * Whether snapshots get the tags of their volume.
   *
   * @default - the setting of the policy
   */
  readonly copyTags?: boolean;

  /**
   * Additional tags of the snapshots. At most 45, including those of the policy and the one that names the source.
   *
   * @default - the tags of the policy
   */
  readonly tagsToAdd?: { [key: string]: string };

  /**
   * Tags whose values are known only when the snapshot is made. For instances only. At most 45.
   *
   * @default - no such tags
   */
  readonly variableTags?: { [key: string]: SnapshotVariable };

  /**
   * Copies in other Regions. At most 3.
   *
   * @default - snapshots are not copied
   */
  readonly crossRegionCopies?: CrossRegionCopyOptions[];

  /**
   * Fast snapshot restore.
   *
   * @default - a restored volume is slow until each block was read once
   */
  readonly fastRestore?: FastRestoreOptions;

  /**
   * Ids of accounts with access to the snapshots. Snapshots that are encrypted with the default key cannot be shared.
   *
   * @default - snapshots are not shared
   */
  readonly shareWith?: string[];

  /**
   * How long snapshots are shared. Whole days.
   *
   * @default - until they are deleted
   */
  readonly unshareAfter?: Duration;

  /**
   * Scripts on the instance that make the snapshot consistent. For instances only.
   *
   * @default - snapshots are crash-consistent, like a disk after a power failure
   */
  readonly scripts?: SnapshotScripts;
}

/** Values that are known only when a snapshot is made. */
export enum SnapshotVariable {
  /** Id of the instance. */
  INSTANCE_ID = '$(instance-id)',
  /** Time of the snapshot. */
  TIMESTAMP = '$(timestamp)',
}

/** Options of every schedule of snapshots. */
export interface SnapshotScheduleOptions extends SnapshotOptions {
  /** Retention of the snapshots. */
  readonly retention: SnapshotRetention;

  /**
   * Name of the schedule, which its snapshots have in a tag. Letters, digits, spaces, hyphens and underscores.
   *
   * @default - the kind of schedule, for example `Daily`
   */
  readonly name?: string;
}

/** Options of an hourly schedule. */
export interface HourlySnapshotOptions extends SnapshotScheduleOptions {
  /**
   * Hours between two snapshots: 1, 2, 3, 4, 6, 8, 12 or 24.
   *
   * @default 1
   */
  readonly every?: number;

  /**
   * Hour of the first snapshot of a day, in UTC. 0 to 23.
   *
   * @default 0
   */
  readonly hour?: number;

  /**
   * Minute of the hour. 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;
}

/** Options of a daily schedule. Snapshots start within the hour that follows the time. */
export interface DailySnapshotOptions extends SnapshotScheduleOptions {
  /** Hour of the day, in UTC. 0 to 23. */
  readonly hour: number;

  /**
   * Minute of the hour. 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;
}

/** Options of a weekly schedule. */
export interface WeeklySnapshotOptions extends DailySnapshotOptions {
  /** Day of the week. */
  readonly weekDay: WeekDay;
}

/** Options of a cron expression. */
export interface CronSnapshotOptions extends SnapshotScheduleOptions {
  /**
   * Retention in the archive, to which snapshots move when their own retention ends. 90 days or more. For volumes, for one
   * schedule of a policy, and with at least 28 days between two snapshots.
   *
   * @default - snapshots are deleted when their retention ends
   */
  readonly archiveRetention?: SnapshotRetention;
}

/** Options of a monthly schedule. */
export interface MonthlySnapshotOptions extends DailySnapshotOptions {
  /**
   * Day of the month. 1 to 28. For the last day use `cron('0 3 L * ? *')`.
   *
   * @default 1
   */
  readonly day?: number;

  /**
   * Retention in the archive, to which snapshots move when their own retention ends. 90 days or more. For volumes, and for
   * one schedule of a policy.
   *
   * @default - snapshots are deleted when their retention ends
   */
  readonly archiveRetention?: SnapshotRetention;
}

/** Numbers of snapshots that are kept of each kind. Each number makes one schedule: give at most four. */
export interface GfsSnapshotOptions extends SnapshotOptions {
  /** Hour of all but the hourly snapshots, in UTC. 0 to 23. */
  readonly hour: number;

  /**
   * Minute of the hour. 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;

  /**
   * Number of hourly snapshots that are kept.
   *
   * @default - no hourly snapshots are made
   */
  readonly hourly?: number;

  /**
   * Number of daily snapshots that are kept.
   *
   * @default - no daily snapshots are made
   */
  readonly daily?: number;

  /**
   * Number of weekly snapshots that are kept.
   *
   * @default - no weekly snapshots are made
   */
  readonly weekly?: number;

  /**
   * Number of monthly snapshots that are kept. They are made on the first of each month.
   *
   * @default - no monthly snapshots are made
   */
  readonly monthly?: number;

  /**
   * Number of yearly snapshots that are kept. They are made on 1 January.
   *
   * @default - no yearly snapshots are made
   */
  readonly yearly?: number;

  /**
   * Day of the weekly snapshots.
   *
   * @default WeekDay.SUNDAY
   */
  readonly weekDay?: WeekDay;
}
