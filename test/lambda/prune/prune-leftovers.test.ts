import { keepNoteText } from '../../../catalog/bucket/keep-note';
import { objectKey } from '../../../catalog/bucket/names';
import { Emulator } from '../../emulator/emulator';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { DAY_SECONDS, daysAgo, PruneScene, settingsOf } from '../support';

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
  scene = await PruneScene.create(emulator, `prune-leftovers-${++count}`);
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await proxy.stop();
  await emulator.stop();
});

const only = async (...args: Parameters<PruneScene['prune']>) => (await scene.prune(...args)).sources[0]!;

describe('data without a manifest', () => {
  const held = JSON.stringify({ state: 'held', holder: 'x', since: 'now', leaseSeconds: 300 });
  const longHeld = JSON.stringify({ state: 'held', holder: 'x', since: 'now', leaseSeconds: 30 * DAY_SECONDS });
  const id = daysAgo(1);
  const data = objectKey('shop', id, 'shop.sql.zst');

  /** What was put is three days old then. */
  async function inThreeDays() {
    proxy.clockShift = 3 * DAY_SECONDS * 1000;
    await scene.backup(daysAgo(-3));
    return only({ explain: true }, proxy);
  }

  test('stays while it is young', async () => {
    await scene.backup(daysAgo(0));
    await scene.put(data);
    await scene.put(objectKey('shop', daysAgo(9), 'shop.sql.zst'));
    expect(await only()).toMatchObject({ leftovers: 0, bytesFreed: 0, errors: [] });
    expect(await scene.keys()).toContain(data);
  });

  test.each([
    ['no lock', undefined],
    ['a released lock', held.replace('held', 'released')],
    ['a lock that nobody renews', held],
    ['a lock that cannot be read, and that nobody renews', 'not JSON'],
  ])('is removed when it is old, with %s; a stranger beside it stays', async (_, lock) => {
    await scene.put(data);
    await scene.verdict(id, 'failed');
    const notes = objectKey('shop', id, 'more/notes.txt');
    await scene.put(notes);
    if (lock !== undefined) await scene.put('shop/lock.json', lock);
    expect(await inThreeDays()).toMatchObject({ deleted: 0, leftovers: 2, errors: [] });
    expect(await scene.keys()).not.toContain(data);
    expect(await scene.keys()).toEqual(expect.arrayContaining([notes, ...(lock ? ['shop/lock.json'] : [])]));
  });

  test('stays while a run holds the lock', async () => {
    await scene.put(data);
    await scene.put('shop/lock.json', longHeld);
    expect(await inThreeDays()).toMatchObject({ leftovers: 0 });
    expect(await scene.keys()).toContain(data);
  });

  test('stays when the lock cannot be read', async () => {
    await scene.put(data);
    await scene.put('shop/lock.json', held);
    proxy.rule = ({ path }) => (path.endsWith('lock.json') ? { status: 403, code: 'AccessDenied' } : undefined);
    const report = await inThreeDays();
    expect(report).toMatchObject({ leftovers: 0, errors: [expect.stringContaining('AccessDenied')] });
    expect(await scene.keys()).toContain(data);
  });

  test.each([
    ['no backup is left: somebody deleted the manifests', undefined],
    ['no backup is recent', -0.5],
  ])('stays while %s', async (_, days) => {
    await scene.put(data);
    proxy.clockShift = 3 * DAY_SECONDS * 1000;
    if (days !== undefined) await scene.backup(daysAgo(days));
    expect(await only({ explain: true }, proxy)).toMatchObject({ deleted: 0, leftovers: 0, errors: [] });
    expect(await scene.keys()).toContain(data);
  });

  test('stays when its run commits it after the listing: a dump may take longer than two days', async () => {
    await scene.put(data);
    await scene.put('shop/lock.json', longHeld);
    const commit = async () => {
      await scene.backup(id);
      await scene.put('shop/lock.json', held.replace('held', 'released'));
    };
    proxy.rule = ({ operation, path }) =>
      operation === 'GetObject' && path.endsWith('lock.json') ? { hold: commit() } : undefined;
    expect(await inThreeDays()).toMatchObject({ leftovers: 0, errors: [] });
    expect(await scene.keys()).toContain(data);
  });

  test.each([
    ['valid', keepNoteText({ formatVersion: 1, until: '2999-01-01T00:00:00Z', reason: 'the auditors want it' }), 0],
    ['unreadable', 'please keep', 0],
    ['expired', keepNoteText({ formatVersion: 1, until: '2020-01-01T00:00:00Z', reason: 'over' }), 2],
  ])('with a note: one that is %s', async (_, note, leftovers) => {
    await scene.put(data);
    await scene.put(objectKey('shop', id, 'keep.json'), note);
    expect(await inThreeDays()).toMatchObject({ leftovers, errors: [] });
    expect((await scene.keys()).includes(data)).toBe(leftovers === 0);
  });

  test('stays while a run by schedule is refused', async () => {
    await scene.configure(JSON.stringify(settingsOf(scene.bucket, ['shop'], { maxDeleteShare: 0.5 })));
    await scene.put(data);
    for (const days of [4, 5, 6, 7]) await scene.backup(daysAgo(days));
    expect(await inThreeDays()).toMatchObject({ leftovers: 0, refusal: { why: 'too-many' } });
    expect(await scene.keys()).toContain(data);
  });

  test('stays when a person has confirmed backups', async () => {
    await scene.put(data);
    proxy.clockShift = 3 * DAY_SECONDS * 1000;
    await scene.backup(daysAgo(-3));
    const [report] = (await scene.prune({ source: 'shop', confirmed: [] }, proxy)).sources;
    expect(report).toMatchObject({ leftovers: 0, errors: [] });
    expect(await scene.keys()).toContain(data);
  });

  test('stays when no time is left to look at it, and that is said', async () => {
    await scene.put(data);
    proxy.clockShift = 3 * DAY_SECONDS * 1000;
    await scene.backup(daysAgo(-3));
    let looks = 0;
    // At the source, and at its floor.
    const hasTime = () => ++looks <= 2;
    expect(await only({ explain: true }, { endpoint: proxy.endpoint, hasTime })).toMatchObject({
      leftovers: 0,
      errors: [
        'not finished: 1 folders of interrupted runs are still to be looked at: the next run continues, or run it again',
      ],
    });
    expect(await scene.keys()).toContain(data);
  });

  test('stays while its id is young, whatever the age of its objects', async () => {
    const young = objectKey('shop', daysAgo(-2), 'shop.sql.zst');
    await scene.put(young);
    expect(await inThreeDays()).toMatchObject({ leftovers: 0 });
    expect(await scene.keys()).toContain(young);
  });

  test('stays while one of its objects is young: an undelete is under way', async () => {
    await scene.put(data);
    proxy.clockShift = 1.9 * DAY_SECONDS * 1000;
    await scene.backup(daysAgo(-1.9));
    expect(await only({ explain: true }, proxy)).toMatchObject({ leftovers: 0 });
    expect(await scene.keys()).toContain(data);
  });
});

describe('sources', () => {
  test('one that was removed from the stack is never pruned, but named', async () => {
    const ids = await scene.nightly(6, 'old-shop');
    await scene.put('somebody/else/object');
    await scene.backup(daysAgo(0));
    const report = await scene.prune();
    expect(report).toMatchObject({ unmanaged: ['old-shop'], problems: 0 });
    expect(report.sources).toHaveLength(1);
    expect(await scene.ids('old-shop')).toEqual(ids);
  });

  test('one that another stack manages is left to it, and is not named', async () => {
    await scene.nightly(6, 'blog');
    await scene.configure(JSON.stringify(settingsOf(scene.bucket, ['blog'])), 'other');
    expect(await scene.prune()).toMatchObject({ unmanaged: [], sources: [{ source: 'shop' }] });
    expect(await scene.ids('blog')).toHaveLength(6);
  });

  test('none is pruned while the settings of another stack cannot be read: it may manage the same ones', async () => {
    const ids = await scene.nightly(6);
    await scene.configure('not JSON', 'other');
    const fault = /\/other of another stack cannot be read, .* nothing was done; deploy that stack again, or delete/;
    for (const request of [{}, { source: 'shop' }]) await expect(scene.prune(request)).rejects.toThrow(fault);
    expect(await scene.ids()).toEqual(ids);
  });

  test('one that two stacks manage is not pruned by either', async () => {
    const ids = await scene.nightly(6);
    await scene.configure(JSON.stringify(settingsOf(scene.bucket, ['shop'])), 'other');
    expect(await scene.prune()).toMatchObject({
      problems: 1,
      sources: [{ errors: [expect.stringContaining('/other manage it as well: nothing of it is deleted')] }],
    });
    expect(await scene.ids()).toEqual(ids);
  });

  test('one that another stack manages with settings of a newer format is not pruned either', async () => {
    const ids = await scene.nightly(6);
    await scene.nightly(6, 'blog');
    const newer = { formatVersion: 2, sources: { shop: { rules: 'new' }, blog: {} }, retentions: 'new' };
    await scene.configure(JSON.stringify(newer), 'other');
    expect(await scene.prune()).toMatchObject({
      unmanaged: [],
      sources: [{ errors: [expect.stringContaining('/other manage it as well')] }],
    });
    expect(await scene.ids()).toEqual(ids);
  });

  test('a folder with a name that all objects of JavaScript know is a folder like others', async () => {
    await scene.nightly(6, 'constructor');
    expect(await scene.prune()).toMatchObject({ unmanaged: ['constructor'] });
    await expect(scene.prune({ source: 'constructor' })).rejects.toThrow('source constructor is not managed here');
  });

  test('one that fails stops none of the others', async () => {
    await scene.configure(JSON.stringify(settingsOf(scene.bucket, ['blog', 'shop'])));
    const ids = await scene.nightly(6, 'blog');
    await scene.nightly(6);
    proxy.rule = ({ path }) => (path.includes('/blog/') ? { status: 403, code: 'AccessDenied' } : undefined);
    const { sources, problems } = await scene.prune({ explain: true }, proxy);
    expect(problems).toBe(1);
    expect(sources).toMatchObject([
      { source: 'blog', deleted: 0, errors: [expect.stringContaining('AccessDenied')] },
      { source: 'shop', deleted: 3, errors: [] },
    ]);
    expect(await scene.ids('blog')).toEqual(ids);
  });
});
