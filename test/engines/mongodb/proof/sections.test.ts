import { BSON } from 'mongodb';
import type { RowListener } from '../../../../engines/engine';
import { MongodbSections, type BackupOplog } from '../../../../engines/mongodb/proof/sections';
import { compareRows, type Side } from '../../../../task/prove/compare/rows';
import { compareSections } from '../../../../task/prove/compare/sections';
import { archive, bson, end, prelude, segment, type MadeCollection } from '../archive/archive-bytes';

const { Binary, Decimal128, Double, Int32, Long, ObjectId, Timestamp } = BSON;
const OBJECT = { kind: 'dump', format: 'mongodb-archive', databases: ['shop', 'blog'] };
const INT = (value: number) => ({ $numberInt: String(value) });
const ID = { v: INT(2), key: { _id: INT(1) }, name: '_id_' };

const FIRST = {
  ...{ _id: new Int32(1), name: 'Ada', born: new Date(0), price: Decimal128.fromString('1.00'), none: null },
  ...{ data: new Binary(Buffer.from('ab'), 0), count: new Int32(7), half: new Double(0.5), zero: new Double(0) },
  ...{ nan: new Double(NaN), tags: ['a', 'b'], at: new Timestamp({ t: 1, i: 2 }), deep: { b: 1, a: 2 }, isPaid: true },
};
const ORDERS: MadeCollection = {
  ...{ database: 'shop', collection: 'orders' },
  metadata: {
    options: {
      ...{ validator: { name: { $exists: true } }, collation: { locale: 'de' } },
      ...{ capped: true, size: INT(4096), validationAction: 'error' },
    },
    indexes: [
      ID,
      { v: INT(2), key: { name: INT(1), count: INT(-1) }, name: 'by_name', unique: true, sparse: true },
      { v: INT(2), key: { born: INT(1) }, name: 'ttl', expireAfterSeconds: INT(60), collation: { locale: 'fr' } },
      {
        v: INT(2),
        key: { _fts: 'text' },
        name: 'words',
        weights: { name: INT(5) },
        partialFilterExpression: { count: INT(7) },
      },
    ],
  },
  documents: [FIRST, { _id: new Int32(2), name: 'Bob' }, { _id: new Int32(3), name: 'Bob' }],
};
const SERIES: MadeCollection = {
  ...{ database: 'shop', collection: 'heat', type: 'timeseries' },
  metadata: { options: { timeseries: { timeField: 'at', metaField: 'room', granularity: 'hours' } }, indexes: [] },
  documents: [{ _id: new ObjectId('0'.repeat(24)), data: {} }],
};
const VIEW: MadeCollection = {
  ...{ database: 'shop', collection: 'dear', type: 'view', documents: [] },
  metadata: {
    options: { viewOn: 'orders', pipeline: [{ $match: { count: INT(7) } }, { $sort: { name: INT(1) } }] },
    indexes: [],
  },
};
const EMPTY: MadeCollection = {
  database: 'blog',
  collection: 'empty',
  metadata: { options: {}, indexes: [ID] },
  documents: [],
};
const USERS: MadeCollection = { database: 'admin', collection: 'system.users', documents: [{ _id: 'admin.x' }] };
const ALL = [ORDERS, SERIES, VIEW, EMPTY, USERS];

function reading(oplog: BackupOplog, bytes: Buffer, rows?: RowListener, mostKeys?: number): MongodbSections {
  const reader = new MongodbSections(oplog, OBJECT, rows, mostKeys);
  for (let at = 0; at < bytes.length; at += 100) reader.see(bytes.subarray(at, at + 100));
  return reader;
}

/** Compares as a restore test does. */
async function compare(backup: Buffer, restored: Buffer, mostKeys?: number) {
  const oplog: BackupOplog = {};
  const reader = reading(oplog, backup, undefined, mostKeys);
  const [before, { left }] = [reader.end(), reader];
  const compared = compareSections(before, reading(oplog, restored).end());
  const rows = await compareRows(compared.rows, {
    read: (side: Side, listener: RowListener) =>
      Promise.resolve(void reading(oplog, side === 'backup' ? backup : restored, listener).end()),
    keyOf: () => ['_id'],
  });
  const leftOut = Object.fromEntries(left.map(({ why, objects }) => [why, objects]));
  return { differences: [...compared.differences, ...rows], left: leftOut };
}
const differences = async (backup: Buffer, restored: Buffer) => (await compare(backup, restored)).differences;

const orders = (change: Partial<MadeCollection>) => archive([{ ...ORDERS, ...change }, ...ALL.slice(1)]);
const first = (change: BSON.Document) => orders({ documents: [{ ...FIRST, ...change }, ...ORDERS.documents.slice(1)] });
const omit = (document: BSON.Document, field: string): BSON.Document =>
  Object.fromEntries(Object.entries(document).filter(([name]) => name !== field));
const without = (name: string) => orders({ documents: [omit(FIRST, name), ...ORDERS.documents.slice(1)] });
const { options, indexes } = ORDERS.metadata as { options: BSON.Document; indexes: BSON.Document[] };
const option = (change: BSON.Document) =>
  orders({
    metadata: {
      indexes,
      options: BSON.EJSON.deserialize(BSON.EJSON.serialize({ ...options, ...change })) as BSON.Document,
    },
  });
const index = (name: string, change: (index: BSON.Document) => BSON.Document | undefined) =>
  orders({ metadata: { options, indexes: indexes.flatMap((one) => (one.name === name ? (change(one) ?? []) : one)) } });
const lost = (name: string, fact: string) => index(name, (one) => omit(one, fact));
const lostOption = (name: string) => orders({ metadata: { indexes, options: omit(options, name) } });
const view = (change: BSON.Document) =>
  archive([
    ORDERS,
    SERIES,
    { ...VIEW, metadata: { indexes: [], options: { ...VIEW.metadata!.options, ...change } } },
    EMPTY,
    USERS,
  ]);
const series = (change: BSON.Document) =>
  archive([ORDERS, { ...SERIES, metadata: { indexes: [], options: { timeseries: change } } }, VIEW, EMPTY, USERS]);
const stages = VIEW.metadata!.options.pipeline as BSON.Document[];
const [one, two, three] = ORDERS.documents as [BSON.Document, BSON.Document, BSON.Document];
const cut = archive(ALL).subarray(0, -30);
const swapped = Buffer.concat([
  prelude(ALL),
  segment(ORDERS, [two, one, three]),
  end(ORDERS),
  archive(ALL).subarray(prelude(ALL).length + segment(ORDERS, ORDERS.documents).length + end(ORDERS).length),
]);

test.each<[string, Buffer]>([
  ['an int32 that became an int64', first({ count: new Long(7) })],
  ['an int32 that became a double', first({ count: new Double(7) })],
  ['a double that became an int32', first({ half: new Int32(0) })],
  ['the last digit of a double', first({ half: new Double(0.5000000000000001) })],
  ['a zero that became negative', first({ zero: new Double(-0) })],
  ['no number that became one', first({ nan: new Double(0) })],
  ['the scale of a decimal', first({ price: Decimal128.fromString('1.0') })],
  ['a date that became a text', first({ born: '1970-01-01T00:00:00Z' })],
  ['a date that a time zone shifted', first({ born: new Date(3_600_000) })],
  ['a timestamp', first({ at: new Timestamp({ t: 1, i: 3 }) })],
  ['another subtype of binary data', first({ data: new Binary(Buffer.from('ab'), 4) })],
  ['a byte of binary data', first({ data: new Binary(Buffer.from('ac'), 0) })],
  ['null that became missing', without('none')],
  ['missing that became null', first({ more: null })],
  ['a text that was cut', first({ name: 'Ad' })],
  ['a text with spaces', first({ name: 'Ada ' })],
  ['a flipped boolean', first({ isPaid: false })],
  ['the order of fields in a document', first({ deep: { a: 2, b: 1 } })],
  ['the order of an array', first({ tags: ['b', 'a'] })],
  ['a field of another name', first({ deep: { b: 1, c: 2 } })],
  ['a document that is missing', orders({ documents: [one, two] })],
  ['a document that is there twice', orders({ documents: [one, two, three, three] })],
  ['two keys that were exchanged', orders({ documents: [{ ...one, _id: two._id }, { ...two, _id: one._id }, three] })],
  [
    'two values that were exchanged between documents',
    orders({ documents: [{ ...one, name: 'Bob' }, { ...two, name: 'Ada' }, three] }),
  ],
  ['a collection without its documents', orders({ documents: [] })],
  ['a collection that is missing', archive(ALL.slice(1))],
  ['an empty collection that is missing', archive([ORDERS, SERIES, VIEW, USERS])],
  ['a collection too many', archive([...ALL, { ...EMPTY, collection: 'more' }])],
  ['an index that is missing', index('by_name', () => undefined)],
  ['an index that is not unique any more', lost('by_name', 'unique')],
  ['an index that is not sparse any more', lost('by_name', 'sparse')],
  [
    'the order of the fields of an index',
    index('by_name', (all) => ({ ...all, key: { count: INT(-1), name: INT(1) } })),
  ],
  ['the direction of an index', index('by_name', (all) => ({ ...all, key: { name: INT(1), count: INT(1) } }))],
  ['documents that do not expire any more', lost('ttl', 'expireAfterSeconds')],
  ['documents that expire later', index('ttl', (all) => ({ ...all, expireAfterSeconds: INT(61) }))],
  ['the collation of an index', lost('ttl', 'collation')],
  ['the filter of a partial index', lost('words', 'partialFilterExpression')],
  ['weights of a text index', index('words', (all) => ({ ...all, weights: { name: INT(1) } }))],
  ['a validator that was lost', lostOption('validator')],
  ['a validator that only warns', option({ validationAction: 'warn' })],
  ['a collation that was lost', lostOption('collation')],
  ['a collection that is not capped any more', lostOption('capped')],
  ['a capped collection of another size', option({ size: INT(8192) })],
  [
    'a time series that is none any more',
    archive([ORDERS, { ...SERIES, type: 'collection', metadata: { options: {}, indexes: [] } }, VIEW, EMPTY, USERS]),
  ],
  ['another field of time', series({ timeField: 'when', metaField: 'room', granularity: 'hours' })],
  ['another granularity', series({ timeField: 'at', metaField: 'room', granularity: 'seconds' })],
  ['a bucket that is missing', archive([ORDERS, { ...SERIES, documents: [] }, VIEW, EMPTY, USERS])],
  ['a view of another collection', view({ viewOn: 'other' })],
  ['another order of the stages of a view', view({ pipeline: stages.toReversed() })],
  ['a view that is missing', archive([ORDERS, SERIES, EMPTY, USERS])],
  ['a view that became a collection', archive([ORDERS, SERIES, { ...VIEW, type: 'collection' }, EMPTY, USERS])],
  ['an archive that was cut', cut],
  ['an archive that was cut between blocks', archive(ALL).subarray(0, -end(USERS).length)],
  ['swapped documents under a checksum', swapped],
  ['the data of an older backup', archive([{ ...ORDERS, documents: [one] }, ...ALL.slice(1)])],
])('%s is seen', async (_, restored) => {
  await expect(differences(archive(ALL), restored)).resolves.not.toEqual([]);
});

test('the same in another order, of blocks, collections and documents, is no difference; nor are users', async () => {
  const { documents } = ORDERS;
  const mixed = Buffer.concat([
    ...[prelude([EMPTY, VIEW, ORDERS, SERIES]), segment(ORDERS, documents.slice(2)), segment(SERIES, SERIES.documents)],
    ...[end(SERIES), segment(ORDERS, documents.slice(0, 2)), end(ORDERS, [documents[2]!, ...documents.slice(0, 2)])],
    ...[end(EMPTY), end(VIEW)],
  ]);
  await expect(differences(archive(ALL), mixed)).resolves.toEqual([]);
});

test('a difference says which document, and which field of it', async () => {
  await expect(differences(archive(ALL), first({ count: new Long(7) }))).resolves.toEqual([
    {
      ...{ check: 'sections', object: 'collection shop.orders', kind: 'rows', rows: { differing: 1, of: 3 } },
      first: { key: '_id {"$numberInt":"1"}', column: 'count' },
    },
  ]);
  await expect(differences(archive(ALL), lost('by_name', 'unique'))).resolves.toEqual([
    { check: 'sections', object: 'index shop.orders.by_name', kind: 'changed', expected: 'unique: true' },
  ]);
});

test('an archive of a newer format is not tested', () => {
  expect(() => reading({}, archive(ALL, { version: '0.2' })).end()).toThrow('update cdk-proven-backups');
});

test('a key that is no valid UTF-8 is told as far as it can be', async () => {
  const document = bson({ _id: 'ab' });
  document.fill(0xff, document.indexOf('ab'), document.indexOf('ab') + 1);
  await expect(differences(orders({ documents: [document] }), orders({ documents: [] }))).resolves.toMatchObject([
    { object: 'collection shop.orders', kind: 'rows', first: { key: '_id "\ufffdb"' } },
  ]);
});

describe('with an oplog', () => {
  const log = (...entries: BSON.Document[]): MadeCollection => ({
    database: '',
    collection: 'oplog',
    documents: entries,
  });
  const id = (value: number) => ({ _id: new Int32(value) });
  const backup = (...entries: BSON.Document[]) => archive([...ALL, log(...entries)]);
  const UPDATE = { op: 'u', ns: 'shop.orders', o: { $v: 2, diff: {} }, o2: id(2) };
  const DELETE = { op: 'd', ns: 'shop.orders', o: id(3) };
  const changed = orders({ documents: [one, { ...two, name: 'Eve' }] });

  test('only the documents that it leaves alone are compared', async () => {
    await expect(differences(backup(UPDATE, DELETE), changed)).resolves.toEqual([]);
    const transaction = { op: 'c', ns: 'admin.$cmd', o: { applyOps: [UPDATE, DELETE] } };
    await expect(differences(backup(transaction), changed)).resolves.toEqual([]);
    await expect(differences(backup({ op: 'n', ns: '', o: {} }), archive(ALL))).resolves.toEqual([]);
    const all = orders({ documents: [] });
    await expect(differences(backup(UPDATE, DELETE, { ...DELETE, o: id(1) }), all)).resolves.toEqual([]);
  });

  test('the others may not differ', async () => {
    await expect(differences(backup(UPDATE), changed)).resolves.toMatchObject([{ object: 'collection shop.orders' }]);
    const other = orders({ documents: [{ ...one, count: 8 }, two, three] });
    await expect(differences(backup(UPDATE, DELETE), other)).resolves.toMatchObject([
      { object: 'collection shop.orders' },
    ]);
    const lostIndex = index('ttl', () => undefined);
    await expect(differences(backup(UPDATE), lostIndex)).resolves.toMatchObject([{ object: 'index shop.orders.ttl' }]);
  });

  const ORDERS_ROWS = 'collection shop.orders';

  test('what it creates or drops is left out, and told', async () => {
    const create = { op: 'c', ns: 'shop.$cmd', o: { create: 'more' } };
    const restored = archive([...ALL, { ...EMPTY, database: 'shop', collection: 'more' }]);
    await expect(compare(backup(create), restored)).resolves.toEqual({
      differences: [],
      left: { reshaped: ['collection shop.more'] },
    });
    const drop = { op: 'c', ns: 'blog.$cmd', o: { drop: 'empty' } };
    const reshaped = { differences: [], left: { reshaped: ['collection blog.empty'] } };
    await expect(compare(backup(drop), archive([ORDERS, SERIES, VIEW]))).resolves.toEqual(reshaped);
    const dropAll = { op: 'c', ns: 'blog.$cmd', o: { dropDatabase: 1 } };
    await expect(compare(backup(dropAll), archive([ORDERS, SERIES, VIEW]))).resolves.toEqual(reshaped);
    const bucket = { op: 'i', ns: 'shop.system.buckets.heat', o: { _id: new ObjectId('1'.repeat(24)) } };
    const more = archive([ORDERS, { ...SERIES, documents: [...SERIES.documents, bucket.o] }, VIEW, EMPTY]);
    await expect(differences(backup(bucket), more)).resolves.toEqual([]);
  });

  test('a view that it makes is left out, too', async () => {
    const made = { op: 'i', ns: 'shop.system.views', o: { _id: 'shop.more', viewOn: 'orders', pipeline: [] } };
    await expect(compare(backup(made), archive([...ALL, { ...VIEW, collection: 'more' }]))).resolves.toEqual({
      differences: [],
      left: { reshaped: ['collection shop.more'] },
    });
  });

  test.each<[string, BSON.Document]>([
    ['indexes', { createIndexes: 'orders', v: 2, key: { count: 1 }, name: 'more' }],
    ['indexes that are dropped', { dropIndexes: 'orders', index: 'ttl' }],
    ['options', { collMod: 'orders', validator: {} }],
  ])('of a collection whose %s it changes, the documents are compared', async (_, o) => {
    const log = backup({ op: 'c', ns: 'shop.$cmd', o });
    const redefined = orders({ metadata: { options: {}, indexes: [ID] } });
    const left = { redefined: [ORDERS_ROWS] };
    await expect(compare(log, redefined)).resolves.toEqual({ differences: [], left });
    const lost = orders({ metadata: { options: {}, indexes: [ID] }, documents: [one, two] });
    await expect(compare(log, lost)).resolves.toMatchObject({ differences: [{ object: ORDERS_ROWS }], left });
    await expect(compare(log, archive(ALL.slice(1)))).resolves.toMatchObject({
      differences: [{ object: ORDERS_ROWS }],
    });
  });

  test('documents that it changes are told; with too many of them, none of the collection is compared', async () => {
    await expect(compare(backup(UPDATE, DELETE), changed)).resolves.toMatchObject({
      left: { 'written-meanwhile': [ORDERS_ROWS] },
    });
    const none = orders({ documents: [] });
    const left = { 'too-many-written': [ORDERS_ROWS] };
    await expect(compare(backup(UPDATE, DELETE), none, 1)).resolves.toEqual({ differences: [], left });
    await expect(compare(backup(UPDATE, DELETE), archive(ALL.slice(1)), 1)).resolves.toMatchObject({
      differences: [{ object: 'definition of collection shop.orders', kind: 'missing' }, {}, {}, {}, {}],
    });
    const lostBucket = archive([ORDERS, { ...SERIES, documents: [] }, VIEW, EMPTY, USERS]);
    await expect(compare(backup(UPDATE, DELETE), lostBucket, 1)).resolves.toMatchObject({
      differences: [{ object: 'collection shop.heat' }],
    });
  });

  test('a document with a field applyOps is no transaction', async () => {
    const insert = { op: 'i', ns: 'shop.orders', o: { ...id(4), applyOps: [{ op: 'i', ns: 'blog.empty', o: id(5) }] } };
    await expect(compare(backup(insert), orders({ documents: [...ORDERS.documents, insert.o] }))).resolves.toEqual({
      differences: [],
      left: { 'written-meanwhile': [ORDERS_ROWS] },
    });
  });
});
