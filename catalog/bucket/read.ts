import type { Manifest } from './manifest';
import { ManifestError, parseManifest } from './manifest';
import { parseManifestKey, sourcePrefix } from './names';

/** One object of a listing. */
export interface ObjectSummary {
  readonly key: string;
  readonly bytes: number;
  readonly lastModified: Date;
  /** `STANDARD`, `GLACIER_IR`, `DEEP_ARCHIVE` … */
  readonly storageClass: string;
}

/** An object store that the catalog can be read from. */
export interface CatalogStore {
  /**
   * All objects under a prefix, in the order of their keys, page after page.
   *
   * @param startAfter only those whose key comes after this text
   */
  list(prefix: string, startAfter?: string): AsyncIterable<ObjectSummary>;
  /** Names of the folders at the root, without the slash. */
  folders(): Promise<string[]>;
  /** The text of a small object. */
  get(key: string): Promise<string>;
}

/** Backups of a bucket, oldest first, and manifests that cannot be read. */
export interface Catalog {
  readonly backups: readonly Manifest[];
  readonly damaged: readonly ManifestError[];
}

/**
 * Reads the catalog: lists, and one small get a manifest. Keys of other objects are ignored.
 *
 * @param source only this source; all of the bucket's when left out
 * @param startAfter only manifests whose key comes after this text
 */
export async function readCatalog(store: CatalogStore, source?: string, startAfter?: string): Promise<Catalog> {
  const backups: Manifest[] = [];
  const damaged: ManifestError[] = [];
  for await (const { key } of store.list(source === undefined ? '' : sourcePrefix(source), startAfter)) {
    if (!parseManifestKey(key)) continue;
    try {
      backups.push(parseManifest(await store.get(key), key));
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      damaged.push(error);
    }
  }
  return { backups: backups.sort((a, b) => (a.backupId < b.backupId ? -1 : 1)), damaged };
}
