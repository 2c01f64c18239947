import { readMongodbChoice } from '../../../../engines/mongodb/restore/choice';
import type { RestoreRequest } from '../../../../catalog/contract/task';
import { exampleManifest } from '../../../catalog/bucket/example-manifest';

const [EXAMPLE] = exampleManifest().objects;
const object = (name: string, databases: string[]) => ({ ...EXAMPLE!, key: `shop/x/${name}`, databases });
const MANIFEST = exampleManifest({
  engine: 'mongodb',
  objects: [object('shop.archive.zst', ['shop']), object('blog.archive.zst', ['blog'])],
  tables: [
    { database: 'shop', name: 'orders', rows: 2 },
    { database: 'blog', name: 'orders', rows: 1 },
  ],
});
const choose = (request: Omit<RestoreRequest, 'backupId'>) =>
  readMongodbChoice(MANIFEST, { backupId: 'x', ...request });

test('all of a backup keeps its names', () => {
  const { names, objects, tables, places } = choose({});
  expect([...names]).toEqual([
    ['shop', 'shop'],
    ['blog', 'blog'],
  ]);
  expect([objects.length, tables.length]).toEqual([2, 2]);
  expect([places('shop', 'orders'), places('admin', 'system.users')]).toEqual(['shop', undefined]);
});

test('a database gets another name, and its archive alone is read', () => {
  const { objects, places } = choose({ databases: ['blog'], as: 'blog_2' });
  expect(objects.map(({ databases }) => databases)).toEqual([['blog']]);
  expect([places('blog', 'orders'), places('shop', 'orders')]).toEqual(['blog_2', undefined]);
});

test('single collections go beside the original alone', () => {
  const { places, tables } = choose({ tables: ['shop.orders'], as: 'rescued' });
  expect(tables).toEqual([{ database: 'shop', name: 'orders', rows: 2 }]);
  expect([places('shop', 'orders'), places('shop', 'other'), places('blog', 'orders')]).toEqual([
    'rescued',
    undefined,
    undefined,
  ]);
});

test.each<[string, Omit<RestoreRequest, 'backupId'>, RegExp]>([
  ['a name with a dot', { databases: ['blog'], as: 'a.b' }, /^a database cannot be called "a\.b": take up to 63/],
  ['a name with a space', { databases: ['blog'], as: 'a b' }, /cannot be called "a b"/],
  ['no name', { databases: ['blog'], as: '' }, /cannot be called ""/],
  ['a name of 64 bytes', { databases: ['blog'], as: 'é'.repeat(32) }, /cannot be called/],
  ['a database of the server', { databases: ['blog'], as: 'config' }, /^config is the server's own database/],
  ['one name for two databases', { as: 'both' }, /^only what is of one database can get another name, got: shop, blog/],
  ['single collections in place of all', { tables: ['shop.orders'], as: 'shop' }, /^single collections go beside/],
  ['an ambiguous collection', { tables: ['orders'], as: 'rescued' }, /^table orders is ambiguous/],
])('%s is refused', (_, request, sentence) => {
  expect(() => choose(request)).toThrow(sentence);
});
