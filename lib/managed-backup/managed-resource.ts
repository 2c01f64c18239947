import type * as efs from 'aws-cdk-lib/aws-efs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { BoundManagedResource } from './private/managed-role';
import { fault, requireGiven } from '../private/fault';

/** Options of a resource. */
export interface ManagedResourceOptions {
  /**
   * Name of the source, unique among those of the alarms.
   *
   * @default - derived from the id of the ManagedBackup: `ShopMedia` becomes `shop-media`; of several resources, with the id of
   * the resource behind it
   */
  readonly sourceName?: string;
}

/** A resource that AWS Backup backs up as a whole. */
export class ManagedResource {
  /** A file system of EFS. Its backups are incremental. */
  public static fileSystem(fileSystem: efs.IFileSystem, options: ManagedResourceOptions = {}): ManagedResource {
    return new ManagedResource(fileSystem, options, (scope) => {
      requireGiven(scope, 'fileSystem of a resource', fileSystem);
      return { kind: 'EFS', arn: fileSystem.fileSystemArn };
    });
  }

  /**
   * A bucket of S3. It must be versioned. Of an imported one, give `encryptionKey` if there is one: without it, the role may
   * decrypt with any key through S3.
   */
  public static bucket(bucket: s3.IBucket, options: ManagedResourceOptions = {}): ManagedResource {
    return new ManagedResource(bucket, options, (scope) => {
      requireGiven(scope, 'bucket of a resource', bucket);
      requireVersions(scope, bucket);
      const keyArn = bucket.encryptionKey?.keyArn ?? (isImported(bucket) ? '*' : undefined);
      return { kind: 'S3', arn: bucket.bucketArn, ...(keyArn !== undefined && { keyArn }) };
    });
  }

  private constructor(
    private readonly construct: IConstruct,
    private readonly options: ManagedResourceOptions,
    private readonly bind: (scope: IConstruct) => Omit<BoundManagedResource, 'id' | 'sourceName'>,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct): BoundManagedResource {
    const { sourceName } = this.options;
    const bound = this.bind(scope);
    return { ...bound, id: this.construct.node.id, ...(sourceName !== undefined && { sourceName }) };
  }
}

const isImported = (bucket: s3.IBucket): boolean => !(bucket.node.defaultChild instanceof CfnBucket);

/** AWS Backup refuses a bucket without versions when the first job starts. An imported bucket cannot be looked at. */
function requireVersions(scope: IConstruct, bucket: s3.IBucket): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket)) return;
  const versioning = Stack.of(resource).resolve(resource.versioningConfiguration) as { status?: string } | undefined;
  if (versioning?.status === 'Enabled') return;
  fault(
    scope,
    `bucket of a resource must be versioned, got: ${bucket.node.path} without versions: set versioned, which AWS Backup needs`,
  );
}
