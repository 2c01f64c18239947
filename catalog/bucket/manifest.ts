import { z } from 'zod';
import { manifestKey, MANIFEST_MAX_BYTES } from './names';

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
  /** Its content. `dump`: one or more databases; `globals`: PostgreSQL roles and settings; `file`: an SQLite database. */
  kind: word,
  /** Format of the bytes before compression: `sql`, `pg-custom`, `sqlite`. */
  format: word,
  /** `zstd` */
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
  /** The snapshot that was dumped: `single-transaction`, `exported-snapshot`, `page-copy`. */
  snapshot: word,
  /** Relation of the row counts to that snapshot: `same-snapshot`, `read-lock`, `binlog-position`, `bracketed`, `file`. */
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

/** Rows of all tables; of those that were counted before and after, the later count. */
export const rowsOf = ({ tables }: Pick<Manifest, 'tables'>): number =>
  tables.reduce((total, { rows, rowsAfter }) => total + (rows ?? rowsAfter ?? 0), 0);

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
