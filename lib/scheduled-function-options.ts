import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';

/** Where functions that run on a schedule write their log, and what starts them. */
export interface ScheduledFunctionOptions {
  /**
   * Log group of the functions, and of the tasks that they start.
   *
   * @default - a log group is created
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * How long logs are kept. Cannot be combined with `logGroup`.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Group of the schedules.
   *
   * @default - the account's default group
   */
  readonly scheduleGroup?: scheduler.IScheduleGroup;

  /**
   * Dead-letter queue for runs of the functions that could not be started. It must be a standard queue.
   *
   * @default - such runs show only in the metrics of EventBridge Scheduler
   */
  readonly deadLetterQueue?: sqs.IQueue;
}
