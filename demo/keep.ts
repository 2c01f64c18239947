import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeTasksCommand, ECSClient, ListTasksCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { colors } from '../bin/cli/print/colors';
import { runAsProcess } from '../test/emulator/local-container';
import { startedByHand } from '../test/emulator/scheduled-run';
import { writeLog } from '../test/emulator/task-event';
import { say } from './print';
import type { Deployed } from './runs';

/**
 * Prints what can be done with all that is up, and runs the tasks that somebody starts, until it is interrupted.
 *
 * @param look a command that shows the database
 */
export async function keep(here: Deployed, directory: string, look: string): Promise<never> {
  const file = path.join(directory, 'env');
  const variables = { ...here.emulator.environment, BUCKET: here.outputs.Bucket! };
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`);
  fs.writeFileSync(file, `unset AWS_PROFILE AWS_SESSION_TOKEN\n${exports.join('')}`);
  const cli = 'node dist/bin/cli.js';
  console.log(`
${colors.bold('Everything is up. To try, in another terminal, in this folder:')}

  . ${file}
  ${cli} list --bucket "$BUCKET"
  ${cli} run --bucket "$BUCKET" --source bookshop
  ${cli} prune --bucket "$BUCKET" --dry-run
  ${cli} alarm test --bucket "$BUCKET"
  curl -s "$AWS_ENDPOINT_URL/_emails"
  ${look}

Ctrl-C stops everything and removes it.`);
  return runTasks(here);
}

/** Does what ECS does with tasks that somebody starts. */
async function runTasks({ emulator, outputs, local, undo }: Deployed): Promise<never> {
  const ecs = new ECSClient(emulator.client);
  const cluster = outputs.Cluster;
  for (;;) {
    const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, desiredStatus: 'RUNNING' }));
    for (const task of taskArns) {
      const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [task] }));
      const run = await startedByHand(emulator, tasks![0]!);
      say(`• running task ${task.split('/').at(-1)}`);
      const container = runAsProcess(emulator, run, local);
      undo.push(() => (container.kill('SIGTERM'), container.ended));
      await writeLog(emulator, run, task.split('/').at(-1)!, await container.ended);
      await ecs.send(new StopTaskCommand({ cluster, task }));
    }
    await sleep(500);
  }
}
