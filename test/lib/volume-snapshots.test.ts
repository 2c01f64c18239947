import { App, Duration, Fn, Size, Stack, Tags, Validations } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { VolumeSnapshotsProps } from '../../lib';
import {
  SnapshotRetention,
  SnapshotSchedule,
  SnapshotScripts,
  SnapshotScriptStage,
  SnapshotTarget,
  SnapshotVariable,
  VolumeSnapshots,
  WeekDay,
} from '../../lib';
import type { Json } from './support';
import { flat } from './support';

const { count, days, weeks, months, years } = SnapshotRetention;
const { hourly, daily, weekly, monthly, cron, gfs } = SnapshotSchedule;
const ENV = { account: '111122223333', region: 'eu-west-1' };
const TARGET = SnapshotTarget.volumes({ tags: { backup: 'yes' } });
const SOURCE = { Key: 'proven-backups:source', Value: 'snapshots' };
const KEY_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/0aa1bb2c';

const newStack = () => new Stack(new App(), 'Shop', { env: ENV });

function snapshots(stack: Stack, props: Partial<VolumeSnapshotsProps> = {}, id = 'Snapshots'): VolumeSnapshots {
  return new VolumeSnapshots(stack, id, {
    target: TARGET,
    schedules: [daily({ hour: 3, retention: count(14) })],
    ...props,
  });
}

/** The properties of the one resource of a type. */
function only(stack: Stack, type: string): Json {
  const found = Object.values(Template.fromStack(stack).findResources(type));
  expect(found).toHaveLength(1);
  return found[0]!.Properties;
}

const policyOf = (props: Partial<VolumeSnapshotsProps>): Json => {
  const stack = newStack();
  snapshots(stack, props);
  return only(stack, 'AWS::DLM::LifecyclePolicy');
};
const scheduleOf = (schedule: SnapshotSchedule, target = TARGET): Json =>
  policyOf({ schedules: [schedule], target }).PolicyDetails.Schedules[0];

const volumeIn = (stack: Stack, props: Partial<ec2.VolumeProps> = {}) =>
  new ec2.Volume(stack, 'Data', { availabilityZone: Fn.select(0, Fn.getAzs()), size: Size.gibibytes(10), ...props });

function instanceIn(stack: Stack): ec2.Instance {
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    availabilityZones: ['eu-west-1a'],
    publicSubnetIds: ['subnet-1'],
  });
  return new ec2.Instance(stack, 'Server', {
    vpc,
    instanceType: new ec2.InstanceType('t4g.small'),
    machineImage: ec2.MachineImage.genericLinux({ 'eu-west-1': 'ami-1' }),
  });
}

describe('the policy', () => {
  test('of the smallest example', () => {
    const stack = newStack();
    new VolumeSnapshots(stack, 'Snapshots', { schedules: [daily({ hour: 3, retention: count(14) })] }).protect(
      volumeIn(stack),
    );
    expect(only(stack, 'AWS::DLM::LifecyclePolicy')).toEqual({
      Description: 'Snapshots of Shop Snapshots',
      State: 'ENABLED',
      ExecutionRoleArn: { 'Fn::GetAtt': [expect.stringContaining('SnapshotsRole'), 'Arn'] },
      PolicyDetails: {
        PolicyType: 'EBS_SNAPSHOT_MANAGEMENT',
        ResourceTypes: ['VOLUME'],
        TargetTags: [{ Key: `proven-backups:snapshots:Shop-Snapshots-260B1137`, Value: 'true' }],
        Schedules: [
          {
            Name: 'Daily',
            CreateRule: { Interval: 24, IntervalUnit: 'HOURS', Times: ['03:00'] },
            RetainRule: { Count: 14 },
            CopyTags: true,
            TagsToAdd: [SOURCE],
          },
        ],
      },
    });
    expect(only(stack, 'AWS::EC2::Volume').Tags).toEqual([
      { Key: 'proven-backups:snapshots:Shop-Snapshots-260B1137', Value: 'true' },
    ]);
  });

  test('with all that a schedule of volumes can say', () => {
    const schedule = daily({
      hour: 23,
      minute: 59,
      name: 'Every night',
      retention: weeks(2),
      copyTags: false,
      tagsToAdd: { team: 'books', level: 'night' },
      crossRegionCopies: [
        {
          region: 'eu-central-1',
          retention: months(3),
          encryptionKey: kms.Key.fromKeyArn(new Stack(), 'Key', 'arn:aws:kms:eu-central-1:111122223333:key/1bb2cc3d'),
        },
        { region: 'us-gov-west-1', retention: years(1), copyTags: false },
      ],
      fastRestore: { availabilityZones: ['eu-west-1a', 'eu-west-1b'], retention: days(1) },
      shareWith: ['444455556666'],
      unshareAfter: Duration.days(7),
    });
    const { Schedules } = policyOf({ schedules: [schedule], tagsToAdd: { level: 'policy' } }).PolicyDetails;
    expect(Schedules).toEqual([
      {
        Name: 'Every night',
        CreateRule: { Interval: 24, IntervalUnit: 'HOURS', Times: ['23:59'] },
        RetainRule: { Interval: 2, IntervalUnit: 'WEEKS' },
        CopyTags: false,
        TagsToAdd: [{ Key: 'level', Value: 'night' }, { Key: 'team', Value: 'books' }, SOURCE],
        CrossRegionCopyRules: [
          {
            Target: 'eu-central-1',
            Encrypted: true,
            CmkArn: 'arn:aws:kms:eu-central-1:111122223333:key/1bb2cc3d',
            CopyTags: true,
            RetainRule: { Interval: 3, IntervalUnit: 'MONTHS' },
          },
          {
            Target: 'us-gov-west-1',
            Encrypted: true,
            CopyTags: false,
            RetainRule: { Interval: 1, IntervalUnit: 'YEARS' },
          },
        ],
        FastRestoreRule: { AvailabilityZones: ['eu-west-1a', 'eu-west-1b'], Interval: 1, IntervalUnit: 'DAYS' },
        ShareRules: [{ TargetAccounts: ['444455556666'], UnshareInterval: 7, UnshareIntervalUnit: 'DAYS' }],
      },
    ]);
  });

  test('of instances: what is left out, variable tags, scripts', () => {
    const target = SnapshotTarget.instances({
      tags: { role: 'database', tier: 'gold' },
      excludeBootVolume: true,
      excludeDataVolumeTags: { scratch: 'true' },
    });
    const schedule = hourly({
      every: 6,
      hour: 1,
      retention: count(8),
      variableTags: { instance: SnapshotVariable.INSTANCE_ID, time: SnapshotVariable.TIMESTAMP },
      scripts: SnapshotScripts.document('freeze', {
        stages: [SnapshotScriptStage.PRE, SnapshotScriptStage.POST],
        timeout: Duration.seconds(60),
        maximumRetryCount: 2,
        executeOperationOnScriptFailure: false,
      }),
    });
    expect(policyOf({ schedules: [schedule], target }).PolicyDetails).toEqual({
      PolicyType: 'EBS_SNAPSHOT_MANAGEMENT',
      ResourceTypes: ['INSTANCE'],
      TargetTags: [
        { Key: 'role', Value: 'database' },
        { Key: 'tier', Value: 'gold' },
      ],
      Parameters: { ExcludeBootVolume: true, ExcludeDataVolumeTags: [{ Key: 'scratch', Value: 'true' }] },
      Schedules: [
        {
          Name: 'Every 6 hours',
          CreateRule: {
            Interval: 6,
            IntervalUnit: 'HOURS',
            Times: ['01:00'],
            Scripts: [
              {
                ExecutionHandler: 'freeze',
                ExecutionHandlerService: 'AWS_SYSTEMS_MANAGER',
                ExecutionTimeout: 60,
                MaximumRetryCount: 2,
                ExecuteOperationOnScriptFailure: false,
                Stages: ['PRE', 'POST'],
              },
            ],
          },
          RetainRule: { Count: 8 },
          CopyTags: true,
          TagsToAdd: [SOURCE],
          VariableTags: [
            { Key: 'instance', Value: '$(instance-id)' },
            { Key: 'time', Value: '$(timestamp)' },
          ],
        },
      ],
    });
  });

  test.each([
    [
      'vss',
      SnapshotScripts.vss({ maximumRetryCount: 1 }),
      { ExecutionHandler: 'AWS_VSS_BACKUP', MaximumRetryCount: 1 },
    ],
    [
      'SAP HANA',
      SnapshotScripts.sapHana(),
      {
        ExecutionHandler: 'AWSSystemsManagerSAP-CreateDLMSnapshotForSAPHANA',
        ExecutionHandlerService: 'AWS_SYSTEMS_MANAGER',
        MaximumRetryCount: 0,
      },
    ],
  ])('scripts of AWS: %s', (_, scripts, expected) => {
    const schedule = daily({ hour: 3, retention: count(1), scripts });
    expect(scheduleOf(schedule, SnapshotTarget.instances({ tags: { a: 'b' } })).CreateRule.Scripts).toEqual([expected]);
  });

  test.each([
    ['hourly', hourly({ retention: count(24) }), 'Hourly', { Interval: 1, IntervalUnit: 'HOURS', Times: ['00:00'] }],
    [
      'weekly',
      weekly({ weekDay: WeekDay.SUNDAY, hour: 4, minute: 5, retention: count(13) }),
      'Weekly',
      { CronExpression: 'cron(5 4 ? * SUN *)' },
    ],
    ['monthly', monthly({ hour: 4, retention: count(12) }), 'Monthly', { CronExpression: 'cron(0 4 1 * ? *)' }],
    [
      'monthly on a day',
      monthly({ hour: 4, day: 28, retention: count(12) }),
      'Monthly',
      { CronExpression: 'cron(0 4 28 * ? *)' },
    ],
    ['cron', cron('0 3 L * ? *', { retention: count(12) }), 'Cron', { CronExpression: 'cron(0 3 L * ? *)' }],
    [
      'cron in full',
      cron('cron(0 * * * ? *)', { retention: count(9) }),
      'Cron',
      { CronExpression: 'cron(0 * * * ? *)' },
    ],
  ])('%s', (_, schedule, name, rule) => {
    expect(scheduleOf(schedule)).toMatchObject({ Name: name, CreateRule: rule });
  });

  test.each([
    [monthly({ hour: 3, retention: count(0), archiveRetention: count(4) }), { Count: 0 }, { Count: 4 }],
    [
      cron('0 3 1 * ? *', { retention: days(0), archiveRetention: months(3) }),
      { Interval: 0, IntervalUnit: 'DAYS' },
      { Interval: 3, IntervalUnit: 'MONTHS' },
    ],
  ])('moves snapshots to the archive (%#)', (schedule, retain, archive) => {
    expect(scheduleOf(schedule)).toMatchObject({
      RetainRule: retain,
      ArchiveRule: { RetainRule: { RetentionArchiveTier: archive } },
    });
  });

  test('grandfather, father, son', () => {
    const all = gfs({
      hour: 3,
      minute: 30,
      daily: 14,
      weekly: 13,
      monthly: 12,
      yearly: 3,
      tagsToAdd: { team: 'books' },
    });
    const { Schedules } = policyOf({ schedules: all }).PolicyDetails;
    expect(Schedules.map(({ Name, CreateRule, RetainRule }: Json) => [Name, CreateRule, RetainRule.Count])).toEqual([
      ['Daily', { Interval: 24, IntervalUnit: 'HOURS', Times: ['03:30'] }, 14],
      ['Weekly', { CronExpression: 'cron(30 3 ? * SUN *)' }, 13],
      ['Monthly', { CronExpression: 'cron(30 3 1 * ? *)' }, 12],
      ['Yearly', { CronExpression: 'cron(30 3 1 1 ? *)' }, 3],
    ]);
    for (const { TagsToAdd } of Schedules) expect(TagsToAdd).toContainEqual({ Key: 'team', Value: 'books' });
    const two = gfs({ hour: 3, hourly: 24, weekly: 4, weekDay: WeekDay.MONDAY });
    expect(policyOf({ schedules: two }).PolicyDetails.Schedules).toMatchObject([
      { Name: 'Hourly', CreateRule: { Interval: 1, Times: ['00:00'] }, RetainRule: { Count: 24 } },
      { Name: 'Weekly', CreateRule: { CronExpression: 'cron(0 3 ? * MON *)' }, RetainRule: { Count: 4 } },
    ]);
  });

  test('can be switched off, described, and named by its source', () => {
    const policy = policyOf({
      enabled: false,
      description: 'Files - of the_shop',
      sourceName: 'shop-files',
      copyTags: false,
    });
    expect(policy).toMatchObject({ State: 'DISABLED', Description: 'Files - of the_shop' });
    expect(policy.PolicyDetails.Schedules[0]).toMatchObject({
      CopyTags: false,
      TagsToAdd: [{ Key: 'proven-backups:source', Value: 'shop-files' }],
    });
  });

  test.each([
    ['Été #1', 'Snapshots of Shop t 1'],
    ['x'.repeat(600), `Snapshots of Shop ${'x'.repeat(482)}`],
  ])('has a legal description, whatever its path (%#)', (id, description) => {
    const stack = newStack();
    snapshots(stack, { sourceName: 'files' }, id);
    expect(only(stack, 'AWS::DLM::LifecyclePolicy').Description).toBe(description);
  });

  test('takes tags', () => {
    const stack = newStack();
    Tags.of(snapshots(stack)).add('team', 'books');
    expect(only(stack, 'AWS::DLM::LifecyclePolicy').Tags).toEqual([{ Key: 'team', Value: 'books' }]);
  });

  test('has metrics', () => {
    const stack = newStack();
    const made = snapshots(stack);
    const metrics = [
      [made.metricResourcesTargeted(), 'ResourcesTargeted', 'Maximum'],
      [made.metricSnapshotsCreateCompleted(), 'SnapshotsCreateCompleted', 'Sum'],
      [made.metricSnapshotsCreateFailed(), 'SnapshotsCreateFailed', 'Sum'],
      [made.metricSnapshotsDeleteFailed(), 'SnapshotsDeleteFailed', 'Sum'],
      [made.metricSnapshotsCopiedRegionFailed({ statistic: 'Average' }), 'SnapshotsCopiedRegionFailed', 'Average'],
    ] as const;
    for (const [metric, metricName, statistic] of metrics) {
      expect(metric).toMatchObject({
        namespace: 'AWS/DataLifecycleManager',
        metricName,
        statistic,
        dimensions: { DLMPolicyId: made.policyId },
      });
    }
    expect(stack.resolve(made.policyId)).toEqual({ Ref: expect.stringContaining('Snapshots') });
    expect(stack.resolve(made.policyArn)).toEqual({ 'Fn::GetAtt': [expect.stringContaining('Snapshots'), 'Arn'] });
  });
});

describe('protect', () => {
  test("a volume with the account's default key needs no right to it", () => {
    const stack = new Stack(new App(), 'Shop', { env: { region: 'eu-west-1' } });
    const encryptionKey = kms.Alias.fromAliasName(stack, 'Default', 'alias/aws/ebs');
    own(stack).protect(
      new ec2.Volume(stack, 'Data', {
        availabilityZone: 'eu-west-1a',
        size: Size.gibibytes(1),
        encrypted: true,
        encryptionKey,
      }),
    );
    const [role] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    expect(JSON.stringify(role)).not.toContain('kms:');
  });

  const own = (stack: Stack, target?: SnapshotTarget, id = 'Snapshots') =>
    new VolumeSnapshots(stack, id, { target, schedules: [daily({ hour: 3, retention: count(14) })] });

  test('tags instances, and nothing around them', () => {
    const stack = newStack();
    own(stack, SnapshotTarget.instances()).protect(instanceIn(stack));
    const tag = { Key: 'proven-backups:snapshots:Shop-Snapshots-260B1137', Value: 'true' };
    expect(only(stack, 'AWS::EC2::Instance').Tags).toContainEqual(tag);
    expect(only(stack, 'AWS::DLM::LifecyclePolicy').PolicyDetails.TargetTags).toEqual([tag]);
    expect(JSON.stringify(only(stack, 'AWS::EC2::SecurityGroup'))).not.toContain('proven-backups');
    expect(Annotations.fromStack(stack).findWarning('/Shop/Server', Match.anyValue())).toEqual([]);
  });

  test('hands the tag of an instance on to its volumes, and warns of those that exist', () => {
    const stack = newStack();
    own(stack).protect(instanceIn(stack));
    expect(only(stack, 'AWS::EC2::Instance')).toMatchObject({ PropagateTagsToVolumeOnCreation: true });
    Annotations.fromStack(stack).hasWarning(
      '/Shop/Server',
      'volumes get the tag proven-backups:snapshots:Shop-Snapshots-260B1137 when the instance is created: tag those of an instance that exists by hand, or use SnapshotTarget.instances() [ack: proven-backups:volumesOfInstance]',
    );
  });

  test('uses the first tag that the user names', () => {
    const stack = newStack();
    own(stack, SnapshotTarget.volumes({ tags: { backup: 'yes', other: 'no' } })).protect(volumeIn(stack));
    expect(only(stack, 'AWS::EC2::Volume').Tags).toEqual([{ Key: 'backup', Value: 'yes' }]);
  });

  test('one volume for two policies', () => {
    const stack = newStack();
    const volume = volumeIn(stack);
    own(stack).protect(volume).protect(volume);
    own(stack, undefined, 'Others').protect(volume);
    expect(only(stack, 'AWS::EC2::Volume').Tags).toHaveLength(2);
  });

  test("lets the role use the volume's key, once", () => {
    const stack = newStack();
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', KEY_ARN);
    const volume = volumeIn(stack, { encrypted: true, encryptionKey });
    own(stack).protect(volume).protect(volume);
    expect(only(stack, 'AWS::IAM::Role').Policies[0].PolicyDocument.Statement.slice(3)).toEqual(
      KEY_STATEMENTS(KEY_ARN),
    );
  });

  test.each<[name: string, make: (stack: Stack) => void, sentence: string]>([
    [
      'an imported volume',
      (stack) =>
        own(stack).protect(
          ec2.Volume.fromVolumeAttributes(stack, 'Old', { volumeId: 'vol-1', availabilityZone: 'eu-west-1a' }),
        ),
      'Shop/Snapshots: protect takes a volume or an instance that is made in this app, got: Shop/Old: tag it by hand, and give the tag in target',
    ],
    [
      'a volume for instances',
      (stack) => own(stack, SnapshotTarget.instances()).protect(volumeIn(stack)),
      'Shop/Snapshots: protect takes an instance, as the target says, got: the volume Shop/Data: give its instance, or use SnapshotTarget.volumes()',
    ],
    [
      'another Region',
      (stack) =>
        own(stack).protect(
          volumeIn(new Stack(stack.node.root as App, 'Far', { env: { ...ENV, region: 'us-east-1' } })),
        ),
      "Shop/Snapshots: protect takes what is in the policy's Region, eu-west-1, got: Far/Data in us-east-1: make a VolumeSnapshots there",
    ],
    [
      'one tag with two values',
      (stack) => {
        const volume = volumeIn(stack);
        own(stack, SnapshotTarget.volumes({ tags: { backup: 'yes' } })).protect(volume);
        own(stack, SnapshotTarget.volumes({ tags: { backup: 'often' } }), 'Others').protect(volume);
      },
      'Shop/Others: tag backup of Shop/Data must have one value, got: "often", and "yes" for Shop/Snapshots: give another tag in target',
    ],
    [
      'nothing at all',
      (stack) => {
        own(stack);
        stack.node.root.node.validate();
        (stack.node.root as App).synth();
      },
      '[Shop/Snapshots] no volume and no instance carries the tag of this policy: call protect(…), or give tags in target',
    ],
  ])('refuses %s', (_, make, sentence) => {
    expect(() => make(newStack())).toThrow(sentence);
  });
});

const KEY_STATEMENTS = (resource: string) => [
  {
    Effect: 'Allow',
    Action: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
    Resource: resource,
  },
  {
    Effect: 'Allow',
    Action: 'kms:CreateGrant',
    Resource: resource,
    Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
  },
];

describe('the role', () => {
  const statements = (stack: Stack): Json[] =>
    only(stack, 'AWS::IAM::Role').Policies[0].PolicyDocument.Statement.map(({ Resource, ...rest }: Json) => ({
      ...rest,
      Resource: [Resource].flat().map(flat),
    }));
  const REGIONAL = 'arn:<AWS::Partition>:ec2:eu-west-1:111122223333';

  test('is for policies of this account and Region', () => {
    const stack = newStack();
    snapshots(stack);
    const [{ Condition, Principal }] = only(stack, 'AWS::IAM::Role').AssumeRolePolicyDocument.Statement;
    expect(Principal).toEqual({ Service: 'dlm.amazonaws.com' });
    expect(Condition.StringEquals).toEqual({ 'aws:SourceAccount': '111122223333' });
    expect(flat(Condition.ArnLike['aws:SourceArn'])).toBe('arn:<AWS::Partition>:dlm:eu-west-1:111122223333:policy/*');
  });

  test('may make snapshots of volumes of this account, and manage snapshots', () => {
    const stack = newStack();
    snapshots(stack);
    expect(statements(stack)).toEqual([
      {
        Effect: 'Allow',
        Action: [
          'ec2:DescribeAvailabilityZones',
          'ec2:DescribeFastSnapshotRestores',
          'ec2:DescribeInstances',
          'ec2:DescribeSnapshotAttribute',
          'ec2:DescribeSnapshotTierStatus',
          'ec2:DescribeSnapshots',
          'ec2:DescribeVolumes',
          'ec2:DisableFastSnapshotRestores',
          'ec2:EnableFastSnapshotRestores',
        ],
        Resource: ['*'],
      },
      {
        Effect: 'Allow',
        Action: ['ec2:CreateSnapshot', 'ec2:CreateSnapshots'],
        Resource: [`${REGIONAL}:volume/*`, 'arn:<AWS::Partition>:ec2:*:*:snapshot/*'],
      },
      {
        Effect: 'Allow',
        Action: [
          'ec2:CopySnapshot',
          'ec2:CreateTags',
          'ec2:DeleteSnapshot',
          'ec2:ModifySnapshotAttribute',
          'ec2:ModifySnapshotTier',
        ],
        Resource: ['arn:<AWS::Partition>:ec2:*:*:snapshot/*'],
      },
    ]);
  });

  test('may use the keys of volumes and of copies', () => {
    const stack = newStack();
    const far = 'arn:aws:kms:eu-central-1:111122223333:key/1bb2cc3d';
    const copy = {
      region: 'eu-central-1',
      retention: days(30),
      encryptionKey: kms.Key.fromKeyArn(stack, 'FarKey', far),
    };
    snapshots(stack, {
      schedules: [daily({ hour: 3, retention: count(14), crossRegionCopies: [copy] })],
      encryptionKeys: [kms.Key.fromKeyArn(stack, 'Key', KEY_ARN)],
    });
    expect(only(stack, 'AWS::IAM::Role').Policies[0].PolicyDocument.Statement.slice(3)).toEqual([
      ...KEY_STATEMENTS(KEY_ARN),
      ...KEY_STATEMENTS(far),
    ]);
  });

  test.each([
    [
      'of your own',
      SnapshotScripts.document('freeze'),
      'arn:<AWS::Partition>:ssm:eu-west-1:111122223333:document/freeze',
    ],
    [
      'of another account',
      SnapshotScripts.document('arn:aws:ssm:eu-west-1:444455556666:document/freeze'),
      'arn:aws:ssm:eu-west-1:444455556666:document/freeze',
    ],
    ['for VSS', SnapshotScripts.vss(), 'arn:<AWS::Partition>:ssm:eu-west-1:*:document/AWSEC2-CreateVssSnapshot'],
    [
      'for SAP HANA',
      SnapshotScripts.sapHana(),
      'arn:<AWS::Partition>:ssm:eu-west-1:*:document/AWSSystemsManagerSAP-CreateDLMSnapshotForSAPHANA',
    ],
  ])('may run scripts %s on instances', (_, scripts, document) => {
    const stack = newStack();
    snapshots(stack, {
      target: SnapshotTarget.instances({ tags: { backup: 'yes' } }),
      schedules: [daily({ hour: 3, retention: count(14), scripts })],
    });
    const [, create, , ...ssm] = statements(stack);
    expect(create!.Resource).toContain(`${REGIONAL}:instance/*`);
    expect(ssm).toEqual([
      {
        Effect: 'Allow',
        Action: ['ssm:DescribeInstanceInformation', 'ssm:GetCommandInvocation', 'ssm:ListCommands'],
        Resource: ['*'],
      },
      { Effect: 'Allow', Action: ['ssm:DescribeDocument', 'ssm:GetDocument', 'ssm:SendCommand'], Resource: [document] },
      { Effect: 'Allow', Action: 'ssm:SendCommand', Resource: [`${REGIONAL}:instance/*`] },
    ]);
  });

  test("can be the user's, and gets its rights before the policy is made", () => {
    const stack = newStack();
    const role = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('dlm.amazonaws.com') });
    const made = snapshots(stack, { role });
    expect(made.role).toBe(role);
    expect(made.grantPrincipal).toBe(role);
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Role', 1);
    const { Statement } = only(stack, 'AWS::IAM::Policy').PolicyDocument;
    expect(Statement).toHaveLength(3);
    Template.fromStack(stack).hasResource('AWS::DLM::LifecyclePolicy', {
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('MineDefaultPolicy')]),
    });
  });

  test('cdk-nag finds nothing that is not explained', () => {
    const stack = newStack();
    const target = SnapshotTarget.instances({ tags: { backup: 'yes' } });
    const schedule = (name: string, scripts: SnapshotScripts) => daily({ name, hour: 3, retention: count(1), scripts });
    snapshots(stack, {
      target,
      schedules: [schedule('a', SnapshotScripts.vss()), schedule('b', SnapshotScripts.document('freeze'))],
      encryptionKeys: [kms.Key.fromKeyArn(stack, 'Key', KEY_ARN)],
    });
    const { node } = stack;
    Validations.of(node.root).addPlugins(new AwsSolutionsChecks(node.root));
    expect(() => (node.root as App).synth()).not.toThrow();
    new iam.Role(stack, 'Wide', { assumedBy: new iam.AnyPrincipal() }).addToPolicy(
      new iam.PolicyStatement({ actions: ['*'], resources: ['*'] }),
    );
    const log = jest.spyOn(console, 'error').mockImplementation();
    expect(() => (node.root as App).synth({ force: true })).toThrow();
    log.mockRestore();
  });
});
