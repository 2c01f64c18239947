import type { Task } from '@aws-sdk/client-ecs';
import type { Command } from 'commander';
import { logPage, taskPage } from '../../../catalog/console';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { backupId, objectKey } from '../../../catalog/bucket/names';
import { readCatalog } from '../../../catalog/bucket/read';
import { logReader, logStreamOf, logTail } from '../../../catalog/contract/run-log';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import type { AwsOptions } from '../aws/aws';
import { ask, Aws, withAwsOptions } from '../aws/aws';
import { age, count, size, sum } from '../print/format';
import { readBucket, readSource } from '../names';
import type { Output } from '../print/output';
import { CommandError, EXIT } from '../print/output';
import { runRequest } from '../aws/run-request';
import type { RunSchedule } from '../aws/schedules';
import { findSchedules } from '../aws/schedules';
import { readRuns } from '../aws/settings';
import type { RunEnd } from '../aws/task';
import { endOf, idOf, startTask, untilStopped } from '../aws/task';

interface RunOptions extends AwsOptions {
  readonly bucket: string;
  readonly source: string;
  readonly wait: boolean;
  readonly json?: boolean;
}

/** `proven-backups run` */
export function addRunCommand(program: Command, output: Output): void {
  const command = program
    .command('run')
    .description('Makes a backup now: starts the task as the schedule of the source does, and waits for its end')
    .requiredOption('--bucket <name>', 'bucket of the backups; the settings of its alarms know the task', readBucket)
    .requiredOption('--source <name>', 'source to back up', readSource)
    .option('--no-wait', 'ends as soon as the task is started')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: RunOptions) => run(options, output));
}

/** A run that was started. */
interface Started {
  readonly bucket: string;
  readonly source: string;
  readonly schedule: Pick<RunSchedule, 'name' | 'group' | 'enabled'>;
  /** Id. */
  readonly task: string;
  readonly cluster: string;
  readonly links: { readonly task: string; readonly log: string };
  readonly notes: readonly string[];
}

/** What is known of it in the end. */
interface Result extends Partial<Omit<RunEnd, 'succeeded'>> {
  readonly outcome: 'started' | 'succeeded' | 'failed';
  readonly backup?: { readonly id: string; readonly bytes: number; readonly tables: number; readonly rows: number };
  /** What somebody has to look at, though the run succeeded. */
  readonly problem?: string;
  /** Why the backup is not shown. */
  readonly note?: string;
}

async function run(options: RunOptions, output: Output): Promise<void> {
  const { bucket, source, json, wait } = options;
  const aws = new Aws(options);
  const { family, logGroup } = await readRuns(aws.ssm(), bucket, source);
  const schedules = await findSchedules(aws.scheduler(), family);
  const ecs = aws.ecs();
  const task = await startTask(ecs, source, runRequest(schedules[0]));
  const logStream = logStreamOf(source, idOf(task.taskArn!));
  const links = linksOf(task, logGroup, logStream);
  const started = startedOf(options, task, links, schedules);
  if (!json) printStarted(output, started);

  let result: Result = { outcome: 'started' };
  try {
    if (!wait) return;
    const tell = (state: string): void =>
      void (output.streams.stderr.isTTY && output.tell(`the task is ${state.toLowerCase()} …`));
    const stopped = await untilStopped(ecs, task, tell).catch(unwatched);
    const end = endOf(stopped);
    const { succeeded, ...facts } = end;
    if (!succeeded) {
      const sentence = await sentenceOf(aws, logGroup, logStream);
      result = { outcome: 'failed', ...facts, ...(sentence !== undefined && { reason: sentence }) };
      throw failure(source, stopped, end, sentence);
    }
    result = { outcome: 'succeeded', ...facts, ...(await backupOf(aws, options, stopped)) };
    if (!json) printDone(output, source, stopped, result);
    if (result.problem !== undefined) output.exitCode = EXIT.problems;
  } finally {
    const { note, ...known } = result;
    const notes = [...started.notes, ...(note === undefined ? [] : [note])];
    if (json) output.json({ ...started, ...known, notes });
  }
}

function startedOf(
  { bucket, source }: RunOptions,
  { taskArn, clusterArn }: Task,
  links: Started['links'],
  [{ name, group, enabled }, ...others]: readonly [RunSchedule, ...RunSchedule[]],
): Started {
  const notes = [
    ...(enabled ? [] : [`its schedule ${name} is disabled: no run starts by itself`]),
    ...others.map((other) => `the schedule ${other.name} starts it as well: this run is as ${name} says`),
  ];
  const schedule = { name, group, enabled };
  return { bucket, source, schedule, task: idOf(taskArn!), cluster: idOf(clusterArn!), links, notes };
}

function linksOf({ taskArn, clusterArn }: Task, logGroup: string, logStream: string): Started['links'] {
  // arn:aws:ecs:eu-west-1:111122223333:task/cluster/id
  const [, partition, , region] = taskArn!.split(':') as [string, string, string, string];
  const place = { partition, region };
  return { task: taskPage(place, idOf(clusterArn!), idOf(taskArn!)), log: logPage(place, logGroup, logStream) };
}

function printStarted(output: Output, { source, task, cluster, links, notes }: Started): void {
  output.print(`Started a run of ${source}: task ${task} in cluster ${cluster}. It goes on if nobody waits for it.`);
  output.print(`  task  ${links.task}`);
  output.print(`  log   ${links.log}`);
  for (const note of notes) output.print(`${output.colors.dim('note')} ${note}`);
}

/** @throws CommandError which says that the run is not over with that */
function unwatched(error: unknown): never {
  if (!(error instanceof CommandError)) throw error;
  throw new CommandError(`the run goes on, but nobody sees how: ${error.message}`);
}

/** What the program itself said at last; nothing if its log cannot be read: ECS has words as well. */
async function sentenceOf(aws: Aws, logGroup: string, logStream: string): Promise<string | undefined> {
  try {
    return logTail(await logReader(aws.logs())(logGroup, logStream)).failure?.message;
  } catch {
    return undefined;
  }
}

function failure(
  source: string,
  { startedAt }: Task,
  { exitCode, exitName, reason }: RunEnd,
  sentence?: string,
): CommandError {
  // A terminal would obey what others wrote.
  const why = (
    sentence ?? `${reason ?? 'ECS does not say why'}: read its log, and see docs/troubleshooting.md`
  ).replace(/\p{Cc}+/gu, ' ');
  if (exitCode !== undefined) {
    const code = exitName === undefined ? `${exitCode}` : `${exitCode} (${exitName})`;
    return new CommandError(`the run of ${source} failed with exit code ${code}: ${why}`);
  }
  if (startedAt === undefined) return new CommandError(`the run of ${source} never began: ${why}`);
  return new CommandError(`the run of ${source} was ended from outside: ${why}`);
}

/** The backup that a run made, by the catalog: a backup exists if its manifest does. */
async function backupOf(
  aws: Aws,
  { bucket, source }: RunOptions,
  { createdAt }: Task,
): Promise<Pick<Result, 'backup' | 'problem' | 'note'>> {
  const store = new S3CatalogStore(aws.s3(), bucket);
  // Ids are of the time of S3, which may be another than that of ECS.
  const since = objectKey(source, backupId(new Date(createdAt!.getTime() - 60_000)), '');
  const wish = { doing: 'see the backup of this run', action: 's3:ListBucket, s3:GetObject and kms:Decrypt' };
  try {
    const { backups } = await ask(wish, () => readCatalog(store, source, since));
    const made = backups.filter(({ trigger }) => trigger !== 'schedule').at(-1);
    if (made) return { backup: factsOf(made) };
    return { problem: `the run ended well, but bucket ${bucket} has no backup of it: look with proven-backups list` };
  } catch (error) {
    // The program has said that it is complete.
    if (error instanceof CommandError) return { note: error.message };
    throw error;
  }
}

const factsOf = ({ backupId: id, objects, tables }: Manifest) => ({
  id,
  bytes: sum(objects, ({ bytes }) => bytes),
  tables: tables.length,
  rows: sum(tables, ({ rows, rowsAfter }) => rows ?? rowsAfter ?? 0),
});

function printDone(output: Output, source: string, { createdAt, stoppedAt }: Task, result: Result): void {
  const { backup, problem, note } = result;
  const took = createdAt && stoppedAt ? ` after ${duration(createdAt, stoppedAt)}` : '';
  if (backup) {
    const { id, bytes, tables, rows } = backup;
    const facts = [size(bytes), count(tables, 'table'), count(rows, 'row')].join(', ');
    output.print(`Done${took}: backup ${id} of ${source} (${facts}).`);
  } else output.print(`Done${took}.`);
  if (note !== undefined) output.print(`${output.colors.dim('note')} ${note}`);
  if (problem !== undefined) output.print(`${output.colors.yellow('problem')} ${problem}`);
}

const duration = (from: Date, to: Date): string => {
  const seconds = Math.round((to.getTime() - from.getTime()) / 1000);
  return seconds < 120 ? `${seconds} s` : age(from, to);
};
