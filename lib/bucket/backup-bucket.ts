import { Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { MANIFEST_MAX_BYTES } from '../../catalog/bucket/names';
import type { BackupBucketAttributes, BackupBucketProps, IBackupBucket } from './backup-bucket-props';
import { acknowledgeCompliance } from '../private/acknowledge';
import {
  backupStatements,
  bucketStatements,
  DeleteDenials,
  measureStatements,
  principalArn,
  pruneStatements,
  undeleteStatements,
} from './private/bucket-policy';
import { addDeleter } from './private/deleters';
import { requireProps } from '../private/fault';
import { grantStatements } from './private/grant-statements';
import { keptBucket } from './private/kept-bucket';
import { requireKey } from './private/key';
import { StorageTiers } from './storage-tiers';

abstract class BackupBucketBase extends Construct implements IBackupBucket {
  public abstract readonly bucket: s3.IBucket;
  public abstract readonly encryptionKey: kms.IKey;
  public abstract readonly noncurrentVersionRetention?: Duration;
  public abstract readonly storageTiers?: StorageTiers;

  constructor(
    scope: Construct,
    id: string,
    // Missing for an imported bucket, whose policy belongs to its owner.
    private readonly denials?: DeleteDenials,
  ) {
    super(scope, id);
  }

  public get bucketName(): string {
    return this.bucket.bucketName;
  }

  public get bucketArn(): string {
    return this.bucket.bucketArn;
  }

  public grantBackup(grantee: iam.IGrantable, source: string): iam.Grant {
    return grantStatements(grantee, backupStatements(this.bucketArn, this.encryptionKey.keyArn, source));
  }

  public grantMeasure(grantee: iam.IGrantable): iam.Grant {
    return grantStatements(grantee, measureStatements(this.bucketArn, this.encryptionKey.keyArn));
  }

  public grantPrune(grantee: iam.IGrantable): iam.Grant {
    const role = principalArn(this, 'grantPrune', grantee);
    this.denials?.admitPruner(role);
    addDeleter(this, grantee);
    return grantStatements(grantee, pruneStatements(this.bucketArn, this.encryptionKey.keyArn));
  }

  public grantUndelete(grantee: iam.IGrantable): iam.Grant {
    const role = principalArn(this, 'grantUndelete', grantee);
    this.denials?.admitUndeleter(role);
    addDeleter(this, grantee);
    return grantStatements(grantee, undeleteStatements(this.bucketArn, this.encryptionKey.keyArn));
  }
}

/**
 * An encrypted bucket for backups. Objects can be added, but neither overwritten nor deleted, except by the roles that
 * {@link grantPrune} and {@link grantUndelete} admit. By default, the bucket outlives its stack.
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
  /** Key that encrypts the bucket. */
  public readonly encryptionKey: kms.IKey;
  /** How long deleted backups can be brought back. */
  public readonly noncurrentVersionRetention?: Duration;
  /** Storage classes to which backups move. */
  public readonly storageTiers?: StorageTiers;

  constructor(scope: Construct, id: string, props: BackupBucketProps = {}) {
    const denials = new DeleteDenials();
    super(scope, id, denials);
    const { storageTiers = StorageTiers.cheapest() } = props;
    this.storageTiers = storageTiers;
    const tierRules = this.tierRules(storageTiers);
    const kept = keptBucket(this, 'database backups', props, tierRules);
    this.bucket = kept.bucket;
    this.encryptionKey = kept.encryptionKey;
    this.noncurrentVersionRetention = kept.noncurrentVersionRetention;
    if (tierRules.length > 0) this.sizeAsText();
    const statements = bucketStatements(this.bucketArn, this.encryptionKey.keyArn);
    for (const statement of [...statements, ...denials.statements(this.bucketArn)]) {
      this.bucket.addToResourcePolicy(statement);
    }
    const reason = 'The user decides about copies in another bucket: BackupAlarms.watchReplication.';
    acknowledgeCompliance(this.bucket, [{ rule: 'S3BucketReplicationEnabled', reason }]);
  }

  /** Filters of S3 match prefixes, tags and sizes: the size tells data objects from manifests. */
  private tierRules(tiers: StorageTiers): s3.LifecycleRule[] {
    const transitions = tiers
      ._bind(this)
      .map(({ storageClass, day }) => ({ storageClass, transitionAfter: Duration.days(day) }));
    if (transitions.length === 0) return [];
    return [{ id: 'StorageTiers', objectSizeGreaterThan: MANIFEST_MAX_BYTES, transitions }];
  }

  /** Writes the size as a string, as CloudFormation wants it: the CDK writes a number, and then warns about it. */
  private sizeAsText(): void {
    (this.bucket.node.defaultChild as s3.CfnBucket).addPropertyOverride(
      'LifecycleConfiguration.Rules.1.ObjectSizeGreaterThan',
      String(MANIFEST_MAX_BYTES),
    );
  }
}

class ImportedBackupBucket extends BackupBucketBase {
  public readonly bucket: s3.IBucket;
  public readonly encryptionKey: kms.IKey;
  public readonly noncurrentVersionRetention?: Duration;
  public readonly storageTiers?: StorageTiers;

  constructor(scope: Construct, id: string, attributes: BackupBucketAttributes) {
    super(scope, id);
    requireProps(this, attributes, { bucketName: true, encryptionKey: true });
    const { bucketName, encryptionKey, region } = attributes;
    requireKey(this, 'encryptionKey', encryptionKey);
    this.encryptionKey = encryptionKey;
    this.bucket = s3.Bucket.fromBucketAttributes(this, 'Resource', { bucketName, encryptionKey, region });
  }
}
