/** Names and keys in the bucket. Free of dependencies: the constructs check names with the same rule as the program. */

/** 1 to 40 characters, so that a name fits, with its stack's, into the 64 that IAM and Scheduler allow. */
const SOURCE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** The rule of {@link sourceNameFault}, in words. */
export const SOURCE_NAME_RULE =
  '1 to 40 lower-case letters, digits and hyphens, starting and ending with a letter or a digit';

/** Says what is wrong with a source name; `undefined` if nothing is. */
export function sourceNameFault(name: string): string | undefined {
  return SOURCE_NAME.test(name) ? undefined : `source name must be ${SOURCE_NAME_RULE}, got: ${JSON.stringify(name)}`;
}

/** File name of the commit record of a backup. */
export const MANIFEST_FILE = 'manifest.json';

/**
 * Largest size of a manifest, 8 MiB. Larger objects may move to a colder storage class: a lifecycle rule can tell data
 * objects from manifests only by their size.
 */
export const MANIFEST_MAX_BYTES = 8 * 1024 ** 2;

/** File name of the newest verdict of a restore test. */
export const VERDICT_FILE = 'restore-test.json';
/** File name of the note that keeps a backup regardless of the retention. */
export const KEEP_FILE = 'keep.json';

/** Tag of snapshots with the name of their source. */
export const SNAPSHOT_SOURCE_TAG = 'proven-backups:source';

const NOT_DATA: ReadonlySet<string> = new Set([MANIFEST_FILE, VERDICT_FILE, KEEP_FILE]);

/**
 * Whether a file of a backup's folder belongs to its data: all but the three with fixed names. The manifest lists the objects
 * that the backup needs; without a manifest, all of them are what a failed run left behind.
 */
export const isDataFile = (file: string): boolean => !NOT_DATA.has(file);

/** `2026-11-20T02-00-00Z`: UTC, to the second, sortable, and without characters that S3 keys dislike. */
export function backupId(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}

const BACKUP_ID = /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z$/;

/** The time in a backup id; `undefined` if the text is not a backup id. */
export function backupIdTime(id: string): Date | undefined {
  const match = BACKUP_ID.exec(id);
  if (!match) return undefined;
  const time = new Date(`${match[1]}T${match[2]}:${match[3]}:${match[4]}Z`);
  return Number.isNaN(time.getTime()) || backupId(time) !== id ? undefined : time;
}

/** Prefix of everything that belongs to a source, with the closing slash, so that `shop` is not `shop-archive`. */
export const sourcePrefix = (source: string): string => `${source}/`;

/** Key of an object of a backup. */
export const objectKey = (source: string, id: string, file: string): string => `${source}/${id}/${file}`;

/** The file name in a key. */
export const fileName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/** What the names of encrypted objects end with, behind that of the compression. */
export const ENCRYPTED_SUFFIX = '.age';

/** `shop.sql` of `shop.sql.zst` and of `shop.sql.zst.age`. */
export const plainName = (file: string): string => file.replace(/\.zst(\.age)?$/, '');

/** Key of the manifest of a backup. */
export const manifestKey = (source: string, id: string): string => objectKey(source, id, MANIFEST_FILE);

/** Key of the lock of a source: the only key that a run may read and replace. */
export const lockKey = (source: string): string => `${source}/lock.json`;

/** Parts of a key in a backup's folder; `undefined` for every other key. */
export function parseBackupKey(key: string): { source: string; id: string; file: string } | undefined {
  const [source, id, file, ...rest] = key.split('/');
  if (source === undefined || id === undefined || !file || rest.length > 0) return undefined;
  return sourceNameFault(source) === undefined && backupIdTime(id) ? { source, id, file } : undefined;
}

/** Parts of a manifest's key; `undefined` for every other key. */
export function parseManifestKey(key: string): { source: string; id: string } | undefined {
  const parsed = parseBackupKey(key);
  return parsed?.file === MANIFEST_FILE ? { source: parsed.source, id: parsed.id } : undefined;
}

/** Whether a key is of the data of a backup. */
export function isDataKey(key: string): boolean {
  const parsed = parseBackupKey(key);
  return parsed !== undefined && isDataFile(parsed.file);
}
