/** What the sources of a bucket must keep to, as its alarms are told. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import type { ManagedSource, Objectives } from '../../../catalog/contract/alarms';
import { alarmSettingsPath, USUAL_SOURCE } from '../../../catalog/contract/alarms';
import { readParameters } from '../../../catalog/contract/settings';

/** What a source must keep to, and how old its newest proven backup may be. */
export interface SourceObjectives extends Objectives {
  readonly allowedAgeSeconds?: number;
  readonly provenAgeSeconds: number;
  /** Where its backups are, if AWS Backup makes them: they are no backups of the bucket. */
  readonly managed?: ManagedSource;
}

const seconds = z.number().positive().optional();
// Not strict: a newer release adds settings.
const settings = z.object({
  sources: z.record(
    z.string(),
    z.object({
      allowedAgeSeconds: seconds,
      provenAgeSeconds: z.number().positive().default(USUAL_SOURCE.provenAgeSeconds),
      tests: z.enum(['off', 'unprovable']).optional(),
      recoveryTimeSeconds: seconds,
      recoveryPointSeconds: seconds,
      managed: z.object({ resource: z.string(), vault: z.string(), plan: z.string() }).optional(),
    }),
  ),
});

/** Reads the objectives, by source. None where there are no alarms, or where they may not be read: all else is known without. */
export async function readObjectives(ssm: SSMClient, bucket: string): Promise<ReadonlyMap<string, SourceObjectives>> {
  try {
    const texts = await readParameters(ssm, alarmSettingsPath(bucket));
    return new Map([...texts.values()].flatMap((text) => Object.entries(settings.parse(JSON.parse(text)).sources)));
  } catch {
    return new Map();
  }
}
