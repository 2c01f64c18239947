import { manifestKey, objectKey } from '../../../catalog/bucket/names';
import { Emulator } from '../../emulator/emulator';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { DAY_SECONDS, daysAgo, PruneScene } from '../support';

jest.setTimeout(300_000);

let emulator: Emulator;
let proxy: S3FaultProxy;
let scene: PruneScene;
let ids: string[];
let count = 0;

beforeAll(async () => {
  emulator = await Emulator.start();
  proxy = await S3FaultProxy.start(emulator.endpoint);
});
beforeEach(async () => {
  proxy.reset();
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  scene = await PruneScene.create(emulator, `prune-deletes-${++count}`);
  ids = await scene.nightly(6);
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await proxy.stop();
  await emulator.stop();
});

const throughProxy = async () => (await scene.prune({ explain: true }, proxy)).sources[0]!;
const data = (id: string) => objectKey('shop', id, 'shop.sql.zst');

test('a manifest whose deletion is denied keeps its data; the others are deleted', async () => {
  proxy.rule = ({ operation }) =>
    operation === 'DeleteObjects' ? { refuse: new RegExp(`${ids[4]}/manifest`), code: 'AccessDenied' } : undefined;
  const report = await throughProxy();
  expect(report).toMatchObject({ deleted: 2, kept: 4 });
  expect(report.errors).toEqual([
    `could not delete an object, such as ${manifestKey('shop', ids[4]!)}: AccessDenied: injected: check that the bucket's policy admits the role of the prune function, and that no organisation policy denies s3:DeleteObject`,
  ]);
  expect(await scene.ids()).toEqual([...ids.slice(0, 3), ids[4]]);
  expect(await scene.keys()).toContain(data(ids[4]!));
});

test('what restores replaced takes the place of no good backup, as its manifest says', async () => {
  const safety = [1, 2, 3].map((hour) => daysAgo(-hour / 24 / 60));
  for (const id of safety) await scene.backup(id, 'shop', { trigger: 'before-restore' });
  const { deleted } = await throughProxy();
  expect(deleted).toBe(3);
  expect(await scene.ids()).toEqual(expect.arrayContaining([...ids.slice(0, 3), ...safety]));
});

test('when every deletion is denied, nothing is gone, and the report says so', async () => {
  const before = await scene.versions();
  proxy.rule = ({ operation }) => (operation === 'DeleteObjects' ? { status: 403, code: 'AccessDenied' } : undefined);
  const report = await throughProxy();
  expect(report).toMatchObject({ deleted: 0, bytesFreed: 0, kept: 6 });
  expect(report.errors).toEqual([
    expect.stringMatching(/^could not delete 3 objects, such as .*: AccessDenied: injected: check/),
  ]);
  expect(await scene.prune({}, proxy)).toMatchObject({ problems: 1 });
  expect(await scene.versions()).toEqual(before);
});

test('data whose deletion fails is left over, and a later run removes it', async () => {
  proxy.rule = ({ operation }) =>
    operation === 'DeleteObjects' ? { refuse: /\.zst$/, code: 'MethodNotAllowed' } : undefined;
  const report = await throughProxy();
  expect(report).toMatchObject({ deleted: 3, errors: [expect.stringMatching(/3 objects.*the next run tries again$/)] });
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
  expect(await scene.keys()).toContain(data(ids[5]!));
  await removedThreeDaysLater();
});

/** What was put is old then; and a newer backup is there. */
async function removedThreeDaysLater(): Promise<void> {
  proxy.reset();
  proxy.clockShift = 3 * DAY_SECONDS * 1000;
  await scene.backup(daysAgo(-3));
  expect(await throughProxy()).toMatchObject({ leftovers: 3, errors: [] });
  expect((await scene.keys()).filter((key) => ids.slice(3).some((id) => key.includes(id)))).toEqual([]);
}

test('a run that is killed between manifests and data leaves no backup without data', async () => {
  let batches = 0;
  proxy.rule = ({ operation }) =>
    operation === 'DeleteObjects' && ++batches > 1 ? { status: 400, code: 'Killed' } : undefined;
  await throughProxy();
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
  expect(await scene.keys()).toContain(data(ids[4]!));
  await removedThreeDaysLater();
});

test.each(['SlowDown', 'InternalError', 'ServiceUnavailable'])('%s for some keys is tried again', async (code) => {
  let tries = 0;
  proxy.rule = ({ operation }) =>
    operation === 'DeleteObjects' && ++tries <= 2 ? { refuse: new RegExp(ids[4]!), code } : undefined;
  expect(await throughProxy()).toMatchObject({ deleted: 3, errors: [] });
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
});

test('a deletion whose answer was lost is sent again', async () => {
  proxy.rule = ({ operation, count }) =>
    operation === 'DeleteObjects' && count === 1 ? { loseAnswer: true } : undefined;
  expect(await throughProxy()).toMatchObject({ deleted: 3, errors: [] });
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
  expect(await scene.keys()).toHaveLength(6);
});

test('throttled requests are sent again', async () => {
  const tried = new Map<string, number>();
  proxy.rule = ({ operation, path }) => {
    const times = (tried.get(operation + path) ?? 0) + 1;
    tried.set(operation + path, times);
    return times === 1 ? { status: 503, code: 'SlowDown' } : undefined;
  };
  expect(await throughProxy()).toMatchObject({ deleted: 3, errors: [] });
  expect([...tried.values()].every((times) => times > 1)).toBe(true);
});

test('throttling that does not end is a problem, and nothing of that source is deleted', async () => {
  const before = await scene.versions();
  const victim = manifestKey('shop', ids[5]!);
  proxy.rule = ({ path }) => (path.endsWith(victim) ? { status: 503, code: 'SlowDown' } : undefined);
  expect(await throughProxy()).toMatchObject({ deleted: 0, errors: [expect.stringContaining('SlowDown')] });
  expect(await scene.versions()).toEqual(before);
});

test('a manifest that vanishes between list and get is no error, and no damage', async () => {
  const victim = manifestKey('shop', ids[5]!);
  proxy.rule = ({ operation, path }) =>
    operation === 'GetObject' && path.endsWith(victim) ? { status: 404, code: 'NoSuchKey' } : undefined;
  expect(await throughProxy()).toMatchObject({ deleted: 2, kept: 3, damaged: [], errors: [] });
});

test('two runs at once end as one would', async () => {
  const reports = await Promise.all([scene.prune(), scene.prune(), scene.prune()]);
  for (const { problems } of reports) expect(problems).toBe(0);
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
  expect(await scene.keys()).toHaveLength(6);
});

test('a dry run changes nothing, and says what a run would do', async () => {
  await scene.put(objectKey('shop', '2020-01-01T00-00-00Z', 'shop.sql.zst'));
  proxy.clockShift = 3 * DAY_SECONDS * 1000;
  await scene.backup(daysAgo(-3));
  const before = await scene.versions();
  const [dry] = (await scene.prune({ dryRun: true, explain: true }, proxy)).sources;
  expect(await scene.versions()).toEqual(before);
  const wet = await throughProxy();
  expect(wet).toMatchObject({ deleted: 5, leftovers: 1 });
  expect(dry).toEqual({ ...wet, decisions: dry!.decisions });
  expect(dry!.decisions!.map(({ keep }) => keep)).toEqual([true, true, ...Array(5).fill(false)]);
});

test('of more backups than a page and a batch hold, all are deleted', async () => {
  const hours = (from: number, many: number) =>
    Array.from({ length: many }, (_, hour) => daysAgo(7 + (from + hour) / 24));
  for (let from = 0; from < 1100; from += 100) {
    await Promise.all(hours(from, 100).map((id) => scene.backup(id)));
  }
  // The oldest first: its time is over after a batch.
  const hasTime = () => !proxy.counts.has('DeleteObjects');
  const [first] = (await scene.prune({ explain: true }, { endpoint: proxy.endpoint, hasTime })).sources;
  expect(first).toMatchObject({
    deleted: 1000,
    kept: 106,
    errors: [expect.stringMatching(/^not finished: 103 backups/)],
  });
  expect(await scene.ids()).toEqual(expect.arrayContaining(ids));
  expect(await throughProxy()).toMatchObject({ deleted: 103, kept: 3, errors: [] });
  expect(await scene.ids()).toEqual(ids.slice(0, 3));
  expect(proxy.counts.get('DeleteObjects')).toBe(4);
});
