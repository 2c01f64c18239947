import type { Duration } from 'aws-cdk-lib';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';

/** A checked schedule. */
export interface BoundSchedule {
  readonly expression: scheduler.ScheduleExpression;
  readonly expressionString: string;
  /** Seconds. Missing for a schedule that runs once. */
  readonly shortestGap: number | undefined;
  /** Seconds. Missing for a schedule that runs once. */
  readonly longestGap: number | undefined;
  readonly flexibleWindow: Duration | undefined;
  readonly retryAttempts: number;
  readonly maxEventAgeSeconds: number;
}
