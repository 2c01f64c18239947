import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { parseManifest, type Manifest } from '../../catalog/bucket/manifest';
import { ENV } from '../../catalog/contract/task';
import { mongodbDocuments } from '../compare/mongodb';
import type { Fingerprint } from '../compare/fingerprint';
import { AWKWARD_NAME, loadMongodbSchema } from '../schemas/mongodb';
import { MONGODB, describeOn } from '../servers/versions';
import { MongodbScene } from './mongodb-scene';

jest.setTimeout(120_000);

describeOn([MONGODB], 'restoring %s', () => {
  let mongodb: MongodbScene;
  let before: Record<'shop' | 'blog', Fingerprint>;
  let all: Manifest;
  /** An archive for each database. */
  let each: Manifest;

  beforeAll(async () => {
    mongodb = await MongodbScene.start();
    await loadMongodbSchema(mongodb.client);
    before = { shop: await mongodb.fingerprint('shop'), blog: await mongodb.fingerprint('blog') };
    all = await mongodb.backUp();
    each = await mongodb.backUp({ databases: ['shop', 'blog'] });
  });
  afterAll(() => mongodb?.stop());

  const drop = (...databases: string[]) => Promise.all(databases.map((name) => mongodb.client.db(name).dropDatabase()));
  const documents = (database: string, name: string) => mongodbDocuments(mongodb.client, database, name);

  test('a server that lost all gets all back: documents of every type, field by field, and every index', async () => {
    expect(Object.keys(before.shop).filter((name) => name.startsWith('index '))).toHaveLength(14);
    await drop('shop', 'blog');
    const plan = await mongodb.restore(all, { dryRun: true });
    expect(plan).toMatchObject({
      ...{ exit: 'success', plan: { targets: [{ name: 'blog', state: 'new' }, { name: 'shop' }], atomic: false } },
    });
    expect(await mongodb.databases()).not.toContain('shop');
    const { report } = await mongodb.restored(all);
    expect(report).toMatchObject({ tables: 7, rows: 3013, uncompared: [] });
    expect(await mongodb.fingerprint('shop')).toEqual(before.shop);
    expect(await mongodb.fingerprint('blog')).toEqual(before.blog);
    const [values] = await documents('shop', 'values');
    for (const type of ['$numberInt', '$numberLong', '$numberDouble', '$numberDecimal', '$binary', '$date'])
      expect(values).toContain(type);
  });

  test('documents were deleted and a collection dropped: nothing is touched until somebody says so, and all is back then', async () => {
    const shop = mongodb.client.db('shop');
    await shop.collection(AWKWARD_NAME).deleteMany({ n: { $gt: 9 } });
    await shop.dropCollection('values');
    await shop.collection('new').insertOne({ a: 1 });
    await mongodb.client.db('blog').collection('posts').insertOne({ title: 'three' });
    const damaged = await mongodb.fingerprint('shop');
    const refused = await mongodb.restore(all, { databases: ['shop'] });
    expect(refused).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'target-exists' } });
    expect(refused.failure).toContain(`shop (${AWKWARD_NAME}, empty, keys, new, places)`);
    expect(await mongodb.fingerprint('shop')).toEqual(damaged);

    const safetyBackup = path.join(mongodb.scene.scratchDirectory, 'kept');
    const done = await mongodb.restored(all, { databases: ['shop'], overwrite: ['shop'], safetyBackup });
    expect(done.report).toMatchObject({ targets: [{ database: 'shop', name: 'shop' }], tables: 6 });
    expect(await mongodb.fingerprint('shop')).toEqual(before.shop);
    expect(await documents('blog', 'posts')).toHaveLength(3);

    const folder = done.log.find(({ event }) => event === 'safety-backup')!.directory as string;
    const kept = parseManifest(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'), 'manifest.json');
    expect(kept.tables.map(({ name, rows }) => `${name} ${rows}`).sort()).toEqual(
      [`${AWKWARD_NAME} 10`, 'empty 0', 'keys 7', 'new 1', 'places 2', 'texts 1'].sort(),
    );
    // It goes back in the same way, by hand.
    const archive = path.join(mongodb.scene.directory, 'archive');
    fs.writeFileSync(archive, zstdDecompressSync(fs.readFileSync(path.join(folder, 'shop.archive.zst'))));
    await drop('shop');
    await mongodb.server.tool('mongorestore', [`--archive=${archive}`, '--stopOnError', '--objcheck']);
    expect(await mongodb.fingerprint('shop')).toEqual(damaged);
  });

  test.each([
    ['all in one', () => all],
    ['an archive for each', () => each],
  ])('beside the original, a database has the same under its new name (%s)', async (_, manifest) => {
    const original = await mongodb.fingerprint('shop');
    await mongodb.restored(manifest(), { databases: ['shop'], as: 'shop_copy' });
    expect(await mongodb.fingerprint('shop_copy')).toEqual(before.shop);
    expect(await mongodb.fingerprint('shop')).toEqual(original);
    expect(await mongodb.databases()).toEqual(['blog', 'shop', 'shop_copy']);
    await drop('shop_copy');
  });

  test('single collections come beside the original, with their indexes', async () => {
    const tables = [`shop.${AWKWARD_NAME}`, 'values'];
    const { report } = await mongodb.restored(all, { tables, as: 'rescued' });
    expect(report).toMatchObject({ tables: 2, rows: 3001 });
    const ofThem = ([name]: [string, string]) => name.includes(AWKWARD_NAME) || name.includes('values');
    const expected = Object.fromEntries(Object.entries(before.shop).filter(ofThem));
    expect(await mongodb.fingerprint('rescued')).toEqual(expected);
    await drop('rescued');
    const into = await mongodb.restore(all, { tables, as: 'shop', overwrite: ['shop'] });
    expect(into).toMatchObject({ exit: 'configuration', reason: { kind: 'name-invalid', object: 'shop' } });
    const unknown = await mongodb.restore(all, { tables: ['nothing'], as: 'rescued' });
    expect(unknown).toMatchObject({ exit: 'configuration', reason: { kind: 'table-unknown', object: 'nothing' } });
  });

  test('several at once, and without a first reading, load the same', async () => {
    await drop('shop', 'blog');
    await mongodb.restored(each, { jobs: 3, stream: true });
    expect(await mongodb.fingerprint('shop')).toEqual(before.shop);
    expect(await mongodb.fingerprint('blog')).toEqual(before.blog);
  });

  test('an encrypted backup comes back with its key alone', async () => {
    const identity = execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const encryptTo = [/public key: (\S+)/.exec(identity)![1]!];
    const manifest = await mongodb.backUp({ databases: ['shop'] }, { encryptTo });
    expect(manifest.objects[0]).toMatchObject({ compression: 'zstd-age' });
    await drop('shop');
    const refused = await mongodb.restore(manifest);
    expect(refused).toMatchObject({
      exit: 'configuration',
      state: 'unchanged',
      reason: { kind: 'identity-missing' },
    });
    expect(await mongodb.databases()).toEqual(['blog']);
    await mongodb.restored(manifest, {}, { environment: { [ENV.identity]: identity } });
    expect(await mongodb.fingerprint('shop')).toEqual(before.shop);
  });
});
