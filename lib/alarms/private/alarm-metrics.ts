import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledgeCompliance } from '../../private/acknowledge';

const { GREATER_THAN_THRESHOLD, LESS_THAN_THRESHOLD } = cloudwatch.ComparisonOperator;
const { BREACHING, IGNORE, NOT_BREACHING } = cloudwatch.TreatMissingData;

const AGE_ALARM = 'Alarm';

/** None of these alarms has an action: EventBridge tells the notify function when one changes its state. */
function observed(scope: Construct, id: string, props: cloudwatch.AlarmProps): cloudwatch.Alarm {
  const alarm = new cloudwatch.Alarm(scope, id, props);
  const reason = 'EventBridge sends its changes of state to the notify function.';
  acknowledgeCompliance(alarm, [{ rule: 'CloudWatchAlarmAction', reason }]);
  return alarm;
}

/**
 * The dead man's switch of a source: silent when its newest backup is too old, and when nobody measures that any more. For 3
 * periods CloudWatch looks at the last 5: as long as one of them has data, what is missing does not alarm.
 */
export function ageAlarm(
  scope: Construct,
  source: string,
  metric: cloudwatch.IMetric,
  allowedAge: Duration,
): cloudwatch.Alarm {
  return observed(scope, AGE_ALARM, {
    metric,
    alarmDescription: `The newest backup of ${source} is older than ${allowedAge.toHumanString()}, or its age is not measured any more. The emails of the backups tell more.`,
    comparisonOperator: GREATER_THAN_THRESHOLD,
    threshold: allowedAge.toSeconds(),
    evaluationPeriods: 3,
    datapointsToAlarm: 3,
    treatMissingData: BREACHING,
  });
}

/** The dead man's switch of a source, if it has one. */
export const ageAlarmOf = (source: Construct): cloudwatch.Alarm | undefined =>
  source.node.tryFindChild(AGE_ALARM) as cloudwatch.Alarm | undefined;

/**
 * Nobody has confirmed a subscription of the topic; or nobody measures any more, while the alarms of all sources are on already, and so
 * do not change their state.
 */
export function subscriptionAlarm(scope: Construct, metric: cloudwatch.IMetric): cloudwatch.Alarm {
  return observed(scope, 'SubscriptionAlarm', {
    metric,
    alarmDescription:
      'Nobody is told when backups go wrong: no subscription of the topic is confirmed, or nothing measures the backups any more.',
    comparisonOperator: LESS_THAN_THRESHOLD,
    threshold: 1,
    evaluationPeriods: 3,
    datapointsToAlarm: 3,
    treatMissingData: BREACHING,
  });
}

/** Messages wait in a dead-letter queue that others may read too. */
export function deadLetterAlarm(scope: Construct, id: string, queue: sqs.IQueue): cloudwatch.Alarm {
  return observed(scope, id, {
    metric: queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
    alarmDescription: 'Backups could not be started: messages wait in the dead-letter queue of EventBridge Scheduler.',
    comparisonOperator: GREATER_THAN_THRESHOLD,
    threshold: 0,
    evaluationPeriods: 1,
    treatMissingData: NOT_BREACHING,
  });
}

/** EventBridge Scheduler could not even write to the dead-letter queue. */
export function lostRunAlarm(scope: Construct, id: string, group: scheduler.IScheduleGroup): cloudwatch.Alarm {
  return observed(scope, id, {
    metric: group.metricFailedToBeSentToDLQ(undefined, { period: Duration.minutes(5), statistic: 'Sum' }),
    alarmDescription:
      'Backups could not be started, and EventBridge Scheduler could not write that to its dead-letter queue.',
    comparisonOperator: GREATER_THAN_THRESHOLD,
    threshold: 0,
    evaluationPeriods: 1,
    treatMissingData: NOT_BREACHING,
  });
}

/** A replication, as S3 measures it. */
export interface ReplicationMetrics {
  readonly SourceBucket: string;
  readonly DestinationBucket: string;
  readonly RuleId: string;
}

/** Copies of backups failed, or are late. */
export function replicationAlarms(
  scope: Construct,
  id: string,
  { SourceBucket, DestinationBucket, RuleId }: ReplicationMetrics,
  maxLatency: Duration,
): cloudwatch.Alarm[] {
  const alarm = (kind: string, metricName: string, statistic: string, threshold: number, alarmDescription: string) =>
    observed(scope, `${id}${kind}Alarm`, {
      metric: new cloudwatch.Metric({
        namespace: 'AWS/S3',
        metricName,
        dimensionsMap: { SourceBucket, DestinationBucket, RuleId },
        statistic,
        period: Duration.minutes(15),
      }),
      alarmDescription,
      comparisonOperator: GREATER_THAN_THRESHOLD,
      threshold,
      evaluationPeriods: 1,
      treatMissingData: IGNORE,
    });
  return [
    alarm('Failed', 'OperationsFailedReplication', 'Sum', 0, 'Backups could not be copied to the other bucket.'),
    alarm(
      'Late',
      'ReplicationLatency',
      'Maximum',
      maxLatency.toSeconds(),
      `Copies of backups to the other bucket are later than ${maxLatency.toHumanString()}.`,
    ),
  ];
}
