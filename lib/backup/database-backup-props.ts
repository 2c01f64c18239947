import type { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { BackupAlarms } from '../alarms/backup-alarms';
import type { SourceAlarmProps } from '../alarms/backup-alarms-props';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { BackupPruning } from '../pruning/backup-pruning';
import type { BackupSchedule } from './backup-schedule';
import type { Database } from '../database/database';
import type { Retention } from '../pruning/retention';

/** What is backed up, when, and on what machine. */
export interface AddDatabaseProps extends SourceAlarmProps {
  /** The database to back up. */
  readonly database: Database;

  /** When backups are made. */
  readonly schedule: BackupSchedule;

  /**
   * Name of the source: unique in its bucket, and the prefix of its keys. 1 to 40 lower-case letters, digits and hyphens,
   * starting and ending with a letter or a digit. With another name, the backups start anew under another prefix.
   *
   * @default - made of the construct's id: `ShopOrders` becomes `shop-orders`
   */
  readonly sourceName?: string;

  /**
   * CPU units of the task; 1024 is one vCPU. 256, 512, 1024, 2048, 4096, 8192 or 16384.
   *
   * @default 1024
   */
  readonly cpu?: number;

  /**
   * Memory of the task, in MiB. Must be one that Fargate offers with `cpu`.
   *
   * @default 2048
   */
  readonly memoryLimitMiB?: number;

  /**
   * Architecture of the task.
   *
   * @default ecs.CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;

  /**
   * Runs on Fargate Spot: cheaper, but a run may be interrupted, and fails then. Not with a public address. A cluster of
   * yours must have the capacity provider FARGATE_SPOT.
   *
   * @default false
   */
  readonly spot?: boolean;

  /**
   * Disk of the task, in GiB: 21 to 200. Dumps are streamed; only SQLite makes its snapshot on it.
   *
   * @default - the 20 GiB that Fargate gives for free
   */
  readonly ephemeralStorageGiB?: number;

  /**
   * Platform version of Fargate: LATEST or VERSION1_4.
   *
   * @default ecs.FargatePlatformVersion.LATEST
   */
  readonly platformVersion?: ecs.FargatePlatformVersion;

  /**
   * Subnets of the task.
   *
   * @default - the private subnets with a way out
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Gives the task a public address. Only with `vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }`.
   *
   * @default - with that subnet type it gets one, else not
   */
  readonly assignPublicIp?: boolean;

  /**
   * Security groups of the task, besides those that the database carries. At most five together.
   *
   * @default - those of the database; if it carries none, one is created
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * After this time a run stops itself and fails. 30 seconds to 7 days, and shorter than the shortest time between two
   * runs, less the schedule's flexible window.
   *
   * @default - 12 hours, or nine tenths of that time if it is less
   */
  readonly timeout?: Duration;

  /**
   * Which backups are kept. Only where something prunes them: `Backups` does, and `pruning` does.
   *
   * @default - in Backups its retention, else Retention.oneYear()
   */
  readonly retention?: Retention;

  /**
   * How old the newest backup may get before that is a fault. Longer than the longest time between two runs. Nothing is
   * deleted while it is older.
   *
   * @default - the longest time between two runs, the schedule's flexible window, the timeout and an hour (or `maxEventAge`,
   * if that is longer) together; if the schedule fires once, a day and the timeout
   */
  readonly allowedAge?: Duration;

  /**
   * zstd level, 1 (fast) to 19 (small).
   *
   * @default 1
   */
  readonly compressionLevel?: number;

  /**
   * A ready image with the program in it, made with the package's `dist/task/Dockerfile`.
   *
   * @default - built from the engine's official image when the stack is deployed
   */
  readonly image?: ecs.ContainerImage;

  /**
   * Role of the program. It is granted what a backup needs; `role.withoutPolicyUpdates()` prevents that.
   *
   * @default - a role is created
   */
  readonly taskRole?: iam.IRole;

  /**
   * Role with which ECS pulls the image, reads the secret and writes the log. It is granted these.
   *
   * @default - a role is created
   */
  readonly executionRole?: iam.IRole;

  /**
   * Whether the schedule runs.
   *
   * @default true
   */
  readonly enabled?: boolean;
}

/** Properties of a DatabaseBackup. */
export interface DatabaseBackupProps extends AddDatabaseProps {
  /** Where the backups go. In the same Region. */
  readonly bucket: IBackupBucket;

  /**
   * Deletes the backups that `retention` does not keep. Of the same bucket.
   *
   * @default - nothing is deleted
   */
  readonly pruning?: BackupPruning;

  /**
   * Tells people when this backup goes wrong. Of the same bucket.
   *
   * @default - nobody is told
   */
  readonly alarms?: BackupAlarms;

  /** Cluster that runs the task, in a VPC from which the database can be reached. */
  readonly cluster: ecs.ICluster;

  /**
   * Log group of the runs. Not of this stack, where this stack needs that of the alarms, as it does for their bucket.
   *
   * @default - one is created that keeps logs for three months; in a stack that needs that of the alarms, theirs
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * Role with which EventBridge Scheduler starts the task. It is granted that.
   *
   * @default - a role is created
   */
  readonly schedulerRole?: iam.IRole;

  /**
   * Group of the schedule. Not of this stack, where this stack needs that of the alarms.
   *
   * @default - the account's default group
   */
  readonly scheduleGroup?: scheduler.IScheduleGroup;

  /**
   * Queue for runs that could not be started: a standard one. Not of this stack, where this stack needs that of the alarms.
   *
   * @default - they are visible in the metrics of EventBridge Scheduler only; in a stack that needs that of the alarms, the
   * queue that they were given
   */
  readonly deadLetterQueue?: sqs.IQueue;
}
