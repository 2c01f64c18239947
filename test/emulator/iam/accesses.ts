import { access, keyAccesses } from './access';
import type { Access } from './policy';
import { arnOf } from './deployed';
import type { DeployedPolicies } from './deployed';
import type { AwsRequest } from './request';
import { s3Accesses } from './s3-accesses';

/** Tags of a snapshot or an instance, by key. */
export type ResourceTags = (id: string) => Promise<Readonly<Record<string, string>>>;

/** What writing into a log or reading it takes. */
export function logAccesses(
  deployed: DeployedPolicies,
  group: string,
  actions: Readonly<Record<string, string>>,
): Access[] {
  const found = deployed.find('AWS::Logs::LogGroup', ({ physicalId }) => physicalId === group);
  const key = found?.properties.KmsKeyId as string | undefined;
  const reads = Object.keys(actions).includes('GetLogEvents');
  return [
    ...Object.entries(actions).map(([action, stream]) =>
      access(`logs:${action}`, arnOf('logs', `log-group:${group}:log-stream:${stream}`)),
    ),
    ...(reads ? keyAccesses(key, ['Decrypt'], 'logs', logContext(group)) : logKeyAccesses(key, group)),
  ];
}

const logContext = (group: string): Access['context'] => ({
  'kms:EncryptionContext:aws:logs:arn': arnOf('logs', `log-group:${group}`),
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html: the question names no log group. */
export const logKeyAccesses = (key: string | undefined, group: string): Access[] => [
  ...keyAccesses(
    key,
    ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey'],
    'logs',
    logContext(group),
  ),
  ...keyAccesses(key, ['DescribeKey'], 'logs'),
];

/** What publishing to a topic takes. */
export function publishAccesses(deployed: DeployedPolicies, topic: string, context: Access['context'] = {}): Access[] {
  const found = deployed.find('AWS::SNS::Topic', ({ physicalId }) => physicalId === topic);
  const key = found?.properties.KmsMasterKeyId as string | undefined;
  return [
    access('sns:Publish', topic, context),
    ...keyAccesses(key && keyArn(key), ['GenerateDataKey', 'Decrypt'], 'sns', context),
  ];
}

/** CloudFormation takes the id of a key or its ARN. */
export const keyArn = (key: string): string => (key.startsWith('arn:') ? key : arnOf('kms', `key/${key}`));

/** What a command takes: the document, and the instances with their tags. */
export const commandAccesses = (
  document: string,
  instances: readonly (readonly [id: string, tags: Readonly<Record<string, string>>])[],
): Access[] => [
  access('ssm:SendCommand', arnOf('ssm', `document/${document}`)),
  ...instances.map(([id, tags]) => {
    const context = Object.entries(tags).map(([key, value]) => [`ssm:resourceTag/${key}`, value] as const);
    return access('ssm:SendCommand', arnOf('ec2', `instance/${id}`), Object.fromEntries(context));
  }),
];

type Reader = (request: AwsRequest, deployed: DeployedPolicies, tags: ResourceTags) => Access[] | Promise<Access[]>;

const text = (value: unknown): string => String(value);
const isTagged = ({ tags = [], propagateTags }: AwsRequest['input']): boolean =>
  (tags as unknown[]).length > 0 || propagateTags !== undefined;
const queue = (url: unknown): string => arnOf('sqs', text(url).split('/').at(-1)!);
const named = (service: string, kind: string, name: unknown): string =>
  text(name).startsWith('arn:') ? text(name) : arnOf(service, `${kind}${text(name)}`);
const stack = (name: unknown): string =>
  text(name).startsWith('arn:') ? text(name) : arnOf('cloudformation', `stack/${text(name)}/1`);
const everywhere =
  (action: string): Reader =>
  () => [access(action, '*')];
const onTable =
  (action: string): Reader =>
  ({ input }) => [access(`dynamodb:${action}`, arnOf('dynamodb', `table/${text(input.TableName)}`))];

/** By service and operation. What is not here is refused. */
const READERS: Readonly<Record<string, Reader>> = {
  'sqs SendMessage': ({ input }) => [access('sqs:SendMessage', queue(input.QueueUrl))],
  'ssm GetParameter': ({ input }) => [access('ssm:GetParameter', arnOf('ssm', `parameter${text(input.Name)}`))],
  'ssm SendCommand': async ({ input }, _, tags) => {
    const instances = (input.InstanceIds as string[]).map(async (id) => [id, await tags(id)] as const);
    return commandAccesses(text(input.DocumentName), await Promise.all(instances));
  },
  'ssm GetCommandInvocation': everywhere('ssm:GetCommandInvocation'),
  'ssm DescribeInstanceInformation': everywhere('ssm:DescribeInstanceInformation'),
  'ssm ListCommands': everywhere('ssm:ListCommands'),
  'sts AssumeRole': ({ input }) => [access('sts:AssumeRole', text(input.RoleArn))],
  'ssm GetParametersByPath': ({ input }) => [
    access('ssm:GetParametersByPath', arnOf('ssm', `parameter${text(input.Path).replace(/\/$/, '')}`)),
  ],
  'dynamodb GetItem': onTable('GetItem'),
  'dynamodb PutItem': onTable('PutItem'),
  'dynamodb Scan': onTable('Scan'),
  'dynamodb DeleteItem': onTable('DeleteItem'),
  'logs GetLogEvents': ({ input }, deployed) =>
    logAccesses(deployed, text(input.logGroupName), { GetLogEvents: text(input.logStreamName) }),
  'logs CreateLogStream': ({ input }, deployed) =>
    logAccesses(deployed, text(input.logGroupName), { CreateLogStream: text(input.logStreamName) }),
  'logs PutLogEvents': ({ input }, deployed) =>
    logAccesses(deployed, text(input.logGroupName), { PutLogEvents: text(input.logStreamName) }),
  'secretsmanager GetSecretValue': ({ input }, deployed) => secretAccesses(deployed, text(input.SecretId)),
  'monitoring PutMetricData': ({ input }) => [
    access('cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': text(input.Namespace) }),
  ],
  'sns Publish': ({ input }, deployed) => publishAccesses(deployed, text(input.TopicArn)),
  'sns ListSubscriptionsByTopic': ({ input }) => [access('sns:ListSubscriptionsByTopic', text(input.TopicArn))],
  'lambda POST functions': ({ path }) => [
    access('lambda:InvokeFunction', named('lambda', 'function:', path.split('/')[3])),
  ],
  'scheduler GET schedules': ({ path, query }) => {
    const name = path.split('/')[2] || undefined;
    if (name === undefined) return [access('scheduler:ListSchedules', '*')];
    return [
      access('scheduler:GetSchedule', arnOf('scheduler', `schedule/${query.get('groupName') ?? 'default'}/${name}`)),
    ];
  },
  'backup GET backup-vaults': ({ path }) => [
    access('backup:ListRecoveryPointsByBackupVault', arnOf('backup', `backup-vault:${path.split('/')[2]}`)),
  ],
  'ecs RunTask': ({ input }, deployed) => {
    const { taskRoleArn } = (input.overrides ?? {}) as { readonly taskRoleArn?: string };
    return runTaskAccesses(deployed, text(input.taskDefinition), text(input.cluster), isTagged(input), taskRoleArn);
  },
  'ecs ListTasks': ({ input }) => [
    access('ecs:ListTasks', '*', { 'ecs:cluster': named('ecs', 'cluster/', input.cluster) }),
  ],
  'ecs DescribeTasks': ({ input }) => {
    const cluster = named('ecs', 'cluster/', input.cluster);
    const name = cluster.split('/').at(-1);
    const tasks = input.tasks as string[];
    return tasks.map((task) =>
      access('ecs:DescribeTasks', named('ecs', `task/${name}/`, task), { 'ecs:cluster': cluster }),
    );
  },
  'cloudformation DescribeStacks': ({ input }) => [access('cloudformation:DescribeStacks', stack(input.StackName))],
  'cloudformation DescribeStackResource': ({ input }) => [
    access('cloudformation:DescribeStackResource', stack(input.StackName)),
  ],
  'ec2 DescribeSnapshots': everywhere('ec2:DescribeSnapshots'),
  'ec2 DescribeImages': everywhere('ec2:DescribeImages'),
  'ec2 DescribeLockedSnapshots': everywhere('ec2:DescribeLockedSnapshots'),
  'ec2 DescribeSnapshotTierStatus': everywhere('ec2:DescribeSnapshotTierStatus'),
  'ec2 DescribeSnapshotAttribute': ({ input }) => [
    access('ec2:DescribeSnapshotAttribute', `arn:aws:ec2:us-east-1::snapshot/${text(input.SnapshotId)}`),
  ],
  'ec2 DeleteSnapshot': async ({ input }, _, tags) => {
    const of = Object.entries(await tags(text(input.SnapshotId)));
    const context = Object.fromEntries(of.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
    return [access('ec2:DeleteSnapshot', `arn:aws:ec2:us-east-1::snapshot/${text(input.SnapshotId)}`, context)];
  },
};

/** What reading a secret takes. Its id may be its ARN without the suffix. */
export function secretAccesses(deployed: DeployedPolicies, id: string): Access[] {
  const is = (arn: string): boolean =>
    arn === id || arn.replace(/-\w{6}$/, '') === id || arn.includes(`:secret:${id}-`);
  const secret = deployed.find('AWS::SecretsManager::Secret', ({ physicalId }) => is(physicalId));
  const key = secret?.properties.KmsKeyId as string | undefined;
  return [
    // One that somebody else has made has a suffix too.
    access('secretsmanager:GetSecretValue', secret?.physicalId ?? (/-\w{6}$/.test(id) ? id : `${id}-AbCdEf`)),
    ...keyAccesses(key && keyArn(key), ['Decrypt'], 'secretsmanager'),
  ];
}

/**
 * What starting a task takes: the right to pass its roles to it, too.
 *
 * @param tagged whether the task gets tags
 * @param taskRole in place of that of the task definition
 */
export function runTaskAccesses(
  deployed: DeployedPolicies,
  definition: string,
  cluster: string,
  tagged: boolean,
  taskRole?: string,
): Access[] {
  const clusterArn = named('ecs', 'cluster/', cluster);
  const family = definition.split('/').at(-1)!.split(':')[0];
  const task = deployed.find('AWS::ECS::TaskDefinition', ({ properties }) => properties.Family === family);
  if (!task) throw new Error(`no deployed task definition: ${definition}`);
  const { TaskRoleArn, ExecutionRoleArn } = task.properties;
  return [
    access('ecs:RunTask', task.physicalId, { 'ecs:cluster': clusterArn }),
    ...[taskRole ?? TaskRoleArn, ExecutionRoleArn].map((role) =>
      access('iam:PassRole', text(role), { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' }),
    ),
    ...(tagged
      ? [
          access('ecs:TagResource', arnOf('ecs', `task/${clusterArn.split('/').at(-1)}/0`), {
            'ecs:CreateAction': 'RunTask',
            'ecs:cluster': clusterArn,
          }),
        ]
      : []),
  ];
}

/** What a request does, which one of IAM's actions is for. An operation that is not known is an error. */
export async function accessesOf(
  request: AwsRequest,
  deployed: DeployedPolicies,
  tags: ResourceTags,
): Promise<Access[]> {
  if (request.service === 's3') return s3Accesses(request, deployed);
  const reader = READERS[`${request.service} ${request.operation}`];
  if (!reader) throw new Error(`unknown request: ${request.service} ${request.operation}: add it to ${__filename}`);
  return reader(request, deployed, tags);
}
