import { Annotations, Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct, IConstruct } from 'constructs';
import type { RestoreJob } from '../../../catalog/contract/task';
import { RESTORE_TAG, SCRATCH_DIRECTORY, taskFamily } from '../../../catalog/contract/task';
import { engineFacts } from '../../../engines/facts';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import type { BoundDatabase } from '../../database/private/bound-database';
import { requireFindable, requireKeys, SecretValue } from '../../database/private/secret-value';
import { fault, requireProps, requireRange, secondsOf } from '../../private/fault';
import type { RestoreOptions } from '../restore-options';
import { requireFargateSize } from './fargate-size';
import { restoreRole } from './roles';
import type { TaskProps, TaskSize } from './task-definition';
import { programTask } from './task-definition';
import { TIMEOUT_BOUNDS } from './timeout';

/** What a restore shares with the backups of its source. */
export interface RestoreTaskProps extends Pick<TaskProps, 'executionRole' | 'logGroup' | 'image'> {
  /** Beginning of its family. */
  readonly family: string;
  readonly source: string;
  readonly bucket: IBackupBucket;
  readonly database: BoundDatabase;
  /** Size of the backup's task. */
  readonly size: TaskSize;
}

/**
 * Creates the task that restores. It shares the execution role with the dump: that role is of ECS alone, no program has it, and
 * what starts a dump gives it the dump's secret only. A third resource for each of 60 databases would not fit into a stack.
 */
export function restoreTask(
  scope: Construct,
  options: RestoreOptions,
  props: RestoreTaskProps,
): ecs.FargateTaskDefinition {
  const { source, bucket, database } = props;
  requireProps(scope, options, {}, 'restore.');
  const size = sizeOf(scope, options, props.size);
  const timeoutSeconds = secondsOf(scope, 'restore.timeout', options.timeout) ?? 12 * 3600;
  requireRange(scope, 'restore.timeout', timeoutSeconds, TIMEOUT_BOUNDS);
  requireGroups(scope, options);
  const job: RestoreJob = {
    action: 'restore',
    source,
    engine: database.engine,
    bucket: bucket.bucketName,
    timeoutSeconds,
    scratchDirectory: SCRATCH_DIRECTORY,
    server: targetOf(scope, database),
    file: database.file,
  };
  const task = programTask(scope, 'RestoreTaskDefinition', {
    ...props,
    ...size,
    ...credentialsOf(scope, options, database),
    family: taskFamily(props.family, source, 'restore'),
    volume: database.volume,
    taskRole: restoreRole(scope, bucket, source),
    job,
  });
  (task.node.defaultChild as ecs.CfnTaskDefinition).tags.setTag(RESTORE_TAG, source);
  return task;
}

function sizeOf(scope: IConstruct, options: RestoreOptions, backup: TaskSize): TaskSize {
  const { cpu = backup.cpu, memoryLimitMiB = backup.memoryLimitMiB } = options;
  const { ephemeralStorageGiB = backup.ephemeralStorageGiB } = options;
  requireFargateSize(scope, { cpu, memoryLimitMiB, ephemeralStorageGiB }, 'restore.');
  return { ...backup, cpu, memoryLimitMiB, ephemeralStorageGiB };
}

function requireGroups(scope: IConstruct, { securityGroups }: RestoreOptions): void {
  if (securityGroups === undefined || (securityGroups.length >= 1 && securityGroups.length <= 5)) return;
  fault(
    scope,
    `restore.securityGroups must be 1 to 5, got: ${securityGroups.length}: leave them out to use those of the backup`,
  );
}

function targetOf(scope: IConstruct, { server, writer }: BoundDatabase): RestoreJob['server'] {
  if (writer === false) {
    fault(
      scope,
      'restore needs a database that takes writes, got: a read replica: leave restore out, or back up the instance that it is a replica of',
    );
  }
  return server && { host: writer ?? server.host, port: server.port, tls: server.tls };
}

function credentialsOf(
  scope: IConstruct,
  { secret, usernameKey, passwordKey }: RestoreOptions,
  { engine, username, password }: BoundDatabase,
): Pick<TaskProps, 'username' | 'password'> {
  const { title } = engineFacts(engine);
  if (!username || !password) {
    if ((secret ?? usernameKey ?? passwordKey) === undefined) return {};
    fault(scope, `restore.secret must be left out for ${title}, which has no users, got: a secret, or a key of one`);
  }
  if (secret === undefined) {
    fault(
      scope,
      `restore.secret must be given for ${title}, got: ${secret}: give the secret of a user that may write; that of the backup should only read`,
    );
  }
  requireFindable(scope, secret, 'restore.secret');
  requireKeys(scope, [usernameKey, passwordKey], 'restore.');
  const values = {
    username: new SecretValue(secret, usernameKey ?? username.field),
    password: new SecretValue(secret, passwordKey ?? password.field),
  };
  const [own, ofBackup] = [values.username, username].map(({ arn }) => JSON.stringify(Stack.of(scope).resolve(arn)));
  if (own === ofBackup) {
    Annotations.of(scope).addWarningV2(
      'proven-backups:restoreWithSecretOfBackup',
      'restore.secret is the secret of the backup, whose user should only read: give that of another user, which may write, in restore.secret, and let the backup use one that may not',
    );
  }
  return values;
}

/** Ids of the security groups of a restore, if it has its own. */
export const groupsOf = ({ securityGroups }: RestoreOptions): string[] | undefined =>
  securityGroups?.map(({ securityGroupId }) => securityGroupId);
