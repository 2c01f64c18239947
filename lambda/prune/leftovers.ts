import type { Inventory, StoredFolder } from '../../catalog/inventory';
import { folderObjects } from './assess';
import type { PruneBucket } from './prune-bucket';

/** Longer than any dump takes: what is younger may belong to one that is under way. */
const LEFT_AFTER_MS = 2 * 86_400_000;

/**
 * Folders of runs that never wrote their manifest, or whose manifest a pruning has deleted that came to no end: those that
 * are old by their id and by every one of their objects, while no run of the source is under way.
 */
export async function leftovers(
  bucket: PruneBucket,
  { source, folders }: Inventory,
  now: Date,
): Promise<StoredFolder[]> {
  const before = now.getTime() - LEFT_AFTER_MS;
  const old = folders.filter(
    (folder) =>
      !folder.manifest &&
      folder.time.getTime() < before &&
      folderObjects(folder).every(({ lastModified }) => lastModified.getTime() < before),
  );
  if (old.length === 0 || (await bucket.isRunning(source))) return [];
  const free: StoredFolder[] = [];
  for (const folder of old) {
    const keys = folderObjects(folder).map(({ key }) => key);
    if ((await bucket.lockOf(keys)) === undefined) free.push(folder);
  }
  return free;
}
