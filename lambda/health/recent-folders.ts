import type { AlarmedSource } from '../../catalog/contract/alarms';
import type { StoredFolder } from '../../catalog/bucket/inventory';
import { inventoryOf, readInventory } from '../../catalog/bucket/inventory';
import { backupId, sourcePrefix } from '../../catalog/bucket/names';
import type { CatalogStore, ObjectSummary } from '../../catalog/bucket/read';
import { HISTORY } from '../../catalog/size/size-check';

/** Objects that one request lists. */
const PAGE = 1000;

/**
 * Folders of a source, oldest first: as many as it takes to say how the source is. Most sources are one request. Of one
 * with more objects the first thousand are listed, and, because ids sort by time, those of late: the middle only if
 * neither tells enough, and of it the backup whose restore test failed last.
 */
export async function recentFolders(
  store: CatalogStore,
  source: string,
  { allowedAgeSeconds, provenAgeSeconds }: AlarmedSource,
  { now, failedTest }: { readonly now: () => Date; readonly failedTest: () => Promise<string | undefined> },
): Promise<readonly StoredFolder[]> {
  const prefix = sourcePrefix(source);
  const first = await take(store.list(prefix), PAGE);
  if (first.length < PAGE) return (await inventoryOf(source, first)).folders;
  const late = Math.max(provenAgeSeconds, (HISTORY + 2) * allowedAgeSeconds);
  const from = `${prefix}${backupId(new Date(now().getTime() - late * 1000))}`;
  const last = first.at(-1)!.key;
  const recent = await take(store.list(prefix, from > last ? from : last));
  const { folders } = await inventoryOf(source, [...first, ...recent]);
  const isEnough =
    recent.filter(({ key }) => key.endsWith('/manifest.json')).length > HISTORY &&
    folders.some(({ verdict }) => verdict !== undefined);
  if (from <= last) return folders;
  if (!isEnough) return (await inventoryOf(source, [...first, ...(await take(store.list(prefix, last)))])).folders;
  const failed = await failedTest();
  if (failed === undefined || folders.some(({ id, verdict }) => id === failed && verdict)) return folders;
  const { folders: found } = await readInventory(store, source, failed);
  return [...folders.filter(({ id }) => id !== failed), ...found].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The first of a listing: no page is asked for that is not needed. */
async function take(objects: AsyncIterable<ObjectSummary>, count = Infinity): Promise<ObjectSummary[]> {
  const taken: ObjectSummary[] = [];
  for await (const object of objects) {
    taken.push(object);
    if (taken.length === count) break;
  }
  return taken;
}
