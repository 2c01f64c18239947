import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import type { HandlerFunction } from './handler-function';

/** As long as a function may take, and longer: Lambda refuses a queue with less than its function's timeout. */
export const VISIBILITY_TIMEOUT = Duration.minutes(15);
/** After this many tries, a message is laid aside. */
const MAX_RECEIVES = 4;

/** The queues of the alarms. */
export interface AlarmQueues {
  /** What the notify function is to look at. */
  readonly events: sqs.Queue;
  /** What it could not take in. */
  readonly undelivered: sqs.Queue;
}

/** The queue of all events, and the one of those that the notify function could not take in. */
export function alarmQueues(scope: Construct): AlarmQueues {
  const common = { encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(14) };
  const undelivered = new sqs.Queue(scope, 'Undelivered', common);
  acknowledge(undelivered, 'AwsSolutions-SQS3', 'This is the dead-letter queue.');
  const events = new sqs.Queue(scope, 'AlarmEvents', {
    ...common,
    visibilityTimeout: VISIBILITY_TIMEOUT,
    deadLetterQueue: { queue: undelivered, maxReceiveCount: MAX_RECEIVES },
  });
  return { events, undelivered };
}

/** What the email of CloudWatch says when the function that writes all other emails is broken. At most 1024 characters. */
const RUNBOOK = [
  'Events about your backups could not be turned into emails: the notify function fails, or may not read or publish.',
  'Backups may have failed without another email.',
  'What to do:',
  '1. `proven-backups alarm test` says what is broken.',
  '2. `proven-backups list` shows how old the newest backups are.',
  '3. Read the errors in the log of the notify function.',
  '4. When it is mended, move the messages of the queue back: `aws sqs start-message-move-task --source-arn <ARN of the queue>`. They are kept for 14 days.',
  'More: https://github.com/cdk-proven-backups/cdk-proven-backups/blob/main/docs/alarms.md#undelivered',
].join('\n');

/** The one alarm that publishes by itself: it tells of the broken function by which all others are told. */
export function undeliveredAlarm(scope: Construct, undelivered: sqs.Queue, topic: sns.ITopic): cloudwatch.Alarm {
  const metric = undelivered.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) });
  const alarm = new cloudwatch.Alarm(scope, 'UndeliveredAlarm', {
    metric,
    alarmDescription: RUNBOOK,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    threshold: 1,
    evaluationPeriods: 1,
    // A queue that nobody touches has no data.
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(topic));
  alarm.addOkAction(new SnsAction(topic));
  return alarm;
}

/** What the notify function is given at once. A minute of waiting turns many events into few emails. */
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

/** Messages of a queue that cannot be taken in do not come back for days, and then go: they are laid aside too. */
export function layAside(queue: sqs.IQueue, undelivered: sqs.Queue): void {
  const resource = queue.node.defaultChild;
  if (!(resource instanceof sqs.CfnQueue) || resource.redrivePolicy !== undefined) return;
  resource.redrivePolicy = { deadLetterTargetArn: undelivered.queueArn, maxReceiveCount: MAX_RECEIVES };
}
