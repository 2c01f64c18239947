import { createHash } from 'node:crypto';
import type { BackupFacts, SizeBounds } from '../../catalog/alarms';
import { damageOf } from '../../catalog/damage';
import type { StoredFolder } from '../../catalog/inventory';
import type { Manifest } from '../../catalog/manifest';
import { ManifestError, parseManifest } from '../../catalog/manifest';
import { mapParallel } from '../../catalog/parallel';
import type { BackupSize, SizeCheck } from '../../catalog/size-check';
import { HISTORY, SizeHistory, sizeOf } from '../../catalog/size-check';
import type { Verdict } from '../../catalog/verdict';
import { parseVerdict } from '../../catalog/verdict';

/** Counts up when this version reads something else out of the same listing. */
const LOOK_FORMAT = 1;
/** How many manifests are read at once, and how many bytes of them. */
const WIDTH = 8;
const WIDTH_BYTES = 8_000_000;

/** What was found out about the backups of a source. The same listing gives the same again. */
export interface Look {
  /** The newest whole backup. */
  readonly newest?: Omit<BackupFacts, 'ageSeconds'>;
  readonly size: SizeCheck;
  /** The newest proven backup. */
  readonly proven?: { readonly id: string; readonly testedAt: string };
  /** The newest verdict. */
  readonly verdict?: Verdict & { readonly id: string };
  /** Backups newer than the newest whole one, newest first: there is something wrong with each. */
  readonly damaged: readonly { readonly id: string; readonly damage: string }[];
}

/** Reads a small object; `undefined` if it is gone. */
export type ReadText = (key: string) => Promise<string | undefined>;

/** Of what is looked at: as long as it stays the same, so does what is found. */
export function fingerprintOf(folders: readonly StoredFolder[], bounds: SizeBounds): string {
  const objects = folders.map(({ manifest, verdict, data }) =>
    [manifest, verdict, ...data].map((object) => object && [object.key, object.bytes, object.lastModified.getTime()]),
  );
  return createHash('sha256')
    .update(JSON.stringify([LOOK_FORMAT, bounds, objects]))
    .digest('base64');
}

/**
 * Looks at the backups of a source.
 *
 * @param folders with a manifest, newest first
 */
export async function lookAt(
  read: ReadText,
  source: string,
  folders: readonly StoredFolder[],
  bounds: SizeBounds,
): Promise<Look> {
  const damaged: { id: string; damage: string }[] = [];
  for (const [index, folder] of folders.entries()) {
    const found = await readBackup(read, source, folder);
    if (found === undefined) continue;
    if ('damage' in found) {
      damaged.push({ id: folder.id, damage: found.damage });
      continue;
    }
    const { facts, size } = found;
    const history = await historyOf(read, source, folders.slice(index + 1), size);
    return { newest: facts, size: history.check(bounds), ...(await proofOf(read, source, folders)), damaged };
  }
  return { size: {}, ...(await proofOf(read, source, folders)), damaged };
}

interface FoundBackup {
  readonly facts: Omit<BackupFacts, 'ageSeconds'>;
  readonly size: BackupSize;
}

/** Keeps nothing of a manifest but what is asked of it: it may be of 8 MiB. `undefined`: it is gone. */
async function readBackup(
  read: ReadText,
  source: string,
  folder: StoredFolder,
): Promise<FoundBackup | { readonly damage: string } | undefined> {
  if (folder.data.length === 0) return { damage: 'it has a manifest, but no data' };
  const { key } = folder.manifest!;
  const text = await read(key);
  if (text === undefined) return undefined;
  try {
    const manifest = parseManifest(text, key);
    const damage = damageOf(manifest, source, folder);
    if (damage !== undefined) return { damage };
    const size = sizeOf(manifest);
    return { facts: factsOf(manifest, folder, size), size };
  } catch (error) {
    if (error instanceof ManifestError) return { damage: error.message };
    throw error;
  }
}

function factsOf(manifest: Manifest, { id, time }: StoredFolder, { bytes, rows }: BackupSize): FoundBackup['facts'] {
  const { objects, tables, startedAt, endedAt, engine } = manifest;
  return {
    ...{ id, time: time.toISOString(), engine, tables: tables.length },
    bytes: objects.reduce((sum, object) => sum + object.bytes, 0),
    uncompressedBytes: bytes,
    ...(rows !== undefined && { rows }),
    durationSeconds: Math.max(0, Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)),
  };
}

/** Of twice as many as are needed, at most: some may be damaged, or of another kind. */
async function historyOf(
  read: ReadText,
  source: string,
  earlier: readonly StoredFolder[],
  newest: BackupSize,
): Promise<SizeHistory> {
  const history = new SizeHistory(newest);
  const candidates = earlier.slice(0, 2 * HISTORY);
  const largest = Math.max(1, ...candidates.map(({ manifest }) => manifest!.bytes));
  const width = Math.min(WIDTH, Math.max(1, Math.floor(WIDTH_BYTES / largest)));
  for (let from = 0; from < candidates.length && !history.isFull; from += width) {
    const batch = candidates.slice(from, from + width);
    for (const found of await mapParallel(batch, width, (folder) => readBackup(read, source, folder))) {
      if (found && 'size' in found) history.add(found.size);
    }
  }
  return history;
}

/** A proof counts as long as the backup that was proved is whole. */
async function proofOf(
  read: ReadText,
  source: string,
  folders: readonly StoredFolder[],
): Promise<Pick<Look, 'proven' | 'verdict'>> {
  const tested = folders.filter(({ verdict }) => verdict !== undefined);
  const verdictOf = async ({ id, verdict }: StoredFolder) => {
    const parsed = parseVerdict((await read(verdict!.key)) ?? '');
    return parsed && { id, ...parsed };
  };
  const lastTested = [...tested].sort((a, b) => b.verdict!.lastModified.getTime() - a.verdict!.lastModified.getTime());
  const verdict = await firstOf(lastTested, verdictOf);
  const proven = await firstOf(tested, async (folder) => {
    const found = await verdictOf(folder);
    if (found?.verdict !== 'passed') return undefined;
    const backup = await readBackup(read, source, folder);
    return backup && 'facts' in backup ? { id: found.id, testedAt: found.testedAt } : undefined;
  });
  return { ...(proven && { proven }), ...(verdict && { verdict }) };
}

async function firstOf<T, R>(items: readonly T[], of: (item: T) => Promise<R | undefined>): Promise<R | undefined> {
  for (const item of items) {
    const found = await of(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
