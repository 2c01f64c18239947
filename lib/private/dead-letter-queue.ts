import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { fault } from './fault';

/** Refuses a queue that EventBridge Scheduler does not write to. */
export function requireStandardQueue(scope: IConstruct, queue: sqs.IQueue | undefined): void {
  if (!queue?.fifo) return;
  fault(
    scope,
    `deadLetterQueue must be a standard queue, got: the FIFO queue ${queue.node.path}: EventBridge Scheduler takes none`,
  );
}
