import type { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { IBackupBucket } from '../bucket/backup-bucket-props';

/** How restore tests run. Which backups are tested is set for each database: `restoreTest`. */
export interface RestoreTestingOptions {
  /**
   * Number of tests that run at the same time. 1 to 50. Others wait for the next hour.
   *
   * @default 5
   */
  readonly maxAtOnce?: number;

  /**
   * Longest duration of a test, after which it stops, and says nothing about the backup. 30 seconds to 7 days.
   *
   * @default Duration.hours(12)
   */
  readonly timeout?: Duration;

  /**
   * Whether tests are started by schedule. While they are not, `proven-backups prove` starts them.
   *
   * @default true
   */
  readonly enabled?: boolean;
}

/** Properties of RestoreTesting. */
export interface RestoreTestingProps extends RestoreTestingOptions {
  /** Bucket of the backups, in the same Region. */
  readonly bucket: IBackupBucket;

  /** Cluster of the tests. No database needs to be reached from its VPC. */
  readonly cluster: ecs.ICluster;

  /**
   * Subnets of the tests. They need a way out to ECR, CloudWatch Logs and S3.
   *
   * @default - those of the first database
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Whether the tests get a public IP address. Requires `vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }`.
   *
   * @default - that of the first database
   */
  readonly assignPublicIp?: boolean;

  /**
   * Log group of the tests and of the function that starts them.
   *
   * @default - a log group is created
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * How long logs are kept. Cannot be combined with `logGroup`.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Group of the schedule.
   *
   * @default - the account's default group
   */
  readonly scheduleGroup?: scheduler.IScheduleGroup;

  /**
   * Dead-letter queue for runs of the function that could not be started. It must be a standard queue.
   *
   * @default - such runs show only in the metrics of EventBridge Scheduler
   */
  readonly deadLetterQueue?: sqs.IQueue;
}
