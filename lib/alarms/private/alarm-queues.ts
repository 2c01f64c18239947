import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { ComplianceFinding } from '../../private/acknowledge';
import { acknowledge, acknowledgeCompliance } from '../../private/acknowledge';
import { docsLink } from '../../private/docs-link';
import type { HandlerFunction } from '../../private/handler-function';

/** As long as a function may take, and longer: Lambda refuses a queue with less than its function's timeout. */
export const VISIBILITY_TIMEOUT = Duration.minutes(15);
/** After this many tries, a message is moved to the dead-letter queue. */
const MAX_RECEIVES = 4;
/** No event that is retried gets as old: after the last try it is moved to the dead-letter queue. */
const UNREAD_AGE = Duration.minutes(VISIBILITY_TIMEOUT.toMinutes() * (MAX_RECEIVES + 1));
const PERIOD = Duration.minutes(5);

/** The queues of the alarms. */
export interface AlarmQueues {
  /** Queue of all events. */
  readonly events: sqs.Queue;
  /** Dead-letter queue of events that the notify function could not read. */
  readonly undelivered: sqs.Queue;
}

/** The queue of all events, and its dead-letter queue. */
export function alarmQueues(scope: Construct): AlarmQueues {
  const common = { encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(14) };
  const undelivered = new sqs.Queue(scope, 'Undelivered', common);
  acknowledge(undelivered, 'AwsSolutions-SQS3', 'This is the dead-letter queue.');
  const events = new sqs.Queue(scope, 'AlarmEvents', {
    ...common,
    visibilityTimeout: VISIBILITY_TIMEOUT,
    deadLetterQueue: { queue: undelivered, maxReceiveCount: MAX_RECEIVES },
  });
  for (const queue of [events, undelivered]) acknowledgeCompliance(queue, [ENCRYPTED_BY_SQS]);
  return { events, undelivered };
}

/** What checkov finds about a queue that SQS itself encrypts. */
export const ENCRYPTED_BY_SQS: ComplianceFinding = {
  checkov: 'CKV_AWS_27',
  reason: 'SQS encrypts it with its own key (SSE-SQS), which this check does not look for.',
};

/** Text of the emails of CloudWatch about the function that sends all other emails. At most 1024 characters. */
const runbook = (what: string, mend: readonly string[]): string =>
  [
    what,
    'Backups may have failed without another email.',
    'What to do:',
    ...['`proven-backups alarm test` says what is broken.', OLDEST, ...mend].map(
      (step, index) => `${index + 1}. ${step}`,
    ),
    `More: ${docsLink('docs/alarms.md#undelivered')}`,
  ].join('\n');
const OLDEST = '`proven-backups list` shows how old the newest backups are.';

/** The two alarms that publish by themselves, because they watch the function that sends all other emails. */
export interface BrokenNotifyAlarms {
  /** It cannot turn events into emails. */
  readonly undelivered: cloudwatch.Alarm;
  /** It does not even read them. */
  readonly unread: cloudwatch.Alarm;
}

/** Alarms on a notify function that does not work. */
export function brokenNotifyAlarms(
  scope: Construct,
  { events, undelivered }: AlarmQueues,
  topic: sns.ITopic,
): BrokenNotifyAlarms {
  const common = {
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    // A queue that nobody touches has no data.
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  };
  const alarms = {
    undelivered: new cloudwatch.Alarm(scope, 'UndeliveredAlarm', {
      ...common,
      metric: undelivered.metricApproximateNumberOfMessagesVisible({ period: PERIOD }),
      alarmDescription: runbook(
        'Events about your backups could not be turned into emails: the notify function fails, or may not read or publish.',
        [
          'Read the errors in the log of the notify function.',
          'When it works again, move the messages of the queue back: `aws sqs start-message-move-task --source-arn <ARN of the queue>`. They are kept for 14 days.',
        ],
      ),
      threshold: 1,
      evaluationPeriods: 1,
    }),
    unread: new cloudwatch.Alarm(scope, 'UnreadAlarm', {
      ...common,
      metric: events.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: cloudwatch.Stats.MAXIMUM }),
      alarmDescription: runbook(
        'Events about your backups wait, and nothing turns them into emails: the notify function is not invoked.',
        [
          'See that the event source mapping of the function is enabled, that its role exists, and that no policy of the organization denies it.',
          'Deploy the stack again. Waiting events are read then: they are kept for 14 days.',
        ],
      ),
      threshold: UNREAD_AGE.toSeconds(),
      evaluationPeriods: 3,
    }),
  };
  // No action for OK, which every alarm enters when it is created: the emails that waited say that it is over.
  for (const alarm of Object.values(alarms)) alarm.addAlarmAction(new SnsAction(topic));
  return alarms;
}

/** Lets the notify function read a queue in batches. A minute of waiting turns many events into few emails. */
export function readQueue({ function: reader }: HandlerFunction, queue: sqs.IQueue): void {
  reader.addEventSource(
    new SqsEventSource(queue, {
      batchSize: 1000,
      maxBatchingWindow: Duration.minutes(1),
      reportBatchItemFailures: true,
      maxConcurrency: 2,
    }),
  );
}

/** Moves messages that cannot be read to the dead-letter queue, instead of retrying them for days. */
export function moveUnread(queue: sqs.IQueue, undelivered: sqs.Queue): void {
  const resource = queue.node.defaultChild;
  if (!(resource instanceof sqs.CfnQueue) || resource.redrivePolicy !== undefined) return;
  resource.redrivePolicy = { deadLetterTargetArn: undelivered.queueArn, maxReceiveCount: MAX_RECEIVES };
}
