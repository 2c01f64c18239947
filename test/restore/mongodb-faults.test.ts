import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../../catalog/bucket/manifest';
import { archive, collectionsOf, end, prelude, segment } from '../engines/mongodb/archive/archive-bytes';
import { MONGODB, describeOn } from '../servers/versions';
import { MongodbScene } from './mongodb-scene';
import { factsOf } from './support';

jest.setTimeout(120_000);

/** Enough that a part of them is loaded before the end is read: mongorestore sends a thousand at once. */
const DOCUMENTS = 1500;
const BYTES = 4000;

describeOn([MONGODB], 'restores of %s that do not succeed', () => {
  let mongodb: MongodbScene;
  let big: Manifest;

  beforeAll(async () => {
    mongodb = await MongodbScene.start();
    const shop = mongodb.client.db('shop');
    await shop.collection<{ _id: number }>('first').insertOne({ _id: 1 });
    const orders = Array.from({ length: DOCUMENTS }, (_, _id) => ({ _id, bytes: randomBytes(BYTES) }));
    await shop.collection<(typeof orders)[number]>('orders').insertMany(orders);
    big = await mongodb.backUp({ databases: ['shop'] });
    const [object] = big.objects;
    stored = mongodb.scene.s3.get(object!.key);
  });
  afterAll(() => mongodb?.stop());

  let stored: Buffer;
  beforeEach(async () => {
    mongodb.scene.s3.rule = () => undefined;
    mongodb.scene.s3.put(big.objects[0]!.key, stored);
    mongodb.scene.putManifest(big);
    await mongodb.client.db('shop').dropDatabase();
  });

  const count = (name = 'orders') => mongodb.client.db('shop').collection(name).countDocuments();
  const until = async (holds: () => Promise<boolean> | boolean) => {
    while (!(await holds())) await sleep(50);
  };
  /** How often the object is read by then: its size is asked for first. */
  const [VERIFY, LOAD] = [2, 3];
  /** Lets S3 fall silent in the middle of the object, when it is read for this time. */
  const silentAt = (time: number) => {
    let reads = 0;
    mongodb.scene.s3.rule = ({ operation, key, from }) => {
      if (operation !== 'GetObject' || !key.endsWith('.zst')) return undefined;
      // Whoever reads on gets no more.
      if ((from ?? 0) > 0) return { silentAfterBytes: 0 };
      return ++reads === time ? { silentAfterBytes: 1200 * BYTES } : undefined;
    };
  };
  const isLoading = async () => (await count()) > 0;

  test('killed while the backup is verified: nothing has changed, and the same command works', async () => {
    silentAt(VERIFY);
    const program = mongodb.start(big);
    await program.logged('plan');
    program.signal('SIGKILL');
    expect((await program.result()).exit).toBe('SIGKILL');
    expect(await mongodb.databases()).toEqual([]);
    mongodb.scene.s3.rule = () => undefined;
    await mongodb.restored(big);
    expect(await count()).toBe(DOCUMENTS);
  });

  test('killed while it loads: the same command refuses what is half there, and replaces it when it is told to', async () => {
    silentAt(LOAD);
    const program = mongodb.start(big);
    await until(isLoading);
    program.signal('SIGKILL');
    expect((await program.result()).exit).toBe('SIGKILL');
    mongodb.scene.s3.rule = () => undefined;
    const again = await mongodb.restore(big);
    expect(again).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'target-exists' } });
    expect(await count()).toBeLessThan(DOCUMENTS);
    await mongodb.restored(big, { overwrite: ['shop'], jobs: 2 });
    expect([await count(), await count('first')]).toEqual([DOCUMENTS, 1]);
  });

  test('stopped while it loads: the last lines say that a part is there', async () => {
    silentAt(LOAD);
    const program = mongodb.start(big);
    await until(isLoading);
    program.signal('SIGTERM');
    const result = factsOf(await program.result());
    expect(result).toMatchObject({ exit: 'interrupted', state: 'partial' });
    expect(result.log.find(({ event }) => event === 'target-state')?.message).toBe(
      'the target has a part of the backup: run the same command again with --overwrite, which replaces it',
    );
    expect(await count()).toBeLessThan(DOCUMENTS);
  });

  test('the target is filled while the backup is verified: nobody loses anything', async () => {
    let release: (() => void) | undefined;
    let reads = 0;
    mongodb.scene.s3.rule = ({ operation, key }) =>
      operation === 'GetObject' && key.endsWith('.zst') && ++reads === VERIFY
        ? new Promise((resolve) => (release = () => resolve(undefined)))
        : undefined;
    const program = mongodb.start(big);
    await until(() => release !== undefined);
    await mongodb.client.db('shop').collection('mine').insertOne({ a: 1 });
    release!();
    const result = factsOf(await program.result());
    expect(result).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'target-in-use' } });
    expect([await count('mine'), await count()]).toEqual([1, 0]);
  });

  test('a load of seconds shows how far several collections are, which is no complaint', async () => {
    const pair = mongodb.client.db('pair');
    for (const name of ['first', 'second'])
      await pair.collection(name).insertMany(Array.from({ length: 1000 }, () => ({ bytes: randomBytes(BYTES) })));
    const manifest = await mongodb.backUp({ databases: ['pair'] });
    await pair.dropDatabase();
    // Both are under way in the middle, where S3 breaks off and lets the next request wait.
    mongodb.scene.edit(manifest, (bytes) => {
      const both = collectionsOf(bytes);
      const blocks = [0, 500].flatMap((at) => both.map((one) => segment(one, one.documents.slice(at, at + 500))));
      return Buffer.concat([prelude(both), ...blocks, ...both.map((one) => end(one))]);
    });
    let reads = 0;
    mongodb.scene.s3.rule = ({ operation, key, from = 0 }) => {
      if (operation !== 'GetObject' || !key.endsWith('.archive.zst')) return undefined;
      if (from > 0) return sleep(4000).then(() => undefined);
      return ++reads === LOAD ? { cutAfterBytes: 1400 * BYTES } : undefined;
    };
    const { report } = await mongodb.restored(manifest, { jobs: 2 });
    expect(report).toMatchObject({ tables: 2, rows: 2000 });
  });

  const cases: [string, () => void, string, RegExp][] = [
    [
      'a byte that changed',
      () => {
        const { key } = big.objects[0]!;
        mongodb.scene.s3.put(key, Buffer.concat([stored.subarray(0, -1), Buffer.from([stored.at(-1)! ^ 1])]));
      },
      'object-changed',
      /shop\.archive\.zst is not what its manifest says/,
    ],
    [
      'an end that is missing',
      () => mongodb.scene.s3.put(big.objects[0]!.key, stored.subarray(0, -9)),
      'object-changed',
      /must have \d+ bytes, got: \d+/,
    ],
    [
      'an archive that was cut before it was stored',
      () => mongodb.scene.edit(big, (bytes) => bytes.subarray(0, -40)),
      'object-changed',
      /is no complete archive of mongodump: it ends too early, at byte \d+ of the archive: restore another backup$/,
    ],
    [
      'a document that changed before it was stored',
      () =>
        mongodb.scene.edit(big, (bytes) => {
          const changed = Buffer.from(bytes);
          changed[Math.floor(bytes.length / 2)]! ^= 1;
          return changed;
        }),
      'object-changed',
      /is no complete archive of mongodump: shop\.orders is not as its checksum says/,
    ],
    [
      'a manifest of another source',
      () => mongodb.scene.putManifest({ ...big, source: 'other' }, `${big.source}/${big.backupId}/manifest.json`),
      'manifest-damaged',
      /^manifest .* lies: /,
    ],
  ];
  test.each(cases)('%s: refused before anything is touched', async (_, change, kind, sentence) => {
    change();
    await mongodb.client.db('shop').collection('mine').insertOne({ a: 1 });
    const result = await mongodb.restore(big, { overwrite: ['shop'] });
    expect(result).toMatchObject({ exit: 'downloadFailed', state: 'unchanged', reason: { kind } });
    expect(result.failure).toMatch(sentence);
    expect([await count('mine'), await count()]).toEqual([1, 0]);
  });

  test('an archive that was cut is no success without a first reading either', async () => {
    mongodb.scene.edit(big, (bytes) => bytes.subarray(0, -40));
    const result = await mongodb.restore(big, { stream: true });
    expect(result).toMatchObject({ exit: 'downloadFailed', state: 'partial', reason: { kind: 'object-changed' } });
  });

  test('a manifest that counts other documents, and one that knows another collection', async () => {
    const [first, orders] = big.tables;
    mongodb.scene.putManifest({ ...big, tables: [{ ...first!, rows: 7 }, orders!] });
    const counted = await mongodb.restore(big);
    expect(counted).toMatchObject({ exit: 'restoreFailed', state: 'complete-but-different' });
    expect(counted.reason).toMatchObject({ kind: 'restore-differs', object: `shop.${first!.name}` });
    await mongodb.client.db('shop').dropDatabase();
    mongodb.scene.putManifest({ ...big, tables: [...big.tables, { database: 'shop', name: 'lost', rows: 1 }] });
    const missing = await mongodb.restore(big);
    expect(missing).toMatchObject({ exit: 'restoreFailed', state: 'complete-but-different' });
    expect(missing.reason).toMatchObject({ kind: 'restore-differs', object: 'collection shop.lost' });
  });

  test('documents that the target refuses: a sentence without what they hold', async () => {
    mongodb.scene.edit(big, (bytes) => {
      const [one, ...others] = collectionsOf(bytes);
      return archive([
        { ...one!, documents: [...one!.documents, { _id: 1, secret: 'hunter2' }, one!.documents[0]!] },
        ...others,
      ]);
    });
    const result = await mongodb.restore(big);
    expect(result).toMatchObject({ exit: 'restoreFailed', state: 'partial', reason: { kind: 'client-failed' } });
    expect(result.failure).toMatch(/^mongorestore exited with 1: .*duplicate key/i);
    expect(result.output).not.toContain('hunter2');
  });

  test('a target that is older, and a wrong password', async () => {
    mongodb.scene.putManifest({ ...big, serverVersion: '8.0.4' });
    const older = await mongodb.restore(big);
    expect(older).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'target-too-old' } });
    mongodb.scene.putManifest(big);
    const wrong = await mongodb.restore(big, {}, { password: 'wrong' });
    expect(wrong).toMatchObject({ exit: 'connection', state: 'unchanged', reason: { kind: 'login-refused' } });
  });
});
