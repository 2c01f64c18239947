import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as targets from 'aws-cdk-lib/aws-scheduler-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DigestDue } from '../../../catalog/contract/alarms';
import type { BackupSchedule } from '../../backup/backup-schedule';
import { schedulerRole } from '../../backup/private/roles';

/** Properties of the schedule of a digest. */
export interface DigestScheduleProps {
  readonly schedule: BackupSchedule;
  readonly events: sqs.IQueue;
  readonly scheduleGroup?: scheduler.IScheduleGroup;
  readonly deadLetterQueue?: sqs.IQueue;
}

/** Asks for a digest through the queue of events. */
export function digestSchedule(parent: Construct, props: DigestScheduleProps): scheduler.Schedule {
  const { events, scheduleGroup, deadLetterQueue } = props;
  const scope = new Construct(parent, 'Digest');
  const bound = props.schedule._bind(parent);
  const role = schedulerRole(scope, scheduleGroup);
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [events.queueArn] }));
  deadLetterQueue?.grantSendMessages(role);
  const due: DigestDue = { kind: 'digest' };
  const rendered = new scheduler.Schedule(scope, 'Schedule', {
    description: 'Sends the digest of backups',
    schedule: bound.expression,
    scheduleGroup,
    timeWindow: bound.flexibleWindow && scheduler.TimeWindow.flexible(bound.flexibleWindow),
    target: new targets.SqsSendMessage(events, {
      // The role has its statements already; the target would add wider ones.
      role: iam.Role.fromRoleArn(scope, 'ScheduleRole', role.roleArn, { mutable: false }),
      deadLetterQueue,
      input: scheduler.ScheduleTargetInput.fromObject(due),
      maxEventAge: Duration.seconds(bound.maxEventAgeSeconds),
      retryAttempts: bound.retryAttempts,
    }),
  });
  // It names the group by a text.
  if (scheduleGroup) rendered.node.addDependency(scheduleGroup);
  return rendered;
}
