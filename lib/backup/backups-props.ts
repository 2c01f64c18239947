import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { AlarmOptions } from '../alarms/backup-alarms-props';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { PruningOptions } from '../pruning/backup-pruning-props';
import type { Retention } from '../pruning/retention';
import type { RestoreTestingOptions } from '../restore-tests/restore-testing-props';
import type { RestoreTests } from '../restore-tests/restore-tests';

/** Properties of Backups. */
export interface BackupsProps {
  /** VPC of the tasks, from which they reach the databases. */
  readonly vpc: ec2.IVpc;

  /**
   * Bucket of the backups, in the same Region. The policy of an imported bucket is not changed: the stack that owns it has
   * to admit the roles of `pruning`, by `grantPrune` and `grantUndelete`.
   *
   * @default - a BackupBucket with its own key is created
   */
  readonly bucket?: IBackupBucket;

  /**
   * Cluster of the tasks, in `vpc`.
   *
   * @default - a Fargate cluster is created
   */
  readonly cluster?: ecs.ICluster;

  /**
   * Subnets of the tasks, unless a database has its own.
   *
   * @default - the private subnets with egress
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Whether the tasks get a public IP address, unless a database has its own setting. Requires
   * `vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }`.
   *
   * @default - true with that subnet type, otherwise false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Log group of the runs.
   *
   * @default - a log group is created, encrypted with the bucket's key if that key belongs to this app
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * How long logs are kept. Cannot be combined with `logGroup`.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Dead-letter queue for runs that could not be started.
   *
   * @default - an encrypted queue is created, which keeps messages for 14 days
   */
  readonly deadLetterQueue?: sqs.IQueue;

  /**
   * Group of the schedules.
   *
   * @default - a group is created, so that its metrics cover only these schedules
   */
  readonly scheduleGroup?: scheduler.IScheduleGroup;

  /**
   * Adds the free gateway endpoint for S3 to the subnets, so that backups do not pass through a NAT gateway. A second
   * endpoint in the same route table fails the deployment.
   *
   * @default false
   */
  readonly s3GatewayEndpoint?: boolean;

  /**
   * Retention of the backups, unless a database has its own.
   *
   * @default Retention.oneYear()
   */
  readonly retention?: Retention;

  /**
   * When backups are pruned, and how many at most.
   *
   * @default - every day at 04:30 UTC, at most half of a database's backups
   */
  readonly pruning?: PruningOptions;

  /**
   * Public keys to which backups are encrypted, unless a database has its own: see `encryptTo` of a database.
   *
   * @default - backups are encrypted by the key of the bucket alone
   */
  readonly encryptTo?: string[];

  /**
   * Secret with a private key for restore tests of encrypted backups, unless a database has its own: see `proveWith` of a database.
   *
   * @default - restore tests of encrypted backups only check their stored bytes
   */
  readonly proveWith?: secretsmanager.ISecret;

  /**
   * Which backups are tested, and when, unless a database has its own setting.
   *
   * @default RestoreTests.weekly()
   */
  readonly restoreTest?: RestoreTests;

  /**
   * How restore tests run.
   *
   * @default - at most five at the same time, in `vpcSubnets`, each for at most 12 hours
   */
  readonly restoreTesting?: RestoreTestingOptions;

  /**
   * Who is notified when something goes wrong.
   *
   * @default - everything is watched, but nobody is notified until somebody subscribes; synth warns about it
   */
  readonly alarms?: AlarmOptions;
}
