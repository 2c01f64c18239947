import { normalMetadata } from '../../../../engines/mongodb/proof/metadata';

const INDEX = {
  v: { $numberInt: '2' },
  key: { a: { $numberInt: '1' }, b: { $numberInt: '-1' } },
  name: 'by_a',
  unique: true,
};
const META = {
  options: { capped: true, size: { $numberInt: '4096' } },
  indexes: [INDEX],
  uuid: 'c0ffee',
  collectionName: 'orders',
  type: 'collection',
};
const normal = (metadata: unknown): unknown => {
  const { options, indexes } = normalMetadata(JSON.stringify(metadata));
  return [options, ...indexes];
};
const withIndex = (index: unknown) => ({ ...META, indexes: [index] });

test.each<[string, unknown]>([
  ['its identity', { ...META, uuid: 'other' }],
  ['the version of an index', withIndex({ ...INDEX, v: { $numberInt: '1' } })],
  ['the namespace in an index of an old server', withIndex({ ...INDEX, ns: 'shop.orders' })],
  ['the order of options of an index', withIndex(Object.fromEntries(Object.entries(INDEX).toReversed()))],
  ['the order of options', { ...META, options: { size: { $numberInt: '4096' }, capped: true } }],
  ['an option that no server of today has', { ...META, options: { ...META.options, autoIndexId: true } }],
  ['how an internal option of the server is', { ...META, options: { ...META.options, recordIdsReplicated: true } }],
])('%s says nothing', (_, metadata) => {
  expect(normal(metadata)).toEqual(normal(META));
});

test.each<[string, unknown]>([
  ['the name of a collection', { ...META, collectionName: 'other' }],
  ['its type', { ...META, type: 'view' }],
  ['a lost option', { ...META, options: { size: { $numberInt: '4096' } } }],
  ['another value of an option', { ...META, options: { ...META.options, size: { $numberInt: '8192' } } }],
  ['another type of an option', { ...META, options: { ...META.options, size: { $numberLong: '4096' } } }],
  ['an index that is not unique', withIndex({ ...INDEX, unique: false })],
  ['a lost option of an index', withIndex({ v: INDEX.v, key: INDEX.key, name: INDEX.name })],
  ['another name of an index', withIndex({ ...INDEX, name: 'other' })],
  ['another order of the fields of an index', withIndex({ ...INDEX, key: { b: INDEX.key.b, a: INDEX.key.a } })],
  ['another version of a text index', withIndex({ ...INDEX, textIndexVersion: { $numberInt: '3' } })],
  ['a validator with a field that is called v', { ...META, options: { ...META.options, validator: { v: 1 } } }],
])('%s is seen', (_, metadata) => {
  expect(normal(metadata)).not.toEqual(normal(META));
});

test('an index of _id is expected where an old server made none, for a restore makes it', () => {
  const id = { v: { $numberInt: '2' }, key: { _id: { $numberInt: '1' } }, name: '_id_' };
  const old = { ...META, options: { ...META.options, autoIndexId: false } };
  expect(normal(old)).toEqual(normal({ ...META, indexes: [INDEX, id] }));
  expect(normal({ ...old, indexes: [INDEX, id] })).toEqual(normal(old));
});

test('the order of fields that are numbers is seen', () => {
  const of = (key: string) =>
    normalMetadata(`{"indexes":[{"key":{${key}},"name":"n","a\\"b\\":":"x\\":{"}],"options":{}}`).indexes.get('n');
  expect(of('"10":1,"2":1')).toContain('{"10":1,"2":1}');
  expect(of('"2":1,"10":1')).toContain('{"2":1,"10":1}');
  expect(of('"2":1')).toContain('a"b":: "x\\":{"');
});

test('users, roles and the oplog have none', () => {
  expect(normal({})).toEqual(['\n']);
  expect(normalMetadata('')).toEqual({ options: '', indexes: new Map() });
});
