import type { ContainerDefinition, Secret, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Emulator } from './emulator';

/** The container that ECS would start. */
export interface ContainerRun {
  readonly image: string;
  readonly command: readonly string[];
  /** With the secrets' values and the overrides in it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly container: ContainerDefinition;
  /** Name of the task role. */
  readonly role: string;
  /** Name of the execution role, which is ECS's own. */
  readonly executionRole: string;
}

/** The container that ECS would start for one firing of a deployed schedule. */
export interface ScheduledRun extends ContainerRun {
  readonly taskDefinition: TaskDefinition;
  readonly schedule: GetScheduleOutput;
}

/** The container that ECS would start for a task that somebody started. */
export interface StartedRun extends ContainerRun {
  readonly taskDefinition: TaskDefinition;
  readonly task: Task;
}

/** ECS gave up before the container existed. */
export class TaskFailedToStart extends Error {}

/** Overrides of a task by its schedule, or by whoever starts it. */
export interface Overrides {
  readonly taskRoleArn?: string;
  readonly containerOverrides?: readonly {
    readonly name: string;
    readonly command?: readonly string[];
    readonly environment?: readonly { readonly name: string; readonly value: string }[];
  }[];
}

/** One firing of one schedule. */
export interface Firing {
  /** Name of the schedule. */
  readonly schedule: string;
  /** Name of its group; `default` when left out. */
  readonly group?: string;
  /** The time that the schedule means; now when left out. */
  readonly scheduledTime?: Date;
}

/**
 * Acts as EventBridge Scheduler and ECS do when a deployed schedule fires, up to the start of the container.
 *
 * @throws TaskFailedToStart where ECS would not start it
 */
export async function fire(emulator: Emulator, firing: Firing): Promise<ScheduledRun> {
  const { schedule, group, scheduledTime = new Date() } = firing;
  const deployed = await new SchedulerClient(emulator.client).send(
    new GetScheduleCommand({ Name: schedule, GroupName: group }),
  );
  if (deployed.State !== 'ENABLED') throw new Error(`schedule ${schedule} is ${deployed.State}: it never fires`);
  const ecsParameters = deployed.Target?.EcsParameters;
  if (!ecsParameters) throw new Error(`schedule ${schedule} has no ECS target, but: ${deployed.Target?.Arn}`);
  const input = replaceContextAttributes(deployed.Target?.Input ?? '{}', {
    'scheduled-time': `${scheduledTime.toISOString().slice(0, 19)}Z`,
    'schedule-arn': deployed.Arn!,
    'execution-id': `${schedule}-${scheduledTime.getTime()}`,
    'attempt-number': '1',
  });
  const { taskDefinition } = await new ECSClient(emulator.client).send(
    new DescribeTaskDefinitionCommand({ taskDefinition: ecsParameters.TaskDefinitionArn }),
  );
  return {
    ...(await container(emulator, taskDefinition!, JSON.parse(input) as Overrides)),
    taskDefinition: taskDefinition!,
    schedule: deployed,
  };
}

/**
 * Acts as ECS does with a task that somebody started, up to the start of the container.
 *
 * @throws TaskFailedToStart where ECS would not start it
 */
export async function startedByHand(emulator: Emulator, task: Task): Promise<StartedRun> {
  const describe = new DescribeTaskDefinitionCommand({ taskDefinition: task.taskDefinitionArn });
  const { taskDefinition } = await new ECSClient(emulator.client).send(describe);
  const run = await container(emulator, taskDefinition!, (task.overrides ?? {}) as Overrides);
  return { ...run, taskDefinition: taskDefinition!, task };
}

/** Context attributes are put into the text of the input. One that Scheduler does not know stays as it is written. */
function replaceContextAttributes(input: string, values: Record<string, string>): string {
  return input.replace(/<aws\.scheduler\.([a-z-]+)>/g, (written, name: string) => values[name] ?? written);
}

async function container(
  emulator: Emulator,
  { containerDefinitions = [], taskRoleArn, executionRoleArn }: TaskDefinition,
  overrides: Overrides,
): Promise<ContainerRun> {
  const definition = containerDefinitions[0];
  if (containerDefinitions.length !== 1 || !definition) {
    throw new Error(`the task definition must have one container, got: ${containerDefinitions.length}`);
  }
  for (const { name } of overrides.containerOverrides ?? []) {
    if (name !== definition.name) {
      throw new TaskFailedToStart(`Override for container named ${name} is not a container in the TaskDefinition.`);
    }
  }
  const override = overrides.containerOverrides?.[0];
  const [role, executionRole] = [overrides.taskRoleArn ?? taskRoleArn!, executionRoleArn!].map((arn) =>
    arn.split('/').at(-1)!,
  ) as [string, string];
  const client = new SecretsManagerClient(emulator.clientOf(executionRole));
  const secrets = await Promise.all((definition.secrets ?? []).map((secret) => resolveSecret(client, secret)));
  const variables = [...(definition.environment ?? []), ...(override?.environment ?? [])];
  return {
    ...{ container: definition, role, executionRole },
    image: definition.image!,
    command: [...(definition.entryPoint ?? []), ...(override?.command ?? definition.command ?? [])],
    environment: Object.fromEntries([...variables.map(({ name, value }) => [name!, value!] as const), ...secrets]),
  };
}

/** Resolves `arn:aws:secretsmanager:<region>:<account>:secret:<name>[:<JSON key>:<version stage>:<version id>]`. */
async function resolveSecret(
  client: SecretsManagerClient,
  { name, valueFrom }: Secret,
): Promise<readonly [string, string]> {
  const unable =
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed';
  const parts = valueFrom!.split(':');
  const [key, stage, version] = parts.slice(7);
  const input = {
    SecretId: parts.slice(0, 7).join(':'),
    VersionStage: stage || undefined,
    VersionId: version || undefined,
  };
  let text: string;
  try {
    const answer = await client.send(new GetSecretValueCommand(input));
    text = answer.SecretString ?? '';
  } catch (error) {
    throw new TaskFailedToStart(`${unable}: unable to retrieve secret from asm: ${(error as Error).message}`);
  }
  if (!key) return [name!, text];
  const value = (JSON.parse(text) as Record<string, unknown>)[key];
  if (value === undefined) {
    throw new TaskFailedToStart(`${unable}: retrieved secret from Secrets Manager did not contain json key ${key}`);
  }
  return [name!, typeof value === 'string' ? value : JSON.stringify(value)];
}
