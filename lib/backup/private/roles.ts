import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { sourcePrefix } from '../../../catalog/bucket/names';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { restoreStatements } from '../../bucket/private/bucket-policy';
import { acknowledgeLogs, acknowledgeWildcards } from '../../private/acknowledge';
import { InlineRole } from '../../private/inline-role';
import { rolePath } from '../../private/names';

const ecsTasks = (scope: Construct) =>
  new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });

/** Creates the role of the program. */
export function taskRole(scope: Construct, bucket: IBackupBucket, source: string): InlineRole {
  const role = new InlineRole(scope, 'TaskRole', {
    assumedBy: ecsTasks(scope),
    description: 'Lets a backup write to its own prefix of the bucket',
    path: rolePath(scope.node.scope!),
  });
  const wildcards = [`${sourcePrefix(source)}*`, '*/*/*', '*'].map((keys) => `${bucket.bucketArn}/${keys}`);
  acknowledgeWildcards(role, 'All objects of one source; the denials cover the whole bucket.', wildcards);
  return role;
}

/**
 * Creates the role of the program when it restores. Its path is none from which a role that starts backups may pass roles on:
 * no schedule, and nobody who may run a backup, can read one.
 */
export function restoreRole(scope: Construct, bucket: IBackupBucket, source: string): InlineRole {
  const role = new InlineRole(scope, 'RestoreRole', {
    assumedBy: ecsTasks(scope),
    description: 'Lets a restore read the backups of one source',
    path: rolePath(scope.node.scope!, 'restore'),
  });
  const { bucketArn, encryptionKey } = bucket;
  const { region, urlSuffix } = Stack.of(scope);
  const statements = restoreStatements(bucketArn, encryptionKey.keyArn, source, `s3.${region}.${urlSuffix}`);
  for (const statement of statements) role.addToPrincipalPolicy(statement);
  const wildcards = [`${sourcePrefix(source)}*/*`, '*'].map((keys) => `${bucketArn}/${keys}`);
  acknowledgeWildcards(role, 'All objects of one source; the denials cover the whole bucket.', wildcards);
  return role;
}

/** Creates the role with which ECS pulls the image, reads the secret and writes the log. */
export function executionRole(scope: Construct, logGroup: logs.ILogGroup): InlineRole {
  const role = new InlineRole(scope, 'ExecutionRole', {
    assumedBy: ecsTasks(scope),
    description: 'Lets ECS start a backup',
    path: rolePath(scope.node.scope!),
  });
  acknowledgeWildcards(role, 'ecr:GetAuthorizationToken has no resources.', ['*']);
  acknowledgeLogs(role, logGroup);
  return role;
}

/** Creates the role with which EventBridge Scheduler starts tasks and functions. */
export function schedulerRole(scope: Construct, group: scheduler.IScheduleGroup | undefined): InlineRole {
  const stack = Stack.of(scope);
  const defaultGroup = { service: 'scheduler', resource: 'schedule-group', resourceName: 'default' };
  return new InlineRole(scope, 'SchedulerRole', {
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:SourceAccount': stack.account,
          'aws:SourceArn': group?.scheduleGroupArn ?? stack.formatArn(defaultGroup),
        },
      },
    }),
    description: 'Lets EventBridge Scheduler start backups',
  });
}
