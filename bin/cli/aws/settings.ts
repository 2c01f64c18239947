/** What the command line reads of the settings of a bucket: who manages which sources, and by which functions. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { alarmSettingsPath } from '../../../catalog/contract/alarms';
import { familyOfSource } from '../../../catalog/contract/families';
import { settingsPath } from '../../../catalog/contract/handlers';
import {
  parseAlarmedRuns,
  parseAlarmManager,
  parseBucketSettings,
  readParameters,
  SettingsError,
} from '../../../catalog/contract/settings';
import { ask } from './aws';
import { CommandError } from '../print/output';

/** A construct that manages sources of a bucket. */
export interface Manager {
  /** Name of the parameter with its settings. */
  readonly parameter: string;
  readonly sources: readonly string[];
  readonly pruneFunction: string;
  readonly undeleteFunction: string;
}

/**
 * All constructs that manage sources of a bucket, by the names of their parameters.
 *
 * @throws CommandError if there is none, or one cannot be read
 */
export async function readManagers(ssm: SSMClient, bucket: string): Promise<Manager[]> {
  const path = settingsPath(bucket);
  const managers = await readAll(ssm, bucket, path, (text, parameter) => {
    const { sources, pruneFunction, undeleteFunction } = parseBucketSettings(text, parameter);
    return { parameter, sources: Object.keys(sources).sort(), pruneFunction, undeleteFunction };
  });
  if (managers.length > 0) return managers;
  throw new CommandError(
    `nothing prunes bucket ${bucket}: ${await ssm.config.region()} has no parameter under ${path}: look at --bucket, --region and the account, or deploy a stack with pruning`,
  );
}

/**
 * Names of the functions that send the emails of all alarms of a bucket, in the order of their settings.
 *
 * @throws CommandError if there is none, or one cannot be read
 */
export const readNotifyFunctions = (ssm: SSMClient, bucket: string): Promise<string[]> =>
  readAlarms(ssm, bucket, (text, name) => parseAlarmManager(text, name).notifyFunction);

/** Where the runs of a source are. */
export interface Runs {
  /** Family of its task definitions. */
  readonly family: string;
  readonly logGroup: string;
}

/**
 * Where the runs of a source are, as the settings of the alarms tell it.
 *
 * @throws CommandError if they do not know the source, there are none, or one cannot be read
 */
export async function readRuns(ssm: SSMClient, bucket: string, source: string): Promise<Runs> {
  const all = await readAlarms(ssm, bucket, parseAlarmedRuns);
  for (const settings of all) {
    const family = familyOfSource(settings, source);
    if (family === undefined) continue;
    return { family, logGroup: settings.logGroups[settings.sources[source]!.logGroup]! };
  }
  const known = all.flatMap(({ sources }) => Object.keys(sources)).sort();
  throw new CommandError(
    `nothing watches source ${source} of bucket ${bucket}: it is in no settings: ${knownText(known)}`,
  );
}

async function readAlarms<T>(ssm: SSMClient, bucket: string, parse: (text: string, name: string) => T): Promise<T[]> {
  const path = alarmSettingsPath(bucket);
  const found = await readAll(ssm, bucket, path, parse);
  if (found.length > 0) return found;
  throw new CommandError(
    `nothing watches bucket ${bucket}: ${await ssm.config.region()} has no parameter under ${path}: look at --bucket, --region and the account, or deploy a stack with alarms`,
  );
}

async function readAll<T>(
  ssm: SSMClient,
  bucket: string,
  path: string,
  parse: (text: string, name: string) => T,
): Promise<T[]> {
  const wish = { doing: `read the settings of bucket ${bucket}`, action: 'ssm:GetParametersByPath' };
  const texts = await ask(wish, () => readParameters(ssm, path));
  try {
    return [...texts].map(([name, text]) => parse(text, name));
  } catch (error) {
    throw error instanceof SettingsError ? new CommandError(error.message) : error;
  }
}

/**
 * Who manages a source.
 *
 * @throws CommandError if nobody does
 */
export function managerOf(managers: readonly Manager[], source: string, bucket: string): Manager {
  const found = managers.find(({ sources }) => sources.includes(source));
  if (found) return found;
  const known = managers.flatMap(({ sources }) => sources).sort();
  throw new CommandError(
    `nothing prunes source ${source} of bucket ${bucket}: it is in no settings: ${knownText(known)}`,
  );
}

const knownText = (sources: readonly string[]): string =>
  sources.length > 0 ? `known are ${sources.join(', ')}` : 'they name no source';
