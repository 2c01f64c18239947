import * as z from 'zod';
import { manifestKey, MANIFEST_MAX_BYTES } from './names';

/** Compression of objects that are compressed by zstd, and then encrypted: to whom, the manifest says in `encryption`. */
export const ENCRYPTED = 'zstd-age';

/** Major format of the manifests that this version writes, and the newest that it reads. */
export const MANIFEST_FORMAT = 1;

const count = z.number().int().nonnegative();
const time = z.iso.datetime();
/**
 * A name of an open list: a newer version, with another engine, may write one that this version does not know, and its backup
 * must be listed, kept and deleted like any other.
 */
const word = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a lower-case word');

const dataObject = z.object({
  /** Complete key in the bucket. */
  key: z.string().min(1),
  /**
   * Its content. `dump`: one or more databases; `globals`: PostgreSQL roles and settings; `file`: an SQLite database;
   * `files`: an archive of files; `contents`: the list of them (see `contents.ts`), by which a restore chooses and compares;
   * `evidence`: what the server said of them in the same snapshot (see `evidence.ts`), which no restore loads.
   */
  kind: word,
  /** Format of the bytes before compression: `sql`, `pg-custom`, `mongodb-archive`, `sqlite`, `json`. */
  format: word,
  /** `zstd`, or {@link ENCRYPTED}: a version that knows no encryption refuses it. */
  compression: word,
  /** Stored size. */
  bytes: count,
  /** Size before compression. */
  uncompressedBytes: count,
  /** SHA-256 of the stored bytes, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Full-object CRC32 of the stored bytes as S3 reports it, base64. */
  crc32: z.string(),
  /** Databases in it. */
  databases: z.array(z.string()),
});

const table = z.object({
  /** Database; for SQLite the file's name. */
  database: z.string(),
  /** PostgreSQL only. */
  schema: z.string().optional(),
  name: z.string(),
  /** Rows in the dump's own snapshot. */
  rows: count.optional(),
  /** Instead of `rows` when the counts are bracketed: just before and just after its snapshot. Null: no such table. */
  rowsBefore: count.nullable().optional(),
  rowsAfter: count.nullable().optional(),
});

const consistency = z.object({
  /** The snapshot that was dumped: `single-transaction`, `exported-snapshot`, `oplog`, `page-copy`, `per-file`; `none` if there was none. */
  snapshot: word,
  /** Relation of the row counts to that snapshot: `same-snapshot`, `read-lock`, `binlog-position`, `bracketed`, `file`, `archive`. */
  rowCounts: word,
  /** Why the counts are only bracketed, when they are. */
  reason: z.string().optional(),
  /** Tables whose engine has no snapshots (MyISAM, Aria, MEMORY …): each dumped as it was at that moment. */
  nonTransactionalTables: z.array(z.string()).optional(),
});

/** A note, of a dump in its manifest, or of a restore in its log. */
export const noteSchema = z.object({
  /** What it is about: a note of the engine, or one of a newer version. */
  kind: word,
  database: z.string().optional(),
  /** Objects concerned, the first of them. */
  objects: z.array(z.string()).optional(),
  /** How many objects are concerned, if `objects` does not show all. */
  count: count.optional(),
  /** How many rows are concerned. */
  rows: count.optional(),
  /** Memory that the task needs for them, in MiB. */
  memoryMiB: count.optional(),
  /** The words of the server. */
  said: z.string().optional(),
});

const expectation = z.object({
  /** One of `Expectation` in `contract/task.ts`, or another one of a newer version. */
  kind: word,
  statement: z.string().optional(),
  database: z.string().optional(),
  value: z.union([z.string(), z.number()]),
});

const repository = z.object({
  /** `restic`: https://restic.readthedocs.io/en/stable/100_references.html */
  format: word,
  bucket: z.string().min(1),
  /** Of all its keys in the bucket, without a slash at its end: the name of the source. */
  prefix: z.string().min(1),
  /** Its snapshot that is this backup, and the tree of that: ids in hex. */
  snapshot: z.string().regex(/^[0-9a-f]{64}$/),
  tree: z.string().regex(/^[0-9a-f]{64}$/),
  /** Files of the snapshot, and bytes of them all. */
  files: count,
  bytes: count,
  /** Bytes that this backup brought into the repository. */
  addedBytes: count,
  /** ARN of the secret with the key of the repository. */
  secret: z.string().optional(),
});

export const manifestSchema = z.object({
  formatVersion: z.literal(MANIFEST_FORMAT),
  source: z.string(),
  backupId: z.string(),
  engine: word,
  serverVersion: z.string(),
  toolVersion: z.string(),
  programVersion: z.string(),
  /** Occasion of the backup: one of `TRIGGERS`, or another one of a newer version. */
  trigger: word,
  /** The scheduled time. */
  scheduledTime: time.optional(),
  scheduleArn: z.string().optional(),
  startedAt: time,
  endedAt: time,
  consistency,
  /** PostgreSQL: whether the roles carry their password hashes. */
  rolePasswords: z.boolean().optional(),
  /** Settings of the source that leave out schemas or tables: `excludeSchemas`, `--ignore-table=shop.log`. */
  leftOut: z.array(z.string()).optional(),
  /** Arguments that decided what is in the dump. Of servers and of files only, and not in backups of older versions. */
  options: z
    .object({
      databases: z.array(z.string()).optional(),
      schemas: z.array(z.string()).optional(),
      excludeSchemas: z.array(z.string()).optional(),
      excludeCollections: z.array(z.string()).optional(),
      extraDumpArguments: z.array(z.string()).optional(),
      /** Of files: patterns of what was chosen. */
      include: z.array(z.string()).optional(),
      exclude: z.array(z.string()).optional(),
    })
    .optional(),
  /** To whom the objects are encrypted. Not of those of a manifest without it. */
  encryption: z
    .object({
      /** `age`: https://age-encryption.org/v1 */
      format: word,
      /** Public keys: their kinds, as age names them, and the hashes by which people know them. */
      recipients: z.array(z.object({ type: z.string(), fingerprint: z.string() })),
    })
    .optional(),
  /** Where the files are, of a backup that has no archive of them. */
  repository: repository.optional(),
  /** What the team expects of a database that was restored from it. */
  expectations: z.array(expectation).optional(),
  /** What the dump cannot hold, and what its restore needs. */
  notes: z.array(noteSchema).optional(),
  objects: z.array(dataObject).min(1),
  tables: z.array(table),
});

/** The commit record of a backup: a backup exists if, and only if, its manifest does. */
export type Manifest = z.infer<typeof manifestSchema>;
export type DataObject = Manifest['objects'][number];
export type TableCount = Manifest['tables'][number];
export type Consistency = Manifest['consistency'];
export type Repository = NonNullable<Manifest['repository']>;

/** Rows of all tables; of those that were counted before and after, the later count. */
export const rowsOf = ({ tables }: { readonly tables: readonly TableCount[] }): number =>
  tables.reduce((total, { rows, rowsAfter }) => total + (rows ?? rowsAfter ?? 0), 0);

/** The least and the most rows that a table may have when it is restored: it may have changed while it was dumped. */
export function rowBounds({ rows, rowsBefore, rowsAfter }: TableCount): readonly [least: number, most: number] {
  if (rows !== undefined) return [rows, rows];
  // It came or went while it was dumped: between the two it may have had any number.
  if (typeof rowsBefore !== 'number' || typeof rowsAfter !== 'number') return [0, Infinity];
  return [Math.min(rowsBefore, rowsAfter), Math.max(rowsBefore, rowsAfter)];
}

/** Bytes of all objects before compression, and of all files in a repository. */
export const dumpedBytes = ({ objects, repository }: Pick<Manifest, 'objects' | 'repository'>): number =>
  objects.reduce((total, { uncompressedBytes }) => total + uncompressedBytes, repository?.bytes ?? 0);

/** Bytes that a backup takes: of all objects, and what it brought into a repository. */
export const storedBytes = ({ objects, repository }: Pick<Manifest, 'objects' | 'repository'>): number =>
  objects.reduce((total, { bytes }) => total + bytes, repository?.addedBytes ?? 0);

/** Whether a backup has what a restore was about to replace, which somebody knew to be wrong. */
export const isSafetyBackup = ({ trigger }: Pick<Manifest, 'trigger'>): boolean => trigger === 'before-restore';

/** The databases of a backup, each once. */
export const databasesOf = ({ objects }: Pick<Manifest, 'objects'>): string[] => [
  ...new Set(objects.flatMap(({ databases }) => databases)),
];

/** A manifest that cannot be used. The message says which, why, and what to do. */
export class ManifestError extends Error {
  /** @param isNewer whether nothing is wrong with it but that this version cannot read it */
  constructor(
    message: string,
    readonly isNewer = false,
  ) {
    super(message);
  }
}

/**
 * Reads a manifest.
 *
 * @param text the object's content
 * @param key its key, for messages
 * @throws ManifestError if it is not JSON, of a newer format, or does not have the form of its format
 */
export function parseManifest(text: string, key: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ManifestError(`manifest ${key} is not JSON: ${(error as Error).message}`);
  }
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > MANIFEST_FORMAT) {
    throw new ManifestError(
      `manifest ${key} has format ${version}, but this version of cdk-proven-backups reads formats up to ${MANIFEST_FORMAT}: update cdk-proven-backups`,
      true,
    );
  }
  const result = manifestSchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new ManifestError(`manifest ${key} is damaged: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  return result.data;
}

/**
 * The text of a manifest, as it is stored: indented for people if that fits.
 *
 * @throws ManifestError if it is so large that storage tiers would treat it as data
 */
export function manifestText(manifest: Manifest): string {
  const checked = manifestSchema.parse(manifest);
  const indented = `${JSON.stringify(checked, null, 2)}\n`;
  if (Buffer.byteLength(indented) <= MANIFEST_MAX_BYTES) return indented;
  const compact = `${JSON.stringify(checked)}\n`;
  const bytes = Buffer.byteLength(compact);
  if (bytes <= MANIFEST_MAX_BYTES) return compact;
  throw new ManifestError(
    `manifest ${manifestKey(checked.source, checked.backupId)} must be at most ${MANIFEST_MAX_BYTES} bytes, got: ${bytes} bytes for ${checked.tables.length} tables: split the source into several, each with some of its databases`,
  );
}
