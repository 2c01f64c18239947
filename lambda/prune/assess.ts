import { damageOf } from '../../catalog/bucket/damage';
import type { Inventory, StoredFolder } from '../../catalog/bucket/inventory';
import { backupBytes } from '../../catalog/bucket/inventory';
import { parseKeepNote } from '../../catalog/bucket/keep-note';
import { isSafetyBackup, ManifestError, parseManifest } from '../../catalog/bucket/manifest';
import type { RetainedBackup } from '../../catalog/retention/retention';
import { isCounted, plan } from '../../catalog/retention/retention';
import type { RetentionPolicy } from '../../catalog/retention/retention-policy';
import { isProven } from '../../catalog/bucket/verdict';
import type { PruneBucket } from './prune-bucket';

/** Small objects that are read at once, and bytes of them that are held. */
const WIDTH = 16;
const WIDTH_BYTES = 8_000_000;

/** A backup stored so much later than its time, and after a newer one, was copied or forged: runs end in their order. */
const LATE_MS = 86_400_000;

/** A folder with a manifest: a backup, as long as nothing is found to be wrong with it. */
export interface FoundBackup extends RetainedBackup {
  readonly folder: StoredFolder;
  readonly bytes: number;
  damage?: string;
  proven?: boolean;
  safety?: boolean;
  held?: string;
  /** Its manifest was read, and fits what lies in the folder. */
  checked?: boolean;
  /** Its manifest vanished while the run looked at it: somebody else deletes it. */
  gone?: boolean;
}

/** The backups of a source. Nothing but the listing was read: they are taken to be whole until they are checked. */
export function foundBackups({ folders }: Inventory): FoundBackup[] {
  // When the first of all newer ones was stored.
  let newer = Infinity;
  return folders
    .filter(({ manifest }) => manifest !== undefined)
    .toReversed()
    .map((folder) => {
      const { id, time, data } = folder;
      const stored = folder.manifest!.lastModified.getTime();
      const late = stored > Math.max(newer, time.getTime() + LATE_MS);
      newer = Math.min(newer, stored);
      return {
        id,
        time,
        folder,
        bytes: backupBytes(folder),
        ...(late && { late }),
        ...(data.length === 0 && { damage: 'it has a manifest, but no data' }),
      };
    })
    .reverse();
}

/** All objects of a folder that are ours. */
export const folderObjects = ({ manifest, verdict, keep, data }: StoredFolder) => [
  ...data,
  ...[manifest, verdict, keep].filter((object) => object !== undefined),
];

/**
 * Checks those backups that others owe their deletion to: of the floor, and, if anything is to be deleted, of the
 * calendar. When one turns out to be damaged, another takes its place, and is checked as well. Those that only their age
 * keeps are not read: if they are damaged, nothing changes.
 */
export async function settle(
  bucket: PruneBucket,
  source: string,
  backups: readonly FoundBackup[],
  policy: RetentionPolicy,
  now: Date,
): Promise<void> {
  const { keepLast, timeZone, weekStart } = policy;
  for (;;) {
    await findNewestProven(bucket, source, backups, now);
    const alive = backups.filter(({ gone }) => !gone);
    const deletes = plan(alive, policy, now).some(({ keep }) => !keep);
    const rules = deletes ? { ...policy, keepForSeconds: undefined } : { keepLast, timeZone, weekStart };
    const unchecked = plan(alive, rules, now)
      .filter(({ keep, backup }) => keep && !backup.checked && backup.damage === undefined)
      .map(({ backup }) => backup);
    if (unchecked.length === 0) return;
    await checkAll(bucket, source, unchecked);
  }
}

/** Whether a restore test has proved a backup is read from the newest on, until one is found. */
async function findNewestProven(
  bucket: PruneBucket,
  source: string,
  backups: readonly FoundBackup[],
  now: Date,
): Promise<void> {
  const newestFirst = backups.filter((backup) => !backup.gone && isCounted(backup, now)).reverse();
  for (const backup of newestFirst) {
    if (!backup.folder.verdict) continue;
    bucket.requireTime();
    if (backup.proven === undefined) {
      const text = await bucket.read(backup.folder.verdict.key);
      backup.proven = text !== undefined && isProven(text, source, backup.folder.id);
    }
    if (backup.proven) {
      if (!backup.checked) await checkAll(bucket, source, [backup]);
      // The rules choose one of these last, or never.
      if (backup.checked && !backup.safety && !backup.late) return;
    }
  }
}

/** Reads manifests and compares each with what lies in its folder. */
export async function checkAll(bucket: PruneBucket, source: string, backups: readonly FoundBackup[]): Promise<void> {
  for (const batch of batches(backups)) {
    bucket.requireTime();
    await Promise.all(
      batch.map(async (backup) => {
        const { key } = backup.folder.manifest!;
        const text = await bucket.read(key);
        const { damage, safety } = text === undefined ? {} : judge(text, key, source, backup.folder);
        if (text === undefined) backup.gone = true;
        if (damage !== undefined) backup.damage = damage;
        if (safety) backup.safety = true;
        backup.checked = text !== undefined && damage === undefined;
      }),
    );
  }
}

/** Finds holds that forbid to delete complete backups. */
export async function findHolds(bucket: PruneBucket, backups: readonly FoundBackup[], now: Date): Promise<void> {
  for (const batch of batches(backups)) {
    bucket.requireTime();
    await Promise.all(
      batch.map(async (backup) => {
        const held = await holdOf(bucket, backup.folder, now);
        if (held !== undefined) backup.held = held;
      }),
    );
  }
}

/** Why nothing in a folder may be deleted, if that is so: a note, or Object Lock. */
export async function holdOf(bucket: PruneBucket, folder: StoredFolder, now: Date): Promise<string | undefined> {
  const keys = folderObjects(folder).map(({ key }) => key);
  return (await noteOf(bucket, folder, now)) ?? (await bucket.lockOf(keys));
}

async function noteOf(bucket: PruneBucket, { keep }: StoredFolder, now: Date): Promise<string | undefined> {
  const text = keep && (await bucket.read(keep.key));
  if (text === undefined) return undefined;
  const note = parseKeepNote(text);
  if (!note) return 'kept by hand: its note cannot be read';
  return new Date(note.until) > now ? `kept by hand until ${note.until}: ${note.reason}` : undefined;
}

function* batches(backups: readonly FoundBackup[]): Generator<FoundBackup[]> {
  let [batch, bytes]: [FoundBackup[], number] = [[], 0];
  for (const backup of backups) {
    const more = backup.folder.manifest!.bytes;
    if (batch.length > 0 && (batch.length === WIDTH || bytes + more > WIDTH_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(backup);
    bytes += more;
  }
  if (batch.length > 0) yield batch;
}

/** What a manifest says of its backup. */
function judge(
  text: string,
  key: string,
  source: string,
  folder: StoredFolder,
): { readonly damage?: string | undefined; readonly safety?: boolean } {
  try {
    const manifest = parseManifest(text, key);
    return { damage: damageOf(manifest, source, folder), safety: isSafetyBackup(manifest) };
  } catch (error) {
    if (error instanceof ManifestError) return { damage: error.message };
    throw error;
  }
}
