import { MONGORESTORE_TALK, underWay, withoutData } from '../../../engines/mongodb/restore/mongorestore';
import { mongodumpTalk } from '../../../engines/mongodb/talk';

const AT = '2026-11-30T20:50:33.102+0000\t';

// The tools put names between backquotes since 100.16, and what has backquotes itself between quotes.
test.each([
  ['writing shop.orders to archive on stdout', 'shop.orders'],
  ['writing `shop.orders` to archive on stdout', 'shop.orders'],
  ['writing `shop.orders` to `archive on stdout`', 'shop.orders'],
  ['writing `shop.a "b" to c` to `archive on stdout`', 'shop.a "b" to c'],
  ['writing "shop.a`b" to `archive on stdout`', 'shop.a`b'],
  ['done dumping shop.orders (3 documents)', true],
  ['done dumping `shop.orders` (1 document)', true],
  ['done dumping "shop.a`b" (3 documents)', true],
  ['writing captured oplog to ', true],
  ['writing captured oplog to ``', true],
  ['writing captured oplog to `archive on stdout`', true],
  ['\tdumped 1 oplog entry', true],
  ['\tdumped 12 oplog entries', true],
  ['excluding MongoDB internal database `__mdb_internal_search`', true],
  ['excluding MongoDB internal database `shop`', false],
  ['[##########..............]  shop.orders  21000/50000  (42.0%)', true],
  ['shop.orders  42', true],
  // Behind the bars of several collections, in a dump of more than three seconds.
  ['', true],
  ['writing `shop.orders` to `elsewhere`', false],
  ['the collection `shop.orders` appears to have been dropped after the dump started', false],
  ['error reading collection: connection closed', false],
])('of mongodump: %j', (line, talk) => {
  expect(mongodumpTalk(`${AT}${line}`)).toBe(talk);
});

test.each([
  ['restoring shop.orders from archive on stdin', 'shop.orders'],
  ['restoring `shop.orders` from archive on stdin', 'shop.orders'],
  ['restoring `shop.orders` from `archive on stdin`', 'shop.orders'],
  ['restoring "shop.a`b" from `archive on stdin`', 'shop.a`b'],
  ['preparing collections to restore from', undefined],
  ['reading metadata for shop.orders from archive on stdin', undefined],
  ['reading metadata for `shop.orders` from `archive on stdin`', undefined],
  ['finished restoring `shop.orders` (3 documents, 0 failures)', undefined],
  ['restoring indexes for collection `shop.orders` from metadata', undefined],
  ['no indexes to restore for collection `shop.orders`', undefined],
  ['don\'t know what to do with subdirectory "oplog", skipping...', undefined],
  ["don't know what to do with subdirectory `shop/oplog`, skipping...", undefined],
  ['WARNING: This archive came from MongoDB `7.0.1`, but you are restoring to `8.0.1`. Cross-version', undefined],
  ['restoring to existing collection `shop.orders` without dropping', undefined],
  ['autoIndexId is not allowed in server versions >= 8.2.0. Removing.', undefined],
  ['{autoIndexId: false} is not allowed in server versions >= 4.0. Changing to {autoIndexId: true}.', undefined],
  ['3 document(s) restored successfully. 0 document(s) failed to restore.', undefined],
  ['[##########..............]  shop.orders  1.00MB/2.00MB  (50.0%)', undefined],
  ['shop.orders  48.2MB', undefined],
  ['', undefined],
])('of mongorestore: %j', (line, table) => {
  expect(MONGORESTORE_TALK.test(`${AT}${line}`)).toBe(true);
  expect(underWay(`${AT}${line}`)).toBe(table);
});

test.each([
  'Failed: shop.orders: error restoring from archive on stdin',
  'Failed: `shop.orders`: error restoring from `archive on stdin`: EOF',
  '3 document(s) restored successfully. 1 document(s) failed to restore.',
])('of mongorestore, a complaint: %j', (line) => {
  expect(MONGORESTORE_TALK.test(`${AT}${line}`)).toBe(false);
});

test.each([
  ['Failed: E11000 duplicate key error dup key: { _id: "ada" }', 'Failed: E11000 duplicate key error dup key: …'],
  [
    'Failed: error applying oplog: unknown oplog command name secretly: {{1 2} 1 c shop.$cmd [{ada x}]}',
    'Failed: error applying oplog: unknown oplog command name secretly: …',
  ],
  ['Failed: could not parse collection name from op: {ada}', 'Failed: could not parse collection name from op: …'],
  ['Failed: Empty object value for op: {ada}', 'Failed: Empty object value for op: …'],
  [
    'Failed: failed to parse IndexDocument from commitIndexBuild in `a`, {ada}',
    'Failed: failed to parse IndexDocument from commitIndexBuild in `a`, …',
  ],
  ['Failed: unknown format for applyOps: bson.D{ada}', 'Failed: unknown format for applyOps: …'],
  ['Failed: could not unmarshal applyOps command: {ada}: no', 'Failed: could not unmarshal applyOps command: …'],
  ['Failed: connection refused', 'Failed: connection refused'],
])('of mongorestore, without data: %j', (line, said) => {
  expect(withoutData(line)).toBe(said);
});
