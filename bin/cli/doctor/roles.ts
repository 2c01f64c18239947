/** The roles of a deployment, with what each needs. */
import { ALARM_ENV } from '../../../catalog/contract/alarms';
import type { BucketParts, LogParts, Place, RoleAccess } from '../../../catalog/contract/permissions';
import { executionAccess, functionAccess, schedulerAccess, taskAccess } from '../../../catalog/contract/permissions';
import { topicKeys } from './checks/keys';
import { ecrImage } from './checks/tasks';
import type { DeployedFunction, Deployment } from './deployment';
import { containerOf, efsOf, familyOf, secretArns, variableOf } from './deployment';
import type { Thing } from './finding';
import { unanswered, valueOf } from './finding';

/** A role, and what it needs and must not be allowed. */
export interface DeployedRole extends RoleAccess {
  readonly arn: string;
  /** `task of shop` */
  readonly what: string;
}

/** Roles, and what keeps others from being known. */
export interface DeployedRoles {
  readonly roles: readonly DeployedRole[];
  readonly unknown: readonly Thing<never>[];
}

/** All roles that the deployment uses. */
export async function deployedRoles(deployment: Deployment): Promise<DeployedRoles> {
  const schedules: Thing<unknown> = { of: 'schedules', fact: await deployment.schedules() };
  const unknown = unanswered([
    ...(await deployment.tasks()),
    ...(await deployment.functions()),
    ...(await deployment.secrets()),
    ...(await deployment.logGroups()),
    ...(await topicKeys(deployment)),
    schedules,
  ]);
  const [place, keyArn] = [await deployment.place(), await deployment.keyArn()];
  if (!place || keyArn === undefined) {
    const nameless: Thing<never> = { of: deployment.bucket, fact: { unknown: 'no task names the key of the bucket' } };
    return { roles: [], unknown: [...unknown, nameless] };
  }
  const parts = { ...place, bucket: deployment.bucket, keyArn };
  const found = [
    ...(await taskRoles(deployment, parts)),
    ...(await scheduleRoles(deployment, parts)),
    ...(await functionRoles(deployment, parts)),
  ];
  return { roles: found.flatMap(({ arn, ...role }) => (arn === undefined ? [] : [{ arn, ...role }])), unknown };
}

type FoundRole = Omit<DeployedRole, 'arn'> & { readonly arn: string | undefined };

async function taskRoles(deployment: Deployment, parts: BucketParts): Promise<FoundRole[]> {
  const logs = await logParts(deployment);
  const secrets = new Map((await deployment.secrets()).map(({ of, fact }) => [of, valueOf(fact)?.ARN]));
  return (await deployment.tasks()).flatMap(({ of, task, fact }) => {
    const definition = valueOf(fact);
    const efs = efsOf(definition);
    const accessPoint = efs?.authorizationConfig?.accessPointId;
    const efsArn = (resource: string) => arnIn(parts, 'elasticfilesystem', resource);
    const file = accessPoint && {
      fileSystem: efsArn(`file-system/${efs!.fileSystemId}`),
      accessPoint: efsArn(`access-point/${accessPoint}`),
    };
    const image = ecrImage(containerOf(definition)?.image ?? '');
    const repository =
      image && `arn:${parts.partition}:ecr:${image.region}:${image.registryId}:repository/${image.repositoryName}`;
    return [
      {
        arn: definition?.taskRoleArn,
        what: `task of ${of}`,
        ...taskAccess({ ...parts, source: of, ...(file && { file }) }),
      },
      {
        arn: definition?.executionRoleArn,
        what: `execution of ${of}`,
        ...executionAccess({
          ...parts,
          logGroup: logs(task.logGroup),
          // Roles are granted complete ARNs; a task may name the beginning of one.
          secrets: [...new Set(secretArns(definition))].flatMap((arn) => secrets.get(arn) ?? []),
          ...(repository !== undefined && { repository }),
        }),
      },
    ];
  });
}

async function scheduleRoles(deployment: Deployment, parts: BucketParts): Promise<FoundRole[]> {
  const tasks = await deployment.tasks();
  return (valueOf(await deployment.schedules()) ?? []).flatMap((schedule) => {
    const { Name, Target } = schedule;
    const definition = Target?.EcsParameters?.TaskDefinitionArn;
    const own = tasks.find(({ task }) => task.family === familyOf(schedule));
    const started = own && valueOf(own.fact);
    const deadLetterQueue = Target?.DeadLetterConfig?.Arn;
    const common = { ...parts, ...(deadLetterQueue !== undefined && { deadLetterQueue }) };
    // Tasks of other buckets may run in the same cluster.
    if (definition !== undefined && !started) return [];
    const access = started
      ? schedulerAccess({
          ...common,
          task: {
            cluster: Target!.Arn!,
            definition: definition!,
            roles: [started.taskRoleArn, started.executionRoleArn].filter((role) => role !== undefined),
          },
        })
      : schedulerAccess({ ...common, target: Target!.Arn! });
    return [{ arn: Target?.RoleArn, what: `schedule ${Name}`, ...access }];
  });
}

async function functionRoles(deployment: Deployment, parts: BucketParts): Promise<FoundRole[]> {
  const schedules = valueOf(await deployment.schedules()) ?? [];
  const logs = await logParts(deployment);
  const taskLogGroups = [...new Set((await deployment.tasks()).map(({ task }) => task.logGroup))].map(logs);
  const scheduleGroups = [...new Set(schedules.map(({ GroupName }) => GroupName!))];
  const keys = new Map((await topicKeys(deployment)).map(({ of, fact }) => [of, valueOf(fact)]));
  return (await deployment.functions()).map((one): FoundRole => {
    const { Role: arn, LoggingConfig } = valueOf(one.fact)?.Configuration ?? {};
    const topic = variableOf(one, ALARM_ENV.topic);
    const key = topic === undefined ? undefined : keys.get(topic);
    const access = functionAccess(one.kind, {
      ...parts,
      logGroup: logs(LoggingConfig?.LogGroup ?? `/aws/lambda/${one.of}`),
      ...(one.kind === 'notify' && { taskLogGroups, scheduleGroups }),
      ...defined({
        topic,
        topicKey: key && (key.startsWith('arn:') ? key : arnIn(parts, 'kms', `key/${key}`)),
        settings: variableOf(one, ALARM_ENV.settings),
        memory: tableArn(parts, variableOf(one, ALARM_ENV.memory)),
        events: eventsOf(one),
        deadLetters: variableOf(one, ALARM_ENV.deadLetters),
      }),
    });
    return { arn, what: `function ${one.of}`, ...access };
  });
}

/** Finds the keys of log groups. */
async function logParts(deployment: Deployment): Promise<(name: string) => LogParts> {
  const keys = new Map((await deployment.logGroups()).map(({ of, fact }) => [of, valueOf(fact)?.kmsKeyId]));
  return (name) => {
    const keyArn = keys.get(name);
    return { name, ...(keyArn !== undefined && { keyArn }) };
  };
}

const arnIn = ({ partition, region, account }: Place, service: string, resource: string): string =>
  `arn:${partition}:${service}:${region}:${account}:${resource}`;
const tableArn = (place: Place, name: string | undefined): string | undefined =>
  name === undefined ? undefined : arnIn(place, 'dynamodb', `table/${name}`);

/** ARN of the queue of events: it writes to its URL, `https://sqs.<region>.amazonaws.com/<account>/<name>`, or reads it. */
function eventsOf(one: DeployedFunction): string | undefined {
  const url = variableOf(one, ALARM_ENV.events);
  const { FunctionArn } = valueOf(one.fact)?.Configuration ?? {};
  if (url !== undefined && FunctionArn !== undefined) {
    const [, partition, , region] = FunctionArn.split(':');
    const [account, name] = url.split('/').slice(-2);
    return `arn:${partition}:sqs:${region}:${account}:${name}`;
  }
  const deadLetters = variableOf(one, ALARM_ENV.deadLetters);
  return valueOf(one.queues)
    ?.map(({ EventSourceArn }) => EventSourceArn)
    .find((arn) => arn !== deadLetters);
}

/** Without what is not known. */
const defined = <T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
