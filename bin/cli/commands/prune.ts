import type { Command } from 'commander';
import { Option } from 'commander';
import type { AwsOptions } from '../aws/aws';
import { Aws, withAwsOptions } from '../aws/aws';
import { count, sum } from '../print/format';
import { readBucket } from '../names';
import type { Output } from '../print/output';
import { EXIT, UsageError } from '../print/output';
import type { PlanView } from '../print/prune-tables';
import { printPlan, printResult, question } from '../print/prune-tables';
import type { Answer, Answers, Target } from '../pruning';
import { deletable, deleteShown, planOf, problemsOf, reportOf } from '../pruning';
import { askYes, requireAnswer } from '../print/question';
import { managerOf, readManagers } from '../aws/settings';
import { undoDays } from '../aws/undo-window';

interface PruneOptions extends AwsOptions {
  readonly bucket?: string;
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
    .description('Shows what the retention no longer keeps, and why, and deletes it')
    .option('--bucket <name>', 'bucket whose backups are pruned, as its settings say', readBucket)
    .addOption(
      new Option('--function <name>', 'name or ARN of the function to ask: for snapshots of volumes').conflicts(
        'bucket',
      ),
    )
    .option('--source <name>', 'only this source; with --function for snapshots, only this volume')
    .option('--dry-run', 'deletes nothing')
    .option('--all', 'lists what is kept one by one, however much it is')
    .option('--yes', 'asks nobody')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: PruneOptions) => prune(options, output));
}

async function prune(options: PruneOptions, output: Output): Promise<void> {
  if (options.bucket === undefined && options.function === undefined) {
    throw new UsageError('nothing says what to prune: give --bucket, or --function');
  }
  if (!options.dryRun) requireAnswer(output.streams, options, ', or --dry-run to look only');
  const aws = new Aws(options);
  const tell = (doing: string): void => void (output.streams.stderr.isTTY && output.tell(doing));
  const plan = await planOf(aws, await targetsOf(aws, options), tell);
  const report = reportOf(plan, true);
  if (report.problems > 0) output.exitCode = EXIT.problems;
  const view: PlanView = { now: new Date(), all: options.all ?? false };
  if (!options.json) printPlan(output, report, view);
  const shown = sum(report.sources, (source) => deletable(source).length);
  const wanted = !options.dryRun && shown > 0 && (options.yes || (await agreed(aws, plan, options, output)));
  if (wanted) return carryOut(aws, plan, options, output, tell);
  if (options.json) output.json({ plan: report });
  else if (shown === 0) output.print('Nothing to delete.');
  else if (options.dryRun) output.print(`${count(shown, 'backup')} would be deleted.`);
  else output.print('Nothing was deleted.');
}

async function targetsOf(aws: Aws, { bucket, function: functionName, source }: PruneOptions): Promise<Target[]> {
  if (functionName !== undefined) return [{ functionName, ...(source !== undefined && { source }) }];
  const managers = await readManagers(aws.ssm(), bucket!);
  if (source !== undefined) return [{ functionName: managerOf(managers, source, bucket!).pruneFunction, source }];
  return managers.map(({ pruneFunction }) => ({ functionName: pruneFunction }));
}

async function agreed(aws: Aws, plan: Answers, { bucket }: PruneOptions, { streams }: Output): Promise<boolean> {
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
    // Also if a function failed on the way: what is deleted is deleted.
    const result = reportOf({ ...plan, sources: done }, false);
    if (json) output.json({ plan: reportOf(plan, true), result });
    else if (done.length > 0) printResult(output, result);
  }
  const untouched = plan.sources.filter((answer) => !chosen.includes(answer));
  const problems = sum([...done, ...untouched], ({ report }) => problemsOf(report));
  output.exitCode = problems > 0 ? EXIT.problems : EXIT.done;
}
