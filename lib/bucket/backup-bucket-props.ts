import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import type { StorageTiers } from './storage-tiers';

/** A bucket of backups, created in this app or imported. */
export interface IBackupBucket extends IConstruct {
  /** The bucket. */
  readonly bucket: s3.IBucket;
  /** Key that encrypts the bucket. */
  readonly encryptionKey: kms.IKey;
  /** Name of the bucket. */
  readonly bucketName: string;
  /** ARN of the bucket. */
  readonly bucketArn: string;
  /**
   * How long deleted backups can be brought back.
   *
   * @default - unknown, for an imported bucket
   */
  readonly noncurrentVersionRetention?: Duration;
  /**
   * Storage classes to which backups move.
   *
   * @default - unknown, for an imported bucket
   */
  readonly storageTiers?: StorageTiers;

  /**
   * Grants permission to back up one source: to put new objects under its prefix. Reading and deleting are denied, even if
   * another policy of the grantee allows them.
   *
   * @param grantee the role of the backup's task
   * @param source name of the source
   */
  grantBackup(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Grants permission to list backups and to read their manifests and the verdicts of their restore tests. Reading data,
   * putting and deleting are denied, even if another policy of the grantee allows them.
   *
   * @param grantee the principal that monitors the backups
   */
  grantMeasure(grantee: iam.IGrantable): iam.Grant;

  /**
   * Grants permission to list backups, to read their manifests, and to delete backups so that they can be brought back.
   * Reading data, putting and deleting versions are denied, even if another policy of the grantee allows them. The bucket
   * policy denies deletes to everyone else.
   *
   * @param grantee the role that prunes
   */
  grantPrune(grantee: iam.IGrantable): iam.Grant;

  /**
   * Grants permission to bring back deleted backups: to list versions, to read manifests, to delete delete markers, and to
   * put the note that keeps the backup. This includes the right to delete versions, which the bucket policy denies to
   * everyone else. Reading data and other deletes are denied, even if another policy of the grantee allows them.
   *
   * @param grantee the role that brings backups back
   */
  grantUndelete(grantee: iam.IGrantable): iam.Grant;
}

/** Options of a bucket that keeps what is deleted for a while. */
export interface KeptBucketOptions {
  /**
   * Name of the bucket.
   *
   * @default - CloudFormation generates a name
   */
  readonly bucketName?: string;

  /**
   * Key that encrypts the objects.
   *
   * @default - a key is created, with yearly rotation
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * How long what was deleted can be brought back. Whole days.
   *
   * @default Duration.days(14)
   */
  readonly noncurrentVersionRetention?: Duration;

  /**
   * Bucket that receives the access logs.
   *
   * @default - access is not logged
   */
  readonly serverAccessLogsBucket?: s3.IBucket;

  /**
   * Prefix of the access logs.
   *
   * @default - the logs are at the root of the log bucket
   */
  readonly serverAccessLogsPrefix?: string;

  /**
   * Removal policy of the bucket and its key.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE - both outlive the stack; only a deployment that fails deletes what it
   * has just created
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Properties of BackupBucket. */
export interface BackupBucketProps extends KeptBucketOptions {
  /**
   * Storage classes to which backups move with age.
   *
   * @default StorageTiers.cheapest()
   */
  readonly storageTiers?: StorageTiers;
}

/** Attributes of an existing bucket of backups. */
export interface BackupBucketAttributes {
  /** Name of the bucket. */
  readonly bucketName: string;
  /** Key that encrypts the bucket. */
  readonly encryptionKey: kms.IKey;
  /**
   * Region of the bucket. Backups must run in the same Region.
   *
   * @default - the Region of the stack
   */
  readonly region?: string;
}
