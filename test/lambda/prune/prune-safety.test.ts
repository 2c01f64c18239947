import {
  PutBucketVersioningCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { keepNoteText } from '../../../catalog/bucket/keep-note';
import { manifestKey, objectKey } from '../../../catalog/bucket/names';
import { exampleManifest } from '../../catalog/bucket/example-manifest';
import { Emulator } from '../../emulator/emulator';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { DAY_SECONDS, daysAgo, PruneScene, settingsOf, SIXTY_HOURS } from '../support';

const DATA = exampleManifest().objects[0]!;

let emulator: Emulator;
let proxy: S3FaultProxy;
let scene: PruneScene;
let count = 0;

beforeAll(async () => {
  emulator = await Emulator.start();
  proxy = await S3FaultProxy.start(emulator.endpoint);
});
beforeEach(async () => {
  proxy.reset();
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  scene = await PruneScene.create(emulator, `prune-safety-${++count}`);
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await proxy.stop();
  await emulator.stop();
});

const only = async (...args: Parameters<PruneScene['prune']>) => (await scene.prune(...args)).sources[0]!;

test('deletes what the retention does not keep, and nothing else', async () => {
  const ids = await scene.nightly(6);
  const report = await scene.prune();
  expect(report).toMatchObject({ of: scene.bucket, dryRun: false, unmanaged: [], problems: 0 });
  expect(report.sources[0]).toMatchObject({
    source: 'shop',
    kept: 3,
    deleted: 3,
    held: 0,
    damaged: [],
    leftovers: 0,
    strangers: 0,
    errors: [],
    decisions: [
      { id: ids[0], keep: true, reasons: ['floor: newest 2', 'younger than 2 days 12 hours'] },
      { id: ids[1], keep: true, reasons: ['floor: newest 2', 'younger than 2 days 12 hours'] },
      { id: ids[2], keep: true, reasons: ['younger than 2 days 12 hours'] },
      ...ids.slice(3).map((id) => ({ id, keep: false, reasons: ['no rule keeps it'] })),
    ],
  });
  expect(report.sources[0]!.bytesFreed).toBe(
    report.sources[0]!.decisions!.slice(3).reduce((sum, { bytes }) => sum + bytes, 0),
  );
  expect(await scene.keys()).toHaveLength(6);
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
  expect(await only()).toMatchObject({ kept: 3, deleted: 0, bytesFreed: 0 });
});

test("1: a stranger's objects stay, wherever they lie", async () => {
  const old = (await scene.nightly(6))[5]!;
  const strangers = [
    'manifest.json',
    `${old}/manifest.json`,
    'shop',
    'shop/notes.txt',
    'shop/manifest.json',
    `shop/${old}`,
    `shop/${old}/`,
    `shop/${old}/more/shop.sql.zst`,
    `shop//${old}/manifest.json`,
    'shop/2026-02-30T00-00-00Z/manifest.json',
    'shop/2020-01-01/shop.sql.zst',
    'shop/2020-01-01T00-00-00Z.bak/shop.sql.zst',
    `shop-archive/${old}/shop.sql.zst`,
    `Shop/${old}/manifest.json`,
  ];
  for (const key of strangers) await scene.put(key, 'of somebody else');
  const under = strangers.filter((key) => key.startsWith('shop/')).length;
  expect(await only()).toMatchObject({ deleted: 3, strangers: under, errors: [] });
  expect(await scene.keys()).toEqual(expect.arrayContaining(strangers));
});

test('1: all that lies directly in the folder of a backup goes with it, whatever its suffix', async () => {
  const old = (await scene.nightly(6))[5]!;
  for (const file of ['sections.json', 'shop.archive', 'constructor']) await scene.put(objectKey('shop', old, file));
  expect(await only()).toMatchObject({ deleted: 3, strangers: 0, damaged: [], errors: [] });
  expect((await scene.keys()).filter((key) => key.includes(old))).toEqual([]);
});

test.each<[string, (id: string) => Promise<void>, string]>([
  ['a manifest that is not JSON', (id) => scene.put(manifestKey('shop', id), 'not JSON'), 'is not JSON'],
  ['an empty manifest', (id) => scene.put(manifestKey('shop', id), ''), 'is not JSON'],
  [
    'a manifest of a future format',
    (id) => scene.put(manifestKey('shop', id), '{"formatVersion":2}'),
    'has format 2, but this version of cdk-proven-backups reads formats up to 1: update cdk-proven-backups',
  ],
  [
    'a manifest whose object has another size',
    (id) => scene.put(objectKey('shop', id, 'shop.sql.zst'), 'cut'),
    'shop.sql.zst has 3 bytes, and its manifest says 10',
  ],
  [
    'the manifest of another backup',
    async (id) => void (await scene.backup(id, 'shop', { backupId: '2020-01-01T00-00-00Z' })),
    'its manifest is that of shop/2020-01-01T00-00-00Z',
  ],
  [
    'a manifest that names the data of another backup',
    async (id) =>
      void (await scene.backup(id, 'shop', { objects: [{ ...DATA, key: 'blog/2020-01-01T00-00-00Z/a.zst' }] })),
    'blog/2020-01-01T00-00-00Z/a.zst is not in its folder',
  ],
  [
    'a manifest with one of its two objects',
    async (id) => {
      const key = (file: string) => objectKey('shop', id, file);
      const objects = ['shop.sql.zst', 'other.sql.zst'].map((file) => ({ ...DATA, key: key(file) }));
      await scene.backup(id, 'shop', { objects });
    },
    'other.sql.zst is missing',
  ],
])('1, 2: %s is damaged: it stays, and the next one takes its place in the floor', async (_, damage, sentence) => {
  const ids = [0, 5, 6, 7].map(daysAgo);
  for (const id of ids) await scene.backup(id);
  await damage(ids[1]!);
  const report = await scene.prune();
  expect(report.problems).toBe(1);
  expect(report.sources[0]).toMatchObject({
    kept: 2,
    deleted: 1,
    errors: [],
    damaged: [{ id: ids[1], damage: expect.stringContaining(sentence) }],
  });
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
});

test('2: one damaged backup after the other hands its place in the floor on', async () => {
  const ids = [0, 5, 6, 7, 8, 9].map(daysAgo);
  for (const id of ids) await scene.backup(id);
  for (const id of ids.slice(1, 4)) await scene.put(manifestKey('shop', id), 'not JSON');
  expect(await only()).toMatchObject({ kept: 2, deleted: 1, errors: [] });
  expect(await scene.ids()).toEqual(ids.slice(0, 5));
});

test('1, 2: a manifest without any data is damaged, also where it would be deleted', async () => {
  const ids = [0, 5, 6, 7].map(daysAgo);
  for (const id of [ids[0]!, ids[2]!, ids[3]!]) await scene.backup(id);
  await scene.put(manifestKey('shop', ids[1]!), 'its data is gone');
  const oldest = daysAgo(9);
  await scene.put(manifestKey('shop', oldest), '{}');
  const damage = 'it has a manifest, but no data';
  expect(await only()).toMatchObject({
    deleted: 1,
    damaged: [
      { id: ids[1], damage },
      { id: oldest, damage },
    ],
  });
  expect(await scene.ids()).toEqual([...ids.slice(0, 3), oldest]);
});

test('a damaged backup that no rule keeps is not deleted', async () => {
  const ids = await scene.nightly(6);
  await scene.put(manifestKey('shop', ids[5]!), 'not JSON');
  expect(await only()).toMatchObject({ deleted: 2, damaged: [{ id: ids[5] }] });
  expect(await scene.ids()).toEqual([...ids.slice(0, 3), ids[5]]);
});

test('2: the newest proven backup stays, however old it is; a failed or damaged verdict proves nothing', async () => {
  const ids = await scene.nightly(9);
  await scene.verdict(ids[8]!, 'passed');
  await scene.verdict(ids[6]!, 'passed');
  await scene.verdict(ids[5]!, 'failed');
  await scene.put(objectKey('shop', ids[4]!, 'restore-test.json'), '{"verdict":"passed"}');
  const report = await only();
  expect(report.decisions![6]).toMatchObject({ id: ids[6], keep: true, reasons: ['newest proven'] });
  expect(await scene.ids()).toEqual([...ids.slice(0, 3), ids[6]]);
  // The verdict of a deleted backup goes with it.
  expect((await scene.keys()).filter((key) => key.endsWith('restore-test.json'))).toHaveLength(1);
});

test('2: a proven safety backup of a restore takes no place of the newest proven backup', async () => {
  const ids = await scene.nightly(9);
  await scene.verdict(ids[6]!, 'passed');
  const newer = daysAgo(0.1);
  await scene.backup(newer, 'shop', { trigger: 'before-restore' });
  await scene.verdict(newer, 'passed');
  await only();
  expect(await scene.ids()).toEqual([ids[0], newer, ids[1], ids[2], ids[6]]);
});

test('2: proven backups that are damaged prove nothing: the next one stays', async () => {
  const ids = await scene.nightly(9);
  for (const day of [5, 6, 8]) await scene.verdict(ids[day]!, 'passed');
  for (const day of [5, 6]) await scene.put(objectKey('shop', ids[day]!, 'shop.sql.zst'), 'cut');
  expect(await only()).toMatchObject({ damaged: [{ id: ids[5] }, { id: ids[6] }] });
  expect(await scene.ids()).toEqual([...ids.slice(0, 3), ids[5], ids[6], ids[8]]);
});

test('3: nothing is deleted when no backup succeeded within the allowed age, also if a person confirmed it', async () => {
  const [young, ...ids] = [0, 3, 4, 5, 6].map(daysAgo);
  for (const id of ids) await scene.backup(id);
  // Younger, but no backups: a damaged one, and the data of a run that failed.
  await scene.put(manifestKey('shop', young!), 'not JSON');
  await scene.put(objectKey('shop', daysAgo(1), 'shop.sql.zst'));
  for (const request of [{ explain: true }, { source: 'shop', confirmed: ids }]) {
    expect(await only(request)).toMatchObject({
      deleted: 0,
      refusal: {
        why: 'no-recent-backup',
        sentence:
          'the newest complete backup is 3 days old; the limit is 2 days: nothing is deleted until a backup succeeds',
      },
    });
  }
  expect(await scene.ids()).toEqual([young, ...ids]);
});

test('4: backups under Object Lock are held, no errors; those whose lock is over are deleted', async () => {
  const Bucket = scene.bucket;
  await scene.s3.send(
    new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }),
  );
  const ids = await scene.nightly(8);
  const until = new Date(Date.now() + 60_000);
  until.setMilliseconds(0);
  const retain = (id: string, RetainUntilDate: Date) => {
    const Key = objectKey('shop', id, 'shop.sql.zst');
    return scene.s3.send(
      new PutObjectRetentionCommand({ Bucket, Key, Retention: { Mode: 'GOVERNANCE', RetainUntilDate } }),
    );
  };
  await retain(ids[5]!, until);
  const LegalHold = { Status: 'ON' } as const;
  await scene.s3.send(new PutObjectLegalHoldCommand({ Bucket, Key: manifestKey('shop', ids[6]!), LegalHold }));
  const report = await only();
  expect(report).toMatchObject({ deleted: 3, held: 2, errors: [] });
  expect(report.decisions![5]!.reasons).toEqual([`locked until ${until.toISOString()}`]);
  expect(report.decisions![6]!.reasons).toEqual(['under legal hold']);
  expect(await scene.ids()).toEqual([...ids.slice(0, 3), ids[5], ids[6]]);

  proxy.clockShift = 120_000;
  await scene.backup(daysAgo(0));
  expect(await only({ explain: true }, proxy)).toMatchObject({ deleted: 1, held: 1 });
});

test('4: when it is not known whether the bucket has Object Lock, nothing is deleted', async () => {
  await scene.nightly(6);
  const before = await scene.versions();
  proxy.rule = ({ operation }) =>
    operation === 'GetObjectLockConfiguration' ? { status: 403, code: 'AccessDenied' } : undefined;
  expect(await only({ explain: true }, proxy)).toMatchObject({
    deleted: 0,
    errors: ['could not look at all of it: AccessDenied: injected: nothing that was not looked at is deleted'],
  });
  expect(await scene.versions()).toEqual(before);
});

test('5: a run that would delete more than its share deletes nothing; what a person confirmed is deleted', async () => {
  await scene.configure(JSON.stringify(settingsOf(scene.bucket, ['shop'], { maxDeleteShare: 0.5 })));
  const ids = await scene.nightly(7);
  const before = await scene.versions();
  const refusal = {
    why: 'too-many',
    sentence:
      '4 of 7 backups would be deleted, and a scheduled run deletes at most 50 % of them: look at them with proven-backups prune --dry-run, and delete them with proven-backups prune',
  };
  expect(await only()).toMatchObject({ kept: 7, deleted: 0, refusal });
  expect(await scene.prune({})).toMatchObject({ problems: 1, sources: [{ refusal }] });
  expect(await scene.versions()).toEqual(before);
  // Kept by the retention, unknown, and two that may be deleted.
  const confirmed = [ids[0]!, '2020-01-01T00-00-00Z', ids[4]!, ids[5]!];
  expect(await only({ source: 'shop', confirmed })).toMatchObject({ deleted: 2, kept: 5 });
  expect(await scene.ids()).toEqual([...ids.slice(0, 4), ids[6]]);
});

test('5: what is held or damaged is not counted as what a run would delete', async () => {
  await scene.configure(JSON.stringify(settingsOf(scene.bucket, ['shop'], { maxDeleteShare: 0.5 })));
  const ids = await scene.nightly(8);
  const note = keepNoteText({ formatVersion: 1, until: '2999-01-01T00:00:00Z', reason: 'the auditors want it' });
  for (const id of ids.slice(4, 6)) await scene.put(objectKey('shop', id, 'keep.json'), note);
  await scene.put(manifestKey('shop', ids[6]!), 'not JSON');
  const looks = { dryRun: true, explain: true };
  for (const request of [looks, { explain: true }]) {
    const report = await only(request);
    expect(report).toMatchObject({ kept: 5, deleted: 2, held: 2, damaged: [{ id: ids[6] }] });
    expect(report).not.toHaveProperty('refusal');
  }
  expect(await scene.ids()).toEqual([...ids.slice(0, 3), ...ids.slice(4, 7)]);
});

test('a backup that is kept by hand is held until then, and also if the note cannot be read', async () => {
  const ids = await scene.nightly(8);
  const note = (id: string, text: string) => scene.put(objectKey('shop', id, 'keep.json'), text);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await note(ids[4]!, keepNoteText({ formatVersion: 1, until, reason: 'the auditors want it' }));
  await note(ids[5]!, 'please keep');
  await note(
    ids[6]!,
    keepNoteText({ formatVersion: 1, until: new Date(Date.now() - 2000).toISOString(), reason: 'over' }),
  );
  const report = await only();
  expect(report).toMatchObject({ deleted: 3, held: 2 });
  expect(report.decisions![4]!.reasons).toEqual([`kept by hand until ${until}: the auditors want it`]);
  expect(report.decisions![5]!.reasons).toEqual(['kept by hand: its note cannot be read']);
  expect(await scene.ids()).toEqual([...ids.slice(0, 3), ids[4], ids[5]]);
});

test('the clock is that of S3', async () => {
  await scene.nightly(6);
  proxy.clockShift = -365 * DAY_SECONDS * 1000;
  // Seen from a year ago all is dated in the future.
  const report = await only({ explain: true }, proxy);
  expect(report).toMatchObject({ kept: 6, deleted: 0 });
  expect(report.decisions![5]!.reasons).toEqual([expect.stringContaining('dated in the future')]);
});

test('calendar rules: what is damaged hands its period on', async () => {
  const weekly = { ...SIXTY_HOURS, keepLast: 1, keepForSeconds: undefined, monthly: 3 };
  await scene.configure(JSON.stringify(settingsOf(scene.bucket, ['shop'], { retentions: [weekly] })));
  const ids = [0, 40, 41, 80, 81].map(daysAgo);
  for (const id of ids) await scene.backup(id);
  await scene.put(manifestKey('shop', ids[1]!), 'not JSON');
  await only();
  expect(await scene.ids()).toEqual(expect.arrayContaining([ids[0], ids[1], ids[2], ids[3]]));
});

test.each([
  [
    'cannot be asked',
    (operation: string) => operation === 'GetBucketVersioning',
    'could not look at the versioning of the bucket',
  ],
  ['is suspended', () => false, 'keeps no versions, so that nothing could be brought back: nothing was done; enable'],
])('nothing is deleted for good: versioning %s', async (_, denied, sentence) => {
  await scene.nightly(6);
  const VersioningConfiguration = { Status: 'Suspended' } as const;
  await scene.s3.send(new PutBucketVersioningCommand({ Bucket: scene.bucket, VersioningConfiguration }));
  proxy.rule = ({ operation }) => (denied(operation) ? { status: 403, code: 'AccessDenied' } : undefined);
  await expect(scene.prune({}, proxy)).rejects.toThrow(sentence);
  expect(await scene.ids()).toHaveLength(6);
});

test('a bucket that cannot be listed fails the run', async () => {
  proxy.rule = ({ operation }) => (operation === 'ListObjectsV2' ? { status: 403, code: 'AccessDenied' } : undefined);
  await expect(scene.prune({}, proxy)).rejects.toThrow(
    `could not list the bucket ${scene.bucket}: AccessDenied: injected: nothing was done`,
  );
});
