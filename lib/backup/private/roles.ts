import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { sourcePrefix, VERDICT_FILE } from '../../../catalog/bucket/names';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import type { FilesRepository } from '../../bucket/files-repository';
import { maintainerStatements, proveStatements, restoreStatements } from '../../bucket/private/bucket-policy';
import { acknowledgeLogs, acknowledgeStatements, acknowledgeWildcards } from '../../private/acknowledge';
import { InlineRole } from '../../private/inline-role';
import { rolePath, s3ServiceOf } from '../../private/names';

const ecsTasks = (scope: Construct) =>
  new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });

/** Where backups of a source are: those of files may have their data in a repository. */
export interface BackupPlaces {
  readonly bucket: IBackupBucket;
  readonly repository: FilesRepository | undefined;
}

/** Those of a source with a repository. */
export type MaintainedPlaces = BackupPlaces & { readonly repository: FilesRepository };

/**
 * Creates the role of the program.
 *
 * @param assumedBy who runs the program; ECS when left out
 */
export function taskRole(
  scope: Construct,
  bucket: IBackupBucket,
  source: string,
  assumedBy: iam.IPrincipal = ecsTasks(scope),
): InlineRole {
  const role = new InlineRole(scope, 'TaskRole', {
    assumedBy,
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
 *
 * @param assumedBy who runs the program; ECS when left out
 */
export function restoreRole(
  scope: Construct,
  { bucket, repository }: BackupPlaces,
  source: string,
  assumedBy: iam.IPrincipal = ecsTasks(scope),
): InlineRole {
  const role = new InlineRole(scope, 'RestoreRole', {
    assumedBy,
    description: 'Lets a restore read the backups of one source',
    path: rolePath(scope.node.scope!, 'restore'),
  });
  const { bucketArn, encryptionKey } = bucket;
  const statements = restoreStatements(bucketArn, encryptionKey.keyArn, source, s3ServiceOf(scope));
  for (const statement of statements) role.addToPrincipalPolicy(statement);
  repository?.grantRead(role, source);
  const wildcards = [`${sourcePrefix(source)}*/*`, '*'].map((keys) => `${bucketArn}/${keys}`);
  acknowledgeWildcards(role, 'All objects of one source; the denials cover the whole bucket.', wildcards);
  return role;
}

/**
 * Creates the role of the program when it tests backups of a source. Its path is that of restore tests: only what starts them may
 * pass it on.
 *
 * @param scope whose restore tests it is for
 */
export function proveRole(scope: Construct, { bucket, repository }: BackupPlaces, source: string): InlineRole {
  const role = new InlineRole(scope, `RoleOf-${source}`, {
    assumedBy: ecsTasks(scope),
    description: 'Lets a restore test read the backups of one source',
    path: rolePath(scope, 'prove'),
  });
  const { bucketArn, encryptionKey } = bucket;
  const statements = proveStatements(bucketArn, encryptionKey.keyArn, source, s3ServiceOf(scope));
  for (const statement of statements) role.addToPrincipalPolicy(statement);
  repository?.grantRead(role, source);
  const wildcards = [`${sourcePrefix(source)}*/*`, `${sourcePrefix(source)}*/${VERDICT_FILE}`, '*'];
  const reason = 'All objects and verdicts of one source; the denials cover the whole bucket.';
  acknowledgeWildcards(
    role,
    reason,
    wildcards.map((keys) => `${bucketArn}/${keys}`),
  );
  return role;
}

/**
 * Creates the role of the program when it removes from the repository what no backup needs. Its path is its own: the policy of a
 * repository's bucket names it by that, and lets nobody else delete.
 */
export function maintenanceRole(
  scope: Construct,
  { bucket, repository }: MaintainedPlaces,
  source: string,
  path: string,
): InlineRole {
  const role = new InlineRole(scope, 'Role', {
    assumedBy: ecsTasks(scope),
    description: 'Lets the maintenance of one source delete in its repository',
    path,
  });
  repository._grantMaintain(role, source);
  const statements = maintainerStatements(bucket.bucketArn, source);
  for (const statement of statements) role.addToPrincipalPolicy(statement);
  acknowledgeStatements(role, 'The denials cover the whole bucket.', statements);
  return role;
}

/**
 * Creates the role with which ECS pulls the image, reads the secret and writes the log.
 *
 * @param path IAM path; that of the backups when left out
 * @param assumedBy who does that; ECS when left out
 */
export function executionRole(
  scope: Construct,
  logGroup: logs.ILogGroup,
  path = rolePath(scope.node.scope!),
  assumedBy: iam.IPrincipal = ecsTasks(scope),
): InlineRole {
  const role = new InlineRole(scope, 'ExecutionRole', {
    assumedBy,
    description: 'Lets ECS start a backup',
    path,
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
