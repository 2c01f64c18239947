import { backupId, objectKey } from '../../../catalog/bucket/names';
import type { CatalogStore, ObjectSummary } from '../../../catalog/bucket/read';
import { recentFolders } from '../../../lambda/health/recent-folders';

const DAY = 86_400;
const NOW = new Date('2026-11-30T12:00:00Z');
const SET = { family: 0, logGroup: 0, allowedAgeSeconds: DAY, provenAgeSeconds: 17 * DAY };
const idOf = (days: number): string => backupId(new Date(NOW.getTime() - days * DAY * 1000));

/** A store of a backup a day, each with its manifest, its data and its verdict, that notes what is listed. */
function storeOf(days: number) {
  const keys = Array.from({ length: days }, (_, day) => idOf(days - day)).flatMap((id) =>
    ['manifest.json', 'restore-test.json', 'shop.sql.zst'].map((file) => objectKey('shop', id, file)),
  );
  const listed: string[] = [];
  async function* list(prefix: string, after = ''): AsyncGenerator<ObjectSummary> {
    listed.push(prefix);
    for (const key of keys.filter((one) => one.startsWith(prefix) && one > after)) {
      yield await Promise.resolve({ key, bytes: 1, lastModified: NOW, storageClass: 'STANDARD' });
    }
  }
  return { store: { list } as unknown as CatalogStore, listed };
}

const read = async (days: number, failed?: string) => {
  const { store, listed } = storeOf(days);
  const failedTest = jest.fn(() => Promise.resolve(failed));
  const folders = await recentFolders(store, 'shop', SET, { now: () => NOW, failedTest });
  return { ids: folders.map(({ id }) => id), listed, failedTest };
};

test('of many backups the one whose restore test failed is listed as well, in its place', async () => {
  const [middle, without] = [idOf(100), await read(500)];
  expect(without.ids).not.toContain(middle);
  expect(without.listed).toEqual(['shop/', 'shop/']);
  const { ids, listed } = await read(500, middle);
  expect(ids).toEqual([...without.ids, middle].sort());
  expect(listed).toEqual(['shop/', 'shop/', `shop/${middle}/`]);
});

test('nothing more is listed if it is there already, or was deleted, and nothing is asked if all were listed', async () => {
  expect((await read(500, idOf(2))).listed).toHaveLength(2);
  expect((await read(500, '2020-01-01T00-00-00Z')).ids).toEqual((await read(500)).ids);
  const few = await read(100, idOf(2));
  expect([few.ids.length, few.listed.length]).toEqual([100, 1]);
  expect(few.failedTest).not.toHaveBeenCalled();
});
