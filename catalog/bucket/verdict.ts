/** The result of a restore test, stored beside the manifest. */
import * as z from 'zod';
import { noteSchema } from './manifest';

/** Newest format of {@link Verdict}. */
export const VERDICT_FORMAT = 1;

/** The seven ways in which a restore test compares, in their order. */
export const CHECKS = [
  /** Every object has the size and the SHA-256 of the manifest. */
  'bytes',
  /** It loads into an empty server of the same version, without an error. */
  'load',
  /** The restored server dumps the same again, section by section. */
  'sections',
  /** The restored server has the same objects with the same settings, as it says itself. */
  'inventory',
  /** The same number of rows in each table, and the same digests. */
  'rows',
  /** The engine's own check of its files, foreign keys, views, definers. */
  'engine',
  /** What the team expects. */
  'expectations',
] as const;
export type ProofCheck = (typeof CHECKS)[number];

/** Differences that a verdict names; the count has all. */
export const VERDICT_DIFFERENCES = 100;

const count = z.number().int().nonnegative();
/** A name of an open list: a newer version may write one that this version does not know. */
const word = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a lower-case word');

const difference = z.object({
  /** One of {@link CHECKS}. */
  check: word,
  /**
   * The object, with its kind: `trigger shop.orders_bi`, `table shop.orders`; the key of an object of the backup; the statement of
   * an expectation.
   */
  object: z.string(),
  /**
   * `missing`, `unexpected`, `changed`: after the restore. `rows`: of a table. `orphans`: rows that refer to none. `invalid`: it
   * cannot be used. `unmet`: an expectation. `damaged`, `absent`: an object of the backup. `refused`: it does not load.
   */
  kind: word,
  /**
   * As in the backup, and as restored: a count, a setting, a line of a definition; never a value of a row. Of an expectation, what
   * it expects, and the answer.
   */
  expected: z.string().optional(),
  found: z.string().optional(),
  /** The setting that differs: `definer`. */
  fact: z.string().optional(),
  /** `rows`: rows that differ, of all. */
  rows: z.object({ differing: count, of: count }).optional(),
  /** `rows`: where the first of them is: the values of its primary key, and the column. */
  first: z.object({ key: z.string().optional(), column: z.string().optional() }).optional(),
  /** The first line of what the server said, without the values that it quotes. */
  said: z.string().optional(),
});

const check = z.object({
  check: word,
  result: z.enum(['passed', 'failed', 'not-run']),
  /** How much was compared: objects, sections, tables, statements. */
  compared: count,
  /** What was not compared, and why: `no-evidence`, `budget`, `bracketed-counts`, `other-version` …, with how many. */
  left: z.array(z.object({ why: word, count, objects: z.array(z.string()).optional() })).optional(),
});

const verdictSchema = z.object({
  formatVersion: z.literal(VERDICT_FORMAT),
  /** `not-run`: the test says nothing about the backup. It never replaces another verdict. */
  verdict: z.enum(['passed', 'failed', 'not-run']),
  testedAt: z.iso.datetime(),
  // Everything below may be missing: formats before this one had less.
  source: z.string().optional(),
  backupId: z.string().optional(),
  engine: z.string().optional(),
  programVersion: z.string().optional(),
  /** Version of the throw-away server. */
  serverVersion: z.string().optional(),
  /** SHA-256 of the manifest that was tested, in hex. */
  manifestSha256: z.string().optional(),
  checks: z.array(check).optional(),
  differences: z.array(difference).optional(),
  differenceCount: count.optional(),
  /** `not-run`: why: a reason of the closed lists of `contract/failure.ts`, and what it is about. */
  reason: z.object({ kind: word, object: z.string().optional(), said: z.string().optional() }).optional(),
  tables: count.optional(),
  rows: count.optional(),
  /** Seconds from the first byte read to the last statement of the load: the measured recovery time. */
  loadSeconds: z.number().optional(),
  seconds: z.number().optional(),
  bytes: count.optional(),
  uncompressedBytes: count.optional(),
  peakMemoryBytes: count.optional(),
  peakDiskBytes: count.optional(),
  notes: z.array(noteSchema).optional(),
});

/** The result of a restore test. */
export type Verdict = z.infer<typeof verdictSchema>;
export type ProofDifference = z.infer<typeof difference>;
export type CheckResult = z.infer<typeof check>;

/** Reads a verdict; `undefined` if it cannot be read. */
export function parseVerdict(text: string): Verdict | undefined {
  try {
    return verdictSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Reads the verdict that lies beside a backup; `undefined` if it cannot be read, or is that of another: a copy proves nothing. */
export function storedVerdict(text: string, source: string, backupId: string): Verdict | undefined {
  const verdict = parseVerdict(text);
  return (verdict?.source ?? source) === source && (verdict?.backupId ?? backupId) === backupId ? verdict : undefined;
}

/** Whether a test could only look at the stored bytes, and found them all: the backup is encrypted, and the test had no identity. */
export const isUnprovable = ({ verdict, reason }: Pick<Verdict, 'verdict' | 'reason'>): boolean =>
  verdict === 'not-run' && reason?.kind === 'identity-missing';

/** Whether the verdict beside a backup says that it restores. One that cannot be read proves nothing. */
export const isProven = (text: string, source: string, backupId: string): boolean =>
  storedVerdict(text, source, backupId)?.verdict === 'passed';

/** The text of a verdict, as it is stored. */
export const verdictText = (verdict: Verdict): string => `${JSON.stringify(verdictSchema.parse(verdict), null, 2)}\n`;
