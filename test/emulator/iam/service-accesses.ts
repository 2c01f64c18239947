import { ACCOUNT, REGION } from '../names';
import { access } from './access';
import {
  commandAccesses,
  keyArn,
  logAccesses,
  logKeyAccesses,
  publishAccesses,
  runTaskAccesses,
  secretAccesses,
} from './accesses';
import { arnOf } from './deployed';
import type { Deployed, DeployedPolicies } from './deployed';
import type { Access } from './policy';
import { many } from './policy';

/** An access that AWS makes itself because of a deployed resource: which no request here shows. */
export interface ServiceAccess {
  /** Name of a role, or a service. */
  readonly principal: string;
  readonly access: Access;
}

type Properties = Readonly<Record<string, unknown>>;
type Reader = (resource: Deployed, deployed: DeployedPolicies) => ServiceAccess[];

const nameOf = (roleArn: unknown): string => String(roleArn).split('/').at(-1)!;
const as = (principal: string, accesses: readonly Access[]): ServiceAccess[] =>
  accesses.map((one) => ({ principal, access: one }));
const from = (SourceArn: string): Access['context'] => ({ 'aws:SourceArn': SourceArn, 'aws:SourceAccount': ACCOUNT });
const takes = (service: string, role: unknown, source?: string): ServiceAccess[] =>
  as(service, [access('sts:AssumeRole', String(role), source === undefined ? {} : from(source))]);
const send = (queueArn: unknown, context: Access['context'] = {}): Access =>
  access('sqs:SendMessage', String(queueArn), context);

const WRITES = { CreateLogStream: 'stream', PutLogEvents: 'stream' };

/** What a command takes: the document, and the instances, by their ids or their tags. */
function sendCommand(input: string): Access[] {
  const {
    DocumentName,
    InstanceIds = [],
    Targets = [],
  } = JSON.parse(input) as {
    readonly DocumentName: string;
    readonly InstanceIds?: readonly string[];
    readonly Targets?: readonly { readonly Key: string; readonly Values: readonly [string] }[];
  };
  const tags = Object.fromEntries(Targets.map(({ Key, Values: [value] }) => [Key.replace(/^tag:/, ''), value]));
  const ids = InstanceIds.length > 0 ? InstanceIds : ['i-0123456789abcdef0'];
  return commandAccesses(
    DocumentName,
    ids.map((id) => [id, tags]),
  );
}

const schedule: Reader = ({ properties }, deployed) => {
  const target = properties.Target as Properties;
  const [role, arn] = [nameOf(target.RoleArn), String(target.Arn)];
  const ecs = target.EcsParameters as Properties | undefined;
  const isTagged = ecs?.PropagateTags !== undefined || many(ecs?.Tags).length > 0;
  const deadLetters = (target.DeadLetterConfig as Properties | undefined)?.Arn;
  const group = arnOf('scheduler', `schedule-group/${String(properties.GroupName ?? 'default')}`);
  const does = ecs
    ? runTaskAccesses(deployed, String(ecs.TaskDefinitionArn), arn, isTagged)
    : arn.endsWith(':ssm:sendCommand')
      ? sendCommand(String(target.Input))
      : [arn.includes(':sqs:') ? send(arn) : access('lambda:InvokeFunction', arn)];
  return [
    ...takes('scheduler.amazonaws.com', target.RoleArn, group),
    ...as(role, [...does, ...(deadLetters === undefined ? [] : [send(deadLetters)])]),
  ];
};

interface Container {
  readonly LogConfiguration?: { readonly Options?: Readonly<Record<string, string>> };
  readonly Secrets?: readonly { readonly ValueFrom: string }[];
}

/** What ECS does before a container starts. */
const beginning = (deployed: DeployedPolicies, { LogConfiguration, Secrets = [] }: Container): Access[] => {
  const group = LogConfiguration?.Options?.['awslogs-group'];
  return [
    ...(group === undefined ? [] : logAccesses(deployed, group, WRITES)),
    ...Secrets.flatMap(({ ValueFrom }) => secretAccesses(deployed, ValueFrom.split(':').slice(0, 7).join(':'))),
  ];
};

const taskDefinition: Reader = ({ properties }, deployed) => {
  const { TaskRoleArn, ExecutionRoleArn } = properties;
  const volumes = (properties.Volumes ?? []) as Properties[];
  const mounts = volumes.flatMap(({ EFSVolumeConfiguration }) => {
    const efs = EFSVolumeConfiguration as { FilesystemId: string; AuthorizationConfig: Properties } | undefined;
    const point = arnOf('elasticfilesystem', `access-point/${String(efs?.AuthorizationConfig.AccessPointId)}`);
    const context = { 'elasticfilesystem:AccessPointArn': point };
    return ['ClientMount', 'ClientWrite'].flatMap((action) =>
      efs
        ? [
            access(
              `elasticfilesystem:${action}`,
              arnOf('elasticfilesystem', `file-system/${efs.FilesystemId}`),
              context,
            ),
          ]
        : [],
    );
  });
  const tasks = arnOf('ecs', '*');
  return [
    // Whoever starts a restore test gives it a role.
    ...[TaskRoleArn ?? [], ExecutionRoleArn].flat().flatMap((role) => takes('ecs-tasks.amazonaws.com', role, tasks)),
    ...as(nameOf(TaskRoleArn), mounts),
    ...(properties.ContainerDefinitions as Container[]).flatMap((one) =>
      as(nameOf(ExecutionRoleArn), beginning(deployed, one)),
    ),
  ];
};

const lambdaFunction: Reader = ({ properties }, deployed) => {
  const group = (properties.LoggingConfig as Properties | undefined)?.LogGroup;
  const writing = group === undefined ? [] : logAccesses(deployed, String(group), WRITES);
  return [...takes('lambda.amazonaws.com', properties.Role), ...as(nameOf(properties.Role), writing)];
};

/** Name of the role of a function. */
const roleOf = (deployed: DeployedPolicies, fn: unknown): string => {
  const found = deployed.find('AWS::Lambda::Function', ({ physicalId }) => physicalId === fn);
  return nameOf(found!.properties.Role);
};

const eventSource: Reader = ({ properties }, deployed) => {
  const role = roleOf(deployed, String(properties.FunctionName).split(':').at(-1));
  const actions = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];
  return as(
    role,
    actions.map((action) => access(`sqs:${action}`, String(properties.EventSourceArn))),
  );
};

const failures: Reader = ({ properties }, deployed) => {
  const config = properties.DestinationConfig as { OnFailure?: Properties } | undefined;
  const to = config?.OnFailure?.Destination;
  return to === undefined ? [] : as(roleOf(deployed, properties.FunctionName), [send(to)]);
};

const rule: Reader = ({ physicalId, properties }, deployed) => {
  const context = from(arnOf('events', `rule/${physicalId}`));
  const deliveries = (target: string): Access[] => {
    if (target.includes(':sns:')) return publishAccesses(deployed, target, context);
    return [target.includes(':lambda:') ? access('lambda:InvokeFunction', target, context) : send(target, context)];
  };
  return ((properties.Targets ?? []) as { Arn: string; DeadLetterConfig?: { Arn: string } }[]).flatMap(
    ({ Arn, DeadLetterConfig }) => {
      return as('events.amazonaws.com', [
        ...deliveries(Arn),
        ...(DeadLetterConfig ? [send(DeadLetterConfig.Arn, context)] : []),
      ]);
    },
  );
};

const subscription: Reader = ({ properties }) =>
  properties.Protocol === 'sqs'
    ? as('sns.amazonaws.com', [send(properties.Endpoint, from(String(properties.TopicArn)))])
    : [];

const alarm: Reader = ({ physicalId, properties }, deployed) =>
  many(properties.AlarmActions).flatMap((topic) =>
    as('cloudwatch.amazonaws.com', publishAccesses(deployed, topic, from(arnOf('cloudwatch', `alarm:${physicalId}`)))),
  );

const logGroup: Reader = ({ physicalId, properties }) => {
  const key = properties.KmsKeyId as string | undefined;
  const used = logKeyAccesses(key && keyArn(key), physicalId);
  // The statement that AWS documents for the key of a log has it, under a condition that it cannot fulfil.
  return as(
    `logs.${REGION}.amazonaws.com`,
    used.filter(({ action }) => action !== 'kms:DescribeKey'),
  );
};

const lifecyclePolicy: Reader = ({ physicalId, properties }) =>
  takes('dlm.amazonaws.com', properties.ExecutionRoleArn, arnOf('dlm', `policy/${physicalId}`));

const READERS: Readonly<Record<string, Reader>> = {
  'AWS::Scheduler::Schedule': schedule,
  'AWS::ECS::TaskDefinition': taskDefinition,
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::EventSourceMapping': eventSource,
  'AWS::Lambda::EventInvokeConfig': failures,
  'AWS::Events::Rule': rule,
  'AWS::SNS::Subscription': subscription,
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::DLM::LifecyclePolicy': lifecyclePolicy,
};

/** All that AWS does by itself with what is deployed. */
export const serviceAccesses = (deployed: DeployedPolicies): ServiceAccess[] =>
  deployed.resources.flatMap((resource) => READERS[resource.type]?.(resource, deployed) ?? []);
