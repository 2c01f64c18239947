/** `ECS Task State Change`, as Fargate sends it. */
import { eventOf } from './message';

const ARN = 'arn:aws:ecs:eu-west-1:123456789012';
export const TASK_ID = '6bb7eb5a0a5d4c1e8a4f3b8c7d9e0f12';
export const TASK_ARN = `${ARN}:task/acme-Cluster/${TASK_ID}`;
export const CLUSTER_ARN = `${ARN}:cluster/acme-Cluster`;

/** A container of a task. It has an exit code only if it ran. */
export const container = (changes: Record<string, unknown> = {}) => ({
  containerArn: `${ARN}:container/acme-Cluster/${TASK_ID}/05966557-f16c-49cb-9352-24b3a0dcd0e1`,
  lastStatus: 'STOPPED',
  name: 'backup',
  image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/assets:5f2a',
  imageDigest: 'sha256:9c1b',
  runtimeId: `${TASK_ID}-3935363592`,
  taskArn: TASK_ARN,
  networkInterfaces: [{ attachmentId: '8aa1', privateIpv4Address: '10.0.2.54' }],
  cpu: '0',
  ...changes,
});

/** A container that Runtime Monitoring puts beside ours, and that is stopped with it. */
export const guardDuty = container({ name: 'aws-guardduty-agent-kKoL', exitCode: 143 });

/** A stopped task of `shop`; `undefined` removes what an event may lack. */
export const taskEvent = (changes: Record<string, unknown> = {}) =>
  eventOf(
    'aws.ecs',
    'ECS Task State Change',
    {
      attachments: [{ id: '8aa1', type: 'eni', status: 'DELETED', details: [] }],
      attributes: [{ name: 'ecs.cpu-architecture', value: 'arm64' }],
      availabilityZone: 'eu-west-1b',
      clusterArn: CLUSTER_ARN,
      connectivity: 'CONNECTED',
      connectivityAt: '2026-11-20T02:00:31.204Z',
      containers: [container({ exitCode: 0 })],
      cpu: '512',
      createdAt: '2026-11-20T02:00:27.101Z',
      desiredStatus: 'STOPPED',
      enableExecuteCommand: false,
      ephemeralStorage: { sizeInGiB: 20 },
      executionStoppedAt: '2026-11-20T02:09:58.3Z',
      group: 'family:acme-shop',
      launchType: 'FARGATE',
      lastStatus: 'STOPPED',
      memory: '2048',
      overrides: {
        containerOverrides: [
          {
            environment: [
              { name: 'BACKUP_TRIGGER', value: 'schedule' },
              { name: 'BACKUP_SCHEDULED_TIME', value: '2026-11-20T02:00:00Z' },
            ],
            name: 'backup',
          },
        ],
      },
      platformVersion: '1.4.0',
      pullStartedAt: '2026-11-20T02:00:38.1Z',
      pullStoppedAt: '2026-11-20T02:00:52.7Z',
      startedAt: '2026-11-20T02:00:53.8Z',
      startedBy: 'chronos-schedule/acme-shop-Schedule',
      stoppingAt: '2026-11-20T02:10:01.5Z',
      stoppedAt: '2026-11-20T02:10:21.894Z',
      stoppedReason: 'Essential container in task exited',
      stopCode: 'EssentialContainerExited',
      taskArn: TASK_ARN,
      taskDefinitionArn: `${ARN}:task-definition/acme-shop:7`,
      updatedAt: '2026-11-20T02:10:21.894Z',
      version: 6,
      ...changes,
    },
    [TASK_ARN],
  );

/** A task that ended with an exit code. */
export const exited = (exitCode: number, changes: Record<string, unknown> = {}, reason?: string) =>
  taskEvent({ containers: [guardDuty, container({ exitCode, reason })], ...changes });

/** A task whose container was never started: it has no exit code, and the task no start. */
export const neverStarted = (stoppedReason: string, reason?: string, changes: Record<string, unknown> = {}) =>
  taskEvent({
    containers: [container({ reason, runtimeId: undefined, imageDigest: undefined })],
    stopCode: 'TaskFailedToStart',
    stoppedReason,
    startedAt: undefined,
    ...changes,
  });
