import { createHash } from 'node:crypto';
import type { BackupFacts, SizeLimits } from '../../catalog/contract/alarms';
import { NOTE_OBJECTS, type FoundNote } from '../../catalog/contract/note';
import { damageOf } from '../../catalog/bucket/damage';
import type { StoredFolder } from '../../catalog/bucket/inventory';
import type { Manifest } from '../../catalog/bucket/manifest';
import { ManifestError, parseManifest } from '../../catalog/bucket/manifest';
import { mapParallel } from '../../catalog/parallel';
import type { BackupSize, SizeCheck } from '../../catalog/size/size-check';
import { HISTORY, SizeHistory, sizeOf } from '../../catalog/size/size-check';
import type { Verdict } from '../../catalog/bucket/verdict';
import { parseVerdict } from '../../catalog/bucket/verdict';

/** Incremented when a version reads other facts from the same listing. */
const READING_FORMAT = 4;
/** Manifests that are read at once, and bytes of them. */
const WIDTH = 8;
const WIDTH_BYTES = 8_000_000;
/** Damaged backups that are named, and that are read before it gives up. */
const DAMAGED_NAMED = 20;
const DAMAGED_READ = 50;
/** Characters of the damage of one. */
const DAMAGE_LENGTH = 1000;
/** Notes of a backup that are told, and characters of a name or of the server's words. */
const NOTES = 20;
const NOTE_LENGTH = 200;

/** Facts about the backups of a source. The same listing gives the same facts. */
export interface CatalogReading {
  /** The newest complete backup. */
  readonly newest?: BackupRecord;
  /** Its notes, if it has some. */
  readonly notes?: readonly FoundNote[];
  readonly size: Omit<SizeCheck, 'lastUsual'>;
  /** The newest backup before a strange one that is not strange itself. */
  readonly lastUsual?: BackupRecord;
  /** Duration of the longest of the newest backup and those that it was compared with; left out if there are none. */
  readonly longestSeconds?: number;
  /** The newest proven backup. */
  readonly proven?: { readonly id: string; readonly testedAt: string };
  /** The newest verdict. */
  readonly verdict?: Verdict & { readonly id: string };
  /** Damaged backups that are newer than the newest complete one. */
  readonly damaged: Damaged;
  /** The source had backups, but has none any more: the last complete one, and when it was missed. */
  readonly lost?: { readonly id: string; readonly time: string; readonly noticedAt: string };
}

/** Facts about a backup that do not change. */
type BackupRecord = Omit<BackupFacts, 'ageSeconds'>;

/** Backups that are damaged. */
export interface Damaged {
  readonly count: number;
  /** The first of them, newest first. */
  readonly named: readonly { readonly id: string; readonly damage: string }[];
  /** Left out if all were read. */
  readonly more?: true;
}

/** Reads a small object; `undefined` if it is gone. */
export type ReadText = (key: string) => Promise<string | undefined>;

/** Fingerprint of a listing: as long as it stays the same, so do the facts. */
export function fingerprintOf(folders: readonly StoredFolder[], bounds: SizeLimits): string {
  const objects = folders.map(({ manifest, verdict, data }) =>
    [manifest, verdict, ...data].map((object) => object && [object.key, object.bytes, object.lastModified.getTime()]),
  );
  return createHash('sha256')
    .update(JSON.stringify([READING_FORMAT, bounds, objects]))
    .digest('base64');
}

/**
 * Reads the backups of a source.
 *
 * @param folders with a manifest, newest first
 */
export async function readSourceCatalog(
  read: ReadText,
  source: string,
  folders: readonly StoredFolder[],
  bounds: SizeLimits,
): Promise<CatalogReading> {
  const named: { id: string; damage: string }[] = [];
  let count = 0;
  for (const [index, folder] of folders.entries()) {
    if (count === DAMAGED_READ) {
      return { size: {}, ...(await proofOf(read, source, folders)), damaged: { count, named, more: true } };
    }
    const found = await readBackup(read, source, folder);
    if (found === undefined) continue;
    if ('damage' in found) {
      if (count++ < DAMAGED_NAMED) named.push({ id: folder.id, damage: found.damage.slice(0, DAMAGE_LENGTH) });
      continue;
    }
    const compared = await compare(read, source, folders.slice(index + 1), found, bounds);
    const proof = await proofOf(read, source, folders);
    const { facts, notes } = found;
    return {
      newest: facts,
      ...(notes.length > 0 && { notes }),
      ...compared,
      ...proof,
      damaged: { count, named },
    };
  }
  return { size: {}, ...(await proofOf(read, source, folders)), damaged: { count, named } };
}

interface ReadBackup {
  readonly facts: BackupRecord;
  readonly notes: readonly FoundNote[];
  readonly size: BackupSize;
}

/** Reads a backup, of whose manifest only the facts are kept: it may have 8 MiB. `undefined` if it is gone. */
async function readBackup(
  read: ReadText,
  source: string,
  folder: StoredFolder,
): Promise<ReadBackup | { readonly damage: string } | undefined> {
  if (folder.data.length === 0) return { damage: 'it has a manifest, but no data' };
  const { key } = folder.manifest!;
  const text = await read(key);
  if (text === undefined) return undefined;
  try {
    const manifest = parseManifest(text, key);
    const damage = damageOf(manifest, source, folder);
    if (damage !== undefined) return { damage };
    const size = sizeOf(manifest);
    return { facts: factsOf(manifest, folder, size), notes: notesOf(manifest), size };
  } catch (error) {
    if (error instanceof ManifestError) return { damage: error.message };
    throw error;
  }
}

function factsOf(manifest: Manifest, { id, time }: StoredFolder, { bytes, rows }: BackupSize): BackupRecord {
  const { objects, tables, startedAt, endedAt, engine, serverVersion } = manifest;
  return {
    id,
    time: time.toISOString(),
    engine,
    engineVersion: serverVersion,
    tables: tables.length,
    bytes: objects.reduce((sum, object) => sum + object.bytes, 0),
    uncompressedBytes: bytes,
    ...(rows !== undefined && { rows }),
    durationSeconds: Math.max(0, Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)),
  };
}

/** Notes of a manifest, short enough for messages and the table. */
const notesOf = ({ notes = [] }: Manifest): FoundNote[] =>
  notes.slice(0, NOTES).map((note) => {
    const { kind, database, objects = [], said } = note;
    const cut = (text: string) => text.slice(0, NOTE_LENGTH);
    return {
      ...note,
      ...(note.objects && { objects: objects.slice(0, NOTE_OBJECTS).map(cut) }),
      ...(said !== undefined && { said: cut(said) }),
      key: createHash('sha256')
        .update(JSON.stringify([kind, database, objects]))
        .digest('base64')
        .slice(0, 16),
    };
  });

/** With twice as many as are needed, at most: some may be damaged, or of another kind. */
async function compare(
  read: ReadText,
  source: string,
  earlier: readonly StoredFolder[],
  newest: ReadBackup,
  bounds: SizeLimits,
): Promise<Pick<CatalogReading, 'size' | 'lastUsual' | 'longestSeconds'>> {
  const history = new SizeHistory(newest.size);
  const compared: BackupRecord[] = [];
  const candidates = earlier.slice(0, 2 * HISTORY);
  const largest = Math.max(1, ...candidates.map(({ manifest }) => manifest!.bytes));
  const width = Math.min(WIDTH, Math.max(1, Math.floor(WIDTH_BYTES / largest)));
  for (let from = 0; from < candidates.length && !history.isFull; from += width) {
    const batch = candidates.slice(from, from + width);
    for (const found of await mapParallel(batch, width, (folder) => readBackup(read, source, folder))) {
      if (found && 'size' in found && history.add(found.size)) compared.push(found.facts);
    }
  }
  const { lastUsual: id, ...size } = history.check(bounds);
  const lastUsual = compared.find((facts) => facts.id === id);
  const longest = Math.max(...[newest.facts, ...compared].map(({ durationSeconds }) => durationSeconds));
  return { size, ...(lastUsual && { lastUsual }), ...(compared.length > 0 && { longestSeconds: longest }) };
}

/** A proof counts as long as the backup that was proved is whole. */
async function proofOf(
  read: ReadText,
  source: string,
  folders: readonly StoredFolder[],
): Promise<Pick<CatalogReading, 'proven' | 'verdict'>> {
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
