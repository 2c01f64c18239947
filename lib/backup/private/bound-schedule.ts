import type { Duration } from 'aws-cdk-lib';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';

/** A schedule that was checked. */
export interface BoundSchedule {
  readonly expression: scheduler.ScheduleExpression;
  readonly expressionString: string;
  /** Seconds; left out when there is one run only. */
  readonly shortestGap: number | undefined;
  /** Seconds; left out when there is one run only. */
  readonly longestGap: number | undefined;
  readonly flexibleWindow: Duration | undefined;
  readonly retryAttempts: number;
  readonly maxEventAgeSeconds: number;
}
