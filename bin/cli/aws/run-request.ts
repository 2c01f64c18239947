import type { RunTaskCommandInput } from '@aws-sdk/client-ecs';
import type { StartableTask } from '../../../catalog/contract/directory-schema';

/** Says who started a task. Letters, digits, hyphens, slashes and underscores. */
const STARTED_BY = 'proven-backups/run';

/**
 * The request for one run, in the network and on the capacity of the source's schedule. The SDK adds a token, the same in
 * every attempt, so that the request starts one task.
 */
export const runRequest = (task: StartableTask): RunTaskCommandInput => ({
  cluster: task.cluster,
  // Without a revision: ECS takes the newest.
  taskDefinition: task.family,
  count: 1,
  startedBy: STARTED_BY,
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
});
