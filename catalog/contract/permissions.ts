/**
 * What each role of a deployment needs, and what must be denied to it: the table of docs/roles.md as requests to IAM. Each
 * role is described by the resources that it works with. Free of dependencies.
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
  readonly context?: Readonly<Record<string, string>>;
}

/** Requests of a role. */
export interface RoleAccess {
  /** Without one of them, the role cannot do its work. */
  readonly needed: readonly Access[];
  /** Some that must be denied, whoever grants them. */
  readonly denied: readonly Access[];
}

/** Where a deployment is. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** The bucket of the backups. */
export interface BucketParts extends Place {
  readonly bucket: string;
  /** ARN of its key. */
  readonly keyArn: string;
}

/** Role of the dump program. */
export interface TaskParts extends BucketParts {
  readonly source: string;
  /** ARNs of the file system and the access point of a database that is a file. */
  readonly file?: { readonly fileSystem: string; readonly accessPoint: string };
}

/** A log group. */
export interface LogParts {
  readonly name: string;
  /** ARN of its key, if it has one. */
  readonly keyArn?: string;
}

/** Role with which ECS starts a task. */
export interface ExecutionParts extends BucketParts {
  /** ARN of the repository of the image; left out if it is not in ECR. */
  readonly repository?: string;
  /** ARNs of the secrets, without keys. */
  readonly secrets: readonly string[];
  readonly logGroup: LogParts;
}

/** Role of a schedule. */
export interface SchedulerParts extends BucketParts {
  /** The task that it starts. */
  readonly task?: {
    readonly cluster: string;
    /** ARN of the task definition. */
    readonly definition: string;
    /** ARNs of the roles of the task. */
    readonly roles: readonly string[];
  };
  /** ARN of the function that it invokes, or of the queue that it writes to. */
  readonly target?: string;
  readonly deadLetterQueue?: string;
}

/** Role of a function. ARNs. */
export interface FunctionParts extends BucketParts {
  readonly logGroup: LogParts;
  readonly events?: string;
  /** Dead-letter queue that the notify function reads as well. */
  readonly deadLetters?: string;
  readonly topic?: string;
  readonly topicKey?: string;
  readonly memory?: string;
  /** Name of the parameter with its settings. */
  readonly settings?: string;
  /** Log groups and groups of schedules that the notify function looks into. */
  readonly taskLogGroups?: readonly LogParts[];
  readonly scheduleGroups?: readonly string[];
}

/** Stands for any backup: permissions name no id. */
const ID = '2026-11-20T02-00-00Z';
/** A source that is not the role's own. */
const OTHER = 'another-source';
const READ_QUEUE = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
const CREATES = { 's3:ObjectCreationOperation': 'true' };

const on = (resource: string, ...actions: string[]): Access[] => actions.map((action) => ({ action, resource }));
const when = (context: Access['context'], accesses: readonly Access[]): Access[] =>
  accesses.map((access) => ({ ...access, context }));

const bucketArn = ({ partition, bucket }: BucketParts): string => `arn:${partition}:s3:::${bucket}`;
const dataOf = (parts: BucketParts, source: string): string =>
  `${bucketArn(parts)}/${objectKey(source, ID, `${source}.sql.zst`)}`;
const arnOf = ({ partition, region, account }: Place, service: string, resource: string): string =>
  `arn:${partition}:${service}:${region}:${account}:${resource}`;
const streamOf = (place: Place, { name }: LogParts): string =>
  arnOf(place, 'logs', `log-group:${name}:log-stream:${OTHER}`);

/** CloudWatch Logs asks KMS in the name of whoever writes or reads. */
function logKey(place: Place, { name, keyArn }: LogParts, ...actions: string[]): Access[] {
  if (keyArn === undefined) return [];
  const suffix = place.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const context = {
    'kms:ViaService': `logs.${place.region}.${suffix}`,
    'kms:EncryptionContext:aws:logs:arn': arnOf(place, 'logs', `log-group:${name}`),
  };
  return when(context, on(keyArn, ...actions));
}

const writesLog = (parts: BucketParts & { readonly logGroup: LogParts }): Access[] => [
  ...on(streamOf(parts, parts.logGroup), 'logs:CreateLogStream', 'logs:PutLogEvents'),
  ...logKey(parts, parts.logGroup, 'kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'),
  ...logKey(parts, parts.logGroup, 'kms:ReEncryptFrom', 'kms:ReEncryptTo'),
];
/** Nothing but the program, prune and undelete touches objects. */
const noBackups = (parts: BucketParts): Access[] =>
  on(dataOf(parts, OTHER), 's3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion');

/** What the role of the dump program may and may not do. */
export function taskAccess(parts: TaskParts): RoleAccess {
  const { source, keyArn, file } = parts;
  const bucket = bucketArn(parts);
  const data = dataOf(parts, source);
  const [lock, foreignLock] = [source, OTHER].map((name) => `${bucket}/${lockKey(name)}`) as [string, string];
  return {
    needed: [
      ...when({ ...CREATES, 's3:if-none-match': '*' }, on(data, 's3:PutObject')),
      ...on(data, 's3:AbortMultipartUpload'),
      ...on(lock, 's3:GetObject', 's3:PutObject'),
      ...when({ 's3:prefix': `${source}/` }, on(bucket, 's3:ListBucket')),
      ...on(bucket, 's3:ListBucketMultipartUploads'),
      ...on(keyArn, 'kms:GenerateDataKey', 'kms:Decrypt'),
      ...(file
        ? when(
            { 'elasticfilesystem:AccessPointArn': file.accessPoint },
            on(file.fileSystem, 'elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'),
          )
        : []),
    ],
    denied: [
      ...on(data, 's3:GetObject', 's3:GetObjectVersion', 's3:DeleteObject', 's3:DeleteObjectVersion'),
      ...when(CREATES, on(data, 's3:PutObject')),
      ...on(lock, 's3:DeleteObject'),
      ...on(foreignLock, 's3:GetObject', 's3:PutObject'),
      ...when({ ...CREATES, 's3:if-none-match': '*' }, on(dataOf(parts, OTHER), 's3:PutObject')),
      ...when({ 's3:prefix': `${OTHER}/` }, on(bucket, 's3:ListBucket')),
      ...on(bucket, 's3:PutLifecycleConfiguration', 's3:PutBucketPolicy'),
    ],
  };
}

/** What the role may and may not do with which ECS starts a task. */
export function executionAccess(parts: ExecutionParts): RoleAccess {
  const { repository, secrets } = parts;
  const pull = ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'];
  return {
    needed: [
      ...(repository === undefined ? [] : [...on('*', 'ecr:GetAuthorizationToken'), ...on(repository, ...pull)]),
      ...secrets.flatMap((secret) => on(secret, 'secretsmanager:GetSecretValue')),
      ...writesLog(parts),
    ],
    denied: [
      ...noBackups(parts),
      ...on(arnOf(parts, 'secretsmanager', `secret:${OTHER}-AbCdEf`), 'secretsmanager:GetSecretValue'),
      ...on(parts.keyArn, 'kms:Decrypt'),
    ],
  };
}

/** What the role of a schedule may and may not do. */
export function schedulerAccess(parts: SchedulerParts): RoleAccess {
  const { task, target, deadLetterQueue } = parts;
  const passedTo = (service: string) => ({ 'iam:PassedToService': `${service}.amazonaws.com` });
  const clusterName = task?.cluster.slice(task.cluster.lastIndexOf('/') + 1);
  return {
    needed: [
      ...(task
        ? [
            ...when({ 'ecs:cluster': task.cluster }, on(task.definition, 'ecs:RunTask')),
            ...when(
              { 'ecs:CreateAction': 'RunTask' },
              on(arnOf(parts, 'ecs', `task/${clusterName}/${OTHER}`), 'ecs:TagResource'),
            ),
            ...task.roles.flatMap((role) => when(passedTo('ecs-tasks'), on(role, 'iam:PassRole'))),
          ]
        : []),
      ...(target === undefined
        ? []
        : on(target, target.includes(':lambda:') ? 'lambda:InvokeFunction' : 'sqs:SendMessage')),
      ...(deadLetterQueue === undefined ? [] : on(deadLetterQueue, 'sqs:SendMessage')),
    ],
    denied: [
      ...noBackups(parts),
      ...on(arnOf(parts, 'lambda', `function:${OTHER}`), 'lambda:InvokeFunction'),
      ...(task?.roles ?? []).flatMap((role) => when(passedTo('lambda'), on(role, 'iam:PassRole'))),
    ],
  };
}

/** What the role of a function may and may not do. */
export function functionAccess(kind: 'prune' | 'undelete' | 'measure' | 'notify', parts: FunctionParts): RoleAccess {
  const {
    keyArn,
    events,
    deadLetters,
    topic,
    topicKey,
    memory,
    settings,
    taskLogGroups = [],
    scheduleGroups = [],
  } = parts;
  const bucket = bucketArn(parts);
  const data = dataOf(parts, OTHER);
  const manifest = `${bucket}/${manifestKey(OTHER, ID)}`;
  const verdict = `${bucket}/${objectKey(OTHER, ID, VERDICT_FILE)}`;
  const keep = `${bucket}/${objectKey(OTHER, ID, KEEP_FILE)}`;
  const lock = `${bucket}/${lockKey(OTHER)}`;
  const some = (resource: string | undefined, ...actions: string[]): Access[] =>
    resource === undefined ? [] : on(resource, ...actions);
  const reads = [
    ...on(bucket, 's3:ListBucket'),
    ...[manifest, verdict].flatMap((key) => on(key, 's3:GetObject')),
    ...on(keyArn, 'kms:Decrypt'),
  ];
  const readsSettings = some(settings && arnOf(parts, 'ssm', `parameter${settings}`), 'ssm:GetParameter');
  const neither = [
    ...on(data, 's3:GetObject', 's3:GetObjectVersion', 's3:PutObject'),
    ...on(data, 's3:BypassGovernanceRetention'),
  ];
  const never = [...neither, ...on(data, 's3:DeleteObject', 's3:DeleteObjectVersion'), ...on(manifest, 's3:PutObject')];
  const log = writesLog(parts);
  switch (kind) {
    case 'prune':
      return {
        needed: [
          ...on(data, 's3:DeleteObject', 's3:GetObjectRetention', 's3:GetObjectLegalHold'),
          ...on(bucket, 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration'),
          ...reads,
          ...[keep, lock].flatMap((key) => on(key, 's3:GetObject')),
          ...on(arnOf(parts, 'ssm', `parameter${settingsPath(parts.bucket).slice(0, -1)}`), 'ssm:GetParametersByPath'),
          ...some(events, 'sqs:SendMessage'),
          ...log,
        ],
        denied: [...neither, ...on(data, 's3:DeleteObjectVersion'), ...on(manifest, 's3:PutObject')],
      };
    case 'undelete':
      return {
        needed: [
          ...on(data, 's3:DeleteObjectVersion'),
          ...on(bucket, 's3:ListBucketVersions'),
          ...on(manifest, 's3:GetObjectVersion'),
          ...on(keep, 's3:PutObject'),
          ...on(keyArn, 'kms:GenerateDataKey', 'kms:Decrypt'),
          ...log,
        ],
        denied: [...neither, ...on(data, 's3:DeleteObject'), ...on(manifest, 's3:PutObject')],
      };
    case 'measure':
      return {
        needed: [
          ...reads,
          ...readsSettings,
          ...when({ 'cloudwatch:namespace': METRICS.namespace }, on('*', 'cloudwatch:PutMetricData')),
          ...some(events, 'sqs:SendMessage'),
          ...some(topic, 'sns:ListSubscriptionsByTopic'),
          ...some(memory, 'dynamodb:GetItem', 'dynamodb:PutItem'),
          ...log,
        ],
        denied: never,
      };
    case 'notify':
      return {
        needed: [
          ...reads,
          ...readsSettings,
          ...[events, deadLetters].flatMap((queue) => some(queue, ...READ_QUEUE)),
          ...some(topic, 'sns:Publish', 'sns:ListSubscriptionsByTopic'),
          ...some(topicKey, 'kms:Decrypt', 'kms:GenerateDataKey'),
          ...some(memory, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Scan'),
          ...taskLogGroups.flatMap((logGroup) => [
            ...on(streamOf(parts, logGroup), 'logs:GetLogEvents'),
            ...logKey(parts, logGroup, 'kms:Decrypt'),
          ]),
          ...scheduleGroups.flatMap((group) =>
            on(arnOf(parts, 'scheduler', `schedule/${group}/${OTHER}`), 'scheduler:GetSchedule'),
          ),
          ...log,
        ],
        denied: never,
      };
  }
}
