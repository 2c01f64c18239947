import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { StartableTask } from '../../catalog/contract/directory-schema';
import { parseDirectory } from '../../catalog/contract/directory-schema';
import { directoryPath } from '../../catalog/contract/directory';
import type { DeploymentBackup } from '../../catalog/contract/handlers';
import { readParameters } from '../../catalog/contract/settings';
import { HandlerError } from '../shared/errors';

/** What the function works with. */
export interface Ports {
  readonly cloudFormation: CloudFormationClient;
  readonly ecs: ECSClient;
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly backups: readonly DeploymentBackup[];
  /** ARN of the stack that is deployed. */
  readonly stack: string;
  /** Logical id of the wait condition's handle, without its fingerprint. */
  readonly handle: string;
  /** What `startedBy` of its tasks begins with. */
  readonly startedBy: string;
}

/** Reads the backups that the construct has set. */
export const parseBackups = (text: string): readonly DeploymentBackup[] => JSON.parse(text) as DeploymentBackup[];

/**
 * The task of a source, by the directory of its bucket.
 *
 * @throws HandlerError if there is none
 */
export async function taskOf(ssm: SSMClient, { bucket, source }: DeploymentBackup): Promise<StartableTask> {
  for (const [name, text] of await readParameters(ssm, directoryPath(bucket))) {
    const task = parseDirectory(text, name).sources.get(source)?.tasks.dump;
    if (task) return task;
  }
  throw new HandlerError(
    `the directory of bucket ${bucket} has no task that backs up ${source}: deploy the stack of the backup first`,
  );
}
