import {
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  InvokeCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import {
  GetBucketPolicyCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { BucketSettings, DeletedReport, PruneReport, UndeleteReport } from '../../catalog/contract/handlers';
import { settingsPath } from '../../catalog/contract/handlers';
import { manifestText } from '../../catalog/bucket/manifest';
import { backupId, manifestKey, objectKey } from '../../catalog/bucket/names';
import { exampleManifest } from '../catalog/bucket/example-manifest';
import { Emulator, appCommand } from '../emulator/emulator';
import { STACK, UPDATE_VARIABLE } from './prune-app';

// The CDK CLI, on a machine that may be busy with other tests.
jest.setTimeout(180_000);

const NOW = Date.now();
/** Id of the backup of so many days ago. */
const day = (ago: number): string => backupId(new Date(NOW - ago * 86_400_000));

let emulator: Emulator;
let app: string;
let outputs: Record<string, string>;
let s3: S3Client;

beforeAll(async () => {
  emulator = await Emulator.start();
  await emulator.bootstrap();
  app = await appCommand('test/e2e/prune-app.ts');
  outputs = (await emulator.deploy(app))[STACK]!;
  s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
});
afterAll(async () => await emulator.stop());

const put = (key: string, body: string) =>
  s3.send(new PutObjectCommand({ Bucket: outputs.Bucket, Key: key, Body: body }));

/** Whole backups of a source, of so many days ago. */
async function backUp(source: string, ...days: number[]): Promise<void> {
  for (const id of days.map(day)) {
    const key = objectKey(source, id, 'shop.sql.zst');
    const objects = exampleManifest().objects.map((object) => ({ ...object, key }));
    await put(key, 'ten bytes!');
    await put(manifestKey(source, id), manifestText(exampleManifest({ source, backupId: id, objects })));
  }
}

/** Every key that a plain listing shows. */
async function keys(): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: outputs.Bucket }));
  return Contents.map(({ Key }) => Key!);
}

/** Days of the backups of a source that a plain listing shows. */
async function days(source: string): Promise<number[]> {
  const all = await keys();
  return Array.from({ length: 10 }, (_, ago) => ago).filter((ago) => all.includes(manifestKey(source, day(ago))));
}

/** Invokes a deployed function, as Scheduler and the command line do. */
async function invoke<T>(name: 'Prune' | 'Undelete', payload: string): Promise<T> {
  const { Payload } = await new LambdaClient(emulator.client).send(
    new InvokeCommand({ FunctionName: outputs[name], Payload: Buffer.from(payload) }),
  );
  return JSON.parse(Buffer.from(Payload!).toString()) as T;
}
const prune = (payload: string) => invoke<PruneReport>('Prune', payload);
const undelete = <Report>(request: object) => invoke<Report>('Undelete', JSON.stringify(request));
const configuration = (name: 'Prune' | 'Undelete') =>
  new LambdaClient(emulator.client).send(new GetFunctionConfigurationCommand({ FunctionName: outputs[name] }));

async function schedule() {
  const { Schedule: Name, Group: GroupName } = outputs;
  return new SchedulerClient(emulator.client).send(new GetScheduleCommand({ Name, GroupName }));
}

async function settings(): Promise<{ name: string; content: BucketSettings }> {
  const { Parameters = [] } = await new SSMClient(emulator.client).send(
    new GetParametersByPathCommand({ Path: settingsPath(outputs.Bucket!) }),
  );
  expect(Parameters).toHaveLength(1);
  return { name: Parameters[0]!.Name!, content: JSON.parse(Parameters[0]!.Value!) as BucketSettings };
}

describe('what is deployed', () => {
  test('a schedule that invokes the function with {}, and reports to the queue', async () => {
    const { FunctionArn } = await configuration('Prune');
    expect(await schedule()).toMatchObject({
      ScheduleExpression: 'cron(30 4 * * ? *)',
      State: 'ENABLED',
      Target: { Arn: FunctionArn, Input: '{}', DeadLetterConfig: { Arn: outputs.DeadLetterQueue } },
    });
  });

  test.each(['Prune', 'Undelete'] as const)('the function: %s', async (name) => {
    expect(await configuration(name)).toMatchObject({
      ...{ Runtime: 'nodejs24.x', Handler: 'index.handler', MemorySize: 512, Timeout: 900 },
      LoggingConfig: { LogFormat: 'Text', LogGroup: outputs.LogGroup },
      Environment: { Variables: expect.objectContaining({ BACKUP_BUCKET: outputs.Bucket }) as unknown },
    });
  });

  test('no second try of a pruning that failed', async () => {
    const command = new GetFunctionEventInvokeConfigCommand({ FunctionName: outputs.Prune, Qualifier: '$LATEST' });
    expect((await new LambdaClient(emulator.client).send(command)).MaximumRetryAttempts).toBe(0);
  });

  test('settings that name the functions, and what is kept of each source', async () => {
    const { name, content } = await settings();
    expect((await configuration('Prune')).Environment!.Variables!.BACKUP_SETTINGS).toBe(name);
    expect(content).toMatchObject({
      bucket: outputs.Bucket,
      maxDeleteShare: 0.6,
      retentions: [{ keepForSeconds: 216_000, keepLast: 2 }, { forever: true }],
      sources: {
        shop: { retention: 0, allowedAgeSeconds: 37 * 3600 },
        orders: { retention: 0 },
        notes: { retention: 1, allowedAgeSeconds: 172_800 },
      },
    });
  });

  test('a bucket whose policy lets the roles of these functions through, and no other', async () => {
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket: outputs.Bucket }));
    const { Statement } = JSON.parse(Policy!) as { Statement: { Sid?: string; Action: string; Condition: object }[] };
    for (const [sid, action, name] of [
      ['DenyDeletes', 's3:DeleteObject', 'Prune'],
      ['DenyDeletingVersions', 's3:DeleteObjectVersion', 'Undelete'],
    ] as const) {
      const { Action, Condition } = Statement.find(({ Sid }) => Sid === sid)!;
      const { Role } = await configuration(name);
      expect({ Action, Condition }).toEqual({
        Action: action,
        Condition: { ArnNotLike: { 'aws:PrincipalArn': [Role] } },
      });
    }
  });
});

describe('a night later', () => {
  const STRANGERS = ['photos/2026/cat.jpg', 'shop/README.txt'];

  beforeAll(async () => {
    await backUp('shop', 0, 1, 2, 3, 4, 5);
    await backUp('orders', 0, 1);
    await backUp('notes', 0, 5, 9);
    await backUp('gone', 7, 8, 9);
    for (const key of STRANGERS) await put(key, 'not ours');
  });

  test('the schedule deletes what no retention keeps, and nothing else', async () => {
    const report = await prune((await schedule()).Target!.Input!);
    expect(report).toMatchObject({ of: outputs.Bucket, dryRun: false, problems: 0, unmanaged: ['gone'] });
    const found = report.sources.map(({ source, kept, deleted, errors }) => [source, kept, deleted, errors]);
    expect(found.sort()).toEqual([
      ['notes', 3, 0, []],
      ['orders', 2, 0, []],
      ['shop', 3, 3, []],
    ]);
    expect([await days('shop'), await days('orders'), await days('notes'), await days('gone')]).toEqual([
      [0, 1, 2],
      [0, 1],
      [0, 5, 9],
      [7, 8, 9],
    ]);
    expect(await keys()).toEqual(expect.arrayContaining(STRANGERS));
  });

  test('what it deleted is hidden by markers, and still there', async () => {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: outputs.Bucket, Prefix: 'shop/' }),
    );
    const files = [3, 4, 5].flatMap((ago) => [
      manifestKey('shop', day(ago)),
      objectKey('shop', day(ago), 'shop.sql.zst'),
    ]);
    expect(DeleteMarkers.map(({ Key }) => Key).sort()).toEqual([...files].sort());
    expect(Versions.map(({ Key }) => Key)).toEqual(expect.arrayContaining(files));
  });

  test('the other function says what can be brought back', async () => {
    const { deleted } = await undelete<DeletedReport>({ source: 'shop' });
    expect(deleted.map(({ id }) => id)).toEqual([day(3), day(4), day(5)]);
  });

  test('it brings one back, which the next pruning leaves alone', async () => {
    const { restored } = await undelete<UndeleteReport>({ source: 'shop', id: day(4) });
    expect(restored).toMatchObject({ id: day(4), objects: 2 });
    expect(await days('shop')).toEqual([0, 1, 2, 4]);
    expect(await keys()).toEqual(
      expect.arrayContaining([objectKey('shop', day(4), 'shop.sql.zst'), objectKey('shop', day(4), 'keep.json')]),
    );
    const { sources } = await prune('{}');
    expect(sources.find(({ source }) => source === 'shop')).toMatchObject({ deleted: 0, errors: [] });
    expect(await days('shop')).toEqual([0, 1, 2, 4]);
  });

  test('a dry run explains each decision, and deletes nothing', async () => {
    await backUp('orders', 6);
    const { sources, dryRun } = await prune(JSON.stringify({ source: 'orders', dryRun: true, explain: true }));
    expect(dryRun).toBe(true);
    expect(sources).toMatchObject([{ source: 'orders', kept: 2, deleted: 1 }]);
    expect(sources[0]!.decisions!.map(({ id, keep }) => [id, keep])).toEqual([
      [day(0), true],
      [day(1), true],
      [day(6), false],
    ]);
    expect(await days('orders')).toEqual([0, 1, 6]);
  });
});

test('a source that was removed from the stack is never pruned any more, and is reported', async () => {
  await emulator.deploy(app, [STACK], { [UPDATE_VARIABLE]: 'yes' });
  expect(Object.keys((await settings()).content.sources)).toEqual(['shop', 'notes']);
  const { unmanaged, problems } = await prune('{}');
  expect({ unmanaged, problems }).toEqual({ unmanaged: ['gone', 'orders'], problems: 0 });
  expect(await days('orders')).toEqual([0, 1, 6]);
});
