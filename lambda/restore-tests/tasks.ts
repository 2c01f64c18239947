import type { ECSClient, RunTaskCommandInput } from '@aws-sdk/client-ecs';
import { DescribeTasksCommand, paginateListTasks, RunTaskCommand } from '@aws-sdk/client-ecs';
import type { RestoreTestSettings } from '../../catalog/contract/restore-tests';
import { proveStartedBy, testedBy } from '../../catalog/contract/restore-tests';
import type { ProveJob } from '../../catalog/contract/task';
import { commandOf, CONTAINER_NAME, ENV, SCRATCH_DIRECTORY } from '../../catalog/contract/task';
import { notStarted } from '../../catalog/run-end';
import { errorText } from '../shared/errors';
import type { TestSize } from './size';

/** Tasks that ECS describes in one request. */
const DESCRIBED = 100;

/** Sources whose tests are under way, one for each test. */
export async function runningTests(ecs: ECSClient, { cluster, families }: RestoreTestSettings): Promise<string[]> {
  const arns: string[] = [];
  for (const family of families) {
    for await (const { taskArns = [] } of paginateListTasks({ client: ecs }, { cluster, family }))
      arns.push(...taskArns);
  }
  const sources: string[] = [];
  for (let from = 0; from < arns.length; from += DESCRIBED) {
    const tasks = arns.slice(from, from + DESCRIBED);
    const { tasks: found = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks }));
    // A task that somebody else started counts as well: it takes room.
    sources.push(...found.map(({ startedBy }) => testedBy(startedBy)?.source ?? ''));
  }
  return sources;
}

/** The request that starts a test. The SDK adds a token, the same in every attempt, so that the request starts one task. */
export function testRequest(
  settings: RestoreTestSettings,
  { source, backupId }: { readonly source: string; readonly backupId: string },
  { cpu, memoryMiB, ephemeralGiB, heapMiB }: TestSize,
): RunTaskCommandInput {
  const { family = 0, role } = settings.sources[source]!;
  const { bucket, keyArn, timeoutSeconds } = settings;
  const job: ProveJob = {
    ...{ action: 'prove', source, backupId, bucket, keyArn, timeoutSeconds },
    scratchDirectory: SCRATCH_DIRECTORY,
  };
  const environment = [{ name: ENV.job, value: JSON.stringify(job) }];
  const command = heapMiB !== undefined && { command: [...commandOf('prove', heapMiB)] };
  return {
    cluster: settings.cluster,
    // Without a revision: ECS takes the newest.
    taskDefinition: settings.families[family]!,
    count: 1,
    startedBy: proveStartedBy(source, backupId),
    launchType: 'FARGATE',
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: settings.subnets.split(','),
        securityGroups: settings.securityGroups.split(','),
        assignPublicIp: settings.publicIp ? 'ENABLED' : 'DISABLED',
      },
    },
    enableECSManagedTags: true,
    propagateTags: 'TASK_DEFINITION',
    overrides: {
      taskRoleArn: `${settings.rolePrefix}${role}`,
      cpu: `${cpu}`,
      memory: `${memoryMiB}`,
      ephemeralStorage: { sizeInGiB: ephemeralGiB },
      containerOverrides: [{ name: CONTAINER_NAME, environment, ...command }],
    },
  };
}

/** Starts a task; says why ECS did not. */
export async function start(
  ecs: ECSClient,
  request: RunTaskCommandInput,
): Promise<{ readonly task: string } | { readonly said: string }> {
  try {
    const { tasks: [task] = [], failures } = await ecs.send(new RunTaskCommand(request));
    return task ? { task: task.taskArn! } : { said: notStarted(failures) };
  } catch (error) {
    return { said: errorText(error) };
  }
}
