/** Starts a task of ECS, waits for its end, and tells how it ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ECSClient, Failure, RunTaskCommandInput, Task } from '@aws-sdk/client-ecs';
import { DescribeTasksCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { CONTAINER_NAME, EXIT_CODES } from '../../../catalog/contract/task';
import { CommandError } from '../errors';
import { ask } from './aws';

/** Pauses between two looks at a task: short ones first, for runs that fail at once. */
const PAUSE_MS = { first: 250, longest: 5_000 };
/** ECS may not know a task for this long after it started it. */
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
  // Without capacity, too, ECS answers with 200.
  if (task) return task;
  const reasons = failures.length > 0 ? failures.map(reasonOf).join('; ') : 'no reason given';
  throw new CommandError(`ECS did not start a run of ${source}: ${reasons}: try again in a few minutes`);
}

const reasonOf = ({ reason, detail }: Failure): string =>
  [reason, detail].filter((part) => part !== undefined && part !== '').join(': ') || 'no reason given';

/** Looks at a task from its start to its end. */
export class TaskWatch {
  private readonly command: DescribeTasksCommand;
  private readonly begun = Date.now();
  private state = '';

  /** @param tell is called with each new state */
  constructor(
    private readonly ecs: ECSClient,
    private readonly started: Task,
    private readonly tell: (state: string) => void,
  ) {
    this.command = new DescribeTasksCommand({ cluster: started.clusterArn, tasks: [started.taskArn!] });
  }

  /**
   * Looks once.
   *
   * @returns the task if it has stopped
   * @throws CommandError if it cannot be looked at
   */
  async look(): Promise<Task | undefined> {
    const wish = { doing: 'look at the task', action: 'ecs:DescribeTasks' };
    const { tasks: [task] = [] } = await ask(wish, () => this.ecs.send(this.command));
    if (task?.lastStatus === 'STOPPED') return task;
    if (!task && (this.state !== '' || Date.now() - this.begun > UNKNOWN_MS)) {
      throw new CommandError(
        `ECS no longer knows the task ${idOf(this.started.taskArn!)}: read its log, and check the backups with proven-backups list`,
      );
    }
    if (task && task.lastStatus !== this.state) this.tell((this.state = task.lastStatus!));
    return undefined;
  }
}

/**
 * Waits until a task has stopped, however long that takes.
 *
 * @param tell is called with each new state
 * @throws CommandError if it cannot be looked at
 */
export async function untilStopped(ecs: ECSClient, started: Task, tell: (state: string) => void): Promise<Task> {
  const watch = new TaskWatch(ecs, started, tell);
  for (let pause = PAUSE_MS.first; ; pause = Math.min(2 * pause, PAUSE_MS.longest)) {
    const stopped = await watch.look();
    if (stopped) return stopped;
    await sleep(pause);
  }
}

/** Id of a task, or name of a cluster. */
export const idOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** How a run ended. */
export interface RunEnd {
  readonly succeeded: boolean;
  /** Left out if the program did not end by itself. */
  readonly exitCode?: number;
  /** The program's name for it: `connection`. */
  readonly exitName?: string;
  /** The reason that ECS gives. */
  readonly reason?: string;
}

/** Tells how a stopped task ended. */
export function endOf({ containers = [], stopCode, stoppedReason }: Task): RunEnd {
  const container = containers.find(({ name }) => name === CONTAINER_NAME);
  // Even a container that never started may have an exit code.
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
