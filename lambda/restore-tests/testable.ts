import { NoSuchKey } from '@aws-sdk/client-s3';
import type { StoredFolder } from '../../catalog/bucket/inventory';
import { inventoryOf } from '../../catalog/bucket/inventory';
import { backupId, objectKey, sourcePrefix } from '../../catalog/bucket/names';
import type { CatalogStore } from '../../catalog/bucket/read';
import { retrievalSeconds } from '../../catalog/bucket/tiers';
import { isUnprovable, storedVerdict } from '../../catalog/bucket/verdict';
import { mapParallel } from '../../catalog/parallel';
import type { TestableBackup } from './due';

/** Verdicts that are read at once. */
const WIDTH = 8;

/**
 * Complete backups of a source, oldest first, with what their tests said. One that is deleted meanwhile is none.
 *
 * @param which only this one, or those since a time; all if both are left out
 */
export async function testableBackups(
  store: CatalogStore,
  source: string,
  { id, since }: { readonly id?: string; readonly since?: Date | undefined },
): Promise<readonly TestableBackup[]> {
  const prefix = id === undefined ? sourcePrefix(source) : objectKey(source, id, '');
  const { folders } = await inventoryOf(source, store.list(prefix, since && objectKey(source, backupId(since), '')));
  const complete = folders.filter(({ manifest, data }) => manifest && data.length > 0);
  const backups = await mapParallel(complete, WIDTH, async (folder) => {
    try {
      const tested = await testOf(store, source, folder);
      const archived = folder.data.some(({ storageClass }) => retrievalSeconds(storageClass) > 0);
      return { id: folder.id, time: folder.time, archived, ...(tested && { tested }) };
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  });
  return backups.filter((backup) => backup !== undefined);
}

async function testOf(
  store: CatalogStore,
  source: string,
  { id, verdict }: StoredFolder,
): Promise<TestableBackup['tested']> {
  const found = verdict && storedVerdict(await store.get(verdict.key), source, id);
  if (!found || (found.verdict === 'not-run' && !isUnprovable(found))) return undefined;
  return { failed: found.verdict === 'failed', at: new Date(found.testedAt) };
}
