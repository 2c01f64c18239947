import { createHash } from 'node:crypto';
import type { BackupFacts, SizeLimits } from '../../catalog/contract/alarms';
import { NOTE_OBJECTS, type FoundNote } from '../../catalog/contract/note';
import { damageOf } from '../../catalog/bucket/damage';
import type { StoredFolder } from '../../catalog/bucket/inventory';
import type { Manifest } from '../../catalog/bucket/manifest';
import { isSafetyBackup, ManifestError, parseManifest, storedBytes } from '../../catalog/bucket/manifest';
import { mapParallel } from '../../catalog/parallel';
import type { BackupSize, SizeCheck } from '../../catalog/size/size-check';
import { HISTORY, SizeHistory, sizeOf } from '../../catalog/size/size-check';
import { wordsOf } from '../../engines/facts';
import type { Proof, ReadText } from './proof-reading';
import { firstOf, readProof } from './proof-reading';

/** Incremented when a version reads other facts from the same listing. */
const READING_FORMAT = 9;
/** Manifests that are read at once, and bytes of them. */
const WIDTH = 8;
const WIDTH_BYTES = 8_000_000;
/** Damaged backups that are named, and that are read before it gives up. */
const DAMAGED_NAMED = 20;
const DAMAGED_READ = 50;
/** Backups among which one is looked for whose restore test has not failed. */
const SOUND_READ = 50;
/** Characters of the damage of one. */
const DAMAGE_LENGTH = 1000;
/** Notes of a backup that are told, and characters of a name or of the server's words. */
const NOTES = 20;
const NOTE_LENGTH = 200;

/** Facts about the backups of a source. The same listing gives the same facts. */
export interface CatalogReading extends Proof {
  /** The newest complete backup. */
  readonly newest?: BackupRecord;
  /** Its notes, if it has some. */
  readonly notes?: readonly FoundNote[];
  readonly size: Omit<SizeCheck, 'lastUsual'>;
  /** Time of the backup whose size that is, if it is not {@link newest}, which a restore made first. */
  readonly sizedAt?: string;
  /** The newest backup before a strange one that is not strange itself. */
  readonly lastUsual?: BackupRecord;
  /** The newest complete backup whose restore test has not failed; left out if that of the newest one has not. */
  readonly lastSound?: BackupRecord;
  /** Duration of the longest of the newest backup and those that it was compared with; left out if there are none. */
  readonly longestSeconds?: number;
  /** Since when a restore test that passes is waited for; left out if there is one. */
  readonly unprovenSince?: string;
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
 * @param last the reading before
 */
export async function readSourceCatalog(
  read: ReadText,
  source: string,
  folders: readonly StoredFolder[],
  bounds: SizeLimits,
  last?: Pick<CatalogReading, 'test'>,
): Promise<CatalogReading> {
  const counts = async (folder: StoredFolder) => {
    const found = await readBackup(read, source, folder);
    return found !== undefined && 'facts' in found && !found.isSafety;
  };
  const { results, ...proof } = await readProof(read, source, folders, counts, last?.test);
  const named: { id: string; damage: string }[] = [];
  let count = 0;
  for (const [index, folder] of folders.entries()) {
    if (count === DAMAGED_READ) {
      return { size: {}, ...proof, damaged: { count, named, more: true } };
    }
    const found = await readBackup(read, source, folder);
    if (found === undefined) continue;
    if ('damage' in found) {
      if (count++ < DAMAGED_NAMED) named.push({ id: folder.id, damage: found.damage.slice(0, DAMAGE_LENGTH) });
      continue;
    }
    const earlier = folders.slice(index + 1);
    const compared = await compareUsual(read, source, earlier, found, bounds);
    const tested = (facts: BackupRecord): BackupRecord => {
      const result = results.get(facts.id);
      return { ...facts, ...(result && { tested: result }) };
    };
    const soundOf = async (other: StoredFolder) => {
      const backup = results.get(other.id) === 'failed' ? undefined : await readBackup(read, source, other);
      return backup && 'facts' in backup ? tested(backup.facts) : undefined;
    };
    const newest = tested(found.facts);
    const lastSound = newest.tested === 'failed' ? await firstOf(earlier.slice(0, SOUND_READ), soundOf) : undefined;
    const { notes } = found;
    return {
      newest,
      ...(notes.length > 0 && { notes }),
      ...(lastSound && { lastSound }),
      ...compared,
      ...(compared.lastUsual && { lastUsual: tested(compared.lastUsual) }),
      ...proof,
      damaged: { count, named },
    };
  }
  return { size: {}, ...proof, damaged: { count, named } };
}

interface ReadBackup {
  readonly facts: BackupRecord;
  /** A restore made it before it replaced something: it has what somebody knows to be wrong. */
  readonly isSafety: boolean;
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
    const size = sizeOf(manifest, wordsOf(manifest.engine));
    const isSafety = isSafetyBackup(manifest);
    return { facts: factsOf(manifest, folder, size), isSafety, notes: notesOf(manifest), size };
  } catch (error) {
    if (error instanceof ManifestError) return { damage: error.message };
    throw error;
  }
}

function factsOf(manifest: Manifest, { id, time }: StoredFolder, { bytes, rows }: BackupSize): BackupRecord {
  const { tables, startedAt, endedAt, engine, serverVersion } = manifest;
  return {
    id,
    time: time.toISOString(),
    engine,
    engineVersion: serverVersion,
    tables: tables.length,
    bytes: storedBytes(manifest),
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

type Compared = Pick<CatalogReading, 'size' | 'lastUsual' | 'longestSeconds' | 'sizedAt'>;

/** Compares the newest backup, or the newest one before the safety backups of restores. */
async function compareUsual(
  read: ReadText,
  source: string,
  earlier: readonly StoredFolder[],
  newest: ReadBackup,
  bounds: SizeLimits,
): Promise<Compared> {
  if (!newest.isSafety) return compare(read, source, earlier, newest, bounds);
  for (const [index, folder] of earlier.slice(0, HISTORY).entries()) {
    const found = await readBackup(read, source, folder);
    if (!found || !('size' in found) || found.isSafety) continue;
    const compared = await compare(read, source, earlier.slice(index + 1), found, bounds);
    return { ...compared, sizedAt: found.facts.time };
  }
  return { size: {} };
}

/** With twice as many as are needed, at most: some may be damaged, of another kind, or safety backups. */
async function compare(
  read: ReadText,
  source: string,
  earlier: readonly StoredFolder[],
  newest: ReadBackup,
  bounds: SizeLimits,
): Promise<Compared> {
  const history = new SizeHistory(newest.size);
  const compared: BackupRecord[] = [];
  const candidates = earlier.slice(0, 2 * HISTORY);
  const largest = Math.max(1, ...candidates.map(({ manifest }) => manifest!.bytes));
  const width = Math.min(WIDTH, Math.max(1, Math.floor(WIDTH_BYTES / largest)));
  for (let from = 0; from < candidates.length && !history.isFull; from += width) {
    const batch = candidates.slice(from, from + width);
    for (const found of await mapParallel(batch, width, (folder) => readBackup(read, source, folder))) {
      if (found && 'size' in found && !found.isSafety && history.add(found.size)) compared.push(found.facts);
    }
  }
  const { lastUsual: id, ...size } = history.check(bounds);
  const lastUsual = compared.find((facts) => facts.id === id);
  const longest = Math.max(...[newest.facts, ...compared].map(({ durationSeconds }) => durationSeconds));
  return { size, ...(lastUsual && { lastUsual }), ...(compared.length > 0 && { longestSeconds: longest }) };
}
