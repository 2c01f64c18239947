import type { SSMClient } from '@aws-sdk/client-ssm';
import { paginateGetParametersByPath } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import type { BucketSettings } from '../../catalog/handlers';
import { SETTINGS_FORMAT, settingsPath } from '../../catalog/handlers';
import { sourceNameFault } from '../../catalog/names';
import { errorText, HandlerError } from './errors';
import { retentionSchema } from './retention-schema';

// Strict: what this version does not know may be what protects a source.
const settingsSchema: z.ZodType<BucketSettings> = z
  .strictObject({
    formatVersion: z.literal(SETTINGS_FORMAT),
    bucket: z.string(),
    retentions: z.array(retentionSchema),
    sources: z.record(
      z.string().refine((name) => sourceNameFault(name) === undefined, 'no name of a source'),
      z.strictObject({ retention: z.int().nonnegative(), allowedAgeSeconds: z.number().positive() }),
    ),
    maxDeleteShare: z.number().min(0).max(1),
    pruneFunction: z.string(),
    undeleteFunction: z.string(),
  })
  .superRefine(({ sources, retentions }, context) => {
    for (const [name, settings] of Object.entries(sources)) {
      if (!retentions[settings.retention])
        context.addIssue(`${name}: no retention has the number ${settings.retention}`);
    }
  });

/** The settings of a bucket. */
export interface FoundSettings {
  readonly own: BucketSettings;
  /** Names of the parameters of others that manage sources in the bucket, by source. */
  readonly others: ReadonlyMap<string, string>;
  /** Names of the parameters of others that cannot be read. */
  readonly unreadable: readonly string[];
}

/**
 * Reads all settings of a bucket.
 *
 * @param name of the handler's own parameter
 * @throws HandlerError if its own are missing or cannot be read
 */
export async function readSettings(client: SSMClient, bucket: string, name: string): Promise<FoundSettings> {
  const texts = await readParameters(client, settingsPath(bucket));
  const text = texts.get(name);
  if (text === undefined) {
    throw new HandlerError(`the settings ${name} do not exist: nothing was done; deploy the stack again`);
  }
  const own = parseSettings(text, name);
  if (own.bucket !== bucket) {
    throw new HandlerError(
      `the settings ${name} are for the bucket ${own.bucket}, not for ${bucket}: nothing was done`,
    );
  }
  texts.delete(name);
  const others = new Map<string, string>();
  const unreadable: string[] = [];
  for (const [other, otherText] of texts) {
    try {
      for (const source of namesIn(otherText)) others.set(source, other);
    } catch {
      unreadable.push(other);
    }
  }
  return { own, others, unreadable };
}

/** Names of sources, whatever else is said of them: those in settings of a newer format are managed as well. */
const namesIn = (text: string): string[] => Object.keys(otherSettings.parse(JSON.parse(text)).sources);
const otherSettings = z.object({ sources: z.record(z.string(), z.unknown()) });

async function readParameters(client: SSMClient, path: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  try {
    for await (const { Parameters = [] } of paginateGetParametersByPath({ client }, { Path: path })) {
      for (const { Name, Value } of Parameters) texts.set(Name!, Value!);
    }
  } catch (error) {
    throw new HandlerError(`could not read the settings under ${path}: ${errorText(error)}: nothing was done`, {
      cause: error,
    });
  }
  return texts;
}

function parseSettings(text: string, name: string): BucketSettings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HandlerError(`the settings ${name} are not JSON: ${(error as Error).message}: deploy the stack again`);
  }
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > SETTINGS_FORMAT) {
    throw new HandlerError(
      `the settings ${name} have format ${version}, but this function reads formats up to ${SETTINGS_FORMAT}: deploy its stack with a newer cdk-proven-backups`,
    );
  }
  const result = settingsSchema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new HandlerError(`the settings ${name} are damaged: ${[...path, message].join(': ')}: deploy the stack again`);
}
