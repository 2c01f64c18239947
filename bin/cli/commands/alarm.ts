import type { Command } from 'commander';
import type { AlarmTestReport, AlarmTestRequest, SubscriptionFacts } from '../../../catalog/contract/alarms';
import { countOf } from '../../../catalog/units';
import { Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import { invoke } from '../aws/invoke';
import { CommandError, EXIT } from '../errors';
import type { Output } from '../print/output';
import type { BucketOptions } from './options';
import { bucketOf, withAwsOptions, withBucketOptions } from './options';

interface AlarmTestOptions extends BucketOptions {
  readonly json?: boolean;
}

/** `proven-backups alarm` */
export function addAlarmCommand(program: Command, output: Output): void {
  const alarm = program.command('alarm').description('Tests the alarms');
  const command = alarm
    .command('test')
    .description('Sends every kind of email through the real topic, marked as a test, and shows who receives them');
  withBucketOptions(command, 'bucket whose alarms are tested').option('--json', 'prints JSON');
  withAwsOptions(command).action((options: AlarmTestOptions) => test(options, output));
}

async function test(options: AlarmTestOptions, output: Output): Promise<void> {
  const aws = new Aws(options);
  const directory = await readDirectory(aws.ssm(), await bucketOf(options, aws));
  const reports: AlarmTestReport[] = [];
  const broken: CommandError[] = [];
  for (const name of directory.functions('notify')) {
    try {
      reports.push(await invoke<AlarmTestRequest, AlarmTestReport>(aws.lambda(name), name, { test: true }));
    } catch (error) {
      // The others may work, and their result is worth knowing.
      if (!(error instanceof CommandError)) throw error;
      broken.push(error);
    }
  }
  if (reports.some((report) => problemsOf(report).length > 0)) output.exitCode = EXIT.problems;
  if (options.json) output.json({ reports });
  else for (const report of reports) print(report, output);
  const [first, ...others] = broken;
  for (const { message } of others) output.tellProblem(message);
  if (first) throw first;
}

function print(report: AlarmTestReport, output: Output): void {
  const { topic, published, subscriptions } = report;
  output.print(`Published ${countOf(published.length, 'email')}, marked as a test, to ${topic}:`);
  for (const subject of published) output.print(`  ${subject}`);
  if (subscriptions.length > 0) {
    output.table(
      ['protocol', 'endpoint', 'state'],
      subscriptions.map(({ protocol, endpoint, confirmed }) => [
        protocol,
        endpoint,
        confirmed ? 'confirmed' : 'pending',
      ]),
    );
  }
  for (const problem of problemsOf(report)) output.problem(problem);
  const pending = subscriptions.filter(({ confirmed }) => !confirmed);
  if (pending.length > 0 && pending.length < subscriptions.length) {
    output.note(`not confirmed, so SNS sends nothing there: ${endpoints(pending)}`);
  }
}

/** Everything that needs attention. */
function problemsOf({ topic, failures, subscriptions }: AlarmTestReport): string[] {
  const unpublished = failures.map((failure) => `could not be published: ${failure}`);
  if (subscriptions.some(({ confirmed }) => confirmed)) return unpublished;
  if (subscriptions.length === 0) {
    return [
      ...unpublished,
      `nobody receives them: ${topic} has no subscription: add an address to emails, and deploy; if it is there already, SNS has removed it because nobody confirmed it in time, and only this requests it again: ${subscribe(topic, '<address>')}`,
    ];
  }
  const [first] = subscriptions.filter(({ protocol }) => protocol === 'email');
  return [
    ...unpublished,
    `nobody receives them: confirm the email "AWS Notification - Subscription Confirmation" that AWS sent to ${endpoints(subscriptions)}; it is valid for two days, and this sends another: ${subscribe(topic, first?.endpoint ?? '<address>')}`,
  ];
}

/** A deployment does not ask for a confirmation again. The Region is that of the topic. */
const subscribe = (topic: string, address: string): string =>
  `aws sns subscribe --topic-arn ${topic} --protocol email --notification-endpoint ${address} --region ${topic.split(':')[3]}`;

const endpoints = (subscriptions: readonly SubscriptionFacts[]): string =>
  subscriptions.map(({ endpoint }) => endpoint).join(', ');
