import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { ALARM_ENV } from '../../../catalog/contract/alarms';
import { listSubscriptions } from '../../../lambda/shared/subscriptions';
import { Emulator } from '../../emulator/emulator';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { alarmedSource, AlarmScene, alarmSettingsOf, hoursAgo } from '../notify/alarm-scene';
import { healthIn, measureIn, metricOf, near, toldBy } from './measure-support';
import { invoke } from '../support';

jest.setTimeout(300_000);

let emulator: Emulator;
let proxy: S3FaultProxy;
let scene: AlarmScene;
let count = 0;

beforeAll(async () => {
  emulator = await Emulator.start();
  proxy = await S3FaultProxy.start(emulator.endpoint);
});
beforeEach(async () => {
  proxy.reset();
  scene = await AlarmScene.create(emulator, `measure-handler-${++count}`);
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await proxy.stop();
  await emulator.stop();
});

const run = (env: Record<string, string> = {}) => invoke('measure', {}, { ...scene.environment, ...env });

describe('the bundle', () => {
  test('measures, and writes a line', async () => {
    await scene.backup(hoursAgo(72));
    const { log, answer, failure } = await run();
    expect(failure).toBeUndefined();
    expect(answer).toEqual({ of: scene.bucket, sources: 1, unmeasured: [], findings: 1 });
    expect(log).toMatchObject([
      {
        level: 'info',
        event: 'measured',
        message: '1 sources, 0 of them could not be measured, 1 findings',
        faults: [],
      },
    ]);
    expect(await toldBy(scene)).toMatchObject([{ sources: [{ findings: [{ cause: 'too-old' }] }] }]);
  });

  test.each([ALARM_ENV.settings, ALARM_ENV.topic, ALARM_ENV.memory, ALARM_ENV.events])(
    'without %s it says so',
    async (name) => {
      const sentence = `the environment variable ${name} is not set: deploy the stack again`;
      expect((await run({ [name]: '' })).failure).toBe(sentence);
    },
  );

  test('when the time is over it says so', async () => {
    const { failure } = await run({ REMAINING: '1000' });
    expect(failure).toBe(`the measuring of ${scene.bucket} is not complete: the time of the run was over before shop`);
  });
});

test.each<[string, (bucket: string) => string, string]>([
  ['not JSON', () => '{', 'are not JSON: '],
  ['of a newer format', () => '{"formatVersion":2}', 'have format 2, but this version of cdk-proven-backups reads'],
  ['incomplete', () => '{"formatVersion":1}', 'are damaged: bucket: '],
  [
    'with something that is not known',
    (bucket) => JSON.stringify({ ...alarmSettingsOf(bucket, []), mute: true }),
    'are damaged: Unrecognized key: "mute"',
  ],
  [
    'with a time zone that is none',
    (bucket) => JSON.stringify(alarmSettingsOf(bucket, [], { timeZone: 'Europe/Atlantis' })),
    'are damaged: timeZone: no time zone',
  ],
  [
    'with a source that is no name',
    (bucket) => JSON.stringify(alarmSettingsOf(bucket, ['../shop'])),
    'are damaged: sources: ',
  ],
  [
    "with a signal that is the bucket's",
    (bucket) =>
      JSON.stringify(alarmSettingsOf(bucket, ['shop'])).replace('"family"', '"off":["housekeeping"],"family"'),
    'are damaged: sources: shop: off: 0: ',
  ],
  ...(
    [
      ['family', 'no family has the number 7'],
      ['logGroup', 'no log group has the number 7'],
      ['sizeBounds', 'no bounds have the number 7'],
    ] as const
  ).map(([key, sentence]): [string, (bucket: string) => string, string] => [
    `with a ${key} that is not there`,
    (bucket) => JSON.stringify(alarmSettingsOf(bucket, [], { sources: { shop: alarmedSource({ [key]: 7 }) } })),
    `are damaged: shop: ${sentence}: deploy their stack again`,
  ]),
])('settings that are %s', async (_, text, sentence) => {
  await scene.configure(text(scene.bucket));
  await expect(measureIn(scene)).rejects.toThrow(`the settings ${scene.parameter} ${sentence}`);
});

test('settings that do not exist, or cannot be read', async () => {
  const settings = `${scene.parameter}-gone`;
  await expect(measureIn(scene, { settings })).rejects.toThrow(
    `the settings ${settings} do not exist: deploy the stack again`,
  );
  proxy.rule = () => ({ status: 403, code: 'AccessDenied' });
  const ssm = new SSMClient({ ...emulator.client, endpoint: proxy.endpoint });
  await expect(measureIn(scene, { ssm })).rejects.toThrow(`could not read the settings ${scene.parameter}: `);
});

test('300 sources: all are told, in messages that a queue takes, and all are in the metrics', async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const sources = Array.from({ length: 300 }, (_, index) => `source-${index}`);
  const set = alarmSettingsOf(scene.bucket, sources);
  // A parameter holds 8 KB, of which 300 sources leave little: the emulator does not mind.
  await scene.configure(set);
  for (const source of sources.slice(0, 20)) await scene.backup(hoursAgo(3), source);
  expect(await measureIn(scene)).toEqual({ of: scene.bucket, sources: 300, unmeasured: [], findings: 0 });
  const messages = await toldBy(scene);
  expect(messages.map((message) => message.sources.length)).toEqual(Array(6).fill(50));
  expect(messages.flatMap((message) => message.sources.map(({ source }) => source))).toEqual(sources);
  expect(await metricOf(scene, 'BackupAge', 'source-299')).toEqual(near(0));
});

test('findings of many tables with long names still fit', async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const sources = Array.from({ length: 60 }, (_, index) => `source-${index}`);
  await scene.configure(alarmSettingsOf(scene.bucket, sources));
  const rows = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`shop.${index}${'x'.repeat(400)}`, 500]));
  for (const source of sources) {
    await scene.backup(hoursAgo(26), source, { rows: { 'shop.a': 1, ...rows } });
    await scene.backup(hoursAgo(2), source, { rows: { 'shop.a': 1 } });
  }
  await measureIn(scene);
  const messages = await toldBy(scene);
  expect(messages.flatMap((message) => message.sources)).toHaveLength(60);
  expect(messages.length).toBeGreaterThan(4);
  for (const message of messages) expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(256 * 1024);
});

test('what has not changed is not read again: one list a source and hour', async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  for (let night = 0; night < 20; night++) await scene.backup(hoursAgo(2 + 24 * night), 'shop');
  const over = { endpoint: proxy.endpoint };
  const first = await healthIn(scene, over);
  // The newest, and the 14 before it, eight at a time.
  expect(Object.fromEntries(proxy.counts)).toEqual({ ListObjectsV2: 1, GetObject: 17 });
  proxy.counts.clear();
  expect(await healthIn(scene, over)).toEqual({
    ...first,
    ageSeconds: expect.any(Number),
    newest: { ...first.newest, ageSeconds: expect.any(Number) },
  });
  expect(Object.fromEntries(proxy.counts)).toEqual({ ListObjectsV2: 1 });
  // A new backup, and a verdict, are seen at once.
  await scene.verdict(await scene.backup(hoursAgo(1)), 'passed');
  expect(await healthIn(scene, over)).toHaveProperty('proven');
  expect(proxy.counts.get('GetObject')).toBe(19);
});

describe('a source with more objects than a page lists', () => {
  const DAYS = 600;
  /** Old folders, of two objects each: only their keys are looked at. */
  async function crowd(): Promise<string[]> {
    const ids: string[] = [];
    for (let from = 0; from < DAYS; from += 50) {
      const batch = Array.from({ length: 50 }, (_, index) => hoursAgo(24 * (60 + from + index)));
      ids.push(...batch);
      await Promise.all(
        batch.flatMap((id) => [scene.put(`shop/${id}/manifest.json`), scene.put(`shop/${id}/shop.sql.zst`)]),
      );
    }
    return ids;
  }

  test('of the middle nothing is listed when the rest tells enough', async () => {
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const old = await crowd();
    const ids = Array.from({ length: 20 }, (_, night) => hoursAgo(2 + 24 * night));
    for (const id of ids) await scene.backup(id);
    await scene.verdict(ids[3]!, 'passed');
    const over = { endpoint: proxy.endpoint };
    expect(await healthIn(scene, over)).toMatchObject({
      newest: { id: ids[0] },
      proven: { id: ids[3] },
      sizeDeviation: 0,
    });
    expect(proxy.counts.get('ListObjectsV2')).toBe(2);
    // Without a verdict it may be in the middle.
    await scene.s3.send(
      new DeleteObjectCommand({
        Bucket: scene.bucket,
        Key: `shop/${ids[3]}/restore-test.json`,
      }),
    );
    await scene.verdict(old[10]!, 'failed');
    proxy.counts.clear();
    expect((await healthIn(scene, over)).findings).toMatchObject([{ cause: 'restore-test-failed' }]);
    expect(proxy.counts.get('ListObjectsV2')).toBe(3);
  });
});

/** Answers as SNS does: two pages, and subscriptions that wait or were ended. */
test('subscriptions of all pages; those that wait, or were ended, are not confirmed', async () => {
  const arn = 'arn:aws:sns:eu-west-1:111122223333:alarms';
  const member = (endpoint: string, subscription: string) =>
    `<member><Protocol>email</Protocol><Endpoint>${endpoint}</Endpoint><SubscriptionArn>${subscription}</SubscriptionArn></member>`;
  const pages = [
    `<Subscriptions>${member('a@example.org', 'PendingConfirmation')}${member('b@example.org', `${arn}:1`)}</Subscriptions><NextToken>next</NextToken>`,
    `<Subscriptions>${member('c@example.org', 'Deleted')}${member('d@example.org', `${arn}:2`)}</Subscriptions>`,
  ];
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(
      `<ListSubscriptionsByTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ListSubscriptionsByTopicResult>${pages[body.includes('NextToken=next') ? 1 : 0]}</ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>`,
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const found = await listSubscriptions(new SNSClient({ ...emulator.client, endpoint }), arn);
    expect(found.map(({ endpoint: to, confirmed }) => [to, confirmed])).toEqual([
      ['a@example.org', false],
      ['b@example.org', true],
      ['c@example.org', false],
      ['d@example.org', true],
    ]);
  } finally {
    server.close();
  }
});

test('a run asks every service as often as docs say', async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const sources = Array.from({ length: 60 }, (_, index) => `source-${index}`);
  await scene.configure(alarmSettingsOf(scene.bucket, sources));
  for (const source of sources) await scene.backup(hoursAgo(2), source);
  await measureIn(scene);
  const asked = new Map<string, number>();
  const counting = <T extends { middlewareStack: { add: CallableFunction } }>(client: T): T => {
    const count =
      (next: CallableFunction, { commandName }: { commandName: string }) =>
      (args: unknown) => {
        asked.set(commandName, (asked.get(commandName) ?? 0) + 1);
        return next(args);
      };
    client.middlewareStack.add(count, { step: 'initialize', name: 'count' });
    return client;
  };
  const { client } = emulator;
  await measureIn(scene, {
    dynamo: counting(new DynamoDBClient(client)),
    cloudWatch: counting(new CloudWatchClient(client)),
    sqs: counting(new SQSClient(client)),
    sns: counting(new SNSClient(client)),
    endpoint: proxy.endpoint,
  });
  expect(Object.fromEntries([...asked, ...proxy.counts])).toEqual({
    ListObjectsV2: 60,
    GetItemCommand: 60,
    PutItemCommand: 1,
    PutMetricDataCommand: 1,
    SendMessageCommand: 2,
    ListSubscriptionsByTopicCommand: 1,
  });
});
