import { z } from 'zod';

/** What a restore test found: it lies beside the manifest. Later formats may say more. */
const verdictSchema = z.object({
  formatVersion: z.literal(1),
  verdict: z.enum(['passed', 'failed']),
  testedAt: z.iso.datetime(),
});

/** Whether a verdict says that the backup restores. One that cannot be read proves nothing. */
export function isProven(text: string): boolean {
  try {
    return verdictSchema.parse(JSON.parse(text)).verdict === 'passed';
  } catch {
    return false;
  }
}
