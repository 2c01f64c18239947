import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { ALARM_ENV } from '../../catalog/contract/alarms';
import type { HandlerFunction } from './handler-function';

/**
 * Lets a prune function send its reports to the queue of alarms. Lambda sends there the records of runs that die, with the
 * same permission.
 */
export function reportTo(handler: HandlerFunction, queue: sqs.IQueue): void {
  handler.tellFailuresTo(queue);
  handler.function.addEnvironment(ALARM_ENV.events, queue.queueUrl);
}
