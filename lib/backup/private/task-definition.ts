import { Duration, Size, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { JobDocument } from '../../../catalog/contract/task';
import {
  CONTAINER_NAME,
  commandOf,
  DATA_DIRECTORY,
  ENV,
  PROVE_STREAM,
  SCRATCH_DIRECTORY,
} from '../../../catalog/contract/task';
import { engineFacts } from '../../../engines/facts';
import { acknowledge } from '../../private/acknowledge';
import { bundleFolder } from '../../private/bundle-folder';
import { grantLogWriting } from '../../private/log-key';
import type { SecretValue } from '../../database/private/secret-value';
import type { BoundDatabase } from '../../database/private/bound-database';

/** Fargate's share of a task's properties. */
export interface TaskSize {
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  readonly ephemeralStorageGiB?: number;
  readonly cpuArchitecture: ecs.CpuArchitecture;
}

/** Checked properties of a task definition of the program. */
export interface TaskProps extends TaskSize, Pick<BoundDatabase, 'secrets' | 'volume'> {
  readonly family: string;
  /** Whoever starts the task gives it a role if it is left out. */
  readonly taskRole?: iam.IRole;
  readonly executionRole: iam.IRole;
  readonly logGroup: logs.ILogGroup;
  /** Whoever starts the task gives it a job if it is left out: to prove. */
  readonly job?: JobDocument;
  readonly image: ecs.ContainerImage;
  /** Private keys that decrypt backups. */
  readonly identity?: SecretValue;
}

/** Creates a task definition with its one container. */
export function programTask(scope: Construct, id: string, props: TaskProps): ecs.FargateTaskDefinition {
  const { job, secrets, volume } = props;
  const task = new ecs.FargateTaskDefinition(scope, id, {
    family: props.family,
    cpu: props.cpu,
    memoryLimitMiB: props.memoryLimitMiB,
    ephemeralStorageGiB: props.ephemeralStorageGiB,
    runtimePlatform: {
      cpuArchitecture: props.cpuArchitecture,
      operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
    },
    // Without one, the CDK would create one.
    taskRole: props.taskRole ?? props.executionRole,
    executionRole: props.executionRole,
    volumes: [{ name: 'scratch' }],
  });
  if (!props.taskRole) (task.node.defaultChild as ecs.CfnTaskDefinition).taskRoleArn = undefined;
  acknowledge(task, 'AwsSolutions-ECS2', 'The variables hold no secret: secrets come from Secrets Manager.');
  const container = task.addContainer(CONTAINER_NAME, {
    image: props.image,
    command: [...commandOf(job?.action ?? 'prove')],
    readonlyRootFilesystem: true,
    // The longest that Fargate grants between SIGTERM and SIGKILL: time to abort uploads.
    stopTimeout: Duration.seconds(120),
    logging: taskLog(props),
    environment: job && { [ENV.job]: Stack.of(scope).toJsonString(job) },
    secrets: { ...secrets, ...(props.identity && { [ENV.identity]: props.identity }) },
  });
  grantLogWriting(props.executionRole, props.logGroup);
  container.addMountPoints({ sourceVolume: 'scratch', containerPath: SCRATCH_DIRECTORY, readOnly: false });
  if (volume) mountFile(task, container, volume);
  return task;
}

/**
 * A backup does not wait for its log: with `blocking` it would hang for as long as CloudWatch Logs cannot be reached. The
 * buffer holds the log of days, so the line `failed`, which comes last, finds room in it.
 */
const taskLog = ({ logGroup, job }: TaskProps): ecs.LogDriver =>
  ecs.LogDrivers.awsLogs({
    logGroup,
    streamPrefix: job?.source ?? PROVE_STREAM,
    mode: ecs.AwsLogDriverMode.NON_BLOCKING,
    maxBufferSize: Size.mebibytes(25),
  });

/** The engine's official image with the program in it, and restic where there is a repository, built at deployment. */
export function builtImage(
  database: Pick<BoundDatabase, 'engine' | 'engineVersion' | 'repository'>,
  cpuArchitecture: ecs.CpuArchitecture,
): ecs.ContainerImage {
  const arm = cpuArchitecture._cpuArchitecture === 'ARM64';
  return ecs.ContainerImage.fromAsset(bundleFolder('task', 'main.js'), {
    buildArgs: { ENGINE_IMAGE: engineFacts(database.engine).image(database.engineVersion ?? '') },
    target: database.repository ? undefined : PROGRAM_STAGE,
    platform: arm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
  });
}

/** Stage of the Dockerfile that has all but restic. */
export const PROGRAM_STAGE = 'program';

function mountFile(
  task: ecs.FargateTaskDefinition,
  container: ecs.ContainerDefinition,
  { fileSystem, accessPoint, rootAccess }: NonNullable<BoundDatabase['volume']>,
): void {
  task.addVolume({
    name: 'data',
    efsVolumeConfiguration: {
      fileSystemId: fileSystem.fileSystemId,
      transitEncryption: 'ENABLED',
      authorizationConfig: { accessPointId: accessPoint.accessPointId, iam: 'ENABLED' },
    },
  });
  container.addMountPoints({ sourceVolume: 'data', containerPath: DATA_DIRECTORY, readOnly: false });
  task.taskRole.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: [
        ...['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
        ...(rootAccess ? ['elasticfilesystem:ClientRootAccess'] : []),
      ],
      resources: [fileSystem.fileSystemArn],
      conditions: { StringEquals: { 'elasticfilesystem:AccessPointArn': accessPoint.accessPointArn } },
    }),
  );
}
