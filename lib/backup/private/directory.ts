import { Fn, Lazy, Names, Stack, Token, Tokenization } from 'aws-cdk-lib';
import type { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type {
  Directory as Content,
  DirectoryFunctions,
  SharedTask,
  SourceTask,
  TaskAction,
} from '../../../catalog/contract/directory';
import { DIRECTORY_FORMAT, directoryPath } from '../../../catalog/contract/directory';
import type { Engine } from '../../../catalog/contract/task';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';

const ID = 'Directory';
/** A standard parameter holds as much, and costs nothing. */
const MAX_LENGTH = 4096;
/** Assumed length of values that only the deployment knows. */
const ASSUMED = { name: 128, id: 24, ids: 16 * 25 };

/** A task that the directory lists. */
export interface ListedTask {
  readonly source: string;
  readonly engine: Engine;
  readonly action: TaskAction;
  /** Beginning of its family; the name of the source follows. */
  readonly family: string;
  readonly logGroup: string;
  /** Target of the schedule that starts it: a run by hand starts in the same way. */
  readonly target: CfnSchedule.TargetProperty;
}

/** A source before its tasks are shared by number. */
interface Listed {
  readonly engine?: Engine;
  readonly tasks: Partial<Record<TaskAction, { readonly shared: SharedTask; readonly securityGroups: string }>>;
}
type Part = Map<string, Listed>;

/** Tells the command line how to act on the sources of a construct, in as many standard parameters as that takes. */
export class Directory extends Construct {
  /** The directory for a bucket that a construct around the scope has; without one, a new one of the scope. */
  public static of(scope: Construct, bucket: IBackupBucket): Directory {
    for (const { node } of scope.node.scopes) {
      const child = node.tryFindChild(ID);
      if (child instanceof Directory && child.bucket === bucket) return child;
    }
    return new Directory(scope, bucket);
  }

  private readonly functions: Record<string, string> = {};
  private readonly parts: Part[] = [];

  constructor(
    scope: Construct,
    private readonly bucket: IBackupBucket,
  ) {
    super(scope, ID);
  }

  /** Lists functions, which serve all sources of this directory. */
  public addFunctions(functions: DirectoryFunctions): void {
    Object.assign(this.functions, functions);
    if (this.parts.length === 0) this.addPart();
  }

  /** Lists a source. */
  public addSource(name: string): void {
    this.put(name, { tasks: {} });
  }

  /** Lists a task of a source. */
  public addTask({ source, engine, action, target, ...more }: ListedTask): void {
    const ecs = target.ecsParameters as CfnSchedule.EcsParametersProperty;
    const network = ecs.networkConfiguration as CfnSchedule.NetworkConfigurationProperty;
    const vpc = network.awsvpcConfiguration as CfnSchedule.AwsVpcConfigurationProperty;
    const shared: SharedTask = {
      ...more,
      cluster: target.arn,
      subnets: joined(vpc.subnets),
      ...(vpc.assignPublicIp === 'ENABLED' && { publicIp: true }),
      ...(ecs.capacityProviderStrategy !== undefined && { spot: true }),
      ...(ecs.platformVersion !== undefined && { platformVersion: ecs.platformVersion }),
    };
    const known = this.parts.find((part) => part.has(source))?.get(source);
    const tasks = { ...known?.tasks, [action]: { shared, securityGroups: joined(vpc.securityGroups!) } };
    this.put(source, { engine, tasks });
  }

  /** Keeps a source in its part as long as it fits there. */
  private put(name: string, source: Listed): void {
    const holder = this.parts.find((part) => part.has(name));
    const part = holder ?? this.parts.at(-1) ?? this.addPart();
    if (lengthOf(this.contentOf(new Map(part).set(name, source))) <= MAX_LENGTH) {
      part.set(name, source);
      return;
    }
    holder?.delete(name);
    this.addPart().set(name, source);
  }

  private addPart(): Part {
    const part: Part = new Map();
    const number = this.parts.push(part);
    const suffix = number === 1 ? '' : `${number}`;
    const name = Names.uniqueResourceName(this.node.scope!, { maxLength: 100, separator: '-' });
    new ssm.StringParameter(this, `Parameter${suffix}`, {
      parameterName: `${directoryPath(this.bucket.bucketName)}${name}${suffix && `-${suffix}`}`,
      simpleName: false,
      description: 'How to act on each source',
      // Names that are longer than assumed make it an advanced one.
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      stringValue: Lazy.string({ produce: () => Stack.of(this).toJsonString(this.contentOf(part)) }),
    });
    return part;
  }

  private contentOf(part: Part): Content {
    const tasks: SharedTask[] = [];
    const sources = [...part].map(([name, { engine, tasks: own }]) => {
      const numbered = Object.entries(own).map(([action, { shared, securityGroups }]): [string, SourceTask] => {
        const task = indexOf(tasks, shared);
        return [action, { ...(task > 0 && { task }), securityGroups }];
      });
      return [name, { ...(engine && { engine }), ...Object.fromEntries(numbered) }] as const;
    });
    return {
      formatVersion: DIRECTORY_FORMAT,
      bucket: this.bucket.bucketName,
      functions: this.functions,
      tasks,
      sources: Object.fromEntries(sources),
    };
  }
}

/** Ids as one text, even if only the deployment knows how many there are. */
const joined = (ids: string[]): string => (Token.isUnresolved(ids) ? Fn.join(',', ids) : ids.join(','));

function lengthOf(content: Content): number {
  return JSON.stringify(content, (key, value: unknown) => {
    if (typeof value !== 'string' || !Token.isUnresolved(value)) return value;
    const fragments = Tokenization.reverseString(value).mapTokens({ mapToken: () => 'n'.repeat(assumed(key, value)) });
    return fragments.join({ join: (left = '', right = '') => `${left}${right}` }) as string;
  }).length;
}

/** Assumed length of each token of a value. */
function assumed(key: string, value: string): number {
  if (key === 'securityGroups') return ASSUMED.id;
  if (key !== 'subnets') return ASSUMED.name;
  return value.includes(',') ? ASSUMED.id : ASSUMED.ids;
}

/** Index of an item, which is added if it is new. */
function indexOf<T>(list: T[], item: T): number {
  const known = list.findIndex((one) => JSON.stringify(one) === JSON.stringify(item));
  return known >= 0 ? known : list.push(item) - 1;
}
