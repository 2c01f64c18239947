import { BSON } from 'mongodb';
import { ArchiveReader } from '../../../../engines/mongodb/archive/archive-reader';
import type { Places } from '../../../../engines/mongodb/archive/oplog';
import { ArchiveFilter } from '../../../../engines/mongodb/restore/archive-filter';
import { archive, prelude, type MadeCollection } from '../archive/archive-bytes';

const made = (database: string, collection: string, ...documents: BSON.Document[]): MadeCollection => ({
  ...{ database, collection, documents, metadata: { indexes: [], options: {} } },
});
const ORDERS = made('shop', 'orders', { _id: 1 }, { _id: 2 });
const NOTES = made('shop', 'notes', { _id: 3 });
const POSTS = made('blog', 'posts', { _id: 4 });
const HEAT: MadeCollection = { ...made('shop', 'heat', { _id: 5 }), type: 'timeseries' };
const USERS = made('admin', 'system.users', { _id: 'x' });
/** Names that are numbers would change their places in an object. */
const INSERT = {
  op: 'i',
  ns: 'shop.orders',
  o: new Map<string, unknown>([
    ['_id', 9],
    ['10', 1],
    ['2', 1],
  ]),
};
const ENTRIES = [
  INSERT,
  { op: 'd', ns: 'blog.posts', o: { _id: 4 } },
  { op: 'n', ns: '', o: {} },
  { op: 'c', ns: 'shop.$cmd', o: { create: 'more' } },
  { op: 'c', ns: 'admin.$cmd', o: { applyOps: [INSERT, { op: 'u', ns: 'blog.posts', o: {}, o2: { _id: 4 } }] } },
  { op: 'i', ns: 'shop.system.buckets.heat', o: { _id: 6 } },
];
const OPLOG = { ...made('', 'oplog', ...ENTRIES), metadata: undefined };
const WHOLE = archive([ORDERS, NOTES, POSTS, HEAT, USERS, OPLOG]);

async function filter(bytes: Buffer, places: Places, keepsOplog: boolean, chunkBytes = bytes.length): Promise<Buffer> {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const passed: Buffer[] = [];
  for await (const chunk of new ArchiveFilter(places, keepsOplog).filter(chunks())) passed.push(chunk);
  return Buffer.concat(passed);
}

/** What an archive has, its oplog apart. The reader checks the checksums. */
function contentsOf(bytes: Buffer) {
  const entries: BSON.Document[] = [];
  const reader = new ArchiveReader({
    wants: ({ database }) => database === '',
    document: (_, entry) => entries.push(BSON.deserialize(entry)),
  });
  reader.see(bytes);
  const { namespaces } = reader.end();
  const names = namespaces.map(({ database, collection, documents }) => `${database}.${collection} ${documents}`);
  return { names: names.filter((name) => !name.startsWith('.')), entries };
}

test('what is passed on as a whole stays as it is, byte by byte', async () => {
  for (const chunkBytes of [1, 7, 100, WHOLE.length])
    expect(await filter(WHOLE, (database) => database, false, chunkBytes)).toEqual(
      archive([ORDERS, NOTES, POSTS, HEAT, USERS]),
    );
});

test('collections are left out, and databases get other names', async () => {
  const places: Places = (database, collection) =>
    database === 'shop' && collection !== 'notes' ? 'rescued' : undefined;
  for (const chunkBytes of [1, 7, WHOLE.length])
    expect(contentsOf(await filter(WHOLE, places, false, chunkBytes)).names).toEqual([
      'rescued.orders 2',
      'rescued.heat 1',
    ]);
});

test('the oplog follows: operations of what is left out are, too, within transactions as well', async () => {
  const shop = await filter(WHOLE, (database) => (database === 'shop' ? 'rescued' : undefined), true, 50);
  expect(contentsOf(shop)).toEqual({
    names: ['rescued.orders 2', 'rescued.notes 1', 'rescued.heat 1'],
    entries: [
      { op: 'i', ns: 'rescued.orders', o: { 2: 1, 10: 1, _id: 9 } },
      { op: 'c', ns: 'rescued.$cmd', o: { create: 'more' } },
      { op: 'c', ns: 'admin.$cmd', o: { applyOps: [{ op: 'i', ns: 'rescued.orders', o: { 2: 1, 10: 1, _id: 9 } }] } },
      { op: 'i', ns: 'rescued.system.buckets.heat', o: { _id: 6 } },
    ],
  });
  // Its documents keep the order of their fields.
  expect(shop.includes(Buffer.from(BSON.serialize(INSERT.o)))).toBe(true);
});

/** Entries of the oplog as they are passed on. */
const passed = async (entries: BSON.Document[], places: Places = (database) => `${database}2`) =>
  contentsOf(await filter(archive([{ ...OPLOG, documents: entries }]), places, true)).entries;

test('a prepared transaction keeps the entry that ends it, and the parts of a large one stay together', async () => {
  const transaction = { lsid: { id: 1 }, txnNumber: BSON.Long.fromNumber(2) };
  const of = (o: BSON.Document) => ({ ...transaction, op: 'c', ns: 'admin.$cmd', o });
  const own = { op: 'i', ns: 'shop.orders', o: { _id: 7 } };
  const others = { op: 'i', ns: 'blog.posts', o: { _id: 8 } };
  const entries = [
    of({ applyOps: [others], partialTxn: true }),
    of({ applyOps: [own], prepare: true }),
    of({ commitTransaction: 1, commitTimestamp: new BSON.Timestamp({ t: 1, i: 1 }), prepared: true }),
    of({ abortTransaction: 1 }),
  ];
  const onlyShop: Places = (database) => (database === 'shop' ? 'shop' : undefined);
  const found = await passed(entries, onlyShop);
  expect(found.map(({ o }) => o as unknown)).toEqual([
    { applyOps: [], partialTxn: true },
    { applyOps: [own], prepare: true },
    expect.objectContaining({ commitTransaction: 1, prepared: true }),
    { abortTransaction: 1 },
  ]);
  expect(found.every(({ txnNumber }) => txnNumber === 2)).toBe(true);
});

test('a view and a time series that are made meanwhile get the name of their new database', async () => {
  const view = (name: string) => ({ op: 'i', ns: 'shop.system.views', o: { _id: `shop.${name}`, viewOn: 'orders' } });
  const update = { op: 'u', ns: 'shop.system.views', o: { $v: 2, diff: {} }, o2: { _id: 'shop.dear' } };
  const bucket = { op: 'c', ns: 'shop.$cmd', o: { create: 'system.buckets.heat' } };
  const renamed = [
    { op: 'i', ns: 'shop2.system.views', o: { _id: 'shop2.dear', viewOn: 'orders' } },
    { ...update, ns: 'shop2.system.views', o2: { _id: 'shop2.dear' } },
    { ...bucket, ns: 'shop2.$cmd' },
    { op: 'i', ns: 'shop2.system.views', o: { _id: 'shop2.heat', viewOn: 'orders' } },
  ];
  expect(await passed([view('dear'), update, bucket, view('heat')])).toEqual(renamed);
  const onlyHeat: Places = (database, collection) => (collection === 'heat' ? `${database}2` : undefined);
  expect(await passed([view('dear'), update, bucket, view('heat')], onlyHeat)).toEqual(renamed.slice(2));
});

test('a document with a field applyOps is no transaction', async () => {
  const insert = { op: 'i', ns: 'shop.orders', o: { _id: 1, applyOps: [{ op: 'i', ns: 'blog.posts', o: {} }, 5] } };
  expect(await passed([insert], (database) => (database === 'shop' ? 'shop' : undefined))).toEqual([insert]);
});

test('of what is damaged, the parts before it are passed on, and nothing of it', async () => {
  const damaged = archive([ORDERS, NOTES]);
  const at = archive([ORDERS]).length - prelude([ORDERS]).length + prelude([ORDERS, NOTES]).length;
  damaged.writeUInt32LE(2, at);
  expect(await filter(damaged, (database) => database, true, 1)).toEqual(damaged.subarray(0, at));
});
