import { Duration, Stack, TimeZone } from 'aws-cdk-lib';
import * as backup from 'aws-cdk-lib/aws-backup';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ManagedBackupProps } from '../../../lib';
import {
  AlarmSignal,
  BackupSchedule,
  ManagedBackup,
  ManagedResource,
  Retention,
  VaultLock,
  WeekDay,
} from '../../../lib';
import type { Json } from '../support';
import { Setup } from '../support';

const { daily, weekly, every, cron } = BackupSchedule;
const { gfs } = Retention;
const COPIES = 'arn:aws:backup:eu-central-1:111122223333:backup-vault:copies';
type Props = Partial<ManagedBackupProps>;

let setup: Setup;
let files: efs.FileSystem;
beforeEach(() => {
  setup = new Setup();
  files = new efs.FileSystem(setup.stack, 'Files', { vpc: setup.vpc });
});

const make = (props: Props = {}): ManagedBackup =>
  new ManagedBackup(setup.stack, 'ShopMedia', {
    resources: [ManagedResource.fileSystem(files)],
    schedule: daily({ hour: 4 }),
    retention: Retention.days(30),
    ...props,
  });
/** The properties of the one resource of a type. */
const only = (type: string): Json => {
  const found = Object.values(setup.template().findResources(type));
  expect(found).toHaveLength(1);
  return found[0]!.Properties;
};
const rulesOf = (props: Props): Json[] => {
  make(props);
  return only('AWS::Backup::BackupPlan').BackupPlan.BackupPlanRule;
};

test('one daily rule keeps 30 days, in a locked-down vault of its own', () => {
  const managed = make();
  expect(managed.sourceNames).toEqual(['shop-media']);
  expect(only('AWS::Backup::BackupPlan').BackupPlan.BackupPlanRule).toEqual([
    {
      RuleName: 'Daily',
      ScheduleExpression: 'cron(0 4 * * ? *)',
      StartWindowMinutes: 480,
      CompletionWindowMinutes: 1440,
      Lifecycle: { DeleteAfterDays: 30 },
      TargetBackupVault: expect.anything(),
    },
  ]);
  const { AccessPolicy, EncryptionKeyArn, LockConfiguration } = only('AWS::Backup::BackupVault');
  expect(EncryptionKeyArn).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^ShopMediaKey/), 'Arn'] });
  expect(AccessPolicy.Statement).toMatchObject([{ Effect: 'Deny', Principal: { AWS: '*' } }]);
  expect(AccessPolicy.Statement[0].Action).toContain('backup:DeleteRecoveryPoint');
  expect(LockConfiguration).toBeUndefined();
  const [vault] = Object.values(setup.template().findResources('AWS::Backup::BackupVault'));
  for (const kept of [vault, roleOfBackup()]) {
    expect(kept).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
  }
});

/** The role of AWS Backup. */
const roleOfBackup = (): Json => {
  const [role] = Object.values(
    setup.template().findResources('AWS::IAM::Role', {
      Properties: { AssumeRolePolicyDocument: { Statement: [{ Principal: { Service: 'backup.amazonaws.com' } }] } },
    }),
  );
  return role!;
};
const statementsOf = ({ Properties }: Json): Json[] => Properties.Policies[0].PolicyDocument.Statement;
/** Its statements that allow an action. */
const allowed = (action: string): Json[] =>
  statementsOf(roleOfBackup()).filter(({ Action }) => [Action].flat().includes(action));

test.each<[string, () => Props]>([
  ['copies', () => ({ copyTo: [{ vault: backup.BackupVault.fromBackupVaultArn(setup.stack, 'Copies', COPIES) }] })],
  [
    'a vault whose key is not known',
    () => ({ vault: backup.BackupVault.fromBackupVaultName(setup.stack, 'Given', 'v') }),
  ],
])('the role may use the key of another vault through AWS Backup: %s', (_, props) => {
  make(props());
  expect(allowed('kms:DescribeKey').at(-1)!.Resource).toBe('*');
  expect(allowed('kms:CreateGrant').at(-1)).toMatchObject({
    Resource: '*',
    Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
  });
});

test('the role tags recovery points of its Region; of every Region, with copies', () => {
  const region = () => JSON.stringify(allowed('backup:TagResource')[0]!.Resource);
  make();
  expect(region()).toContain('{"Ref":"AWS::Region"}');
  expect(JSON.stringify(allowed('kms:CreateGrant'))).not.toContain('"*"');
  setup = new Setup();
  files = new efs.FileSystem(setup.stack, 'Files', { vpc: setup.vpc });
  make({ copyTo: [{ vault: backup.BackupVault.fromBackupVaultArn(setup.stack, 'Copies', COPIES) }] });
  expect(region()).toContain(':backup:*:');
});

test('the role may read the file system, and write into the vaults; nothing else of them', () => {
  make({ copyTo: [{ vault: backup.BackupVault.fromBackupVaultArn(setup.stack, 'Copies', COPIES) }] });
  const role = roleOfBackup();
  const statements = statementsOf(role);
  const on = (action: string) => statements.find(({ Action }) => [Action].flat().includes(action))?.Resource;
  expect(on('elasticfilesystem:Backup')).toEqual(expect.objectContaining({ 'Fn::GetAtt': expect.anything() }));
  expect(on('backup:CopyIntoBackupVault')).toEqual([
    { 'Fn::GetAtt': [expect.stringMatching(/^ShopMediaVault/), 'BackupVaultArn'] },
    COPIES,
  ]);
  const actions = statements.flatMap(({ Action }) => Action as string | string[]);
  expect(actions.filter((action) => /Delete|Restore|s3:|events:/.test(action))).toEqual([]);
  expect(role.Properties.ManagedPolicyArns).toBeUndefined();
});

test('the role of a bucket may read that bucket, and decrypt with its key through S3', () => {
  const bucket = new s3.Bucket(setup.stack, 'Uploads', { versioned: true, encryption: s3.BucketEncryption.KMS });
  const managed = make({ resources: [ManagedResource.fileSystem(files), ManagedResource.bucket(bucket)] });
  expect(managed.sourceNames).toEqual(['shop-media-files', 'shop-media-uploads']);
  const text = JSON.stringify(setup.template().findResources('AWS::IAM::Role'));
  expect(text).toContain('rule/AwsBackupManagedRule*');
  expect(text).toContain('"kms:ViaService":{"Fn::Join":["",["s3.*.",{"Ref":"AWS::URLSuffix"}]]}');
  expect(text).toContain('s3:GetObjectVersionTagging');
  expect(only('AWS::Backup::BackupSelection').BackupSelection.Resources).toHaveLength(2);
});

test('the role of an imported bucket whose key is not known may decrypt with any key, but through S3 only', () => {
  const resource = ManagedResource.bucket(s3.Bucket.fromBucketName(setup.stack, 'Uploads', 'uploads'));
  make({ resources: [resource] });
  expect(allowed('kms:Decrypt').at(-1)).toEqual({
    Effect: 'Allow',
    Action: ['kms:Decrypt', 'kms:DescribeKey'],
    Resource: '*',
    Condition: { StringLike: { 'kms:ViaService': { 'Fn::Join': ['', ['s3.*.', { Ref: 'AWS::URLSuffix' }]] } } },
  });
});

test('the role of a bucket without a key of its own may decrypt with the key of the vault only', () => {
  make({ resources: [ManagedResource.bucket(new s3.Bucket(setup.stack, 'Uploads', { versioned: true }))] });
  expect(allowed('kms:Decrypt').map(({ Resource }) => Resource)).toEqual([
    { 'Fn::GetAtt': [expect.stringMatching(/^ShopMediaKey/), 'Arn'] },
  ]);
});

describe('a retention becomes rules', () => {
  const brief = (rules: Json[]) =>
    rules.map(({ RuleName, ScheduleExpression, Lifecycle }) => [
      RuleName,
      ScheduleExpression,
      Lifecycle?.DeleteAfterDays as number | undefined,
    ]);

  test.each<[string, Props, unknown[]]>([
    [
      'of a year: its longer periods are rules of their own',
      { retention: Retention.oneYear() },
      [
        ['Daily', 'cron(0 4 * * ? *)', 14],
        ['Weekly', 'cron(0 4 ? * MON *)', 98],
        ['Monthly', 'cron(0 4 1 * ? *)', 403],
      ],
    ],
    [
      'that keeps years, with another first day of the week',
      { retention: Retention.gfs({ weekly: 8, yearly: 7, weekStart: WeekDay.SUNDAY }) },
      [
        ['Daily', 'cron(0 4 * * ? *)', 5],
        ['Weekly', 'cron(0 4 ? * SUN *)', 56],
        ['Yearly', 'cron(0 4 1 1 ? *)', 2562],
      ],
    ],
    [
      'shorter than its floor: the newest three stay until the next one is complete, a window and its duration late',
      { schedule: weekly({ weekDay: WeekDay.SUNDAY, hour: 3 }), retention: Retention.days(2) },
      [['Weekly', 'cron(0 3 ? * SUN *)', 23]],
    ],
    [
      'with its floor, of shorter windows',
      {
        retention: gfs({ keepLast: 2, keepFor: Duration.days(1) }),
        startWindow: Duration.hours(1),
        completionWindow: Duration.hours(23),
      },
      [['Daily', 'cron(0 4 * * ? *)', 3]],
    ],
    [
      'of several backups a day',
      { schedule: cron('0 0/6 * * ? *'), retention: Retention.gfs({ keepFor: Duration.days(7) }) },
      [['Backup', 'cron(0 0/6 * * ? *)', 7]],
    ],
    ['for ever', { retention: Retention.forever() }, [['Backup', 'cron(0 4 * * ? *)', undefined]]],
  ])('%s', (_, props, expected) => {
    expect(brief(rulesOf(props))).toEqual(expected);
  });

  test('in the time zone of the schedule, also over a change of the clock', () => {
    const schedule = daily({ hour: 4, timeZone: TimeZone.EUROPE_PARIS });
    const [rule] = rulesOf({ schedule, retention: Retention.gfs({ daily: 7 }) });
    expect(rule).toMatchObject({ RuleName: 'Daily', ScheduleExpressionTimezone: 'Europe/Paris' });
    expect(rule!.Lifecycle).toEqual({ DeleteAfterDays: 7 });
  });
});

test('with alarms and copies: the settings name the vaults of the copies', () => {
  const { alarms } = setup.create();
  make({ alarms, copyTo: [{ vault: backup.BackupVault.fromBackupVaultArn(setup.stack, 'Copies', COPIES) }] });
  expect(JSON.stringify(setup.template().toJSON())).toContain(`\\"copies\\":[\\"${COPIES}\\"]`);
});

test('two plans alike in one vault have names of their own', () => {
  const vault = backup.BackupVault.fromBackupVaultName(setup.stack, 'Given', 'v');
  make({ vault });
  new ManagedBackup(setup.stack, 'Other', {
    ...{ resources: [ManagedResource.fileSystem(files)], schedule: daily({ hour: 4 }), retention: Retention.days(30) },
    vault,
  });
  const plans = Object.values(setup.template().findResources('AWS::Backup::BackupPlan'));
  const names = plans.map(({ Properties }) => Properties.BackupPlan.BackupPlanName as string);
  expect(names).toEqual([expect.stringMatching(/^StackShopMedia/), expect.stringMatching(/^StackOther/)]);
});

test('copies are kept as long as the backups, or as long as they say', () => {
  const vault = backup.BackupVault.fromBackupVaultArn(setup.stack, 'Copies', COPIES);
  const [rule] = rulesOf({ copyTo: [{ vault }, { vault, retention: Duration.days(90) }] });
  expect(rule!.CopyActions).toEqual([
    { DestinationBackupVaultArn: COPIES, Lifecycle: { DeleteAfterDays: 30 } },
    { DestinationBackupVaultArn: COPIES, Lifecycle: { DeleteAfterDays: 90 } },
  ]);
});

test.each([
  [VaultLock.governance({ minRetention: Duration.days(7) }), { MinRetentionDays: 7 }],
  [
    VaultLock.compliance({
      minRetention: Duration.days(7),
      maxRetention: Duration.days(30),
      changeableFor: Duration.days(3),
    }),
    { MinRetentionDays: 7, MaxRetentionDays: 30, ChangeableForDays: 3 },
  ],
])('a lock', (vaultLock, expected) => {
  make({ vaultLock });
  expect(only('AWS::Backup::BackupVault').LockConfiguration).toEqual(expected);
});

test("with alarms: settings, a rule of events, a dead man's switch, and the right to list", () => {
  const { alarms } = setup.create();
  const managed = make({ alarms, signalsOff: [{ signal: AlarmSignal.FAILED, reason: 'somebody else is told' }] });
  // A day, the window in which it may start, the day that it may take, and an hour.
  expect(managed.allowedAge.toSeconds()).toBe((24 + 8 + 24 + 1) * 3600);
  const template = setup.template();
  const text = JSON.stringify(template.toJSON());
  expect(text).toContain(
    '\\"shop-media\\":{\\"allowedAgeSeconds\\":205200,\\"timeoutSeconds\\":86400,\\"tests\\":\\"off\\",\\"off\\":[\\"failed\\"],\\"managed\\":{\\"resource\\":\\"',
  );
  expect(text).toMatch(/"\\",\\"plan\\":\\"",\{"Fn::GetAtt":\["ShopMediaPlan\w+","BackupPlanId"\]\}/);
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.backup'],
      detail: { state: ['ABORTED', 'COMPLETED', 'EXPIRED', 'FAILED', 'PARTIAL'] },
    },
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'BackupAge', Threshold: 205_200 });
  const readers = Object.values(template.findResources('AWS::IAM::Role')).filter((role) =>
    JSON.stringify(role).includes('backup:ListRecoveryPointsByBackupVault'),
  );
  expect(readers).toHaveLength(2);
});

const lock = (days: number, max?: number) =>
  VaultLock.governance({ minRetention: Duration.days(days), ...(max && { maxRetention: Duration.days(max) }) });

test.each<[string, () => Props, string]>([
  ['no resources', () => ({ resources: [] }), 'resources must be 1 or more'],
  ['a rate', () => ({ schedule: every(Duration.hours(6)) }), 'AWS Backup knows no rates'],
  ['more than hourly', () => ({ schedule: cron('0/30 * * * ? *') }), 'at most every hour'],
  ['once', () => ({ schedule: cron('0 4 1 1 ? 2099') }), 'which runs once'],
  ['hours', () => ({ retention: gfs({ hourly: 24 }) }), 'keeps backups for whole days; use keepFor'],
  [
    'more days than backups',
    () => ({ schedule: weekly({ weekDay: WeekDay.SUNDAY, hour: 3 }), retention: gfs({ daily: 7 }) }),
    'daily of the retention needs backups as often',
  ],
  [
    'weeks of several backups a day',
    () => ({ schedule: cron('0 0/6 * * ? *'), retention: gfs({ weekly: 7 }) }),
    'weekly of the retention needs a schedule at one time of the day',
  ],
  [
    'weeks of another time zone',
    () => ({ retention: gfs({ weekly: 7, timeZone: TimeZone.ASIA_TOKYO }) }),
    'timeZone of the retention must be that of the schedule, UTC, got: Asia/Tokyo',
  ],
  ['more than a century', () => ({ retention: gfs({ yearly: 101 }) }), 'retention must be at most 36500 days'],
  [
    'what only EventBridge Scheduler knows',
    () => ({ schedule: daily({ hour: 4, retryAttempts: 2 }) }),
    'retryAttempts of the schedule must be left out: AWS Backup does not know it',
  ],
  ['a short window', () => ({ startWindow: Duration.minutes(30) }), 'startWindow must be a whole number from 60'],
  [
    'a completion within the window',
    () => ({ startWindow: Duration.hours(8), completionWindow: Duration.hours(8) }),
    'completionWindow must be a whole number from 540',
  ],
  [
    'an age that a job within its window passes',
    () => ({ allowedAge: Duration.hours(25), startWindow: Duration.hours(1) }),
    'longest time between two runs of cron(0 4 * * ? *) and startWindow, 90000 seconds, got: 90000 seconds',
  ],
  [
    'a window of a day, with several rules',
    () => ({ retention: gfs({ weekly: 7 }), startWindow: Duration.days(1), completionWindow: Duration.days(2) }),
    'startWindow must be shorter than the shortest time between two runs of cron(0 4 * * ? *), 86400 seconds',
  ],
  ['a lock that refuses it', () => ({ vaultLock: lock(31) }), 'retention of rule Daily must be at least 31 days'],
  [
    'a lock that it outlives',
    () => ({ vaultLock: lock(1, 29) }),
    'must be from 1 to 29 days, as the vault lock says, got: 30',
  ],
  ['for ever, locked', () => ({ vaultLock: lock(1, 29), retention: Retention.forever() }), 'got: forever'],
  [
    'a lock of a given vault',
    () => ({ vaultLock: lock(1), vault: new backup.BackupVault(setup.stack, 'Given') }),
    'vaultLock needs a vault of this construct',
  ],
  [
    'an alias',
    () => ({ encryptionKey: kms.Key.fromKeyArn(setup.stack, 'Key', 'arn:aws:kms:eu-west-1:1:alias/mine') }),
    'encryptionKey must be a key, got: an alias',
  ],
  [
    'a bucket without versions',
    () => ({ resources: [ManagedResource.bucket(new s3.Bucket(setup.stack, 'Plain'))] }),
    'bucket of a resource must be versioned',
  ],
  [
    'alarms of another stack',
    () => {
      const other = new Setup();
      return { alarms: other.create().alarms };
    },
    'alarms must be of the same stack',
  ],
  ['signals without alarms', () => ({ signalsOff: [] }), 'signalsOff needs alarms'],
  [
    'a name that a database has',
    () => {
      const { alarms } = setup.create();
      setup.add({}, 'ShopMedia');
      return { alarms };
    },
    'source name must be unique in its bucket, got: "shop-media"',
  ],
])('refused: %s', (_, props, sentence) => {
  expect(() => make(props())).toThrow(sentence);
});

test('a resource keeps a name of its own', () => {
  const resource = ManagedResource.fileSystem(files, { sourceName: 'media' });
  expect(make({ resources: [resource] }).sourceNames).toEqual(['media']);
  expect(Stack.of(files)).toBe(setup.stack);
});
