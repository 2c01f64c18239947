import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import { manifestText } from '../../catalog/bucket/manifest';
import { backupId, manifestKey, objectKey } from '../../catalog/bucket/names';
import { readCatalog } from '../../catalog/bucket/read';
import { exampleManifest } from '../catalog/bucket/example-manifest';
import { Emulator } from '../emulator/emulator';

jest.setTimeout(120_000);

const BUCKET = 'catalog';
let emulator: Emulator;
let client: S3Client;

beforeAll(async () => {
  emulator = await Emulator.start();
  client = new S3Client(emulator.client);
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
});
afterAll(async () => await emulator.stop());

const put = (key: string, body: string) => client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));

test('reads a catalog of more than one page, and nothing but manifests', async () => {
  const ids = Array.from({ length: 8 }, (_, hour) => backupId(new Date(Date.UTC(2026, 10, 20, hour))));
  for (const id of ids) {
    const parts = Array.from({ length: 160 }, (_, part) => put(objectKey('shop', id, `part-${part}.zst`), 'data'));
    await Promise.all([
      ...parts,
      put(manifestKey('shop', id), manifestText({ ...exampleManifest(), source: 'shop', backupId: id })),
    ]);
  }
  await put('shop/lock.json', '{}');
  await put(manifestKey('shop-archive', ids[0]!), 'not JSON');

  const store = new S3CatalogStore(client, BUCKET);
  const { backups, damaged } = await readCatalog(store, 'shop');
  expect(backups.map((backup) => backup.backupId)).toEqual(ids);
  expect(damaged).toEqual([]);
  const all = await readCatalog(store);
  expect(all.backups).toHaveLength(ids.length);
  expect(all.damaged.map((error) => error.message)).toEqual([
    expect.stringMatching(/^manifest shop-archive\/2026-11-20T00-00-00Z\/manifest\.json is not JSON/),
  ]);
});
