/** Tests a backup in a task of AWS, which the function of its stack starts. */
import type { Task } from '@aws-sdk/client-ecs';
import type { ProveReport, ProveRequest, UnstartedTest } from '../../../catalog/contract/restore-tests';
import { logStreamOf } from '../../../catalog/contract/run-log';
import { PROVE_STREAM } from '../../../catalog/contract/task';
import { idOf } from '../../../catalog/run-end';
import type { Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import { invoke } from '../aws/invoke';
import { LogFollower } from '../aws/log-follower';
import { TaskWatch } from '../aws/task';
import { CommandError, EXIT } from '../errors';
import { TaskRun } from '../program-run/task-run';
import type { ProofFact } from './facts';
import { PROOF_FACTS } from './facts';

/** A test that was started. */
export interface TaskProof {
  readonly backupId: string;
  readonly run: TaskRun<ProofFact>;
}

/**
 * Starts a test.
 *
 * @param tell is called with each new state of the task
 * @throws CommandError if none was started
 */
export async function startTaskProof(
  aws: Aws,
  bucket: string,
  request: ProveRequest & { readonly source: string },
  tell: (text: string) => void,
): Promise<TaskProof> {
  const name = (await readDirectory(aws.ssm(), bucket)).restoreTestsFunction(request.source);
  const report = await invoke<ProveRequest, ProveReport>(aws.lambda(name), name, request);
  const [started] = report.started;
  if (started?.task === undefined) throw unstartedError(request.source, report.unstarted[0]);
  const { backupId, cluster: clusterArn, task: taskArn, logGroup } = started;
  const task: Task = { taskArn, clusterArn };
  const stream = logStreamOf(PROVE_STREAM, idOf(taskArn));
  const run = new TaskRun({
    ...{ reader: PROOF_FACTS, task, logGroup, stream },
    watch: new TaskWatch(aws.ecs(), task, (state) => tell(`the task is ${state.toLowerCase()} …`)),
    log: new LogFollower(aws.logs(), logGroup, stream),
    // A test harms nothing: nobody needs the right to stop one.
    stop: () => Promise.resolve(),
  });
  return { backupId, run };
}

/** Says why no test was started. */
function unstartedError(source: string, test: UnstartedTest | undefined): CommandError {
  const { why = 'refused', backupId, neededGiB, said = 'it gave no reason' } = test ?? {};
  const backup = backupId === undefined ? `the backup of ${source}` : `backup ${backupId} of ${source}`;
  const local = 'test it on this machine with --local';
  const sentences: Readonly<Record<UnstartedTest['why'], string>> = {
    'too-large': `${backup} needs ${neededGiB ?? 'more than 200'} GiB of disk to be restored, and no task of Fargate has that: ${local}`,
    archived: `${backup} is in an archive of S3: retrieve it with proven-backups fetch, then test it`,
    'no-backup': `there is no such backup of ${source}: see proven-backups list --source ${source}`,
    running: `a restore test of ${source} is under way: wait for its end, or ${local}`,
    waiting: `as many restore tests run as may at once: try again later, or ${local}`,
    refused: `ECS did not start the restore test of ${source}: ${said}`,
    'not-supported': `this version cannot test ${backup}: update cdk-proven-backups`,
    unreadable: `the manifest of ${backup} cannot be read: ${said}`,
  };
  return new CommandError(sentences[why], why === 'no-backup' ? EXIT.failed : EXIT.untested);
}
