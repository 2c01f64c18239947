import { Annotations, Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import type { InDocument, JobDocument, ServerAddress } from '../../../catalog/contract/task';
import { ENV, RESTORE_TAG, SCRATCH_DIRECTORY, taskFamily } from '../../../catalog/contract/task';
import { engineFacts } from '../../../engines/facts';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import type { BoundDatabase } from '../../database/private/bound-database';
import { identityOf, requireFindable, requireKeys, SecretValue } from '../../database/private/secret-value';
import { fault, requireProps, requireRange, secondsOf } from '../../private/fault';
import type { RestoreOptions } from '../restore-options';
import { requireFargateSize } from './fargate-size';
import type { InstanceRestore } from './instance-run';
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
 * Creates the task that restores. It shares the execution role with the dump: in ECS no program has that role, and what starts a
 * dump gives it the dump's secret only. On an instance, whoever reaches the metadata service can take it on: see docs/instances.md.
 * A third resource for each of 60 databases would not fit into a stack.
 */
export function restoreTask(
  scope: Construct,
  options: RestoreOptions,
  props: RestoreTaskProps,
): ecs.FargateTaskDefinition {
  const { source, bucket, database } = props;
  const job = restoreJob(scope, options, props);
  const size = sizeOf(scope, options, props.size);
  requireGroups(scope, options);
  const task = programTask(scope, 'RestoreTaskDefinition', {
    ...props,
    ...size,
    ...credentialsOf(scope, options, database),
    family: taskFamily(props.family, source, 'restore'),
    volume: database.volume,
    taskRole: restoreRole(scope, { bucket, repository: database.repository }, source),
    identity: identityOf(scope, 'restore.identity', options.identity),
    job,
  });
  (task.node.defaultChild as ecs.CfnTaskDefinition).tags.setTag(RESTORE_TAG, source);
  return task;
}

function restoreJob(
  scope: Construct,
  options: RestoreOptions,
  { source, bucket, database }: Pick<RestoreTaskProps, 'source' | 'bucket' | 'database'>,
): JobDocument {
  requireProps(scope, options, {}, 'restore.');
  const timeoutSeconds = secondsOf(scope, 'restore.timeout', options.timeout) ?? 12 * 3600;
  requireRange(scope, 'restore.timeout', timeoutSeconds, TIMEOUT_BOUNDS);
  return {
    action: 'restore',
    source,
    engine: database.engine,
    bucket: bucket.bucketName,
    timeoutSeconds,
    scratchDirectory: SCRATCH_DIRECTORY,
    server: targetOf(scope, database),
    file: database.file,
  };
}

/**
 * What a restore on an instance needs besides the runs of its source.
 *
 * @param host role of the instance: every process that reaches the metadata service has it, and reads the backups of this source
 */
export function restoreOnInstance(
  scope: Construct,
  options: RestoreOptions,
  props: Pick<RestoreTaskProps, 'source' | 'bucket' | 'database'>,
  host: iam.IPrincipal,
): InstanceRestore {
  return {
    job: restoreJob(scope, options, props),
    taskRole: restoreRole(scope, { bucket: props.bucket, repository: props.database.repository }, props.source, host),
    ...{ secrets: undefined, ...credentialsOf(scope, options, props.database) },
  };
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

function targetOf(scope: IConstruct, { server, writer }: BoundDatabase): InDocument<ServerAddress> | undefined {
  if (writer === false) {
    fault(
      scope,
      'restore needs a database that takes writes, got: a read replica: leave restore out, or back up the instance that it is a replica of',
    );
  }
  if (!server) return undefined;
  const { host, port, tls, members, srv, replicaSet, authSource } = server;
  return { host: writer ?? host, port, tls, members, srv, replicaSet, authSource };
}

function credentialsOf(
  scope: IConstruct,
  { secret, usernameKey, passwordKey }: RestoreOptions,
  { engine, secrets }: BoundDatabase,
): Pick<TaskProps, 'secrets'> {
  const { title } = engineFacts(engine);
  if (!secrets || ENV.repositoryKey in secrets) {
    if ((secret ?? usernameKey ?? passwordKey) === undefined) return { secrets };
    fault(scope, `restore.secret must be left out for ${title}, which has no users, got: a secret, or a key of one`);
  }
  if (secret === undefined) {
    fault(
      scope,
      `restore.secret must be given for ${title}, got: ${secret}: give the secret of a user that may write; that of the backup should only read`,
    );
  }
  requireFindable(scope, secret, 'restore.secret');
  requireKeys(scope, { usernameKey, passwordKey }, 'restore.');
  if (ENV.uri in secrets && (usernameKey ?? passwordKey) !== undefined) {
    fault(
      scope,
      `restore.usernameKey and restore.passwordKey must be left out with uriKey, got: ${usernameKey ?? passwordKey}: put a connection string under the key ${secrets[ENV.uri]!.field} of restore.secret`,
    );
  }
  const keys: Readonly<Record<string, string | undefined>> = {
    [ENV.username]: usernameKey,
    [ENV.password]: passwordKey,
  };
  const own = Object.fromEntries(
    Object.entries(secrets).map(([name, { field }]) => [name, new SecretValue(secret, keys[name] ?? field)]),
  );
  const [first, ofBackup] = [own, secrets].map((all) =>
    JSON.stringify(Stack.of(scope).resolve(Object.values(all)[0]?.arn)),
  );
  if (first === ofBackup) {
    Annotations.of(scope).addWarningV2(
      'proven-backups:restoreWithSecretOfBackup',
      'restore.secret is the secret of the backup, whose user should only read: give that of another user, which may write, in restore.secret, and let the backup use one that may not',
    );
  }
  return { secrets: own };
}

/** Ids of the security groups of a restore, if it has its own. */
export const groupsOf = ({ securityGroups }: RestoreOptions): string[] | undefined =>
  securityGroups?.map(({ securityGroupId }) => securityGroupId);
