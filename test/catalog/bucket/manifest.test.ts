import { dumpedBytes, manifestText, parseManifest } from '../../../catalog/bucket/manifest';
import { MANIFEST_MAX_BYTES } from '../../../catalog/bucket/names';
import { readCatalog, type CatalogStore } from '../../../catalog/bucket/read';
import { exampleManifest } from './example-manifest';

const KEY = 'shop/2026-11-20T02-00-00Z/manifest.json';

test('a manifest reads as it was written', () => {
  expect(parseManifest(manifestText(exampleManifest()), KEY)).toEqual(exampleManifest());
});

/** A manifest of so many tables, with names of usual length. */
const ofTables = (count: number) =>
  exampleManifest({
    tables: Array.from({ length: count }, (_, index) => ({
      database: 'customers',
      name: `customer_${String(index).padStart(6, '0')}_orders`,
      rows: index,
    })),
  });

test.each([
  [50_000, 'indented', /^\{\n {2}"formatVersion": 1/],
  [100_000, 'compact', /^\{"formatVersion":1/],
])('%d tables fit into a manifest: %s', (count, _, start) => {
  const text = manifestText(ofTables(count));
  expect(text).toMatch(start);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MANIFEST_MAX_BYTES);
  expect(parseManifest(text, KEY).tables).toHaveLength(count);
});

test('a manifest that would move with the data is not written', () => {
  expect(() => manifestText(ofTables(200_000))).toThrow(
    /^manifest shop\/2026-11-20T02-00-00Z\/manifest.json must be at most 8388608 bytes, got: \d{8} bytes for 200000 tables: split the source into several, each with some of its databases$/,
  );
});

const REPOSITORY = {
  ...{ format: 'restic', bucket: 'repositories', prefix: 'shop', snapshot: 'a'.repeat(64), tree: 'b'.repeat(64) },
  ...{ files: 20_000, bytes: 4_000_000_000, addedBytes: 40_000_000 },
};

test('a backup whose files are in a repository is as large as its files, and reads as it was written', () => {
  const manifest = exampleManifest({ engine: 'files', repository: REPOSITORY });
  expect(parseManifest(manifestText(manifest), KEY)).toEqual(manifest);
  expect(dumpedBytes(manifest)).toBe(4_000_000_100);
});

test('a repository with a snapshot that is none is refused', () => {
  const text = JSON.stringify(exampleManifest({ repository: { ...REPOSITORY, snapshot: 'latest' } }));
  expect(() => parseManifest(text, KEY)).toThrow('is damaged: repository.snapshot: ');
});

test('fields that a later version adds are passed over', () => {
  expect(parseManifest(JSON.stringify({ ...exampleManifest(), mood: 'good' }), KEY)).toEqual(exampleManifest());
});

test('a backup of an engine that this version does not know is one all the same', () => {
  const [object] = exampleManifest().objects;
  const manifest = exampleManifest({
    engine: 'oracle',
    trigger: 'before-upgrade',
    consistency: { snapshot: 'scn', rowCounts: 'none' },
    objects: [{ ...object!, kind: 'archive', format: 'oracle-dmp', compression: 'none' }],
  });
  expect(parseManifest(JSON.stringify(manifest), KEY)).toEqual(manifest);
});

test.each([
  ['{', `manifest ${KEY} is not JSON: `],
  [
    JSON.stringify({ ...exampleManifest(), formatVersion: 2 }),
    `manifest ${KEY} has format 2, but this version of cdk-proven-backups reads formats up to 1: update cdk-proven-backups`,
  ],
  [JSON.stringify({ ...exampleManifest(), objects: [] }), `manifest ${KEY} is damaged: objects: `],
  [JSON.stringify({ ...exampleManifest(), engine: 'No engine' }), `manifest ${KEY} is damaged: engine: `],
  ['null', `manifest ${KEY} is damaged: `],
])('%.40s is refused with a sentence', (text, sentence) => {
  expect(() => parseManifest(text, KEY)).toThrow(sentence);
});

const storeOf = (objects: Record<string, string>): CatalogStore => ({
  async *list(prefix) {
    const keys = Object.keys(objects).filter((key) => key.startsWith(prefix));
    yield* keys.map((key) => ({
      key,
      bytes: objects[key]!.length,
      lastModified: new Date(0),
      storageClass: 'STANDARD',
    }));
  },
  folders: () => Promise.resolve([...new Set(Object.keys(objects).map((key) => key.split('/')[0]!))]),
  get: (key) => Promise.resolve(objects[key] ?? ''),
});

test('the catalog holds what has a manifest, oldest first, and reports what cannot be read', async () => {
  const late = exampleManifest({ backupId: '2026-11-21T02-00-00Z' });
  const catalog = await readCatalog(
    storeOf({
      'shop/2026-11-21T02-00-00Z/manifest.json': manifestText(late),
      [KEY]: manifestText(exampleManifest()),
      'shop/2026-11-22T02-00-00Z/shop.sql.zst': 'no manifest, no backup',
      'shop/2026-11-23T02-00-00Z/manifest.json': 'damaged',
      'shop/lock.json': '{}',
      'holiday-photos/beach.jpg': '',
    }),
  );
  expect(catalog.backups).toEqual([exampleManifest(), late]);
  expect(catalog.damaged.map(({ message }) => message)).toEqual([
    expect.stringContaining('manifest shop/2026-11-23T02-00-00Z/manifest.json is not JSON'),
  ]);
});

test('the catalog of one source does not hold another whose name begins alike', async () => {
  const objects = {
    'shop/2026-11-20T02-00-00Z/manifest.json': manifestText(exampleManifest()),
    'shop-archive/2026-11-20T02-00-00Z/manifest.json': manifestText(exampleManifest({ source: 'shop-archive' })),
  };
  expect((await readCatalog(storeOf(objects), 'shop')).backups.map(({ source }) => source)).toEqual(['shop']);
});
