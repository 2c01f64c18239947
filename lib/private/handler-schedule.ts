import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as targets from 'aws-cdk-lib/aws-scheduler-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { BackupSchedule } from '../backup/backup-schedule';
import { requireStandardQueue } from './dead-letter-queue';
import type { HandlerFunction } from './handler-function';
import { schedulerRole } from '../backup/private/roles';

/** Properties of a handler's schedule. */
export interface HandlerScheduleProps {
  readonly description: string;
  readonly schedule: BackupSchedule;
  readonly scheduleGroup?: scheduler.IScheduleGroup;
  readonly deadLetterQueue?: sqs.IQueue;
  readonly enabled?: boolean;
}

/** Invokes a handler on a schedule, with `{}`. */
export function handlerSchedule(
  scope: Construct,
  handler: HandlerFunction,
  props: HandlerScheduleProps,
): scheduler.Schedule {
  const { scheduleGroup, deadLetterQueue } = props;
  requireStandardQueue(scope, deadLetterQueue);
  const bound = props.schedule._bind(scope);
  const role = schedulerRole(scope, scheduleGroup);
  handler.grantInvoke(role);
  deadLetterQueue?.grantSendMessages(role);
  const rendered = new scheduler.Schedule(scope, 'Schedule', {
    description: props.description,
    schedule: bound.expression,
    scheduleGroup,
    enabled: props.enabled ?? true,
    timeWindow: bound.flexibleWindow && scheduler.TimeWindow.flexible(bound.flexibleWindow),
    target: new targets.LambdaInvoke(handler.function, {
      // Immutable, because the target would add wider statements than the role's own.
      role: iam.Role.fromRoleArn(scope, 'ScheduleRole', role.roleArn, { mutable: false }),
      deadLetterQueue,
      input: scheduler.ScheduleTargetInput.fromObject({}),
      maxEventAge: Duration.seconds(bound.maxEventAgeSeconds),
      retryAttempts: bound.retryAttempts,
    }),
  });
  // The schedule names the group by a string, which is no dependency.
  if (scheduleGroup) rendered.node.addDependency(scheduleGroup);
  return rendered;
}
