import { BackupClient } from '@aws-sdk/client-backup';
import { DeleteObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { SizeLimits } from '../../../catalog/contract/alarms';
import { DEFAULT_SIZE_BOUNDS } from '../../../catalog/contract/alarms';
import { backupIdTime, manifestKey, objectKey } from '../../../catalog/bucket/names';
import { MeasureMemory } from '../../../lambda/health/measure-memory';
import { ProblemMemory } from '../../../lambda/notify/problems/memory';
import { Emulator } from '../../emulator/emulator';
import { BackupServer } from '../../servers/backup';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { alarmedSource, AlarmScene, alarmSettingsOf, hoursAgo } from '../notify/alarm-scene';
import { healthIn, near } from './measure-support';
import { DAY_SECONDS } from '../support';

const HOUR = 3600;
const DAY_MS = DAY_SECONDS * 1000;
const MB = 1_000_000;

let emulator: Emulator;
let proxy: S3FaultProxy;
let scene: AlarmScene;
let log: jest.SpyInstance;
let count = 0;

beforeAll(async () => {
  emulator = await Emulator.start();
  proxy = await S3FaultProxy.start(emulator.endpoint);
});
beforeEach(async () => {
  proxy.reset();
  log = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  scene = await AlarmScene.create(emulator, `measure-look-${++count}`);
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await proxy.stop();
  await emulator.stop();
});

const viaProxy = () => ({ endpoint: proxy.endpoint });
const logged = (): string => log.mock.calls.map(([line]) => String(line)).join('');
const remove = (Key: string) => scene.s3.send(new DeleteObjectCommand({ Bucket: scene.bucket, Key }));

/** Deletes all that lies in a backup's folder. */
async function prune(id: string): Promise<void> {
  const pages = paginateListObjectsV2(
    { client: scene.s3 },
    { Bucket: scene.bucket, Prefix: objectKey('shop', id, '') },
  );
  for await (const { Contents = [] } of pages) for (const { Key } of Contents) await remove(Key!);
}

describe('gone', () => {
  test('told at once, since it was noticed, until there is a backup again', async () => {
    const id = await scene.backup(hoursAgo(3));
    expect((await healthIn(scene)).findings).toEqual([]);
    await remove(manifestKey('shop', id));
    const gone = await healthIn(scene);
    expect(gone).toMatchObject({ ageSeconds: near(3 * HOUR), findings: [{ signal: 'silent', cause: 'gone' }] });
    expect(gone).not.toHaveProperty('newest');
    const [finding] = gone.findings;
    expect(finding!.sentence).toBe(`all backups are gone or damaged; the last complete one was ${id}`);
    proxy.clockShift = 5 * DAY_MS;
    expect(await healthIn(scene, viaProxy())).toMatchObject({
      ageSeconds: near(3 * HOUR + 5 * DAY_SECONDS),
      findings: [finding],
    });
    await scene.backup(hoursAgo(1));
    expect((await healthIn(scene)).findings).toEqual([]);
  });

  test('what is left is damaged: the sentence names it', async () => {
    const [older, id] = [await scene.backup(hoursAgo(26)), await scene.backup(hoursAgo(2))];
    await healthIn(scene);
    for (const each of [older, id]) await scene.put(objectKey('shop', each, 'shop.sql.zst'), 'cut');
    const { findings } = await healthIn(scene);
    expect(findings).toMatchObject([{ cause: 'gone' }]);
    expect(findings[0]!.sentence).toBe(
      `all backups are gone or damaged; the last complete one was ${id}; 2 are damaged, such as ${id}: shop/${id}/shop.sql.zst has 3 bytes, and its manifest says 10`,
    );
    // Another one that is damaged changes nothing.
    await scene.put(manifestKey('shop', hoursAgo(1)), 'without data');
    const later = (await healthIn(scene)).findings[0]!;
    expect(later).toMatchObject({ cause: 'gone', since: findings[0]!.since });
    expect(later.sentence).toContain(`the last complete one was ${id}; 3 are damaged`);
  });

  test('what a pruning deletes between listing and reading is looked at again', async () => {
    const id = await scene.backup(hoursAgo(2));
    await healthIn(scene, viaProxy());
    await scene.verdict(id, 'passed');
    let missed = 0;
    proxy.rule = ({ path }) =>
      path.endsWith('manifest.json') && missed++ === 0 ? { status: 404, code: 'NoSuchKey' } : undefined;
    expect(await healthIn(scene, viaProxy())).toMatchObject({ newest: { id }, findings: [] });
    expect(missed).toBeGreaterThan(1);
  });

  test('recovery points as well: the last one is missed at once, for as long as there is no other', async () => {
    const managed = { resource: 'arn:aws:s3:::media', vault: 'acme-vault', plan: 'acme-plan' };
    await scene.configure(alarmSettingsOf(scene.bucket, [], { sources: { media: alarmedSource({ managed }) } }));
    const server = await BackupServer.start();
    try {
      const backup = new BackupClient({ ...emulator.client, endpoint: server.endpoint });
      const measured = () => healthIn(scene, { backup }, 'media');
      const created = new Date(Date.now() - 3 * HOUR * 1000);
      const point = { ...managed, created, completed: created };
      server.points = [{ ...point, arn: 'arn:aws:backup:eu-west-1:111122223333:recovery-point:media-1' }];
      expect(await measured()).toMatchObject({ newest: { id: 'media-1' }, findings: [] });
      server.points = [];
      const { findings } = await measured();
      expect(findings).toMatchObject([{ signal: 'silent', cause: 'gone' }]);
      expect(findings[0]!.sentence).toBe('all backups are gone or damaged; the last complete one was media-1');
      expect((await measured()).findings).toEqual(findings);
      server.points = [{ ...point, arn: 'arn:aws:backup:eu-west-1:111122223333:recovery-point:media-2' }];
      expect(await measured()).toMatchObject({ newest: { id: 'media-2' }, findings: [] });
      // The vault was deleted, as soon as it was empty.
      const gone = { status: 400, type: 'ResourceNotFoundException', message: 'there is no vault acme-vault' };
      server.faults.push(gone, gone);
      expect((await measured()).findings).toMatchObject([{ signal: 'silent', cause: 'gone' }]);
      expect(await measured()).toMatchObject({ newest: { id: 'media-2' }, findings: [] });
    } finally {
      await server.stop();
    }
  });
});

test.each([
  ['plan', 'new-plan'],
  ['vault', 'new-vault'],
  ['resource', 'arn:aws:s3:::new-media'],
])('a new %s waits for its first recovery point: those of the one before it are not missed', async (what, name) => {
  const managed = { resource: 'arn:aws:s3:::media', vault: 'acme-vault', plan: 'old-plan' };
  const configure = (change: object) =>
    scene.configure(
      alarmSettingsOf(scene.bucket, [], { sources: { media: alarmedSource({ managed: { ...managed, ...change } }) } }),
    );
  const server = await BackupServer.start();
  try {
    const backup = new BackupClient({ ...emulator.client, endpoint: server.endpoint });
    const created = new Date(Date.now() - 3 * HOUR * 1000);
    const arn = 'arn:aws:backup:eu-west-1:111122223333:recovery-point:media-1';
    server.points = [{ ...managed, arn, created, completed: created }];
    await configure({});
    expect(await healthIn(scene, { backup }, 'media')).toMatchObject({ newest: { id: 'media-1' } });
    await configure({ [what]: name });
    const health = await healthIn(scene, { backup }, 'media');
    expect(health).toMatchObject({ ageSeconds: near(0), findings: [] });
    expect(health).not.toHaveProperty('newest');
  } finally {
    await server.stop();
  }
});

test('of many damaged backups 20 are named, and 50 are read', async () => {
  const whole = await scene.backup(hoursAgo(30 * 24));
  const damaged = Array.from({ length: 51 }, (_, index) => hoursAgo(index + 1));
  for (const id of damaged.slice(1)) await scene.put(manifestKey('shop', id), 'damaged');
  expect((await healthIn(scene)).findings[0]!.sentence).toContain('there is no backup of late after 30 days');
  for (const id of damaged) await scene.put(objectKey('shop', id, 'shop.sql.zst'), 'data');
  await remove(manifestKey('shop', damaged[50]!));
  const health = await healthIn(scene);
  expect(health).toMatchObject({ newest: { id: whole }, findings: [{ cause: 'too-old' }] });
  expect(health.findings[0]!.sentence).toContain('; 49 newer are damaged, such as');
  const { reading } = (await scene.remembered('reading/shop')) as { reading: string };
  expect(JSON.parse(reading)).toMatchObject({ damaged: { count: 49, named: { length: 20 } } });

  for (const id of [damaged[0]!, damaged[50]!]) await scene.put(manifestKey('shop', id), 'damaged');
  proxy.counts.clear();
  const { newest, findings } = await healthIn(scene, viaProxy());
  expect(newest).toBeUndefined();
  expect(findings[0]!.sentence).toBe(
    `none of the latest backups is complete; the last complete one was ${whole}; the newest 50 are damaged, such as ${damaged[0]}: manifest shop/${damaged[0]}/manifest.json is not JSON: Unexpected token 'd', "damaged" is not valid JSON; older ones were not read`,
  );
  // It was looked at twice.
  expect(proxy.counts.get('GetObject')).toBe(100);
});

describe('the usual duration takes the place of the timeout', () => {
  const timeoutSeconds = 12 * HOUR;
  /** A backup that took a time. */
  const lasting = (id: string, seconds: number) =>
    scene.backup(id, 'shop', {
      startedAt: '2026-11-20T02:00:00.000Z',
      endedAt: new Date(Date.parse('2026-11-20T02:00:00Z') + seconds * 1000).toISOString(),
    });
  const allow = (changes: { timeoutSeconds?: number }) =>
    scene.configure(
      alarmSettingsOf(scene.bucket, [], {
        sources: { shop: alarmedSource({ allowedAgeSeconds: 37 * HOUR, ...changes }) },
      }),
    );

  test('the longest counts, with a quarter more', async () => {
    await allow({ timeoutSeconds });
    await lasting(hoursAgo(27), 2000);
    expect(await healthIn(scene)).toMatchObject({ allowedAgeSeconds: 37 * HOUR, findings: [] });
    await lasting(hoursAgo(51), 4000);
    const { allowedAgeSeconds, findings } = await healthIn(scene);
    expect(allowedAgeSeconds).toBe(25 * HOUR + 5000);
    expect(findings).toMatchObject([{ cause: 'too-old' }]);
    expect(findings[0]!.sentence).toContain('is 27 hours old; the limit is 26 hours 23 minutes');
    await allow({});
    expect(await healthIn(scene)).toMatchObject({ allowedAgeSeconds: 37 * HOUR, findings: [] });
  });

  test('but never more than the timeout', async () => {
    await allow({ timeoutSeconds });
    for (const hours of [27, 51]) await lasting(hoursAgo(hours), 11 * HOUR);
    expect(await healthIn(scene)).toMatchObject({ allowedAgeSeconds: 37 * HOUR, findings: [] });
  });
});

test('the last usual backup before a strange one', async () => {
  const bounds: SizeLimits = { ...DEFAULT_SIZE_BOUNDS, minHistory: 3 };
  const sources = { shop: alarmedSource({ sizeBounds: 0 }) };
  await scene.configure(alarmSettingsOf(scene.bucket, [], { sizeBounds: [bounds], sources }));
  for (const hours of [146, 122, 98, 74]) await scene.backup(hoursAgo(hours), 'shop', { uncompressedBytes: 48 * MB });
  const id = await scene.backup(hoursAgo(50), 'shop', { uncompressedBytes: 47 * MB });
  expect(await healthIn(scene)).not.toHaveProperty('lastUsual');
  for (const hours of [26, 2]) await scene.backup(hoursAgo(hours), 'shop', { uncompressedBytes: 2 * MB });
  expect(await healthIn(scene)).toMatchObject({
    lastUsual: { id, ageSeconds: near(50 * HOUR), uncompressedBytes: 47 * MB, tables: 1 },
    findings: [{ cause: 'shrunk', items: ['below', '1/2', '1/4', '1/16'] }],
  });
});

test('the safety backup of a restore is not judged: before it, the loss goes on; after it, it has no part in what is usual', async () => {
  const rows = { 'shop.orders': 500 };
  for (const hours of [98, 74, 50]) await scene.backup(hoursAgo(hours), 'shop', { rows });
  const safety = { rows: { 'shop.orders': 0 }, trigger: 'before-restore' } as const;
  await scene.backup(hoursAgo(40), 'shop', safety);
  expect((await healthIn(scene)).findings).toEqual([]);
  const lossy = await scene.backup(hoursAgo(26), 'shop', { rows: { 'shop.orders': 0 } });
  const strange = { signal: 'strange-size', cause: 'empty', since: backupIdTime(lossy)!.toISOString() };
  expect((await healthIn(scene)).findings).toMatchObject([strange]);
  await scene.backup(hoursAgo(3), 'shop', safety);
  expect((await healthIn(scene)).findings).toMatchObject([strange]);
  await scene.backup(hoursAgo(2), 'shop', { rows });
  expect((await healthIn(scene)).findings).toEqual([]);
});

describe('a restore test that failed', () => {
  test('is not passed because its backup was pruned, but by a later test', async () => {
    const [older, newer] = [await scene.backup(hoursAgo(26)), await scene.backup(hoursAgo(2))];
    const hour = (hours: number) => new Date(Date.now() - hours * HOUR * 1000);
    await scene.verdict(older, 'passed', 'shop', hour(20));
    await scene.verdict(newer, 'failed', 'shop', hour(1));
    await scene.put(objectKey('shop', older, 'restore-test.json'), 'unreadable');
    const failed = [{ cause: 'restore-test-failed', items: [newer], since: expect.any(String) }];
    expect((await healthIn(scene)).findings).toMatchObject(failed);
    await scene.verdict(older, 'passed', 'shop', hour(20));
    await prune(newer);
    const health = await healthIn(scene);
    expect(health).toMatchObject({ newest: { id: older }, proven: { id: older }, findings: failed });
    expect(await healthIn(scene)).toMatchObject({ findings: failed });
    await scene.verdict(older, 'passed', 'shop', hour(0));
    expect((await healthIn(scene)).findings).toMatchObject(failed);
    const newest = await scene.backup(hoursAgo(1));
    await scene.verdict(newest, 'passed', 'shop', hour(0));
    expect(await healthIn(scene)).toMatchObject({ tested: { id: newest }, findings: [] });
  });
});

test('a restore test that passes is waited for since the first backup, not before', async () => {
  expect((await healthIn(scene)).findings).toEqual([]);
  const remembered = async () =>
    JSON.parse(((await scene.remembered('reading/shop')) as { reading: string }).reading) as object;
  expect(await remembered()).not.toHaveProperty('unprovenSince');
  await scene.backup(hoursAgo(1));
  await healthIn(scene);
  const first = await remembered();
  expect(first).toMatchObject({ unprovenSince: expect.any(String) as string });
  await scene.backup(hoursAgo(0.5));
  await healthIn(scene);
  expect(await remembered()).toMatchObject({ unprovenSince: (first as { unprovenSince: string }).unprovenSince });
});

describe('what is remembered', () => {
  const expiry = async (of: string) => Number((await scene.remembered(of))?.expiresAt) * 1000;

  test('of a source without a backup is forgotten after 90 days, unless it is asked for: a write a week', async () => {
    await healthIn(scene, viaProxy());
    const first = await scene.remembered('first-seen/shop');
    expect(await expiry('first-seen/shop')).toBeGreaterThan(Date.now() + 90 * DAY_MS - 60_000);
    proxy.clockShift = 6 * DAY_MS;
    await healthIn(scene, viaProxy());
    expect(await scene.remembered('first-seen/shop')).toEqual(first);
    proxy.clockShift = 8 * DAY_MS;
    await healthIn(scene, viaProxy());
    expect(await scene.remembered('first-seen/shop')).toMatchObject({ since: first!.since });
    expect(await expiry('first-seen/shop')).toBeGreaterThan(Date.now() + 98 * DAY_MS - 60_000);
  });

  test('of the catalog of a source, too', async () => {
    await scene.backup(hoursAgo(2));
    await healthIn(scene, viaProxy());
    const first = await scene.remembered('reading/shop');
    proxy.clockShift = 6 * DAY_MS;
    await healthIn(scene, viaProxy());
    expect(await scene.remembered('reading/shop')).toEqual(first);
    proxy.clockShift = 8 * DAY_MS;
    await healthIn(scene, viaProxy());
    expect(await expiry('reading/shop')).toBeGreaterThan(Date.now() + 98 * DAY_MS - 60_000);
  });

  test('a restore test that failed is told by the notify function, which sees its end', async () => {
    const memory = new MeasureMemory(scene.dynamo, scene.tableName);
    expect(await memory.failedTest('shop')).toBeUndefined();
    await new ProblemMemory(scene.dynamo, scene.tableName).rememberFailedTest('shop', 'id');
    expect(await memory.failedTest('shop')).toBe('id');
    expect(await expiry('failed-test/shop')).toBeGreaterThan(Date.now() + 90 * DAY_MS - 60_000);
  });

  test('what is too large for the table is not, and the table is used on', async () => {
    const memory = new MeasureMemory(scene.dynamo, scene.tableName);
    const large = { size: {}, damaged: { count: 1, named: [{ id: 'x', damage: 'x'.repeat(500_000) }] } };
    await memory.rememberReading('shop', { fingerprint: 'x', reading: large }, new Date());
    expect(memory.failure).toBeUndefined();
    expect(logged()).toContain('what was read of shop cannot be remembered: ValidationException');
    await memory.measured(new Date());
    expect(await scene.remembered('measured')).toBeDefined();
    expect(await memory.lastReading('shop', new Date())).toBeUndefined();
  });
});

describe('notes', () => {
  test('of the newest backup are told, short enough for a message, each with a key that stays the same', async () => {
    const history = { kind: 'no-history', database: 'shop', objects: ['prices'] };
    await scene.backup(hoursAgo(26), 'shop', { notes: [{ kind: 'masked-columns', objects: ['a.b'] }] });
    await scene.backup(hoursAgo(2), 'shop', { notes: [history, { kind: 'server-warning', said: 'x'.repeat(5000) }] });
    const { notes } = await healthIn(scene);
    expect(notes).toEqual([
      { ...history, key: expect.stringMatching(/^.{16}$/) as string },
      { kind: 'server-warning', said: 'x'.repeat(200), key: expect.any(String) as string },
    ]);
    await scene.backup(hoursAgo(1), 'shop', { notes: [history] });
    expect((await healthIn(scene)).notes).toEqual([notes![0]]);
    await scene.backup(hoursAgo(0.5));
    expect(await healthIn(scene)).not.toHaveProperty('notes');
  });
});
