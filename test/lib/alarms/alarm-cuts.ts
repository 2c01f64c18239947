import type { Resources } from './alarm-walk';
import type { Json } from '../support';

/** The properties of the one resource of a type whose id contains a text. */
export function one(of: Resources, type: string, idPart: string): Json {
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

/** Each cuts one link, and says what the walk answers. */
export const CUTS: [string, (of: Resources) => void, RegExp][] = [
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
    'no alarm publishes when nothing reads the events',
    (of) => {
      delete one(of, 'CloudWatch::Alarm', 'UnreadAlarm').AlarmActions;
    },
    /AlarmsMeasure\w+: nobody is told when nothing reads the queue/,
  ],
  [
    'that alarm looks at another queue',
    (of) => {
      one(of, 'CloudWatch::Alarm', 'UnreadAlarm').Dimensions[0].Value = '<Other.QueueName>';
    },
    /AlarmsMeasure\w+: nobody is told when nothing reads the queue/,
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
    /BackupsShopAlarm\w+: no rule matches/,
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
