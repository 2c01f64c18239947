import type { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { BackupAlarms } from '../alarms/backup-alarms';
import type { SourceAlarmProps } from '../alarms/backup-alarms-props';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { BackupPruning } from '../pruning/backup-pruning';
import type { BackupRunner } from './backup-runner';
import type { BackupSchedule } from './backup-schedule';
import type { Database } from '../database/database';
import type { Retention } from '../pruning/retention';
import type { RestoreExpectation, RowDigests } from '../restore-tests/restore-expectation';
import type { RestoreTesting } from '../restore-tests/restore-testing';
import type { RestoreTests } from '../restore-tests/restore-tests';
import type { RestoreOptions } from './restore-options';

/** Properties of a database in Backups. */
export interface AddDatabaseProps extends SourceAlarmProps {
  /** The database to back up. */
  readonly database: Database;

  /** Schedule of the backups. */
  readonly schedule: BackupSchedule;

  /**
   * Name of the source: unique in its bucket, and the prefix of its keys. 1 to 40 lower-case letters, digits and hyphens,
   * starting and ending with a letter or a digit. A new name starts a new series of backups under another prefix.
   *
   * @default - derived from the construct's id: `ShopOrders` becomes `shop-orders`
   */
  readonly sourceName?: string;

  /**
   * Where the runs are: in tasks of Fargate, or in Docker on the EC2 instance that has the database.
   *
   * @default BackupRunner.fargate()
   */
  readonly runsOn?: BackupRunner;

  /**
   * CPU units of the task; 1024 is one vCPU. 256, 512, 1024, 2048, 4096, 8192 or 16384.
   *
   * @default 1024
   */
  readonly cpu?: number;

  /**
   * Memory of the task, in MiB. It must be a size that Fargate offers with `cpu`.
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
   * Whether the task runs on Fargate Spot. Spot is cheaper, but AWS can interrupt a run, which then fails. Cannot be
   * combined with a public address. Your own cluster needs the capacity provider FARGATE_SPOT.
   *
   * @default false
   */
  readonly spot?: boolean;

  /**
   * Disk of the task, in GiB. 21 to 200. SQLite needs it, for its snapshot, and files, for SQLite databases
   * among them and the list of what they are; other dumps are streamed.
   *
   * @default - the 20 GiB that Fargate includes
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
   * @default - in Backups its subnets, otherwise the private subnets with egress
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Whether the task gets a public IP address. Requires `vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }`.
   *
   * @default - in Backups its setting, otherwise true with that subnet type and false without
   */
  readonly assignPublicIp?: boolean;

  /**
   * Security groups of the task, in addition to those of the database. At most five in total.
   *
   * @default - those of the database; if it has none, a security group is created
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Longest duration of a run, after which it stops and fails. 30 seconds to 7 days, and shorter than the shortest time
   * between two runs minus the schedule's flexible window.
   *
   * @default - 12 hours, or nine tenths of that time if it is less
   */
  readonly timeout?: Duration;

  /**
   * Retention of the backups. Requires something that prunes them: `Backups`, or `pruning`.
   *
   * @default - in Backups its retention, otherwise Retention.oneYear()
   */
  readonly retention?: Retention;

  /**
   * Allowed age of the newest backup. An older one raises an alarm, and nothing is deleted meanwhile. It must be longer than
   * the longest time between two runs.
   *
   * @default - the sum of the longest time between two runs, the schedule's flexible window, the timeout, and an hour (or
   * `maxEventAge` if that is longer). For a schedule that fires once: a day and the timeout
   */
  readonly allowedAge?: Duration;

  /**
   * Compression level of zstd, from 1 (fast) to 19 (small).
   *
   * @default 1
   */
  readonly compressionLevel?: number;

  /**
   * Public keys to which backups are encrypted with age before they leave the task, so that nobody else can read them, with
   * whatever rights in AWS: of age (`age1…`) or of SSH (`ssh-ed25519 …`, `ssh-rsa …`). 1 to 20. Any one of the private keys opens a
   * backup; without one of them it is lost. See docs/encryption.md.
   *
   * @default - in Backups its setting; otherwise backups are encrypted by the key of the bucket alone
   */
  readonly encryptTo?: string[];

  /**
   * Secret with the private key of one of `encryptTo`, as text: the file of age-keygen, or of OpenSSH without a passphrase. ECS
   * gives it to restore tests alone; whoever reads it can read the backups.
   *
   * @default - in Backups its setting; otherwise restore tests of encrypted backups only check their stored bytes
   */
  readonly proveWith?: secretsmanager.ISecret;

  /**
   * Image with the program, built from the package's `dist/task/Dockerfile`, or by `BackupImage.fromDockerfile`.
   *
   * Its tools must fit the server's version, and restore tests run the server that is in it.
   *
   * @default - built from the engine's official image when the stack is deployed
   */
  readonly image?: ecs.ContainerImage;

  /**
   * Role of the program. It is granted the permissions of a backup; `role.withoutPolicyUpdates()` prevents that.
   *
   * @default - a role is created
   */
  readonly taskRole?: iam.IRole;

  /**
   * Role with which ECS pulls the image, reads the secret and writes the log. It is granted these permissions.
   *
   * @default - a role is created
   */
  readonly executionRole?: iam.IRole;

  /**
   * Whether the schedule is enabled.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Prepares the task, or the run on an instance, with which `proven-backups restore` restores a backup, and a role for it.
   *
   * @default - backups can be fetched and restored from elsewhere, but no task restores them
   */
  readonly restore?: RestoreOptions;

  /**
   * Which backups are tested, and when: restored into a throw-away server, and compared.
   *
   * @default - in Backups its setting; RestoreTests.weekly() with `restoreTesting`; otherwise none is tested
   */
  readonly restoreTest?: RestoreTests;

  /**
   * What must hold in a restored database. Stored with each backup; its restore tests ask.
   *
   * @default - a restore test compares with the backup only
   */
  readonly expect?: RestoreExpectation[];

  /**
   * Of which tables the dump takes digests of all rows, which restore tests compare.
   *
   * @default - RowDigests.share(10): from the smallest table to the largest, for a tenth of the time of the dump
   */
  readonly rowDigests?: RowDigests;
}

/** Properties of a DatabaseBackup. */
export interface DatabaseBackupProps extends AddDatabaseProps {
  /** Bucket of the backups, in the same Region. */
  readonly bucket: IBackupBucket;

  /**
   * Pruning of the same bucket, which deletes the backups that `retention` does not keep.
   *
   * @default - nothing is deleted
   */
  readonly pruning?: BackupPruning;

  /**
   * Restore tests of the same bucket, which test the backups that `restoreTest` says.
   *
   * @default - no backup is tested
   */
  readonly restoreTesting?: RestoreTesting;

  /**
   * Alarms of the same bucket, which notify people when this backup goes wrong.
   *
   * @default - nobody is notified
   */
  readonly alarms?: BackupAlarms;

  /** Cluster of the task, in a VPC from which it reaches the database. */
  readonly cluster: ecs.ICluster;

  /**
   * Log group of the runs. If this stack depends on the stack of the alarms, the log group must not belong to this stack.
   *
   * @default - a log group is created, which keeps logs for three months; if this stack depends on the stack of the alarms,
   * their log group
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * Role with which EventBridge Scheduler starts the task. It is granted that permission.
   *
   * @default - a role is created
   */
  readonly schedulerRole?: iam.IRole;

  /**
   * Group of the schedule. If this stack depends on the stack of the alarms, the group must not belong to this stack.
   *
   * @default - the account's default group
   */
  readonly scheduleGroup?: scheduler.IScheduleGroup;

  /**
   * Dead-letter queue for runs that could not be started. It must be a standard queue. If this stack depends on the stack of
   * the alarms, the queue must not belong to this stack.
   *
   * @default - such runs show only in the metrics of EventBridge Scheduler; if this stack depends on the stack of the
   * alarms, their queue
   */
  readonly deadLetterQueue?: sqs.IQueue;
}
