import type { StoredFolder } from './inventory';
import type { Manifest } from './manifest';
import { objectKey } from './names';

/** Says why a backup is damaged although its manifest can be read; `undefined` if it is complete. */
export function damageOf(manifest: Manifest, source: string, { id, data }: StoredFolder): string | undefined {
  if (manifest.source !== source || manifest.backupId !== id) {
    return `its manifest is that of ${manifest.source}/${manifest.backupId}`;
  }
  const stored = new Map(data.map((object) => [object.key, object.bytes]));
  for (const object of manifest.objects) {
    if (!object.key.startsWith(objectKey(source, id, ''))) return `${object.key} is not in its folder`;
    const bytes = stored.get(object.key);
    if (bytes === undefined) return `${object.key} is missing`;
    if (bytes !== object.bytes) return `${object.key} has ${bytes} bytes, and its manifest says ${object.bytes}`;
  }
  return undefined;
}
