import { Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AlarmSignal, BackupAlarms, BackupBucket, BackupPruning, SnapshotPruning } from '../../../lib';
import type { Json } from '../support';
import { flat, Setup } from '../support';

describe('watching', () => {
  const alarmsIn = (stack: Stack) =>
    (Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')) as Json[]).map(
      ({ Properties: { MetricName, Threshold, Dimensions } }) => [MetricName, Threshold, Dimensions],
    );

  test('a queue of the user is not emptied: an alarm looks at it, once', () => {
    const other = new Setup();
    const queue = sqs.Queue.fromQueueArn(other.stack, 'Queue', 'arn:aws:sqs:eu-west-1:123456789012:shared');
    const { alarms } = other.create({ deadLetterQueue: queue });
    other.add();
    alarms.watchDeadLetters(queue);
    const found = alarmsIn(other.stack).filter(([name]) => name === 'ApproximateNumberOfMessagesVisible');
    expect(found.map(([, threshold, [{ Value }]]) => [threshold, Value])).toContainEqual([0, 'shared']);
    expect(found).toHaveLength(2);
    expect(Object.keys(other.template().findResources('AWS::Lambda::EventSourceMapping'))).toHaveLength(1);
  });

  test('a replication, by two alarms', () => {
    const stack = new Stack();
    const alarms = new BackupAlarms(stack, 'Alarms', {
      bucket: new BackupBucket(stack, 'Bucket'),
      emails: ['ann@example.com'],
      readDeadLetters: false,
    });
    const replication = { destinationBucketName: 'copies', ruleId: 'all', maxLatency: Duration.minutes(30) };
    alarms.watchReplication(replication);
    alarms.watchReplication(replication);
    const dimensions = [
      { Name: 'DestinationBucket', Value: 'copies' },
      { Name: 'RuleId', Value: 'all' },
      { Name: 'SourceBucket', Value: expect.anything() },
    ];
    expect(alarmsIn(stack).filter(([name]) => /Replication/.test(name))).toEqual([
      ['OperationsFailedReplication', 0, dimensions],
      ['ReplicationLatency', 1800, dimensions],
    ]);
  });

  test('what is turned off for all has no alarms', () => {
    const other = new Setup();
    const { SILENT, HOUSEKEEPING, NEVER_STARTED } = AlarmSignal;
    const off = [SILENT, HOUSEKEEPING, NEVER_STARTED].map((signal) => ({ signal, reason: 'Somebody looks.' }));
    other.create({ alarms: { emails: ['ann@example.com'], signalsOff: off } });
    other.add();
    expect(alarmsIn(other.stack).map(([name]) => name)).toEqual([
      'ApproximateNumberOfMessagesVisible',
      'ApproximateAgeOfOldestMessage',
    ]);
  });

  test.each([AlarmSignal.HOUSEKEEPING, AlarmSignal.NEVER_STARTED])(
    'runs that were not started are told by a queue of the user although %s is off',
    (signal) => {
      const other = new Setup();
      const deadLetterQueue = new sqs.Queue(other.stack, 'Own');
      other.create({ deadLetterQueue, alarms: { emails: ['a@b.cc'], signalsOff: [{ signal, reason: 'None.' }] } });
      const names = alarmsIn(other.stack).map(([name]) => name);
      expect(names.filter((name) => name === 'ApproximateNumberOfMessagesVisible')).toHaveLength(2);
      expect(names).toContain('InvocationsFailedToBeSentToDeadLetterCount');
      // It tells as well that nothing is measured.
      expect(names).toContain('ConfirmedSubscriptions');
    },
  );

  const pruningsIn = (stack: Stack): Json => {
    const settings = Template.fromStack(stack).findResources('AWS::SSM::Parameter', {
      Properties: { Description: 'What is watched' },
    });
    const [parameter] = Object.values(settings) as Json[];
    return JSON.parse(flat(parameter.Properties.Value)).prunings;
  };
  const TAG = { tagKey: 'made-by', tagValue: 'script' };

  test('the settings name the prunings, with the tag of those of snapshots', () => {
    const { stack, backups } = new Setup();
    backups.alarms.watchSnapshotPruning(new SnapshotPruning(stack, 'Snapshots', TAG));
    expect(pruningsIn(stack)).toEqual([
      { functionName: expect.stringMatching(/^<BackupsPruningPrune\w+>$/), logGroup: 0 },
      { functionName: expect.stringMatching(/^<SnapshotsPrune\w+>$/), logGroup: 1, tag: 'made-by=script' },
    ]);
  });

  test('a pruning sends its reports to the queue of the alarms that watch it, and only then', () => {
    const variables = (stack: Stack) =>
      (Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function')) as [string, Json][])
        .filter(([id]) => /Prune/.test(id))
        .map(([, { Properties }]) => Properties.Environment.Variables.ALARM_EVENTS?.Ref as string | undefined);
    const sends = (stack: Stack) => /sqs:SendMessage/.test(JSON.stringify(pruneRole(stack)));
    const pruneRole = (stack: Stack) =>
      Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Role')).filter(([id]) => /Prune/.test(id));
    const watched = new Setup();
    watched.create({ alarms: { emails: ['ann@example.com'] } });
    watched.add();
    expect(variables(watched.stack)).toEqual([expect.stringMatching(/AlarmEvents/)]);
    expect(sends(watched.stack)).toBe(true);
    const off = new Setup();
    off.create({
      alarms: { emails: ['a@b.cc'], signalsOff: [{ signal: AlarmSignal.HOUSEKEEPING, reason: 'Somebody looks.' }] },
    });
    off.add();
    const alone = new Stack();
    new BackupPruning(alone, 'Pruning', { bucket: new BackupBucket(alone, 'Bucket') });
    for (const stack of [off.stack, alone]) {
      expect(variables(stack)).toEqual([undefined]);
      expect(sends(stack)).toBe(false);
    }
  });

  test('a pruning of another stack is watched, but not named: neither stack could be deployed first', () => {
    const { app, stack, backups } = new Setup();
    const other = new Stack(app, 'Other');
    backups.alarms.watchSnapshotPruning(new SnapshotPruning(other, 'Snapshots', TAG));
    expect(pruningsIn(stack)).toHaveLength(1);
    expect(JSON.stringify(Template.fromStack(other).findResources('AWS::Lambda::EventInvokeConfig'))).toContain(
      'AlarmEvents',
    );
  });
});

const PARAMETERS =
  'arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/proven-backups/<BackupsBucket16A198DF>/';

test('grantInvoke: reads the directory and objectives, and invokes the notify function', () => {
  const other = new Setup();
  const person = new iam.Role(other.stack, 'Person', { assumedBy: new iam.AccountRootPrincipal() });
  other.backups.alarms.grantInvoke(person);
  const found = other.resource('AWS::IAM::Policy', 'Person').PolicyDocument.Statement as Json[];
  expect(found.map(({ Action, Resource }) => [Action, [Resource].flat().map(flat)])).toEqual([
    ['lambda:InvokeFunction', [expect.stringMatching(/^<BackupsAlarmsNotify\w+\.Arn>$/)]],
    ['ssm:GetParametersByPath', ['directory', 'directory/*', 'alarms', 'alarms/*'].map((end) => `${PARAMETERS}${end}`)],
  ]);
});

describe('subscribers', () => {
  const warnings = (stack: Stack) =>
    Annotations.fromStack(stack)
      .findWarning('*', Match.stringLikeRegexp('nobody is told'))
      .map(({ id: path, entry }) => [path, entry.data]);

  test('nobody: synth warns once', () => {
    const other = new Setup();
    other.create({ alarms: undefined });
    other.add();
    expect(warnings(other.stack)).toEqual([
      [
        '/Stack/Backups/Alarms',
        'nobody is told when backups go wrong: give addresses in emails, or subscribers in subscriptions, of alarms [ack: proven-backups:nobodyIsTold]',
      ],
    ]);
  });

  test.each(['subscriptions', 'addEmail', 'addSubscription'])('%s is somebody', (how) => {
    const stack = new Stack();
    const subscription = new SqsSubscription(new sqs.Queue(stack, 'Chat'));
    const alarms = new BackupAlarms(stack, 'Alarms', {
      bucket: new BackupBucket(stack, 'Bucket'),
      subscriptions: how === 'subscriptions' ? [subscription] : undefined,
    });
    if (how === 'addEmail') alarms.addEmail('ann@example.com');
    if (how === 'addSubscription') alarms.addSubscription(subscription);
    expect(warnings(stack)).toEqual([]);
    const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::SNS::Subscription')) as [Json];
    expect(Properties.Protocol).toBe(how === 'addEmail' ? 'email' : 'sqs');
  });
});

test('a rule of the user that publishes to the topic brings its own statement', () => {
  const stack = new Stack();
  const alarms = new BackupAlarms(stack, 'Alarms', { bucket: new BackupBucket(stack, 'Bucket'), emails: ['a@b.cc'] });
  new events.Rule(stack, 'Own', { eventPattern: { source: ['own'] }, targets: [new SnsTopic(alarms.topic)] });
  const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::SNS::TopicPolicy')) as Json[];
  const services = policy.Properties.PolicyDocument.Statement.map(({ Principal }: Json) => Principal.Service);
  expect(services).toContain('events.amazonaws.com');
});

test('a key that is given encrypts the topic, and lets the services in', () => {
  const stack = new Stack();
  const topicEncryptionKey = new kms.Key(stack, 'Own');
  const bucket = new BackupBucket(stack, 'Bucket');
  const alarms = new BackupAlarms(stack, 'Alarms', { bucket, topicEncryptionKey, emails: ['ann@example.com'] });
  expect(alarms.topicEncryptionKey).toBe(topicEncryptionKey);
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::KMS::Key', 2);
  const own = Object.entries(template.findResources('AWS::KMS::Key')).find(([name]) => name.startsWith('Own'))![1];
  expect(JSON.stringify(own)).toContain('events.amazonaws.com');
});
