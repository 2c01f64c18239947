import { Token } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { fault } from './fault';

/** Default visibility timeout of SQS. Seconds. */
const USUAL_VISIBILITY = 30;
/** Alarms that read each queue. */
const READERS = new WeakMap<sqs.IQueue, IConstruct>();

/** Returns the queue that the notify function reads, if any. Refuses a queue that it could not read, or not alone. */
export function readDeadLettersOf(
  scope: IConstruct,
  { deadLetterQueue: queue, readDeadLetters = false }: { deadLetterQueue?: sqs.IQueue; readDeadLetters?: boolean },
  timeoutSeconds: number,
): sqs.IQueue | undefined {
  requireStandardQueue(scope, queue);
  if (!readDeadLetters) return undefined;
  if (queue === undefined) {
    fault(scope, 'readDeadLetters needs deadLetterQueue, got: none: give the queue, or leave readDeadLetters out');
  }
  const resource = queue.node.defaultChild;
  const visible = resource instanceof sqs.CfnQueue ? (resource.visibilityTimeout ?? USUAL_VISIBILITY) : undefined;
  if (visible !== undefined && !Token.isUnresolved(visible) && visible < timeoutSeconds) {
    fault(
      scope,
      `visibility timeout of deadLetterQueue must be at least ${timeoutSeconds} seconds for readDeadLetters, got: ${visible} seconds: lengthen it`,
    );
  }
  const other = READERS.get(queue);
  if (other !== undefined) {
    fault(
      scope,
      `deadLetterQueue must be read by one BackupAlarms only, got: ${queue.node.path}, which ${other.node.path} reads: leave readDeadLetters out of one of them`,
    );
  }
  READERS.set(queue, scope);
  return queue;
}

/** Refuses a queue to which EventBridge Scheduler cannot write. */
export function requireStandardQueue(scope: IConstruct, queue: sqs.IQueue | undefined): void {
  if (!queue?.fifo) return;
  fault(
    scope,
    `deadLetterQueue must be a standard queue, got: the FIFO queue ${queue.node.path}: EventBridge Scheduler takes none`,
  );
}
