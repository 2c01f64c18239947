/** Finds the tasks and functions of a bucket's sources in its directory. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Action } from '../../../catalog/contract/task';
import { directoryPath } from '../../../catalog/contract/directory';
import type { DirectoryFunctions } from '../../../catalog/contract/directory';
import type { InstanceCommand } from '../../../catalog/contract/instance';
import type { DirectoryPart, StartableTask } from '../../../catalog/contract/directory-schema';
import { parseDirectory } from '../../../catalog/contract/directory-schema';
import { readParameters, SettingsError } from '../../../catalog/contract/settings';
import { CommandError } from '../errors';
import { ask } from './aws';

/** A task of a source. */
export interface ListedTask {
  readonly source: string;
  readonly task: StartableTask;
}

/** The directory of a bucket, as all constructs wrote it. */
export class BucketDirectory {
  constructor(
    private readonly bucket: string,
    /** By the names of their parameters, in their order. */
    private readonly parts: ReadonlyMap<string, DirectoryPart>,
  ) {}

  /** Names of all sources, sorted. */
  get sources(): string[] {
    return namesIn([...this.parts.values()]);
  }

  /** The tasks that dump, by their sources. */
  get dumps(): readonly ListedTask[] {
    return this.tasksOf('dump');
  }

  /** The tasks that schedules start: dumps, and maintenance of repositories. */
  get scheduled(): readonly ListedTask[] {
    return [...this.dumps, ...this.tasksOf('maintain')];
  }

  /** The tasks of an action, by their sources; of a source that several parameters list, those that differ. */
  tasksOf(action: Action): readonly ListedTask[] {
    const listed = [...this.parts.values()].flatMap(({ sources }) =>
      [...sources].flatMap(([source, { tasks }]) => (tasks[action] ? [{ source, task: tasks[action] }] : [])),
    );
    return [...new Map(listed.map((one) => [JSON.stringify(one), one])).values()];
  }

  /** All functions, each once, with their kinds. */
  get allFunctions(): readonly { readonly kind: keyof DirectoryFunctions; readonly name: string }[] {
    const listed = [...this.parts.values()].flatMap(({ functions }) =>
      Object.entries(functions).map(([kind, name]) => ({
        kind: kind as keyof DirectoryFunctions,
        name: name as string,
      })),
    );
    return [...new Map(listed.map((one) => [one.name, one])).values()];
  }

  /** The runs on instances, by their sources. */
  get commands(): readonly { readonly source: string; readonly command: InstanceCommand }[] {
    const listed = [...this.parts.values()].flatMap(({ sources }) =>
      [...sources].flatMap(([source, { command }]) => (command ? [{ source, command }] : [])),
    );
    return [...new Map(listed.map((one) => [JSON.stringify(one), one])).values()];
  }

  /** How a source is backed up on an instance; nothing if it is not. */
  command(source: string): InstanceCommand | undefined {
    return this.commands.find((one) => one.source === source)?.command;
  }

  /**
   * The task of an action of a source, and the names of other parameters that list another one.
   *
   * @throws CommandError if there is none
   */
  task(source: string, action: Action): { readonly task: StartableTask; readonly others: readonly string[] } {
    const found = [...this.parts].flatMap(([parameter, { sources }]) => {
      const task = sources.get(source)?.tasks[action];
      return task ? [{ parameter, task }] : [];
    });
    const [first, ...more] = found;
    if (!first) {
      if (!this.sources.includes(source)) throw unknownSource(this.bucket, source, this.sources);
      throw action === 'restore' ? this.withoutRestore(source) : this.withoutBackup(source);
    }
    const text = JSON.stringify(first.task);
    const others = more.filter(({ task }) => JSON.stringify(task) !== text).map(({ parameter }) => parameter);
    return { task: first.task, others };
  }

  private withoutBackup(source: string): CommandError {
    return new CommandError(
      `nothing backs up source ${source} of bucket ${this.bucket}: it is only pruned: deploy a stack with its backup`,
    );
  }

  private withoutRestore(source: string): CommandError {
    const of = `source ${source} of bucket ${this.bucket}`;
    return new CommandError(
      this.command(source)
        ? `${of} runs on an instance, and nothing restores there: give its DatabaseBackup restore, and deploy; or restore from this machine with --local, as docs/instances.md shows; or proven-backups fetch --source ${source} --output restore, and restore by hand`
        : `${of} has no task that restores: give its DatabaseBackup restore, with the secret of an account that may write, and deploy; or restore from this machine with --local; or proven-backups fetch --source ${source} --output restore, and restore by hand`,
    );
  }

  /**
   * The function that prunes a source.
   *
   * @throws CommandError if there is none
   */
  pruneFunction(source: string): string {
    const found = this.functionOf(source, 'prune');
    if (found !== undefined) return found;
    throw new CommandError(
      `nothing prunes source ${source} of bucket ${this.bucket}: give its DatabaseBackup a BackupPruning, or use Backups`,
    );
  }

  /**
   * The function that starts restore tests of a source.
   *
   * @throws CommandError if there is none
   */
  restoreTestsFunction(source: string): string {
    const found = this.functionOf(source, 'restoreTests');
    if (found !== undefined) return found;
    throw new CommandError(
      `nothing tests the backups of source ${source} of bucket ${this.bucket}: give its DatabaseBackup a RestoreTesting, or use Backups; or test it on this machine with --local`,
    );
  }

  private functionOf(source: string, kind: keyof DirectoryFunctions): string | undefined {
    const having = [...this.parts.values()].filter(({ functions }) => functions[kind] !== undefined);
    const found = having.find(({ sources }) => sources.has(source));
    if (!found && !this.sources.includes(source)) throw unknownSource(this.bucket, source, this.sources);
    return found?.functions[kind];
  }

  /**
   * All functions of a kind, sorted.
   *
   * @throws CommandError if there is none
   */
  functions(kind: 'prune' | 'undelete' | 'notify'): [string, ...string[]] {
    const [first, ...others] = [...new Set([...this.parts.values()].flatMap(({ functions }) => functions[kind] ?? []))];
    if (first !== undefined) return [first, ...others];
    const construct = kind === 'notify' ? 'BackupAlarms' : 'BackupPruning';
    throw new CommandError(
      `bucket ${this.bucket} has no ${kind} function: deploy a stack with Backups or ${construct} for it`,
    );
  }
}

/** Error about a source that neither the bucket nor the directory knows. */
export const unknownSource = (bucket: string, source: string, known: readonly string[]): CommandError =>
  new CommandError(
    `bucket ${bucket} has no source ${source}: ${known.length > 0 ? `known are ${known.join(', ')}` : 'it has none at all'}`,
  );

const namesIn = (parts: readonly DirectoryPart[]): string[] =>
  [...new Set(parts.flatMap(({ sources }) => [...sources.keys()]))].sort();

/**
 * Reads the directory of a bucket.
 *
 * @throws CommandError if there is none, or a part of it cannot be read
 */
export async function readDirectory(ssm: SSMClient, bucket: string): Promise<BucketDirectory> {
  const path = directoryPath(bucket);
  const wish = { doing: `read the directory of bucket ${bucket}`, action: 'ssm:GetParametersByPath' };
  const texts = await ask(wish, () => readParameters(ssm, path));
  if (texts.size === 0) {
    throw new CommandError(
      `bucket ${bucket} has no directory: ${await ssm.config.region()} has no parameter under ${path}: check --bucket, --region and the account, or deploy its stack again`,
    );
  }
  try {
    return new BucketDirectory(bucket, new Map([...texts].map(([name, text]) => [name, parseDirectory(text, name)])));
  } catch (error) {
    throw error instanceof SettingsError ? new CommandError(error.message) : error;
  }
}
