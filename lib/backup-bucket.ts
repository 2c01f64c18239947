import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import { acknowledge } from './private/acknowledge';
import {
  backupStatements,
  bucketStatements,
  denyDeletes,
  principalArn,
  pruneStatements,
} from './private/bucket-policy';
import { fault } from './private/fault';

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
   * Allows to back up one source: to put new objects under its prefix, and nothing else. Reading back and deleting are
   * denied, whatever else the grantee may do.
   *
   * @param grantee the role of the backup's task
   * @param source name of the source
   */
  grantBackup(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Allows to list the backups, to read their manifests and to delete. The bucket's policy denies deletes to everyone else.
   *
   * @param grantee a role
   */
  grantPrune(grantee: iam.IGrantable): iam.Grant;
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

abstract class BackupBucketBase extends Construct implements IBackupBucket {
  public abstract readonly bucket: s3.IBucket;
  public abstract readonly encryptionKey: kms.IKey;

  public get bucketName(): string {
    return this.bucket.bucketName;
  }

  public get bucketArn(): string {
    return this.bucket.bucketArn;
  }

  public grantBackup(grantee: iam.IGrantable, source: string): iam.Grant {
    return this.grantStatements(grantee, backupStatements(this.bucketArn, this.encryptionKey.keyArn, source));
  }

  public grantPrune(grantee: iam.IGrantable): iam.Grant {
    this._admitPruner(principalArn(this, grantee));
    return this.grantStatements(grantee, pruneStatements(this.bucketArn, this.encryptionKey.keyArn));
  }

  /**
   * Exempts a role from the bucket policy's denial of deletes.
   *
   * @internal
   */
  protected abstract _admitPruner(roleArn: string): void;

  private grantStatements(grantee: iam.IGrantable, [allow, ...others]: iam.PolicyStatement[]): iam.Grant {
    const { actions, resources } = allow!;
    const grant = iam.Grant.addToPrincipal({ grantee, actions, resourceArns: resources });
    for (const statement of others) grantee.grantPrincipal.addToPrincipalPolicy(statement);
    return grant;
  }
}

/**
 * An encrypted bucket for backups. Objects can be added, but neither overwritten nor deleted, except by the roles that
 * {@link grantPrune} admits. Survives its stack.
 */
export class BackupBucket extends BackupBucketBase {
  /** Imports a bucket by its name and its key. Its policy is not changed. */
  public static fromBucketName(
    scope: Construct,
    id: string,
    bucketName: string,
    encryptionKey: kms.IKey,
  ): IBackupBucket {
    return BackupBucket.fromBucketAttributes(scope, id, { bucketName, encryptionKey });
  }

  /** Imports a bucket. Its policy is not changed. */
  public static fromBucketAttributes(scope: Construct, id: string, attributes: BackupBucketAttributes): IBackupBucket {
    return new ImportedBackupBucket(scope, id, attributes);
  }

  /** The bucket. */
  public readonly bucket: s3.IBucket;
  /** The key that encrypts it. */
  public readonly encryptionKey: kms.IKey;
  private readonly deleteDenial: iam.PolicyStatement;
  private readonly pruners: string[] = [];

  constructor(scope: Construct, id: string, props: BackupBucketProps = {}) {
    super(scope, id);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.encryptionKey =
      props.encryptionKey ??
      new kms.Key(this, 'Key', { description: 'Encrypts database backups', enableKeyRotation: true, removalPolicy });
    this.bucket = new s3.Bucket(this, 'Resource', {
      bucketName: props.bucketName,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: this.encryptionKey,
      bucketKeyEnabled: true,
      versioned: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      serverAccessLogsBucket: props.serverAccessLogsBucket,
      serverAccessLogsPrefix: props.serverAccessLogsPrefix,
      removalPolicy,
      lifecycleRules: [
        {
          id: 'Housekeeping',
          abortIncompleteMultipartUploadAfter: Duration.days(1),
          noncurrentVersionExpiration: this.noncurrentDays(props.noncurrentVersionRetention),
          expiredObjectDeleteMarker: true,
        },
      ],
    });
    this.deleteDenial = denyDeletes(this.bucketArn);
    for (const statement of [...bucketStatements(this.bucketArn, this.encryptionKey.keyArn), this.deleteDenial]) {
      this.bucket.addToResourcePolicy(statement);
    }
    if (props.serverAccessLogsBucket === undefined) {
      acknowledge(this.bucket, 'AwsSolutions-S1', 'Access logs are the choice of the user: serverAccessLogsBucket.');
    }
  }

  /** @internal */
  protected _admitPruner(roleArn: string): void {
    this.pruners.push(roleArn);
    this.deleteDenial.addCondition('ArnNotEquals', { 'aws:PrincipalArn': this.pruners });
  }

  private noncurrentDays(retention = Duration.days(14)): Duration {
    const days = retention.toDays({ integral: false });
    if (!Number.isInteger(days) || days < 1) {
      fault(
        this,
        `noncurrentVersionRetention must be a whole number of days, 1 or more, got: ${retention.toHumanString()}`,
      );
    }
    return retention;
  }
}

class ImportedBackupBucket extends BackupBucketBase {
  public readonly bucket: s3.IBucket;
  public readonly encryptionKey: kms.IKey;

  constructor(scope: Construct, id: string, { bucketName, encryptionKey, region }: BackupBucketAttributes) {
    super(scope, id);
    this.encryptionKey = encryptionKey;
    this.bucket = s3.Bucket.fromBucketAttributes(this, 'Resource', { bucketName, encryptionKey, region });
  }

  /**
   * The policy of an imported bucket is its owner's: it has to name the role.
   *
   * @internal
   */
  protected _admitPruner(): void {}
}
