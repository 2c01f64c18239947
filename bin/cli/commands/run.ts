import type { Task } from '@aws-sdk/client-ecs';
import type { Command } from 'commander';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { rowsOf } from '../../../catalog/bucket/manifest';
import { backupId, objectKey } from '../../../catalog/bucket/names';
import { readCatalog } from '../../../catalog/bucket/read';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import { logPage, taskPage } from '../../../catalog/console';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import { logReader, logStreamOf, logTail } from '../../../catalog/contract/run-log';
import { countOf, formatBytes, formatDuration } from '../../../catalog/units';
import { ask, Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import { runRequest } from '../aws/run-request';
import type { RunEnd } from '../aws/task';
import { endOf, idOf, startTask, untilStopped } from '../aws/task';
import { CommandError, EXIT } from '../errors';
import type { Output } from '../print/output';
import { sum } from '../sum';
import type { BucketOptions } from './options';
import { bucketOf, readSource, requireBucket, withAwsOptions, withBucketOptions } from './options';

interface RunOptions extends BucketOptions {
  readonly source: string;
  readonly wait: boolean;
  readonly json?: boolean;
}

/** `proven-backups run` */
export function addRunCommand(program: Command, output: Output): void {
  const command = program
    .command('run')
    .description(
      'Makes a backup now: starts the task of the source in the way its schedule does, and waits for its end',
    );
  withBucketOptions(command, 'bucket of the backups')
    .requiredOption('--source <name>', 'source to back up', readSource)
    .option('--no-wait', 'ends as soon as the task is started')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: RunOptions) => run(options, output));
}

/** A run that was started. */
interface Started {
  readonly bucket: string;
  readonly source: string;
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
  const { source, json, wait } = options;
  requireBucket(options);
  const aws = new Aws(options);
  const bucket = await bucketOf(options, aws);
  const { task: startable, others } = (await readDirectory(aws.ssm(), bucket)).task(source, 'dump');
  const ecs = aws.ecs();
  const task = await startTask(ecs, source, runRequest(startable));
  const started = startedOf(bucket, source, task, startable, others);
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
      throw failure(source, stopped, end, sentence);
    }
    result = { outcome: 'succeeded', ...facts, ...(await backupOf(aws, bucket, source, stopped)) };
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
  bucket: string,
  source: string,
  { taskArn, clusterArn }: Task,
  { logGroup }: StartableTask,
  others: readonly string[],
): Started {
  // arn:aws:ecs:eu-west-1:111122223333:task/cluster/id
  const [, partition, , region] = taskArn!.split(':') as [string, string, string, string];
  const place = { partition, region };
  const [task, cluster] = [idOf(taskArn!), idOf(clusterArn!)];
  const links = {
    task: taskPage(place, cluster, task),
    log: logPage(place, logGroup, logStreamOf(source, task)),
  };
  const notes = others.map(
    (parameter) => `${parameter} lists another task of ${source}: remove one of the two backups`,
  );
  return { bucket, source, task, cluster, links, notes };
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

/** Why a run failed, in a sentence. */
export function failure(
  source: string,
  { startedAt }: Task,
  { exitCode, exitName, reason }: RunEnd,
  sentence?: string,
): CommandError {
  // A terminal would obey control characters in the words of others.
  const why = (sentence ?? `${reason ?? 'ECS gives no reason'}: read its log, and see docs/troubleshooting.md`).replace(
    /\p{Cc}+/gu,
    ' ',
  );
  if (exitCode !== undefined) {
    const code = exitName === undefined ? `${exitCode}` : `${exitCode} (${exitName})`;
    return new CommandError(`the run of ${source} failed with exit code ${code}: ${why}`);
  }
  if (startedAt === undefined) return new CommandError(`the run of ${source} never started: ${why}`);
  return new CommandError(`the run of ${source} was stopped from outside: ${why}`);
}

/** The backup that a run made, by the catalog: a backup exists if its manifest does. */
async function backupOf(
  aws: Aws,
  bucket: string,
  source: string,
  { createdAt }: Task,
): Promise<Pick<Result, 'backup' | 'problem' | 'note'>> {
  const store = new S3CatalogStore(aws.s3(), bucket);
  // Ids follow the clock of S3, which may differ from that of ECS.
  const since = objectKey(source, backupId(new Date(createdAt!.getTime() - 60_000)), '');
  const wish = { doing: 'see the backup of this run', action: 's3:ListBucket, s3:GetObject and kms:Decrypt' };
  try {
    const { backups } = await ask(wish, () => readCatalog(store, source, since));
    const made = backups.filter(({ trigger }) => trigger !== 'schedule').at(-1);
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
