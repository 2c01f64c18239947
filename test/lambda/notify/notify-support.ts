import { BackupClient } from '@aws-sdk/client-backup';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { AlarmTestReport, Finding, Measured, SourceHealth } from '../../../catalog/contract/alarms';
import type { Notification } from '../../../catalog/contract/notification';
import type { BatchAnswer, NotifyContext } from '../../../lambda/notify/notify';
import { notify } from '../../../lambda/notify/notify';
import type { QueueMessage } from '../../../lambda/notify/problems/observation';
import type { Email, Emulator } from '../../emulator/emulator';
import { AlarmScene } from './alarm-scene';
import { container, neverStarted, taskEvent } from './events/ecs';
import { messageOf } from './events/message';

export const HOUR = 3_600_000;
export const LOG_GROUP = '/backups';

/** So many hours ago. */
export const ago = (hours: number): Date => new Date(Date.now() - hours * HOUR);

/** Subjects of the emails since the last call. */
export const subjects = async (scene: NotifyScene): Promise<string[]> =>
  (await scene.emails()).map(({ subject }) => subject);

let messages = 0;
/** A message with an id of its own. */
export const message = (body: unknown, changes: Partial<QueueMessage> = {}): QueueMessage =>
  messageOf(body, { messageId: `message-${messages++}`, ...changes });

/** A message that was handed out so often. */
export const received = (body: unknown, times: number): QueueMessage =>
  message(body, { attributes: { ApproximateReceiveCount: String(times), SentTimestamp: String(Date.now()) } });

/** A run of a source that ended at a time. */
export const run = (source: string, exitCode: number, at: Date, task = `task${messages++}`) =>
  taskEvent({
    containers: [container({ exitCode })],
    taskArn: `arn:aws:ecs:us-east-1:000000000000:task/backups/${task}`,
    taskDefinitionArn: `arn:aws:ecs:us-east-1:000000000000:task-definition/Backups-${source}:3`,
    startedAt: new Date(at.getTime() - 60_000).toISOString(),
    stoppedAt: at.toISOString(),
  });

/** A run of a source that could not be started. */
export const unstarted = (source: string, at: Date) =>
  neverStarted('CannotPullContainerError: pull image manifest has been retried 5 time(s)', undefined, {
    taskDefinitionArn: `arn:aws:ecs:us-east-1:000000000000:task-definition/Backups-${source}:3`,
    stoppedAt: at.toISOString(),
  });

/** A run of the measuring that could measure everything. */
export const COMPLETE = { complete: true, total: 1, unmeasured: { count: 0, named: [] } } as const;

/** What the measuring found of one source. */
export const measured = (bucket: string, source: string, at: Date, findings: Finding[] = []): Measured => {
  const health: SourceHealth = { source, ageSeconds: 200_000, allowedAgeSeconds: 172_800, findings };
  return { kind: 'measured', bucket, at: at.toISOString(), sources: [health], ...COMPLETE };
};

export const tooOld = (at: Date): Finding => ({
  signal: 'silent',
  cause: 'too-old',
  sentence: 'the newest backup is 3 days old; the limit is 2 days',
  short: 'the newest backup is 3 days old',
  since: at.toISOString(),
});

/** All that the notify function works with, and somebody who gets its emails. */
export class NotifyScene {
  private read = 0;

  private constructor(
    readonly emulator: Emulator,
    readonly alarms: AlarmScene,
    readonly logs: CloudWatchLogsClient,
  ) {}

  static async create(emulator: Emulator, bucket: string, sources: readonly string[] = ['shop']): Promise<NotifyScene> {
    const alarms = await AlarmScene.create(emulator, bucket, sources);
    const Endpoint = `${bucket}@example.com`;
    await alarms.sns.send(new SubscribeCommand({ TopicArn: alarms.topicArn, Protocol: 'email', Endpoint }));
    await emulator.confirmEmails(Endpoint);
    return new NotifyScene(emulator, alarms, new CloudWatchLogsClient(emulator.client));
  }

  /** Hands a batch to the function, in this process. */
  async batch(batch: readonly QueueMessage[], over: Partial<NotifyContext> = {}): Promise<string[]> {
    const { batchItemFailures } = (await notify({ Records: batch }, this.contextOf(over))) as BatchAnswer;
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  async tryOut(over: Partial<NotifyContext> = {}): Promise<AlarmTestReport> {
    return (await notify({ test: true }, this.contextOf(over))) as AlarmTestReport;
  }

  contextOf(over: Partial<NotifyContext> = {}): NotifyContext {
    const client = { ...this.emulator.client, maxAttempts: 2 };
    const { parameter, topicArn, tableName } = this.alarms;
    return {
      dynamo: new DynamoDBClient(client),
      logs: this.logs,
      s3: new S3Client({ ...client, forcePathStyle: true }),
      scheduler: new SchedulerClient(client),
      sns: new SNSClient(client),
      ssm: new SSMClient(client),
      backup: new BackupClient(client),
      parameter,
      topic: topicArn,
      table: tableName,
      remainingMs: () => 120_000,
      ...over,
    };
  }

  /** Emails since the last call. */
  async emails(): Promise<Email[]> {
    const all = (await this.emulator.emails()).filter(({ to }) => to === `${this.alarms.bucket}@example.com`);
    const fresh = all.slice(this.read);
    this.read = all.length;
    return fresh;
  }

  /** What other subscribers were sent since the last call. */
  async notifications(): Promise<Notification[]> {
    return (await this.alarms.received()).map((one) => JSON.parse(one.message) as Notification);
  }

  /** Writes what a run logs. */
  async log(logStreamName: string, lines: readonly string[]): Promise<void> {
    await this.logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP })).catch((error: Error) => {
      if (error.name !== 'ResourceAlreadyExistsException') throw error;
    });
    await this.logs.send(new CreateLogStreamCommand({ logGroupName: LOG_GROUP, logStreamName }));
    const logEvents = lines.map((line, index) => ({ timestamp: Date.now() + index, message: line }));
    await this.logs.send(new PutLogEventsCommand({ logGroupName: LOG_GROUP, logStreamName, logEvents }));
  }
}

/** A line of the program. */
export const logged = (level: string, event: string, text: string, fields: object = {}): string =>
  JSON.stringify({ time: new Date().toISOString(), level, event, message: text, source: 'shop', ...fields });
