import { readInventory } from '../../../catalog/bucket/inventory';
import type { CatalogStore, ObjectSummary } from '../../../catalog/bucket/read';

const ID = '2026-11-20T02-00-00Z';

/** A store with these keys, which counts what it is asked. */
function storeOf(keys: readonly string[]): CatalogStore & { readonly prefixes: string[] } {
  const prefixes: string[] = [];
  return {
    prefixes,
    async *list(prefix) {
      prefixes.push(prefix);
      const found = keys.filter((key) => key.startsWith(prefix)).sort();
      for (const key of found) yield { key, bytes: 10, lastModified: new Date(0), storageClass: 'STANDARD' };
    },
    folders: () => Promise.reject(new Error('not asked')),
    get: () => Promise.reject(new Error('not asked')),
  };
}
const keysOf = (...objects: (ObjectSummary | undefined)[]) => objects.map((object) => object?.key);

test('sorts what is ours into folders, oldest first, by one listing and nothing else', async () => {
  const store = storeOf([
    'shop/lock.json',
    `shop/${ID}/manifest.json`,
    `shop/${ID}/shop.sql.zst`,
    `shop/${ID}/globals.sql.zst`,
    `shop/${ID}/restore-test.json`,
    `shop/${ID}/keep.json`,
    'shop/2026-11-19T02-00-00Z/shop.sql.zst',
  ]);
  const { source, folders, strangers } = await readInventory(store, 'shop');
  expect(store.prefixes).toEqual(['shop/']);
  expect({ source, strangers }).toEqual({ source: 'shop', strangers: 0 });
  expect(folders.map(({ id, time }) => [id, time.toISOString()])).toEqual([
    ['2026-11-19T02-00-00Z', '2026-11-19T02:00:00.000Z'],
    [ID, '2026-11-20T02:00:00.000Z'],
  ]);
  const [interrupted, whole] = folders;
  expect(interrupted!.manifest).toBeUndefined();
  expect(keysOf(whole!.manifest, whole!.verdict, whole!.keep, ...whole!.data)).toEqual(
    ['manifest.json', 'restore-test.json', 'keep.json', 'globals.sql.zst', 'shop.sql.zst'].map(
      (file) => `shop/${ID}/${file}`,
    ),
  );
});

test.each([
  'shop/manifest.json',
  'shop/notes.txt',
  `shop/${ID}`,
  `shop/${ID}/`,
  `shop/${ID}/more/shop.sql.zst`,
  'shop/2026-02-30T02-00-00Z/manifest.json',
  'shop/2026-11-20/manifest.json',
  `shop//${ID}/manifest.json`,
])("%s is a stranger's", async (key) => {
  expect(await readInventory(storeOf([key]), 'shop')).toEqual({ source: 'shop', folders: [], strangers: 1 });
});

test.each(['shop.sql', 'shop.archive.zst.age', 'constructor'])(
  '%s in the folder of a backup is its data',
  async (file) => {
    const { folders, strangers } = await readInventory(storeOf([`shop/${ID}/${file}`]), 'shop');
    expect(strangers).toBe(0);
    expect(keysOf(...folders[0]!.data)).toEqual([`shop/${ID}/${file}`]);
  },
);

test('of one folder only', async () => {
  const store = storeOf([`shop/${ID}/manifest.json`, 'shop/2026-11-19T02-00-00Z/shop.sql.zst']);
  expect((await readInventory(store, 'shop', ID)).folders.map(({ id }) => id)).toEqual([ID]);
  expect(store.prefixes).toEqual([`shop/${ID}/`]);
});

test('a source whose name begins like this one is another one', async () => {
  const store = storeOf([`shop-archive/${ID}/manifest.json`]);
  expect(await readInventory(store, 'shop')).toEqual({ source: 'shop', folders: [], strangers: 0 });
});
