/** A task of ECS that makes a backup: how it is started, waited for, and how it ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ECSClient, Failure, RunTaskCommandInput, Task } from '@aws-sdk/client-ecs';
import { DescribeTasksCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { CONTAINER_NAME, EXIT_CODES } from '../../../catalog/contract/task';
import { ask } from './aws';
import { CommandError } from '../print/output';

/** Pauses between two looks at a task: short ones first, for what fails at once. */
const PAUSE_MS = { first: 250, longest: 5_000 };
/** How long ECS may not know what it has just started. */
const UNKNOWN_MS = 60_000;

/**
 * Starts a run.
 *
 * @throws CommandError if ECS starts none
 */
export async function startTask(ecs: ECSClient, source: string, request: RunTaskCommandInput): Promise<Task> {
  const wish = { doing: `start a run of ${source}`, action: 'ecs:RunTask, ecs:TagResource and iam:PassRole' };
  const { tasks = [], failures = [] } = await ask(wish, () => ecs.send(new RunTaskCommand(request)));
  const [task] = tasks;
  // ECS answers with 200 as well when it has no capacity.
  if (task) return task;
  const reasons = failures.length > 0 ? failures.map(reasonOf).join('; ') : 'it gives no reason';
  throw new CommandError(`ECS started no run of ${source}: ${reasons}: run the command again in some minutes`);
}

const reasonOf = ({ reason, detail }: Failure): string =>
  [reason, detail].filter((part) => part !== undefined && part !== '').join(': ') || 'it gives no reason';

/**
 * Waits until a task has stopped, however long that takes.
 *
 * @param tell of each state that it comes to
 * @throws CommandError if it cannot be looked at
 */
export async function untilStopped(ecs: ECSClient, started: Task, tell: (state: string) => void): Promise<Task> {
  const { taskArn, clusterArn } = started;
  const command = new DescribeTasksCommand({ cluster: clusterArn, tasks: [taskArn!] });
  const wish = { doing: 'look at the task', action: 'ecs:DescribeTasks' };
  const begun = Date.now();
  let state = '';
  for (let pause = PAUSE_MS.first; ; pause = Math.min(2 * pause, PAUSE_MS.longest)) {
    const { tasks: [task] = [] } = await ask(wish, () => ecs.send(command));
    if (task?.lastStatus === 'STOPPED') return task;
    if (!task && (state !== '' || Date.now() - begun > UNKNOWN_MS)) {
      throw new CommandError(
        `ECS does not know the task ${idOf(taskArn!)} any more: look at its log, and at the backups with proven-backups list`,
      );
    }
    if (task && task.lastStatus !== state) tell((state = task.lastStatus!));
    await sleep(pause);
  }
}

/** Id of a task, or name of a cluster. */
export const idOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** How a run ended. */
export interface RunEnd {
  readonly succeeded: boolean;
  /** Left out if the program never came to its end. */
  readonly exitCode?: number;
  /** What the program calls it: `connection`. */
  readonly exitName?: string;
  /** What ECS says of it. */
  readonly reason?: string;
}

/** How a stopped task ended. */
export function endOf({ containers = [], stopCode, stoppedReason }: Task): RunEnd {
  const container = containers.find(({ name }) => name === CONTAINER_NAME);
  // What could not be started may have an exit code all the same.
  const began = container?.exitCode !== EXIT_CODES.success || stopCode !== 'TaskFailedToStart';
  const exitCode = began ? container?.exitCode : undefined;
  const exitName = Object.entries(EXIT_CODES).find(([, code]) => code === exitCode)?.[0];
  const succeeded = exitCode === EXIT_CODES.success;
  const said = container?.reason || stoppedReason || stopCode;
  return {
    succeeded,
    ...(exitCode !== undefined && { exitCode }),
    ...(exitName !== undefined && { exitName }),
    ...(!succeeded && said !== undefined && said !== '' && { reason: said }),
  };
}
