import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { AlarmOptions } from '../alarms/backup-alarms-props';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { PruningOptions } from '../pruning/backup-pruning-props';
import type { Retention } from '../pruning/retention';

/** Properties of Backups. */
export interface BackupsProps {
  /** VPC in which the tasks run, and from which the databases can be reached. */
  readonly vpc: ec2.IVpc;

  /**
   * Where the backups go. In the same Region. The policy of an imported bucket is not changed: the stack that owns the
   * bucket has to admit the roles of `pruning` to it, by `grantPrune` and `grantUndelete`.
   *
   * @default - a BackupBucket is created, with a key of its own
   */
  readonly bucket?: IBackupBucket;

  /**
   * Cluster that runs the tasks, in `vpc`.
   *
   * @default - a Fargate cluster is created
   */
  readonly cluster?: ecs.ICluster;

  /**
   * Subnets of the tasks of all databases that name none themselves.
   *
   * @default - the private subnets with a way out
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Gives the tasks of all databases that do not say themselves a public address. Only with
   * `vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }`.
   *
   * @default - with that subnet type they get one, else not
   */
  readonly assignPublicIp?: boolean;

  /**
   * Log group of the runs.
   *
   * @default - one is created, encrypted with the bucket's key if that key was created here
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * How long logs are kept. Not together with `logGroup`.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Queue for runs that could not be started.
   *
   * @default - an encrypted queue is created that keeps messages for 14 days
   */
  readonly deadLetterQueue?: sqs.IQueue;

  /**
   * Group of the schedules.
   *
   * @default - a group is created, so that its metrics count these schedules alone
   */
  readonly scheduleGroup?: scheduler.IScheduleGroup;

  /**
   * Adds the gateway endpoint for S3, which is free, to the subnets: the backups do not pass a NAT gateway then. A second
   * one in the same route table fails the deployment.
   *
   * @default false
   */
  readonly s3GatewayEndpoint?: boolean;

  /**
   * Which backups are kept, of all databases that do not say themselves.
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
   * Who is told what goes wrong.
   *
   * @default - everything is watched, but nobody is told until somebody subscribes: synth warns
   */
  readonly alarms?: AlarmOptions;
}
