/** What AWS knows of the deployment of a bucket: what several checks look at, asked once. */
import type { LogGroup } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { ContainerDefinition, EFSVolumeConfiguration, TaskDefinition } from '@aws-sdk/client-ecs';
import { DescribeTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import type { EventSourceMappingConfiguration, GetFunctionResponse } from '@aws-sdk/client-lambda';
import { GetFunctionCommand, paginateListEventSourceMappings } from '@aws-sdk/client-lambda';
import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import { GetScheduleCommand, paginateListSchedules, SchedulerClient } from '@aws-sdk/client-scheduler';
import type { DescribeSecretResponse } from '@aws-sdk/client-secrets-manager';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ALARM_ENV } from '../../../catalog/contract/alarms';
import type { DirectoryFunctions } from '../../../catalog/contract/directory';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import type { Place } from '../../../catalog/contract/permissions';
import { CONTAINER_NAME, ENV } from '../../../catalog/contract/task';
import { mapParallel } from '../../../catalog/parallel';
import type { Aws } from '../aws/aws';
import { ask } from '../aws/aws';
import type { BucketDirectory } from '../aws/directory';
import { CommandError } from '../errors';
import type { Fact, Thing } from './finding';
import { valueOf } from './finding';

/** Requests at a time. */
const WIDTH = 8;

/** The task that makes the backups of a source. */
export interface DumpTask extends Thing<TaskDefinition> {
  readonly task: StartableTask;
}

/** A function, and the queues that it reads. */
export interface DeployedFunction extends Thing<GetFunctionResponse> {
  readonly kind: keyof DirectoryFunctions;
  readonly queues: Fact<readonly EventSourceMappingConfiguration[]>;
}

const once = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
};

/** Asks AWS about the deployment of a bucket. */
export class Deployment {
  constructor(
    readonly aws: Aws,
    readonly bucket: string,
    readonly directory: BucketDirectory,
  ) {}

  /**
   * Asks AWS something.
   *
   * @param doing completes "cannot …"
   * @param action that it needs of IAM
   * @param absent names of errors that say that the thing does not exist
   * @returns also when AWS refuses
   */
  async fact<T>(
    doing: string,
    action: string,
    work: () => Promise<T | undefined>,
    ...absent: string[]
  ): Promise<Fact<T>> {
    try {
      return { value: await ask({ doing, action }, () => work().catch((error: unknown) => orAbsent(error, absent))) };
    } catch (error) {
      if (error instanceof CommandError) return { unknown: error.message };
      throw error;
    }
  }

  /** Asks AWS about a thing. */
  async thing<T>(
    of: string,
    action: string,
    work: () => Promise<T | undefined>,
    ...absent: string[]
  ): Promise<Thing<T>> {
    return { of, fact: await this.fact(`look at ${of}`, action, work, ...absent) };
  }

  /** Asks AWS the same about many things, each once. */
  async each<T>(
    names: Iterable<string | undefined>,
    action: string,
    work: (name: string) => Promise<T | undefined>,
    ...absent: string[]
  ): Promise<Thing<T>[]> {
    const known = [...new Set(names)].filter((name) => name !== undefined);
    return mapParallel(known, WIDTH, (of) => this.thing(of, action, () => work(of), ...absent));
  }

  /** Asks AWS about task definitions, by their families or ARNs. */
  definitions(names: readonly string[]): Promise<Thing<TaskDefinition>[]> {
    const client = this.aws.ecs();
    const describe = async (taskDefinition: string) =>
      (await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }))).taskDefinition;
    return this.each(names, 'ecs:DescribeTaskDefinition', describe, 'ClientException');
  }

  /** The tasks that dump, each with the newest definition of its family. */
  readonly tasks = once(async (): Promise<DumpTask[]> => {
    const { dumps } = this.directory;
    const definitions = await this.definitions(dumps.map(({ task }) => task.family));
    const byFamily = new Map(definitions.map(({ of, fact }) => [of, fact]));
    return dumps.map(({ source, task }) => ({ of: source, task, fact: byFamily.get(task.family)! }));
  });

  /** The secrets of the tasks, without their values. */
  readonly secrets = once(async (): Promise<Thing<DescribeSecretResponse>[]> => {
    const client = this.aws.client(SecretsManagerClient);
    const describe = (SecretId: string) => client.send(new DescribeSecretCommand({ SecretId }));
    const arns = (await this.tasks()).flatMap(({ fact }) => secretArns(valueOf(fact)));
    return this.each(arns, 'secretsmanager:DescribeSecret', describe, 'ResourceNotFoundException');
  });

  /** The log groups of the tasks and the functions. */
  readonly logGroups = once(async (): Promise<Thing<LogGroup>[]> => {
    const client = this.aws.logs();
    const find = async (name: string) => {
      const command = new DescribeLogGroupsCommand({ logGroupNamePrefix: name });
      return (await client.send(command)).logGroups?.find(({ logGroupName }) => logGroupName === name);
    };
    const ofFunctions = (await this.functions()).map(
      ({ fact }) => valueOf(fact)?.Configuration?.LoggingConfig?.LogGroup,
    );
    const names = [...this.directory.dumps.map(({ task }) => task.logGroup), ...ofFunctions];
    return this.each(names, 'logs:DescribeLogGroups', find);
  });

  /** The functions of the directory. */
  readonly functions = once(async (): Promise<DeployedFunction[]> =>
    mapParallel(this.directory.allFunctions, WIDTH, async ({ kind, name: FunctionName }) => {
      const client = this.aws.lambda(FunctionName);
      const get = () => client.send(new GetFunctionCommand({ FunctionName }));
      const list = () => all(paginateListEventSourceMappings({ client }, { FunctionName }), 'EventSourceMappings');
      return {
        ...(await this.thing(FunctionName, 'lambda:GetFunction', get, 'ResourceNotFoundException')),
        kind,
        queues:
          kind === 'notify'
            ? (await this.thing(FunctionName, 'lambda:ListEventSourceMappings', list)).fact
            : { value: [] },
      };
    }),
  );

  /** The schedules that start something of the directory. */
  readonly schedules = once(async (): Promise<Fact<readonly GetScheduleOutput[]>> => {
    const client = this.aws.client(SchedulerClient);
    const functions = await this.functions();
    const targets = new Set([
      ...this.directory.dumps.map(({ task }) => task.cluster),
      ...functions.map(({ fact }) => valueOf(fact)?.Configuration?.FunctionArn),
      ...functions.flatMap(({ queues }) => (valueOf(queues) ?? []).map(({ EventSourceArn }) => EventSourceArn)),
    ]);
    return this.fact('list the schedules', 'scheduler:ListSchedules and scheduler:GetSchedule', async () => {
      const listed = await all(paginateListSchedules({ client }, {}), 'Schedules');
      const ours = listed.filter(({ Target }) => targets.has(Target?.Arn));
      return mapParallel(ours, WIDTH, ({ Name, GroupName }) =>
        client.send(new GetScheduleCommand({ Name, GroupName })),
      );
    });
  });

  /** Where the deployment is; unknown if the directory lists neither task nor function. */
  async place(): Promise<Place | undefined> {
    const [cluster] = this.directory.dumps.map(({ task }) => task.cluster);
    const [found] = (await this.functions()).flatMap(({ fact }) => valueOf(fact)?.Configuration?.FunctionArn ?? []);
    const arn = cluster ?? found;
    if (arn === undefined) return undefined;
    const [, partition, , region, account] = arn.split(':');
    return { partition: partition!, region: region!, account: account! };
  }

  /** ARN of the key with which the tasks encrypt; of an unknown key without a task. */
  async keyArn(): Promise<string | undefined> {
    return (await this.tasks()).flatMap(({ fact }) => jobKey(valueOf(fact)) ?? [])[0];
  }

  /** A variable of the environment of the functions of a kind, by their names. */
  async variable(kind: keyof DirectoryFunctions, name: string): Promise<string[]> {
    const values = (await this.functions()).map((one) => (one.kind === kind ? variableOf(one, name) : undefined));
    return [...new Set(values.filter((value) => value !== undefined))];
  }

  /** ARNs of the topics of the alarms. */
  topics(): Promise<string[]> {
    return this.variable('notify', ALARM_ENV.topic);
  }
}

/** A variable of the environment of a function. */
export const variableOf = ({ fact }: DeployedFunction, name: string): string | undefined =>
  valueOf(fact)?.Configuration?.Environment?.Variables?.[name];

function orAbsent(error: unknown, absent: readonly string[]): undefined {
  if (error instanceof Error && absent.includes(error.name)) return undefined;
  throw error;
}

/** All items of all pages. */
export async function all<K extends string, T>(pages: AsyncIterable<Partial<Record<K, T[]>>>, key: K): Promise<T[]> {
  const items: T[] = [];
  for await (const page of pages) items.push(...(page[key] ?? []));
  return items;
}

/** The container of the program. */
export const containerOf = (definition: TaskDefinition | undefined): ContainerDefinition | undefined =>
  definition?.containerDefinitions?.find(({ name }) => name === CONTAINER_NAME);

/** ARN of the key that the job of a task names. */
export function jobKey(definition: TaskDefinition | undefined): string | undefined {
  const job = containerOf(definition)?.environment?.find(({ name }) => name === ENV.job)?.value;
  return job === undefined ? undefined : (JSON.parse(job) as { keyArn?: string }).keyArn;
}

/** ARNs of the secrets of a task, without versions and keys. */
export const secretArns = (definition: TaskDefinition | undefined): string[] =>
  (containerOf(definition)?.secrets ?? []).map(({ valueFrom }) => valueFrom!.split(':').slice(0, 7).join(':'));

/** The file system that a task mounts, if its database is a file. */
export const efsOf = (definition: TaskDefinition | undefined): EFSVolumeConfiguration | undefined =>
  definition?.volumes?.find(({ efsVolumeConfiguration }) => efsVolumeConfiguration)?.efsVolumeConfiguration;

/** Family of the task definition that a schedule names, if it starts a task. */
export const familyOf = ({ Target }: GetScheduleOutput): string | undefined =>
  Target?.EcsParameters && nameOf(Target.EcsParameters.TaskDefinitionArn!.replace(/:\d+$/, ''));

/** Last part of an ARN: `ShopBackups-Topic`. */
export const nameOf = (arn: string): string => arn.slice(Math.max(arn.lastIndexOf(':'), arn.lastIndexOf('/')) + 1);
