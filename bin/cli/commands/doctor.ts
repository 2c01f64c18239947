import type { Command } from 'commander';
import { meant } from '../../meant';
import type { ClientSettings } from '../aws/aws';
import { Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import { runCheck } from '../doctor/check';
import { CHECKS } from '../doctor/checks';
import { Deployment } from '../doctor/deployment';
import type { Finding } from '../doctor/finding';
import type { Checked } from '../print/doctor-text';
import { printCheck, printSummary } from '../print/doctor-text';
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
  const aws = new Aws({ ...options, clients: clientSettings() });
  const bucket = await bucketOf(options, aws);
  let now = '';
  const tell = (progress: string): void => output.progress(`checking ${now}: ${progress} …`);
  const deployment = new Deployment(aws, bucket, await readDirectory(aws.ssm(), bucket), tell);
  const checks: Checked[] = [];
  for (const check of CHECKS.filter(({ id }) => !skip.includes(id))) {
    const { id, title } = check;
    output.progress(`checking ${(now = id)} …`);
    const checked = { id, title, findings: await runCheck(check, deployment) };
    output.progress();
    checks.push(checked);
    if (!json) printCheck(output, checked);
  }
  // What could not be checked may be broken.
  const isBad = ({ result }: Finding): boolean => result === 'failed' || result === 'not checked';
  if (checks.some(({ findings }) => findings.some(isBad))) output.exitCode = EXIT.problems;
  if (json) output.json({ bucket, checks, skipped: skip });
  else printSummary(output, checks);
}

/** A service that does not answer is told, not waited for for ever; one that throttles is asked again. */
const clientSettings = (): ClientSettings => ({
  maxAttempts: Number(process.env.AWS_MAX_ATTEMPTS ?? 5),
  requestHandler: { connectionTimeout: 5000, requestTimeout: 30_000, throwOnRequestTimeout: true },
});
