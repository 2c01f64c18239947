/** Chooses the backup of a source that a command works on. */
import { damageOf } from '../../../catalog/bucket/damage';
import type { StoredFolder } from '../../../catalog/bucket/inventory';
import { readInventory } from '../../../catalog/bucket/inventory';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { isSafetyBackup, ManifestError, parseManifest } from '../../../catalog/bucket/manifest';
import type { CatalogStore } from '../../../catalog/bucket/read';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import type { Verdict } from '../../../catalog/bucket/verdict';
import { storedVerdict } from '../../../catalog/bucket/verdict';
import { CommandError } from '../errors';
import type { Aws } from './aws';
import { ask } from './aws';

/**
 * Which backup is wanted: this one, the newest up to a time, the newest, or else the newest that is proven, or else the newest.
 * Without an id and a time, safety backups come last: they hold what somebody wanted to replace.
 */
export interface BackupWish {
  readonly id?: string;
  readonly at?: Date;
  /** The newest, also if an older one is proven. */
  readonly newest?: boolean;
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
 * @throws CommandError if there is none, or if AWS refuses
 */
export function chooseBackup(aws: Aws, bucket: string, source: string, wish: BackupWish): Promise<ChosenBackup> {
  const store = new S3CatalogStore(aws.s3(), bucket);
  const reading = {
    doing: `read the backups of ${source} in bucket ${bucket}`,
    action: 's3:ListBucket, s3:GetObject and kms:Decrypt',
  };
  return ask(reading, () => choose(store, source, wish));
}

async function choose(store: CatalogStore, source: string, wish: BackupWish): Promise<ChosenBackup> {
  const { id, at } = wish;
  const { folders } = await readInventory(store, source);
  const backups = folders.filter(({ manifest }) => manifest !== undefined).reverse();
  const asked = backups.filter((folder) =>
    id === undefined ? at === undefined || folder.time <= at : folder.id === id,
  );
  const [newest] = asked;
  if (!newest) throw noneOf(source, wish, backups);
  if (id !== undefined) {
    const found = await read(store, source, newest);
    if ('manifest' in found) return { ...found, notes: unprovenNote(found) };
    throw new CommandError(found.damage);
  }
  // Those without a restore test are proven by none.
  const tested = at === undefined && !wish.newest ? asked.filter(({ verdict }) => verdict !== undefined) : [];
  const damaged: string[] = [];
  const firstWhole = async (candidates: readonly StoredFolder[], suits: (found: Found) => boolean) => {
    for (const folder of candidates) {
      const found = await read(store, source, folder);
      if (found.damage !== undefined)
        damaged.push('manifest' in found ? `backup ${folder.id} is damaged: ${found.damage}` : found.damage);
      else if ('manifest' in found && suits(found)) return found;
    }
    return undefined;
  };
  const proven = await firstWhole(tested, (found) => isProven(found) && !isSafety(found));
  if (proven) {
    const newer = asked.indexOf(proven.folder);
    const note = `${newer === 1 ? 'a newer backup exists' : `${newer} newer backups exist`}, which no restore test has proven: the newest is ${newest.id}`;
    return { ...proven, notes: newer > 0 ? [note] : [] };
  }
  damaged.length = 0;
  const passed: string[] = [];
  const isUsual = (found: Found): boolean => !isSafety(found) || (passed.push(found.folder.id), false);
  const usual = at === undefined ? await firstWhole(asked, isUsual) : undefined;
  if (usual) {
    const [safety] = passed;
    const note = `backup ${safety} is newer, but a safety backup: it holds what a restore was about to replace`;
    return { ...usual, notes: [...damaged, ...unprovenNote(usual), ...(safety === undefined ? [] : [note])] };
  }
  damaged.length = 0;
  const whole = await firstWhole(asked, () => true);
  if (whole) return { ...whole, notes: [...damaged, ...unprovenNote(whole)] };
  throw new CommandError(`source ${source} has no complete backup: ${damaged.join('; ')}`);
}

type Found = Omit<ChosenBackup, 'notes'>;

const isProven = ({ verdict }: Found): boolean => verdict?.verdict === 'passed';
const isSafety = ({ manifest }: Found): boolean => isSafetyBackup(manifest);
const unprovenNote = (found: Found): string[] => {
  const { folder, verdict } = found;
  if (verdict?.verdict === 'failed')
    return [`the restore test of backup ${folder.id} FAILED: it does not restore as it was dumped`];
  return isProven(found) ? [] : [`no restore test has proven backup ${folder.id}`];
};

function noneOf(source: string, { id, at }: BackupWish, backups: readonly StoredFolder[]): CommandError {
  const [newest, oldest] = [backups[0]?.id, backups.at(-1)?.id];
  if (newest === undefined)
    return new CommandError(`source ${source} has no backup: check its name with proven-backups list`);
  const which =
    id === undefined ? `as old as ${at!.toISOString()}: the oldest is ${oldest}` : `${id}: the newest is ${newest}`;
  return new CommandError(`source ${source} has no backup ${which}; proven-backups list --source ${source} shows all`);
}

/** A backup; or why its manifest cannot be read. */
async function read(
  store: CatalogStore,
  source: string,
  folder: StoredFolder,
): Promise<Found | { readonly damage: string }> {
  const { key } = folder.manifest!;
  try {
    const manifest = parseManifest(await store.get(key), key);
    const verdict = folder.verdict && storedVerdict(await store.get(folder.verdict.key), source, folder.id);
    const damage = damageOf(manifest, source, folder);
    return { folder, manifest, ...(verdict && { verdict }), ...(damage !== undefined && { damage }) };
  } catch (error) {
    if (error instanceof ManifestError) return { damage: error.message };
    throw error;
  }
}
