import type { Command } from 'commander';
import { Option } from 'commander';
import { countOf } from '../../../catalog/units';
import { Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import type { Answer, Answers, Target } from '../aws/prune-functions';
import { deletable, deleteShown, planOf, problemsOf, reportOf } from '../aws/prune-functions';
import { undoDays } from '../aws/undo-window';
import { EXIT } from '../errors';
import type { Output } from '../print/output';
import type { PlanView } from '../print/prune-tables';
import { printPlan, printResult, question } from '../print/prune-tables';
import { askYes, requireAnswer } from '../print/question';
import { sum } from '../sum';
import type { BucketOptions } from './options';
import { bucketOf, requireBucket, withAwsOptions, withBucketOptions } from './options';

interface PruneOptions extends BucketOptions {
  readonly function?: string;
  readonly source?: string;
  readonly dryRun?: boolean;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `proven-backups prune` */
export function addPruneCommand(program: Command, output: Output): void {
  const command = program
    .command('prune')
    .description('Shows the backups that the retention no longer keeps, and why, and deletes them');
  withBucketOptions(command, 'bucket whose backups are pruned')
    .addOption(
      new Option(
        '--function <name>',
        'in place of a bucket: name or ARN of a function that prunes snapshots',
      ).conflicts(['bucket', 'stack']),
    )
    .option('--source <name>', 'only this source; with a function for snapshots, only this volume')
    .option('--dry-run', 'deletes nothing')
    .option('--all', 'lists kept backups one by one, however many there are')
    .option('--yes', 'does not ask')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: PruneOptions) => prune(options, output));
}

async function prune(options: PruneOptions, output: Output): Promise<void> {
  if (options.function === undefined) requireBucket(options, ', or prune snapshots with --function');
  if (!options.dryRun) requireAnswer(output.streams, options, ', or --dry-run to delete nothing');
  const aws = new Aws(options);
  const bucket = options.function === undefined ? await bucketOf(options, aws) : undefined;
  const tell = (doing: string): void => void (output.streams.stderr.isTTY && output.tell(doing));
  const plan = await planOf(aws, await targetsOf(aws, bucket, options), tell);
  const report = reportOf(plan, true);
  if (report.problems > 0) output.exitCode = EXIT.problems;
  const view: PlanView = { now: new Date(), all: options.all ?? false };
  if (!options.json) printPlan(output, report, view);
  const shown = sum(report.sources, (source) => deletable(source).length);
  const wanted = !options.dryRun && shown > 0 && (options.yes || (await agreed(aws, plan, bucket, output)));
  if (wanted) return carryOut(aws, plan, options, output, tell);
  if (options.json) output.json({ plan: report });
  else if (shown === 0) output.print('Nothing to delete.');
  else if (options.dryRun) output.print(`${countOf(shown, 'backup')} would be deleted.`);
  else output.print('Nothing was deleted.');
}

async function targetsOf(
  aws: Aws,
  bucket: string | undefined,
  { function: functionName, source }: PruneOptions,
): Promise<Target[]> {
  if (bucket === undefined) return [{ functionName: functionName!, ...(source !== undefined && { source }) }];
  const directory = await readDirectory(aws.ssm(), bucket);
  if (source !== undefined) return [{ functionName: directory.pruneFunction(source), source }];
  return directory.functions('prune').map((one) => ({ functionName: one }));
}

async function agreed(aws: Aws, plan: Answers, bucket: string | undefined, { streams }: Output): Promise<boolean> {
  const days = bucket === undefined ? undefined : await undoDays(aws.s3(), bucket);
  return askYes(streams, question(reportOf(plan, true), days));
}

async function carryOut(
  aws: Aws,
  plan: Answers,
  { json }: PruneOptions,
  output: Output,
  tell: (doing: string) => void,
): Promise<void> {
  const chosen = plan.sources.filter(({ report }) => deletable(report).length > 0);
  const done: Answer[] = [];
  try {
    for (const answer of chosen) {
      tell(`deleting backups of ${answer.report.source} …`);
      done.push({ ...answer, report: await deleteShown(aws, answer) });
    }
  } finally {
    // Even if a function failed on the way: some backups are deleted by then.
    const result = reportOf({ ...plan, sources: done }, false);
    if (json) output.json({ plan: reportOf(plan, true), result });
    else if (done.length > 0) printResult(output, result);
  }
  const untouched = plan.sources.filter((answer) => !chosen.includes(answer));
  const problems = sum([...done, ...untouched], ({ report }) => problemsOf(report));
  output.exitCode = problems > 0 ? EXIT.problems : EXIT.done;
}
