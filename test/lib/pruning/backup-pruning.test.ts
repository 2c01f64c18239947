import { App, Duration, Lazy, Stack, TimeZone } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { BucketSettings } from '../../../catalog/contract/handlers';
import type { BackupPruningProps, PrunedSourceProps } from '../../../lib';
import { BackupBucket, BackupPruning, BackupSchedule, DatabaseBackup, Retention, WeekDay } from '../../../lib';
import type { Json } from '../support';
import { flat, READY_IMAGE, Setup } from '../support';

const BUCKET = '<BucketE75EA64C>';

/** A pruning without databases. */
class Pruned {
  readonly stack = new Stack(new App({ context: { '@aws-cdk/core:validateAgainstDefaultRules': true } }), 'Stack');
  readonly pruning: BackupPruning;
  private synthesised?: Template;

  constructor(props: (stack: Stack) => Partial<BackupPruningProps> = () => ({})) {
    const bucket = new BackupBucket(this.stack, 'Bucket');
    this.pruning = new BackupPruning(this.stack, 'Pruning', { bucket, ...props(this.stack) });
  }

  add(name: string, props: Partial<PrunedSourceProps> = {}): this {
    this.pruning.addSource(name, { retention: Retention.days(7), allowedAge: Duration.hours(8), ...props });
    return this;
  }

  all(type: string): [string, Json][] {
    this.synthesised ??= Template.fromStack(this.stack);
    return Object.entries(this.synthesised.findResources(type)).map(([id, { Properties }]) => [id, Properties]);
  }

  one(type: string, idPart = ''): Json {
    const found = this.all(type).filter(([id]) => id.includes(idPart));
    expect(found).toHaveLength(1);
    return found[0]![1];
  }

  get settings(): BucketSettings {
    return JSON.parse(flat(this.one('AWS::SSM::Parameter', 'Settings').Value)) as BucketSettings;
  }
}

const policy = (rules: object) => ({ keepLast: 3, ...rules, timeZone: 'UTC', weekStart: 'monday' });

describe('its functions', () => {
  const handler = (id: string) => new Pruned().one('AWS::Lambda::Function', id);

  test.each(['Prune', 'Undelete'])('%s runs on Node.js 24 with little memory and all the time there is', (id) => {
    const { Code, LoggingConfig, ...properties } = handler(`Pruning${id}`);
    expect(properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      MemorySize: 512,
      Timeout: 900,
    });
    expect(properties).not.toHaveProperty('ReservedConcurrentExecutions');
    // Not every Region has the other architecture.
    expect(properties).not.toHaveProperty('Architectures');
    expect(Code.S3Key).toMatch(/^[0-9a-f]{64}\.zip$/);
    expect(LoggingConfig).toEqual({ LogFormat: 'Text', LogGroup: { Ref: expect.stringContaining('PruningLogGroup') } });
  });

  test('are told the bucket, and the one that deletes where its settings are', () => {
    const told = (id: string) =>
      Object.entries(handler(id).Environment.Variables).map(([name, value]) => [name, flat(value)]);
    const bucket = ['BACKUP_BUCKET', BUCKET];
    const settings = ['BACKUP_SETTINGS', `/proven-backups/${BUCKET}/Stack-Pruning-2ADF7F3F`];
    expect([told('PruningPrune'), told('PruningUndelete')]).toEqual([[bucket, settings], [bucket]]);
  });

  test('run two different bundles', () => {
    expect(handler('PruningPrune').Code.S3Key).not.toBe(handler('PruningUndelete').Code.S3Key);
  });

  test('are not started again by Lambda when a run by schedule failed: the next one does the work', () => {
    const { FunctionName, MaximumRetryAttempts } = new Pruned().one('AWS::Lambda::EventInvokeConfig');
    expect([flat(FunctionName), MaximumRetryAttempts]).toEqual([expect.stringMatching(/^<PruningPrune/), 0]);
  });
});

describe('its settings', () => {
  test('are one parameter, found by the bucket, which grows when it has to', () => {
    const { Name, Type, Tier } = new Pruned().one('AWS::SSM::Parameter', 'Settings');
    expect([flat(Name), Type, Tier]).toEqual([
      `/proven-backups/${BUCKET}/Stack-Pruning-2ADF7F3F`,
      'String',
      'Intelligent-Tiering',
    ]);
  });

  test('without sources say so', () => {
    expect(new Pruned().settings).toEqual({
      formatVersion: 1,
      bucket: BUCKET,
      maxDeleteShare: 0.5,
      retentions: [],
      sources: {},
    });
  });

  test('have all sources, in the order in which they were added, which share their retentions', () => {
    const pruned = new Pruned(() => ({ maxDeletePercent: 20 }))
      .add('shop')
      .add('archive', {
        retention: Retention.gfs({ daily: 14, weekly: 13, monthly: 12 }),
        allowedAge: Duration.days(2),
      })
      .add('catalog', { retention: Retention.days(7) });
    const { settings } = pruned;
    expect(settings.maxDeleteShare).toBe(0.2);
    expect(settings.retentions).toEqual([
      policy({ keepForSeconds: 604_800 }),
      policy({ daily: 14, weekly: 13, monthly: 12 }),
    ]);
    expect(Object.entries(settings.sources)).toEqual([
      ['shop', { retention: 0, allowedAgeSeconds: 28_800 }],
      ['archive', { retention: 1, allowedAgeSeconds: 172_800 }],
      ['catalog', { retention: 0, allowedAgeSeconds: 28_800 }],
    ]);
  });

  test.each([
    [
      'every option',
      Retention.gfs({
        keepFor: Duration.hours(36),
        hourly: 24,
        daily: 7,
        weekly: 4,
        monthly: 6,
        yearly: 7,
        keepLast: 5,
        timeZone: TimeZone.EUROPE_PARIS,
        weekStart: WeekDay.SUNDAY,
      }),
      {
        keepLast: 5,
        keepForSeconds: 129_600,
        hourly: 24,
        daily: 7,
        weekly: 4,
        monthly: 6,
        yearly: 7,
        timeZone: 'Europe/Paris',
        weekStart: 'sunday',
      },
    ],
    ['the default', Retention.oneYear(), policy({ keepForSeconds: 172_800, daily: 14, weekly: 14, monthly: 13 })],
    ['for ever', Retention.forever(), policy({ forever: true })],
  ])('write a retention as the handlers read it: %s', (_, retention, expected) => {
    expect(new Pruned().add('shop', { retention }).settings.retentions).toEqual([expected]);
  });

  test('of 70 sources with one retention fit', () => {
    const pruned = new Pruned();
    for (let index = 10; index < 80; index++) pruned.add(`${'a'.repeat(30)}-${index}`);
    expect(JSON.stringify(pruned.settings).length).toBeLessThan(8192);
  });

  test('that a parameter does not hold are refused', () => {
    const pruned = new Pruned();
    expect(() => {
      for (let index = 10; index < 99; index++) pruned.add(`source-${index}`, { retention: Retention.days(index) });
    }).toThrow(
      /^Stack\/Pruning: settings of the pruning must be at most 8192 characters, which a parameter of Systems Manager holds, got: \d{4} with \d\d sources: let sources share retentions, or use another BackupPruning or Backups$/,
    );
  });

  test('have a name that fits, however deep the construct is', () => {
    const { stack } = new Pruned();
    const scopes = Array.from({ length: 20 }, (_, index) => `VeryLongName${index}`);
    const scope = scopes.reduce<Construct>((parent, id) => new Construct(parent, id), stack);
    new BackupPruning(scope, 'Deep', { bucket: new BackupBucket(stack, 'Other') });
    const names = Object.values(Template.fromStack(stack).findResources('AWS::SSM::Parameter'));
    const [, deep] = names.map(({ Properties }) => flat(Properties.Name).replace(/^.*\//, ''));
    expect(deep!.length).toBeLessThanOrEqual(100);
  });
});

describe('its schedule', () => {
  test('invokes the prune function every day at 04:30 UTC, with nothing but {}', () => {
    const { Target, ...schedule } = new Pruned().one('AWS::Scheduler::Schedule');
    expect(schedule).toMatchObject({
      ScheduleExpression: 'cron(30 4 * * ? *)',
      ScheduleExpressionTimezone: 'Etc/UTC',
      State: 'ENABLED',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Description: 'Prunes backups',
    });
    expect(flat(Target.Arn)).toMatch(/^<PruningPrune\w+\.Arn>$/);
    expect(flat(Target.RoleArn)).toMatch(/^<PruningSchedulerRole\w+\.Arn>$/);
    expect([Target.Input, Target.RetryPolicy]).toEqual([
      '{}',
      { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 5 },
    ]);
    expect(Target.DeadLetterConfig).toBeUndefined();
  });

  test('waits for the settings and for the bucket to admit its role: a rate fires at once', () => {
    const pruned = new Pruned();
    const template = Template.fromStack(pruned.stack).findResources('AWS::Scheduler::Schedule');
    const [{ DependsOn }] = Object.values(template) as [Json];
    expect(DependsOn).toEqual([expect.stringMatching(/^BucketPolicy/), expect.stringMatching(/^PruningSettings/)]);
  });

  test('takes its properties', () => {
    const pruned = new Pruned((stack) => ({
      schedule: BackupSchedule.weekly({
        weekDay: WeekDay.SUNDAY,
        hour: 5,
        timeZone: TimeZone.EUROPE_PARIS,
        flexibleWindow: Duration.minutes(10),
        retryAttempts: 1,
        maxEventAge: Duration.minutes(20),
      }),
      scheduleGroup: new scheduler.ScheduleGroup(stack, 'Group'),
      deadLetterQueue: new sqs.Queue(stack, 'Queue'),
      enabled: false,
    }));
    const schedule = pruned.one('AWS::Scheduler::Schedule');
    expect(schedule).toMatchObject({
      ScheduleExpression: 'cron(0 5 ? * SUN *)',
      ScheduleExpressionTimezone: 'Europe/Paris',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 10 },
      State: 'DISABLED',
      GroupName: expect.stringContaining('Group'),
      Target: {
        RetryPolicy: { MaximumEventAgeInSeconds: 1200, MaximumRetryAttempts: 1 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [expect.stringMatching(/^Queue/), 'Arn'] } },
      },
    });
  });
});

describe('its logs', () => {
  test('are kept for three months, or as long as it is said', () => {
    const retention = (logRetention?: logs.RetentionDays) =>
      new Pruned(() => ({ logRetention })).one('AWS::Logs::LogGroup').RetentionInDays;
    expect([retention(), retention(logs.RetentionDays.ONE_WEEK)]).toEqual([90, 7]);
  });

  test('go where the user wants them', () => {
    const pruned = new Pruned((stack) => ({ logGroup: new logs.LogGroup(stack, 'Given') }));
    expect(pruned.all('AWS::Logs::LogGroup').map(([id]) => id)).toEqual([expect.stringMatching(/^Given/)]);
    const { LoggingConfig } = pruned.one('AWS::Lambda::Function', 'PruningPrune');
    expect(flat(LoggingConfig.LogGroup)).toMatch(/^<Given/);
  });
});

test('has metrics of its bucket', () => {
  const { pruning } = new Pruned();
  const common = { namespace: 'ProvenBackups', dimensions: { Bucket: pruning.bucket.bucketName } };
  expect(pruning.metricProblems()).toMatchObject({ ...common, metricName: 'PruneProblems', statistic: 'Maximum' });
  expect(pruning.metricDeleted()).toMatchObject({ ...common, metricName: 'PruneDeleted', statistic: 'Sum' });
  expect(pruning.metricBytesFreed({ period: Duration.days(1) })).toMatchObject({
    ...common,
    metricName: 'PruneBytesFreed',
    period: Duration.days(1),
  });
});

describe('refuses', () => {
  const token = Lazy.number({ produce: () => 20 });
  test.each<[string, (stack: Stack) => Partial<BackupPruningProps>, string]>([
    ...[0, 101, 12.5].map((maxDeletePercent): [string, () => object, string] => [
      `${maxDeletePercent} percent`,
      () => ({ maxDeletePercent }),
      `maxDeletePercent must be a whole number from 1 to 100, got: ${maxDeletePercent}`,
    ]),
    [
      'percent that are a token',
      () => ({ maxDeletePercent: token }),
      'maxDeletePercent must be known at synth, got: a token: write the value itself',
    ],
    [
      'a log group and its retention',
      (stack) => ({ logGroup: new logs.LogGroup(stack, 'Logs'), logRetention: 7 }),
      'logRetention and logGroup cannot be given together, got: 7 days: set it on the log group',
    ],
    [
      'a FIFO queue',
      (stack) => ({ deadLetterQueue: new sqs.Queue(stack, 'Queue', { fifo: true }) }),
      'deadLetterQueue must be a standard queue, got: the FIFO queue Stack/Queue: EventBridge Scheduler takes none',
    ],
  ])('%s', (_, props, sentence) => {
    expect(() => new Pruned(props)).toThrow(new Error(`Stack/Pruning: ${sentence}`));
  });

  test.each<[string, string, Partial<PrunedSourceProps>, string]>([
    [
      'a name that is none',
      'Shop',
      {},
      'source name must be 1 to 40 lower-case letters, digits and hyphens, starting and ending with a letter or a digit, got: "Shop"',
    ],
    [
      'a name that is a token',
      Lazy.string({ produce: () => 'shop' }),
      {},
      'source name must be known at synth, got: a token: write the value itself',
    ],
    [
      'an age that is a token',
      'shop',
      { allowedAge: Duration.seconds(token) },
      'allowedAge must be known at synth, got: a token: write the value itself',
    ],
    [
      'no age',
      'shop',
      { allowedAge: Duration.seconds(0) },
      'allowedAge must be a whole number from 60 to 316224000 seconds, got: 0',
    ],
    [
      'a retention without rules',
      'shop',
      { retention: Retention.gfs({}) },
      'retention must have a rule besides keepLast, got: none: give keepFor, daily, weekly or the like',
    ],
    [
      'a source for the second time',
      'twice',
      {},
      'source must be pruned once, got: "twice", which Stack/Pruning prunes already: leave one out',
    ],
  ])('%s', (_, name, props, sentence) => {
    const pruned = new Pruned().add('twice');
    expect(() => pruned.add(name, props)).toThrow(new Error(`Stack/Pruning: ${sentence}`));
  });
});

test('refuses a source that another pruning of the bucket has', () => {
  const { stack, pruning } = new Pruned().add('shop');
  const props = { retention: Retention.days(30), allowedAge: Duration.days(2) };
  const other = new BackupPruning(stack, 'Other', { bucket: pruning.bucket });
  expect(() => other.addSource('shop', props)).toThrow(
    new Error(
      'Stack/Other: source must be pruned once, got: "shop", which Stack/Pruning prunes already: leave one out',
    ),
  );
  const elsewhere = new BackupPruning(stack, 'Elsewhere', { bucket: new BackupBucket(stack, 'OtherBucket') });
  expect(() => elsewhere.addSource('shop', props)).not.toThrow();
});

describe('a backup that stands alone', () => {
  const alone = (setup: Setup, props: object) =>
    new DatabaseBackup(setup.stack, 'Alone', {
      database: setup.mysql(),
      schedule: BackupSchedule.every(Duration.hours(6)),
      image: READY_IMAGE,
      bucket: setup.backups.bucket,
      cluster: setup.backups.cluster,
      ...props,
    });

  test('is pruned by what it is given', () => {
    const setup = new Setup();
    const { pruning } = setup.backups;
    const backup = alone(setup, { pruning, retention: Retention.days(30) });
    const settings = JSON.parse(flat(setup.resource('AWS::SSM::Parameter', 'Pruning').Value)) as BucketSettings;
    expect(settings.sources).toEqual({ alone: { retention: 0, allowedAgeSeconds: backup.allowedAge.toSeconds() } });
    expect(settings.retentions).toEqual([policy({ keepForSeconds: 30 * 86_400 })]);
  });

  test('keeps a year by default when it is pruned, and all when it is not', () => {
    const setup = new Setup();
    const pruned = alone(setup, { pruning: setup.backups.pruning });
    expect(pruned.retention._bind(setup.stack)).toEqual(Retention.oneYear()._bind(setup.stack));
    const other = new Setup();
    expect(alone(other, {}).retention._bind(other.stack).forever).toBe(true);
  });

  test('cannot have a retention that nothing enforces', () => {
    expect(() => alone(new Setup(), { retention: Retention.days(7) })).toThrow(
      'Stack/Alone: retention needs something that prunes, got: none: give a BackupPruning in pruning, or use Backups',
    );
  });

  test('cannot be pruned by what prunes another bucket', () => {
    const setup = new Setup();
    const bucket = new BackupBucket(setup.stack, 'Other');
    expect(() => alone(setup, { pruning: setup.backups.pruning, bucket })).toThrow(
      'Stack/Alone: pruning must be of the bucket Stack/Other, got: one of Stack/Backups/Bucket: give it the same bucket',
    );
  });

  test('can be pruned in a bucket that was imported twice', () => {
    const setup = new Setup();
    const key = kms.Key.fromKeyArn(setup.stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/k');
    const bucket = (id: string) => BackupBucket.fromBucketName(setup.stack, id, 'shared', key);
    const pruning = new BackupPruning(setup.stack, 'Pruning', { bucket: bucket('One') });
    expect(() => alone(setup, { pruning, bucket: bucket('Two') })).not.toThrow();
  });
});
