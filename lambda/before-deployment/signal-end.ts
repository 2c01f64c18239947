import { CloudFormationServiceException, DescribeStackResourceCommand } from '@aws-sdk/client-cloudformation';
import * as z from 'zod';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import type { DeploymentBackup } from '../../catalog/contract/handlers';
import { logReader, logStreamOf, logTail } from '../../catalog/contract/run-log';
import { backupOf, endOf, failureOf, idOf } from '../../catalog/run-end';
import { errorText } from '../shared/errors';
import { logLine } from '../shared/log';
import { nameOf, textOf } from './deployment';
import type { Ports } from './ports';
import { taskOf } from './ports';
import { signal } from './send';

const text = z.string().optional();
const stopped = z.looseObject({
  detail: z.looseObject({
    taskArn: z.string(),
    startedBy: z.string(),
    createdAt: z.string(),
    startedAt: text,
    stopCode: text,
    stoppedReason: text,
    containers: z.array(z.looseObject({ name: text, exitCode: z.number().optional(), reason: text })).default([]),
  }),
});
type Stopped = z.infer<typeof stopped>['detail'];

/** `ECS Task State Change` of a task that this function has started: tells the wait condition how it ended. */
export async function signalEnd(event: unknown, ports: Ports): Promise<void> {
  const { detail } = stopped.parse(event);
  const { startedBy, taskArn } = detail;
  const [fingerprint = '', name, index] = startedBy.slice(ports.startedBy.length).split('/');
  const backup = ports.backups[Number(index)];
  const handle = await handleOf(ports, fingerprint);
  if (!backup || handle === undefined || nameOf(handle) !== name) {
    logLine('info', 'nobody-waits', 'a backup ended for which no deployment waits any more', { task: taskArn });
    return;
  }
  const failure = await failureOfRun(detail, backup, ports);
  const said = failure ?? `${backup.source} is backed up`;
  logLine(failure === undefined ? 'info' : 'error', 'ended', said, { ...backup, task: taskArn });
  await signal(handle, textOf(backup), failure === undefined ? 'SUCCESS' : 'FAILURE', said);
}

/** The URL of the wait condition of a deployment, by its handle, which is there before anything is started; `undefined` if that was rolled back or is over. */
async function handleOf({ cloudFormation, stack, handle }: Ports, fingerprint: string): Promise<string | undefined> {
  const wanted = { StackName: stack, LogicalResourceId: `${handle}${fingerprint}` };
  try {
    const { StackResourceDetail } = await cloudFormation.send(new DescribeStackResourceCommand(wanted));
    return StackResourceDetail?.PhysicalResourceId;
  } catch (error) {
    if (error instanceof CloudFormationServiceException && error.name === 'ValidationError') return undefined;
    throw error;
  }
}

/** Why a run made no backup; `undefined` if it made one. */
async function failureOfRun(detail: Stopped, backup: DeploymentBackup, ports: Ports): Promise<string | undefined> {
  const { bucket, source } = backup;
  const end = endOf(detail);
  if (!end.succeeded) return failureOf(source, detail, end, await sentenceOf(detail, backup, ports));
  try {
    const store = new S3CatalogStore(ports.s3, bucket);
    if (await backupOf(store, source, 'before-deployment', new Date(detail.createdAt))) return undefined;
    return `the run of ${source} succeeded, but bucket ${bucket} has no backup of it: check with proven-backups list`;
  } catch (error) {
    return `the run of ${source} succeeded, but its backup could not be looked at: ${errorText(error)}`;
  }
}

/** The last sentence of the program; nothing if its log cannot be read: ECS gives a reason too. */
async function sentenceOf({ taskArn }: Stopped, backup: DeploymentBackup, ports: Ports): Promise<string | undefined> {
  try {
    const { logGroup } = await taskOf(ports.ssm, backup);
    return logTail(await logReader(ports.logs)(logGroup, logStreamOf(backup.source, idOf(taskArn)))).failure?.message;
  } catch {
    return undefined;
  }
}
