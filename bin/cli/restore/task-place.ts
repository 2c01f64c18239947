/** Restores in a task of ECS beside the database. */
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import { logStreamOf } from '../../../catalog/contract/run-log';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { ENV } from '../../../catalog/contract/task';
import { idOf } from '../../../catalog/run-end';
import { runRequest } from '../../../catalog/run-request';
import type { Aws } from '../aws/aws';
import { ask } from '../aws/aws';
import { LogFollower } from '../aws/log-follower';
import { startTask, TaskWatch } from '../aws/task';
import { TaskRun } from '../program-run/task-run';
import { RESTORE_FACTS } from './log-facts';
import type { RestorePlace, RestoreRun } from './place';
import { requestText } from './request-text';

/** The task of a source that restores. */
export class TaskPlace implements RestorePlace {
  /** @param tell is called with each new state of a task */
  constructor(
    private readonly aws: Aws,
    private readonly source: string,
    private readonly task: StartableTask,
    private readonly tell: (text: string) => void,
  ) {}

  async start(request: RestoreRequest): Promise<RestoreRun> {
    const text = requestText(request);
    const ecs = this.aws.ecs();
    // A person waits for it, and a restore that Spot takes back is half a restore.
    const wanted = runRequest({ ...this.task, spot: false }, 'proven-backups/restore', { [ENV.restore]: text });
    const task = await startTask(ecs, this.source, wanted);
    const stream = logStreamOf(this.source, idOf(task.taskArn!));
    const tell = (state: string): void => this.tell(`the task is ${state.toLowerCase()} …`);
    return new TaskRun({
      ...{ reader: RESTORE_FACTS, task, logGroup: this.task.logGroup, stream },
      watch: new TaskWatch(ecs, task, tell),
      log: new LogFollower(this.aws.logs(), this.task.logGroup, stream),
      stop: async () => {
        const { taskArn, clusterArn: cluster } = task;
        const command = new StopTaskCommand({ cluster, task: taskArn, reason: 'Ctrl-C in proven-backups restore' });
        await ask({ doing: 'stop the task', action: 'ecs:StopTask' }, () => ecs.send(command));
      },
    });
  }
}
