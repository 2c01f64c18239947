import { randomUUID } from 'node:crypto';
import { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { idOf } from '../../catalog/run-end';
import type { Emulator } from './emulator';
import { ACCOUNT, REGION } from './emulator';
import type { Ended } from './local-container';
import type { ContainerRun, Overrides, ScheduledRun, StartedRun } from './scheduled-run';

/** Details that a task that ended, or never began, adds to its event. */
export type TaskDetail = Readonly<Record<string, unknown>>;

/**
 * Acts as ECS does when the container of a scheduled run has ended: its output is in the deployed log group, and the
 * `ECS Task State Change` of the stopped task is on the default bus.
 *
 * @param detail differences in the detail of the event
 * @returns the id of the task
 */
export async function stopTask(
  emulator: Emulator,
  run: ScheduledRun,
  ended: Ended,
  detail: TaskDetail = {},
): Promise<string> {
  const id = randomUUID().replaceAll('-', '');
  await writeLog(emulator, run, id, ended);
  await putTaskEvent(emulator, run, id, { exitCode: ended.exitCode }, detail);
  return id;
}

/** The same for a task that somebody started. */
export async function stopStarted(emulator: Emulator, run: StartedRun, ended: Ended): Promise<void> {
  const id = idOf(run.task.taskArn!);
  await writeLog(emulator, run, id, ended);
  await putTaskEvent(emulator, run, id, { exitCode: ended.exitCode }, {});
}

/**
 * Acts as ECS does when it could not start the container: an event without an exit code, and no log.
 *
 * @param stoppedReason `CannotPullContainerError: …`
 * @returns the id of the task
 */
export async function failToStart(emulator: Emulator, run: ScheduledRun, stoppedReason: string): Promise<string> {
  const id = randomUUID().replaceAll('-', '');
  await putTaskEvent(emulator, run, id, {}, { stopCode: 'TaskFailedToStart', stoppedReason, startedAt: undefined });
  return id;
}

/** The `awslogs` driver: a stream a task, an event a line. */
export async function writeLog(emulator: Emulator, run: ContainerRun, id: string, ended: Ended): Promise<void> {
  const options = run.container.logConfiguration?.options ?? {};
  const logGroupName = options['awslogs-group'];
  const logStreamName = `${options['awslogs-stream-prefix']}/${run.container.name}/${id}`;
  await putLog(emulator, run.executionRole, { logGroupName, logStreamName }, `${ended.stdout}${ended.stderr}`);
}

/**
 * Writes a log as the `awslogs` driver does.
 *
 * @param role name of the role that writes it
 */
export async function putLog(
  emulator: Emulator,
  role: string,
  { logGroupName, logStreamName }: { readonly logGroupName: string | undefined; readonly logStreamName: string },
  text: string,
): Promise<void> {
  const lines = text.split('\n').filter(Boolean);
  const client = new CloudWatchLogsClient(emulator.clientOf(role));
  await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  if (lines.length === 0) return;
  const timestamp = (await emulator.now()).getTime();
  const logEvents = lines.map((message) => ({ message, timestamp }));
  await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
}

async function putTaskEvent(
  emulator: Emulator,
  run: ScheduledRun | StartedRun,
  id: string,
  exit: { readonly exitCode?: number },
  changes: TaskDetail,
): Promise<void> {
  const { taskDefinition, container, image } = run;
  const stopped = await emulator.now();
  const ago = (seconds: number): string => new Date(stopped.getTime() - seconds * 1000).toISOString();
  const clusterArn = 'task' in run ? run.task.clusterArn! : run.schedule.Target!.Arn!;
  const arn = (kind: string, more = ''): string =>
    `arn:aws:ecs:${REGION}:${ACCOUNT}:${kind}/${clusterArn.split('/').at(-1)}/${id}${more}`;
  const detail = {
    ...{ attachments: [], availabilityZone: `${REGION}a`, clusterArn, connectivity: 'CONNECTED' },
    containers: [
      {
        ...{ containerArn: arn('container', `/${randomUUID()}`), name: container.name, image },
        ...{ lastStatus: 'STOPPED', taskArn: arn('task'), networkInterfaces: [], cpu: '0', ...exit },
      },
    ],
    ...{ cpu: taskDefinition.cpu, memory: taskDefinition.memory, createdAt: ago(60), startedAt: ago(40) },
    ...{ desiredStatus: 'STOPPED', lastStatus: 'STOPPED', group: `family:${taskDefinition.family}` },
    ...{ launchType: 'FARGATE', platformVersion: '1.4.0', ...startOf(run) },
    ...{ stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' },
    ...{ stoppingAt: ago(5), stoppedAt: ago(0), executionStoppedAt: ago(1) },
    ...{ taskArn: arn('task'), taskDefinitionArn: taskDefinition.taskDefinitionArn, version: 5 },
    ...changes,
  };
  // AWS reserves this source for itself; the emulator accepts it.
  await new EventBridgeClient(emulator.client).send(
    new PutEventsCommand({
      Entries: [
        {
          ...{ Source: 'aws.ecs', DetailType: 'ECS Task State Change', Detail: JSON.stringify(detail) },
          Resources: [arn('task')],
        },
      ],
    }),
  );
}

/** Who started it, and with what. */
function startOf(run: ScheduledRun | StartedRun): TaskDetail {
  if ('task' in run) return { overrides: run.task.overrides, startedBy: run.task.startedBy };
  const { schedule, environment } = run;
  return {
    overrides: overridesOf(schedule.Target?.Input, environment),
    // The whole is cut at 36 characters.
    startedBy: `chronos-schedule/${schedule.Name}`.slice(0, 36),
  };
}

/** As the schedule's input has them, with the values that the container got. */
function overridesOf(input = '{}', environment: Readonly<Record<string, string>>): Overrides {
  const { containerOverrides = [] } = JSON.parse(input) as Overrides;
  return {
    containerOverrides: containerOverrides.map((override) => ({
      ...override,
      environment: override.environment?.map(({ name }) => ({ name, value: environment[name]! })),
    })),
  };
}
