import { Fn, Lazy, Names, Stack, Token, Tokenization } from 'aws-cdk-lib';
import type { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type {
  DirectoryParameter,
  DirectoryFunctions,
  SharedTask,
  SourceTask,
} from '../../../catalog/contract/directory';
import { DIRECTORY_FORMAT, directoryPath } from '../../../catalog/contract/directory';
import type { Action } from '../../../catalog/contract/task';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';

const ID = 'Directory';
/** Size of a parameter of Systems Manager. */
const MAX_LENGTH = 8192;
/** Assumed lengths of values that only the deployment knows, by their keys. */
const ASSUMED: Readonly<Record<string, number>> = {
  securityGroups: 'sg-0123456789abcdef0'.length,
  ...Object.fromEntries(['prune', 'undelete', 'measure', 'notify'].map((name) => [name, 64])),
};
const ASSUMED_NAME = 128;
const ASSUMED_NUMBER = '"task":99,'.length;
const ASSUMED_SUBNET = 'subnet-0123456789abcdef0,'.length;
/** EventBridge Scheduler takes no more. */
const MOST_SUBNETS = 16;

/** A task that the directory lists. */
export interface ListedTask {
  readonly source: string;
  readonly engine: string;
  readonly action: Action;
  /** Beginning of its family; the name of the source follows. */
  readonly family: string;
  readonly logGroup: string;
  /** Target of the schedule that makes the backups: a task starts by hand in the same way. */
  readonly target: CfnSchedule.TargetProperty;
  /** Ids of its own security groups, in place of those of the target. */
  readonly securityGroups?: string[];
}

/** A source before its tasks are shared by number. */
interface Listed {
  readonly engine?: string;
  readonly tasks: Partial<Record<Action, { readonly shared: SharedTask; readonly securityGroups: string }>>;
}
type Part = Map<string, Listed>;

/** Tells the command line how to act on the sources of a construct, in as few parameters as possible. */
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
  /** Each once. */
  private readonly shared: SharedTask[] = [];
  private readonly parts: Part[] = [];
  private readonly lengths = new Map<string, number>();

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
  public addTask({ source, engine, action, target, securityGroups: own, ...more }: ListedTask): void {
    const ecs = target.ecsParameters as CfnSchedule.EcsParametersProperty;
    const network = ecs.networkConfiguration as CfnSchedule.NetworkConfigurationProperty;
    const vpc = network.awsvpcConfiguration as CfnSchedule.AwsVpcConfigurationProperty;
    const shared: SharedTask = {
      ...more,
      cluster: target.arn,
      subnets: joined(vpc.subnets),
      ...(vpc.assignPublicIp === 'ENABLED' && { publicIp: true }),
      // An interruption would leave a part of a database.
      ...(ecs.capacityProviderStrategy !== undefined && action !== 'restore' && { spot: true }),
      ...(ecs.platformVersion !== undefined && { platformVersion: ecs.platformVersion }),
    };
    const known = this.parts.find((part) => part.has(source))?.get(source);
    const text = JSON.stringify(shared);
    const same = this.shared.find((one) => JSON.stringify(one) === text);
    if (!same) this.shared.push(shared);
    const securityGroups = joined(own ?? vpc.securityGroups!);
    const tasks = { ...known?.tasks, [action]: { shared: same ?? shared, securityGroups } };
    this.put(source, { engine, tasks });
  }

  /** Keeps a source in its part while it fits there; else moves it to the first part with room. */
  private put(name: string, source: Listed): void {
    this.lengths.set(name, lengthOf(this.contentOf(new Map([[name, source]])).sources));
    const holder = this.parts.find((part) => part.has(name));
    const fits = (part: Part): boolean => this.lengthOf(new Map(part).set(name, source)) <= MAX_LENGTH;
    const part = holder && fits(holder) ? holder : (this.parts.find(fits) ?? this.addPart());
    if (part !== holder) holder?.delete(name);
    part.set(name, source);
  }

  private lengthOf(part: Part): number {
    const content = this.contentOf(part);
    let length = lengthOf({ ...content, sources: {} });
    for (const [name, { tasks }] of part) {
      const numbers = content.tasks.length > 1 ? Object.keys(tasks).length : 0;
      length += this.lengths.get(name)! + numbers * ASSUMED_NUMBER;
    }
    return length;
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
      // Up to 4 KB cost nothing.
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      stringValue: Lazy.string({ produce: () => Stack.of(this).toJsonString(this.contentOf(part)) }),
    });
    return part;
  }

  private contentOf(part: Part): DirectoryParameter {
    const tasks = [
      ...new Set([...part.values()].flatMap(({ tasks: own }) => Object.values(own).map(({ shared }) => shared))),
    ];
    const sources = [...part].map(([name, { engine, tasks: own }]) => {
      const numbered = Object.entries(own).map(([action, { shared, securityGroups }]): [string, SourceTask] => {
        const task = tasks.indexOf(shared);
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

/** Length as JSON. */
function lengthOf(content: object): number {
  return JSON.stringify(content, (key, value: unknown) => {
    if (typeof value !== 'string' || !Token.isUnresolved(value)) return value;
    if (key === 'subnets')
      return 'n'.repeat(ASSUMED_SUBNET * (value.includes(',') ? value.split(',').length : MOST_SUBNETS));
    const length = ASSUMED[key] ?? ASSUMED_NAME;
    const fragments = Tokenization.reverseString(value).mapTokens({ mapToken: () => 'n'.repeat(length) });
    return fragments.join({ join: (left = '', right = '') => `${left}${right}` }) as string;
  }).length;
}
