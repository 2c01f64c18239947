import { DeleteObjectCommand, GetObjectCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { parseKeepNote } from '../../../catalog/bucket/keep-note';
import { manifestKey, objectKey } from '../../../catalog/bucket/names';
import type { UndeleteOne } from '../../../lambda/undelete/undelete';
import { listDeleted, undelete } from '../../../lambda/undelete/undelete';
import { exampleManifest } from '../../catalog/bucket/example-manifest';
import { Emulator } from '../../emulator/emulator';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { DAY_SECONDS, daysAgo, invoke, PruneScene } from '../support';

let emulator: Emulator;
let proxy: S3FaultProxy;
let scene: PruneScene;
let ids: string[];
let victim: string;
let count = 0;

beforeAll(async () => {
  emulator = await Emulator.start();
  proxy = await S3FaultProxy.start(emulator.endpoint);
});
/** Six nights, of which the newest three were kept; `victim` is the newest that was deleted. */
beforeEach(async () => {
  proxy.reset();
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  scene = await PruneScene.create(emulator, `undelete-${++count}`);
  ids = Array.from({ length: 6 }, (_, day) => daysAgo(day));
  for (const id of ids) await scene.backup(id);
  await scene.verdict(ids[3]!, 'failed');
  await scene.prune();
  victim = ids[3]!;
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await proxy.stop();
  await emulator.stop();
});

const client = () =>
  new S3Client({ ...emulator.client, endpoint: proxy.endpoint, forcePathStyle: true, maxAttempts: 2 });
const run = (request: Partial<UndeleteOne>) =>
  undelete({ source: 'shop', id: victim, ...request }, client(), scene.bucket);
const deletedIds = async (source = 'shop') =>
  (await listDeleted(client(), scene.bucket, source)).deleted.map(({ id }) => id);
const data = () => objectKey('shop', victim, 'shop.sql.zst');
const note = () => objectKey('shop', victim, 'keep.json');

/** Removes all versions of an object, as the lifecycle rule does when the undo window is over. */
async function expire(key: string): Promise<void> {
  const { Versions = [], DeleteMarkers = [] } = await scene.s3.send(
    new ListObjectVersionsCommand({ Bucket: scene.bucket, Prefix: key }),
  );
  for (const { Key, VersionId } of [...Versions, ...DeleteMarkers]) {
    await scene.s3.send(new DeleteObjectCommand({ Bucket: scene.bucket, Key, VersionId }));
  }
}

test.each([
  ['of years stays', { formatVersion: 1, until: '2099-01-01T00:00:00Z', reason: 'audit' }, '2099-01-01T00:00:00Z'],
  ['that cannot be read stays, since it keeps the backup', 'for the auditors', '9999-12-31T23:59:59.000Z'],
])('a note %s', async (_, content, until) => {
  await scene.put(note(), JSON.stringify(content));
  expect((await run({})).restored.keptUntil).toBe(until);
  const { Body } = await scene.s3.send(new GetObjectCommand({ Bucket: scene.bucket, Key: note() }));
  expect(await Body!.transformToString()).toBe(JSON.stringify(content));
});

test('lists the backups that can be brought back, newest first, with the size of their data', async () => {
  const { deleted } = await listDeleted(client(), scene.bucket, 'shop');
  expect(deleted.map(({ id }) => id)).toEqual(ids.slice(3));
  for (const { source, deletedAt, bytes } of deleted) {
    expect(Math.abs(Date.parse(deletedAt) - Date.now())).toBeLessThan(600_000);
    expect({ source, bytes }).toEqual({ source: 'shop', bytes: 10 });
  }
});

test('lists those of all sources, and the sources of which the bucket holds anything', async () => {
  const gone = 'gone/2026-11-01T02-00-00Z';
  for (const file of ['shop.sql.zst', 'manifest.json']) await scene.put(`${gone}/${file}`);
  for (const file of ['manifest.json', 'shop.sql.zst']) {
    await scene.s3.send(new DeleteObjectCommand({ Bucket: scene.bucket, Key: `${gone}/${file}` }));
  }
  await scene.put('holiday photos/beach.jpg');
  const { deleted, sources } = await listDeleted(client(), scene.bucket);
  expect(sources).toEqual(['gone', 'shop']);
  expect(deleted.map(({ source, id }) => `${source}/${id}`)).toEqual([gone, ...ids.slice(3).map((id) => `shop/${id}`)]);
  expect(await deletedIds('none')).toEqual([]);
});

test('brings a backup back, and the retention does not take it again', async () => {
  expect(await scene.keys()).not.toContain(data());
  const { restored } = await run({ id: victim });
  expect(restored).toMatchObject({ id: victim, objects: 3 });
  const days = (Date.parse(restored.keptUntil) - Date.now()) / 1000 / DAY_SECONDS;
  expect(days).toBeCloseTo(14, 2);
  expect((await scene.keys()).filter((key) => key.includes(victim))).toEqual(
    ['keep.json', 'manifest.json', 'restore-test.json', 'shop.sql.zst'].map((file) => objectKey('shop', victim, file)),
  );
  const { Body } = await scene.s3.send(new GetObjectCommand({ Bucket: scene.bucket, Key: data() }));
  expect(await Body!.transformToString()).toBe('ten bytes!');
  const report = (await scene.prune()).sources[0]!;
  expect(report).toMatchObject({ deleted: 0, held: 1, damaged: [], errors: [] });
  expect(report.decisions![3]!.reasons).toEqual([
    `kept by hand until ${restored.keptUntil}: it was brought back by undelete`,
  ]);
  expect(await deletedIds()).toEqual(ids.slice(4));
});

test('what was brought back is deleted when its time is over, and can be brought back again', async () => {
  await run({ id: victim, keepForSeconds: 3600 });
  proxy.clockShift = 2 * 3_600_000;
  expect((await scene.prune({ explain: true }, proxy)).sources[0]).toMatchObject({ deleted: 1, held: 0 });
  expect(await scene.ids()).not.toContain(victim);
  expect((await run({ id: victim })).restored).toMatchObject({ id: victim });
  expect(await scene.ids()).toContain(victim);
});

test('several delete markers of one object are all removed', async () => {
  for (const key of [data(), manifestKey('shop', victim), data()]) {
    await scene.s3.send(new DeleteObjectCommand({ Bucket: scene.bucket, Key: key }));
  }
  await run({ id: victim });
  expect(await scene.keys()).toEqual(expect.arrayContaining([data(), manifestKey('shop', victim)]));
});

test('the note comes first and the manifest last; a failure in between can be repeated', async () => {
  proxy.rule = ({ operation, path }) =>
    operation === 'DeleteObject' && path.endsWith('manifest.json') ? { status: 403, code: 'AccessDenied' } : undefined;
  await expect(run({ id: victim })).rejects.toThrow(
    `could not bring back its manifest, of shop/${victim}: AccessDenied: injected: run undelete again`,
  );
  expect(await scene.keys()).toEqual(expect.arrayContaining([data(), note()]));
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
  // Data without a manifest now: a pruning must not take it for what a dead run left.
  expect((await scene.prune()).sources[0]).toMatchObject({ leftovers: 0 });
  proxy.reset();
  expect((await run({ id: victim })).restored).toMatchObject({ objects: 3 });
  expect(await scene.ids()).toEqual(ids.slice(0, 4));
});

test('when the note cannot be put, nothing comes back', async () => {
  const before = await scene.versions();
  proxy.rule = ({ operation }) => (operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined);
  await expect(run({ id: victim })).rejects.toThrow(`could not put its note, of shop/${victim}: AccessDenied`);
  expect(await scene.versions()).toEqual(before);
});

test('a dry run says the same, and changes nothing', async () => {
  const before = await scene.versions();
  const { restored } = await run({ id: victim, dryRun: true });
  expect(await scene.versions()).toEqual(before);
  const { keptUntil, ...rest } = (await run({})).restored;
  expect(restored).toEqual({ ...rest, keptUntil: expect.any(String) });
  expect(Math.abs(Date.parse(restored.keptUntil) - Date.parse(keptUntil))).toBeLessThan(600_000);
});

test('a backup whose data has another suffix is pruned as complete, and comes back', async () => {
  const id = daysAgo(9);
  const key = objectKey('shop', id, 'shop.archive');
  await scene.put(key);
  await scene.backup(id, 'shop', { objects: [{ ...exampleManifest().objects[0]!, key, format: 'archive' }] });
  expect((await scene.prune()).sources[0]).toMatchObject({ deleted: 1, damaged: [], strangers: 0 });
  expect(await scene.keys()).not.toContain(key);
  expect(await deletedIds()).toContain(id);
  await run({ id });
  expect(await scene.keys()).toContain(key);
});

test('a backup whose data is gone for ever does not come back', async () => {
  await expire(data());
  const before = await scene.versions();
  await expect(run({ id: victim })).rejects.toThrow(
    `shop/${victim} cannot be brought back whole: ${data()} is gone, because the undo window of the bucket is over: nothing was changed`,
  );
  expect(await scene.versions()).toEqual(before);
  expect(await deletedIds()).not.toContain(victim);
});

test('data that was replaced does not fit its manifest any more', async () => {
  await scene.put(data(), 'eleven bytes');
  await expect(run({ id: victim })).rejects.toThrow(
    `${data()} has 12 bytes, and its manifest says 10: nothing was changed`,
  );
});

test('a manifest that cannot be read does not come back', async () => {
  await scene.put(manifestKey('shop', victim), 'not JSON');
  await scene.s3.send(new DeleteObjectCommand({ Bucket: scene.bucket, Key: manifestKey('shop', victim) }));
  await expect(run({ id: victim })).rejects.toThrow(
    /cannot be brought back: manifest .* is not JSON.*: nothing was changed/,
  );
});

test.each<[string, () => Partial<UndeleteOne>, string]>([
  ['a backup that is there', () => ({ id: ids[0]! }), 'is not deleted: nothing was changed'],
  [
    'a backup that never was',
    () => ({ id: '2020-01-01T00-00-00Z' }),
    'shop/2020-01-01T00-00-00Z cannot be brought back: no version of its manifest is there; it never existed, or the undo window of the bucket is over',
  ],
  [
    'an id that is none',
    () => ({ id: '2020-01-01' }),
    'id must be that of a backup, such as 2026-11-20T02-00-00Z, got: "2020-01-01"',
  ],
  ['a source that is none', () => ({ source: '../shop' }), 'source name must be'],
])('%s', async (_, request, sentence) => {
  const before = await scene.versions();
  await expect(run(request())).rejects.toThrow(sentence);
  expect(await scene.versions()).toEqual(before);
});

test('a backup that is deleted again while it comes back is told', async () => {
  proxy.rule = ({ operation, path }) => {
    if (operation !== 'DeleteObject' || !path.endsWith('manifest.json')) return undefined;
    return { hold: scene.s3.send(new DeleteObjectCommand({ Bucket: scene.bucket, Key: data() })) };
  };
  await expect(run({ id: victim })).rejects.toThrow(`was brought back, but ${data()} was deleted again meanwhile`);
  proxy.reset();
  // As it advises. Its manifest is there now.
  expect(await deletedIds()).toEqual(ids.slice(3));
  expect((await run({ id: victim })).restored).toMatchObject({ id: victim, objects: 3 });
  expect((await scene.prune()).sources[0]).toMatchObject({ held: 1, damaged: [] });
});

test('a long history is listed page after page', async () => {
  for (let round = 0; round < 4; round++) {
    const keys = Array.from({ length: 300 }, (_, part) => objectKey('shop', victim, `part-${part}.zst`));
    await Promise.all(keys.map((key) => scene.put(key)));
  }
  expect(await deletedIds()).toEqual(ids.slice(3));
});

describe('the bundle', () => {
  test('brings back, and writes a line', async () => {
    const { answer, log } = await invoke('undelete', { source: 'shop', id: victim }, scene.environment);
    expect(answer).toMatchObject({ restored: { source: 'shop', id: victim } });
    expect(log).toMatchObject([{ level: 'info', event: 'undeleted', of: scene.bucket, source: 'shop', id: victim }]);
    const { Body } = await scene.s3.send(new GetObjectCommand({ Bucket: scene.bucket, Key: note() }));
    expect(parseKeepNote(await Body!.transformToString())).toMatchObject({ reason: 'it was brought back by undelete' });
  });

  test('lists, and refuses an id without a source', async () => {
    const listed = await invoke('undelete', {}, scene.environment);
    expect(listed.answer).toMatchObject({
      sources: ['shop'],
      deleted: ids.slice(3).map((id) => ({ source: 'shop', id })),
    });
    const { failure } = await invoke('undelete', { id: victim }, scene.environment);
    expect(failure).toBe(`source must be given with the id ${victim}, got: none`);
  });

  test('refuses what it does not understand', async () => {
    const request = { source: 'shop', id: victim, dryrun: true };
    const { failure } = await invoke('undelete', request, scene.environment);
    expect(failure).toBe('the request is not understood, nothing was done: Unrecognized key: "dryrun"');
    expect(await scene.ids()).not.toContain(victim);
  });
});
