import { z } from 'zod';
import type { Measured } from '../../../catalog/contract/alarms';
import { SIGNALS } from '../../../catalog/contract/alarms';
import type { Observation } from '../problems/observation';
import type { Reading } from './message';

const count = z.number().nonnegative();

// What the measure function writes is of the same version: only what would mislead is checked.
const measured = z.looseObject({
  kind: z.literal('measured'),
  bucket: z.string(),
  at: z.iso.datetime(),
  sources: z.array(
    z.looseObject({
      source: z.string(),
      ageSeconds: z.number(),
      allowedAgeSeconds: z.number(),
      findings: z.array(
        z.looseObject({ signal: z.enum(SIGNALS), cause: z.string(), sentence: z.string(), since: z.string() }),
      ),
    }),
  ),
  // Left out by the version before, while a new one is deployed.
  complete: z.boolean().catch(false),
  total: count.catch(0),
  unmeasured: z
    .looseObject({ count, named: z.array(z.looseObject({ source: z.string(), failure: z.string() })) })
    .catch({ count: 0, named: [] }),
  subscriptions: z.looseObject({ confirmed: count, pending: count }).optional(),
});

/** What the measure function found. */
export function readMeasured({ body, settings }: Reading): Observation[] {
  const found = measured.parse(body) as unknown as Measured;
  return found.bucket === settings.bucket ? [{ ...found, state: 'measured' }] : [];
}

/** A digest is due. */
export const readDigest = (): Observation[] => [{ kind: 'digest', state: 'digest' }];
