/**
 * The directory of a bucket: how to act on each of its sources. Every construct that stands alone (`Backups`, or a
 * `DatabaseBackup`, `BackupPruning` or `BackupAlarms` outside of one) writes its part; the command line reads them all.
 * Free of dependencies, because the construct library has none.
 */
import type { InstanceCommand } from './instance';
import type { Action } from './task';

/** Newest format of {@link DirectoryParameter}. Keys and actions that a reader does not know are additions: it ignores them. */
export const DIRECTORY_FORMAT = 1;

/** Path of all parameters of a bucket's directory. */
export const directoryPath = (bucket: string): string => `/proven-backups/${bucket}/directory/`;

/** Names of the functions of a construct. */
export interface DirectoryFunctions {
  readonly prune?: string;
  readonly undelete?: string;
  readonly measure?: string;
  readonly notify?: string;
  /** Starts restore tests: it gets a `ProveRequest`. */
  readonly restoreTests?: string;
}

/** How tasks are started, and where they log. Sources with the same answers share them. */
export interface SharedTask {
  /** Beginning of the task families: the name of the source follows, and the action if it is not a dump. */
  readonly family: string;
  /** ARN of the cluster. */
  readonly cluster: string;
  /** Ids of the subnets, separated by commas. */
  readonly subnets: string;
  /** Whether tasks get a public IP address; not if left out. */
  readonly publicIp?: true;
  /** Whether tasks run on Fargate Spot; not if left out. */
  readonly spot?: true;
  /** Version of the Fargate platform; the latest if left out. */
  readonly platformVersion?: string;
  /** Name of the log group. The streams of a source begin with its name. */
  readonly logGroup: string;
}

/** The task of one action of a source. */
export interface SourceTask {
  /** Index in {@link DirectoryParameter.tasks}; 0 if left out. */
  readonly task?: number;
  /** Ids of the security groups, separated by commas. */
  readonly securityGroups: string;
}

/** How to act on a source. Without an action there is no task: the construct only prunes the source. */
export interface DirectorySource extends Readonly<Partial<Record<Action, SourceTask>>> {
  /** Name of the engine. */
  readonly engine?: string;
  /** How it is backed up, if on an instance and not by a task. */
  readonly command?: InstanceCommand;
}

/** The text of one parameter of Systems Manager. */
export interface DirectoryParameter {
  readonly formatVersion: 1;
  readonly bucket: string;
  /** They serve the {@link sources} of this parameter. */
  readonly functions: DirectoryFunctions;
  readonly tasks: readonly SharedTask[];
  /** By name. */
  readonly sources: Readonly<Record<string, DirectorySource>>;
}
