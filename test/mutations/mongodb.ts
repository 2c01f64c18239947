import * as path from 'node:path';
import { BSON, type Document, type MongoClient } from 'mongodb';
import { archive, collectionsOf, type MadeCollection } from '../engines/mongodb/archive/archive-bytes';
import { MongodbScene } from '../restore/mongodb-scene';
import { mongodStandIn } from '../servers/mongod';
import { sameForAll, type Damage, type Damages } from './kinds';
import { underLoad, type Subject } from './subject';
import { inTurn } from './turns';

const { Binary, Decimal128, Double, EJSON, Int32, Long, ObjectId } = BSON;

const COMMANDS = path.join(__dirname, 'mongodb-commands.cjs');
/* eslint-disable-next-line @typescript-eslint/no-require-imports -- it runs by itself, too */
const { runCommands } = require(COMMANDS) as { runCommands(client: MongoClient, text: string): Promise<void> };

const BOOKS = 400;
const MINUTE = 60_000;
const bookOf = (n: number): Document => ({
  ...{ _id: n, author: 1 + (n % 3), title: `Title ${n}`, price: new Double(n / 7), weight: new Double(1 / n) },
  ...{ amount: Decimal128.fromString(`${n}.10`), stock: new Int32(n), sold: Long.fromInt(n), swap1: n, swap2: n + 1 },
  ...{ moment: new Date(1_700_000_000_000 + n * MINUTE), cover: new Binary(Buffer.from([n % 256, 0x80, 0xff, 0])) },
  ...{ tags: ['a', 'b'], size: { width: n, height: 2 }, ...(n % 4 === 0 && { isbn: `978-${n}` }) },
});
const LOGGED = new ObjectId('0123456789abcdef01234567');

/** What FerretDB keeps of all that MongoDB has. */
async function fill(client: MongoClient): Promise<void> {
  const shop = client.db('shop');
  const insert = (name: string, documents: Document[]) =>
    shop.collection<Document>(name).insertMany(documents as never);
  await insert('author', [
    { _id: 1, name: 'Ada 😀', note: '', born: new Date(-62_135_596_800_000), active: true },
    { _id: 2, name: 'Böb', note: null, born: new Date('1815-12-10'), active: false },
    { _id: 3, name: 'Carl', note: 'end  \r\n', awards: [] },
  ]);
  await insert(
    'book',
    Array.from({ length: BOOKS }, (_, n) => bookOf(n + 1)),
  );
  await insert('log', [
    { _id: LOGGED, a: 1, b: 'same' },
    { a: 1, b: 'same' },
    { a: null, b: '' },
  ]);
  await insert('emptied', [{ _id: 1 }, { _id: 2 }]);
  await insert('odd', [
    { _id: 'nan', value: new Double(NaN) },
    { _id: 'lowest', value: new Double(-Infinity) },
    { _id: 'zero', value: new Double(-0) },
  ]);
  await insert('fs.chunks', [{ _id: 1, files_id: 1, n: 0, data: new Binary(Buffer.alloc(255_000, 'x')) }]);
  await client.db('second').collection<{ _id: number }>('other').insertOne({ _id: 1 });
  const book = shop.collection('book');
  await book.createIndex({ title: 1 }, { unique: true, name: 'by_title' });
  await book.createIndex({ price: -1 }, { partialFilterExpression: { stock: { $gt: 5 } }, name: 'dear' });
  await book.createIndex({ isbn: 1 }, { sparse: true, name: 'isbn' });
  await book.createIndex({ author: 1, moment: -1 }, { name: 'newest' });
  await shop.collection('log').createIndex({ at: 1 }, { expireAfterSeconds: 3600, name: 'expiring' });
}

/** Commands as a text, with the types of their values. */
const commands = (...all: Document[]): string => EJSON.stringify(all, { relaxed: false });
/** By way of another value: FerretDB writes none that is equal, as 1.1 is to 1.10. */
const set = (collection: string, _id: unknown, fields: Document): string => {
  const others = Object.fromEntries(Object.keys(fields).map((name) => [name, 'another']));
  return commands(...[others, fields].map(($set) => ({ update: collection, updates: [{ q: { _id }, u: { $set } }] })));
};
const put = (collection: string, document: Document): string =>
  commands({ update: collection, updates: [{ q: { _id: document._id as unknown }, u: document }] });
const remove = (collection: string, q: Document): string =>
  commands({ delete: collection, deletes: [{ q, limit: 0 }] });
const insert = (collection: string, ...documents: Document[]): string => commands({ insert: collection, documents });
const drop = (collection: string): string => commands({ drop: collection });
const indexed = (collection: string, name: string, key: Document, options: Document = {}): string =>
  commands(
    { dropIndexes: collection, index: name },
    { createIndexes: collection, indexes: [{ key, name, ...options }] },
  );

const write = (round: number): string =>
  commands(
    { insert: 'book', documents: [{ ...bookOf(BOOKS + round), title: `written ${round}` }] },
    { insert: 'log', documents: [{ a: round, b: 'written' }] },
    { update: 'book', updates: [{ q: { author: 1 }, u: { $inc: { stock: 1 } }, multi: true }] },
  );

/** Starts the subject: a server with such databases, and its backup. */
export async function startMongodb(): Promise<Subject> {
  const mongodb = await MongodbScene.start();
  const { scene, client } = mongodb;
  let count = 0;
  const backUp = () => {
    const job = {
      ...mongodb.job(`shop-${++count}`),
      expectations: [
        { kind: 'at-least', statement: '{"count": "book"}', database: 'shop', value: 350 } as const,
        { kind: 'tables', value: 7 } as const,
      ],
    };
    return scene.backUp(job, mongodb.admin);
  };
  const reset = async () => {
    for (const name of ['shop', 'second']) await client.db(name).dropDatabase();
    await fill(client);
  };
  await fill(client);
  const turn = inTurn();
  return {
    scene,
    options: { toolsDirectory: await mongodStandIn(scene.directory) },
    hook: { tool: 'mongodump', client: [process.execPath, COMMANDS, 'SOCKET'] },
    manifest: await backUp(),
    backUpAfter: (sql) =>
      turn(async () => {
        await reset();
        await runCommands(client, sql);
        return backUp();
      }),
    backUpUnderLoad: () =>
      turn(async () => {
        await reset();
        const many = Array.from({ length: 20_000 }, (_, n) => ({ a: n, b: 'x'.repeat(200) }));
        await client.db('shop').collection('log').insertMany(many);
        return underLoad(backUp, (round) => runCommands(client, write(round)));
      }),
    stop: () => mongodb.stop(),
  };
}

const restored = (sql: string): Damage => ({ at: 'restored', sql });
const dump = (sql: string): Damage => ({ at: 'dump', sql });
/** Of what the inventory or a count can tell; no digest tells that the dump has other values than the source. */
const both = (sql: string): readonly Damage[] => [dump(sql), restored(sql)];
/** An archive of which the restored server keeps not all: what FerretDB has not, as if a server had lost it. */
const archived = (change: (all: MadeCollection[]) => MadeCollection[]): Damage => ({
  at: 'stored',
  edit: (bytes) => archive(change(collectionsOf(bytes)), { server_version: '7.0.77' }),
});
const withOptions = (name: string, options: Document): Damage =>
  archived((all) =>
    all.map((one) => (one.collection === name ? { ...one, metadata: { ...one.metadata, options } } : one)),
  );
const made = (collection: string, type: string, options: Document): Damage =>
  archived((all) => [
    { database: 'shop', collection, type, metadata: { indexes: [], options }, documents: [] },
    ...all,
  ]);

const NO_SCHEMA = 'it has no schema of columns';
const NO_KEYS = 'it has no foreign keys';
const NO_PROGRAMS = 'it has no triggers, routines and events';
const NO_ACCOUNTS = 'neither a restore nor its test loads accounts';

/** What can happen to a backup of MongoDB. */
export const MONGODB_DAMAGES: Damages = {
  // An archive that is cut otherwise is none: test/prove/mongodb.test.ts.
  1: { at: 'transit', edit: (bytes) => bytes.subarray(0, -9) },
  2: archived((all) => all.slice(0, -1)),
  3: both(drop('emptied')),
  4: both(remove('emptied', {})),
  5: both(remove('book', { _id: 250 })),
  6: [
    archived((all) =>
      all.map((one) => (one.collection === 'log' ? { ...one, documents: [...one.documents, one.documents[0]!] } : one)),
    ),
    ...both(insert('log', { _id: new ObjectId('0123456789abcdef01234568'), a: 1, b: 'same' })),
  ],
  7: restored(set('book', 99, { title: 'Title 9x' })),
  8: [
    restored(
      commands(
        { delete: 'odd', deletes: [{ q: {}, limit: 0 }] },
        {
          insert: 'odd',
          documents: [
            { _id: 'nan', value: new Double(-Infinity) },
            { _id: 'lowest', value: new Double(NaN) },
            { _id: 'zero', value: new Double(-0) },
          ],
        },
      ),
    ),
    restored(set('book', 77, { swap1: 78, swap2: 77 })),
  ],
  9: [
    restored(set('author', 2, { note: '' })),
    // Null is not nothing, and an empty list is neither.
    restored(commands({ update: 'author', updates: [{ q: { _id: 2 }, u: { $unset: { note: 1 } } }] })),
    restored(commands({ update: 'author', updates: [{ q: { _id: 3 }, u: { $unset: { awards: 1 } } }] })),
    restored(set('author', 1, { note: null })),
  ],
  10: [restored(set('author', 3, { note: 'end\r\n' })), restored(set('author', 3, { note: 'end  \n' }))],
  11: restored(set('author', 1, { name: 'Ada ?' })),
  12: restored(set('author', 2, { name: 'BÃ¶b' })),
  13: 'text of BSON is UTF-8',
  14: [
    restored(set('book', 5, { cover: new Binary(Buffer.from([5, 0x80, 0xff, 0]), Binary.SUBTYPE_USER_DEFINED) })),
    restored(set('book', 5, { cover: new Binary(Buffer.from([5, 0x80, 0xff, 1])) })),
  ],
  15: [restored(set('author', 1, { active: false })), restored(set('author', 1, { active: new Int32(1) }))],
  16: restored(set('book', 7, { weight: new Double(0.14285714285714288) })),
  17: restored(set('book', 1, { amount: Decimal128.fromString('1.1') })),
  18: restored(set('book', 1, { moment: new Date(1_700_000_000_000 + 61 * MINUTE) })),
  19: [
    restored(set('odd', 'lowest', { value: new Double(-Number.MAX_VALUE) })),
    restored(set('odd', 'zero', { value: new Double(0) })),
    restored(set('odd', 'nan', { value: null })),
  ],
  20: 'it has no automatic numbers',
  21: 'it has no automatic numbers',
  22: both(commands({ dropIndexes: 'book', index: 'dear' })),
  23: both(indexed('book', 'by_title', { title: 1 })),
  24: NO_KEYS,
  25: NO_KEYS,
  26: withOptions('book', { validator: { price: { $lt: 1000 } } }),
  27: NO_SCHEMA,
  28: NO_SCHEMA,
  29: [
    restored(set('book', 8, { size: { height: 2, width: 8 } })),
    restored(put('log', { _id: LOGGED, b: 'same', a: 1 })),
  ],
  30: withOptions('author', { collation: { locale: 'de' } }),
  31: NO_PROGRAMS,
  32: NO_PROGRAMS,
  33: NO_PROGRAMS,
  34: NO_PROGRAMS,
  35: NO_PROGRAMS,
  36: made('cheap', 'view', { viewOn: 'book', pipeline: [{ $match: { stock: { $lt: 5 } } }] }),
  37: NO_ACCOUNTS,
  38: NO_ACCOUNTS,
  39: NO_ACCOUNTS,
  40: [restored(set('fs.chunks', 1, { data: new Binary(Buffer.alloc(0)) })), ...both(remove('fs.chunks', { _id: 1 }))],
  41: 'it has no extensions',
  42: 'it has no materialized views',
  43: 'the server of the tests has no shards',
  44: 'it has no system versions',
  45: both(commands({ dropDatabase: 1, $db: 'second' })),
  46: 'it has no types of its own',
  47: [
    dump(indexed('book', 'newest', { moment: -1, author: 1 })),
    ...both(indexed('book', 'isbn', { isbn: 1 })),
    ...both(indexed('book', 'dear', { price: -1 })),
    ...both(indexed('log', 'expiring', { at: 1 }, { expireAfterSeconds: 7200 })),
    ...both(indexed('log', 'expiring', { at: 1 })),
  ],
  48: [
    made('prices', 'timeseries', { timeseries: { timeField: 'at', metaField: 'book' } }),
    withOptions('emptied', { capped: true, size: 4096 }),
  ],
  49: [
    restored(set('book', 9, { stock: Long.fromInt(9) })),
    restored(set('book', 9, { stock: new Double(9) })),
    restored(set('book', 9, { sold: new Int32(9) })),
    restored(set('book', 9, { amount: new Double(9.1) })),
    restored(set('book', 9, { moment: new Date(1_700_000_000_000 + 9 * MINUTE).toISOString() })),
  ],
  50: dump(remove('book', { _id: { $gt: 390 } })),
  ...sameForAll(BOOKS),
  52: dump(commands(...['author', 'book', 'log', 'odd', 'fs.chunks'].map((name) => ({ drop: name })))),
  56: { at: 'source', sql: remove('book', { _id: { $gt: 300 } }) },
  57: 'the server of the tests has files of its own',
  58: 'it has no comments',
};

/** What a restored server may do that changes nothing: documents of another order. */
export const MONGODB_HARMLESS = [
  commands(
    { delete: 'emptied', deletes: [{ q: {}, limit: 0 }] },
    { insert: 'emptied', documents: [{ _id: 2 }, { _id: 1 }] },
  ),
  indexed('book', 'isbn', { isbn: 1 }, { sparse: true }),
];
