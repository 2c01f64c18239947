/** What a restore found, does and did, as facts: the program logs them, and the command line turns them into words. */
import * as z from 'zod';
import { noteSchema } from '../bucket/manifest';

const count = z.number().int().nonnegative();

const targetSchema = z.object({
  /** Name in the backup. */
  database: z.string(),
  /** Name on the target: a database; `shop.rescued` for tables that get a schema of their own; or a file. */
  name: z.string(),
  /** What is there: nothing, an empty one, or one with content, which a restore replaces only if it is told to. */
  state: z.enum(['new', 'empty', 'exists']),
  /** Objects with content that are there, the first of them; for `exists` only. */
  holds: z.array(z.string()).optional(),
  /** Tables and rows that the restore brings there. */
  tables: count,
  rows: count,
});

/** The line `plan` of a restore's log. */
export const planSchema = z.object({
  backupId: z.string(),
  /** Version of the server that was dumped, and of the target. */
  serverVersion: z.string(),
  targetVersion: z.string(),
  targets: z.array(targetSchema),
  /** Stored bytes to read, and bytes after decompression. */
  bytes: count,
  uncompressedBytes: count,
  /** Whether everything happens in one transaction, so that a failure changes nothing. */
  atomic: z.boolean(),
  /** What a person must know before it begins, as the engine's advice words it. */
  notes: z.array(noteSchema),
});
export type RestorePlan = z.infer<typeof planSchema>;
export type RestoreTarget = RestorePlan['targets'][number];

/** How the target differs from the backup. */
export interface RestoreDifference {
  /** A table, view, constraint …: `shop.orders`. */
  readonly object: string;
  readonly kind: 'missing' | 'rows' | 'orphans' | 'invalid';
  /** `rows`: as in the manifest, and as restored. `orphans`: 0, and how many rows refer to none. */
  readonly expected?: number;
  readonly found?: number;
  /** The words of the server. */
  readonly said?: string;
}

/** The line `restored` of a restore's log: the target has what the backup has. */
export const reportSchema = z.object({
  backupId: z.string(),
  /** Start of the backup: what was restored is as of then. */
  asOf: z.string(),
  targets: z.array(targetSchema.pick({ database: true, name: true })),
  seconds: z.number(),
  tables: count,
  rows: count,
  /** Rows could not be compared exactly in these tables: they changed while they were dumped, or are time series. */
  uncompared: z.array(z.string()),
  /** What remains to be done, as the engine's advice words it. */
  notes: z.array(noteSchema),
});
export type RestoreReport = z.infer<typeof reportSchema>;

/** The line `progress` of a restore's log. */
export const progressSchema = z.object({
  phase: z.enum(['verifying', 'loading', 'checking']),
  /** Stored bytes read in this phase, of all that are to be read. None while a file is loaded that was read before. */
  bytes: count,
  totalBytes: count,
  bytesPerSecond: z.number(),
  /** Of this phase, once that can be guessed. */
  secondsLeft: count.optional(),
  table: z.string().optional(),
});
export type RestoreProgress = z.infer<typeof progressSchema>;

/** State of the target after a restore that did not succeed: `state` of the line `target-state`, before the line `failed`. */
export const TARGET_STATES = [
  'unchanged',
  'partial',
  'complete-but-different',
  'complete-but-unchecked',
  'unknown',
] as const;
export type TargetState = (typeof TARGET_STATES)[number];
