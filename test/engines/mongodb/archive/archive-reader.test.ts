import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BSON } from 'mongodb';
import { ArchiveError, ArchiveReader, type ArchiveContents } from '../../../../engines/mongodb/archive/archive-reader';
import { TERMINATOR } from '../../../../engines/mongodb/archive/archive-parser';
import { Crc64 } from '../../../../engines/mongodb/archive/crc64';
import { archive, bson, end, prelude, segment, type MadeCollection } from './archive-bytes';

const ORDERS: MadeCollection = {
  ...{ database: 'shop', collection: 'orders', metadata: { indexes: [], options: {} } },
  documents: [{ _id: 1, note: 'bücher' }, { _id: 2 }, { _id: 3, data: new BSON.Binary(Buffer.alloc(40, 255)) }],
};
const EMPTY: MadeCollection = { database: 'shop', collection: 'empty', documents: [] };
const VIEW: MadeCollection = { database: 'shop', collection: 'big', type: 'view', documents: [] };
const SERIES: MadeCollection = { database: 'shop', collection: 'heat', type: 'timeseries', documents: [{ _id: 9 }] };
const OPLOG: MadeCollection = { database: '', collection: 'oplog', type: '', documents: [{ op: 'n' }] };
const ALL = [ORDERS, EMPTY, VIEW, SERIES, OPLOG];

/** Collections that were dumped at once: their blocks alternate. */
const mixed = Buffer.concat([
  prelude(ALL),
  ...[segment(ORDERS, ORDERS.documents.slice(0, 1)), segment(SERIES, []), segment(ORDERS, ORDERS.documents.slice(1))],
  ...[end(ORDERS), segment(SERIES, SERIES.documents), end(EMPTY), end(VIEW), end(SERIES)],
  ...[segment(OPLOG, OPLOG.documents), end(OPLOG)],
]);

function read(bytes: Buffer, chunkBytes = bytes.length, reader = new ArchiveReader()): ArchiveContents {
  for (let offset = 0; offset < bytes.length; offset += chunkBytes)
    reader.see(bytes.subarray(offset, offset + chunkBytes));
  return reader.end();
}

function faultOf(bytes: Buffer): ArchiveError {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
  throw new Error('no fault');
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes);
  return length;
}

test('the checksum is that of the tools', () => {
  const crc = new Crc64();
  expect(crc.value).toBe(0n);
  crc.add(Buffer.from('1234'));
  crc.add(Buffer.from('x56789'), 1);
  // https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-64-xz
  expect(crc.value).toBe(0x995dc9bbdf1939fan);
  const [whole, parts] = [new Crc64(), new Crc64()];
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * 7919) & 255));
  whole.add(bytes);
  for (let at = 0; at < bytes.length; at += 13) parts.add(bytes, at, Math.min(at + 13, bytes.length));
  expect(parts.value).toBe(whole.value);
});

test('a whole archive passes, however it is cut into chunks', () => {
  for (const bytes of [archive(ALL), mixed])
    for (const chunkBytes of [1, 2, 3, 5, 7, 64, bytes.length]) {
      const { namespaces } = read(bytes, chunkBytes);
      expect(
        namespaces.map(({ database, collection, type, documents }) => [database, collection, type, documents]),
      ).toEqual([
        ['shop', 'orders', 'collection', 3],
        ['shop', 'empty', 'collection', 0],
        ['shop', 'big', 'view', 0],
        ['shop', 'heat', 'timeseries', 1],
        ['', 'oplog', 'collection', 1],
      ]);
      expect(namespaces[0]!.metadata).toBe('{"indexes":[],"options":{}}');
    }
});

test('the documents are heard, whole, of the collections that are wanted', () => {
  for (const chunkBytes of [1, 11, mixed.length]) {
    const heard: unknown[] = [];
    const reader = new ArchiveReader({
      wants: ({ collection }) => collection !== 'oplog',
      document: ({ collection }, bytes) => heard.push([collection, BSON.deserialize(bytes)._id]),
    });
    const { namespaces } = read(mixed, chunkBytes, reader);
    expect(heard).toEqual([
      ['orders', 1],
      ['orders', 2],
      ['orders', 3],
      ['heat', 9],
    ]);
    expect(namespaces.map(({ documents }) => documents)).toEqual([3, 0, 0, 1, 1]);
  }
});

test('an archive cut at any byte is found out', () => {
  for (const bytes of [archive(ALL), mixed])
    for (let length = 0; length < bytes.length; length++)
      expect(faultOf(bytes.subarray(0, length))).toMatchObject({ fault: 'cut', offset: length });
});

test('a changed bit of a document or of its checksum is found out', () => {
  const bytes = archive([ORDERS]);
  const begin = prelude([ORDERS]).length + segment(ORDERS, []).length - TERMINATOR.length;
  for (let at = begin; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 0x10;
    expect(() => read(changed)).toThrow(ArchiveError);
  }
});

test.each<[string, Buffer, string]>([
  ['nothing', Buffer.alloc(0), 'it ends too early, at byte 0'],
  ['something else', Buffer.from('PGDMP-something'), 'it does not begin as an archive of mongodump does'],
  ['another format', archive([ORDERS], { version: '0.2' }), 'its format is 0.2, and this program reads 0.1'],
  ['two terminators', Buffer.concat([archive([ORDERS]), TERMINATOR]), 'a block has no header'],
  [
    'a collection that is not announced',
    Buffer.concat([archive([ORDERS]), segment(EMPTY, [])]),
    'it has shop.empty, which',
  ],
  [
    'more of a collection that is over',
    Buffer.concat([archive([ORDERS]), segment(ORDERS, [])]),
    'shop.orders goes on after',
  ],
  [
    'swapped documents',
    Buffer.concat([prelude([ORDERS]), segment(ORDERS, ORDERS.documents.toReversed()), end(ORDERS)]),
    'shop.orders is not as its checksum says',
  ],
  [
    'a document less',
    Buffer.concat([prelude([ORDERS]), segment(ORDERS, ORDERS.documents.slice(1)), end(ORDERS)]),
    'shop.orders is not as its checksum says',
  ],
  [
    'a collection that is missing',
    Buffer.concat([prelude(ALL), segment(ORDERS, ORDERS.documents), end(ORDERS)]),
    'it ends before shop.empty is complete',
  ],
  [
    'a document without a collection',
    Buffer.concat([archive([ORDERS]).subarray(0, -4), bson({}), TERMINATOR]),
    'a document has no collection',
  ],
  [
    'a document that is too short',
    Buffer.concat([prelude([ORDERS]), segment(ORDERS, [Buffer.from([4, 0, 0, 0])])]),
    '4 is no length of a document',
  ],
  [
    'an entry of the oplog that no tool loads',
    Buffer.concat([prelude([OPLOG]), segment(OPLOG, [lengthOf(2 ** 24 + 1)])]),
    'a document has 16777217 bytes, more than the 16 MiB that mongorestore reads',
  ],
  [
    'a length that no document has',
    Buffer.concat([prelude([OPLOG]), segment(OPLOG, [lengthOf(2 ** 25)])]),
    '33554432 is no length of a document',
  ],
])('%s is told', (_, bytes, said) => {
  expect(() => read(bytes)).toThrow(said);
});

test('an archive is read in constant memory', () => {
  const one = { _id: 1, text: 'x'.repeat(500) };
  const thousand = segment(
    ORDERS,
    Array.from({ length: 1000 }, () => one),
  );
  const reader = new ArchiveReader();
  reader.see(prelude([ORDERS]));
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const collect = () => void (gc(), gc());
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 50; round++) reader.see(Buffer.from(thousand));
  collect();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * thousand.length);
});
