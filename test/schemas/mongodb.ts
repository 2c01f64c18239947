import { BSON, type Document, type MongoClient } from 'mongodb';

const { Binary, BSONRegExp, Code, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } = BSON;

/** Names that break shells, paths and patterns. */
export const AWKWARD_NAME = 'Größe: "a" \\b/c';

/** A document of every type that FerretDB stores, and values that a careless copy changes. */
export const VALUES: Document = {
  _id: new ObjectId('0123456789abcdef01234567'),
  ...{ int: new Int32(1), long: Long.fromInt(1), double: new Double(1), decimal: Decimal128.fromString('1.10') },
  ...{ largest: Long.MAX_VALUE, date: new Date(-1), nothing: null, yes: true, text: 'é\u0000😀', empty: '' },
  ...{ nan: new Double(NaN), infinity: new Double(-Infinity), zero: new Double(-0) },
  ...{
    stamp: new Timestamp({ t: 1, i: 2 }),
    low: new MinKey(),
    high: new MaxKey(),
    expression: new BSONRegExp('^a', 'i'),
  },
  ...{
    uuid: new UUID('00112233-4455-6677-8899-aabbccddeeff'),
    bytes: new Binary(Buffer.from([0, 255])),
    code: new Code('x'),
  },
  ...{ list: [1, [2, {}], []], deep: { b: { a: 1 }, a: {} } },
};

/** Databases of {@link loadMongodbSchema}. */
export const MONGODB_DATABASES = ['blog', 'shop'];

/** Fills a server with all that FerretDB keeps: values of every type, keys of many types, and indexes of every kind. */
export async function loadMongodbSchema(client: MongoClient): Promise<void> {
  const shop = client.db('shop');
  await shop.collection('values').insertOne(VALUES);
  const keys = [new Int32(1), '1', new Date(1), { b: 1, a: 2 }, true, new Binary(Buffer.from([1])), null];
  await shop.collection<Document>('keys').insertMany(keys.map((_id, n) => ({ _id, n })) as Document[]);
  const orders = shop.collection(AWKWARD_NAME);
  await orders.insertMany(Array.from({ length: 3000 }, (_, n) => ({ n, text: 'x'.repeat(500), even: n % 2 === 0 })));
  await orders.createIndex({ n: 1, text: -1 }, { unique: true, name: 'both' });
  await orders.createIndex({ n: 1 }, { partialFilterExpression: { even: true } });
  await orders.createIndex({ when: 1 }, { expireAfterSeconds: 3600 });
  await orders.createIndex({ sometimes: 1 }, { sparse: true });
  await orders.createIndex({ 'address.city': 'hashed' });
  await orders.createIndex({ '$**': 1 }, { name: 'all fields' });
  const texts = shop.collection('texts');
  await texts.insertOne({ text: 'Übermut' });
  // As a restore writes it: FerretDB gives other options to another spelling.
  await texts.createIndex(
    { _fts: 'text', _ftsx: 1 },
    { name: 'texts', weights: { text: 3 }, default_language: 'german' },
  );
  await shop.collection('places').insertMany([{ at: [9, 48] }, { at: [13, 52] }]);
  await shop.collection('places').createIndex({ at: '2dsphere' });
  await shop.createCollection('empty');
  await client
    .db('blog')
    .collection('posts')
    .insertMany([{ title: 'one' }, { title: 'two' }]);
}
