import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IConstruct } from 'constructs';
import type { DumpJob } from '../../../catalog/contract/task';
import { SCRATCH_DIRECTORY } from '../../../catalog/contract/task';
import { engineFacts } from '../../../engines/facts';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import type { DatabaseBackupProps } from '../database-backup-props';
import type { BoundDatabase } from '../../database/private/bound-database';
import { requireStandardQueue } from '../../private/dead-letter-queue';
import { fault, requireRange } from '../../private/fault';
import { requireFargateSize } from './fargate-size';
import { requireRegion } from '../../private/region';
import type { TaskSize } from './task-definition';

const { LATEST, VERSION1_4 } = ecs.FargatePlatformVersion;

/** Checks the properties of the task; returns its size. */
export function requireBackup(scope: IConstruct, props: DatabaseBackupProps, database: BoundDatabase): TaskSize {
  requireRegion(scope, props.bucket);
  requireRange(scope, 'compressionLevel', props.compressionLevel, { from: 1, to: 19 });
  const { cpu = 1024, memoryLimitMiB = 2048, ephemeralStorageGiB } = props;
  const { cpuArchitecture = ecs.CpuArchitecture.X86_64 } = props;
  requireFargateSize(scope, { cpu, memoryLimitMiB, ephemeralStorageGiB });
  const groups = (database.securityGroups?.length ?? 0) + (props.securityGroups?.length ?? 0);
  if (groups > 5) fault(scope, `securityGroups must be at most 5, those of the database included, got: ${groups}`);
  requireStandardQueue(scope, props.deadLetterQueue);
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

/** Compares names: `CpuArchitecture.of('ARM64')` is another object than `CpuArchitecture.ARM64`. */
function architectureOf(scope: IConstruct, { _cpuArchitecture: name }: ecs.CpuArchitecture): string {
  if (name === 'X86_64' || name === 'ARM64') return name;
  fault(scope, `cpuArchitecture must be X86_64 or ARM64, got: ${name}`);
}

/** The job of the program. */
export function dumpJob(
  source: string,
  bucket: IBackupBucket,
  database: BoundDatabase,
  timeoutSeconds: number,
  compressionLevel = 1,
): DumpJob {
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
  };
}
