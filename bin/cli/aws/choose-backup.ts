/** Chooses the backup of a source that a command works on. */
import { damageOf } from '../../../catalog/bucket/damage';
import type { StoredFolder } from '../../../catalog/bucket/inventory';
import { readInventory } from '../../../catalog/bucket/inventory';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { ManifestError, parseManifest } from '../../../catalog/bucket/manifest';
import type { CatalogStore } from '../../../catalog/bucket/read';
import type { Verdict } from '../../../catalog/bucket/verdict';
import { parseVerdict } from '../../../catalog/bucket/verdict';
import { CommandError } from '../errors';

/** Which backup is wanted: this one, the newest up to a time, or else the newest that is proven, or else the newest. */
export interface BackupWish {
  readonly id?: string;
  readonly at?: Date;
}

/** A backup that was chosen. */
export interface ChosenBackup {
  readonly folder: StoredFolder;
  readonly manifest: Manifest;
  /** Of its newest restore test; left out if there was none. */
  readonly verdict?: Verdict;
  /** Why it is incomplete; left out if it is complete. */
  readonly damage?: string;
  /** What to know of the choice, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Chooses a backup. One that is damaged is chosen by its id only.
 *
 * @throws CommandError if there is none
 */
export async function chooseBackup(store: CatalogStore, source: string, wish: BackupWish): Promise<ChosenBackup> {
  const { id, at } = wish;
  const { folders } = await readInventory(store, source);
  const backups = folders.filter(({ manifest }) => manifest !== undefined).reverse();
  const asked = backups.filter((folder) =>
    id === undefined ? at === undefined || folder.time <= at : folder.id === id,
  );
  if (asked.length === 0) throw noneOf(source, wish, backups);
  if (id !== undefined) return withNotes(await read(store, source, asked[0]!), []);
  const proven = at === undefined ? await newestProven(store, source, asked) : undefined;
  if (proven) {
    const newer = asked.indexOf(proven.folder);
    const note = `${newer === 1 ? 'a newer backup exists' : `${newer} newer backups exist`}, which no restore test has proven: the newest is ${asked[0]!.id}`;
    return { ...proven, notes: newer > 0 ? [note] : [] };
  }
  const damaged: string[] = [];
  for (const folder of asked) {
    const found = await read(store, source, folder).catch((error: unknown) => {
      if (error instanceof CommandError) return error;
      throw error;
    });
    if (!(found instanceof CommandError) && found.damage === undefined) return withNotes(found, damaged);
    damaged.push(`backup ${folder.id} is damaged: ${found instanceof CommandError ? found.message : found.damage}`);
  }
  throw new CommandError(`source ${source} has no complete backup: ${damaged.join('; ')}`);
}

type Read = Omit<ChosenBackup, 'notes'>;

function withNotes(backup: Read, notes: readonly string[]): ChosenBackup {
  const unproven = `no restore test has proven backup ${backup.folder.id}`;
  return { ...backup, notes: backup.verdict?.verdict === 'passed' ? notes : [...notes, unproven] };
}

function noneOf(source: string, { id, at }: BackupWish, backups: readonly StoredFolder[]): CommandError {
  const [newest, oldest] = [backups[0]?.id, backups.at(-1)?.id];
  if (newest === undefined)
    return new CommandError(`source ${source} has no backup: check its name with proven-backups list`);
  const which =
    id === undefined ? `as old as ${at!.toISOString()}: the oldest is ${oldest}` : `${id}: the newest is ${newest}`;
  return new CommandError(`source ${source} has no backup ${which}; proven-backups list --source ${source} shows all`);
}

async function newestProven(
  store: CatalogStore,
  source: string,
  backups: readonly StoredFolder[],
): Promise<Read | undefined> {
  for (const folder of backups) {
    if (folder.verdict === undefined) continue;
    if (parseVerdict(await store.get(folder.verdict.key))?.verdict !== 'passed') continue;
    const found = await read(store, source, folder);
    if (found.damage === undefined) return found;
  }
  return undefined;
}

/** @throws CommandError if its manifest cannot be read */
async function read(store: CatalogStore, source: string, folder: StoredFolder): Promise<Read> {
  const { key } = folder.manifest!;
  try {
    const manifest = parseManifest(await store.get(key), key);
    const verdict = folder.verdict && parseVerdict(await store.get(folder.verdict.key));
    const damage = damageOf(manifest, source, folder);
    return { folder, manifest, ...(verdict && { verdict }), ...(damage !== undefined && { damage }) };
  } catch (error) {
    if (error instanceof ManifestError) throw new CommandError(error.message);
    throw error;
  }
}
