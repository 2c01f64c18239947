import type { RunTaskCommandInput } from '@aws-sdk/client-ecs';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import { CONTAINER_NAME } from '../../../catalog/contract/task';

/**
 * The request for one run, in the network and on the capacity of the source's schedule. The SDK adds a token, the same in
 * every attempt, so that the request starts one task.
 *
 * @param environment variables besides those of the task definition
 * @param command says who started the task: letters and hyphens
 */
export const runRequest = (
  task: StartableTask,
  environment: Readonly<Record<string, string>> = {},
  command: 'run' | 'restore' = 'run',
): RunTaskCommandInput => ({
  cluster: task.cluster,
  // Without a revision: ECS takes the newest.
  taskDefinition: task.family,
  count: 1,
  startedBy: `proven-backups/${command}`,
  ...(task.spot
    ? { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] }
    : { launchType: 'FARGATE' }),
  platformVersion: task.platformVersion,
  networkConfiguration: {
    awsvpcConfiguration: {
      subnets: [...task.subnets],
      securityGroups: [...task.securityGroups],
      assignPublicIp: task.publicIp ? 'ENABLED' : 'DISABLED',
    },
  },
  enableECSManagedTags: true,
  propagateTags: 'TASK_DEFINITION',
  ...(Object.keys(environment).length > 0 && { overrides: { containerOverrides: [overrideOf(environment)] } }),
});

const overrideOf = (environment: Readonly<Record<string, string>>) => ({
  name: CONTAINER_NAME,
  environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
});
