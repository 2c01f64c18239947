import { GetKeyRotationStatusCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DescribeClustersCommand, ECSClient } from '@aws-sdk/client-ecs';
import { CONTAINER_NAME, commandOf, ENV } from '../../catalog/contract/task';
import type { DumpJob } from '../../catalog/contract/task';
import type { RecordedResource } from '../emulator/emulator';
import { Emulator, appCommand } from '../emulator/emulator';
import { TaskFailedToStart, fire } from '../emulator/scheduled-run';
import { STACK, UPDATE_VARIABLE } from './deployment-app';

// The CDK CLI, several times, on a machine that may be busy with other tests.
jest.setTimeout(180_000);

let emulator: Emulator;
let app: string;
let outputs: Record<string, string>;
let resources: RecordedResource[];

beforeAll(async () => {
  emulator = await Emulator.start();
  await emulator.bootstrap();
  app = await appCommand('test/e2e/deployment-app.ts');
  outputs = (await emulator.deploy(app))[STACK]!;
  resources = Object.values(await emulator.recorded(STACK));
});
afterAll(async () => await emulator.stop());

const fireOf = (name: 'Shop' | 'Notes' | 'Keyless' | 'Disabled', scheduledTime?: Date) =>
  fire(emulator, { schedule: outputs[name]!, group: outputs.Group, scheduledTime });
const properties = (type: string): Record<string, unknown>[] =>
  resources.filter((resource) => resource.type === type).map((resource) => resource.properties);

describe('the deployed bucket', () => {
  const s3 = () => new S3Client(emulator.client);
  const ask = () => ({ Bucket: outputs.Bucket });

  test('encrypts with its own key, through a bucket key', async () => {
    const { ServerSideEncryptionConfiguration } = await s3().send(new GetBucketEncryptionCommand(ask()));
    expect(ServerSideEncryptionConfiguration?.Rules).toEqual([
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: outputs.KeyArn },
        BucketKeyEnabled: true,
      },
    ]);
    const rotation = await new KMSClient(emulator.client).send(
      new GetKeyRotationStatusCommand({ KeyId: outputs.KeyArn }),
    );
    expect(rotation.KeyRotationEnabled).toBe(true);
  });

  test('keeps versions, and cleans up what nobody can see', async () => {
    expect((await s3().send(new GetBucketVersioningCommand(ask()))).Status).toBe('Enabled');
    const { Rules } = await s3().send(new GetBucketLifecycleConfigurationCommand(ask()));
    expect(Rules).toEqual([
      expect.objectContaining({
        Status: 'Enabled',
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 8 },
        NoncurrentVersionExpiration: { NoncurrentDays: 14 },
        Expiration: { ExpiredObjectDeleteMarker: true },
      }),
      // What is larger than a manifest gets.
      expect.objectContaining({
        Status: 'Enabled',
        Filter: { ObjectSizeGreaterThan: 8 * 1024 ** 2 },
        Transitions: [
          { Days: 15, StorageClass: 'GLACIER_IR' },
          { Days: 105, StorageClass: 'DEEP_ARCHIVE' },
        ],
      }),
    ]);
  });

  test('is closed to the public and owned by its account', async () => {
    const { PublicAccessBlockConfiguration } = await s3().send(new GetPublicAccessBlockCommand(ask()));
    expect(PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    const { OwnershipControls } = await s3().send(new GetBucketOwnershipControlsCommand(ask()));
    expect(OwnershipControls?.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }]);
  });

  test('refuses by policy: no TLS, other keys, overwritten manifests, deletes', async () => {
    const { Policy } = await s3().send(new GetBucketPolicyCommand(ask()));
    const { Statement } = JSON.parse(Policy!) as { Statement: { Effect: string; Action: unknown; Sid?: string }[] };
    const denials = Statement.filter(({ Effect }) => Effect === 'Deny');
    expect(denials).toContainEqual(
      expect.objectContaining({ Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
    expect(denials).toContainEqual(
      expect.objectContaining({
        Sid: 'DenyOtherEncryption',
        Action: 's3:PutObject',
        Condition: expect.objectContaining({
          StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': outputs.KeyArn },
        }) as unknown,
      }),
    );
    expect(denials).toContainEqual(
      expect.objectContaining({
        Sid: 'DenyOverwritingManifests',
        Resource: `arn:aws:s3:::${outputs.Bucket}/*/manifest.json`,
      }),
    );
    const except = { ArnNotLike: { 'aws:PrincipalArn': [expect.stringMatching(/^arn:aws:iam::.*Pruning/)] } };
    for (const [Sid, Action] of Object.entries({
      DenyDeletes: 's3:DeleteObject',
      DenyDeletingVersions: 's3:DeleteObjectVersion',
    })) {
      expect(denials).toContainEqual(expect.objectContaining({ Sid, Action, Condition: except }));
    }
  });
});

describe('the deployed schedule', () => {
  test('has its time, zone and window, and starts the task in the cluster', async () => {
    const { schedule, taskDefinition } = await fireOf('Shop');
    expect(schedule).toMatchObject({
      ScheduleExpression: 'cron(30 2 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Paris',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
      State: 'ENABLED',
      Target: {
        Arn: outputs.Cluster,
        RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 1200 },
        DeadLetterConfig: { Arn: outputs.DeadLetterQueue },
        EcsParameters: {
          TaskDefinitionArn: taskDefinition.taskDefinitionArn,
          CapacityProviderStrategy: [expect.objectContaining({ capacityProvider: 'FARGATE_SPOT' })],
        },
      },
    });
    const network = schedule.Target?.EcsParameters?.NetworkConfiguration?.awsvpcConfiguration;
    expect(network?.Subnets).toHaveLength(2);
    expect(network?.SecurityGroups).toHaveLength(1);
  });

  test('bounds its retries by half of the gap, by default', async () => {
    const { schedule } = await fireOf('Notes');
    expect(schedule.ScheduleExpression).toBe('rate(6 hours)');
    expect(schedule.Target?.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 5 });
  });

  test('is told the scheduled time, and hands it on to the program', async () => {
    const run = await fireOf('Shop', new Date('2026-11-20T01:30:00.123Z'));
    expect(run.environment).toMatchObject({
      [ENV.trigger]: 'schedule',
      [ENV.scheduledTime]: '2026-11-20T01:30:00Z',
      [ENV.scheduleArn]: run.schedule.Arn,
    });
    expect(run.schedule.Arn).toContain(`/${outputs.Group}/`);
  });

  test('may start these tasks with these roles, and no others', async () => {
    const { schedule, taskDefinition } = await fireOf('Shop');
    const role = resources.find(
      ({ type, physicalId }) => type === 'AWS::IAM::Role' && schedule.Target!.RoleArn!.endsWith(`/${physicalId}`),
    )!;
    const [policy] = role.properties.Policies as { PolicyDocument: { Statement: Statement[] } }[];
    const allowed = (action: string, arn: string) =>
      policy!.PolicyDocument.Statement.some(
        ({ Action, Resource }) => [Action].flat().includes(action) && [Resource].flat().some((p) => like(p, arn)),
      );
    expect(allowed('ecs:RunTask', taskDefinition.taskDefinitionArn!)).toBe(true);
    expect(allowed('iam:PassRole', taskDefinition.taskRoleArn!)).toBe(true);
    expect(allowed('iam:PassRole', taskDefinition.executionRoleArn!)).toBe(true);
    expect(allowed('sqs:SendMessage', outputs.DeadLetterQueue!)).toBe(true);
    expect(allowed('ecs:RunTask', 'arn:aws:ecs:us-east-1:000000000000:task-definition/other:1')).toBe(false);
    expect(allowed('iam:PassRole', 'arn:aws:iam::000000000000:role/Administrator')).toBe(false);
  });
});

interface Statement {
  readonly Action: string | string[];
  readonly Resource: string | string[];
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const like = (pattern: string, arn: string): boolean =>
  new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`).test(arn);

describe('the deployed task definition', () => {
  test('has its size and platform, and a container that can write to its scratch volume only', async () => {
    const { taskDefinition, container, command, image } = await fireOf('Shop');
    expect(taskDefinition).toMatchObject({
      cpu: '512',
      memory: '1024',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      runtimePlatform: { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' },
      ephemeralStorage: { sizeInGiB: 30 },
      volumes: [{ name: 'scratch' }],
    });
    expect(container).toMatchObject({
      name: CONTAINER_NAME,
      readonlyRootFilesystem: true,
      essential: true,
      mountPoints: [{ sourceVolume: 'scratch', containerPath: '/scratch', readOnly: false }],
      logConfiguration: {
        logDriver: 'awslogs',
        options: expect.objectContaining({
          'awslogs-group': outputs.LogGroup,
          'awslogs-stream-prefix': 'shop',
        }) as unknown,
      },
    });
    expect(image).toBe('registry.example.com/backup:1');
    expect(command).toEqual(commandOf('dump'));
  });

  test('names the secret, whose values reach the program and the job does not hold', async () => {
    const { container, environment } = await fireOf('Shop');
    expect(container.secrets).toEqual([
      { name: ENV.username, valueFrom: `${outputs.SecretArn}:username::` },
      { name: ENV.password, valueFrom: `${outputs.SecretArn}:password::` },
    ]);
    expect(environment[ENV.username]).toBe('backup');
    expect(environment[ENV.password]).toBe('p"a$s');
    expect(environment[ENV.job]).not.toContain('p"a');
  });

  test('describes the job', async () => {
    const { environment } = await fireOf('Shop');
    expect(JSON.parse(environment[ENV.job]!)).toMatchObject({
      source: 'shop',
      engine: 'mariadb',
      engineVersion: '11.4',
      bucket: outputs.Bucket,
      keyArn: outputs.KeyArn,
      scratchDirectory: '/scratch',
      server: { host: 'db.internal', port: 3307, databases: ['shop', 'stock'], tls: { mode: 'off', reason: 'a test' } },
    } satisfies Partial<DumpJob>);
  });

  test('mounts the access point of an SQLite file, encrypted and by IAM', async () => {
    const { taskDefinition, container, environment } = await fireOf('Notes');
    expect(taskDefinition.volumes).toContainEqual({
      name: 'data',
      efsVolumeConfiguration: {
        fileSystemId: outputs.FileSystem,
        transitEncryption: 'ENABLED',
        authorizationConfig: { accessPointId: outputs.AccessPoint, iam: 'ENABLED' },
      },
    });
    expect(container.mountPoints).toContainEqual({ sourceVolume: 'data', containerPath: '/data', readOnly: false });
    expect(JSON.parse(environment[ENV.job]!)).toMatchObject({ engine: 'sqlite', file: '/data/data/notes.db' });
  });
});

describe('what ECS and Scheduler would not start', () => {
  test('a secret without the JSON key', async () => {
    await expect(fireOf('Keyless')).rejects.toThrow(TaskFailedToStart);
    await expect(fireOf('Keyless')).rejects.toThrow(
      'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ' +
        'retrieved secret from Secrets Manager did not contain json key pass_word',
    );
  });

  test('a schedule that is disabled', async () => {
    await expect(fireOf('Disabled')).rejects.toThrow(/is DISABLED: it never fires/);
  });
});

describe('what the backups share', () => {
  test('a cluster with Fargate and Spot', async () => {
    const { clusters } = await new ECSClient(emulator.client).send(
      new DescribeClustersCommand({ clusters: [outputs.Cluster!] }),
    );
    expect(clusters).toEqual([expect.objectContaining({ capacityProviders: ['FARGATE', 'FARGATE_SPOT'] })]);
  });

  test('a log group with the key, and a queue that encrypts and keeps messages for 14 days', () => {
    expect(properties('AWS::Logs::LogGroup')).toEqual([
      expect.objectContaining({ KmsKeyId: outputs.KeyArn, RetentionInDays: 90 }),
    ]);
    const queue = expect.objectContaining({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 }) as unknown;
    // For runs that could not be started, for events, and for events that could not be taken in.
    expect(properties('AWS::SQS::Queue')).toEqual([queue, queue, queue]);
  });

  test('the way to S3 and to the file system', () => {
    expect(properties('AWS::EC2::VPCEndpoint')).toEqual([
      expect.objectContaining({ ServiceName: 'com.amazonaws.us-east-1.s3', VpcEndpointType: 'Gateway' }),
    ]);
    expect(properties('AWS::EC2::SecurityGroupIngress')).toEqual([
      expect.objectContaining({ FromPort: 2049, ToPort: 2049, IpProtocol: 'tcp' }),
    ]);
  });
});

describe('later', () => {
  test('a second deployment updates the task in place, and the schedule starts its new revision', async () => {
    const before = await fireOf('Shop');
    await emulator.deploy(app, [STACK], { [UPDATE_VARIABLE]: '256' });
    const after = await fireOf('Shop');
    expect(after.taskDefinition).toMatchObject({ cpu: '256', family: before.taskDefinition.family, revision: 2 });
    expect(after.schedule.Arn).toBe(before.schedule.Arn);
  });

  test('bucket and key outlive their stack', async () => {
    await emulator.destroy(app, [STACK]);
    await expect(fireOf('Shop')).rejects.toThrow();
    const versioning = new GetBucketVersioningCommand({ Bucket: outputs.Bucket });
    expect((await new S3Client(emulator.client).send(versioning)).Status).toBe('Enabled');
    const rotation = new GetKeyRotationStatusCommand({ KeyId: outputs.KeyArn });
    expect((await new KMSClient(emulator.client).send(rotation)).KeyRotationEnabled).toBe(true);
  });
});
