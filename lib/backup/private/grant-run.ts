import { ArnFormat, Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { RESTORE_TAG } from '../../../catalog/contract/task';
import { restorerStatements } from '../../bucket/private/bucket-policy';
import { acknowledgeWildcards } from '../../private/acknowledge';
import { InlineRole } from '../../private/inline-role';
import { grantLogReading } from '../../private/log-key';
import { grantDirectory } from './grant-directory';
import { s3ServiceOf } from '../../private/names';

/** Tasks that may be started, and their roles. */
export interface RunGrant {
  readonly cluster: ecs.ICluster;
  /** Family and revision of the task definitions. May contain wildcards. */
  readonly family: string;
  readonly roleArns: string[];
}

/** Grants permission to start tasks, to pass their roles to them, and to tag them. */
export function grantRun(scope: IConstruct, grantee: iam.IGrantable, run: RunGrant): iam.Grant {
  const { cluster, family, roleArns } = run;
  const taskDefinitions = ecsArn(scope, 'task-definition', family);
  const tasks = tasksIn(scope, cluster);
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

/** Denies to start tasks, whoever allows it. */
export function denyRun(scope: IConstruct, grantee: iam.IRole, family: string): void {
  const resources = [ecsArn(scope, 'task-definition', family)];
  grantee.addToPrincipalPolicy(
    new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: ['ecs:RunTask'], resources }),
  );
  acknowledgeWildcards(grantee, 'A denial, which covers all revisions.', resources);
}

/** A restore that may be started: its task, and the source that it reads. */
export interface RestoreGrant extends RunGrant {
  readonly bucket: IBackupBucket;
  readonly source: string;
}

/**
 * Grants permission to start restores, to stop them, to see and read the backups of the source, and to retrieve them from an
 * archive. It takes {@link grantFollow} to follow them.
 */
export function grantRestore(scope: IConstruct, grantee: iam.IGrantable, restore: RestoreGrant): iam.Grant {
  const { source, cluster } = restore;
  const stop = new iam.PolicyStatement({
    actions: ['ecs:StopTask'],
    resources: [tasksIn(scope, cluster)],
    conditions: { StringEquals: { [`aws:ResourceTag/${RESTORE_TAG}`]: source } },
  });
  grantee.grantPrincipal.addToPrincipalPolicy(stop);
  grantReadBackups(scope, grantee, restore);
  return grantRun(scope, grantee, restore);
}

/** Grants permission to see and read the backups of a source, and to retrieve them from an archive. */
export function grantReadBackups(
  scope: IConstruct,
  grantee: iam.IGrantable,
  { bucket, source }: Pick<RestoreGrant, 'bucket' | 'source'>,
): void {
  const keyArn = bucket.encryptionKey.keyArn;
  const statements = restorerStatements(bucket.bucketArn, keyArn, source, s3ServiceOf(scope));
  for (const statement of statements) grantee.grantPrincipal.addToPrincipalPolicy(statement);
}

/** Resources by which a run on demand is found and followed. */
export interface FollowGrant {
  readonly bucket: IBackupBucket;
  /** Left out for runs on an instance. */
  readonly cluster?: ecs.ICluster;
  readonly logGroup: logs.ILogGroup;
}

/** What following a command needs: these actions know no resources. */
const COMMAND_ACTIONS = ['ssm:GetCommandInvocation', 'ssm:DescribeInstanceInformation'];

/** Allows what `proven-backups run` needs beside {@link grantRun}: to find the task, and to see how the run ends. */
export function grantFollow(scope: IConstruct, grantee: iam.IGrantable, run: FollowGrant): void {
  grantDirectory(scope, grantee, run.bucket);
  const allowed: readonly (readonly [string, string])[] = [
    ...(run.cluster
      ? [['ecs:DescribeTasks', tasksIn(scope, run.cluster)] as const]
      : COMMAND_ACTIONS.map((action) => [action, '*'] as const)),
    ['logs:GetLogEvents', run.logGroup.logGroupArn],
  ];
  for (const [action, resource] of allowed) {
    grantee.grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [action], resources: [resource] }));
  }
  grantLogReading(grantee, run.logGroup);
}

const ecsArn = (scope: IConstruct, resource: string, resourceName: string): string =>
  Stack.of(scope).formatArn({ service: 'ecs', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });

/** ARN of all tasks of a cluster. */
export const tasksIn = (scope: IConstruct, { clusterName }: ecs.ICluster): string =>
  ecsArn(scope, 'task', `${clusterName}/*`);

/** Grants permission to pass roles to ECS tasks. */
export function passRole(resources: string[]): iam.PolicyStatement {
  const conditions = { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } };
  return new iam.PolicyStatement({ actions: ['iam:PassRole'], resources, conditions });
}
