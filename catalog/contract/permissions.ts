/**
 * What each role of a deployment needs, and what must be denied to it: the table of docs/roles.md as requests to IAM. Free
 * of dependencies.
 */
import { KEEP_FILE, lockKey, manifestKey, objectKey, VERDICT_FILE } from '../bucket/names';
import { settingsPath } from './handlers';
import { METRICS } from './task';

/** One action on one resource, with what its request says. */
export interface Access {
  /** `s3:PutObject` */
  readonly action: string;
  /** ARN; `*` if the action knows no resources. */
  readonly resource: string;
  /** Values of condition keys, by their names. */
  readonly context: Readonly<Record<string, string>>;
  /** Whether the role needs it; otherwise it must be denied, whoever grants it. */
  readonly isNeeded: boolean;
}

/** Where a deployment is. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  /** How KMS names CloudWatch Logs: `logs.eu-west-1.amazonaws.com`. */
  readonly logsService: string;
}

/** A log group. */
export interface LogParts {
  readonly name: string;
  /** ARN of its key, if it has one. */
  readonly keyArn?: string | undefined;
}

/** ARNs of things, or the name of a document, of which a role uses one at most: a function or a queue is the `target` of a schedule, a table is the `memory`. */
type Uses =
  | 'fileSystem'
  | 'accessPoint'
  | 'repository'
  | 'cluster'
  | 'taskDefinition'
  | 'target'
  | 'document'
  | 'deadLetterQueue'
  | 'restoreTask'
  | 'restoreRole'
  | 'proveTask'
  | 'proveRole'
  | 'filesRepository';
type Tells = 'events' | 'topic' | 'topicKey' | 'memory';

/** What a role works with, and nothing that it does not use. */
export interface RoleParts extends Place, Readonly<Partial<Record<Uses | Tells, string | undefined>>> {
  /** Name of the bucket. */
  readonly bucket: string;
  /** ARN of its key. */
  readonly keyArn: string;
  /** Name of the source of a task. */
  readonly source?: string;
  /** ARNs of secrets, without keys. */
  readonly secrets?: readonly string[];
  /** ARNs of the keys of customers that encrypt them. */
  readonly secretKeys?: readonly string[];
  /** Log group that is written, and those that are read. */
  readonly logGroup?: LogParts;
  readonly readLogGroups?: readonly LogParts[];
  /** ARNs of the roles of the task that a schedule starts. */
  readonly taskRoles?: readonly string[];
  /** Name of the parameter with settings. */
  readonly settings?: string | undefined;
  /** Path of several parameters with settings, with the closing slash. */
  readonly settingsPath?: string | undefined;
  /** Names of groups of schedules. */
  readonly scheduleGroups?: readonly string[];
  /** ARNs of vaults of AWS Backup whose recovery points are listed. */
  readonly vaults?: readonly string[];
  /** Tag of the snapshots that are pruned, as a condition key with its value. */
  readonly snapshotTag?: Access['context'] | undefined;
}

/** Kinds of roles. */
export type RoleKind =
  | 'task'
  | 'maintenance'
  | 'restore'
  | 'prove'
  | 'restoreTests'
  | 'execution'
  | 'scheduler'
  | 'prune'
  | 'undelete'
  | 'measure'
  | 'notify'
  | 'snapshots';

/** Stands for any backup: permissions name no id. */
const ID = '2026-11-20T02-00-00Z';
/** A source that is not the role's own. */
const OTHER = 'another-source';
const READ_DATA = 's3:GetObject s3:GetObjectVersion';
const DELETE = 's3:DeleteObject s3:DeleteObjectVersion';
const OVERWRITE = { 's3:ObjectCreationOperation': 'true' };
const CREATE = { ...OVERWRITE, 's3:if-none-match': '*' };
const RUN = { 'ecs:CreateAction': 'RunTask' };
const passedTo = (service: string) => ({ 'iam:PassedToService': `${service}.amazonaws.com` });
const arnOf = ({ partition, region, account }: Place, service: string, resource: string): string =>
  `arn:${partition}:${service}:${region}:${account}:${resource}`;

/** ARNs of what lies in the bucket for a source. */
function objectsOf({ partition, bucket }: RoleParts, source: string) {
  const object = (key: string) => `arn:${partition}:s3:::${bucket}/${key}`;
  return {
    data: object(objectKey(source, ID, `${source}.sql.zst`)),
    manifest: object(manifestKey(source, ID)),
    verdict: object(objectKey(source, ID, VERDICT_FILE)),
    keep: object(objectKey(source, ID, KEEP_FILE)),
    lock: object(lockKey(source)),
  };
}

/** ARNs of what lies in the repository of a source, and of its bucket; all undefined without one. */
function repositoryOf({ filesRepository: bucket, source = OTHER }: RoleParts) {
  const object = (key: string) => bucket && `${bucket}/${source}/${key}`;
  return { bucket, pack: object('data/0a/0a1b2c'), lock: object('locks/0a1b2c') };
}

/** @param actions with spaces between them */
const access =
  (isNeeded: boolean) =>
  (on: string | undefined | readonly (string | undefined)[], actions: string, context: Access['context'] = {}) =>
    [on]
      .flat()
      .flatMap((resource) =>
        resource === undefined ? [] : actions.split(' ').map((action) => ({ action, resource, context, isNeeded })),
      );
const may = access(true);
const mayNot = access(false);

/** CloudWatch Logs asks KMS in the name of whoever writes or reads. */
function mayLog(place: Place, log: LogParts | undefined, actions: string, keyActions: string): Access[] {
  if (!log) return [];
  const group = arnOf(place, 'logs', `log-group:${log.name}`);
  const context = { 'kms:ViaService': place.logsService, 'kms:EncryptionContext:aws:logs:arn': group };
  return [...may(`${group}:log-stream:${OTHER}`, actions), ...may(log.keyArn, keyActions, context)];
}

/** What a role needs, and what must be denied to it. */
export function accessOf(kind: RoleKind, parts: RoleParts): Access[] {
  const { keyArn, source = OTHER, repository, cluster, taskRoles, target, events, topic, memory } = parts;
  const bucket = `arn:${parts.partition}:s3:::${parts.bucket}`;
  const own = objectsOf(parts, source);
  const other = objectsOf(parts, OTHER);
  const files = repositoryOf(parts);
  const listsFiles = may(files.bucket, 's3:ListBucket', { 's3:prefix': `${source}/` });
  const readsFiles = [
    ...may(files.pack, 's3:GetObject'),
    ...listsFiles,
    ...mayNot([files.pack, files.lock], `s3:PutObject ${DELETE}`),
  ];
  const parameter = (name: string | undefined) => name && arnOf(parts, 'ssm', `parameter${name}`);
  const snapshot = `arn:${parts.partition}:ec2:${parts.region}::snapshot/snap-0123456789abcdef0`;
  const logKey = 'kms:Encrypt kms:Decrypt kms:GenerateDataKey kms:DescribeKey kms:ReEncryptFrom kms:ReEncryptTo';
  const writesLog = mayLog(parts, parts.logGroup, 'logs:CreateLogStream logs:PutLogEvents', logKey);
  const readsCatalog = [
    ...may(bucket, 's3:ListBucket'),
    ...may([other.manifest, other.verdict], 's3:GetObject'),
    ...may(keyArn, 'kms:Decrypt'),
    ...may(parameter(parts.settings), 'ssm:GetParameter'),
  ];
  const noBackups = mayNot(other.data, `${READ_DATA} s3:PutObject ${DELETE}`);
  const noData = [
    ...mayNot(other.data, `${READ_DATA} s3:PutObject s3:BypassGovernanceRetention`),
    ...mayNot(other.manifest, 's3:PutObject'),
  ];
  const mountsFile = may(parts.fileSystem, 'elasticfilesystem:ClientMount elasticfilesystem:ClientWrite', {
    'elasticfilesystem:AccessPointArn': parts.accessPoint ?? '',
  });
  const table: Record<RoleKind, () => Access[][]> = {
    task: () => [
      may(own.data, 's3:PutObject', CREATE),
      may(own.data, 's3:AbortMultipartUpload'),
      may(own.lock, 's3:GetObject s3:PutObject'),
      may(bucket, 's3:ListBucket', { 's3:prefix': `${source}/` }),
      may(bucket, 's3:ListBucketMultipartUploads'),
      may(keyArn, 'kms:GenerateDataKey kms:Decrypt'),
      mountsFile,
      may(files.pack, 's3:GetObject s3:PutObject s3:AbortMultipartUpload'),
      may(files.lock, 's3:DeleteObject'),
      listsFiles,
      mayNot(files.pack, DELETE),
      mayNot(own.data, `${READ_DATA} ${DELETE}`),
      mayNot(own.data, 's3:PutObject', OVERWRITE),
      mayNot([own.verdict, own.keep], 's3:PutObject', CREATE),
      mayNot(own.lock, 's3:DeleteObject'),
      mayNot(other.lock, 's3:GetObject s3:PutObject'),
      mayNot(other.data, 's3:PutObject', CREATE),
      mayNot(bucket, 's3:ListBucket s3:PutLifecycleConfiguration s3:PutBucketPolicy'),
    ],
    maintenance: () => [
      may(files.pack, 's3:GetObject s3:PutObject s3:AbortMultipartUpload s3:DeleteObject'),
      listsFiles,
      may(bucket, 's3:ListBucketVersions', { 's3:prefix': `${source}/` }),
      mayNot(files.pack, 's3:DeleteObjectVersion'),
      mayNot([own.data, own.manifest, own.lock], `${READ_DATA} s3:PutObject ${DELETE}`),
      mayNot(bucket, 's3:ListBucketVersions', { 's3:prefix': `${OTHER}/` }),
    ],
    restore: () => [
      readsFiles,
      may([own.data, own.manifest], 's3:GetObject'),
      may(keyArn, 'kms:Decrypt', { 'kms:ViaService': parts.logsService.replace(/^logs/, 's3') }),
      mountsFile,
      mayNot([own.data, own.manifest, own.verdict, own.lock], 's3:PutObject', CREATE),
      mayNot(own.lock, READ_DATA),
      mayNot(own.data, `${DELETE} s3:PutObjectRetention s3:BypassGovernanceRetention s3:RestoreObject`),
      mayNot([other.data, other.manifest, other.lock], READ_DATA),
      mayNot(bucket, 's3:ListBucket s3:PutLifecycleConfiguration s3:PutBucketPolicy'),
      mayNot(keyArn, 'kms:GenerateDataKey'),
      mayNot(parts.secrets, 'secretsmanager:GetSecretValue'),
    ],
    prove: () => [
      readsFiles,
      may([own.data, own.manifest], 's3:GetObject'),
      may(own.verdict, 's3:GetObject s3:PutObject'),
      may(bucket, 's3:ListBucket', { 's3:prefix': `${source}/` }),
      may(keyArn, 'kms:Decrypt kms:GenerateDataKey', { 'kms:ViaService': parts.logsService.replace(/^logs/, 's3') }),
      mayNot([own.data, own.manifest, own.lock], 's3:PutObject', CREATE),
      mayNot(own.lock, READ_DATA),
      mayNot([own.data, own.verdict], `${DELETE} s3:PutObjectRetention s3:BypassGovernanceRetention s3:RestoreObject`),
      mayNot([other.data, other.manifest, other.lock], READ_DATA),
      mayNot(other.verdict, 's3:PutObject'),
      mayNot(bucket, 's3:ListBucket', { 's3:prefix': `${OTHER}/` }),
      mayNot(bucket, 's3:ListBucket s3:PutLifecycleConfiguration s3:PutBucketPolicy'),
      mayNot(parts.secrets, 'secretsmanager:GetSecretValue'),
    ],
    restoreTests: () => [
      readsCatalog,
      may(parameter(parts.settingsPath?.replace(/\/$/, '')), 'ssm:GetParametersByPath'),
      may(memory, 'dynamodb:GetItem dynamodb:PutItem'),
      may(parts.taskDefinition, 'ecs:RunTask', { 'ecs:cluster': cluster ?? '' }),
      may(cluster && `${cluster.replace(':cluster/', ':task/')}/${OTHER}`, 'ecs:TagResource', RUN),
      may(cluster && `${cluster.replace(':cluster/', ':task/')}/${OTHER}`, 'ecs:DescribeTasks', {
        'ecs:cluster': cluster ?? '',
      }),
      may(cluster && '*', 'ecs:ListTasks', { 'ecs:cluster': cluster ?? '' }),
      may(taskRoles, 'iam:PassRole', passedTo('ecs-tasks')),
      may(events, 'sqs:SendMessage'),
      writesLog,
      noData,
      mayNot(parts.restoreTask, 'ecs:RunTask', { 'ecs:cluster': cluster ?? '' }),
      mayNot(parts.restoreRole, 'iam:PassRole', passedTo('ecs-tasks')),
    ],
    execution: () => [
      may(repository && '*', 'ecr:GetAuthorizationToken'),
      may(repository, 'ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer ecr:BatchGetImage'),
      may(parts.secrets, 'secretsmanager:GetSecretValue'),
      may(parts.secretKeys, 'kms:Decrypt', { 'kms:ViaService': parts.logsService.replace(/^logs/, 'secretsmanager') }),
      writesLog,
      noBackups,
      mayNot(arnOf(parts, 'secretsmanager', `secret:${OTHER}-AbCdEf`), 'secretsmanager:GetSecretValue'),
      mayNot(keyArn, 'kms:Decrypt'),
    ],
    scheduler: () => [
      may(parts.taskDefinition, 'ecs:RunTask', { 'ecs:cluster': cluster ?? '' }),
      may(cluster && `${cluster.replace(':cluster/', ':task/')}/${OTHER}`, 'ecs:TagResource', RUN),
      may(taskRoles, 'iam:PassRole', passedTo('ecs-tasks')),
      may(target, target?.includes(':lambda:') ? 'lambda:InvokeFunction' : 'sqs:SendMessage'),
      may(parts.document && arnOf(parts, 'ssm', `document/${parts.document}`), 'ssm:SendCommand'),
      may(parts.deadLetterQueue, 'sqs:SendMessage'),
      noBackups,
      mayNot(arnOf(parts, 'lambda', `function:${OTHER}`), 'lambda:InvokeFunction'),
      mayNot(taskRoles, 'iam:PassRole', passedTo('lambda')),
      mayNot([parts.restoreTask, parts.proveTask], 'ecs:RunTask', { 'ecs:cluster': cluster ?? '' }),
      mayNot([parts.restoreRole, parts.proveRole], 'iam:PassRole', passedTo('ecs-tasks')),
    ],
    prune: () => [
      may(other.data, 's3:DeleteObject s3:GetObjectRetention s3:GetObjectLegalHold'),
      may(bucket, 's3:GetBucketVersioning s3:GetBucketObjectLockConfiguration'),
      readsCatalog,
      may([other.keep, other.lock], 's3:GetObject'),
      may(parameter(settingsPath(parts.bucket).slice(0, -1)), 'ssm:GetParametersByPath'),
      may(events, 'sqs:SendMessage'),
      writesLog,
      noData,
      mayNot(other.data, 's3:DeleteObjectVersion'),
    ],
    undelete: () => [
      may(other.data, 's3:DeleteObjectVersion'),
      may(bucket, 's3:ListBucketVersions'),
      may(other.manifest, 's3:GetObjectVersion'),
      may(bucket, 's3:ListBucket'),
      may(other.keep, 's3:GetObject s3:PutObject'),
      may(keyArn, 'kms:GenerateDataKey kms:Decrypt'),
      writesLog,
      noData,
      mayNot(other.data, 's3:DeleteObject'),
    ],
    measure: () => [
      readsCatalog,
      may('*', 'cloudwatch:PutMetricData', { 'cloudwatch:namespace': METRICS.namespace }),
      may(events, 'sqs:SendMessage'),
      may(topic, 'sns:ListSubscriptionsByTopic'),
      may(memory, 'dynamodb:GetItem dynamodb:PutItem'),
      may(parts.vaults, 'backup:ListRecoveryPointsByBackupVault'),
      writesLog,
      noData,
      mayNot(other.data, DELETE),
    ],
    notify: () => [
      readsCatalog,
      may(parts.vaults, 'backup:ListRecoveryPointsByBackupVault'),
      may([events, parts.deadLetterQueue], 'sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes'),
      may(topic, 'sns:Publish sns:ListSubscriptionsByTopic'),
      may(parts.topicKey, 'kms:Decrypt kms:GenerateDataKey'),
      may(memory, 'dynamodb:GetItem dynamodb:PutItem dynamodb:Scan'),
      ...(parts.readLogGroups ?? []).map((log) => mayLog(parts, log, 'logs:GetLogEvents', 'kms:Decrypt')),
      ...(parts.scheduleGroups ?? []).map((group) =>
        may(arnOf(parts, 'scheduler', `schedule/${group}/${OTHER}`), 'scheduler:GetSchedule'),
      ),
      writesLog,
      noData,
      mayNot(other.data, DELETE),
    ],
    snapshots: () => [
      may('*', 'ec2:DescribeImages ec2:DescribeLockedSnapshots ec2:DescribeSnapshotAttribute'),
      may('*', 'ec2:DescribeSnapshots ec2:DescribeSnapshotTierStatus'),
      may(snapshot, 'ec2:DeleteSnapshot', parts.snapshotTag),
      may(events, 'sqs:SendMessage'),
      writesLog,
      noBackups,
      mayNot(snapshot, 'ec2:DeleteSnapshot'),
    ],
  };
  return table[kind]().flat();
}
