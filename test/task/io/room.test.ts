import { mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireRoom } from '../../../engines/sqlite/dump';
import { missingRoom } from '../../../task/io/room';

const directory = mkdtempSync(join(tmpdir(), 'room-'));
afterAll(() => rmSync(directory, { recursive: true }));

const free = (): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};
const { blocks, bsize } = statfsSync(directory);
const reserve = Math.min(1024 ** 3, (blocks * bsize) / 10);

test('what would take more than is free but for the reserve has no room', async () => {
  expect(await missingRoom(directory, free() - 1.5 * reserve)).toBeUndefined();
  const missing = await missingRoom(directory, free() - 0.5 * reserve);
  expect(missing!.needed - missing!.free).toBeGreaterThan(0.25 * reserve);
  expect(missing!.needed - missing!.free).toBeLessThan(0.75 * reserve);
});

describe('a snapshot of SQLite', () => {
  const file = join(directory, 'shop.db');
  // Files of holes, which take no room themselves.
  const size = (name: string, bytes: number) => {
    writeFileSync(name, '');
    truncateSync(name, bytes);
  };

  test('needs room for the file and its write-ahead log', async () => {
    const half = Math.floor((free() - 0.5 * reserve) / 2);
    size(file, half);
    await requireRoom(file, directory);
    size(`${file}-wal`, half);
    await expect(requireRoom(file, directory, 'the shop')).rejects.toMatchObject({
      exit: 'dumpFailed',
      message: expect.stringMatching(
        /^could not take a snapshot of the shop: \S+ must have .* free, got: .*; the snapshot needs as much scratch space as the database: raise ephemeralStorageGiB, or free disk of the instance$/,
      ) as string,
      reason: { kind: 'scratch-full', object: 'the shop' },
    });
  });

  test('of a file that is gone is left to whoever reads it', async () => {
    await requireRoom(join(directory, 'gone.db'), directory);
  });
});
