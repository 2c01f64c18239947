import { Duration } from 'aws-cdk-lib';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ALARM_ENV } from '../../../catalog/contract/alarms';
import { readQueue } from './alarm-queues';
import type { AlarmParts } from './alarm-roles';
import { grantMeasuring, grantNotifying } from './alarm-roles';
import { HandlerFunction, sendFailuresTo } from '../../private/handler-function';

/** Timeout of the notify function. */
export const NOTIFY_TIMEOUT = Duration.minutes(2);

/** The measure function and the notify function. */
export function alarmFunctions(
  scope: Construct,
  parts: AlarmParts,
  logGroup: logs.ILogGroup,
  deadLetters: sqs.IQueue | undefined,
): { readonly notify: HandlerFunction; readonly measure: HandlerFunction } {
  const { events, memory, parameterName, topic } = parts;
  const environment = {
    [ALARM_ENV.settings]: parameterName,
    [ALARM_ENV.topic]: topic.topicArn,
    [ALARM_ENV.memory]: memory.tableName,
  };
  const notify = new HandlerFunction(scope, 'Notify', {
    handler: 'notify',
    description: 'Tells people what goes wrong with backups',
    environment: { ...environment, ...(deadLetters && { [ALARM_ENV.deadLetters]: deadLetters.queueArn }) },
    logGroup,
    timeout: NOTIFY_TIMEOUT,
  });
  const measure = new HandlerFunction(scope, 'Measure', {
    handler: 'measure',
    description: 'Measures how backups are',
    environment: { ...environment, [ALARM_ENV.events]: events.queueUrl },
    logGroup,
    invokedAsynchronously: true,
  });
  grantNotifying(scope, notify.role, parts);
  grantMeasuring(scope, measure.role, parts);
  sendFailuresTo(events, measure.function);
  for (const queue of [events, ...(deadLetters ? [deadLetters] : [])]) readQueue(notify, queue);
  return { notify, measure };
}
