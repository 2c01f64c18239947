import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Duration, TimeZone } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BackupBucket, BackupSchedule, DatabaseBackup } from '../../../lib';
import type { Json } from '../support';
import { flat, Setup } from '../support';

const { every, daily, cron } = BackupSchedule;
const task = (setup: Setup) => setup.resource('AWS::ECS::TaskDefinition');
const schedule = (setup: Setup) => setup.resource('AWS::Scheduler::Schedule');

function added(...args: Parameters<Setup['add']>): Setup {
  const setup = new Setup();
  setup.add(...args);
  return setup;
}

describe('the task', () => {
  test('runs the program read-only, with secrets from Secrets Manager and two minutes to stop', () => {
    const [container] = task(added()).ContainerDefinitions;
    expect(container).toMatchObject({
      Name: 'backup',
      Image: 'registry.example/backup:1',
      Command: ['/opt/proven-backups/node', '--max-semi-space-size=1', '/opt/proven-backups/main.js', 'dump'],
      Essential: true,
      ReadonlyRootFilesystem: true,
      StopTimeout: 120,
      MountPoints: [{ ContainerPath: '/scratch', ReadOnly: false, SourceVolume: 'scratch' }],
      LogConfiguration: { LogDriver: 'awslogs', Options: { 'awslogs-stream-prefix': 'shop' } },
    });
    expect(container.User).toBeUndefined();
    const secrets = container.Secrets.map(({ Name, ValueFrom }: Json) => [Name, flat(ValueFrom)]);
    expect(secrets).toEqual([
      ['DATABASE_USERNAME', expect.stringMatching(/^<Secret\w+>:username::$/)],
      ['DATABASE_PASSWORD', expect.stringMatching(/^<Secret\w+>:password::$/)],
    ]);
    expect(container.Environment.map(({ Name }: Json) => Name)).toEqual(['BACKUP_JOB']);
  });

  test('does not wait for its log, and has room for the log of days of a run that cannot send it', () => {
    const { Options } = task(added()).ContainerDefinitions[0].LogConfiguration;
    expect(Options).toMatchObject({ mode: 'non-blocking', 'max-buffer-size': `${25 * 1024 ** 2}b` });
    // A line of progress every 5 seconds: of at most 300 bytes, but for the names of the tables.
    expect(parseInt(Options['max-buffer-size'])).toBeGreaterThan(4 * (86_400 / 5) * 300);
  });

  test('is told its job', () => {
    expect(added().job()).toEqual({
      action: 'dump',
      source: 'shop',
      engine: 'mysql',
      engineVersion: '8.4',
      bucket: expect.stringMatching(/^<BackupsBucket\w+>$/),
      keyArn: expect.stringMatching(/^<BackupsBucketKey\w+\.Arn>$/),
      compressionLevel: 1,
      timeoutSeconds: 19_440,
      scratchDirectory: '/scratch',
      server: { host: 'db.internal', port: 3306, tls: { mode: 'public' } },
    });
  });

  test('has one vCPU, 2 GiB and the free disk, unless told otherwise', () => {
    expect(task(added())).toMatchObject({
      Cpu: '1024',
      Memory: '2048',
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'X86_64', OperatingSystemFamily: 'LINUX' },
    });
    expect(task(added()).EphemeralStorage).toBeUndefined();
    const size = { cpu: 4096, memoryLimitMiB: 8192, ephemeralStorageGiB: 100 };
    expect(task(added({ ...size, cpuArchitecture: ecs.CpuArchitecture.ARM64 }))).toMatchObject({
      Cpu: '4096',
      Memory: '8192',
      EphemeralStorage: { SizeInGiB: 100 },
      RuntimePlatform: { CpuArchitecture: 'ARM64' },
    });
  });

  test.each([
    [256, [512, 1024, 2048]],
    [512, [1024, 4096]],
    [1024, [2048, 8192]],
    [2048, [4096, 16_384]],
    [4096, [8192, 30_720]],
    [8192, [16_384, 61_440]],
    [16_384, [32_768, 122_880]],
  ])('may have %d CPU units with %p MiB', (cpu, memories) => {
    for (const memoryLimitMiB of memories) {
      expect(task(added({ cpu, memoryLimitMiB }))).toMatchObject({ Cpu: `${cpu}`, Memory: `${memoryLimitMiB}` });
    }
  });

  test.each([1, 19])('compresses with level %d', (compressionLevel) => {
    expect(added({ compressionLevel }).job().compressionLevel).toBe(compressionLevel);
  });

  test.each([21, 200])('may have %d GiB of disk', (ephemeralStorageGiB) => {
    expect(task(added({ ephemeralStorageGiB })).EphemeralStorage).toEqual({ SizeInGiB: ephemeralStorageGiB });
  });

  test.each([
    [every(Duration.hours(6)), 19_440],
    [every(Duration.days(1)), 43_200],
    [every(Duration.hours(6), { flexibleWindow: Duration.hours(1) }), 16_200],
    [daily({ hour: 5, timeZone: TimeZone.of('Europe/Paris') }), 43_200],
    [cron('0 0 1 1 ? 2190'), 43_200],
  ])('stops itself by default before the next run, or after 12 hours (%#)', (given, seconds) => {
    expect(added({ schedule: given }).job().timeoutSeconds).toBe(seconds);
  });

  test.each([30, 604_800])('may be given %d seconds', (seconds) => {
    const props = { schedule: every(Duration.days(30)), timeout: Duration.seconds(seconds) };
    expect(added(props).job().timeoutSeconds).toBe(seconds);
  });

  test.each([
    [ecs.CpuArchitecture.X86_64, 'linux/amd64'],
    [ecs.CpuArchitecture.ARM64, 'linux/arm64'],
    [ecs.CpuArchitecture.of('ARM64'), 'linux/arm64'],
  ])('is built from the engine’s official image for %p when no image is given', (cpuArchitecture, platform) => {
    const { app } = added({ image: undefined, cpuArchitecture });
    const assembly = app.synth();
    const { dockerImages } = JSON.parse(readFileSync(join(assembly.directory, 'Stack.assets.json'), 'utf8'));
    const [{ source }] = Object.values<Json>(dockerImages);
    expect(source).toMatchObject({ dockerBuildArgs: { ENGINE_IMAGE: 'mysql:8.4' }, platform });
    expect(readdirSync(resolve(assembly.directory, source.directory))).toEqual(
      expect.arrayContaining(['Dockerfile', 'main.js', 'rds-authorities.js', 'rds-ca.pem']),
    );
  });
});

test('a security group that is given twice is used once', () => {
  const setup = new Setup();
  const group = new ec2.SecurityGroup(setup.stack, 'Clients', { vpc: setup.vpc });
  const backup = setup.add({ database: setup.mysql({ securityGroups: [group] }), securityGroups: [group] });
  expect(backup.securityGroups).toEqual([group]);
});

describe('the source name', () => {
  test.each([
    ['Shop', 'shop'],
    ['ShopOrders', 'shop-orders'],
    ['shop_orders.eu', 'shop-orders-eu'],
    ['Shop2Db', 'shop2-db'],
  ])('of %s is %s', (id, name) => {
    expect(new Setup().add({}, id).sourceName).toBe(name);
  });

  test('can be given', () => {
    const setup = added({ sourceName: 'bookshop' });
    expect(setup.job().source).toBe('bookshop');
    expect(task(setup).Family).toBe('Stack-Backups-bookshop');
  });
});

describe('alone, with parts of the user', () => {
  function alone() {
    const setup = new Setup();
    const { stack, vpc } = setup;
    const role = (id: string, service: string) =>
      new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal(service) });
    const securityGroup = new ec2.SecurityGroup(stack, 'Group', { vpc });
    const parts = {
      bucket: new BackupBucket(stack, 'Bucket'),
      cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
      logGroup: new logs.LogGroup(stack, 'Logs'),
      taskRole: role('MyTask', 'ecs-tasks.amazonaws.com'),
      executionRole: role('MyExecution', 'ecs-tasks.amazonaws.com'),
      schedulerRole: role('MyScheduler', 'scheduler.amazonaws.com'),
      scheduleGroup: new scheduler.ScheduleGroup(stack, 'MyGroup', { scheduleGroupName: 'mine' }),
      deadLetterQueue: new sqs.Queue(stack, 'MyQueue'),
      securityGroups: [securityGroup],
    };
    const backup = new DatabaseBackup(stack, 'Shop', {
      database: setup.mysql(),
      schedule: every(Duration.hours(6)),
      ...parts,
    });
    return { setup, backup, parts };
  }

  test('it uses them and creates a task definition, a schedule and its entry in the directory only', () => {
    const { setup, backup, parts } = alone();
    const { cluster, bucket, deadLetterQueue, scheduleGroup, securityGroups, ...own } = parts;
    for (const part of Object.keys(own) as (keyof typeof own)[]) expect(backup[part]).toBe(own[part]);
    expect(backup.securityGroups).toEqual(securityGroups);
    const types = Object.entries(setup.template().toJSON().Resources).filter(([id]) => id.startsWith('Shop'));
    expect(types.map(([, { Type }]: Json) => Type)).toEqual([
      'AWS::ECS::TaskDefinition',
      'AWS::Scheduler::Schedule',
      'AWS::SSM::Parameter',
    ]);
    expect(task(setup).Family).toBe('Stack-shop');
    const { GroupName, Target } = schedule(setup);
    expect(GroupName).toBe('mine');
    expect(flat(Target.DeadLetterConfig.Arn)).toMatch(/^<MyQueue/);
    expect(flat(Target.Arn)).toMatch(/^<Cluster/);
    expect(setup.stack.resolve(cluster.clusterArn)).toEqual(Target.Arn);
    expect(setup.job().bucket).toBe(flat(setup.stack.resolve(bucket.bucketName)));
    expect(deadLetterQueue.queueArn).toBeDefined();
    expect(scheduleGroup.scheduleGroupName).toBeDefined();
  });

  test('it grants them what they need, and no more', () => {
    const { setup } = alone();
    const policy = (id: string) =>
      (setup.resource('AWS::IAM::Policy', id).PolicyDocument.Statement as Json[]).map(
        ({ Effect, Action, Resource }) => [
          Effect,
          [Action].flat().join(),
          Resource && [Resource].flat().map(flat).join(),
        ],
      );
    expect(policy('MyTask')).toContainEqual([
      'Deny',
      's3:DeleteObject*',
      expect.stringMatching(/^<Bucket\w+\.Arn>\/\*$/),
    ]);
    expect(policy('MyExecution').map(([, action]) => action)).toContain('logs:CreateLogStream,logs:PutLogEvents');
    const roles = expect.stringMatching(/^<MyTask\w+\.Arn>,<MyExecution\w+\.Arn>$/);
    expect(policy('MyScheduler')).toEqual([
      ['Allow', 'ecs:RunTask', expect.stringMatching(/:task-definition\/Stack-shop:\*$/)],
      ['Allow', 'iam:PassRole', roles],
      ['Allow', 'ecs:TagResource', expect.stringMatching(/:task\/<Cluster\w+>\/\*$/)],
      ['Allow', 'sqs:SendMessage,sqs:GetQueueAttributes,sqs:GetQueueUrl', expect.stringMatching(/^<MyQueue/)],
    ]);
  });

  test('it makes what is not given, and lets Scheduler use the default group only', () => {
    const setup = new Setup();
    const { stack, vpc } = setup;
    new DatabaseBackup(stack, 'Shop', {
      database: setup.mysql(),
      schedule: every(Duration.hours(6)),
      bucket: new BackupBucket(stack, 'Bucket'),
      cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
    });
    expect(setup.resource('AWS::Logs::LogGroup').RetentionInDays).toBe(90);
    expect(schedule(setup).GroupName).toBeUndefined();
    expect(schedule(setup).Target.DeadLetterConfig).toBeUndefined();
    const [trust] = setup.resource('AWS::IAM::Role', 'SchedulerRole').AssumeRolePolicyDocument.Statement;
    expect(flat(trust.Condition.StringEquals['aws:SourceArn'])).toBe(
      'arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule-group/default',
    );
  });
});

describe('for others to use', () => {
  test('it can be started by whoever is allowed to', () => {
    const setup = new Setup();
    const deployer = new iam.Role(setup.stack, 'Deployer', { assumedBy: new iam.AccountRootPrincipal() });
    setup.add().grantRun(deployer);
    const { Statement } = setup.resource('AWS::IAM::Policy', 'Deployer').PolicyDocument;
    const allowed = Object.fromEntries(
      Statement.map(({ Action, Resource }: Json) => [Action, [Resource].flat().map(flat).join(' ')]),
    );
    expect(Object.keys(allowed).sort()).toEqual([
      'ecs:DescribeTasks',
      'ecs:RunTask',
      'ecs:TagResource',
      'iam:PassRole',
      'kms:Decrypt',
      'logs:GetLogEvents',
      'ssm:GetParametersByPath',
    ]);
    expect(allowed['ecs:RunTask']).toMatch(/:task-definition\/Stack-Backups-shop:\*$/);
    expect(allowed['ecs:DescribeTasks']).toMatch(/:task\/<\w+>\/\*$/);
    expect(allowed['ssm:GetParametersByPath']).toMatch(
      /:parameter\/proven-backups\/<BackupsBucket\w+>\/directory arn:.*\/directory\/\* arn:.*\/alarms arn:.*\/alarms\/\*$/,
    );
    expect(allowed['logs:GetLogEvents']).toMatch(/^<BackupsLogGroup\w+\.Arn>$/);
  });

  test('it is a grantee: grants go to the task role, into the role itself', () => {
    const setup = new Setup();
    const topic = new sqs.Queue(setup.stack, 'Done');
    topic.grantSendMessages(setup.add());
    expect(setup.statements('ShopTaskRole').map(({ Action }) => Action)).toContainEqual([
      'sqs:SendMessage',
      'sqs:GetQueueAttributes',
      'sqs:GetQueueUrl',
    ]);
  });

  test('it exposes its parts', () => {
    const setup = new Setup();
    const backup = setup.add();
    expect(backup.container!.containerName).toBe('backup');
    expect(backup.taskDefinition!.defaultContainer).toBe(backup.container);
    expect(backup.schedule.scheduleGroup).toBe(setup.backups.scheduleGroup);
    expect(backup.logGroup).toBe(setup.backups.logGroup);
    expect(backup.connections.securityGroups).toEqual(backup.securityGroups);
    expect(backup.grantPrincipal).toBe(backup.taskRole);
  });

  test.each([
    ['metricSuccess', 'BackupSuccess', 'Sum'],
    ['metricDuration', 'BackupDuration', 'Maximum'],
    ['metricSize', 'BackupSize', 'Maximum'],
    ['metricAge', 'BackupAge', 'Maximum'],
    ['metricSizeDeviation', 'BackupSizeDeviation', 'Maximum'],
  ] as const)('%s', (method, metricName, statistic) => {
    const setup = new Setup();
    const metric = setup.add()[method]();
    expect(metric).toMatchObject({
      namespace: 'ProvenBackups',
      metricName,
      statistic,
      dimensions: { Bucket: setup.backups.bucket.bucketName, Source: 'shop' },
      period: Duration.hours(1),
    });
    expect(setup.backups.databases[0]!.metric(metricName, { period: Duration.days(1) }).period).toEqual(
      Duration.days(1),
    );
  });
});
