import { z } from 'zod';

/** The result of a restore test, stored beside the manifest. Later formats may say more. */
const verdictSchema = z.object({
  formatVersion: z.literal(1),
  verdict: z.enum(['passed', 'failed']),
  testedAt: z.iso.datetime(),
});

/** The facts that are read from a verdict. */
export type Verdict = z.infer<typeof verdictSchema>;

/** Reads a verdict; `undefined` if it cannot be read. */
export function parseVerdict(text: string): Verdict | undefined {
  try {
    return verdictSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether a verdict says that the backup restores. One that cannot be read proves nothing. */
export const isProven = (text: string): boolean => parseVerdict(text)?.verdict === 'passed';
