import type { SSMClient } from '@aws-sdk/client-ssm';
import { GetParameterCommand, ParameterNotFound } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import type { AlarmSettings } from '../../catalog/contract/alarms';
import { ALARM_SETTINGS_FORMAT, DIGESTS, SIGNALS, USUAL_SOURCE } from '../../catalog/contract/alarms';
import { sourceNameFault } from '../../catalog/bucket/names';
import { parseSettings, SettingsError } from '../../catalog/contract/settings';
import { errorText, HandlerError } from './errors';

const seconds = z.number().positive();
const deviations = z.number().positive();
const number = z.int().nonnegative();

const sourceSchema = z.strictObject({
  family: number.default(USUAL_SOURCE.family),
  logGroup: number.default(USUAL_SOURCE.logGroup),
  allowedAgeSeconds: seconds,
  timeoutSeconds: seconds.optional(),
  provenAgeSeconds: seconds.default(USUAL_SOURCE.provenAgeSeconds),
  sizeBounds: number.optional(),
  off: z.array(z.enum(SIGNALS).exclude(['housekeeping'])).optional(),
  tests: z.enum(['off', 'unprovable']).optional(),
  recoveryTimeSeconds: seconds.optional(),
  recoveryPointSeconds: seconds.optional(),
  managed: z
    .strictObject({ resource: z.string(), vault: z.string(), plan: z.string(), copies: z.array(z.string()).optional() })
    .optional(),
});

// Strict: what this version does not know may be what makes a source silent.
const alarmSettings: z.ZodType<AlarmSettings> = z
  .strictObject({
    formatVersion: z.literal(ALARM_SETTINGS_FORMAT),
    bucket: z.string(),
    timeZone: z.string().refine(isTimeZone, 'no time zone'),
    digest: z.enum(DIGESTS),
    off: z.array(z.enum(SIGNALS)),
    families: z.array(z.string()),
    logGroups: z.array(z.string()),
    sizeBounds: z.array(
      z.strictObject({
        shrink: deviations,
        growth: deviations,
        minHistory: z.int().positive(),
        ignoreTables: z.array(z.string()).optional(),
      }),
    ),
    sources: z.record(
      z.string().refine((name) => sourceNameFault(name) === undefined, 'no name of a source'),
      sourceSchema,
    ),
    measureFunction: z.string(),
    notifyFunction: z.string(),
    functionLogGroup: number.optional(),
    prunings: z
      .array(z.strictObject({ functionName: z.string(), logGroup: number, tag: z.string().optional() }))
      .optional(),
    alarms: z.array(z.string()).optional(),
    testings: z.array(z.strictObject({ familyPrefix: z.string(), logGroup: number })).optional(),
  })
  .superRefine(({ sources, families, logGroups, sizeBounds, testings = [] }, context) => {
    for (const { familyPrefix, logGroup } of testings) {
      if (logGroups[logGroup] === undefined)
        context.addIssue(`${familyPrefix}: no log group has the number ${logGroup}`);
    }
    for (const [name, { family, logGroup, sizeBounds: bounds, managed }] of Object.entries(sources)) {
      // It has no task.
      if (managed) continue;
      if (families[family] === undefined) context.addIssue(`${name}: no family has the number ${family}`);
      if (logGroups[logGroup] === undefined) context.addIssue(`${name}: no log group has the number ${logGroup}`);
      if (bounds !== undefined && !sizeBounds[bounds]) context.addIssue(`${name}: no bounds have the number ${bounds}`);
    }
  });

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads what is set for the alarms.
 *
 * @param name of the parameter
 * @throws HandlerError if they are missing, or cannot be read or understood
 */
export async function readAlarmSettings(client: SSMClient, name: string): Promise<AlarmSettings> {
  const answer = await client.send(new GetParameterCommand({ Name: name })).catch((error: unknown) => {
    if (error instanceof ParameterNotFound) {
      throw new HandlerError(`the settings ${name} do not exist: deploy the stack again`);
    }
    throw new HandlerError(`could not read the settings ${name}: ${errorText(error)}`, { cause: error });
  });
  return parseAlarmSettings(answer.Parameter!.Value!, name);
}

/**
 * Reads what is set for the alarms.
 *
 * @param text of the parameter
 * @param name of the parameter
 * @throws HandlerError if they cannot be understood
 */
export function parseAlarmSettings(text: string, name: string): AlarmSettings {
  try {
    return parseSettings(alarmSettings, ALARM_SETTINGS_FORMAT, text, name);
  } catch (error) {
    throw error instanceof SettingsError ? new HandlerError(error.message) : error;
  }
}
