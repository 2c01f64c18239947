import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Command } from 'commander';
import { countOf } from '../../../catalog/units';
import { Aws } from '../aws/aws';
import { readObjectives } from '../aws/objectives';
import { readPlans } from '../aws/plans';
import { listManaged } from '../aws/recovery-points';
import { listSources, requireSource } from '../aws/stored-backups';
import { CommandError, EXIT, UsageError } from '../errors';
import type { Output } from '../print/output';
import { reportData, reportText } from '../report/data';
import { reportPage } from '../report/page';
import type { BucketOptions } from './options';
import { bucketOf, readSource, withAwsOptions, withBucketOptions } from './options';

interface ReportOptions extends BucketOptions {
  readonly output: string;
  readonly json?: string;
  readonly source?: string;
}

/** `proven-backups report` */
export function addReportCommand(program: Command, output: Output): void {
  const command = program
    .command('report')
    .description(
      'Writes one page about a bucket, for people who ask for evidence: its backups, restore tests and objectives',
    );
  withBucketOptions(command, 'bucket of the backups')
    .option('--source <name>', 'only this source', readSource)
    .requiredOption('--output <file>', 'file of the page, in HTML')
    .option('--json <file>', 'file of the data that it is made of; by default beside the page, with .json');
  withAwsOptions(command).action((options: ReportOptions) => report(options, output));
}

async function report(options: ReportOptions, output: Output): Promise<void> {
  const { output: page, source } = options;
  const json = options.json ?? page.replace(/(\.html?)?$/, '.json');
  if (path.resolve(json) === path.resolve(page))
    throw new UsageError(`--json must be another file than --output, got: ${json}`);
  const aws = new Aws(options);
  const bucket = await bucketOf(options, aws);
  const backups = await listSources(aws, bucket, source);
  const only = <T>(all: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    source === undefined ? all : new Map([...all].filter(([name]) => name === source));
  const { sources: objectives, fault: objectivesFault } = await readObjectives(aws.ssm(), bucket);
  if (source !== undefined && backups.length === 0 && !objectives.get(source)?.managed)
    await requireSource(aws, bucket, source);
  const data = reportData(bucket, backups, only(objectives), new Date(), {
    plans: only(await readPlans(aws, bucket)),
    managed: await listManaged(aws.backup(), objectives, source),
    objectivesFault,
  });
  const { text, sha256 } = reportText(data);
  write(json, text);
  write(page, reportPage(data, sha256, path.basename(json)));
  const bad = data.sources.filter(({ problems }) => problems.length > 0);
  if (bad.length > 0 || objectivesFault !== undefined) output.exitCode = EXIT.problems;
  output.print(
    `Wrote ${page} about ${countOf(data.sources.length, 'source')} with ${countOf(backups.length, 'backup')}.`,
  );
  output.print(`Its data is ${json}, with the SHA-256 ${sha256}.`);
  if (objectivesFault !== undefined) output.problem(objectivesFault);
  for (const { source: name, problems } of bad) for (const problem of problems) output.problem(`${name}: ${problem}`);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(`could not write ${file}: ${(error as Error).message}`);
  }
}
