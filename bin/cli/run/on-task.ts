/** Starts a backup in a task of ECS. */
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import { logReader, logStreamOf, logTail } from '../../../catalog/contract/run-log';
import type { Trigger } from '../../../catalog/contract/task';
import { ENV } from '../../../catalog/contract/task';
import { endOf, failureOf, idOf } from '../../../catalog/run-end';
import { runRequest } from '../../../catalog/run-request';
import type { Aws } from '../aws/aws';
import { linksOf, startTask, TaskWatch } from '../aws/task';
import { untilEnded } from '../aws/until-ended';
import type { Course } from './course';

/** @throws CommandError if ECS starts none */
export async function startOnTask(
  aws: Aws,
  source: string,
  trigger: Trigger,
  { task: startable, others }: { readonly task: StartableTask; readonly others: readonly string[] },
): Promise<Course> {
  const ecs = aws.ecs();
  const environment = trigger === 'on-demand' ? undefined : { [ENV.trigger]: trigger };
  const started = await startTask(ecs, source, runRequest(startable, 'proven-backups/run', environment));
  const [task, cluster] = [idOf(started.taskArn!), idOf(started.clusterArn!)];
  const links = linksOf(started, startable.logGroup, logStreamOf(source, task));
  return {
    what: 'task',
    facts: { task, cluster, links },
    lines: [
      `Started a backup of ${source}: task ${task} in cluster ${cluster}.`,
      `  task  ${links.task}`,
      `  log   ${links.log}`,
    ],
    notes: others.map((parameter) => `${parameter} lists another task of ${source}: remove one of the two backups`),
    ended: async (tell) => {
      const stopped = await untilEnded(new TaskWatch(ecs, started, tell));
      const { createdAt, stoppedAt } = stopped;
      const end = endOf(stopped);
      if (end.succeeded) return { end, createdAt, stoppedAt };
      const sentence = await sentenceIn(aws, startable.logGroup, logStreamOf(source, task));
      return { end, createdAt, stoppedAt, sentence, failure: failureOf(source, stopped, end, sentence) };
    },
  };
}

/** The last sentence of the program in a log; nothing if it cannot be read. */
export async function sentenceIn(aws: Aws, logGroup: string, stream: string): Promise<string | undefined> {
  try {
    return logTail(await logReader(aws.logs())(logGroup, stream)).failure?.message;
  } catch {
    return undefined;
  }
}
