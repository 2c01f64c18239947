import { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as targets from 'aws-cdk-lib/aws-scheduler-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { CONTAINER_NAME, ENV } from '../../../catalog/contract/task';
import type { BoundSchedule } from './bound-schedule';

/** Checked properties of a backup's schedule, whatever it starts. */
export interface TimedProps {
  readonly bound: BoundSchedule;
  readonly source: string;
  readonly enabled: boolean;
  readonly role: iam.IRole;
  readonly scheduleGroup?: scheduler.IScheduleGroup;
  readonly deadLetterQueue?: sqs.IQueue;
  /** Of the schedule; that it backs up the source when left out. */
  readonly description?: string;
}

/** Checked properties of the schedule of a task. */
export interface ScheduleProps extends TimedProps {
  readonly cluster: ecs.ICluster;
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly securityGroups: ec2.ISecurityGroup[];
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly assignPublicIp?: boolean;
  readonly platformVersion?: ecs.FargatePlatformVersion;
  readonly spot: boolean;
}

/** Creates the schedule of a task. Each run gets its scheduled time from EventBridge Scheduler. */
export function backupSchedule(scope: Construct, props: ScheduleProps): scheduler.Schedule {
  const environment = {
    [ENV.trigger]: 'schedule',
    [ENV.scheduledTime]: scheduler.ContextAttribute.scheduledTime,
    [ENV.scheduleArn]: scheduler.ContextAttribute.scheduleArn,
  };
  const target = new targets.EcsRunFargateTask(props.cluster, {
    ...targetOptions(scope, props),
    taskDefinition: props.taskDefinition,
    input: scheduler.ScheduleTargetInput.fromObject({
      containerOverrides: [
        {
          name: CONTAINER_NAME,
          environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
        },
      ],
    }),
    securityGroups: props.securityGroups,
    vpcSubnets: props.vpcSubnets,
    assignPublicIp: props.assignPublicIp,
    platformVersion: props.platformVersion,
    propagateTags: true,
    enableEcsManagedTags: true,
    capacityProviderStrategies: props.spot ? [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] : undefined,
  });
  return scheduleOf(scope, props, target);
}

/** Options of every target. */
export const targetOptions = (scope: Construct, { bound, role, deadLetterQueue }: TimedProps) => ({
  // Immutable, because the target would add wider statements than the role's own.
  role: iam.Role.fromRoleArn(scope, 'ScheduleRole', role.roleArn, { mutable: false }),
  deadLetterQueue,
  maxEventAge: Duration.seconds(bound.maxEventAgeSeconds),
  retryAttempts: bound.retryAttempts,
});

/** Creates a schedule with a target. */
export function scheduleOf(
  scope: Construct,
  { bound, source, enabled, scheduleGroup, description = `Backs up ${source}` }: TimedProps,
  target: scheduler.IScheduleTarget,
): scheduler.Schedule {
  return new scheduler.Schedule(scope, 'Schedule', {
    description,
    schedule: bound.expression,
    scheduleGroup,
    enabled,
    timeWindow: bound.flexibleWindow && scheduler.TimeWindow.flexible(bound.flexibleWindow),
    target,
  });
}
