import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunTaskCommandInput, Task, TaskOverride } from '@aws-sdk/client-ecs';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { Aws } from '../../bin/cli/aws/aws';
import { readDirectory } from '../../bin/cli/aws/directory';
import { startTask, TaskWatch } from '../../bin/cli/aws/task';
import { untilEnded } from '../../bin/cli/aws/until-ended';
import { main } from '../../bin/cli/program';
import type { Manifest } from '../../catalog/bucket/manifest';
import { readCatalog } from '../../catalog/bucket/read';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import type { Notification } from '../../catalog/contract/notification';
import { logReader } from '../../catalog/contract/run-log';
import { idOf } from '../../catalog/run-end';
import { runRequest } from '../../catalog/run-request';
import { SOURCES, type Plan } from './names';

const PAUSE_MS = 2_000;
/** What an emulated AWS has not done by then it never will. */
const EMULATED_MINUTES = 3;

/** The account with the deployed stack, and what a check asks of it. */
export class Account {
  readonly aws = new Aws({});
  readonly scheduler = new SchedulerClient({});
  readonly sqs = new SQSClient({});
  /** The last run of the good source that was started by hand. */
  lastRun?: Task;
  /** What subscribers were told and no check has asked for. */
  readonly told: Notification[] = [];

  constructor(
    readonly plan: Plan,
    /** No AWS of Amazon's: what it does proves nothing about theirs. */
    readonly emulated: boolean,
    readonly outputs: Readonly<Record<string, string>>,
    private readonly stopped: AbortSignal,
  ) {}

  output(name: string): string {
    const value = this.outputs[name];
    if (value === undefined) throw new Error(`the stack has no output ${name}`);
    return value;
  }

  /** Asks again and again until there is an answer. */
  async until<T>(what: string, minutes: number, look: () => Promise<T | undefined>): Promise<T> {
    if (this.emulated) minutes = Math.min(minutes, EMULATED_MINUTES);
    for (const end = Date.now() + minutes * 60_000; ; await sleep(PAUSE_MS, undefined, { signal: this.stopped })) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > end) throw new Error(`no ${what} within ${minutes} minutes`);
    }
  }

  /** Backups of a source, oldest first. */
  async backups(source: string = SOURCES.good): Promise<readonly Manifest[]> {
    return (await readCatalog(new S3CatalogStore(this.aws.s3(), this.output('Bucket')), source)).backups;
  }

  /** Runs the task of the good source to its end. */
  async run(overrides?: TaskOverride): Promise<Task> {
    const task = await this.ended({ ...(await this.request()), ...(overrides && { overrides }) });
    if (!overrides) this.lastRun = task;
    return task;
  }

  /** Runs `proven-backups` for the bucket, as a script does. */
  async cli(...args: readonly string[]): Promise<{ readonly code: number; readonly printed: string }> {
    let printed = '';
    const output = { write: (text: string) => (printed += text) };
    const streams = { stdin: Readable.from([]), stdout: output, stderr: output };
    const code = await main([...args, '--bucket', this.output('Bucket')], streams);
    return { code, printed };
  }

  /** Runs a command in the image of a database's client, and returns its output. */
  async ask(taskDefinition: string, command: readonly string[]): Promise<string> {
    const overrides = { containerOverrides: [{ name: 'client', command: [...command] }] };
    const { taskArn } = await this.ended({ ...(await this.request()), taskDefinition, overrides });
    return this.log(`client/client/${idOf(taskArn!)}`);
  }

  /** The log of a container. */
  async log(stream: string): Promise<string> {
    const read = logReader(this.aws.logs());
    const lines = async () => (await read(this.output('LogGroup'), stream)).join('\n') || undefined;
    return this.until(`log ${stream}`, 3, lines);
  }

  /** @throws Error if the function failed */
  async invoke<T>(name: 'Prune' | 'Undelete' | 'Measure', request: object): Promise<T> {
    const FunctionName = this.output(name);
    const command = new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(request)) });
    const { FunctionError, Payload } = await this.aws.lambda(FunctionName).send(command);
    const text = Payload!.transformToString();
    if (FunctionError !== undefined) throw new Error(`${FunctionName}: ${text}`);
    return JSON.parse(text) as T;
  }

  /**
   * Waits until subscribers were told of something.
   *
   * @param nudge is called before each look
   */
  notified(what: string, minutes: number, is: (told: Notification) => boolean, nudge?: () => Promise<unknown>) {
    return this.until(`notification of ${what}`, minutes, async () => {
      await nudge?.();
      const { Messages = [] } = await this.receive('Reader');
      for (const { Body } of Messages)
        this.told.push(JSON.parse((JSON.parse(Body!) as { Message: string }).Message) as Notification);
      const index = this.told.findIndex((one) => 'kind' in one && is(one));
      return index < 0 ? undefined : this.told.splice(index, 1)[0];
    });
  }

  /** Takes messages out of a queue. */
  async receive(queue: string) {
    const QueueUrl = this.output(queue);
    const MessageAttributeNames = ['All'];
    const request = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, MessageAttributeNames };
    const answer = await this.sqs.send(new ReceiveMessageCommand(request));
    for (const { ReceiptHandle } of answer.Messages ?? [])
      await this.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    return answer;
  }

  /** S3 as a role of the stack. */
  async s3As(role: 'Writer' | 'Pruner'): Promise<S3Client> {
    const request = { RoleArn: this.output(role), RoleSessionName: 'self-test' };
    const { Credentials: made } = await new STSClient({}).send(new AssumeRoleCommand(request));
    const { AccessKeyId, SecretAccessKey, SessionToken } = made!;
    const credentials = {
      ...{ accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken },
    };
    return new S3Client({ credentials, forcePathStyle: this.emulated });
  }

  /** The request with which `proven-backups run` starts the good source. */
  private async request(): Promise<RunTaskCommandInput> {
    const directory = await readDirectory(this.aws.ssm(), this.output('Bucket'));
    return runRequest(directory.task(SOURCES.good, 'dump').task, 'proven-backups/run');
  }

  private async ended(request: RunTaskCommandInput): Promise<Task> {
    const ecs = this.aws.ecs();
    return untilEnded(new TaskWatch(ecs, await startTask(ecs, 'the self-test', request), () => undefined));
  }
}
