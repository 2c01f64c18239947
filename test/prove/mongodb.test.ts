import type { Manifest } from '../../catalog/bucket/manifest';
import { archive, collectionsOf } from '../engines/mongodb/archive/archive-bytes';
import { MongodbScene } from '../restore/mongodb-scene';
import { AWKWARD_NAME, loadMongodbSchema } from '../schemas/mongodb';
import { describeOn, MONGODB } from '../servers/versions';
import { prove } from './support';

jest.setTimeout(240_000);

describeOn([MONGODB], 'a restore test of %s', () => {
  let mongodb: MongodbScene;
  let all: Manifest;
  beforeAll(async () => {
    mongodb = await MongodbScene.start();
    await loadMongodbSchema(mongodb.client);
    all = await mongodb.backUp({}, { rowDigests: { kind: 'all' } });
  });
  afterAll(() => mongodb?.stop());

  const proof = (manifest: Manifest) => prove(mongodb.scene, manifest, { image: MONGODB });
  test('documents of every type and indexes of every kind come back the same, in a throw-away mongod', async () => {
    const { exit, failure, verdict, stored } = await proof(all);
    expect({ failure, differences: verdict?.differences }).toEqual({ failure: '', differences: [] });
    expect([exit, verdict?.verdict]).toEqual(['success', 'passed']);
    expect(stored).toEqual(verdict);
    expect(verdict).toMatchObject({ tables: 7, rows: 3013, notes: [{ kind: 'no-snapshot' }] });
    const checks = Object.fromEntries(verdict!.checks!.map((check) => [check.check, check]));
    for (const check of ['bytes', 'load', 'sections', 'engine', 'inventory'])
      expect(checks[check]).toMatchObject({ result: 'passed' });
    // Definitions and documents of each collection, and each index; in the inventory, each collection with its indexes.
    expect(checks.sections!.compared).toBe(7 + 7 + 15);
    expect(checks.inventory!.compared).toBe(7 + 15);
    expect(checks.engine!.compared).toBe(7);
  });

  test('chosen databases, of which one lacks collections that were left out', async () => {
    const { client } = mongodb;
    await client.db('sessions').collection('cache').insertOne({ a: 1 });
    await client.db('sessions').collection('kept').insertOne({ a: 1 });
    const manifest = await mongodb.backUp({
      ...{ databases: ['blog', 'sessions'], excludeCollections: ['sessions.cache'] },
    });
    await client.db('sessions').dropDatabase();
    const { failure, verdict } = await proof(manifest);
    expect({ failure, differences: verdict?.differences }).toEqual({ failure: '', differences: [] });
    expect(verdict).toMatchObject({ verdict: 'passed', tables: 2, rows: 3 });
  });

  test('what the team expects is asked of the restored server', async () => {
    const equals = (statement: object, value: string, database = 'shop') =>
      ({ kind: 'equals', statement: JSON.stringify(statement), database, value }) as const;
    const sum = [{ $group: { _id: null, sum: { $sum: '$n' } } }];
    const decimal = { aggregate: 'values', pipeline: [{ $project: { decimal: 1 } }] };
    const met = [
      equals({ count: AWKWARD_NAME, query: { even: true } }, '1500'),
      equals({ aggregate: 'keys', pipeline: sum }, '21'),
      equals(decimal, '1.10'),
      { kind: 'tables', value: 7 } as const,
    ];
    mongodb.scene.putManifest({ ...all, expectations: met });
    const passed = await proof(all);
    expect({ failure: passed.failure, differences: passed.verdict?.differences }).toEqual({
      ...{ failure: '', differences: [] },
    });
    const unmet = [
      equals({ count: 'values' }, '2'),
      equals({ count: 'values' }, '1', 'lost'),
      equals({ aggregate: 'values', pipeline: [{ $out: 'mine' }] }, '1'),
      equals({ drop: 'values' }, '1'),
    ];
    mongodb.scene.putManifest({ ...all, expectations: unmet });
    const { exit, verdict } = await proof(all);
    mongodb.scene.putManifest(all);
    expect(exit).toBe('notProven');
    expect(verdict?.differences).toHaveLength(unmet.length);
    expect(new Set(verdict?.differences?.map(({ check, kind }) => `${check} ${kind}`))).toEqual(
      new Set(['expectations unmet']),
    );
  });

  test('an archive that ends too early, and one of another format', async () => {
    const manifest = await mongodb.backUp({ databases: ['blog'] });
    mongodb.scene.edit(manifest, (bytes) => bytes.subarray(0, -20));
    const cut = await proof(manifest);
    expect([cut.exit, cut.verdict?.verdict]).toEqual(['notProven', 'failed']);
    const newer = await mongodb.backUp({ databases: ['blog'] });
    mongodb.scene.edit(newer, (bytes) => archive(collectionsOf(bytes), { version: '0.2' }));
    const { exit, verdict } = await proof(newer);
    expect([exit, verdict?.verdict]).toEqual(['notTested', 'not-run']);
  });

  test('an image whose mongod is of another version says nothing of the backup', async () => {
    mongodb.scene.putManifest({ ...all, serverVersion: '8.0.4' });
    const { exit, verdict } = await proof(all);
    mongodb.scene.putManifest(all);
    expect({ exit, ...verdict }).toMatchObject({
      ...{ exit: 'notTested', verdict: 'not-run', reason: { kind: 'image-lacks' } },
    });
  });
});
