import { walFault } from '../../../engines/sqlite/file';

const NFS = 0x6969;
const EXT4 = 0xef53;

test('WAL mode is refused on a network file system, and there only', () => {
  expect(walFault('/data/shop.db', 2, NFS)).toEqual({
    kind: 'wal-on-network',
    sentence:
      '/data/shop.db is in WAL mode on a network file system, where SQLite cannot read it safely from another host than its writer\'s: run "PRAGMA journal_mode = DELETE" on it once',
  });
  expect(walFault('/data/shop.db', 2, EXT4)).toBeUndefined();
  expect(walFault('/data/shop.db', 1, NFS)).toBeUndefined();
});
