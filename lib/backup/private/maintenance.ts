import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { MaintainJob } from '../../../catalog/contract/task';
import { SCRATCH_DIRECTORY, taskFamily } from '../../../catalog/contract/task';
import { repositoryJob } from './dump-job';
import { grantRun } from './grant-run';
import type { MaintainedPlaces } from './roles';
import { executionRole, maintenanceRole } from './roles';
import type { ScheduleProps } from './schedule';
import { backupSchedule } from './schedule';
import type { TaskProps, TaskSize } from './task-definition';
import { programTask } from './task-definition';

/** Longest duration of a run. */
const TIMEOUT = Duration.hours(12);

/** What the maintenance of a repository is made of. */
export interface MaintenanceProps
  extends
    Pick<ScheduleProps, 'cluster' | 'vpcSubnets' | 'assignPublicIp' | 'scheduleGroup' | 'deadLetterQueue'>,
    Pick<ScheduleProps, 'source' | 'enabled' | 'role' | 'platformVersion'>,
    Pick<TaskProps, 'logGroup' | 'image' | 'secrets'> {
  /** Beginning of its family. */
  readonly family: string;
  /** IAM path of its roles. */
  readonly rolePath: string;
  readonly size: TaskSize;
  readonly places: MaintainedPlaces;
}

/**
 * The task that removes from the repository of a source what no backup needs, and its schedule. It runs in Fargate wherever the files
 * are, so that no instance ever has the role that deletes.
 */
export class Maintenance extends Construct {
  public readonly taskDefinition: ecs.FargateTaskDefinition;
  public readonly schedule: scheduler.Schedule;

  constructor(scope: Construct, props: MaintenanceProps) {
    super(scope, 'Maintenance');
    const { source, places, rolePath, logGroup, cluster } = props;
    const role = maintenanceRole(this, places, source, rolePath);
    const ecsRole = executionRole(this, logGroup, rolePath);
    const job: MaintainJob = {
      action: 'maintain',
      source,
      bucket: places.bucket.bucketName,
      repository: repositoryJob(places.repository, props.secrets),
      timeoutSeconds: TIMEOUT.toSeconds(),
      scratchDirectory: SCRATCH_DIRECTORY,
    };
    this.taskDefinition = programTask(this, 'TaskDefinition', {
      ...{ ...props.size, job, logGroup, image: props.image, secrets: props.secrets },
      ...{ family: taskFamily(props.family, source, 'maintain'), taskRole: role },
      executionRole: ecsRole,
    });
    grantRun(this, props.role, {
      cluster,
      family: `${this.taskDefinition.family}:*`,
      roleArns: [role.roleArn, ecsRole.roleArn],
    });
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: cluster.vpc,
      description: `Maintenance of ${source}`,
      allowAllOutbound: false,
    });
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS');
    this.schedule = backupSchedule(this, {
      ...props,
      bound: places.repository.maintenanceSchedule._bind(this),
      description: `Removes from the repository of ${source} what no backup needs`,
      taskDefinition: this.taskDefinition,
      securityGroups: [group],
      spot: false,
    });
  }
}
