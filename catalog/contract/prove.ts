/** What a restore test does, as facts: the program logs them, and the command line turns them into words. */
import * as z from 'zod';

const count = z.number().int().nonnegative();

/** The line `progress` of a restore test's log. */
export const proveProgressSchema = z.object({
  /** In their order. */
  phase: z.enum(['starting', 'verifying', 'loading', 'dumping', 'checking']),
  /** `verifying`, `loading`: stored bytes read, of all. `dumping`: bytes dumped, of those of the backup before compression. */
  bytes: count,
  totalBytes: count,
  bytesPerSecond: z.number(),
  /** Of this phase, once that can be guessed. */
  secondsLeft: count.optional(),
  table: z.string().optional(),
});
export type ProveProgress = z.infer<typeof proveProgressSchema>;
