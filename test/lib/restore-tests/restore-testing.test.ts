import { Duration, Size } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { AlarmSettings } from '../../../catalog/contract/alarms';
import { testingOfFamily } from '../../../catalog/contract/families';
import type { RestoreTestSettings } from '../../../catalog/contract/restore-tests';
import {
  BackupAlarms,
  BackupBucket,
  type AddDatabaseProps,
  BackupSchedule,
  DatabaseBackup,
  RestoreExpectation,
  RestoreTesting,
  RestoreTests,
  RowDigests,
  TestedPeriod,
} from '../../../lib';
import type { Json } from '../support';
import { flat, READY_IMAGE, row, Setup } from '../support';

const DAY = 86_400;

function settingsOf(setup: Setup): RestoreTestSettings {
  const [text, ...more] = Object.values<Json>(setup.template().findResources('AWS::SSM::Parameter'))
    .map(({ Properties }) => flat(Properties.Value))
    .filter((value) => value.includes('"plans"'));
  expect(more).toEqual([]);
  return JSON.parse(text!) as RestoreTestSettings;
}
const alarmed = (setup: Setup, source = 'shop') =>
  JSON.parse(flat(setup.resource('AWS::SSM::Parameter', 'AlarmsSettings').Value)).sources[source];
const only = (props: Partial<AddDatabaseProps> = {}): Setup => {
  const setup = new Setup();
  setup.add(props);
  return setup;
};
let made: Setup | undefined;
/** A stack with one database that says nothing, for tests that only look at it. */
const usual = (): Setup => (made ??= only());
const definitions = (setup: Setup) =>
  Object.entries<Json>(setup.template().findResources('AWS::ECS::TaskDefinition'))
    .filter(([id]) => id.includes('RestoreTesting'))
    .map(([, { Properties }]) => Properties);

describe('which backups are tested', () => {
  const CASES: [name: string, restoreTest: RestoreTests | undefined, plan: object, provenDays: number][] = [
    ['by default once a week', undefined, { kind: 'newest', everySeconds: 7 * DAY }, 17],
    ['weekly', RestoreTests.weekly(), { kind: 'newest', everySeconds: 7 * DAY }, 17],
    ['daily', RestoreTests.daily(), { kind: 'newest', everySeconds: DAY }, 5],
    ['monthly', RestoreTests.monthly(), { kind: 'newest', everySeconds: 30 * DAY }, 63],
    ['the last of a week', RestoreTests.newestOf(TestedPeriod.WEEK), { kind: 'newest-of', period: 'week' }, 17],
    ['the last of a month', RestoreTests.newestOf(TestedPeriod.MONTH), { kind: 'newest-of', period: 'month' }, 65],
    ['by chance', RestoreTests.random(), { kind: 'random', everySeconds: 7 * DAY }, 31],
    ['by chance, daily', RestoreTests.random(Duration.days(1)), { kind: 'random', everySeconds: DAY }, 7],
  ];

  test('are those of the plan of each database', () => {
    const setup = new Setup();
    CASES.forEach(([, restoreTest], index) => setup.add({ restoreTest }, `Db${index}`));
    const { plans, sources } = settingsOf(setup);
    const found = CASES.map(([name], index) => {
      const { plan = 0 } = sources[`db${index}`]!;
      const { provenAgeSeconds = 17 * DAY } = alarmed(setup, `db${index}`);
      return [name, plans[plan], provenAgeSeconds / DAY];
    });
    expect(found).toEqual(CASES.map(([name, , plan, provenDays]) => [name, plan, provenDays]));
  });

  test('every backup: a proof is overdue after twice the allowed age and three days', () => {
    const setup = only({ restoreTest: RestoreTests.everyBackup(), allowedAge: Duration.hours(12) });
    expect(settingsOf(setup).plans).toEqual([{ kind: 'each' }]);
    expect(alarmed(setup).provenAgeSeconds).toBe(DAY + 3 * DAY);
  });

  test('a database has its own, or that of Backups; sources share what is equal', () => {
    const setup = new Setup();
    setup.create({ restoreTest: RestoreTests.daily() });
    setup.add();
    setup.add({ restoreTest: RestoreTests.weekly() }, 'Blog');
    setup.add({}, 'Wiki');
    const { plans, families, sources } = settingsOf(setup);
    expect(plans.map((plan) => 'everySeconds' in plan && plan.everySeconds)).toEqual([DAY, 7 * DAY]);
    expect(families).toEqual(['Stack-Backups-RestoreTesting-_prove0']);
    expect(Object.entries(sources).map(([name, { plan }]) => [name, plan])).toEqual([
      ['shop', undefined],
      ['blog', 1],
      ['wiki', undefined],
    ]);
  });

  test('off: nothing tests it, and no proof is overdue', () => {
    const setup = only({ restoreTest: RestoreTests.off('It is a copy of another one.') });
    expect(alarmed(setup)).toMatchObject({ tests: 'off' });
    expect(JSON.stringify(setup.template().toJSON())).not.toContain('RestoreTest');
  });

  test.each<[string, () => RestoreTests, RegExp]>([
    ['off without a reason', () => RestoreTests.off(' '), /reason of RestoreTests\.off must say why .*, got: " "$/],
    ['hours', () => RestoreTests.random(Duration.hours(2)), /interval of the restore tests must be .*, got: 7200$/],
  ])('refuses %s', (_, restoreTest, sentence) => {
    expect(() => only({ restoreTest: restoreTest() })).toThrow(sentence);
  });

  test('refuses a test that nothing makes', () => {
    const setup = new Setup();
    const { bucket, cluster } = setup.backups;
    const props = { bucket, cluster, database: setup.mysql(), schedule: BackupSchedule.daily({ hour: 2 }) };
    expect(() => new DatabaseBackup(setup.stack, 'A', { ...props, restoreTest: RestoreTests.daily() })).toThrow(
      'Stack/A: restoreTest needs restoreTesting, got: none: give a RestoreTesting in restoreTesting, or use Backups',
    );
    const off = { ...props, restoreTest: RestoreTests.off('none') };
    expect(new DatabaseBackup(setup.stack, 'B', off).sourceName).toBe('b');
  });
});

describe('the task', () => {
  test('has no role, no secret and no job of its own, and logs under a name that no source has', () => {
    const [task, ...more] = definitions(usual());
    expect(more).toEqual([]);
    const { ContainerDefinitions, Family, TaskRoleArn, Cpu } = task;
    expect([Family, TaskRoleArn, Cpu]).toEqual(['Stack-Backups-RestoreTesting-_prove0', undefined, '1024']);
    const [container] = ContainerDefinitions;
    expect(container).toMatchObject({
      Name: 'backup',
      Image: 'registry.example/backup:1',
      ReadonlyRootFilesystem: true,
    });
    expect(container.Command.at(-1)).toBe('prove');
    expect([container.Environment, container.Secrets]).toEqual([undefined, undefined]);
    expect(container.LogConfiguration.Options['awslogs-stream-prefix']).toBe('_prove');
    expect(container.MountPoints).toEqual([{ ContainerPath: '/scratch', ReadOnly: false, SourceVolume: 'scratch' }]);
  });

  test('is one for each image and architecture', () => {
    const setup = new Setup();
    const [own, built] = [{ image: ecs.ContainerImage.fromRegistry('own') }, { image: undefined }];
    const arm = { cpuArchitecture: ecs.CpuArchitecture.ARM64 };
    [{}, {}, own, own, built, built, { ...built, ...arm }].forEach((props, index) => setup.add(props, `Db${index}`));
    setup.add({ database: setup.sqlite(), image: undefined }, 'File');
    const { families, sources } = settingsOf(setup);
    expect(families).toHaveLength(5);
    expect(Object.values(sources).map(({ family = 0 }) => family)).toEqual([0, 0, 1, 1, 2, 2, 3, 4]);
    expect(definitions(setup).map(({ Family }) => Family)).toEqual(families);
    expect(definitions(setup).every(({ Volumes }) => Volumes.length === 1)).toBe(true);
  });

  test('lets nothing in, and only TLS out', () => {
    const setup = usual();
    const { SecurityGroupEgress, SecurityGroupIngress } = setup.resource('AWS::EC2::SecurityGroup', 'RestoreTesting');
    expect(SecurityGroupIngress).toBeUndefined();
    expect(SecurityGroupEgress).toEqual([
      { CidrIp: '0.0.0.0/0', Description: 'AWS', FromPort: 443, IpProtocol: 'tcp', ToPort: 443 },
    ]);
    expect(settingsOf(setup).securityGroups).toMatch(/^<BackupsRestoreTestingSecurityGroup/);
  });

  test('runs in the subnets of Backups, with a public address where they are public', () => {
    const setup = new Setup();
    setup.create({ vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, restoreTesting: { maxAtOnce: 2 } });
    setup.add();
    const { subnets, publicIp, maxAtOnce, timeoutSeconds } = settingsOf(setup);
    expect(subnets).toMatch(/^<VpcPublicSubnet1\w+>,<VpcPublicSubnet2\w+>$/);
    expect([publicIp, maxAtOnce, timeoutSeconds]).toEqual([true, 2, 43_200]);
  });

  test('or else in those of the first database', () => {
    const setup = only({ vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true });
    expect(settingsOf(setup)).toMatchObject({ publicIp: true, subnets: expect.stringContaining('VpcPublicSubnet1') });
    expect(settingsOf(usual())).not.toHaveProperty('publicIp');
  });
});

describe('least privilege', () => {
  const BUCKET = '<BackupsBucket16A198DF.Arn>';

  test('a test reads its source, and writes its verdict only', () => {
    const setup = usual();
    const statements = setup.statements('RestoreTestingRoleOfshop');
    expect(statements.map((one) => row({ ...one, Resource: one.Resource ?? one.NotResource }))).toEqual([
      // S3 tells only those who may list that an object is not there.
      ['Allow', ['s3:ListBucket'], BUCKET, { StringLike: { 's3:prefix': 'shop/*' } }],
      ['Allow', ['s3:GetObject'], `${BUCKET}/shop/*/*`, undefined],
      ['Allow', ['s3:PutObject'], `${BUCKET}/shop/*/restore-test.json`, undefined],
      ['Allow', ['kms:Decrypt', 'kms:GenerateDataKey'], '<BackupsBucketKey7BCD74E3.Arn>', expect.anything()],
      // All but these: see below.
      ['Deny', ['s3:PutObject'], `${BUCKET}/shop/*/restore-test.json`, undefined],
      [
        'Deny',
        ['s3:PutObjectRetention', 's3:PutObjectLegalHold', 's3:PutObjectAcl', 's3:PutObjectTagging'],
        `${BUCKET}/*`,
        undefined,
      ],
      ['Deny', ['s3:DeleteObject*', 's3:BypassGovernanceRetention'], `${BUCKET}/*`, undefined],
    ]);
    expect(statements.map(({ NotResource }) => NotResource !== undefined).indexOf(true)).toBe(4);
    const { Path } = setup.resource('AWS::IAM::Role', 'RestoreTestingRoleOfshop');
    expect(flat(Path)).toBe('/proven-backups/prove/<AWS::Region>/Stack/Backups-RestoreTesting/');
  });

  test('ECS has no secret for it', () => {
    const actions = usual()
      .statements('RestoreTestingExecutionRole')
      .flatMap(({ Action }) => Action);
    expect(actions.filter((action: string) => !/^(logs|kms):/.test(action))).toEqual([]);
  });

  test('the function starts tests in its cluster, and passes their roles on to ECS only', () => {
    const statements = usual().statements('RestoreTestingStartRole');
    const ofActions = (prefix: string) =>
      statements.filter(({ Action }) => [Action].flat()[0].startsWith(prefix)).map(row);
    const cluster = { ArnEquals: { 'ecs:cluster': expect.anything() } };
    const arn = 'arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:';
    expect(ofActions('ecs:')).toEqual([
      ['Allow', ['ecs:ListTasks'], '*', cluster],
      ['Allow', ['ecs:DescribeTasks'], expect.stringMatching(/:task\/<BackupsCluster\w+>\/\*$/), cluster],
      ['Allow', ['ecs:RunTask'], `${arn}task-definition/Stack-Backups-RestoreTesting-_prove*`, cluster],
      ['Allow', ['ecs:TagResource'], expect.anything(), expect.anything()],
    ]);
    expect(ofActions('iam:')).toEqual([
      [
        'Allow',
        ['iam:PassRole'],
        'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/proven-backups/prove/<AWS::Region>/Stack/Backups-RestoreTesting/*',
        { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      ],
    ]);
  });

  test('whoever tests by hand invokes the function, and follows the test', () => {
    const setup = only();
    setup.backups.restoreTesting.grantInvoke(new iam.User(setup.stack, 'Ann'));
    const { PolicyDocument } = setup.resource('AWS::IAM::Policy', 'Ann');
    const actions = PolicyDocument.Statement.flatMap(({ Action }: Json) => Action);
    expect(actions).toEqual(
      expect.arrayContaining([
        'lambda:InvokeFunction',
        'ssm:GetParametersByPath',
        'ecs:DescribeTasks',
        'logs:GetLogEvents',
      ]),
    );
    expect(actions).not.toContain('ecs:RunTask');
  });
});

describe('the function', () => {
  test('runs once an hour, finds its settings, and tells the alarms', () => {
    const setup = usual();
    const { Environment } = setup.resource('AWS::Lambda::Function', 'RestoreTestingStart');
    expect(Object.fromEntries(Object.entries(Environment.Variables).map(([key, value]) => [key, flat(value)]))).toEqual(
      {
        RESTORE_TEST_SETTINGS: expect.stringMatching(
          /^\/proven-backups\/<BackupsBucket\w+>\/restore-tests\/Stack-Backups-RestoreTesting-\w+\/$/,
        ),
        RESTORE_TEST_MEMORY: expect.stringMatching(/^<BackupsRestoreTestingMemory/),
        ALARM_EVENTS: expect.stringMatching(/^<BackupsAlarmsAlarmEvents/),
      },
    );
    const { ScheduleExpression, State } = setup.resource('AWS::Scheduler::Schedule', 'RestoreTesting');
    expect([ScheduleExpression, State]).toEqual(['cron(7 * * * ? *)', 'ENABLED']);
  });

  test('can be left to people', () => {
    const setup = new Setup();
    setup.create({ restoreTesting: { enabled: false, timeout: Duration.hours(1) } });
    setup.add();
    expect(setup.resource('AWS::Scheduler::Schedule', 'RestoreTesting').State).toBe('DISABLED');
    expect(settingsOf(setup).timeoutSeconds).toBe(3600);
  });

  test.each([
    [{ maxAtOnce: 0 }, /maxAtOnce must be a whole number from 1 to 50, got: 0$/],
    [{ timeout: Duration.days(8) }, /timeout must be a whole number from 30 to 604800 seconds, got: 691200$/],
  ])('refuses %j', (restoreTesting, sentence) => {
    const setup = new Setup();
    setup.create({ restoreTesting });
    expect(() => setup.add()).toThrow(sentence);
  });
});

test('the alarms recognise its tasks by their family', () => {
  const setup = usual();
  const watched = JSON.parse(flat(setup.resource('AWS::SSM::Parameter', 'AlarmsSettings').Value)) as AlarmSettings;
  const families = definitions(setup).map(({ Family }) => Family as string);
  expect(families.map((family) => testingOfFamily(watched, family)?.logGroup)).toEqual([0]);
});

test('stands alone, beside a backup that stands alone', () => {
  const setup = new Setup();
  const { stack } = setup;
  const bucket = new BackupBucket(stack, 'Bucket');
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: setup.vpc });
  const restoreTesting = new RestoreTesting(stack, 'Tests', { bucket, cluster });
  const alarms = new BackupAlarms(stack, 'Watch', { bucket, emails: ['ann@example.com'] });
  alarms.watchRestoreTesting(restoreTesting);
  const common = { bucket, cluster, image: READY_IMAGE, schedule: BackupSchedule.daily({ hour: 2 }) };
  new DatabaseBackup(stack, 'Shop', { ...common, database: setup.mysql(), restoreTesting, alarms });
  expect(settingsOf(setup)).toMatchObject({
    families: ['Stack-Tests-_prove0'],
    sources: { shop: { role: expect.stringMatching(/^<TestsRoleOfshop/) } },
  });
  const watched = JSON.parse(flat(setup.resource('AWS::SSM::Parameter', 'WatchSettings').Value)) as AlarmSettings;
  const { logGroup } = testingOfFamily(watched, 'Stack-Tests-_prove0')!;
  expect(watched.logGroups[logGroup]).toMatch(/^<TestsLogGroup/);
  const { EventPattern } = setup.resource('AWS::Events::Rule', 'WatchTaskRule');
  expect(flat(EventPattern.detail.taskDefinitionArn[1].prefix)).toMatch(/:task-definition\/Stack-Tests-$/);
  Annotations.fromStack(stack).hasNoError('*', Match.anyValue());
  const other = new BackupBucket(stack, 'Other');
  const elsewhere = { ...common, bucket: other, database: setup.mysql(), restoreTesting };
  expect(() => new DatabaseBackup(stack, 'Blog', elsewhere)).toThrow(/restoreTesting must be of the bucket/);
});

describe('what the dump does for the tests', () => {
  test('expectations and digests are in its job', () => {
    const setup = only({
      rowDigests: RowDigests.upTo(Size.mebibytes(5)),
      expect: [
        RestoreExpectation.atLeast('SELECT COUNT(*) FROM account', 1, { database: 'shop' }),
        RestoreExpectation.equalTo('SELECT version FROM shop.schema', '42'),
        RestoreExpectation.tables(15),
      ],
    });
    const { rowDigests, expectations } = jobOf(setup);
    expect(rowDigests).toEqual({ kind: 'up-to', bytes: 5 * 1024 ** 2 });
    expect(expectations).toEqual([
      { kind: 'at-least', statement: 'SELECT COUNT(*) FROM account', value: 1, database: 'shop' },
      { kind: 'equals', statement: 'SELECT version FROM shop.schema', value: '42' },
      { kind: 'tables', value: 15 },
    ]);
  });

  test.each<[RowDigests, object]>([
    [RowDigests.all(), { kind: 'all' }],
    [RowDigests.none(), { kind: 'none' }],
    [RowDigests.share(25), { kind: 'share', share: 0.25 }],
  ])('%j', (rowDigests, job) => {
    expect(jobOf(only({ rowDigests })).rowDigests).toEqual(job);
  });

  test('nothing is said of what is usual', () => {
    expect(Object.keys(jobOf(usual()))).not.toEqual(expect.arrayContaining(['rowDigests']));
    expect(jobOf(usual())).not.toHaveProperty('expectations');
  });

  test.each<[string, () => Partial<AddDatabaseProps>, RegExp]>([
    [
      'no statement',
      () => ({ expect: [RestoreExpectation.equalTo('', 'a')] }),
      /equalTo must be a statement of SQL, got: ""$/,
    ],
    ['no number', () => ({ expect: [RestoreExpectation.atLeast('SELECT 1', NaN)] }), /must be a number, got: NaN$/],
    ['no tables', () => ({ expect: [RestoreExpectation.tables(0)] }), /tables must be a whole number .*, got: 0$/],
    [
      'a share of 0',
      () => ({ rowDigests: RowDigests.share(0) }),
      /share must be a whole number from 1 to 100, got: 0$/,
    ],
  ])('refuses %s', (_, props, sentence) => {
    expect(() => only(props())).toThrow(sentence);
  });
});

describe('objectives', () => {
  test('go to the alarms', () => {
    const setup = only({ recoveryTimeObjective: Duration.hours(1), recoveryPointObjective: Duration.hours(8) });
    expect(alarmed(setup)).toMatchObject({ recoveryTimeSeconds: 3600, recoveryPointSeconds: 28_800 });
  });

  test('that the schedule cannot meet are refused', () => {
    expect(() => only({ recoveryPointObjective: Duration.hours(6) })).toThrow(
      /recoveryPointObjective must be longer than the longest time between two runs of rate\(6 hours\), 21600 seconds, got: 21600 seconds/,
    );
  });
});

function jobOf(setup: Setup): Json {
  const [{ Environment }] = setup.resource('AWS::ECS::TaskDefinition').ContainerDefinitions;
  return JSON.parse(flat(Environment.find(({ Name }: Json) => Name === 'BACKUP_JOB').Value));
}
