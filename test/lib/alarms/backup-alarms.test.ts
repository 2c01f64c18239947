import { Duration, TimeZone } from 'aws-cdk-lib';
import { parseAlarmSettings } from '../../../lambda/shared/alarm-settings';
import { AlarmSignal, Digest, WeekDay } from '../../../lib';
import type { Json } from '../support';
import { flat, LOG_KEY_USES, Setup } from '../support';

const BUCKET = '<BackupsBucket16A198DF.Arn>';
const KEY = '<BackupsBucketKey7BCD74E3.Arn>';
const NAME = '<BackupsBucket16A198DF>';

let setup: Setup;
let resources: Record<string, Json>;
beforeAll(() => {
  setup = new Setup();
  setup.create({
    alarms: {
      emails: ['ann@example.com', 'bob@example.com'],
      timeZone: TimeZone.EUROPE_PARIS,
      digest: Digest.daily({ hour: 8 }),
      signalsOff: [{ signal: AlarmSignal.STRANGE_SIZE, reason: 'It is filled and emptied.' }],
    },
  });
  setup.add();
  setup.add(
    {
      allowedAge: Duration.hours(30),
      sizeBounds: { shrink: 2, growth: 3.5, minHistory: 7, ignoreTables: ['jobs'] },
    },
    'Orders',
  );
  setup.add({ signalsOff: [{ signal: AlarmSignal.SILENT, reason: 'Written by hand.' }] }, 'Archive');
  resources = setup.template().toJSON().Resources;
});

const id = (part: string): string => {
  const found = Object.keys(resources).filter((name) => new RegExp(`^Backups${part}[0-9A-F]{8}$`).test(name));
  expect(found).toHaveLength(1);
  return found[0]!;
};
const rows = (role: string) =>
  setup
    .statements(`Alarms${role}`)
    .map(({ Effect, Action, Resource, Condition }) => [
      Effect,
      [Action].flat().join(' '),
      [Resource].flat().map(flat),
      ...(Condition ? [Condition] : []),
    ]);

/** What both functions may do to read the catalog and their settings. */
const reading = () => [
  ['Allow', 'logs:CreateLogStream logs:PutLogEvents', [`<${id('LogGroup')}.Arn>`]],
  ...LOG_KEY_USES.map((actions) => ['Allow', actions.join(' '), [KEY], expect.anything()]),
  ['Allow', 's3:ListBucket', [BUCKET]],
  ['Allow', 's3:GetObject', [`${BUCKET}/*/*/manifest.json`, `${BUCKET}/*/*/restore-test.json`]],
  ['Allow', 'kms:Decrypt', [KEY]],
  ['Deny', 's3:PutObject* s3:DeleteObject* s3:BypassGovernanceRetention', [`${BUCKET}/*`]],
  ['Deny', 's3:GetObject s3:GetObjectVersion', [`${BUCKET}/*/*/*.zst*`]],
  [
    'Allow',
    'ssm:GetParameter',
    [
      expect.stringMatching(
        /^arn:.+:ssm:.+:parameter\/proven-backups\/<Backups\w+>\/alarms\/Stack-Backups-Alarms-\w+$/,
      ),
    ],
  ],
];
const CONSUME =
  'sqs:ReceiveMessage sqs:ChangeMessageVisibility sqs:GetQueueUrl sqs:DeleteMessage sqs:GetQueueAttributes';

test('the notify role has these statements, and no other', () => {
  expect(rows('NotifyRole')).toEqual([
    ...reading(),
    ['Allow', 'sns:Publish sns:ListSubscriptionsByTopic', [`<${id('AlarmsTopic')}>`]],
    ['Allow', 'kms:Decrypt kms:GenerateDataKey*', [`<${id('AlarmsKey')}.Arn>`]],
    ['Allow', 'dynamodb:GetItem dynamodb:PutItem dynamodb:Scan', [`<${id('AlarmsMemory')}.Arn>`]],
    ['Allow', CONSUME, [`<${id('AlarmsAlarmEvents')}.Arn>`]],
    ['Allow', CONSUME, [`<${id('DeadLetterQueue')}.Arn>`]],
    ['Allow', 'scheduler:GetSchedule', [expect.stringMatching(/:schedule\/Stack-Backups-ScheduleGroup-\w+\/\*$/)]],
    ['Allow', 'logs:GetLogEvents', [`<${id('LogGroup')}.Arn>`]],
    ['Allow', 'kms:Decrypt', [KEY], expect.anything()],
  ]);
});

test('the measure role has these statements, and no other', () => {
  const namespace = { StringEquals: { 'cloudwatch:namespace': 'ProvenBackups' } };
  expect(rows('MeasureRole')).toEqual([
    ...reading(),
    ['Allow', 'cloudwatch:PutMetricData', ['*'], namespace],
    ['Allow', 'sqs:SendMessage', [`<${id('AlarmsAlarmEvents')}.Arn>`]],
    ['Allow', 'sns:ListSubscriptionsByTopic', [`<${id('AlarmsTopic')}>`]],
    ['Allow', 'dynamodb:GetItem dynamodb:PutItem', [`<${id('AlarmsMemory')}.Arn>`]],
  ]);
});

test('the schedule of the digest sends to the queue of events, and does nothing else', () => {
  expect(rows('DigestSchedulerRole').map(([, actions]) => actions)).toEqual([
    'sqs:SendMessage',
    'sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl',
  ]);
  const schedule = setup.resource('AWS::Scheduler::Schedule', 'AlarmsDigest');
  expect(schedule).toMatchObject({
    ScheduleExpression: 'cron(0 8 * * ? *)',
    // That of the alarms.
    ScheduleExpressionTimezone: 'Europe/Paris',
    Target: { Input: '{"kind":"digest"}' },
  });
  const [own, alarms] = [TimeZone.ASIA_TOKYO, TimeZone.EUROPE_PARIS];
  const zoneOf = (digest: Digest) => digest._bind(alarms)?._bind(setup.stack).expression.timeZone?.timezoneName;
  expect(zoneOf(Digest.daily({ hour: 8, timeZone: own }))).toBe('Asia/Tokyo');
  expect(zoneOf(Digest.weekly({ hour: 8, weekDay: WeekDay.MONDAY }))).toBe('Europe/Paris');
  expect(zoneOf(Digest.each())).toBeUndefined();
});

test('the topic and its key let CloudWatch in for alarms of the account, the key also EventBridge, without a condition', () => {
  const condition = {
    StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
    ArnLike: { 'aws:SourceArn': expect.anything() },
  };
  const topic = setup.resource('AWS::SNS::TopicPolicy', 'Alarms').PolicyDocument.Statement as Json[];
  const key = setup.resource('AWS::KMS::Key', 'Alarms');
  const of = (statements: Json[], service: string) =>
    statements.find(({ Principal }) => Principal.Service === `${service}.amazonaws.com`);
  for (const statements of [topic, key.KeyPolicy.Statement as Json[]]) {
    expect(of(statements, 'cloudwatch').Condition).toEqual(condition);
    expect(flat(of(statements, 'cloudwatch').Condition.ArnLike['aws:SourceArn'])).toBe(
      'arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*',
    );
  }
  expect(of(key.KeyPolicy.Statement, 'events')).toMatchObject({ Effect: 'Allow' });
  expect(of(key.KeyPolicy.Statement, 'events')).not.toHaveProperty('Condition');
  // Nothing here publishes by it.
  expect(of(topic, 'events')).toBeUndefined();
  expect(topic[0]).toMatchObject({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
  expect(key.EnableKeyRotation).toBe(true);
  expect(setup.resource('AWS::SNS::Topic', 'Alarms').KmsMasterKeyId).toEqual({
    'Fn::GetAtt': [id('AlarmsKey'), 'Arn'],
  });
});

test('emails are subscribed', () => {
  const found = Object.values(setup.template().findResources('AWS::SNS::Subscription')) as Json[];
  expect(found.map(({ Properties: { Protocol, Endpoint } }) => [Protocol, Endpoint])).toEqual([
    ['email', 'ann@example.com'],
    ['email', 'bob@example.com'],
  ]);
});

test('the settings say what is watched', () => {
  const { Value, Name } = setup.resource('AWS::SSM::Parameter', 'AlarmsSettings');
  expect(flat(Name)).toMatch(/^\/proven-backups\/<BackupsBucket\w+>\/alarms\/Stack-Backups-Alarms-\w+$/);
  // What is usual is left out: 17 days for proofs, the first family and the first log group.
  expect(JSON.parse(flat(Value))).toEqual({
    formatVersion: 1,
    bucket: NAME,
    timeZone: 'Europe/Paris',
    alarms: [`<${id('AlarmsLostRunAlarm')}>`],
    digest: 'daily',
    off: ['strange-size'],
    families: ['Stack-Backups-'],
    logGroups: [`<${id('LogGroup')}>`],
    sizeBounds: [{ shrink: 2, growth: 3.5, minHistory: 7, ignoreTables: ['jobs'] }],
    sources: {
      shop: { allowedAgeSeconds: 44_640, timeoutSeconds: 19_440 },
      // Somebody has set its allowed age.
      orders: { allowedAgeSeconds: 108_000, sizeBounds: 0 },
      archive: { allowedAgeSeconds: 44_640, timeoutSeconds: 19_440, off: ['silent'] },
    },
    measureFunction: `<${id('AlarmsMeasure')}>`,
    notifyFunction: `<${id('AlarmsNotify')}>`,
    functionLogGroup: 0,
    prunings: [{ functionName: `<${id('PruningPrune')}>`, logGroup: 0 }],
    testings: [{ familyPrefix: 'Stack-Backups-RestoreTesting-', logGroup: 0 }],
  });
});

test('the functions read what is left out of the settings', () => {
  const { Value } = setup.resource('AWS::SSM::Parameter', 'AlarmsSettings');
  const { sources, prunings } = parseAlarmSettings(flat(Value), 'settings');
  const usual = { family: 0, logGroup: 0, provenAgeSeconds: 17 * 86_400 };
  expect(sources.shop).toEqual({ ...usual, allowedAgeSeconds: 44_640, timeoutSeconds: 19_440 });
  expect(prunings).toHaveLength(1);
});

test('the functions are told where things are', () => {
  const variables = (part: string) => {
    const { Environment, Timeout } = setup.resource('AWS::Lambda::Function', `Alarms${part}`);
    return { Timeout, ...Environment.Variables };
  };
  const { ALARM_SETTINGS, ...notify } = variables('Notify');
  expect(flat(ALARM_SETTINGS)).toBe(flat(setup.resource('AWS::SSM::Parameter', 'AlarmsSettings').Name));
  expect(notify).toEqual({
    Timeout: 120,
    ALARM_TOPIC: { Ref: id('AlarmsTopic') },
    ALARM_MEMORY: { Ref: id('AlarmsMemory') },
    ALARM_DEAD_LETTERS: { 'Fn::GetAtt': [id('DeadLetterQueue'), 'Arn'] },
  });
  expect(variables('Measure')).toMatchObject({
    Timeout: 900,
    ALARM_EVENTS: { Ref: id('AlarmsAlarmEvents') },
    ALARM_SETTINGS,
  });
});

test('the function reads a minute of events at once, and each message that fails comes back by itself', () => {
  expect(setup.resource('AWS::Lambda::EventSourceMapping', 'AlarmsAlarmEvents')).toMatchObject({
    BatchSize: 1000,
    MaximumBatchingWindowInSeconds: 60,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ScalingConfig: { MaximumConcurrency: 2 },
  });
});

test('the table forgets by itself, and goes with the stack', () => {
  const table = resources[id('AlarmsMemory')];
  expect(table.Properties).toEqual({
    AttributeDefinitions: [{ AttributeName: 'of', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'of', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
  });
  expect(table.DeletionPolicy).toBe('Delete');
});

test('one alarm a source: a backup that is too old for three hours, or not measured', () => {
  expect(setup.resource('AWS::CloudWatch::Alarm', 'BackupsOrdersAlarm')).toEqual({
    AlarmDescription: expect.stringContaining('newest backup of orders is older than 1 day 6 hours'),
    Namespace: 'ProvenBackups',
    MetricName: 'BackupAge',
    Dimensions: [
      { Name: 'Bucket', Value: { Ref: 'BackupsBucket16A198DF' } },
      { Name: 'Source', Value: 'orders' },
    ],
    Statistic: 'Maximum',
    Period: 3600,
    Threshold: 108_000,
    ComparisonOperator: 'GreaterThanThreshold',
    EvaluationPeriods: 3,
    DatapointsToAlarm: 3,
    TreatMissingData: 'breaching',
  });
  // It is turned off for the third.
  const found = Object.keys(
    setup.template().findResources('AWS::CloudWatch::Alarm', { Properties: { MetricName: 'BackupAge' } }),
  );
  expect(found).toHaveLength(2);
});

test('the other alarms', () => {
  const alarm = (part: string) => {
    const { MetricName, Threshold, ComparisonOperator, Period, TreatMissingData } = setup.resource(
      'AWS::CloudWatch::Alarm',
      `Alarms${part}`,
    );
    return [MetricName, ComparisonOperator, Threshold, Period, TreatMissingData];
  };
  expect(alarm('SubscriptionAlarm')).toEqual(['ConfirmedSubscriptions', 'LessThanThreshold', 1, 3600, 'breaching']);
  const lost = 'InvocationsFailedToBeSentToDeadLetterCount';
  expect(alarm('LostRunAlarm')).toEqual([lost, 'GreaterThanThreshold', 0, 300, 'notBreaching']);
  const waiting = 'ApproximateNumberOfMessagesVisible';
  expect(alarm('UndeliveredAlarm')).toEqual([waiting, 'GreaterThanOrEqualToThreshold', 1, 300, 'notBreaching']);
  const oldest = 'ApproximateAgeOfOldestMessage';
  expect(alarm('UnreadAlarm')).toEqual([oldest, 'GreaterThanOrEqualToThreshold', 4500, 300, 'notBreaching']);
});

test.each(['UndeliveredAlarm', 'UnreadAlarm'])(
  '%s of the broken function publishes by itself, and says what to do in as many characters as CloudWatch takes',
  (part) => {
    const { AlarmDescription, AlarmActions, OKActions } = setup.resource('AWS::CloudWatch::Alarm', `Alarms${part}`);
    expect(AlarmDescription).toContain('\n1. `proven-backups alarm test`');
    expect(AlarmDescription).toContain('\n4. ');
    expect(AlarmDescription).toContain('docs/alarms.md#undelivered');
    expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
    expect(AlarmActions).toEqual([{ Ref: id('AlarmsTopic') }]);
    // Every alarm enters OK when it is created: nobody is to get an email about that.
    expect(OKActions).toBeUndefined();
  },
);

test('an event that is tried again, and then laid aside, never gets as old as one that nothing reads', () => {
  const { VisibilityTimeout, RedrivePolicy } = setup.resource('AWS::SQS::Queue', 'AlarmsAlarmEvents');
  const { Threshold, EvaluationPeriods } = setup.resource('AWS::CloudWatch::Alarm', 'AlarmsUnreadAlarm');
  expect(Threshold).toBeGreaterThanOrEqual(VisibilityTimeout * RedrivePolicy.maxReceiveCount + 10 * 60);
  expect(EvaluationPeriods).toBe(3);
});

test('the first measuring finds what it needs', () => {
  const { DependsOn, Properties } = resources[id('AlarmsSchedule')];
  expect(Properties.ScheduleExpression).toBe('rate(1 hour)');
  expect(DependsOn).toEqual(expect.arrayContaining([id('AlarmsSettings'), id('AlarmsMemory'), id('ScheduleGroup')]));
});

test('metrics', () => {
  const { alarms } = setup.backups;
  const of = ({ namespace, metricName, statistic }: Json) => [namespace, metricName, statistic];
  expect(of(alarms.metricUnmeasured())).toEqual(['ProvenBackups', 'UnmeasuredSources', 'Maximum']);
  const lowest = alarms.metricConfirmedSubscriptions({ statistic: 'Minimum' });
  expect(of(lowest)).toEqual(['ProvenBackups', 'ConfirmedSubscriptions', 'Minimum']);
  expect(Object.keys(lowest.dimensions!)).toEqual(['Bucket']);
});
