import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { ALARM_ENV } from '../../catalog/contract/alarms';
import { sendFailuresTo } from './handler-function';

/**
 * Lets a function that prunes, or that starts restore tests, send its reports to the queue of alarms. Lambda sends there the records of runs that die, with the
 * same permission.
 */
export function reportTo(handler: lambda.Function, queue: sqs.IQueue): void {
  sendFailuresTo(queue, handler);
  handler.addEnvironment(ALARM_ENV.events, queue.queueUrl);
}
