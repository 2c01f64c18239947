import type { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { ScheduledFunctionOptions } from '../scheduled-function-options';

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
export interface RestoreTestingProps extends RestoreTestingOptions, ScheduledFunctionOptions {
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
}
