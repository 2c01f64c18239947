import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import type { ProveReport, ProveRequest, RestoreTestSettings } from '../../../catalog/contract/restore-tests';
import { restoreTestsPath, testedBy } from '../../../catalog/contract/restore-tests';
import { commandOf, PROGRAM_FILE } from '../../../catalog/contract/task';
import { startTests } from '../../../lambda/restore-tests/start-tests';
import { untestedOf } from '../../../lambda/restore-tests/send-untested';
import { exampleManifest } from '../../catalog/bucket/example-manifest';
import { Emulator } from '../../emulator/emulator';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { daysAgo, PruneScene } from '../support';

jest.setTimeout(180_000);

const DAY = 86_400;
const [OBJECT] = exampleManifest().objects;
let emulator: Emulator;
let ecs: ECSClient;
let ssm: SSMClient;
let dynamo: DynamoDBClient;
let scene: PruneScene;
let cluster: string;
let count = 0;
let sent: ProveReport[];

beforeAll(async () => {
  emulator = await Emulator.start();
  ecs = new ECSClient(emulator.client);
  ssm = new SSMClient(emulator.client);
  dynamo = new DynamoDBClient(emulator.client);
});
afterAll(async () => await emulator.stop());

beforeEach(async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  sent = [];
  scene = await PruneScene.create(emulator, `tests-${++count}`);
  cluster = (await ecs.send(new CreateClusterCommand({ clusterName: scene.bucket }))).cluster!.clusterArn!;
  await ecs.send(
    new RegisterTaskDefinitionCommand({ family: family(), containerDefinitions: [{ name: 'backup', image: 'a' }] }),
  );
  await dynamo.send(
    new CreateTableCommand({
      TableName: scene.bucket,
      KeySchema: [{ AttributeName: 'of', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'of', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await configure();
});
afterEach(() => jest.restoreAllMocks());

const family = () => `${scene.bucket}_prove0`;
const settingsPath = () => restoreTestsPath(scene.bucket, 'Stack-Tests');

async function configure(changes: Partial<RestoreTestSettings> = {}, name = '1'): Promise<void> {
  const settings: RestoreTestSettings = {
    formatVersion: 1,
    bucket: scene.bucket,
    keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1',
    cluster,
    subnets: 'subnet-1,subnet-2',
    securityGroups: 'sg-1',
    logGroup: 'log',
    rolePrefix: 'arn:aws:iam::111122223333:role/proven-backups/prove/eu-west-1/Stack/Tests/',
    maxAtOnce: 2,
    timeoutSeconds: 3600,
    families: [family()],
    plans: [{ kind: 'newest', everySeconds: 7 * DAY }, { kind: 'each' }],
    sources: { shop: { role: 'ShopRole' } },
    ...changes,
  };
  const Value = JSON.stringify(settings);
  await ssm.send(new PutParameterCommand({ Name: `${settingsPath()}${name}`, Value, Type: 'String', Overwrite: true }));
}

const start = (
  request: ProveRequest = {},
  hoursLater = 0,
  changes: Partial<Parameters<typeof startTests>[1]> = {},
): Promise<ProveReport> =>
  startTests(request, {
    s3: scene.s3,
    ...{ ssm, ecs, dynamo },
    settings: settingsPath(),
    memory: scene.bucket,
    hasTime: () => true,
    now: new Date(Date.now() + hoursLater * 3_600_000),
    send: (report) => Promise.resolve(void sent.push(report)),
    ...changes,
  });

async function tasks() {
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, desiredStatus: 'RUNNING' }));
  if (taskArns.length === 0) return [];
  return (await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }))).tasks!;
}
const stopAll = async () => {
  for (const { taskArn } of await tasks()) await ecs.send(new StopTaskCommand({ cluster, task: taskArn }));
};

test('what is due is started: with the role of its source, a size by its manifest, and its job', async () => {
  const id = daysAgo(0);
  await scene.backup(daysAgo(1));
  await scene.backup(id, 'shop', {
    objects: [{ ...OBJECT!, key: `shop/${id}/shop.sql.zst`, uncompressedBytes: 2e10 }],
  });
  const report = await start();
  expect(report).toMatchObject({ bucket: scene.bucket, dryRun: false, unstarted: [] });
  const [task, ...more] = await tasks();
  expect(more).toEqual([]);
  expect(report.started).toEqual([
    {
      ...{ source: 'shop', backupId: id, task: task!.taskArn, cluster, logGroup: 'log' },
      ...{ cpu: 2048, memoryMiB: expect.any(Number), ephemeralGiB: expect.any(Number) },
    },
  ]);
  expect(testedBy(task!.startedBy)).toEqual({ source: 'shop', backupId: id });
  const [started] = report.started;
  expect(task!.overrides).toMatchObject({
    taskRoleArn: 'arn:aws:iam::111122223333:role/proven-backups/prove/eu-west-1/Stack/Tests/ShopRole',
    cpu: '2048',
    memory: `${started!.memoryMiB}`,
    ephemeralStorage: { sizeInGiB: started!.ephemeralGiB },
  });
  const [{ name, environment }] = task!.overrides!.containerOverrides! as [
    { name: string; environment: [{ value: string }] },
  ];
  expect(name).toBe('backup');
  expect(JSON.parse(environment[0].value)).toEqual({
    ...{ action: 'prove', source: 'shop', backupId: id, bucket: scene.bucket, timeoutSeconds: 3600 },
    ...{ keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1', scratchDirectory: '/scratch' },
  });
  expect(sent).toEqual([report]);
});

test('of files, the program may take more of the memory for what it remembers', async () => {
  await scene.backup(daysAgo(0), 'shop', { engine: 'files' });
  const { started } = await start();
  expect(started).toEqual([expect.not.objectContaining({ heapMiB: expect.anything() })]);
  const [{ overrides }] = (await tasks()) as [{ overrides: object }];
  expect(overrides).toMatchObject({
    memory: '2048',
    containerOverrides: [
      { command: [...commandOf('prove').slice(0, 2), '--max-old-space-size=1536', PROGRAM_FILE, 'prove'] },
    ],
  });
});

test('what a restore has replaced is not tested by schedule, but the newest before it', async () => {
  const backupId = await scene.backup(daysAgo(1));
  await scene.backup(daysAgo(0), 'shop', { trigger: 'before-restore' });
  expect((await start()).started).toMatchObject([{ backupId }]);
});

test('what a restore has replaced is not what is tested when somebody asks for a test of the source', async () => {
  const backupId = await scene.backup(daysAgo(1));
  await scene.backup(daysAgo(0), 'shop', { trigger: 'before-restore' });
  expect((await start({ source: 'shop' })).started).toMatchObject([{ backupId }]);
});

test('never a second test of a source beside the first', async () => {
  const id = await scene.backup(daysAgo(0));
  await start();
  expect(await start({}, 30)).toMatchObject({
    started: [],
    unstarted: [{ source: 'shop', backupId: id, why: 'running' }],
  });
  expect(await start({ source: 'shop' })).toMatchObject({ started: [], unstarted: [{ why: 'running' }] });
  expect(await tasks()).toHaveLength(1);
});

test('two runs at the same time start one test', async () => {
  await scene.backup(daysAgo(0));
  const reports = await Promise.all([start(), start()]);
  expect(reports.flatMap(({ started }) => started)).toHaveLength(1);
});

test('a test that ended without a verdict is tried again a day later', async () => {
  await scene.backup(daysAgo(0));
  await start();
  await stopAll();
  expect((await start({}, 5)).started).toEqual([]);
  expect((await start({}, 24)).started).toHaveLength(1);
});

test('a verdict ends it, one that says nothing does not', async () => {
  const id = await scene.backup(daysAgo(0));
  await scene.put(
    `shop/${id}/restore-test.json`,
    JSON.stringify({ formatVersion: 1, verdict: 'not-run', testedAt: new Date().toISOString() }),
  );
  expect((await start({ dryRun: true })).started).toHaveLength(1);
  await scene.verdict(id, 'failed');
  expect((await start({}, 200)).started).toEqual([]);
});

test('one of an encrypted backup that has found all its bytes is not tried again every day', async () => {
  const id = await scene.backup(daysAgo(1));
  const reason = { kind: 'identity-missing' };
  await scene.put(
    `shop/${id}/restore-test.json`,
    JSON.stringify({ formatVersion: 1, verdict: 'not-run', testedAt: new Date().toISOString(), reason }),
  );
  expect((await start({}, 48)).started).toEqual([]);
  await scene.backup(daysAgo(0));
  expect((await start({}, 48)).started).toEqual([]);
  expect((await start({}, 8 * 24)).started).toHaveLength(1);
});

test('of each backup, the oldest first, one after the other', async () => {
  await configure({ sources: { shop: { role: 'a', plan: 1 } } });
  const ids = [daysAgo(2), daysAgo(1)];
  for (const id of ids) await scene.backup(id);
  for (const id of ids) {
    expect((await start()).started).toMatchObject([{ backupId: id }]);
    await stopAll();
  }
  expect((await start()).started).toEqual([]);
});

test('no more run at once than may; the others have their turn later', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  await configure({ sources: Object.fromEntries(names.map((name) => [name, { role: name }])) });
  for (const name of names) await scene.backup(daysAgo(0), name);
  const first = await start();
  expect(first.started).toHaveLength(2);
  expect(first.unstarted.map(({ why }) => why)).toEqual(['waiting', 'waiting', 'waiting']);
  await stopAll();
  const tested = new Set(first.started.map(({ source }) => source));
  for (let hour = 1; tested.size < names.length && hour < 4; hour++) {
    for (const { source } of (await start({}, hour)).started) tested.add(source);
    await stopAll();
  }
  expect([...tested].sort()).toEqual(names);
});

test('on demand: any backup, at once, whatever was tried or tested, and nobody is told', async () => {
  const [old, id] = [await scene.backup(daysAgo(40)), await scene.backup(daysAgo(0))];
  await scene.verdict(id, 'passed');
  expect((await start({ source: 'shop' })).started).toMatchObject([{ backupId: id }]);
  await stopAll();
  expect((await start({ source: 'shop', backupId: old })).started).toMatchObject([{ backupId: old }]);
  expect(sent).toEqual([]);
});

test.each<[string, ProveRequest, RegExp]>([
  ['a source that nothing tests', { source: 'blog' }, /^nothing tests backups of blog: .* deploy$/],
  ['a name that every object has', { source: 'constructor' }, /^nothing tests backups of constructor/],
  ['a backup without a source', { backupId: '2026-11-20T02-00-00Z' }, /^the request names a backup, but no source/],
])('refuses %s', async (_, request, sentence) => {
  await expect(start(request)).rejects.toThrow(sentence);
});

test('a backup that does not exist', async () => {
  expect(await start({ source: 'shop', backupId: '2026-11-20T02-00-00Z' })).toMatchObject({
    started: [],
    unstarted: [{ source: 'shop', why: 'no-backup' }],
  });
});

test('what cannot be tested is told: too large, damaged, of an unknown engine, refused by ECS', async () => {
  const names = ['damaged', 'large', 'shop', 'strange'];
  await configure({
    sources: { ...Object.fromEntries(names.map((name) => [name, { role: 'a' }])), refused: { role: 'a', family: 1 } },
    families: [family(), 'none'],
  });
  const id = daysAgo(0);
  for (const name of ['damaged', 'refused']) await scene.backup(id, name);
  await scene.put(`damaged/${id}/manifest.json`, 'not JSON');
  await scene.backup(id, 'large', { objects: [{ ...OBJECT!, key: `large/${id}/a.zst`, uncompressedBytes: 1e12 }] });
  await scene.backup(id, 'strange', { engine: 'oracle' });
  const report = await start();
  expect(report.started).toEqual([]);
  expect([...report.unstarted].sort((a, b) => (a.source < b.source ? -1 : 1))).toEqual([
    { source: 'damaged', backupId: id, why: 'unreadable', said: expect.stringContaining('is not JSON') },
    { source: 'large', backupId: id, why: 'too-large', neededGiB: expect.any(Number) },
    { source: 'refused', backupId: id, why: 'refused', said: expect.stringContaining('none') },
    { source: 'strange', backupId: id, why: 'not-supported', said: 'oracle' },
  ]);
  // Sources take turns by the hour.
  expect(untestedOf(report, new Date()).sources).toEqual(report.unstarted);
  // ECS may take it in the next hour.
  await configure({ sources: { refused: { role: 'a' } } });
  expect((await start({}, 1)).started).toMatchObject([{ source: 'refused' }]);
});

test('what S3 refuses once, the next run reads; what it refuses twice in a row is told', async () => {
  await scene.backup(daysAgo(0));
  const proxy = await S3FaultProxy.start(emulator.endpoint);
  const s3 = new S3Client({ ...emulator.client, endpoint: proxy.endpoint, forcePathStyle: true, maxAttempts: 1 });
  const refusing = (hour: number, request: ProveRequest = {}) => start(request, hour, { s3 });
  proxy.rule = () => ({ status: 503, code: 'SlowDown' });
  const unreadable = [{ source: 'shop', why: 'unreadable', said: expect.stringContaining('SlowDown') as string }];
  try {
    expect((await refusing(0)).unstarted).toEqual([]);
    expect((await refusing(1)).unstarted).toEqual(unreadable);
    expect((await refusing(3)).unstarted).toEqual([]);
    expect(sent.map((report) => untestedOf(report, new Date()).sources.length)).toEqual([0, 1, 0]);
    // Whoever asks is told at once.
    expect((await refusing(9, { source: 'shop' })).unstarted).toEqual(unreadable);
    expect((await refusing(9, { dryRun: true })).unstarted).toEqual(unreadable);
  } finally {
    await proxy.stop();
  }
});

test('what ECS refuses is asked once a source, and of several outcomes of a source the first is told', async () => {
  await configure({
    sources: { shop: { role: 'a', plan: 1, family: 1 }, large: { role: 'a', plan: 1 } },
    families: [family(), 'none'],
  });
  const [old, id] = [daysAgo(2), daysAgo(1)];
  for (const one of [old, id]) {
    await scene.backup(one);
    await scene.backup(one, 'large', { objects: [{ ...OBJECT!, key: `large/${one}/a.zst`, uncompressedBytes: 1e12 }] });
  }
  const report = await start();
  const told = (found: readonly { source: string; backupId?: string; why: string }[]) =>
    found.map(({ source, backupId, why }) => [source, backupId, why].join(' ')).sort();
  expect(told(report.unstarted)).toEqual([
    ...[`large ${old} too-large`, `large ${id} too-large`].sort(),
    `shop ${old} refused`,
  ]);
  expect(told(untestedOf(report, new Date()).sources)).toEqual([`large ${old} too-large`, `shop ${old} refused`]);
});

test('what was found is told, although the table cannot be asked, or the time is over', async () => {
  await configure({ sources: { a: { role: 'a' }, b: { role: 'b' } } });
  for (const name of ['a', 'b']) await scene.backup(daysAgo(0), name);
  await expect(start({}, 0, { memory: 'gone' })).rejects.toThrow(
    /^ECS or the table could not be asked: ResourceNotFoundException: .*: the next run goes on$/,
  );
  expect(sent).toEqual([expect.objectContaining({ started: [], unstarted: [] })]);
  let asked = 0;
  await expect(start({}, 0, { hasTime: () => asked++ === 0 })).rejects.toThrow(/^the time of the run is over/);
  expect(sent[1]!.started).toHaveLength(1);
  // What was begun is not begun again.
  await start();
  expect(await tasks()).toHaveLength(2);
});

test('a backup that is deleted while it is looked at is none', async () => {
  const [old, id] = [await scene.backup(daysAgo(9)), await scene.backup(daysAgo(0))];
  await scene.verdict(id, 'passed');
  const get = jest.spyOn(S3CatalogStore.prototype, 'get').mockImplementationOnce(() => {
    throw new NoSuchKey({ message: 'gone', $metadata: {} });
  });
  expect((await start({ dryRun: true })).started).toMatchObject([{ backupId: old }]);
  expect(get).toHaveBeenCalled();
});

test('a dry run starts and tells nothing', async () => {
  const id = await scene.backup(daysAgo(0));
  expect(await start({ dryRun: true })).toMatchObject({ dryRun: true, started: [{ source: 'shop', backupId: id }] });
  expect(await tasks()).toEqual([]);
  expect(sent).toEqual([]);
  expect((await start()).started).toHaveLength(1);
});

test('sources of several parameters are all tested', async () => {
  await configure({ sources: { blog: { role: 'b' } } }, '2');
  for (const name of ['shop', 'blog']) await scene.backup(daysAgo(0), name);
  expect((await start()).started.map(({ source }) => source).sort()).toEqual(['blog', 'shop']);
});

test('settings that are damaged, or newer, are told', async () => {
  await configure({ sources: { shop: { role: 'a', plan: 7 } } });
  await expect(start()).rejects.toThrow(/no plan has the number 7: deploy their stack again$/);
  await configure({ formatVersion: 2 as 1 });
  await expect(start()).rejects.toThrow(/update cdk-proven-backups$/);
});

test('without a source that is tested there is nothing to do', async () => {
  expect(
    await startTests({}, { ...({ ssm } as never as object), settings: '/none/', now: new Date() } as never),
  ).toEqual({
    ...{ bucket: '', dryRun: false, started: [], unstarted: [] },
  });
});
