import type { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { WeekDay } from '../backup/backup-schedule';
import type { SnapshotRetention } from './snapshot-retention';
import type { SnapshotScripts } from './snapshot-scripts';

/** A copy of each snapshot in another Region, encrypted. */
export interface CrossRegionCopyOptions {
  /** The other Region, for example `eu-west-1`. */
  readonly region: string;

  /** How long the copy is kept: by age only. */
  readonly retention: SnapshotRetention;

  /**
   * Key of that Region which encrypts the copy.
   *
   * @default - the account's default key for EBS in that Region
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Whether the copy carries the snapshot's tags.
   *
   * @default true
   */
  readonly copyTags?: boolean;
}

/** Snapshots from which volumes are fast from their first read on. Billed by the hour, for each zone and snapshot. */
export interface FastRestoreOptions {
  /** Availability Zones of the volumes to come. 1 to 10. */
  readonly availabilityZones: string[];

  /** Which of the snapshots, or for how long. */
  readonly retention: SnapshotRetention;
}

/** What becomes of each snapshot. */
export interface SnapshotOptions {
  /**
   * Whether snapshots carry the tags of their volume.
   *
   * @default - as the whole policy says
   */
  readonly copyTags?: boolean;

  /**
   * More tags for the snapshots. With those of the whole policy, and the one that names the source, at most 45.
   *
   * @default - the tags of the whole policy
   */
  readonly tagsToAdd?: { [key: string]: string };

  /**
   * Tags whose values are known only when the snapshot is made. For instances only. At most 45.
   *
   * @default - all tags are known before
   */
  readonly variableTags?: { [key: string]: SnapshotVariable };

  /**
   * Copies in other Regions. At most 3.
   *
   * @default - snapshots stay in their Region only
   */
  readonly crossRegionCopies?: CrossRegionCopyOptions[];

  /**
   * Fast snapshot restore.
   *
   * @default - a new volume is slow until its blocks were read once
   */
  readonly fastRestore?: FastRestoreOptions;

  /**
   * Account ids that may use the snapshots. Snapshots that are encrypted with the default key cannot be shared.
   *
   * @default - no other account may
   */
  readonly shareWith?: string[];

  /**
   * When the sharing ends. Whole days.
   *
   * @default - the snapshots stay shared
   */
  readonly unshareAfter?: Duration;

  /**
   * Scripts on the instance that make the snapshot consistent. For instances only.
   *
   * @default - crash-consistent, as after a loss of power
   */
  readonly scripts?: SnapshotScripts;
}

/** What is known only when a snapshot is made. */
export enum SnapshotVariable {
  /** Id of the instance. */
  INSTANCE_ID = '$(instance-id)',
  /** Time of the snapshot. */
  TIMESTAMP = '$(timestamp)',
}

/** What holds for every schedule. */
export interface SnapshotScheduleOptions extends SnapshotOptions {
  /** How many snapshots of this schedule are kept, or for how long. */
  readonly retention: SnapshotRetention;

  /**
   * Name of the schedule, which its snapshots carry as a tag. Letters, digits, spaces, hyphens and underscores.
   *
   * @default - what kind of schedule it is, for example `Daily`
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
   * Hour of the first snapshot of a day, UTC. 0 to 23.
   *
   * @default 0
   */
  readonly hour?: number;

  /**
   * 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;
}

/** A time of day, UTC. The snapshot begins within the hour that follows. */
export interface DailySnapshotOptions extends SnapshotScheduleOptions {
  /** 0 to 23, UTC. */
  readonly hour: number;

  /**
   * 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;
}

/** A time on one day of the week. */
export interface WeeklySnapshotOptions extends DailySnapshotOptions {
  /** The day. */
  readonly weekDay: WeekDay;
}

/** Options of a cron expression. */
export interface CronSnapshotOptions extends SnapshotScheduleOptions {
  /**
   * Snapshots that are not retained any more go to the archive, and stay there so long: 90 days or more. For volumes,
   * for one schedule, and at most every 28 days.
   *
   * @default - they are deleted
   */
  readonly archiveRetention?: SnapshotRetention;
}

/** A time on one day of the month. */
export interface MonthlySnapshotOptions extends DailySnapshotOptions {
  /**
   * 1 to 28. For the last day use `cron('0 3 L * ? *')`.
   *
   * @default 1
   */
  readonly day?: number;

  /**
   * Snapshots that are not retained any more go to the archive, and stay there so long: 90 days or more. For volumes,
   * and for one schedule.
   *
   * @default - they are deleted
   */
  readonly archiveRetention?: SnapshotRetention;
}

/** How many snapshots of each kind are kept. Each number given makes a schedule: at most four. */
export interface GfsSnapshotOptions extends SnapshotOptions {
  /** Hour of all but the hourly snapshots, 0 to 23, UTC. */
  readonly hour: number;

  /**
   * 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;

  /**
   * How many hourly snapshots are kept.
   *
   * @default - there are none
   */
  readonly hourly?: number;

  /**
   * How many daily snapshots are kept.
   *
   * @default - there are none
   */
  readonly daily?: number;

  /**
   * How many weekly snapshots are kept.
   *
   * @default - there are none
   */
  readonly weekly?: number;

  /**
   * How many monthly snapshots are kept: of the first of each month.
   *
   * @default - there are none
   */
  readonly monthly?: number;

  /**
   * How many yearly snapshots are kept: of the first of January.
   *
   * @default - there are none
   */
  readonly yearly?: number;

  /**
   * Day of the weekly snapshots.
   *
   * @default WeekDay.SUNDAY
   */
  readonly weekDay?: WeekDay;
}
