/** What AWS knows of the deployment of a bucket: what several checks look at, asked once. */
import type { LogGroup } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { ContainerDefinition, EFSVolumeConfiguration, TaskDefinition } from '@aws-sdk/client-ecs';
import { DescribeTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import type { KeyMetadata } from '@aws-sdk/client-kms';
import { DescribeKeyCommand, GetKeyPolicyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { EventSourceMappingConfiguration, GetFunctionResponse } from '@aws-sdk/client-lambda';
import {
  GetFunctionCommand,
  LambdaClient,
  paginateListEventSourceMappings,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { GetBucketEncryptionCommand } from '@aws-sdk/client-s3';
import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import { GetScheduleCommand, paginateListSchedules, SchedulerClient } from '@aws-sdk/client-scheduler';
import type { DescribeSecretResponse } from '@aws-sdk/client-secrets-manager';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { ALARM_ENV } from '../../../catalog/contract/alarms';
import type { DirectoryFunctions } from '../../../catalog/contract/directory';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import { HANDLER_ENV } from '../../../catalog/contract/handlers';
import { documentOf, sendsCommand } from '../../../catalog/contract/instance';
import type { Place } from '../../../catalog/contract/permissions';
import { CONTAINER_NAME, ENV } from '../../../catalog/contract/task';
import { mapParallel } from '../../../catalog/parallel';
import type { Aws } from '../aws/aws';
import { explained, isDenied } from '../aws/aws';
import type { BucketDirectory, ListedTask } from '../aws/directory';
import { CommandError } from '../errors';
import type { Thing } from './finding';
import { valueOf, valuesOf } from './finding';

/** Requests at a time. */
const WIDTH = 8;

/** The task of an action of a source. Those that dump are called like their source. */
export interface DeployedTask extends Thing<TaskDefinition> {
  readonly source: string;
  readonly task: StartableTask;
}

/** A function of ours. */
export interface DeployedFunction extends Thing<GetFunctionResponse> {
  /** `snapshots` prunes snapshots of volumes, of whatever bucket. */
  readonly kind: keyof DirectoryFunctions | 'snapshots';
  /** The queues that the notify function reads. */
  readonly queues?: Thing<readonly EventSourceMappingConfiguration[]>;
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
    /** Tells how far a long check is. */
    readonly tell: (progress: string) => void,
  ) {}

  /**
   * Asks AWS about a thing. Also a refusal is an answer.
   *
   * @param action that it needs of IAM
   * @param absent names of errors that say that the thing does not exist
   */
  async thing<T>(
    of: string,
    action: string,
    work: () => Promise<T | undefined>,
    ...absent: string[]
  ): Promise<Thing<T>> {
    try {
      return { of, fact: { value: await work() } };
    } catch (error) {
      if (error instanceof Error && absent.includes(error.name)) return { of, fact: { value: undefined } };
      if (isDenied(error)) {
        const unknown = `not allowed: ${(error as Error).message}`;
        return { of, fact: { unknown, action: `allow ${action}: docs/doctor.md` } };
      }
      const why = explained(error, { doing: 'ask AWS about it', action });
      if (!(why instanceof CommandError)) throw why;
      return { of, fact: { unknown: why.message } };
    }
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
  definitions(names: readonly (string | undefined)[]): Promise<Thing<TaskDefinition>[]> {
    const client = this.aws.ecs();
    const describe = async (taskDefinition: string) =>
      (await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }))).taskDefinition;
    return this.each(names, 'ecs:DescribeTaskDefinition', describe, 'ClientException');
  }

  /** The tasks that dump, each with the newest definition of its family. */
  readonly tasks = once(() => this.tasksOf(this.directory.dumps, (source) => source));

  /** The tasks that restore, likewise. */
  readonly restores = once(() => this.tasksOf(this.directory.tasksOf('restore'), (source) => `restore of ${source}`));

  /** The tasks that maintain repositories, likewise. */
  readonly maintenances = once(() =>
    this.tasksOf(this.directory.tasksOf('maintain'), (source) => `maintenance of ${source}`),
  );

  /** All tasks, each once. */
  readonly allTasks = once(async () => [
    ...(await this.tasks()),
    ...(await this.restores()),
    ...(await this.maintenances()),
  ]);

  private async tasksOf(listed: readonly ListedTask[], nameOf: (source: string) => string): Promise<DeployedTask[]> {
    const definitions = await this.definitions(listed.map(({ task }) => task.family));
    const byFamily = new Map(definitions.map(({ of, fact }) => [of, fact]));
    return listed.map(({ source, task }) => ({ of: nameOf(source), source, task, fact: byFamily.get(task.family)! }));
  }

  /** The secrets of the tasks, without their values. */
  readonly secrets = once(async (): Promise<Thing<DescribeSecretResponse>[]> => {
    const client = this.aws.client(SecretsManagerClient);
    const describe = (SecretId: string) => client.send(new DescribeSecretCommand({ SecretId }));
    const arns = valuesOf(await this.allTasks()).flatMap(secretArns);
    return this.each(arns, 'secretsmanager:DescribeSecret', describe, 'ResourceNotFoundException');
  });

  /** The keys that encrypt the secrets, by the names that these give them; a secret with the key of AWS names none. */
  readonly secretKeys = once(async () => this.keys(valuesOf(await this.secrets()).map(({ KmsKeyId }) => KmsKeyId)));

  /** Asks AWS about keys, by their ids, aliases or ARNs. */
  keys(names: Iterable<string | undefined>): Promise<Thing<KeyMetadata>[]> {
    const client = this.aws.client(KMSClient);
    const describe = async (KeyId: string) => (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
    return this.each(names, 'kms:DescribeKey', describe, 'NotFoundException');
  }

  /** Policies of keys, by their ARNs. Those of AWS have policies of AWS, and nobody reads those of another account. */
  async keyPolicies(keys: readonly Thing<KeyMetadata>[]): Promise<Thing<string>[]> {
    const client = this.aws.client(KMSClient);
    const { account } = (await this.place()) ?? {};
    const own = valuesOf(keys).filter(
      ({ KeyState, KeyManager, AWSAccountId: owner = account }) =>
        KeyState === 'Enabled' && KeyManager !== 'AWS' && owner === account,
    );
    const policy = async (KeyId: string) => (await client.send(new GetKeyPolicyCommand({ KeyId }))).Policy;
    return this.each(
      own.map(({ Arn, KeyId }) => Arn ?? KeyId),
      'kms:GetKeyPolicy',
      policy,
    );
  }

  /** The log groups of the tasks and the functions. */
  readonly logGroups = once(async (): Promise<Thing<LogGroup>[]> => {
    const client = this.aws.logs();
    const find = async (name: string) => {
      // The shortest name comes first.
      const command = new DescribeLogGroupsCommand({ logGroupNamePrefix: name });
      return (await client.send(command)).logGroups?.find(({ logGroupName }) => logGroupName === name);
    };
    const { dumps, commands } = this.directory;
    const runs = [...dumps.map(({ task }) => task), ...commands.map(({ command }) => command)];
    const names = [...runs.map(({ logGroup }) => logGroup), ...(await this.functions()).map(logOf)];
    return this.each(names, 'logs:DescribeLogGroups', find);
  });

  /** The functions of the directory, and those that prune snapshots. */
  readonly functions = once(async (): Promise<DeployedFunction[]> => {
    const client = this.aws.client(LambdaClient);
    const pruners = await this.thing('functions that prune snapshots', 'lambda:ListFunctions', async () => {
      const listed = await all(paginateListFunctions({ client }, {}), 'Functions');
      return listed.filter(({ Environment }) => Environment?.Variables?.[HANDLER_ENV.snapshotSettings] !== undefined);
    });
    const snapshots = (valueOf(pruners) ?? []).map(
      ({ FunctionName: name }) => ({ kind: 'snapshots', name: name! }) as const,
    );
    const found = await mapParallel([...this.directory.allFunctions, ...snapshots], WIDTH, async ({ kind, name }) => {
      const lambda = this.aws.lambda(name);
      const FunctionName = name;
      const get = () => lambda.send(new GetFunctionCommand({ FunctionName }));
      const one = await this.thing(name, 'lambda:GetFunction', get, 'ResourceNotFoundException');
      if (kind !== 'notify') return { ...one, kind };
      const list = () =>
        all(paginateListEventSourceMappings({ client: lambda }, { FunctionName }), 'EventSourceMappings');
      return { ...one, kind, queues: await this.thing(name, 'lambda:ListEventSourceMappings', list) };
    });
    const { of, fact } = pruners;
    return 'unknown' in fact ? [...found, { of, kind: 'snapshots', fact }] : found;
  });

  /** The schedules that start something of the deployment: of a cluster, those of its tasks only, because others may use it too. */
  readonly schedules = once(async (): Promise<Thing<GetScheduleOutput>[]> => {
    const client = this.aws.client(SchedulerClient);
    const functions = await this.functions();
    const targets = new Set([
      ...this.directory.scheduled.map(({ task }) => task.cluster),
      ...valuesOf(functions).map(({ Configuration }) => Configuration?.FunctionArn),
      ...functions.flatMap(queuesOf),
    ]);
    const list = async () => await all(paginateListSchedules({ client }, {}), 'Schedules');
    const { of, fact } = await this.thing('schedules', 'scheduler:ListSchedules', list);
    if ('unknown' in fact) return [{ of, fact }];
    const { commands } = this.directory;
    const sends = (arn?: string): boolean => commands.length > 0 && sendsCommand(arn);
    const ours = (fact.value ?? []).filter(({ Target }) => targets.has(Target?.Arn) || sends(Target?.Arn));
    const found = await mapParallel(ours, WIDTH, ({ Name, GroupName }) =>
      this.thing(
        `schedule ${Name}`,
        'scheduler:GetSchedule',
        () => client.send(new GetScheduleCommand({ Name, GroupName })),
        'ResourceNotFoundException',
      ),
    );
    // Others may send commands, too, and start tasks in the same cluster.
    const names = new Set([
      ...commands.map(({ command }) => command.document),
      ...this.directory.scheduled.map(({ task }) => task.family),
    ]);
    return found.filter((one) => {
      const schedule = valueOf(one);
      const { Arn, EcsParameters } = schedule?.Target ?? {};
      if (!sends(Arn) && !EcsParameters) return true;
      return names.has((documentOf(schedule!.Target) ?? familyOf(schedule!))!);
    });
  });

  /** Ids or ARNs of the keys of the topics. */
  readonly topicKeys = once(async (): Promise<Thing<string>[]> => {
    const client = this.aws.client(SNSClient);
    const read = async (TopicArn: string) =>
      (await client.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes?.KmsMasterKeyId || undefined;
    return this.each(await this.topics(), 'sns:GetTopicAttributes', read, 'NotFoundException');
  });

  /** ARNs of the topics of the alarms. */
  async topics(): Promise<string[]> {
    const notify = (await this.functions()).filter(({ kind }) => kind === 'notify');
    return [...new Set(notify.flatMap((one) => variablesOf(one)[ALARM_ENV.topic] ?? []))];
  }

  /** Where the deployment is; unknown if the directory lists neither task nor function. */
  async place(): Promise<Omit<Place, 'logsService'> | undefined> {
    const [cluster] = this.directory.scheduled.map(({ task }) => task.cluster);
    const [found] = valuesOf(await this.functions()).flatMap(({ Configuration }) => Configuration?.FunctionArn ?? []);
    const [, partition, , region, account] = (cluster ?? found)?.split(':') ?? [];
    return account === undefined ? undefined : { partition: partition!, region: region!, account };
  }

  /** The default encryption of the bucket. */
  readonly encryption = once(() =>
    this.thing(
      this.bucket,
      's3:GetEncryptionConfiguration',
      async () => {
        const found = await this.aws.s3().send(new GetBucketEncryptionCommand({ Bucket: this.bucket }));
        return found.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
      },
      'ServerSideEncryptionConfigurationNotFoundError',
    ),
  );

  /** ARN of the key with which the tasks encrypt; without a task, as with runs on instances, of that of the bucket. */
  async keyArn(): Promise<string | undefined> {
    const jobs = valuesOf(await this.tasks()).flatMap(
      (definition) => containerOf(definition)?.environment?.find(({ name }) => name === ENV.job)?.value ?? [],
    );
    const [own] = jobs.flatMap((job) => (JSON.parse(job) as { keyArn?: string }).keyArn ?? []);
    if (own !== undefined) return own;
    const { KMSMasterKeyID: key } = valueOf(await this.encryption()) ?? {};
    return key?.startsWith('arn:') ? key : undefined;
  }
}

/** The environment of a function. */
export const variablesOf = (one: DeployedFunction): Readonly<Record<string, string>> =>
  valueOf(one)?.Configuration?.Environment?.Variables ?? {};

/** ARNs of the queues that a function reads. */
export const queuesOf = ({ queues }: DeployedFunction): string[] =>
  ((queues && valueOf(queues)) ?? []).flatMap(({ EventSourceArn }) => EventSourceArn ?? []);

/** Name of the log group of a function. */
export const logOf = (one: DeployedFunction): string | undefined =>
  valueOf(one)?.Configuration?.LoggingConfig?.LogGroup;

/** All items of all pages. */
export async function all<K extends string, T>(pages: AsyncIterable<Partial<Record<K, T[]>>>, key: K): Promise<T[]> {
  const items: T[] = [];
  for await (const page of pages) items.push(...(page[key] ?? []));
  return items;
}

/** The container of the program. */
export const containerOf = (definition: TaskDefinition | undefined): ContainerDefinition | undefined =>
  definition?.containerDefinitions?.find(({ name }) => name === CONTAINER_NAME);

/** Bucket of the repository of the source, if the job of a task names one. */
export function filesRepositoryOf(definition: TaskDefinition | undefined): string | undefined {
  const job = containerOf(definition)?.environment?.find(({ name }) => name === ENV.job)?.value ?? '{}';
  return (JSON.parse(job) as { readonly repository?: { readonly bucket?: string } }).repository?.bucket;
}

/** ARNs of the secrets of a task, without versions and keys. */
export const secretArns = (definition: TaskDefinition | undefined): string[] =>
  (containerOf(definition)?.secrets ?? []).map(({ valueFrom }) => valueFrom!.split(':').slice(0, 7).join(':'));

/** The file system that a task mounts, if its database is a file. */
export const efsOf = (definition: TaskDefinition): EFSVolumeConfiguration | undefined =>
  definition.volumes?.find(({ efsVolumeConfiguration }) => efsVolumeConfiguration)?.efsVolumeConfiguration;

/** Family of the task definition that a schedule names, if it starts a task. */
export const familyOf = ({ Target }: GetScheduleOutput): string | undefined =>
  Target?.EcsParameters && nameOf(Target.EcsParameters.TaskDefinitionArn!.replace(/:\d+$/, ''));

/** Last part of an ARN: `ShopBackups-Topic`. */
export const nameOf = (arn: string): string => arn.slice(Math.max(arn.lastIndexOf(':'), arn.lastIndexOf('/')) + 1);
