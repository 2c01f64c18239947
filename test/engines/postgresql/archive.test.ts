import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PgArchiveInspector } from '../../../engines/postgresql/archive';
import { blobBlock, block, head, int, type Entry } from './archive-bytes';

const TABLE: Entry = { id: 7, hasData: true, name: 'bööks', description: 'TABLE DATA' };
const OTHER: Entry = { id: 8, hasData: true, name: 'empty', description: 'TABLE DATA' };
const BLOBS: Entry = { id: 9, hasData: true, name: 'BLOBS', description: 'BLOBS' };
const VIEW: Entry = { id: 10, hasData: false, name: 'view', description: 'VIEW' };

const whole = (minor = 14) =>
  Buffer.concat([head(minor, [TABLE, OTHER, BLOBS, VIEW]), block(7, 'row 1\n', 'row 2\n'), block(8), blobBlock(9)]);

function inspect(bytes: Buffer, chunkBytes: number): PgArchiveInspector {
  const inspector = new PgArchiveInspector();
  for (let offset = 0; offset < bytes.length; offset += chunkBytes)
    inspector.see(bytes.subarray(offset, offset + chunkBytes));
  return inspector;
}

test.each([11, 12, 13, 14, 15, 16])('a whole archive of format 1.%i passes, however it is cut into chunks', (minor) => {
  const bytes = whole(minor);
  for (const chunkBytes of [1, 2, 3, 7, 64, bytes.length]) {
    const inspector = inspect(bytes, chunkBytes);
    inspector.verify();
    expect(inspector.tables).toEqual([
      // One character for each byte, for the archive does not say in which encoding they are.
      { schema: 'public', name: Buffer.from('bööks').toString('latin1') },
      { schema: 'public', name: 'empty' },
    ]);
  }
});

test('a table of contents of 100,000 objects is read as it streams by: no more is kept of it than names', () => {
  const inspector = new PgArchiveInspector();
  const [empty, one] = [[], [VIEW]].map((entries) => head(16, entries));
  const count = int(100_000);
  const preamble = Buffer.concat([empty!.subarray(0, -count.length), count]);
  const entry = one!.subarray(empty!.length);
  const thousand = Buffer.concat(Array.from({ length: 1000 }, () => entry));
  inspector.see(preamble);
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  // Buffers that one collection finds are freed beside it, or by the next.
  const collect = () => void (gc(), gc());
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let chunk = 0; chunk < 100; chunk++) inspector.see(thousand);
  collect();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5 * thousand.length);
  inspector.verify();
  expect([...inspector.entries!]).toEqual([['VIEW\0public\0view', 100_000]]);
});

test('an archive cut at any byte is found out', () => {
  const bytes = whole();
  for (let length = 0; length < bytes.length; length++)
    expect(() => inspect(bytes.subarray(0, length), 16).verify()).toThrow(
      'pg_dump exited with 0, but its archive is incomplete',
    );
});

test.each([
  [
    'a missing table',
    Buffer.concat([head(14, [TABLE, OTHER]), block(7, 'row')]),
    '1 tables of its table of contents have no data in it',
  ],
  [
    'a block twice',
    Buffer.concat([head(14, [TABLE]), block(7), block(7)]),
    'a block of type 1 with number 7 is not in its table of contents',
  ],
  [
    'an error message',
    Buffer.from('pg_dump: error: out of luck'),
    'it does not start with PGDMP but with "pg_dump: error: out of luck"',
  ],
])('%s is found out', (_, bytes, sentence) => {
  expect(() => inspect(bytes, 100).verify()).toThrow(sentence);
});

test('an archive of a format still to come is left to the exit code of pg_dump', () => {
  const inspector = inspect(head(17, [TABLE]), 10);
  expect(() => inspector.verify()).not.toThrow();
  expect(inspector.tables).toBeUndefined();
});
