import type { Task } from '@aws-sdk/client-ecs';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { rowsOf } from '../../../catalog/bucket/manifest';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import { logReader, logStreamOf, logTail } from '../../../catalog/contract/run-log';
import type { Trigger } from '../../../catalog/contract/task';
import { ENV } from '../../../catalog/contract/task';
import type { RunEnd } from '../../../catalog/run-end';
import { backupOf, endOf, failureOf, idOf } from '../../../catalog/run-end';
import { runRequest } from '../../../catalog/run-request';
import { countOf, formatBytes, formatDuration } from '../../../catalog/units';
import { ask, Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import { linksOf, startTask, untilStopped } from '../aws/task';
import { CommandError, EXIT } from '../errors';
import type { Output } from '../print/output';
import { sum } from '../sum';
import type { BucketOptions } from './options';
import { bucketOf, readSource, requireBucket, withAwsOptions, withBucketOptions } from './options';

interface RunOptions extends BucketOptions {
  readonly source: string;
  readonly trigger: Trigger;
  readonly wait: boolean;
  readonly json?: boolean;
}

const OCCASIONS = ['on-demand', 'before-deployment'] as const satisfies readonly Trigger[];

/** `proven-backups run` */
export function addRunCommand(program: Command, output: Output): void {
  const command = program
    .command('run')
    .description(
      'Makes a backup now: starts the task of the source in the way its schedule does, and waits for its end',
    );
  withBucketOptions(command, 'bucket of the backups')
    .requiredOption('--source <name>', 'source to back up', readSource)
    .addOption(new Option('--trigger <occasion>', 'occasion of the backup').choices(OCCASIONS).default(OCCASIONS[0]))
    .option('--no-wait', 'ends as soon as the task is started')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: RunOptions) => run(options, output));
}

/** A run that was started. */
interface Started {
  readonly bucket: string;
  readonly source: string;
  readonly trigger: Trigger;
  /** Id. */
  readonly task: string;
  readonly cluster: string;
  readonly links: { readonly task: string; readonly log: string };
  readonly notes: readonly string[];
}

/** The outcome of a run, as far as it is known. */
interface Result extends Partial<Omit<RunEnd, 'succeeded'>> {
  readonly outcome: 'started' | 'succeeded' | 'failed';
  readonly backup?: { readonly id: string; readonly bytes: number; readonly tables: number; readonly rows: number };
  /** Needs attention, although the run succeeded. */
  readonly problem?: string;
  /** Why the backup is not shown. */
  readonly note?: string;
}

async function run(options: RunOptions, output: Output): Promise<void> {
  const { source, trigger, json, wait } = options;
  requireBucket(options);
  const aws = new Aws(options);
  const bucket = await bucketOf(options, aws);
  const { task: startable, others } = (await readDirectory(aws.ssm(), bucket)).task(source, 'dump');
  const ecs = aws.ecs();
  const environment = trigger === 'on-demand' ? undefined : { [ENV.trigger]: trigger };
  const task = await startTask(ecs, source, runRequest(startable, 'proven-backups/run', environment));
  const started = startedOf({ bucket, source, trigger }, task, startable, others);
  if (!json) printStarted(output, started);

  let result: Result = { outcome: 'started' };
  try {
    if (!wait) return;
    output.tell(`waiting until the task ends, ${WAITING}`);
    const tell = (state: string): void => output.tell(`the task is ${state.toLowerCase()} …`);
    const stopped = await untilStopped(ecs, task, tell).catch(unwatched);
    const end = endOf(stopped);
    const { succeeded, ...facts } = end;
    if (!succeeded) {
      const sentence = await sentenceOf(aws, startable, source, task);
      result = { outcome: 'failed', ...facts, ...(sentence !== undefined && { reason: sentence }) };
      throw new CommandError(failureOf(source, stopped, end, sentence));
    }
    result = { outcome: 'succeeded', ...facts, ...(await madeBy(started, aws, stopped)) };
    if (!json) printDone(output, source, stopped, result);
    if (result.problem !== undefined) output.exitCode = EXIT.problems;
  } finally {
    const { note, ...known } = result;
    const notes = [...started.notes, ...(note === undefined ? [] : [note])];
    if (json) output.json({ ...started, ...known, notes });
  }
}

const WAITING = 'which takes as long as the backup; Ctrl-C ends the waiting, not the backup';

function startedOf(
  { bucket, source, trigger }: Pick<Started, 'bucket' | 'source' | 'trigger'>,
  task: Task,
  { logGroup }: StartableTask,
  others: readonly string[],
): Started {
  const notes = others.map(
    (parameter) => `${parameter} lists another task of ${source}: remove one of the two backups`,
  );
  const [id, cluster] = [idOf(task.taskArn!), idOf(task.clusterArn!)];
  return { bucket, source, trigger, task: id, cluster, links: linksOf(task, logGroup, source), notes };
}

function printStarted(output: Output, { source, task, cluster, links, notes }: Started): void {
  output.print(`Started a backup of ${source}: task ${task} in cluster ${cluster}.`);
  output.print(`  task  ${links.task}`);
  output.print(`  log   ${links.log}`);
  for (const note of notes) output.note(note);
}

/** @throws CommandError which says that the run continues */
function unwatched(error: unknown): never {
  if (!(error instanceof CommandError)) throw error;
  throw new CommandError(`the run continues, but cannot be followed: ${error.message}`);
}

/** The last sentence of the program; nothing if its log cannot be read: ECS gives a reason too. */
export async function sentenceOf(
  aws: Aws,
  { logGroup }: StartableTask,
  source: string,
  { taskArn }: Task,
): Promise<string | undefined> {
  try {
    return logTail(await logReader(aws.logs())(logGroup, logStreamOf(source, idOf(taskArn!)))).failure?.message;
  } catch {
    return undefined;
  }
}

/** The backup that a run made. */
async function madeBy(
  { bucket, source, trigger }: Started,
  aws: Aws,
  { createdAt }: Task,
): Promise<Pick<Result, 'backup' | 'problem' | 'note'>> {
  const wish = { doing: 'see the backup of this run', action: 's3:ListBucket, s3:GetObject and kms:Decrypt' };
  try {
    const store = new S3CatalogStore(aws.s3(), bucket);
    const made = await ask(wish, () => backupOf(store, source, trigger, createdAt!));
    if (made) return { backup: factsOf(made) };
    return { problem: `the run succeeded, but bucket ${bucket} has no backup of it: check with proven-backups list` };
  } catch (error) {
    // The program has reported success.
    if (error instanceof CommandError) return { note: error.message };
    throw error;
  }
}

const factsOf = ({ backupId: id, objects, tables }: Manifest) => ({
  id,
  bytes: sum(objects, ({ bytes }) => bytes),
  tables: tables.length,
  rows: rowsOf({ tables }),
});

function printDone(output: Output, source: string, { createdAt, stoppedAt }: Task, result: Result): void {
  const { backup, problem, note } = result;
  const took =
    createdAt && stoppedAt ? ` after ${formatDuration((stoppedAt.getTime() - createdAt.getTime()) / 1000)}` : '';
  if (backup) {
    const { id, bytes, tables, rows } = backup;
    const facts = [formatBytes(bytes), countOf(tables, 'table'), countOf(rows, 'row')].join(', ');
    output.print(`Done${took}: backup ${id} of ${source} (${facts}).`);
  } else output.print(`Done${took}.`);
  if (note !== undefined) output.note(note);
  if (problem !== undefined) output.problem(problem);
}
