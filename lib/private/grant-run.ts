import { ArnFormat, Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge';
import { InlineRole } from './inline-role';

/** What may be started, and with which roles. */
export interface RunGrant {
  readonly cluster: ecs.ICluster;
  /** Family and revision of the task definitions, wildcards allowed. */
  readonly family: string;
  readonly roleArns: string[];
}

/** Allows to start tasks, to hand them their roles and to tag them. */
export function grantRun(scope: IConstruct, grantee: iam.IGrantable, run: RunGrant): iam.Grant {
  const { cluster, family, roleArns } = run;
  const ecsArn = (resource: string, resourceName: string) =>
    Stack.of(scope).formatArn({ service: 'ecs', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  const taskDefinitions = ecsArn('task-definition', family);
  const tasks = ecsArn('task', `${cluster.clusterName}/*`);
  const grant = iam.Grant.addToPrincipal({
    grantee,
    actions: ['ecs:RunTask'],
    resourceArns: [taskDefinitions],
    conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
  });
  grantee.grantPrincipal.addToPrincipalPolicy(passRole(roleArns));
  grantee.grantPrincipal.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: ['ecs:TagResource'],
      resources: [tasks],
      conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
    }),
  );
  if (grantee instanceof InlineRole) {
    const reason = 'The tasks of these backups, whatever their revision, and the roles made for them.';
    acknowledgeWildcards(grantee, reason, [taskDefinitions, tasks, ...roleArns]);
  }
  return grant;
}

/** Allows to hand roles to ECS tasks. */
export function passRole(resources: string[]): iam.PolicyStatement {
  const conditions = { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } };
  return new iam.PolicyStatement({ actions: ['iam:PassRole'], resources, conditions });
}
