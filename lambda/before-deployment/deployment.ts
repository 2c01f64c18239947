import { createHash } from 'node:crypto';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { RunTaskCommand } from '@aws-sdk/client-ecs';
import * as z from 'zod';
import type { DeploymentBackup, DeploymentProperties } from '../../catalog/contract/handlers';
import { FINGERPRINT } from '../../catalog/contract/handlers';
import { ENV } from '../../catalog/contract/task';
import { notStarted } from '../../catalog/run-end';
import { runRequest } from '../../catalog/run-request';
import { errorText, HandlerError } from '../shared/errors';
import { logLine } from '../shared/log';
import type { Ports } from './ports';
import { taskOf } from './ports';
import { send, shortened, signal } from './send';

const request = z.looseObject({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  RequestId: z.string(),
  StackId: z.string(),
  LogicalResourceId: z.string(),
  PhysicalResourceId: z.string().optional(),
  ResponseURL: z.string(),
  ResourceProperties: z.looseObject({
    Handle: z.string(),
    OnCreate: z.enum(['true', 'false']),
  }) satisfies z.ZodType<DeploymentProperties>,
});
type Request = z.infer<typeof request>;

/** Short names of what a deployment's tasks belong to: a handle is in its URL, which nobody else may have. */
export const nameOf = (handle: string): string => createHash('sha256').update(handle).digest('hex').slice(0, 12);

/**
 * Answers CloudFormation. The resource has a new logical id in each deployment that changes something: so it is created
 * then, and a rollback only deletes it, which starts nothing.
 */
export async function answerDeployment(event: unknown, ports: Ports): Promise<void> {
  const asked = request.parse(event);
  const { RequestType, RequestId, StackId, LogicalResourceId } = asked;
  const PhysicalResourceId = asked.PhysicalResourceId ?? LogicalResourceId;
  const answer = { RequestId, StackId, LogicalResourceId, PhysicalResourceId };
  let failure: string | undefined;
  if (RequestType === 'Create') failure = await create(asked, ports).then(() => undefined, errorText);
  if (failure !== undefined) logLine('error', 'not-started', failure, { of: StackId });
  const Status = failure === undefined ? 'SUCCESS' : 'FAILED';
  await send(asked.ResponseURL, { ...answer, Status, ...(failure !== undefined && { Reason: shortened(failure) }) });
}

async function create(asked: Request, ports: Ports): Promise<void> {
  const { Handle, OnCreate } = asked.ResourceProperties;
  if (OnCreate === 'false' && (await isBeingCreated(ports))) {
    for (const backup of ports.backups) {
      await signal(Handle, textOf(backup), 'SUCCESS', 'the stack is being created: nothing is backed up');
    }
    return;
  }
  for (const [index, backup] of ports.backups.entries()) await start(asked, index, backup, ports);
}

async function isBeingCreated({ cloudFormation, stack }: Ports): Promise<boolean> {
  const { Stacks: [found] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
  return found?.StackStatus === 'CREATE_IN_PROGRESS';
}

async function start(asked: Request, index: number, backup: DeploymentBackup, ports: Ports): Promise<void> {
  const { source } = backup;
  const { LogicalResourceId, RequestId, ResourceProperties } = asked;
  const by = [LogicalResourceId.slice(-FINGERPRINT), nameOf(ResourceProperties.Handle), index].join('/');
  const environment = { [ENV.trigger]: 'before-deployment' };
  const { tasks: [task] = [], failures } = await ports.ecs.send(
    new RunTaskCommand({
      ...runRequest(await taskOf(ports.ssm, backup), `${ports.startedBy}${by}`, environment),
      // Lambda tries a request again that it did not finish: still one task.
      clientToken: createHash('sha256').update(`${RequestId}/${index}`).digest('hex'),
    }),
  );
  if (!task)
    throw new HandlerError(`ECS did not start a run of ${source}: ${notStarted(failures)}: deploy again later`);
  logLine('info', 'started', `started a backup of ${source} before the deployment`, { ...backup, task: task.taskArn });
}

/** Names a backup among those of a deployment. */
export const textOf = ({ bucket, source }: DeploymentBackup): string => `${bucket}/${source}`;
