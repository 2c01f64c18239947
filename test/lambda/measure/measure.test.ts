import { BackupClient } from '@aws-sdk/client-backup';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { manifestKey, objectKey } from '../../../catalog/bucket/names';
import { readHealth } from '../../../lambda/health/health';
import { MeasureMemory } from '../../../lambda/health/measure-memory';
import { Emulator } from '../../emulator/emulator';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { alarmedSource, AlarmScene, alarmSettingsOf, hoursAgo } from '../notify/alarm-scene';
import { healthIn, measureIn, metricNames, metricOf, near, toldBy } from './measure-support';
import { DAY_SECONDS } from '../support';

const HOUR = 3600;
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
  scene = await AlarmScene.create(emulator, `measure-${++count}`);
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await proxy.stop();
  await emulator.stop();
});

const viaProxy = () => ({ endpoint: proxy.endpoint });
const logged = (): string => log.mock.calls.map(([line]) => String(line)).join('');

/** Nightly backups alike, newest first; the newest of two hours ago. */
async function nightly(nights: number, changes: Parameters<AlarmScene['backup']>[2] = {}): Promise<string[]> {
  const ids = Array.from({ length: nights }, (_, night) => hoursAgo(2 + 24 * night));
  for (const id of ids) await scene.backup(id, 'shop', changes);
  return ids;
}

test('a fresh backup: its facts, its age as a metric, and no finding', async () => {
  const id = await scene.backup(hoursAgo(2), 'shop', { rows: { 'shop.a': 3, 'shop.b': 4 }, uncompressedBytes: 4000 });
  expect(await measureIn(scene)).toEqual({ of: scene.bucket, sources: 1, unmeasured: [], findings: 0 });
  const [measured, ...more] = await toldBy(scene);
  expect(more).toEqual([]);
  expect(measured).toEqual({
    kind: 'measured',
    bucket: scene.bucket,
    at: expect.any(String),
    sources: [
      {
        source: 'shop',
        newest: {
          id,
          time: expect.stringContaining(id.slice(0, 13)),
          ageSeconds: near(2 * HOUR),
          engine: 'mariadb',
          engineVersion: '10.11.19-MariaDB',
          bytes: 10,
          uncompressedBytes: 4000,
          rows: 7,
          tables: 2,
          durationSeconds: 139,
        },
        ageSeconds: near(2 * HOUR),
        allowedAgeSeconds: 2 * DAY_SECONDS,
        findings: [],
      },
    ],
    complete: true,
    total: 1,
    unmeasured: { count: 0, named: [] },
    subscriptions: { confirmed: 1, pending: 0 },
  });
  expect(await metricOf(scene, 'BackupAge', 'shop')).toEqual(near(2 * HOUR));
  expect(await metricOf(scene, 'UnmeasuredSources')).toBe(0);
  expect(await metricOf(scene, 'ConfirmedSubscriptions')).toBe(1);
  expect(await metricNames(scene)).toEqual(['BackupAge', 'ConfirmedSubscriptions', 'UnmeasuredSources']);
  expect(await scene.remembered('measured')).toEqual({ of: 'measured', at: measured!.at });
});

test('health is read again and again with one client, of those sources that are set', async () => {
  const id = await scene.backup(hoursAgo(2));
  const settings = alarmSettingsOf(scene.bucket, ['shop', 'blog']);
  const surroundings = {
    s3: scene.s3,
    backup: new BackupClient(scene.emulator.client),
    settings,
    memory: new MeasureMemory(scene.dynamo, scene.tableName),
  };
  for (let times = 0; times < 2; times++) {
    expect(await readHealth(surroundings, ['shop', 'unknown'])).toMatchObject([{ source: 'shop', newest: { id } }]);
  }
});

describe('silent', () => {
  test('an old backup, since its allowed age passed', async () => {
    const id = await scene.backup(hoursAgo(72));
    const since = new Date(Date.parse(id.replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:')) + 2 * DAY_SECONDS * 1000);
    const sentence = 'the newest backup is 3 days old; the limit is 2 days';
    expect(await healthIn(scene)).toMatchObject({
      ageSeconds: near(72 * HOUR),
      findings: [{ signal: 'silent', cause: 'too-old', sentence, since: since.toISOString() }],
    });
  });

  test('none yet: it is waited for since it was first asked for', async () => {
    expect(await healthIn(scene)).toMatchObject({ ageSeconds: near(0), findings: [] });
    expect(await metricOf(scene, 'BackupAge', 'shop')).toEqual(near(0));
    proxy.clockShift = 49.5 * HOUR * 1000;
    expect(await healthIn(scene, viaProxy())).toMatchObject({
      ageSeconds: near(49.5 * HOUR),
      findings: [
        {
          signal: 'silent',
          cause: 'no-backup-yet',
          sentence: 'there is no backup yet after 2 days 1 hour; the limit is 2 days',
        },
      ],
    });
  });

  test('a damaged backup is none: the one before it counts, and the sentence names it', async () => {
    const [newest, older] = [await scene.backup(hoursAgo(1)), await scene.backup(hoursAgo(60))];
    await scene.put(objectKey('shop', newest, 'shop.sql.zst'), 'cut');
    await scene.put(objectKey('shop', hoursAgo(3), 'shop.sql.zst'), 'of a run that never came to its end');
    const health = await healthIn(scene);
    expect(health).toMatchObject({ newest: { id: older }, findings: [{ cause: 'too-old' }] });
    expect(health.findings[0]!.sentence).toBe(
      `the newest complete backup is 2 days 12 hours old; the limit is 2 days; 1 newer one is damaged, such as ${newest}: shop/${newest}/shop.sql.zst has 3 bytes, and its manifest says 10`,
    );
  });

  test('only damaged ones: they are waited for since the first of them', async () => {
    for (const hours of [60, 30]) await scene.put(manifestKey('shop', await scene.backup(hoursAgo(hours))), '{}');
    await scene.put(manifestKey('shop', hoursAgo(10)), 'without data');
    const { newest, findings } = await healthIn(scene);
    expect(newest).toBeUndefined();
    expect(findings).toMatchObject([{ signal: 'silent', cause: 'no-backup-yet' }]);
    expect(findings[0]!.sentence).toContain('after 2 days 12 hours; the limit is 2 days; 3 are damaged, such as');
  });

  test('a backup that is dated in the future does not hide it', async () => {
    await scene.backup(hoursAgo(60));
    await scene.backup(hoursAgo(-48));
    expect((await healthIn(scene)).findings).toMatchObject([{ cause: 'too-old' }]);
  });
});

describe('strange size', () => {
  test('a table that is gone, hour after hour as long as it is so', async () => {
    await nightly(3, { rows: { 'shop.orders': 48_211, 'shop.a': 1 } });
    const id = await scene.backup(hoursAgo(1), 'shop', { rows: { 'shop.orders': 0, 'shop.a': 1 } });
    const sentence = 'table shop.orders is empty; the backup before it had 48,211 rows of it';
    const short = 'table shop.orders is empty, had 48,211 rows';
    const first = await healthIn(scene);
    expect(first.findings).toEqual([
      {
        signal: 'strange-size',
        cause: 'table-lost',
        sentence,
        short,
        items: ['shop.orders'],
        tables: ['shop.orders'],
        since: first.newest!.time,
      },
    ]);
    expect(first.newest!.id).toBe(id);
    expect(await healthIn(scene)).toMatchObject({ findings: first.findings });
  });

  test('a much smaller one, with its deviation as a metric', async () => {
    await nightly(7, { uncompressedBytes: 48 * MB });
    await scene.backup(hoursAgo(1), 'shop', { uncompressedBytes: 12 * MB });
    expect(await healthIn(scene)).toMatchObject({
      sizeDeviation: -15,
      usualBytes: 48 * MB,
      findings: [{ signal: 'strange-size', cause: 'shrunk' }],
    });
    expect(await metricOf(scene, 'BackupSizeDeviation', 'shop')).toBe(-15);
  });

  test('bounds of the settings count, and what is turned off is not found', async () => {
    await nightly(4, { uncompressedBytes: 48 * MB, rows: { 'shop.jobs': 500, 'shop.a': 1 } });
    await scene.backup(hoursAgo(1), 'shop', { uncompressedBytes: 40 * MB, rows: { 'shop.jobs': 0, 'shop.a': 1 } });
    const bounds = { shrink: 3, growth: 3, minHistory: 3, ignoreTables: ['jobs'] };
    const set = alarmSettingsOf(scene.bucket, [], {
      sizeBounds: [bounds],
      sources: { shop: alarmedSource({ sizeBounds: 0 }) },
    });
    expect((await healthIn(scene)).findings).toMatchObject([{ cause: 'table-lost' }]);
    await scene.configure(set);
    expect((await healthIn(scene)).findings).toMatchObject([{ cause: 'shrunk' }]);
    await scene.configure({ ...set, off: ['strange-size'] });
    expect((await healthIn(scene)).findings).toEqual([]);
    await scene.configure({ ...set, sources: { shop: alarmedSource({ sizeBounds: 0, off: ['strange-size'] }) } });
    expect((await healthIn(scene)).findings).toEqual([]);
  });
});

describe('not proven', () => {
  test('not looked at before a first restore test; then its age is a metric', async () => {
    const ids = await nightly(3);
    expect(await healthIn(scene)).not.toHaveProperty('proven');
    await scene.verdict(ids[1]!, 'passed');
    expect(await healthIn(scene)).toMatchObject({
      proven: { id: ids[1], testedAt: expect.any(String), ageSeconds: near(26 * HOUR) },
      findings: [],
    });
    expect(await metricOf(scene, 'ProvenAge', 'shop')).toEqual(near(26 * HOUR));
  });

  test('a proof that is too old, and one of a damaged backup', async () => {
    await scene.configure(
      alarmSettingsOf(scene.bucket, [], { sources: { shop: alarmedSource({ provenAgeSeconds: DAY_SECONDS }) } }),
    );
    const ids = await nightly(3);
    await scene.verdict(ids[1]!, 'passed');
    expect((await healthIn(scene)).findings).toMatchObject([
      {
        signal: 'not-proven',
        cause: 'proof-too-old',
        sentence: `the newest proven backup, ${ids[1]}, is 26 hours old; the limit is 1 day`,
      },
    ]);
    await scene.put(objectKey('shop', ids[1]!, 'shop.sql.zst'), 'cut');
    await scene.verdict(ids[2]!, 'passed');
    expect(await healthIn(scene)).toMatchObject({ proven: { id: ids[2] }, findings: [{ cause: 'proof-too-old' }] });
  });

  test('a restore test that failed, until another one passes; a verdict that cannot be read says nothing', async () => {
    const ids = await nightly(3);
    await scene.verdict(ids[1]!, 'passed');
    // S3 knows seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const testedAt = new Date(Date.now() - 60_000);
    await scene.verdict(ids[0]!, 'failed', 'shop', testedAt);
    const failed = {
      signal: 'not-proven',
      cause: 'restore-test-failed',
      since: testedAt.toISOString(),
      sentence: `the restore test of backup ${ids[0]} failed`,
      short: `the restore test of ${ids[0]} failed`,
      items: [ids[0]],
    };
    expect(await healthIn(scene)).toMatchObject({
      ...{ newest: { id: ids[0], tested: 'failed' }, lastSound: { id: ids[1], tested: 'passed' } },
      ...{ proven: { id: ids[1] }, findings: [failed] },
    });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await scene.put(objectKey('shop', ids[2]!, 'restore-test.json'), 'unreadable');
    expect((await healthIn(scene)).findings).toMatchObject([failed]);
    await scene.verdict(ids[1]!, 'failed');
    const { lastSound } = await healthIn(scene);
    expect([lastSound?.id, lastSound?.tested]).toEqual([ids[2], undefined]);
    await scene.verdict(ids[0]!, 'passed');
    const passed = await healthIn(scene);
    expect(passed).toMatchObject({ newest: { tested: 'passed' }, proven: { id: ids[0] }, findings: [] });
    expect(passed).not.toHaveProperty('lastSound');
  });
});

describe('restore tests and objectives', () => {
  const verdict = (id: string, facts: object): Promise<void> =>
    scene.put(objectKey('shop', id, 'restore-test.json'), JSON.stringify({ formatVersion: 1, ...facts }));
  const at = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

  test('the measured recovery time counts, and what cannot run does not hide what failed', async () => {
    const objectives = { recoveryTimeSeconds: 60 };
    await scene.configure(alarmSettingsOf(scene.bucket, [], { sources: { shop: alarmedSource(objectives) } }));
    const ids = await nightly(4);
    await verdict(ids[3]!, { verdict: 'passed', testedAt: at(50), loadSeconds: 61 });
    const proven = { id: ids[3], loadSeconds: 61, recoverySeconds: 61 };
    expect(await healthIn(scene)).toMatchObject({ proven, objectives, findings: [{ cause: 'recovery-too-slow' }] });
    const differences = [{ check: 'rows', object: 'shop.orders', kind: 'rows', rows: { differing: 2, of: 9 } }];
    await verdict(ids[2]!, { verdict: 'failed', testedAt: at(40), differences, differenceCount: 1 });
    await verdict(ids[1]!, { verdict: 'failed', testedAt: at(30) });
    // S3 knows seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await verdict(ids[0]!, { verdict: 'not-run', testedAt: at(20), reason: { kind: 'disk-too-small' } });
    expect((await healthIn(scene)).findings).toMatchObject([
      { cause: 'restore-test-failed', failingSince: ids[2], test: { result: 'failed' } },
    ]);
    await verdict(ids[1]!, { verdict: 'passed', testedAt: at(10), loadSeconds: 5 });
    await verdict(ids[2]!, { verdict: 'passed', testedAt: at(10), loadSeconds: 5 });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await verdict(ids[0]!, { verdict: 'not-run', testedAt: at(5), reason: { kind: 'disk-too-small' } });
    expect((await healthIn(scene)).findings).toMatchObject([
      {
        cause: 'restore-test-not-run',
        sentence: expect.stringMatching(/: the disk of the task is too small$/) as string,
      },
    ]);
  });

  test('an encrypted backup that nobody can prove is no problem', async () => {
    const [id] = await nightly(2);
    await verdict(id!, { verdict: 'not-run', testedAt: at(20), reason: { kind: 'identity-missing' } });
    expect((await healthIn(scene)).findings).toEqual([]);
  });

  test('a source without a proof is waited for from the first measuring on', async () => {
    const provenAgeSeconds = 2;
    await scene.configure(
      alarmSettingsOf(scene.bucket, [], { sources: { shop: alarmedSource({ provenAgeSeconds }) } }),
    );
    await nightly(2);
    expect((await healthIn(scene)).findings).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect((await healthIn(scene)).findings).toMatchObject([{ cause: 'never-proven' }]);
  });
});

describe('what cannot be read', () => {
  test('a source that cannot be listed has no age, and does not stop the others', async () => {
    await scene.configure(alarmSettingsOf(scene.bucket, ['blog', 'shop']));
    await scene.backup(hoursAgo(1));
    await scene.backup(hoursAgo(1), 'blog');
    proxy.rule = ({ operation, path }) =>
      operation === 'GetObject' && path.includes('/blog/') ? { status: 403, code: 'AccessDenied' } : undefined;
    expect(await measureIn(scene, viaProxy())).toMatchObject({ sources: 2, unmeasured: ['blog'] });
    expect((await toldBy(scene))[0]!.sources).toMatchObject([
      { source: 'blog', findings: [], failure: 'could not read its catalog: AccessDenied: injected' },
      { source: 'shop', newest: { tables: 1 } },
    ]);
    expect(await metricOf(scene, 'BackupAge', 'blog')).toBeUndefined();
    expect(await metricOf(scene, 'BackupAge', 'shop')).toEqual(near(HOUR));
    expect(await metricOf(scene, 'UnmeasuredSources')).toBe(1);
    expect(logged()).toContain('blog could not be measured: could not read its catalog: AccessDenied');
  });

  test('when the time is over, the others are told, and the run fails', async () => {
    await scene.configure(alarmSettingsOf(scene.bucket, ['blog', 'shop']));
    for (const source of ['blog', 'shop']) await scene.backup(hoursAgo(1), source);
    let looks = 0;
    await expect(measureIn(scene, { hasTime: () => ++looks < 3 })).rejects.toThrow(
      `the measuring of ${scene.bucket} is not complete: the time of the run was over before shop`,
    );
    const [measured] = await toldBy(scene);
    expect(measured!.complete).toBe(false);
    expect(measured!.sources).toMatchObject([{ newest: {} }, { failure: 'the time of the run is over' }]);
    expect(await metricOf(scene, 'UnmeasuredSources')).toBe(1);
  });

  test('without its table it measures all the same, and says so at the end', async () => {
    await scene.configure(alarmSettingsOf(scene.bucket, ['none', 'shop']));
    await scene.backup(hoursAgo(72));
    await expect(measureIn(scene, { memory: 'no-such-table' })).rejects.toThrow(
      `the measuring of ${scene.bucket} is not complete: could not use the table no-such-table: ResourceNotFoundException`,
    );
    const [measured] = await toldBy(scene);
    expect(measured!.complete).toBe(false);
    expect(measured!.sources).toMatchObject([
      { source: 'none', ageSeconds: near(0), findings: [] },
      { source: 'shop', findings: [{ cause: 'too-old' }] },
    ]);
    expect(logged().match(/"event":"memory"/g)).toHaveLength(1);
  });

  test('metrics that are refused, and a queue that is gone: whatever works is told', async () => {
    await scene.backup(hoursAgo(1));
    proxy.rule = () => ({ status: 403, code: 'AccessDenied' });
    const cloudWatch = new CloudWatchClient({ ...emulator.client, endpoint: proxy.endpoint });
    const refused = measureIn(scene, { cloudWatch });
    await expect(refused).rejects.toThrow(`of ${scene.bucket} is not complete: could not write the metrics: `);
    expect(await toldBy(scene)).toMatchObject([{ complete: false }]);

    const gone = measureIn(scene, { events: `${scene.queueUrl}-gone` });
    await expect(gone).rejects.toThrow('is not complete: could not tell the notify function: ');
    expect(await metricOf(scene, 'BackupAge', 'shop')).toEqual(near(HOUR));
  });

  test('a topic that is gone: the number of subscriptions is left out', async () => {
    await scene.backup(hoursAgo(1));
    const topic = `${scene.topicArn}-gone`;
    await expect(measureIn(scene, { topic })).rejects.toThrow('complete: could not list the subscriptions: NotFound');
    expect((await toldBy(scene))[0]).not.toHaveProperty('subscriptions');
    expect(await metricNames(scene)).toEqual(['BackupAge', 'UnmeasuredSources']);
  });
});
