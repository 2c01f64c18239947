import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IConstruct } from 'constructs';
import type { JobDocument, RepositoryJob } from '../../../catalog/contract/task';
import { ENV, SCRATCH_DIRECTORY } from '../../../catalog/contract/task';
import { engineFacts } from '../../../engines/facts';
import type { FilesRepository } from '../../bucket/files-repository';
import type { DatabaseBackupProps } from '../database-backup-props';
import type { BoundDatabase } from '../../database/private/bound-database';
import { requireStandardQueue } from '../../private/dead-letter-queue';
import { fault, requireRange } from '../../private/fault';
import { recipientsOf } from './recipients';
import { requireFargateSize } from './fargate-size';
import { requireRegion } from '../../private/region';
import type { TaskSize } from './task-definition';

const { LATEST, VERSION1_4 } = ecs.FargatePlatformVersion;

/** Checks the properties of the task; returns its size. */
export function requireBackup(scope: IConstruct, props: DatabaseBackupProps, database: BoundDatabase): TaskSize {
  requireRegion(scope, 'bucket', props.bucket);
  requireRange(scope, 'compressionLevel', props.compressionLevel, { from: 1, to: 19 });
  const { cpu = 1024, memoryLimitMiB = 2048, ephemeralStorageGiB } = props;
  const { cpuArchitecture = ecs.CpuArchitecture.X86_64 } = props;
  requireFargateSize(scope, { cpu, memoryLimitMiB, ephemeralStorageGiB });
  const groups = (database.securityGroups?.length ?? 0) + (props.securityGroups?.length ?? 0);
  if (groups > 5) fault(scope, `securityGroups must be at most 5, those of the database included, got: ${groups}`);
  requireStandardQueue(scope, props.deadLetterQueue);
  requireRepository(scope, props, database);
  const { platformVersion = LATEST } = props;
  if (![LATEST, VERSION1_4].includes(platformVersion)) {
    fault(
      scope,
      `platformVersion must be LATEST or VERSION1_4, got: ${platformVersion}: older ones know no JSON keys of secrets; leave it out`,
    );
  }
  const publicAddress = props.assignPublicIp ?? props.vpcSubnets?.subnetType === ec2.SubnetType.PUBLIC;
  if (props.spot && publicAddress) {
    fault(
      scope,
      'spot cannot be combined with a public address, got: both: EventBridge Scheduler assigns one to tasks of launch type FARGATE only; leave spot out, or use private subnets',
    );
  }
  const { title, withoutArmImage = [] } = engineFacts(database.engine);
  const { engineVersion = '' } = database;
  const arm = architectureOf(scope, cpuArchitecture) === 'ARM64';
  if (arm && withoutArmImage.includes(engineVersion) && props.image === undefined) {
    fault(
      scope,
      `cpuArchitecture must be X86_64 for ${title} ${engineVersion}, got: ARM64: there is no official image for it`,
    );
  }
  return { cpu, memoryLimitMiB, ephemeralStorageGiB, cpuArchitecture };
}

function requireRepository(
  scope: IConstruct,
  { encryptTo, proveWith }: DatabaseBackupProps,
  { repository }: BoundDatabase,
): void {
  if (!repository) return;
  requireRegion(scope, 'repository', repository);
  const given = encryptTo ? 'encryptTo' : proveWith && 'proveWith';
  if (given === undefined) return;
  fault(
    scope,
    `${given} must be left out with a repository, got: both: restic encrypts the files with the key of the repository, which is in Secrets Manager; leave one of them out`,
  );
}

/** Where the program finds a repository, and of what secret its manifests tell. */
export const repositoryJob = (
  { bucket }: FilesRepository,
  { [ENV.repositoryKey]: key }: BoundDatabase['secrets'] = {},
): RepositoryJob => ({ bucket: bucket.bucketName, secret: key?.secret.secretArn });

/** Compares names: `CpuArchitecture.of('ARM64')` is another object than `CpuArchitecture.ARM64`. */
function architectureOf(scope: IConstruct, { _cpuArchitecture: name }: ecs.CpuArchitecture): string {
  if (name === 'X86_64' || name === 'ARM64') return name;
  fault(scope, `cpuArchitecture must be X86_64 or ARM64, got: ${name}`);
}

/** The job of the program. */
export function dumpJob(
  scope: IConstruct,
  {
    source,
    database,
    timeoutSeconds,
  }: { readonly source: string; readonly database: BoundDatabase; readonly timeoutSeconds: number },
  { bucket, compressionLevel = 1, rowDigests, expect: expectations, encryptTo }: DatabaseBackupProps,
): JobDocument {
  return {
    action: 'dump',
    source,
    engine: database.engine,
    engineVersion: database.engineVersion,
    bucket: bucket.bucketName,
    keyArn: bucket.encryptionKey.keyArn,
    compressionLevel,
    timeoutSeconds,
    scratchDirectory: SCRATCH_DIRECTORY,
    server: database.server,
    file: database.file,
    files: database.files,
    repository: database.repository && repositoryJob(database.repository, database.secrets),
    rowDigests: rowDigests?._bind(scope),
    expectations: expectations?.map((one) => one._bind(scope)),
    encryptTo: recipientsOf(scope, encryptTo),
  };
}
