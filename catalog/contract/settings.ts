/** Settings that constructs keep in parameters of Systems Manager: how all who use them read and check them. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { paginateGetParametersByPath } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import type { BucketSettings } from './handlers';
import { SETTINGS_FORMAT } from './handlers';
import { sourceNameFault } from '../bucket/names';
import { retentionSchema } from '../retention/retention-schema';

/** Settings that cannot be used. The message says which, why, and what to do. */
export class SettingsError extends Error {}

// Strict: what this version does not know may be what protects a source.
const bucketSettings: z.ZodType<BucketSettings> = z
  .strictObject({
    formatVersion: z.literal(SETTINGS_FORMAT),
    bucket: z.string(),
    retentions: z.array(retentionSchema),
    sources: z.record(
      z.string().refine((name) => sourceNameFault(name) === undefined, 'no name of a source'),
      z.strictObject({ retention: z.int().nonnegative(), allowedAgeSeconds: z.number().positive() }),
    ),
    maxDeleteShare: z.number().min(0).max(1),
  })
  .superRefine(({ sources, retentions }, context) => {
    for (const [name, settings] of Object.entries(sources)) {
      if (!retentions[settings.retention])
        context.addIssue(`${name}: no retention has the number ${settings.retention}`);
    }
  });

/**
 * Texts of all parameters directly under a path, by name, in the order of their names.
 *
 * @param path `/proven-backups/my-bucket/`
 * @throws what the client throws
 */
export async function readParameters(client: SSMClient, path: string): Promise<Map<string, string>> {
  const texts: [string, string][] = [];
  for await (const { Parameters = [] } of paginateGetParametersByPath({ client }, { Path: path })) {
    for (const { Name, Value } of Parameters) texts.push([Name!, Value!]);
  }
  return new Map(texts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Reads the settings of a bucket.
 *
 * @param text of the parameter
 * @param name of the parameter
 * @throws SettingsError if they are not what {@link BucketSettings} says
 */
export const parseBucketSettings = (text: string, name: string): BucketSettings =>
  parseSettings(bucketSettings, SETTINGS_FORMAT, text, name);

/**
 * Reads the text of a parameter.
 *
 * @param schema of the newest format
 * @param newest number of the newest format
 * @throws SettingsError if it is not JSON, of a newer format, or not of the form of the schema
 */
export function parseSettings<T>(schema: z.ZodType<T>, newest: number, text: string, name: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SettingsError(`the settings ${name} are not JSON: ${(error as Error).message}: deploy their stack again`);
  }
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > newest) {
    throw new SettingsError(
      `the settings ${name} have format ${version}, but this version of cdk-proven-backups reads formats up to ${newest}: update cdk-proven-backups`,
    );
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new SettingsError(
    `the settings ${name} are damaged: ${[...path, message].join(': ')}: deploy their stack again`,
  );
}
