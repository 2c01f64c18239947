import type { Inventory, StoredFolder } from '../../catalog/bucket/inventory';
import { readInventory } from '../../catalog/bucket/inventory';
import { folderObjects, holdOf } from './assess';
import type { PruneBucket } from './prune-bucket';

/** Younger objects may belong to an undelete that is under way. */
const LEFT_AFTER_MS = 2 * 86_400_000;

/**
 * Folders of runs that never wrote their manifest, or whose manifest a pruning has deleted that came to no end: those that
 * are old by their id and by every one of their objects. None while a run of the source is under way.
 */
export async function leftovers(
  bucket: PruneBucket,
  { source, folders }: Inventory,
  now: Date,
): Promise<readonly StoredFolder[]> {
  const old = folders.filter((folder) => isLeftOver(folder, now));
  return old.length > 0 && (await bucket.isRunning(source)) ? [] : old;
}

/**
 * Such a folder as it is now, if it may be deleted. A run may take days, and end between the first listing and the look at
 * the lock: its manifest is there now.
 */
export async function freeLeftover(
  bucket: PruneBucket,
  source: string,
  id: string,
  now: Date,
): Promise<StoredFolder | undefined> {
  const [folder] = (await readInventory(bucket.store, source, id)).folders;
  if (!folder || !isLeftOver(folder, now)) return undefined;
  return (await holdOf(bucket, folder, now)) === undefined ? folder : undefined;
}

function isLeftOver(folder: StoredFolder, now: Date): boolean {
  const before = now.getTime() - LEFT_AFTER_MS;
  const times = [folder.time, ...folderObjects(folder).map(({ lastModified }) => lastModified)];
  return !folder.manifest && times.every((time) => time.getTime() < before);
}
