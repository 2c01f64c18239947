import type { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import type { BucketSettings } from '../../catalog/contract/handlers';
import { settingsPath } from '../../catalog/contract/handlers';
import { parseBucketSettings, readParameters, SettingsError } from '../../catalog/contract/settings';
import { errorText, HandlerError } from './errors';

/** The settings of a bucket. */
export interface ReadSettings {
  readonly own: BucketSettings;
  /** Names of the parameters of others that manage sources in the bucket, by source. */
  readonly others: ReadonlyMap<string, string>;
}

/**
 * Reads all settings of a bucket.
 *
 * @param name of the handler's own parameter
 * @throws HandlerError if its own are missing, or any cannot be read: nobody knows which sources those of another stack name
 */
export async function readSettings(client: SSMClient, bucket: string, name: string): Promise<ReadSettings> {
  const texts = await textsUnder(client, settingsPath(bucket));
  const text = texts.get(name);
  if (text === undefined) {
    throw new HandlerError(`the settings ${name} do not exist: nothing was done; deploy the stack again`);
  }
  const own = ownSettings(text, name);
  if (own.bucket !== bucket) {
    throw new HandlerError(
      `the settings ${name} are for the bucket ${own.bucket}, not for ${bucket}: nothing was done`,
    );
  }
  texts.delete(name);
  const others = new Map<string, string>();
  for (const [other, otherText] of texts) {
    try {
      for (const source of namesIn(otherText)) others.set(source, other);
    } catch {
      throw new HandlerError(
        `the settings ${other} of another stack cannot be read, so that nobody knows which sources it manages: nothing was done; deploy that stack again, or delete the parameter if that stack is gone`,
      );
    }
  }
  return { own, others };
}

/** Names of sources, whatever else is said of them: those in settings of a newer format are managed as well. */
const namesIn = (text: string): string[] => Object.keys(otherSettings.parse(JSON.parse(text)).sources);
const otherSettings = z.object({ sources: z.record(z.string(), z.unknown()) });

async function textsUnder(client: SSMClient, path: string): Promise<Map<string, string>> {
  try {
    return await readParameters(client, path);
  } catch (error) {
    throw new HandlerError(`could not read the settings under ${path}: ${errorText(error)}: nothing was done`, {
      cause: error,
    });
  }
}

function ownSettings(text: string, name: string): BucketSettings {
  try {
    return parseBucketSettings(text, name);
  } catch (error) {
    throw error instanceof SettingsError ? new HandlerError(error.message) : error;
  }
}
