/** Starts a task of ECS, and looks at it. */
import type { ECSClient, RunTaskCommandInput, Task } from '@aws-sdk/client-ecs';
import { DescribeTasksCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { logPage, taskPage } from '../../../catalog/console';
import { idOf, notStarted } from '../../../catalog/run-end';
import { CommandError } from '../errors';
import { ask } from './aws';

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
  if (task) return task;
  throw new CommandError(`ECS did not start a run of ${source}: ${notStarted(failures)}: try again in a few minutes`);
}

/** Pages of the console about a task. */
export function linksOf({ taskArn, clusterArn }: Task, logGroup: string, stream: string) {
  // arn:aws:ecs:eu-west-1:111122223333:task/cluster/id
  const [, partition, , region] = taskArn!.split(':') as [string, string, string, string];
  const [place, id] = [{ partition, region }, idOf(taskArn!)];
  return { task: taskPage(place, idOf(clusterArn!), id), log: logPage(place, logGroup, stream) };
}

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
