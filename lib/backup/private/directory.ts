import { Lazy, Names, Stack } from 'aws-cdk-lib';
import type { CfnSchedule, Schedule } from 'aws-cdk-lib/aws-scheduler';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type {
  DirectoryParameter,
  DirectoryFunctions,
  SharedTask,
  SourceTask,
} from '../../../catalog/contract/directory';
import { DIRECTORY_FORMAT, directoryPath } from '../../../catalog/contract/directory';
import type { InstanceCommand } from '../../../catalog/contract/instance';
import type { Action } from '../../../catalog/contract/task';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { assumedLength, joined, PARAMETER_LENGTH } from '../../private/parameter-text';

const ID = 'Directory';
const ASSUMED_NUMBER = '"task":99,'.length;

/** A task that the directory lists. */
export interface ListedTask {
  readonly source: string;
  readonly engine: string;
  readonly action: Action;
  /** Beginning of its family; the name of the source follows. */
  readonly family: string;
  readonly logGroup: string;
  /** What a schedule starts: a task starts by hand in the same way. */
  readonly schedule: Schedule;
  /** Ids of its own security groups, in place of those of the schedule. */
  readonly securityGroups?: string[];
}

/** A source before its tasks are shared by number. */
interface Listed {
  readonly engine?: string;
  readonly command?: InstanceCommand;
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

  /** Lists how a source is backed up on an instance. */
  public addCommand(name: string, engine: string, command: InstanceCommand): void {
    this.put(name, { engine, command, tasks: {} });
  }

  /** Lists a task of a source. */
  public addTask({ source, engine, action, schedule, securityGroups: own, ...more }: ListedTask): void {
    const target = (schedule.node.defaultChild as CfnSchedule).target as CfnSchedule.TargetProperty;
    const ecs = target.ecsParameters as CfnSchedule.EcsParametersProperty;
    const network = ecs.networkConfiguration as CfnSchedule.NetworkConfigurationProperty;
    const vpc = network.awsvpcConfiguration as CfnSchedule.AwsVpcConfigurationProperty;
    const shared: SharedTask = {
      ...more,
      cluster: target.arn,
      subnets: joined(vpc.subnets),
      ...(vpc.assignPublicIp === 'ENABLED' && { publicIp: true }),
      // An interruption would leave a part of a database.
      ...(ecs.capacityProviderStrategy !== undefined && action === 'dump' && { spot: true }),
      ...(ecs.platformVersion !== undefined && { platformVersion: ecs.platformVersion }),
    };
    const known = this.parts.find((part) => part.has(source))?.get(source);
    const text = JSON.stringify(shared);
    const same = this.shared.find((one) => JSON.stringify(one) === text);
    if (!same) this.shared.push(shared);
    const securityGroups = joined(own ?? vpc.securityGroups!);
    const tasks = { ...known?.tasks, [action]: { shared: same ?? shared, securityGroups } };
    this.put(source, { ...known, engine, tasks });
  }

  /** Keeps a source in its part while it fits there; else moves it to the first part with room. */
  private put(name: string, source: Listed): void {
    this.lengths.set(name, assumedLength(this.contentOf(new Map([[name, source]])).sources));
    const holder = this.parts.find((part) => part.has(name));
    const fits = (part: Part): boolean => this.lengthOf(new Map(part).set(name, source)) <= PARAMETER_LENGTH;
    const part = holder && fits(holder) ? holder : (this.parts.find(fits) ?? this.addPart());
    if (part !== holder) holder?.delete(name);
    part.set(name, source);
  }

  private lengthOf(part: Part): number {
    const content = this.contentOf(part);
    let length = assumedLength({ ...content, sources: {} });
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
    const sources = [...part].map(([name, { engine, command, tasks: own }]) => {
      const numbered = Object.entries(own).map(([action, { shared, securityGroups }]): [string, SourceTask] => {
        const task = tasks.indexOf(shared);
        return [action, { ...(task > 0 && { task }), securityGroups }];
      });
      return [
        name,
        { ...(engine && { engine }), ...(command && { command }), ...Object.fromEntries(numbered) },
      ] as const;
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
