import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type AttributeValue,
} from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { AlarmedSource, AlarmSettings } from '../../../catalog/contract/alarms';
import { ALARM_ENV, alarmSettingsPath } from '../../../catalog/contract/alarms';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { backupId, objectKey, VERDICT_FILE } from '../../../catalog/bucket/names';
import { KEY } from '../../../lambda/shared/alarm-table';
import { exampleManifest } from '../../catalog/bucket/example-manifest';
import type { Emulator } from '../../emulator/emulator';
import { DAY_SECONDS, PruneScene } from '../support';

/** What is set for a source of a scene: nightly backups, two days allowed. */
export const alarmedSource = (changes: Partial<AlarmedSource> = {}): AlarmedSource => ({
  family: 0,
  logGroup: 0,
  allowedAgeSeconds: 2 * DAY_SECONDS,
  provenAgeSeconds: 35 * DAY_SECONDS,
  ...changes,
});

/** Settings that watch sources alike. */
export const alarmSettingsOf = (
  bucket: string,
  sources: readonly string[],
  changes: Partial<AlarmSettings> = {},
): AlarmSettings => ({
  formatVersion: 1,
  bucket,
  timeZone: 'Europe/Paris',
  digest: 'off',
  off: [],
  families: ['Backups-'],
  logGroups: ['/backups'],
  sizeBounds: [],
  sources: Object.fromEntries(sources.map((name) => [name, alarmedSource()])),
  measureFunction: 'measure',
  notifyFunction: 'notify',
  ...changes,
});

/** Id of a backup of some hours ago. */
export const hoursAgo = (hours: number): string => backupId(new Date(Date.now() - hours * 3_600_000));

/** What a backup of a scene holds: the rest is that of the example. */
export interface SceneBackup extends Partial<Manifest> {
  /** Rows of each table: `{ 'shop.orders': 48_211 }`. Instead of `tables`. */
  readonly rows?: Readonly<Record<string, number>>;
  /** Bytes before compression. Instead of `objects`. */
  readonly uncompressedBytes?: number;
}

/** What a subscriber of the topic was sent, as SNS delivers it to a queue. */
export interface Delivered {
  readonly subject?: string;
  /** The message: JSON as text. */
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A bucket with settings, and all that the functions of the alarms work with, in the emulated AWS. */
export class AlarmScene {
  readonly bucket: string;
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly dynamo: DynamoDBClient;
  readonly tableName: string;
  queueUrl!: string;
  topicArn!: string;
  private subscriberUrl!: string;

  private constructor(
    readonly emulator: Emulator,
    private readonly stored: PruneScene,
  ) {
    ({ bucket: this.bucket, s3: this.s3, ssm: this.ssm } = stored);
    this.tableName = `${this.bucket}-memory`;
    this.sns = new SNSClient(emulator.client);
    this.sqs = new SQSClient(emulator.client);
    this.dynamo = new DynamoDBClient(emulator.client);
  }

  static async create(emulator: Emulator, bucket: string, sources: readonly string[] = ['shop']): Promise<AlarmScene> {
    const scene = new AlarmScene(emulator, await PruneScene.create(emulator, bucket, sources));
    await Promise.all([scene.configure(alarmSettingsOf(bucket, sources)), scene.createTable(), scene.createTopic()]);
    return scene;
  }

  private async createTable(): Promise<void> {
    await this.dynamo.send(
      new CreateTableCommand({
        TableName: this.tableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: KEY, KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: KEY, AttributeType: 'S' }],
      }),
    );
  }

  private async createTopic(): Promise<void> {
    const queue = async (QueueName: string) => (await this.sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl!;
    this.queueUrl = await queue(`${this.bucket}-events`);
    this.subscriberUrl = await queue(`${this.bucket}-subscriber`);
    const { TopicArn } = await this.sns.send(new CreateTopicCommand({ Name: `${this.bucket}-alarms` }));
    this.topicArn = TopicArn!;
    await this.sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: await this.arnOf(this.subscriberUrl) }),
    );
  }

  private async arnOf(QueueUrl: string): Promise<string> {
    const { Attributes } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    return Attributes!.QueueArn!;
  }

  /** Name of the parameter with the settings. */
  get parameter(): string {
    return `${alarmSettingsPath(this.bucket)}own`;
  }

  /** What the functions have in their environment. */
  get environment(): Record<string, string> {
    return {
      ...this.emulator.environment,
      // The emulator does not decompress: of many metrics it would keep none.
      AWS_DISABLE_REQUEST_COMPRESSION: 'true',
      [ALARM_ENV.settings]: this.parameter,
      [ALARM_ENV.topic]: this.topicArn,
      [ALARM_ENV.memory]: this.tableName,
      [ALARM_ENV.events]: this.queueUrl,
    };
  }

  /** Writes the settings, or any text in their place. */
  async configure(settings: AlarmSettings | string): Promise<void> {
    const Value = typeof settings === 'string' ? settings : JSON.stringify(settings);
    const [Type, Overwrite] = ['String', true] as const;
    await this.ssm.send(new PutParameterCommand({ Name: this.parameter, Value, Type, Overwrite }));
  }

  put(key: string, body?: string): Promise<void> {
    return this.stored.put(key, body);
  }

  /** A whole backup, as the program writes it: of 100 bytes before compression and one table, unless told otherwise. */
  backup(id: string, source = 'shop', { rows, uncompressedBytes, ...changes }: SceneBackup = {}): Promise<string> {
    const [object] = exampleManifest().objects;
    return this.stored.backup(id, source, {
      ...(rows && { tables: Object.entries(rows).map(([name, count]) => tableOf(name, count)) }),
      ...(uncompressedBytes !== undefined && {
        objects: [{ ...object!, key: objectKey(source, id, 'shop.sql.zst'), uncompressedBytes }],
      }),
      ...changes,
    });
  }

  /** What a restore test found about a backup. */
  async verdict(id: string, verdict: 'passed' | 'failed', source = 'shop', testedAt = new Date()): Promise<void> {
    const text = JSON.stringify({ formatVersion: 1, verdict, testedAt: testedAt.toISOString() });
    await this.put(objectKey(source, id, VERDICT_FILE), text);
  }

  /** What the subscriber of the topic was sent since the last call. */
  async received(): Promise<Delivered[]> {
    return (await this.drain(this.subscriberUrl)).map((body) => {
      const { Subject, Message, MessageAttributes = {} } = JSON.parse(body) as Envelope;
      const attributes = Object.entries(MessageAttributes).map(([name, { Value }]) => [name, Value]);
      return {
        ...(Subject !== undefined && { subject: Subject }),
        message: Message,
        attributes: Object.fromEntries(attributes) as Record<string, string>,
      };
    });
  }

  /** Bodies of what lies in the queue of the notify function: it is taken out. */
  async events(): Promise<unknown[]> {
    return (await this.drain(this.queueUrl)).map((body) => JSON.parse(body) as unknown);
  }

  private async drain(QueueUrl: string): Promise<string[]> {
    const bodies: string[] = [];
    for (;;) {
      const { Messages = [] } = await this.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      );
      if (Messages.length === 0) return bodies;
      for (const { Body, ReceiptHandle } of Messages) {
        bodies.push(Body!);
        await this.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  }

  /** What the table remembers under a key. */
  async remembered(of: string): Promise<Record<string, unknown> | undefined> {
    const Key: Record<string, AttributeValue> = { [KEY]: { S: of } };
    const { Item } = await this.dynamo.send(new GetItemCommand({ TableName: this.tableName, Key }));
    return Item && unmarshall(Item);
  }

  /** Makes the table remember something. */
  async remember(of: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    const Item = marshall({ [KEY]: of, ...values });
    await this.dynamo.send(new PutItemCommand({ TableName: this.tableName, Item }));
  }
}

interface Envelope {
  readonly Subject?: string;
  readonly Message: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly Value: string }>>;
}

/** `shop.orders`, or `shop.public.orders`. */
function tableOf(text: string, rows: number): Manifest['tables'][number] {
  const [database, ...rest] = text.split('.');
  const [name, schema] = rest.reverse();
  return { database: database!, ...(schema !== undefined && { schema }), name: name!, rows };
}
