import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Duration, Size } from 'aws-cdk-lib';
import {
  BackupSchedule,
  Database,
  DatabaseBackup,
  Digest,
  SnapshotPruning,
  SnapshotRetention,
  SnapshotSchedule,
  VolumeSnapshots,
} from '../../lib';
import type { Resources } from './alarm-walk';
import { asText, brokenLinks, matches } from './alarm-walk';
import type { Json } from './support';
import { READY_IMAGE, Setup } from './support';

let resources: Resources;
let text: string;
beforeAll(() => {
  const setup = new Setup();
  const { stack } = setup;
  const { alarms, bucket, cluster } = setup.create({
    alarms: { emails: ['backups@example.com'], digest: Digest.daily({ hour: 8 }) },
  });
  setup.add();
  const deadLetterQueue = new sqs.Queue(stack, 'SharedQueue');
  new DatabaseBackup(stack, 'Alone', {
    database: Database.mysql({ version: '8.4', host: 'db.internal', secret: setup.secret }),
    schedule: BackupSchedule.every(Duration.hours(6)),
    image: READY_IMAGE,
    bucket,
    cluster,
    alarms,
    deadLetterQueue,
  });
  const pruning = { tagKey: 'made-by', tagValue: 'script', deadLetterQueue };
  alarms.watchSnapshotPruning(new SnapshotPruning(stack, 'SnapshotPruning', pruning));
  const snapshots = new VolumeSnapshots(stack, 'Snapshots', {
    schedules: [SnapshotSchedule.daily({ hour: 3, retention: SnapshotRetention.count(14) })],
  });
  const availabilityZone = stack.availabilityZones[0]!;
  snapshots.protect(new ec2.Volume(stack, 'Volume', { availabilityZone, size: Size.gibibytes(10), encrypted: true }));
  alarms.watchSnapshots(snapshots);
  alarms.watchReplication({ destinationBucketName: 'copies', ruleId: 'all' });
  resources = asText(setup.template().toJSON().Resources);
  text = JSON.stringify(resources);
});

const count = (type: string) => Object.values(resources).filter(({ Type }) => Type === type).length;

test('every alarm, rule, schedule and function leads to an email', () => {
  expect(brokenLinks(resources)).toEqual([]);
  // They were looked at.
  expect(count('AWS::CloudWatch::Alarm')).toBe(10);
  expect(count('AWS::Events::Rule')).toBe(4);
  expect(count('AWS::Lambda::EventInvokeConfig')).toBe(3);
  expect(count('AWS::Scheduler::Schedule')).toBe(6);
});

/** The properties of the one resource of a type whose id contains a text. */
function one(of: Resources, type: string, idPart: string): Json {
  const found = Object.entries(of).filter(([id, { Type }]) => Type === `AWS::${type}` && id.includes(idPart));
  expect(found).toHaveLength(1);
  return found[0]![1].Properties;
}
const roleOf = (of: Resources, part: string) => one(of, 'IAM::Role', part).Policies[0].PolicyDocument;
/** Takes an action out of a policy. */
function without(document: Json, action: string): void {
  const before = JSON.stringify(document);
  document.Statement = document.Statement.flatMap(({ Action, ...statement }: Json) => {
    const left = [Action].flat().filter((other) => other !== action);
    return left.length > 0 ? [{ ...statement, Action: left }] : [];
  });
  expect(JSON.stringify(document)).not.toBe(before);
}
const drop = (document: Json, service: string) => {
  document.Statement = document.Statement.filter(({ Principal }: Json) => Principal.Service !== service);
};
const CLOUDWATCH = 'cloudwatch.amazonaws.com';
const topicPolicy = (of: Resources) => one(of, 'SNS::TopicPolicy', 'Alarms').PolicyDocument;
const key = (of: Resources) => one(of, 'KMS::Key', 'AlarmsKey').KeyPolicy;
const statementOf = (document: Json, service: string) =>
  document.Statement.find(({ Principal }: Json) => Principal.Service === service);

const cuts: [string, (of: Resources) => void, RegExp][] = [
  [
    'the topic has no subscription',
    (of) => {
      one(of, 'SNS::Subscription', 'Alarms').TopicArn = '<Other>';
    },
    /nobody has subscribed/,
  ],
  [
    'the last alarm has no action',
    (of) => {
      delete one(of, 'CloudWatch::Alarm', 'UndeliveredAlarm').AlarmActions;
    },
    /UndeliveredAlarm\w+: no rule matches/,
  ],
  [
    'the last alarm looks at another queue',
    (of) => {
      one(of, 'CloudWatch::Alarm', 'UndeliveredAlarm').Dimensions[0].Value = '<Other.QueueName>';
    },
    /nobody looks at the queue/,
  ],
  [
    "the topic's policy leaves out CloudWatch",
    (of) => drop(topicPolicy(of), CLOUDWATCH),
    /the topic's policy refuses cloudwatch/,
  ],
  [
    "the topic's policy wants another account",
    (of) => {
      statementOf(topicPolicy(of), CLOUDWATCH).Condition.StringEquals['aws:SourceAccount'] = '1';
    },
    /the topic's policy refuses cloudwatch/,
  ],
  [
    "the topic's policy wants rules, not alarms",
    (of) => {
      statementOf(topicPolicy(of), CLOUDWATCH).Condition.ArnLike['aws:SourceArn'] = 'arn:*:rule/*';
    },
    /the topic's policy refuses cloudwatch/,
  ],
  ["the key's policy leaves out CloudWatch", (of) => drop(key(of), CLOUDWATCH), /the key's policy refuses cloudwatch/],
  [
    "the key's policy lets CloudWatch read only",
    (of) => {
      statementOf(key(of), CLOUDWATCH).Action = ['kms:Decrypt'];
    },
    /the key's policy refuses cloudwatch/,
  ],
  [
    'the key is not left to IAM',
    (of) => {
      key(of).Statement = key(of).Statement.filter(({ Action }: Json) => Action !== 'kms:*');
    },
    /does not leave its use to IAM/,
  ],
  [
    'the rule looks for another namespace',
    (of) => {
      one(
        of,
        'Events::Rule',
        'AlarmRule',
      ).EventPattern.detail.$or[0].configuration.metrics.metricStat.metric.namespace = ['Other'];
    },
    /BackupsShopAlarm\w+: no rule matches/,
  ],
  [
    'the rule looks for another bucket',
    (of) => {
      one(
        of,
        'Events::Rule',
        'AlarmRule',
      ).EventPattern.detail.$or[0].configuration.metrics.metricStat.metric.dimensions.Bucket = ['other'];
    },
    /PruneAlarm\w+: no rule matches/,
  ],
  [
    'the rule does not name an alarm',
    (of) => {
      one(of, 'Events::Rule', 'AlarmRule').EventPattern.detail.$or[1].alarmName.pop();
    },
    /Alarm\w+: no rule matches/,
  ],
  [
    'a rule is disabled',
    (of) => {
      one(of, 'Events::Rule', 'TaskRule').State = 'DISABLED';
    },
    /TaskRule\w+: the rule is disabled/,
  ],
  [
    'a rule has no target',
    (of) => {
      one(of, 'Events::Rule', 'CallRule').Targets = [];
    },
    /CallRule\w+: the rule has no target/,
  ],
  [
    "the queue's policy knows another rule",
    (of) => {
      one(of, 'SQS::QueuePolicy', 'AlarmEvents').PolicyDocument.Statement.pop();
    },
    /the queue's policy refuses the rule/,
  ],
  [
    "the other queue's policy knows no rule",
    (of) => drop(one(of, 'SQS::QueuePolicy', 'Undelivered').PolicyDocument, 'events.amazonaws.com'),
    /the other queue's policy refuses the rule/,
  ],
  [
    'the function does not read the events',
    (of) => {
      one(of, 'Lambda::EventSourceMapping', 'AlarmEvents').Enabled = false;
    },
    /TaskRule\w+: nothing reads the queue/,
  ],
  [
    'the function does not read the dead letters',
    (of) => {
      one(of, 'Lambda::EventSourceMapping', 'DeadLetterQueue').EventSourceArn = '<Other.Arn>';
    },
    /ShopSchedule\w+: nobody looks at the queue/,
  ],
  [
    'the function may not receive',
    (of) => without(roleOf(of, 'AlarmsNotify'), 'sqs:ReceiveMessage'),
    /may not ReceiveMessage/,
  ],
  [
    'the function may not delete',
    (of) => without(roleOf(of, 'AlarmsNotify'), 'sqs:DeleteMessage'),
    /may not DeleteMessage/,
  ],
  ['the function may not publish', (of) => without(roleOf(of, 'AlarmsNotify'), 'sns:Publish'), /may not publish/],
  [
    'the function publishes to another topic',
    (of) => {
      roleOf(of, 'AlarmsNotify').Statement.find(({ Action }: Json) => Action.includes('sns:Publish')).Resource =
        '<Other>';
    },
    /may not publish/,
  ],
  [
    'the function may not use the key',
    (of) => without(roleOf(of, 'AlarmsNotify'), 'kms:GenerateDataKey*'),
    /may not use the key/,
  ],
  [
    'the queue hides messages for half a minute',
    (of) => {
      one(of, 'SQS::Queue', 'AlarmEvents').VisibilityTimeout = 30;
    },
    /for too short a time/,
  ],
  [
    'what cannot be read is not laid aside',
    (of) => {
      delete one(of, 'SQS::Queue', 'AlarmEvents').RedrivePolicy;
    },
    /what cannot be read is lost/,
  ],
  [
    'nobody is told of a failed pruning',
    (of) => {
      delete one(of, 'Lambda::EventInvokeConfig', 'BackupsPruning').DestinationConfig;
    },
    /BackupsPruning\w+: nobody is told of a failure/,
  ],
  [
    'the prune function may not send',
    (of) => without(roleOf(of, 'BackupsPruningPrune'), 'sqs:SendMessage'),
    /BackupsPruning\w+: the function may not send/,
  ],
  [
    'the measure function may not send',
    (of) => without(roleOf(of, 'AlarmsMeasure'), 'sqs:SendMessage'),
    /Measure\w+: the function may not send what it found/,
  ],
  [
    'a schedule has no dead-letter queue',
    (of) => {
      delete one(of, 'Scheduler::Schedule', 'BackupsShop').Target.DeadLetterConfig;
    },
    /BackupsShopSchedule\w+: nobody is told/,
  ],
  [
    'a schedule may not write to it',
    (of) => without(roleOf(of, 'BackupsSchedulerRole'), 'sqs:SendMessage'),
    /BackupsShopSchedule\w+: the schedule may not send/,
  ],
  [
    'the schedule of digests may not send',
    (of) => without(roleOf(of, 'AlarmsDigest'), 'sqs:SendMessage'),
    /Digest\w+: the schedule may not send what is due/,
  ],
];

test.each(cuts)('the walk finds it out when %s', (_, cut, sentence) => {
  const copy: Resources = JSON.parse(text);
  cut(copy);
  expect(brokenLinks(copy).join('\n')).toMatch(sentence);
});

const ARN = 'arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task-definition';
const task = (family: string, lastStatus = 'STOPPED') => ({
  source: 'aws.ecs',
  'detail-type': 'ECS Task State Change',
  detail: { lastStatus, taskDefinitionArn: `${ARN}/${family}:3`, containers: [{ name: 'backup', exitCode: 0 }] },
});
const call = (source: string, detail: Json) => ({ source, 'detail-type': 'AWS API Call via CloudTrail', detail });
const runTask = (taskDefinition: string, failures: Json[]) =>
  call('aws.ecs', { eventName: 'RunTask', requestParameters: { taskDefinition }, responseElements: { failures } });
const remove = (eventName: string, errorCode: string | undefined, bucketName = 'BUCKET') =>
  call('aws.s3', { eventName, errorCode, requestParameters: { bucketName } });
const REFUSED = [{ arn: 'arn:aws:ecs:x', reason: 'RESOURCE:FARGATE' }];
const snapshot = (result: string, event = 'createSnapshot') => ({
  source: 'aws.ec2',
  'detail-type': 'EBS Snapshot Notification',
  detail: { event, result },
});
const policy = (policy_id: string) => ({
  source: 'aws.dlm',
  'detail-type': 'DLM Policy State Change',
  detail: { state: 'ERROR', cause: 'role', policy_id },
});

test.each([
  ['a stopped task of Backups', task('Stack-Backups-shop'), 'TaskRule'],
  ['a stopped task of a backup by itself', task('Stack-alone'), 'TaskRule'],
  ['a running task', task('Stack-Backups-shop', 'RUNNING'), ''],
  ["a stranger's task", task('shop'), ''],
  ['a run that ECS refused, by ARN', runTask(`${ARN}/Stack-Backups-shop:3`, REFUSED), 'CallRule'],
  ['a run that ECS refused, by family', runTask('Stack-Backups-shop', REFUSED), 'CallRule'],
  ['a run that ECS started', runTask('Stack-Backups-shop', []), ''],
  ["a stranger's run", runTask('shop', REFUSED), ''],
  ['a denied delete', remove('DeleteObject', 'AccessDenied'), 'CallRule'],
  ['denied deletes', remove('DeleteObjects', 'AccessDenied'), 'CallRule'],
  ['a delete', remove('DeleteObject', undefined), ''],
  ['a denied read', remove('GetObject', 'AccessDenied'), ''],
  ['a denied delete elsewhere', remove('DeleteObject', 'AccessDenied', 'other'), ''],
  ['a policy in error', policy('POLICY'), 'SnapshotRule'],
  ["a stranger's policy in error", policy('arn:aws:dlm:x'), ''],
  ['a failed snapshot', snapshot('failed'), 'SnapshotRule'],
  ['a snapshot', snapshot('succeeded'), 'SnapshotRule'],
  ['a shared snapshot', snapshot('succeeded', 'shareSnapshot'), ''],
])('%s is found by the rule for it, and by no other', (_, event, expected) => {
  const ids = {
    BUCKET: one(resources, 'Events::Rule', 'CallRule').EventPattern.detail.$or[1].requestParameters.bucketName[0],
  };
  const policyId = Object.keys(resources).find((id) => resources[id].Type === 'AWS::DLM::LifecyclePolicy')!;
  const real = JSON.parse(JSON.stringify(event).replace('BUCKET', ids.BUCKET).replace('POLICY', `<${policyId}.Arn>`));
  const found = Object.entries(resources).filter(
    ([, { Type, Properties }]) => Type === 'AWS::Events::Rule' && matches(Properties.EventPattern, real),
  );
  expect(found.map(([id]) => /Alarms(\w+Rule)/.exec(id)![1])).toEqual(expected === '' ? [] : [expected]);
});
