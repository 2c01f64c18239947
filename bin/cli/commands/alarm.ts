import type { Command } from 'commander';
import type { AlarmTestReport, AlarmTestRequest, SubscriptionFacts } from '../../../catalog/contract/alarms';
import type { AwsOptions } from '../aws/aws';
import { Aws, withAwsOptions } from '../aws/aws';
import { count } from '../print/format';
import { invoke } from '../aws/invoke';
import { readBucket } from '../names';
import type { Output } from '../print/output';
import { CommandError, EXIT } from '../print/output';
import { readNotifyFunctions } from '../aws/settings';

interface AlarmTestOptions extends AwsOptions {
  readonly bucket: string;
  readonly json?: boolean;
}

/** `proven-backups alarm` */
export function addAlarmCommand(program: Command, output: Output): void {
  const alarm = program.command('alarm').description('Tries the alarms');
  const command = alarm
    .command('test')
    .description('Sends every kind of email through the real topic, marked as a test, and tells who gets them')
    .requiredOption('--bucket <name>', 'bucket whose alarms are tried; its settings say by which function', readBucket)
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: AlarmTestOptions) => test(options, output));
}

async function test(options: AlarmTestOptions, output: Output): Promise<void> {
  const aws = new Aws(options);
  const reports: AlarmTestReport[] = [];
  const broken: CommandError[] = [];
  for (const name of await readNotifyFunctions(aws.ssm(), options.bucket)) {
    try {
      reports.push(await invoke<AlarmTestRequest, AlarmTestReport>(aws.lambda(name), name, { test: true }));
    } catch (error) {
      // Another one may work: whoever reads this wants to know of it, too.
      if (!(error instanceof CommandError)) throw error;
      broken.push(error);
    }
  }
  if (reports.some((report) => problemsOf(report).length > 0)) output.exitCode = EXIT.problems;
  if (options.json) output.json({ reports });
  else for (const report of reports) print(report, output);
  const [first, ...others] = broken;
  for (const { message } of others) output.tell(`problem ${message}`);
  if (first) throw first;
}

function print(report: AlarmTestReport, output: Output): void {
  const { topic, published, subscriptions } = report;
  output.print(`Published ${count(published.length, 'email')}, marked as a test, to ${topic}:`);
  for (const subject of published) output.print(`  ${subject}`);
  if (subscriptions.length > 0) {
    output.table(
      ['protocol', 'endpoint', 'state'],
      subscriptions.map(({ protocol, endpoint, confirmed }) => [
        ...[protocol, endpoint],
        confirmed ? 'confirmed' : 'pending',
      ]),
    );
  }
  const problems = problemsOf(report);
  for (const problem of problems) output.print(`${output.colors.yellow('problem')} ${problem}`);
  const pending = subscriptions.filter(({ confirmed }) => !confirmed);
  if (pending.length > 0 && pending.length < subscriptions.length) {
    output.print(`${output.colors.dim('note')} not confirmed, and gets nothing: ${endpoints(pending)}`);
  }
}

/** What somebody has to look at. */
function problemsOf({ topic, failures, subscriptions }: AlarmTestReport): string[] {
  const unpublished = failures.map((failure) => `could not be published: ${failure}`);
  if (subscriptions.some(({ confirmed }) => confirmed)) return unpublished;
  if (subscriptions.length === 0) {
    return [
      ...unpublished,
      `nobody will read them: ${topic} has no subscription: add an address to emails, and deploy; if it is there already, SNS has dropped it because nobody confirmed it in time, and only this asks for it anew: ${subscribe(topic, '<address>')}`,
    ];
  }
  const [first] = subscriptions.filter(({ protocol }) => protocol === 'email');
  return [
    ...unpublished,
    `nobody will read them: confirm the email "AWS Notification - Subscription Confirmation" that AWS sent to ${endpoints(subscriptions)}; it is valid for two days, and this sends another: ${subscribe(topic, first?.endpoint ?? '<address>')}`,
  ];
}

/** A deployment does not ask for a confirmation again. The Region is that of the topic. */
const subscribe = (topic: string, address: string): string =>
  `aws sns subscribe --topic-arn ${topic} --protocol email --notification-endpoint ${address} --region ${topic.split(':')[3]}`;

const endpoints = (subscriptions: readonly SubscriptionFacts[]): string =>
  subscriptions.map(({ endpoint }) => endpoint).join(', ');
