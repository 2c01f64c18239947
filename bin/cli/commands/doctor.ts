import type { Command } from 'commander';
import { meant } from '../../meant';
import { Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import { CHECKS } from '../doctor/checks';
import { Deployment } from '../doctor/deployment';
import type { Checked } from '../print/doctor-text';
import { printChecks } from '../print/doctor-text';
import { EXIT, UsageError } from '../errors';
import type { Output } from '../print/output';
import type { BucketOptions } from './options';
import { bucketOf, withAwsOptions, withBucketOptions } from './options';

interface DoctorOptions extends BucketOptions {
  readonly skip?: readonly string[];
  readonly json?: boolean;
}

const IDS = CHECKS.map(({ id }) => id);

/** `proven-backups doctor` */
export function addDoctorCommand(program: Command, output: Output): void {
  const command = program
    .command('doctor')
    .description('Checks settings, roles and surroundings of a deployment, and says what to do; changes nothing');
  withBucketOptions(command, 'bucket whose deployment is checked')
    .option('--skip <check>', `leaves a check out; repeatable: ${IDS.join(', ')}`, addSkipped)
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: DoctorOptions) => doctor(options, output));
}

function addSkipped(text: string, skipped: readonly string[] = []): string[] {
  if (IDS.includes(text)) return [...skipped, text];
  throw new UsageError(
    `--skip must be the name of a check, got: ${text}: ${meant(text, IDS) ?? `use ${IDS.join(', ')}`}`,
  );
}

async function doctor(options: DoctorOptions, output: Output): Promise<void> {
  const { skip = [], json } = options;
  const aws = new Aws(options);
  const bucket = await bucketOf(options, aws);
  const deployment = new Deployment(aws, bucket, await readDirectory(aws.ssm(), bucket));
  const checks: Checked[] = [];
  for (const { id, title, run } of CHECKS) {
    if (skip.includes(id)) continue;
    if (output.streams.stderr.isTTY) output.tell(`checking ${id} …`);
    checks.push({ id, title, findings: await run(deployment) });
  }
  // What could not be checked may be broken.
  const bad = checks.some(({ findings }) =>
    findings.some(({ result }) => result === 'failed' || result === 'not checked'),
  );
  if (bad) output.exitCode = EXIT.problems;
  if (json) output.json({ bucket, checks, skipped: skip });
  else printChecks(output, checks);
}
