/** The roles of a deployment, with what each needs. */
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import { ALARM_ENV } from '../../../catalog/contract/alarms';
import type { SnapshotSettings } from '../../../catalog/contract/handlers';
import { HANDLER_ENV } from '../../../catalog/contract/handlers';
import { documentOf } from '../../../catalog/contract/instance';
import { RESTORE_TESTS_ENV } from '../../../catalog/contract/restore-tests';
import type { Access, LogParts, Place, RoleKind, RoleParts } from '../../../catalog/contract/permissions';
import { accessOf } from '../../../catalog/contract/permissions';
import { ecrImage } from './checks/tasks';
import type { DeployedFunction, Deployment, DeployedTask } from './deployment';
import {
  containerOf,
  efsOf,
  familyOf,
  filesRepositoryOf,
  logOf,
  queuesOf,
  secretArns,
  variablesOf,
} from './deployment';
import { valueOf, valuesOf } from './finding';
import { principalsOf, statementsOf } from './policy';

/** A role, and what it needs and must not be allowed. */
export interface DeployedRole {
  readonly arn: string;
  /** `task of shop` */
  readonly what: string;
  readonly accesses: readonly Access[];
}

/** All roles that the deployment uses, each once; none if it is not known where the deployment is. */
export async function deployedRoles(deployment: Deployment): Promise<DeployedRole[]> {
  const tasks = await deployment.tasks();
  const restores = await deployment.restores();
  const maintenances = await deployment.maintenances();
  const functions = await deployment.functions();
  const schedules = valuesOf(await deployment.schedules());
  const [place, keyArn] = [await deployment.place(), await deployment.keyArn()];
  if (!place || keyArn === undefined) return [];
  // Each partition has a domain of its own.
  const logsService = deployment.aws.logs().config.endpointProvider({ Region: place.region }).url.host;
  const common = { ...place, logsService, bucket: deployment.bucket, keyArn };

  const logKeys = new Map((await deployment.logGroups()).map((group) => [group.of, valueOf(group)?.kmsKeyId]));
  const log = (name: string): LogParts => ({ name, keyArn: logKeys.get(name) });
  const secrets = new Map((await deployment.secrets()).map((secret) => [secret.of, valueOf(secret)]));
  const secretKeys = new Map((await deployment.secretKeys()).map((key) => [key.of, valueOf(key)]));
  const keyPolicies = new Map(
    (await deployment.keyPolicies(await deployment.secretKeys())).map((policy) => [policy.of, valueOf(policy)]),
  );
  // The policy of a key may admit whoever reads by Secrets Manager, as that of AWS does.
  const needsKey = (arn: string, role: string | undefined): boolean =>
    !statementsOf(keyPolicies.get(arn), 'Allow', 'kms:Decrypt')
      .flatMap(principalsOf)
      .some((principal) => principal === '*' || principal === role);
  const topicKeys = new Map((await deployment.topicKeys()).map((key) => [key.of, valueOf(key)]));
  const alarms: Partial<RoleParts> = {
    readLogGroups: [...new Set(tasks.map(({ task }) => task.logGroup))].map(log),
    // It watches the backups, whose schedules it looks up.
    scheduleGroups: [
      ...new Set(schedules.flatMap((one) => (taskOf(one, tasks) && one.GroupName ? [one.GroupName] : []))),
    ],
  };

  const roles = new Map<string, DeployedRole>();
  const add = (arn: string | undefined, what: string, kind: RoleKind, parts: Partial<RoleParts>): void => {
    if (arn === undefined) return;
    const { accesses, ...role } = roles.get(arn) ?? { arn, what, accesses: [] };
    roles.set(arn, { ...role, accesses: [...accesses, ...accessOf(kind, { ...common, ...parts })] });
  };
  const ecsParts = (logGroup: string, definition: TaskDefinition): Partial<RoleParts> => {
    const own = [...new Set(secretArns(definition))].flatMap((arn) => secrets.get(arn) ?? []);
    const keys = own.flatMap(({ KmsKeyId }) => secretKeys.get(KmsKeyId ?? '') ?? []);
    return {
      logGroup: log(logGroup),
      repository: repositoryOf(common, definition),
      // Roles are granted complete ARNs; a task may name the beginning of one.
      secrets: own.flatMap(({ ARN }) => ARN ?? []),
      secretKeys: keys
        .filter(({ KeyManager }) => KeyManager !== 'AWS')
        .flatMap(({ Arn }) => Arn ?? [])
        .filter((arn) => needsKey(arn, definition.executionRoleArn)),
    };
  };
  const repositories = new Map<string, string>();
  for (const { of, task, source, ...thing } of [...tasks, ...maintenances]) {
    const definition = valueOf({ of, ...thing });
    if (!definition) continue;
    const repository = filesRepositoryOf(definition);
    const filesRepository = repository && `arn:${place.partition}:s3:::${repository}`;
    if (filesRepository !== undefined) repositories.set(source, filesRepository);
    const parts = { source, filesRepository, ...fileOf(common, definition) };
    if (of === source) add(definition.taskRoleArn, `task of ${of}`, 'task', parts);
    else add(definition.taskRoleArn, of, 'maintenance', parts);
    add(definition.executionRoleArn, `execution of ${of}`, 'execution', ecsParts(task.logGroup, definition));
  }
  for (const { of, source, task, ...thing } of restores) {
    const definition = valueOf({ of, ...thing });
    if (!definition) continue;
    const execution = ecsParts(task.logGroup, definition);
    add(definition.taskRoleArn, of, 'restore', {
      ...{ source, secrets: execution.secrets, filesRepository: repositories.get(source) },
      ...fileOf(common, definition),
    });
    add(definition.executionRoleArn, `execution of ${of}`, 'execution', execution);
  }
  for (const schedule of schedules) {
    const parts = startedBy(schedule, [...tasks, ...maintenances], restores);
    add(schedule.Target?.RoleArn, `schedule ${schedule.Name}`, 'scheduler', parts);
  }
  for (const one of functions) {
    const { [ALARM_ENV.topic]: topic, [ALARM_ENV.settings]: settings, ...variables } = variablesOf(one);
    const [memory, key] = [
      variables[ALARM_ENV.memory] ?? variables[RESTORE_TESTS_ENV.memory],
      topicKeys.get(topic ?? ''),
    ];
    add(valueOf(one)?.Configuration?.Role, `function ${one.of}`, one.kind, {
      ...(one.kind === 'notify' && alarms),
      ...{ topic, settings, events: eventsOf(common, one), deadLetterQueue: variables[ALARM_ENV.deadLetters] },
      logGroup: log(logOf(one) ?? `/aws/lambda/${one.of}`),
      topicKey: key?.startsWith('arn:') ? key : key && arnIn(common, 'kms', `key/${key}`),
      settingsPath: variables[RESTORE_TESTS_ENV.settings],
      memory: memory && arnIn(common, 'dynamodb', `table/${memory}`),
      snapshotTag: tagOf(variables[HANDLER_ENV.snapshotSettings]),
    });
  }
  return [...roles.values()];
}

const arnIn = ({ partition, region, account }: Place, service: string, resource: string): string =>
  `arn:${partition}:${service}:${region}:${account}:${resource}`;

function fileOf(place: Place, definition: TaskDefinition): Partial<RoleParts> {
  const { fileSystemId, authorizationConfig: { accessPointId } = {} } = efsOf(definition) ?? {};
  if (accessPointId === undefined) return {};
  const arn = (resource: string) => arnIn(place, 'elasticfilesystem', resource);
  return { fileSystem: arn(`file-system/${fileSystemId}`), accessPoint: arn(`access-point/${accessPointId}`) };
}

function repositoryOf(place: Place, definition: TaskDefinition): string | undefined {
  const image = ecrImage(containerOf(definition)?.image);
  return (
    image &&
    arnIn({ ...place, region: image.region, account: image.registryId }, 'ecr', `repository/${image.repositoryName}`)
  );
}

const taskOf = (schedule: GetScheduleOutput, tasks: readonly DeployedTask[]): DeployedTask | undefined =>
  tasks.find(({ task }) => task.family === familyOf(schedule));

/** What a schedule starts. */
function startedBy(
  schedule: GetScheduleOutput,
  tasks: readonly DeployedTask[],
  restores: readonly DeployedTask[],
): Partial<RoleParts> {
  const { Arn, EcsParameters, DeadLetterConfig } = schedule.Target ?? {};
  const deadLetterQueue = DeadLetterConfig?.Arn;
  const document = documentOf(schedule.Target);
  if (document !== undefined) return { document, deadLetterQueue };
  if (!EcsParameters) return { target: Arn, deadLetterQueue };
  const task = taskOf(schedule, tasks)!;
  const { taskRoleArn, executionRoleArn } = valueOf(task) ?? {};
  const taskRoles = [taskRoleArn, executionRoleArn].filter((role) => role !== undefined);
  const restore = restores.find(({ source }) => source === task.source);
  const { taskDefinitionArn: restoreTask, taskRoleArn: restoreRole } = (restore && valueOf(restore)) ?? {};
  return {
    cluster: Arn,
    taskDefinition: EcsParameters.TaskDefinitionArn,
    taskRoles,
    deadLetterQueue,
    restoreTask,
    restoreRole,
  };
}

/** ARN of the queue of events: a function writes to its URL, `https://sqs.<region>.amazonaws.com/<account>/<name>`, or reads it. */
function eventsOf(place: Place, one: DeployedFunction): string | undefined {
  const { [ALARM_ENV.events]: url, [ALARM_ENV.deadLetters]: deadLetters } = variablesOf(one);
  const [account = '', name] = url?.split('/').slice(-2) ?? [];
  return name === undefined
    ? queuesOf(one).find((arn) => arn !== deadLetters)
    : arnIn({ ...place, account }, 'sqs', name);
}

function tagOf(settings: string | undefined): RoleParts['snapshotTag'] {
  if (settings === undefined) return undefined;
  const { key, value } = (JSON.parse(settings) as SnapshotSettings).tag;
  return { [`aws:ResourceTag/${key}`]: value };
}
