/** Reads the directory of a bucket. */
import * as z from 'zod';
import { sourceNameFault } from '../bucket/names';
import type { DirectoryFunctions } from './directory';
import { DIRECTORY_FORMAT } from './directory';
import type { InstanceCommand } from './instance';
import { parseSettings } from './settings';
import { ACTIONS, taskFamily, type Action } from './task';

/** All that ECS has to be told to start a task, and where the task logs. */
export interface StartableTask {
  readonly family: string;
  readonly cluster: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly publicIp: boolean;
  readonly spot: boolean;
  readonly platformVersion?: string;
  readonly logGroup: string;
}

/** How to act on a source. */
export interface ListedSource {
  readonly engine?: string;
  /** How it is backed up, if on an instance. */
  readonly command?: InstanceCommand;
  readonly tasks: Readonly<Partial<Record<Action, StartableTask>>>;
}

/** One parameter of the directory, with nothing shared any more. */
export interface DirectoryPart {
  readonly bucket: string;
  readonly functions: DirectoryFunctions;
  readonly sources: ReadonlyMap<string, ListedSource>;
}

const name = z.string().min(1);
const ids = name.transform((text) => text.split(','));
const sharedTask = z.object({
  family: name,
  cluster: name,
  subnets: ids,
  publicIp: z.boolean().default(false),
  spot: z.boolean().default(false),
  platformVersion: name.optional(),
  logGroup: name,
});
const sourceTask = z.object({ task: z.int().nonnegative().default(0), securityGroups: ids });
const command = z.object({
  document: name,
  restore: name.optional(),
  logGroup: name,
  instanceId: name.optional(),
  tags: z.record(z.string(), z.string()).optional(),
});
const source = z.object({
  engine: name.optional(),
  command: command.optional(),
  ...(Object.fromEntries(ACTIONS.map((action) => [action, sourceTask.optional()])) as Record<
    Action,
    z.ZodOptional<typeof sourceTask>
  >),
});

// Not strict: a newer release adds keys and actions.
const directory = z
  .object({
    formatVersion: z.literal(DIRECTORY_FORMAT),
    bucket: name,
    functions: z.object({
      prune: name.optional(),
      undelete: name.optional(),
      measure: name.optional(),
      notify: name.optional(),
      restoreTests: name.optional(),
    }),
    tasks: z.array(sharedTask),
    sources: z.record(
      z.string().refine((key) => sourceNameFault(key) === undefined, 'not the name of a source'),
      source,
    ),
  })
  .transform(({ bucket, functions, tasks, sources }, context): DirectoryPart => {
    const listed = Object.entries(sources).map(
      ([key, { engine, command: onInstance, ...actions }]): [string, ListedSource] => {
        const started: Partial<Record<Action, StartableTask>> = {};
        for (const action of ACTIONS) {
          const own = actions[action];
          if (!own) continue;
          const shared = tasks[own.task];
          if (!shared) context.addIssue(`${key}: no task has the number ${own.task}`);
          else {
            const { securityGroups } = own;
            started[action] = { ...shared, family: taskFamily(shared.family, key, action), securityGroups };
          }
        }
        return [key, { engine, ...(onInstance && { command: onInstance }), tasks: started }];
      },
    );
    return { bucket, functions, sources: new Map(listed) };
  });

/**
 * Reads a parameter of the directory.
 *
 * @param text of the parameter
 * @param parameter its name
 * @throws SettingsError if it cannot be read
 */
export const parseDirectory = (text: string, parameter: string): DirectoryPart =>
  parseSettings(directory, DIRECTORY_FORMAT, text, parameter);
