import {
  backupIdTime,
  isDataFile,
  KEEP_FILE,
  lockKey,
  MANIFEST_FILE,
  objectKey,
  parseBackupKey,
  sourcePrefix,
  VERDICT_FILE,
} from './names';
import type { CatalogStore, ObjectSummary } from './read';

/** All that lies in a backup's folder and is ours, as a listing shows it. */
export interface StoredFolder {
  readonly id: string;
  readonly time: Date;
  /** The commit record. Without one, the rest is what a run left that never came to its end. */
  manifest?: ObjectSummary;
  verdict?: ObjectSummary;
  /** The note that keeps it. */
  keep?: ObjectSummary;
  readonly data: ObjectSummary[];
}

/** Size of a backup: the bytes of its data, as stored. Its manifest, verdict and note do not count. */
export const backupBytes = ({ data }: { readonly data: readonly Pick<ObjectSummary, 'bytes'>[] }): number =>
  data.reduce((total, { bytes }) => total + bytes, 0);

/** The objects of a source in the bucket. Nothing but listings was read for it. */
export interface Inventory {
  readonly source: string;
  /** Oldest first. */
  readonly folders: readonly StoredFolder[];
  /** Keys under the source's prefix that are not ours, nor its lock: they are left alone. */
  readonly strangers: number;
}

/**
 * Lists the objects of a source: one request for each thousand of them.
 *
 * @param id only this backup's folder; all of the source when left out
 */
export const readInventory = (store: CatalogStore, source: string, id?: string): Promise<Inventory> =>
  inventoryOf(source, store.list(id === undefined ? sourcePrefix(source) : objectKey(source, id, '')));

/** The inventory of a source, from its objects in the order of their keys. */
export async function inventoryOf(
  source: string,
  objects: AsyncIterable<ObjectSummary> | Iterable<ObjectSummary>,
): Promise<Inventory> {
  const folders = new Map<string, StoredFolder>();
  let strangers = 0;
  for await (const object of objects) {
    if (object.key !== lockKey(source) && !place(folders, source, object)) strangers++;
  }
  return { source, folders: [...folders.values()], strangers };
}

function place(folders: Map<string, StoredFolder>, source: string, object: ObjectSummary): boolean {
  const parsed = parseBackupKey(object.key);
  if (parsed?.source !== source) return false;
  const { id, file } = parsed;
  const role = ROLES.get(file);
  if (role === undefined && !isDataFile(file)) return false;
  const folder = folders.get(id) ?? { id, time: backupIdTime(id)!, data: [] };
  folders.set(id, folder);
  if (role) folder[role] = object;
  else folder.data.push(object);
  return true;
}

const ROLES: ReadonlyMap<string, 'manifest' | 'verdict' | 'keep'> = new Map([
  [MANIFEST_FILE, 'manifest'],
  [VERDICT_FILE, 'verdict'],
  [KEEP_FILE, 'keep'],
]);
