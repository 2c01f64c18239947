import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeTasksCommand, ECSClient, ListTasksCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { runAsProcess } from '../test/emulator/local-container';
import { startedByHand } from '../test/emulator/scheduled-run';
import { writeLog } from '../test/emulator/task-event';
import type { Deployed } from './runs';

const PAUSE_MS = 250;

/**
 * Does what ECS does with tasks that somebody starts, until it is told to end.
 *
 * @param tell is called with the id of each task
 */
export async function runTasks(
  { emulator, outputs, local, undo }: Deployed,
  tell: (task: string) => void,
  end?: AbortSignal,
): Promise<void> {
  const ecs = new ECSClient(emulator.client);
  const cluster = outputs.Cluster;
  while (!end?.aborted) {
    const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, desiredStatus: 'RUNNING' }));
    for (const task of taskArns) {
      const id = task.split('/').at(-1)!;
      const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [task] }));
      const run = await startedByHand(emulator, tasks![0]!);
      tell(id);
      const container = runAsProcess(emulator, run, local);
      undo.push(() => (container.kill('SIGTERM'), container.ended));
      await writeLog(emulator, run, id, await container.ended);
      await ecs.send(new StopTaskCommand({ cluster, task }));
    }
    await sleep(PAUSE_MS);
  }
}
