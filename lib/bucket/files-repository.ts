import type { Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { BackupSchedule, WeekDay } from '../backup/backup-schedule';
import { acknowledgeCompliance, acknowledgeStatements } from '../private/acknowledge';
import { fault } from '../private/fault';
import { InlineRole } from '../private/inline-role';
import { s3ServiceOf } from '../private/names';
import type { KeptBucketOptions } from './backup-bucket-props';
import { DeleteDenials, encryptionStatements, principalArn } from './private/bucket-policy';
import { grantStatements } from './private/grant-statements';
import { keptBucket } from './private/kept-bucket';
import type { RepositoryPlace } from './private/repository-policy';
import { maintainStatements, readStatements, REPOSITORY_KEYS, writeStatements } from './private/repository-policy';

/** Properties of FilesRepository. */
export interface FilesRepositoryProps extends KeptBucketOptions {
  /**
   * When each source removes from its repository what no backup needs any more.
   *
   * @default BackupSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 12 })
   */
  readonly maintenanceSchedule?: BackupSchedule;
}

/**
 * An encrypted bucket for repositories of restic, which hold incremental backups of files: one for each source, under its name. Objects
 * can be added; only the weekly maintenance of a source deletes any, so that they can be brought back. By default, the bucket outlives
 * its stack. What backups there are says the BackupBucket alone.
 */
export class FilesRepository extends Construct {
  /** The bucket. */
  public readonly bucket: s3.IBucket;
  /** Key that encrypts the bucket. The repositories in it are encrypted besides, each by a key of its source. */
  public readonly encryptionKey: kms.IKey;
  /** How long what maintenance deleted can be brought back. */
  public readonly noncurrentVersionRetention: Duration;
  /** When each source removes from its repository what no backup needs any more. */
  public readonly maintenanceSchedule: BackupSchedule;
  private readonly denials = new DeleteDenials();
  private readonly sources = new Map<string, Construct>();

  constructor(scope: Construct, id: string, props: FilesRepositoryProps = {}) {
    super(scope, id);
    const kept = keptBucket(this, 'repositories of files', props);
    this.bucket = kept.bucket;
    this.encryptionKey = kept.encryptionKey;
    this.noncurrentVersionRetention = kept.noncurrentVersionRetention;
    this.maintenanceSchedule =
      props.maintenanceSchedule ?? BackupSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 12 });
    const { bucketArn } = kept.bucket;
    const encryption = encryptionStatements(bucketArn, this.encryptionKey.keyArn);
    for (const statement of [...encryption, ...this.denials.statements(bucketArn, REPOSITORY_KEYS)]) {
      kept.bucket.addToResourcePolicy(statement);
    }
    const reason = 'The user decides about copies in another bucket.';
    acknowledgeCompliance(kept.bucket, [{ rule: 'S3BucketReplicationEnabled', reason }]);
  }

  /**
   * Grants permission to read the repository of a source, for restores on one's own machine. It takes its key, too, which is in the
   * secret {@link DatabaseBackup.repositoryKey}.
   *
   * @param grantee the principal that restores
   * @param source name of the source
   */
  public grantRead(grantee: iam.IGrantable, source: string): iam.Grant {
    return this.grant(grantee, readStatements(this.placeOf(source)));
  }

  /**
   * Lets the program add to the repository of a source, which one backup alone may have: another one's maintenance would not know the
   * manifests of the first.
   *
   * @internal
   */
  public _grantWrite(backup: Construct, role: iam.IGrantable, source: string): void {
    const other = this.sources.get(source);
    if (other)
      fault(
        backup,
        `source name must be unique in its FilesRepository, got: "${source}", which ${other.node.path} has: give another one in sourceName`,
      );
    this.sources.set(source, backup);
    this.grant(role, writeStatements(this.placeOf(source)));
  }

  /**
   * Lets the program remove what no backup of a source needs.
   *
   * @internal
   */
  public _grantMaintain(role: iam.IRole, source: string): void {
    this.denials.admitPruner(principalArn(this, 'maintenance', role));
    this.grant(role, maintainStatements(this.placeOf(source)));
  }

  private grant(grantee: iam.IGrantable, statements: iam.PolicyStatement[]): iam.Grant {
    const reason = 'All objects of the repository of one source; the denials cover the whole bucket.';
    if (grantee instanceof InlineRole) acknowledgeStatements(grantee, reason, statements);
    return grantStatements(grantee, statements);
  }

  private placeOf(source: string): RepositoryPlace {
    const { bucketArn } = this.bucket;
    return { bucketArn, keyArn: this.encryptionKey.keyArn, source, s3Service: s3ServiceOf(this) };
  }
}
