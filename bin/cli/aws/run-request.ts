import type { RunTaskCommandInput } from '@aws-sdk/client-ecs';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import { runRequest as requestOf } from '../../../catalog/run-request';

/**
 * The request for one run.
 *
 * @param environment variables besides those of the task definition
 * @param command says who started the task
 */
export const runRequest = (
  task: StartableTask,
  environment: Readonly<Record<string, string>> = {},
  command: 'run' | 'restore' = 'run',
): RunTaskCommandInput => requestOf(task, `proven-backups/${command}`, environment);
