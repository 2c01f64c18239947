import { damageOf } from '../../../catalog/bucket/damage';
import { inventoryOf } from '../../../catalog/bucket/inventory';
import { exampleManifest } from './example-manifest';

const ID = '2026-11-20T02-00-00Z';
const key = (file: string) => `shop/${ID}/${file}`;
const [OBJECT] = exampleManifest().objects;
const manifestOf = (...files: readonly string[]) =>
  exampleManifest({ objects: files.map((file) => ({ ...OBJECT!, key: key(file) })) });

/** The folder of a backup that holds these files besides its manifest. */
async function folderOf(...files: readonly string[]) {
  const objects = ['manifest.json', ...files].map((file) => ({
    ...{ key: key(file), bytes: OBJECT!.bytes, lastModified: new Date(0), storageClass: 'STANDARD' },
  }));
  return (await inventoryOf('shop', objects)).folders[0]!;
}

test.each(['shop.sql.zst', 'shop.sql.zst.age', 'shop.archive', 'data'])(
  'a backup whose data is %s is complete',
  async (file) => {
    expect(damageOf(manifestOf(file), 'shop', await folderOf(file))).toBeUndefined();
  },
);

test('an object that the manifest does not name damages nothing', async () => {
  const folder = await folderOf('shop.sql.zst', 'sections.json', 'keep.json', 'restore-test.json');
  expect(damageOf(manifestOf('shop.sql.zst'), 'shop', folder)).toBeUndefined();
});

test('an object that the manifest names must be there, whatever its suffix', async () => {
  const folder = await folderOf('shop.sql.zst');
  expect(damageOf(manifestOf('shop.sql.zst', 'shop.archive'), 'shop', folder)).toBe(
    `${key('shop.archive')} is missing`,
  );
});
