import { Duration, NestedStack, RemovalPolicy, TimeZone } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { BucketSettings } from '../../../catalog/contract/handlers';
import { BackupBucket, Backups, BackupSchedule, Retention } from '../../../lib';
import type { Json } from '../support';
import { flat, Setup } from '../support';

const daily = (zone: string) => BackupSchedule.daily({ hour: 1, timeZone: TimeZone.of(zone) });
const tries = (hours: number) => BackupSchedule.every(Duration.hours(6), { maxEventAge: Duration.hours(hours) });
const flexible = () => BackupSchedule.every(Duration.hours(6), { flexibleWindow: Duration.hours(2) });

let made: Setup | undefined;
/** The shared parts alone, as they are by default, for tests that only look at them. */
function created(): Setup {
  if (!made) (made = new Setup()).create();
  return made;
}

test('creates what its databases share', () => {
  const setup = created();
  const resources = Object.entries<Json>(setup.template().toJSON().Resources).filter(([id]) =>
    /^Backups(?!Alarms|RestoreTesting)/.test(id),
  );
  expect(resources.map(([, { Type }]) => Type).sort()).toEqual([
    'AWS::ECS::Cluster',
    'AWS::ECS::ClusterCapacityProviderAssociations',
    ...Array<string>(4).fill('AWS::IAM::Role'),
    'AWS::KMS::Key',
    'AWS::Lambda::EventInvokeConfig',
    'AWS::Lambda::Function',
    'AWS::Lambda::Function',
    'AWS::Logs::LogGroup',
    'AWS::S3::Bucket',
    'AWS::S3::BucketPolicy',
    'AWS::SQS::Queue',
    'AWS::SQS::QueuePolicy',
    'AWS::SSM::Parameter',
    'AWS::SSM::Parameter',
    'AWS::Scheduler::Schedule',
    'AWS::Scheduler::ScheduleGroup',
  ]);
});

test('its cluster runs Fargate and Spot, and is watched', () => {
  const setup = created();
  expect(setup.resource('AWS::ECS::Cluster').ClusterSettings).toEqual([
    { Name: 'containerInsights', Value: 'enabled' },
  ]);
  expect(setup.resource('AWS::ECS::ClusterCapacityProviderAssociations').CapacityProviders).toEqual([
    'FARGATE',
    'FARGATE_SPOT',
  ]);
});

test('its queue is encrypted, takes TLS only, keeps messages for 14 days, and lays aside what cannot be read', () => {
  const setup = created();
  expect(setup.resource('AWS::SQS::Queue')).toEqual({
    MessageRetentionPeriod: 1_209_600,
    SqsManagedSseEnabled: true,
    // Lambda refuses a queue with less than its function's timeout.
    VisibilityTimeout: 900,
    RedrivePolicy: {
      deadLetterTargetArn: { 'Fn::GetAtt': [expect.stringMatching(/^BackupsAlarmsUndelivered/), 'Arn'] },
      maxReceiveCount: 4,
    },
  });
  const [deny] = setup.resource('AWS::SQS::QueuePolicy').PolicyDocument.Statement;
  expect(deny).toMatchObject({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
});

describe('its logs', () => {
  test('are kept for three months, encrypted with its key, which lets them', () => {
    const setup = created();
    const { RetentionInDays, KmsKeyId } = setup.resource('AWS::Logs::LogGroup');
    expect(RetentionInDays).toBe(90);
    expect(flat(KmsKeyId)).toMatch(/^<BackupsBucketKey/);
    const statements = setup.resource('AWS::KMS::Key').KeyPolicy.Statement as Json[];
    const admitted = statements.find(({ Principal }) => Principal.Service)!;
    expect(flat(admitted.Principal.Service)).toBe('logs.<AWS::Region>.<AWS::URLSuffix>');
    expect(flat(admitted.Condition.ArnLike['kms:EncryptionContext:aws:logs:arn'])).toBe(
      'arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*',
    );
  });

  test('are not encrypted with a key whose policy is not ours', () => {
    const setup = new Setup();
    const key = kms.Key.fromKeyArn(setup.stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/k');
    setup.create({
      bucket: BackupBucket.fromBucketName(setup.stack, 'Bucket', 'shared', key),
      logRetention: logs.RetentionDays.ONE_WEEK,
    });
    expect(setup.resource('AWS::Logs::LogGroup')).toEqual({ RetentionInDays: 7 });
  });
});

test('prints the name of its bucket, under a key that the path of the construct decides', () => {
  const setup = new Setup();
  setup.create();
  new Backups(setup.stack, 'Others', { vpc: setup.vpc, bucket: setup.backups.bucket });
  const outputs = setup.template().findOutputs('*', { Description: 'Bucket of the database backups' });
  const value = { Ref: expect.stringMatching(/^BackupsBucket/) };
  expect(Object.entries(outputs).map(([key, { Value }]) => [key, Value])).toEqual([
    ['BackupsBucketName8EC4F145', value],
    ['OthersBucketName695A7A8E', value],
  ]);
});

test('its schedule group goes with the stack: its name must be free for the next one', () => {
  const setup = created();
  setup.template().hasResource('AWS::Scheduler::ScheduleGroup', { DeletionPolicy: 'Delete' });
});

test('its schedule group, and nobody else, may use its scheduler role', () => {
  const setup = created();
  expect(setup.resource('AWS::IAM::Role').AssumeRolePolicyDocument.Statement).toEqual([
    {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { Service: 'scheduler.amazonaws.com' },
      Condition: {
        StringEquals: {
          'aws:SourceAccount': { Ref: 'AWS::AccountId' },
          'aws:SourceArn': { 'Fn::GetAtt': [expect.stringContaining('BackupsScheduleGroup'), 'Arn'] },
        },
      },
    },
  ]);
});

test('uses what is given instead', () => {
  const setup = new Setup();
  const { stack, vpc } = setup;
  const encryptionMasterKey = new kms.Key(stack, 'QueueKey', { removalPolicy: RemovalPolicy.DESTROY });
  const given = {
    bucket: new BackupBucket(stack, 'Bucket'),
    cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
    logGroup: new logs.LogGroup(stack, 'Logs'),
    deadLetterQueue: new sqs.Queue(stack, 'Queue', { encryptionMasterKey }),
    scheduleGroup: new scheduler.ScheduleGroup(stack, 'Group'),
  };
  const backups = setup.create(given);
  const backup = setup.add();
  for (const part of Object.keys(given) as (keyof typeof given)[]) expect(backups[part]).toBe(given[part]);
  expect(backups.encryptionKey).toBe(given.bucket.encryptionKey);
  expect(backup.logGroup).toBe(given.logGroup);
  // One by one: to compare whole constructs takes seconds.
  expect(backups.pruning.bucket).toBe(given.bucket);
  expect(backups.pruning.logGroup).toBe(given.logGroup);
  const created = Object.entries<Json>(setup.template().toJSON().Resources).filter(([id]) =>
    /^Backups(?!Shop|Pruning|Alarms|RestoreTesting)/.test(id),
  );
  expect(created.map(([, { Type }]) => Type)).toEqual(['AWS::IAM::Role', 'AWS::SSM::Parameter']);
  const keys = setup
    .statements('SchedulerRole')
    .filter(({ Resource }) => /^<QueueKey/.test(flat([Resource].flat()[0])));
  expect(keys.flatMap(({ Action }) => Action)).toEqual(expect.arrayContaining(['kms:Decrypt', 'kms:GenerateDataKey*']));
});

test('its subnets and public addresses are those of databases that name none', () => {
  const setup = new Setup();
  setup.create({ vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true });
  setup.add();
  setup.add({ vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }, assignPublicIp: false }, 'Other');
  const network = (id: string) => {
    const { AssignPublicIp, Subnets } = setup.resource('AWS::Scheduler::Schedule', id).Target.EcsParameters
      .NetworkConfiguration.AwsvpcConfiguration;
    return [AssignPublicIp, flat(Subnets[0])];
  };
  expect(network('Shop')).toEqual(['ENABLED', expect.stringMatching(/^<VpcPublic/)]);
  expect(network('Other')).toEqual(['DISABLED', expect.stringMatching(/^<VpcPrivate/)]);
});

describe('the S3 gateway endpoint', () => {
  test('is not added unasked', () => {
    const setup = created();
    setup.template().resourceCountIs('AWS::EC2::VPCEndpoint', 0);
  });

  test.each([
    [undefined, 'Private'],
    [{ subnetType: ec2.SubnetType.PUBLIC }, 'Public'],
  ])('is added to the subnets of the tasks (%#)', (vpcSubnets, kind) => {
    const setup = new Setup();
    setup.create({ s3GatewayEndpoint: true, vpcSubnets });
    const { VpcEndpointType, ServiceName, RouteTableIds } = setup.resource('AWS::EC2::VPCEndpoint');
    expect([VpcEndpointType, flat(ServiceName)]).toEqual(['Gateway', 'com.amazonaws.<AWS::Region>.s3']);
    expect(RouteTableIds.map(flat)).toEqual([
      expect.stringContaining(`${kind}Subnet1`),
      expect.stringContaining(`${kind}Subnet2`),
    ]);
  });
});

test('has metrics of its queue and its group', () => {
  const { backups } = new Setup();
  expect(backups.metricDeadLetters({ period: Duration.minutes(1) })).toMatchObject({
    namespace: 'AWS/SQS',
    metricName: 'ApproximateNumberOfMessagesVisible',
    period: Duration.minutes(1),
  });
  expect(backups.metricTargetErrors()).toMatchObject({
    namespace: 'AWS/Scheduler',
    metricName: 'TargetErrorCount',
    dimensions: { ScheduleGroup: backups.scheduleGroup.scheduleGroupName },
  });
});

test('lists its databases', () => {
  const setup = new Setup();
  const backup = setup.add();
  expect(setup.backups.databases[0]).toBe(backup);
  expect(setup.backups.databases).toHaveLength(1);
});

test('may be in a nested stack, whose name is known when it is deployed only', () => {
  const setup = new Setup();
  const nested = new NestedStack(setup.stack, 'Nested');
  const backups = new Backups(nested, 'Backups', { vpc: setup.vpc });
  backups.addDatabase('Shop', { database: setup.mysql(), schedule: BackupSchedule.every(Duration.hours(6)) });
  const template = Template.fromStack(nested).toJSON();
  const all = Object.values<Json>(template.Resources);
  const { Family } = all.find(
    ({ Type, Properties }) => Type === 'AWS::ECS::TaskDefinition' && Properties.TaskRoleArn,
  ).Properties;
  const roles = all.filter(
    ({ Type, Properties }) => Type === 'AWS::IAM::Role' && /Backups\/$/.test(flat(Properties.Path ?? '')),
  );
  expect(flat(Family)).toMatch(/^<.*>.*-Backups-shop$|^\{.*\}-Backups-shop$/);
  expect(roles.map(({ Properties }) => flat(Properties.Path))).toEqual(Array(2).fill(flat(roles[0].Properties.Path)));
  expect(flat(roles[0].Properties.Path)).toMatch(/^\/proven-backups\/<AWS::Region>\/.*\/Backups\/$/);
});

test('a long path in the stack makes names that still fit', () => {
  const setup = new Setup();
  const scope = Array.from({ length: 8 }, (_, index) => `VeryLongName${index}`).reduce<Construct>(
    (parent, id) => new Construct(parent, id),
    setup.stack,
  );
  const backups = new Backups(scope, 'Backups', { vpc: setup.vpc });
  const props = { database: setup.mysql(), schedule: BackupSchedule.every(Duration.hours(6)) };
  backups.addDatabase('Shop', { ...props, sourceName: 's'.repeat(40) });
  const { Family } = setup.resource('AWS::ECS::TaskDefinition');
  expect(Family).toMatch(/^Stack-.*-s{40}$/);
  expect(Family.length).toBeLessThanOrEqual(255);
  const passed = setup.statements('SchedulerRole').find(({ Action }) => Action === 'iam:PassRole')!;
  const { Path } = setup.resource('AWS::IAM::Role', 'TaskRole');
  expect(flat(passed.Resource)).toBe(`arn:<AWS::Partition>:iam::<AWS::AccountId>:role${flat(Path)}*`);
});

describe('its pruning', () => {
  const settings = (setup: Setup) =>
    JSON.parse(flat(setup.resource('AWS::SSM::Parameter', 'Pruning').Value)) as BucketSettings;
  const schedule = (setup: Setup) => setup.resource('AWS::Scheduler::Schedule', 'Pruning');

  test('keeps a year of every database by default, and asks before it deletes more than half', () => {
    const setup = new Setup();
    setup.add();
    setup.add({}, 'Orders');
    const { retentions, sources, maxDeleteShare } = settings(setup);
    expect(retentions).toEqual([Retention.oneYear()._bind(setup.stack)]);
    expect(Object.entries(sources).map(([source, { retention }]) => [source, retention])).toEqual([
      ['shop', 0],
      ['orders', 0],
    ]);
    expect(maxDeleteShare).toBe(0.5);
    expect(schedule(setup).ScheduleExpression).toBe('cron(30 4 * * ? *)');
  });

  test('takes what is said for all, and for one', () => {
    const setup = new Setup();
    setup.create({
      retention: Retention.days(30),
      pruning: { schedule: BackupSchedule.daily({ hour: 22 }), maxDeletePercent: 10, enabled: false },
    });
    setup.add();
    const orders = setup.add({ retention: Retention.forever() }, 'Orders');
    const { retentions, sources, maxDeleteShare } = settings(setup);
    expect(retentions.map(({ keepForSeconds, forever }) => keepForSeconds ?? forever)).toEqual([2_592_000, true]);
    expect([sources.shop!.retention, sources.orders!.retention]).toEqual([0, 1]);
    expect(maxDeleteShare).toBe(0.1);
    expect(schedule(setup)).toMatchObject({ ScheduleExpression: 'cron(0 22 * * ? *)', State: 'DISABLED' });
    expect(orders.retention._bind(orders).forever).toBe(true);
  });

  test.each([
    ['the default, every hour', Retention.oneYear(), Duration.hours(1), 50, false],
    ['a week of days, every hour', Retention.gfs({ daily: 7 }), Duration.hours(1), 50, true],
    [
      'the same with two days of all',
      Retention.gfs({ keepFor: Duration.days(2), daily: 7 }),
      Duration.hours(1),
      50,
      false,
    ],
    ['the same where more may be deleted', Retention.gfs({ daily: 7 }), Duration.hours(1), 90, false],
    ['a week of days, every 6 hours', Retention.gfs({ daily: 7 }), Duration.hours(6), 50, false],
    ['two weeks of days, every 4 hours', Retention.gfs({ daily: 14, weekly: 8 }), Duration.hours(4), 50, true],
    ['a week of everything, every hour', Retention.days(7), Duration.hours(1), 50, false],
    ['for ever, every minute', Retention.forever(), Duration.minutes(1), 50, false],
  ])('warns of a retention that is held back every night: %s', (_, retention, gap, maxDeletePercent, warns) => {
    const setup = new Setup();
    setup.create({ pruning: { maxDeletePercent } });
    setup.add({ retention, schedule: BackupSchedule.every(gap) });
    const warnings = Annotations.fromStack(setup.stack).findWarning('*', Match.stringLikeRegexp('pruningHeldBack'));
    expect(warnings.map(({ id }) => id)).toEqual(warns ? ['/Stack/Backups/Shop'] : []);
    if (warns) {
      expect(warnings[0]!.entry.data).toMatch(
        /^the retention of source shop with rate\(\d hours?\) is held back every night \(\d+ of \d+ backups would be deleted, and a scheduled run deletes at most 50 % of them\): let it keep every backup of at least two days with keepFor, or raise maxDeletePercent \[ack/,
      );
    }
  });

  test('reports where the backups do: same group, same queue, same log', () => {
    const setup = new Setup();
    setup.add();
    const [prune, backup] = [schedule(setup), setup.resource('AWS::Scheduler::Schedule')];
    expect(prune.GroupName).toEqual(backup.GroupName);
    expect(prune.Target.DeadLetterConfig).toEqual(backup.Target.DeadLetterConfig);
    const { LoggingConfig } = setup.resource('AWS::Lambda::Function', 'PruningPrune');
    expect(flat(LoggingConfig.LogGroup)).toMatch(/^<BackupsLogGroup/);
  });

  test('allows a newest backup an age by its schedule', () => {
    const cases: [name: string, schedule: BackupSchedule, timeout: Duration | undefined, hours: number][] = [
      ['a distance: gap, timeout and an hour', BackupSchedule.every(Duration.hours(6)), undefined, 6 + 5.4 + 1],
      ['a timeout that is given', BackupSchedule.every(Duration.hours(6)), Duration.hours(1), 6 + 1 + 1],
      ['a day', BackupSchedule.daily({ hour: 2 }), undefined, 24 + 12 + 1],
      ['working days: the weekend', BackupSchedule.cron('0 2 ? * MON-FRI *'), undefined, 72 + 12 + 1],
      ['a day that the clock makes longer', daily('Europe/Paris'), undefined, 25 + 12 + 1],
      ['a flexible window', flexible(), Duration.hours(1), 6 + 2 + 1 + 1],
      ['tries for longer than an hour', tries(4), Duration.hours(1), 6 + 4 + 1],
      ['tries for less', tries(0.5), Duration.hours(1), 6 + 1 + 1],
      ['a schedule that fires once: a day and the timeout', BackupSchedule.cron('0 2 1 1 ? 2199'), undefined, 24 + 12],
    ];
    const setup = new Setup();
    const backups = cases.map(([, of, timeout], index) => setup.add({ schedule: of, timeout }, `Db${index}`));
    const allowed = backups.map(({ allowedAge }) => allowedAge.toSeconds());
    const named = (seconds: (index: number) => unknown) => cases.map(([name], index) => [name, seconds(index)]);
    expect(named((index) => allowed[index])).toEqual(named((index) => Math.round(cases[index]![3] * 3600)));
    const { sources } = settings(setup);
    expect(named((index) => sources[`db${index}`]!.allowedAgeSeconds)).toEqual(named((index) => allowed[index]));
  });

  test('allows the age that is given', () => {
    const setup = new Setup();
    const { allowedAge } = setup.add({ allowedAge: Duration.hours(7) });
    expect(allowedAge.toSeconds()).toBe(25_200);
    expect(settings(setup).sources.shop!.allowedAgeSeconds).toBe(25_200);
  });
});
