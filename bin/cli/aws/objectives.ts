/** What the sources of a bucket must keep to, as its alarms are told. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import type { ManagedSource, Objectives } from '../../../catalog/contract/alarms';
import { ALARM_SETTINGS_FORMAT, alarmSettingsPath, USUAL_SOURCE } from '../../../catalog/contract/alarms';
import { parseSettings, readParameters, SettingsError } from '../../../catalog/contract/settings';
import { CommandError } from '../errors';
import { answerOrFault } from './aws';

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

/** What could be read of the objectives. */
export interface FoundObjectives {
  /** By source; none where there are no alarms. */
  readonly sources: ReadonlyMap<string, SourceObjectives>;
  /** Why some are missing, in a sentence: nothing is known of how old the backups of their sources may be. */
  readonly fault?: string;
}

/** Reads the objectives: all else is known without those that cannot be read. */
export async function readObjectives(ssm: SSMClient, bucket: string): Promise<FoundObjectives> {
  const wish = { doing: 'read the limits of the alarms', action: 'ssm:GetParametersByPath' };
  const texts = await answerOrFault(wish, () => readParameters(ssm, alarmSettingsPath(bucket)));
  if (texts instanceof CommandError) return { sources: new Map(), fault: unread([texts.message]) };
  const sources = new Map<string, SourceObjectives>();
  const faults: string[] = [];
  for (const [name, text] of texts) {
    try {
      const found = parseSettings(settings, ALARM_SETTINGS_FORMAT, text, name).sources;
      for (const [source, set] of Object.entries(found)) sources.set(source, set);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      faults.push(error.message);
    }
  }
  return { sources, ...(faults.length > 0 && { fault: unread(faults) }) };
}

const unread = (faults: readonly string[]): string =>
  `limits could not be read: ages were not judged: ${faults.join('; ')}`;
