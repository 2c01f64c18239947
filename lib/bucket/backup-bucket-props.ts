import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import type { StorageTiers } from './storage-tiers';

/** A bucket that holds backups, created here or imported. */
export interface IBackupBucket extends IConstruct {
  /** The bucket. */
  readonly bucket: s3.IBucket;
  /** The key that encrypts it. */
  readonly encryptionKey: kms.IKey;
  /** Name of the bucket. */
  readonly bucketName: string;
  /** ARN of the bucket. */
  readonly bucketArn: string;
  /**
   * How long what was deleted can be brought back.
   *
   * @default - not known: the bucket is imported
   */
  readonly noncurrentVersionRetention?: Duration;
  /**
   * The storage classes that backups move to.
   *
   * @default - not known: the bucket is imported
   */
  readonly storageTiers?: StorageTiers;

  /**
   * Allows to back up one source: to put new objects under its prefix, and nothing else. Reading back and deleting are
   * denied, whatever else the grantee may do.
   *
   * @param grantee the role of the backup's task
   * @param source name of the source
   */
  grantBackup(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Allows to list the backups and to read their manifests and the verdicts of their restore tests. Reading data, putting
   * and deleting are denied, whatever else the grantee may do.
   *
   * @param grantee whoever measures how the backups are
   */
  grantMeasure(grantee: iam.IGrantable): iam.Grant;

  /**
   * Allows to list the backups, to read their manifests and to delete them so that they can be brought back. Reading data,
   * putting and deleting versions are denied, whatever else the grantee may do. The bucket's policy denies deletes to
   * everyone else.
   *
   * @param grantee a role
   */
  grantPrune(grantee: iam.IGrantable): iam.Grant;

  /**
   * Allows to bring back what was deleted: to list versions, to read manifests, to delete the markers of the deletion and
   * to put the note that keeps the backup. It takes the right to delete versions, which the bucket's policy denies to
   * everyone else. Reading data and other deletes are denied, whatever else the grantee may do.
   *
   * @param grantee a role
   */
  grantUndelete(grantee: iam.IGrantable): iam.Grant;
}

/** Properties of a BackupBucket. */
export interface BackupBucketProps {
  /**
   * Name of the bucket.
   *
   * @default - CloudFormation makes up a name
   */
  readonly bucketName?: string;

  /**
   * Key that encrypts the objects.
   *
   * @default - a key is created, which is rotated every year
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * How long an object that was deleted, or a lock that was replaced, can still be brought back. Whole days.
   *
   * @default Duration.days(14)
   */
  readonly noncurrentVersionRetention?: Duration;

  /**
   * To which storage classes backups move as they grow older.
   *
   * @default StorageTiers.cheapest()
   */
  readonly storageTiers?: StorageTiers;

  /**
   * Bucket that receives the access logs.
   *
   * @default - accesses are not logged
   */
  readonly serverAccessLogsBucket?: s3.IBucket;

  /**
   * Prefix of the access logs.
   *
   * @default - the logs lie at the root of the log bucket
   */
  readonly serverAccessLogsPrefix?: string;

  /**
   * What happens to bucket and key when the stack is deleted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What is known of a bucket that exists. */
export interface BackupBucketAttributes {
  /** Name of the bucket. */
  readonly bucketName: string;
  /** The key that encrypts it. */
  readonly encryptionKey: kms.IKey;
  /**
   * Region of the bucket. A backup must be in the same Region.
   *
   * @default - the Region of the stack
   */
  readonly region?: string;
}
