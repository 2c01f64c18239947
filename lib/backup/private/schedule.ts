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

/** Checked properties of a backup's schedule. */
export interface ScheduleProps {
  readonly bound: BoundSchedule;
  readonly source: string;
  readonly enabled: boolean;
  readonly cluster: ecs.ICluster;
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly role: iam.IRole;
  readonly scheduleGroup?: scheduler.IScheduleGroup;
  readonly deadLetterQueue?: sqs.IQueue;
  readonly securityGroups: ec2.ISecurityGroup[];
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly assignPublicIp?: boolean;
  readonly platformVersion?: ecs.FargatePlatformVersion;
  readonly spot: boolean;
}

/** Creates the schedule. Each run gets its scheduled time from EventBridge Scheduler. */
export function backupSchedule(scope: Construct, props: ScheduleProps): scheduler.Schedule {
  const { bound } = props;
  const environment = {
    [ENV.trigger]: 'schedule',
    [ENV.scheduledTime]: scheduler.ContextAttribute.scheduledTime,
    [ENV.scheduleArn]: scheduler.ContextAttribute.scheduleArn,
  };
  return new scheduler.Schedule(scope, 'Schedule', {
    description: `Backs up ${props.source}`,
    schedule: bound.expression,
    scheduleGroup: props.scheduleGroup,
    enabled: props.enabled,
    timeWindow: bound.flexibleWindow && scheduler.TimeWindow.flexible(bound.flexibleWindow),
    target: new targets.EcsRunFargateTask(props.cluster, {
      taskDefinition: props.taskDefinition,
      // Immutable, because the target would add wider statements than the role's own.
      role: iam.Role.fromRoleArn(scope, 'ScheduleRole', props.role.roleArn, { mutable: false }),
      deadLetterQueue: props.deadLetterQueue,
      input: scheduler.ScheduleTargetInput.fromObject({
        containerOverrides: [
          {
            name: CONTAINER_NAME,
            environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
          },
        ],
      }),
      maxEventAge: Duration.seconds(bound.maxEventAgeSeconds),
      retryAttempts: bound.retryAttempts,
      securityGroups: props.securityGroups,
      vpcSubnets: props.vpcSubnets,
      assignPublicIp: props.assignPublicIp,
      platformVersion: props.platformVersion,
      propagateTags: true,
      enableEcsManagedTags: true,
      capacityProviderStrategies: props.spot ? [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] : undefined,
    }),
  });
}
