/** Lists the backups of a bucket, by its catalog and its listings. */
import { damageOf } from '../../../catalog/bucket/damage';
import type { StoredFolder } from '../../../catalog/bucket/inventory';
import { backupBytes, readInventory } from '../../../catalog/bucket/inventory';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { isSafetyBackup, ManifestError, parseManifest, rowsOf } from '../../../catalog/bucket/manifest';
import type { Note } from '../../../catalog/contract/note';
import { sourceNameFault } from '../../../catalog/bucket/names';
import { mapParallel } from '../../../catalog/parallel';
import type { CatalogStore } from '../../../catalog/bucket/read';
import { storedVerdict, type Verdict } from '../../../catalog/bucket/verdict';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import { CommandError } from '../errors';
import type { Aws, Wish } from './aws';
import { ask } from './aws';
import { readDirectory, unknownSource } from './directory';
import { ARCHIVE_CLASSES, restoreWaitOf } from './retrieval';

/** Number of manifests that are fetched at once. */
const WIDTH = 16;

/** Storage classes from the warmest to the coldest. */
const CLASSES = ['STANDARD', 'INTELLIGENT_TIERING', 'STANDARD_IA', 'ONEZONE_IA', 'GLACIER_IR', ...ARCHIVE_CLASSES];

/** The part of a verdict that a list shows. */
export interface TestResult extends Pick<
  Verdict,
  'verdict' | 'testedAt' | 'loadSeconds' | 'reason' | 'differenceCount'
> {
  /** Checks that found differences. */
  readonly failedChecks?: readonly string[];
}

/** A backup, as `proven-backups list` shows it. */
export interface ListedBackup {
  readonly source: string;
  readonly id: string;
  /** Size of its data as stored; of one in a repository, what it has brought there. */
  readonly bytes: number;
  /** The coldest class of its data. */
  readonly storageClass: string;
  /** How long a restore waits for it; left out if it does not. */
  readonly restoreWait?: string;
  readonly proven: boolean;
  /** Its newest restore test; left out if there was none, or if its verdict cannot be read. */
  readonly test?: TestResult;
  /** Why it is incomplete; left out if it is complete. */
  readonly damage?: string;
  /** Whether it holds what a restore replaced: it proves nothing of the others. */
  readonly safety?: boolean;
  // Of its manifest, if that can be read.
  readonly engine?: string;
  readonly serverVersion?: string;
  readonly tables?: number;
  readonly rows?: number;
  /** What a person must know of it; left out if there is nothing. */
  readonly notes?: readonly Note[];
}

const listing = (bucket: string): Wish => ({
  doing: `list the backups in bucket ${bucket}`,
  action: 's3:ListBucket, s3:GetObject and kms:Decrypt',
});

/**
 * Lists the backups of a bucket: by source, newest first.
 *
 * @param source only this one; all of the bucket's if left out
 * @throws CommandError if AWS refuses
 */
export const listSources = (aws: Aws, bucket: string, source?: string): Promise<ListedBackup[]> =>
  ask(listing(bucket), () => listBackups(new S3CatalogStore(aws.s3(), bucket), source));

/**
 * Refuses a source that neither the bucket nor the directory knows: it may be new, or mistyped.
 *
 * @throws CommandError with the names that are known
 */
export async function requireSource(aws: Aws, bucket: string, source: string): Promise<void> {
  const folders = await ask(listing(bucket), () => new S3CatalogStore(aws.s3(), bucket).folders());
  const stored = folders.filter((folder) => sourceNameFault(folder) === undefined);
  if (stored.includes(source)) return;
  const listed = await readDirectory(aws.ssm(), bucket).then(
    (directory) => directory.sources,
    (error: unknown): string[] => {
      // Listing needs no directory, nor the right to read it.
      if (error instanceof CommandError) return [];
      throw error;
    },
  );
  if (!listed.includes(source)) throw unknownSource(bucket, source, [...new Set([...stored, ...listed])].sort());
}

/**
 * Lists backups: by source, newest first.
 *
 * @param source only this one; all of the bucket's if left out
 */
export async function listBackups(store: CatalogStore, source?: string): Promise<ListedBackup[]> {
  const folders = source === undefined ? await store.folders() : [source];
  const sources = folders.filter((folder) => sourceNameFault(folder) === undefined).sort();
  const all: ListedBackup[] = [];
  for (const name of sources) {
    const { folders: stored } = await readInventory(store, name);
    // A folder without a manifest is no backup: its run is under way, or was interrupted.
    const backups = stored.filter(({ manifest }) => manifest !== undefined).reverse();
    all.push(...(await mapParallel(backups, WIDTH, (folder) => readBackup(store, name, folder))));
  }
  return all;
}

async function readBackup(store: CatalogStore, source: string, folder: StoredFolder): Promise<ListedBackup> {
  const storageClass = storageClassOf(folder);
  const wait = restoreWaitOf(storageClass);
  const test = folder.verdict && testOf(storedVerdict(await store.get(folder.verdict.key), source, folder.id));
  const listed = {
    source,
    id: folder.id,
    bytes: backupBytes(folder),
    storageClass,
    ...(wait !== undefined && { restoreWait: wait }),
    proven: test?.verdict === 'passed',
    ...(test && { test }),
  };
  const { key } = folder.manifest!;
  const text = await store.get(key);
  try {
    const manifest = parseManifest(text, key);
    const damage = damageOf(manifest, source, folder);
    const bytes = listed.bytes + (manifest.repository?.addedBytes ?? 0);
    return { ...listed, bytes, ...factsOf(manifest), ...(damage !== undefined && { damage }) };
  } catch (error) {
    if (error instanceof ManifestError) return { ...listed, damage: error.message };
    throw error;
  }
}

function testOf(found: Verdict | undefined): TestResult | undefined {
  const { verdict, testedAt, loadSeconds, reason, differences = [], differenceCount } = found ?? {};
  if (verdict === undefined || testedAt === undefined) return undefined;
  return {
    ...{ verdict, testedAt },
    ...(loadSeconds !== undefined && { loadSeconds }),
    ...(reason && { reason }),
    ...(differenceCount !== undefined && { differenceCount }),
    ...(differences.length > 0 && { failedChecks: [...new Set(differences.map(({ check }) => check))] }),
  };
}

/** The coldest storage class of a backup's data; `none` if it has none. */
export const storageClassOf = ({ data }: Pick<StoredFolder, 'data'>): string =>
  data.map(({ storageClass }) => storageClass).sort((a, b) => CLASSES.indexOf(b) - CLASSES.indexOf(a))[0] ?? 'none';

const factsOf = ({ engine, serverVersion, tables, notes, trigger }: Manifest) => ({
  engine,
  serverVersion,
  tables: tables.length,
  rows: rowsOf({ tables }),
  ...(notes !== undefined && { notes }),
  ...(isSafetyBackup({ trigger }) && { safety: true }),
});
