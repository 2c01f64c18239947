import type { Command } from 'commander';
import { Option } from 'commander';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { rowsOf } from '../../../catalog/bucket/manifest';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import type { Trigger } from '../../../catalog/contract/task';
import type { RunEnd } from '../../../catalog/run-end';
import { backupOf } from '../../../catalog/run-end';
import { formatBytes, formatDuration } from '../../../catalog/units';
import { contentText } from '../../../engines/facts';
import { ask, Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import { CommandError, EXIT } from '../errors';
import type { Output } from '../print/output';
import type { Course, CourseEnd } from '../run/course';
import { startOnInstance } from '../run/on-instance';
import { startOnTask } from '../run/on-task';
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
    .description('Makes a backup now: starts a run of the source in the way its schedule does, and waits for its end');
  withBucketOptions(command, 'bucket of the backups')
    .requiredOption('--source <name>', 'source to back up', readSource)
    .addOption(new Option('--trigger <occasion>', 'occasion of the backup').choices(OCCASIONS).default(OCCASIONS[0]))
    .option('--no-wait', 'ends as soon as the run is started')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: RunOptions) => run(options, output));
}

/** The outcome of a run, as far as it is known. */
interface Result extends Partial<Omit<RunEnd, 'succeeded'>> {
  readonly outcome: 'started' | 'succeeded' | 'failed';
  readonly backup?: {
    readonly id: string;
    readonly engine: string;
    readonly bytes: number;
    readonly tables: number;
    readonly rows: number;
  };
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
  const directory = await readDirectory(aws.ssm(), bucket);
  const command = directory.command(source);
  const course = command
    ? await startOnInstance(aws, source, trigger, command)
    : await startOnTask(aws, source, trigger, directory.task(source, 'dump'));
  if (!json) printStarted(output, course);

  let result: Result = { outcome: 'started' };
  try {
    if (!wait) return;
    output.tell(`waiting until the ${course.what} ends, ${WAITING}`);
    const tell = (state: string): void => output.tell(`the ${course.what} is ${state.toLowerCase()} …`);
    const ended = await course.ended(tell).catch(unwatched);
    const { succeeded, ...facts } = ended.end;
    if (!succeeded) {
      const { sentence, failure } = ended;
      result = { outcome: 'failed', ...facts, ...(sentence !== undefined && { reason: sentence }) };
      throw new CommandError(failure!);
    }
    const wish = { bucket, source, trigger, createdAt: ended.createdAt! };
    result = { outcome: 'succeeded', ...facts, ...(await madeBy(wish, aws)) };
    if (!json) printDone(output, source, ended, result);
    if (result.problem !== undefined) output.exitCode = EXIT.problems;
  } finally {
    const { note, ...known } = result;
    const notes = [...course.notes, ...(note === undefined ? [] : [note])];
    if (json) output.json({ bucket, source, trigger, ...course.facts, ...known, notes });
  }
}

const WAITING = 'which takes as long as the backup; Ctrl-C ends the waiting, not the backup';

function printStarted(output: Output, { lines, notes }: Course): void {
  for (const line of lines) output.print(line);
  for (const note of notes) output.note(note);
}

/** @throws CommandError which says that the run continues */
function unwatched(error: unknown): never {
  if (!(error instanceof CommandError)) throw error;
  throw new CommandError(`the run continues, but cannot be followed: ${error.message}`);
}

/** The backup that a run made. */
async function madeBy(
  run: { readonly bucket: string; readonly source: string; readonly trigger: Trigger; readonly createdAt: Date },
  aws: Aws,
): Promise<Pick<Result, 'backup' | 'problem' | 'note'>> {
  const { bucket, source, trigger, createdAt } = run;
  const wish = { doing: 'see the backup of this run', action: 's3:ListBucket, s3:GetObject and kms:Decrypt' };
  try {
    const store = new S3CatalogStore(aws.s3(), bucket);
    const made = await ask(wish, () => backupOf(store, source, trigger, createdAt));
    if (made) return { backup: factsOf(made) };
    return { problem: `the run succeeded, but bucket ${bucket} has no backup of it: check with proven-backups list` };
  } catch (error) {
    // The program has reported success.
    if (error instanceof CommandError) return { note: error.message };
    throw error;
  }
}

const factsOf = ({ backupId: id, engine, objects, tables }: Manifest) => ({
  ...{ id, engine },
  bytes: sum(objects, ({ bytes }) => bytes),
  tables: tables.length,
  rows: rowsOf({ tables }),
});

function printDone(output: Output, source: string, { createdAt, stoppedAt }: CourseEnd, result: Result): void {
  const { backup, problem, note } = result;
  const took =
    createdAt && stoppedAt ? ` after ${formatDuration((stoppedAt.getTime() - createdAt.getTime()) / 1000)}` : '';
  if (backup) {
    const { id, engine, bytes, tables, rows } = backup;
    const facts = [formatBytes(bytes), contentText(engine, tables, rows)].join(', ');
    output.print(`Done${took}: backup ${id} of ${source} (${facts}).`);
  } else output.print(`Done${took}.`);
  if (note !== undefined) output.note(note);
  if (problem !== undefined) output.problem(problem);
}
