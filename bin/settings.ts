/** What the command line reads of the settings of a bucket: who manages which sources, and by which functions. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { paginateGetParametersByPath } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { SETTINGS_FORMAT, settingsPath } from '../catalog/handlers';
import { ask } from './aws';
import { CommandError } from './output';

const managerSchema = z.object({
  formatVersion: z.number(),
  sources: z.record(z.string(), z.unknown()),
  pruneFunction: z.string(),
  undeleteFunction: z.string(),
});

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
  const managers: Manager[] = [];
  const wish = { doing: `read the settings of bucket ${bucket}`, action: 'ssm:GetParametersByPath' };
  await ask(wish, async () => {
    for await (const page of paginateGetParametersByPath({ client: ssm }, { Path: settingsPath(bucket) })) {
      for (const { Name, Value } of page.Parameters ?? []) managers.push(parseManager(Name!, Value!));
    }
  });
  if (managers.length > 0) return managers.sort((a, b) => (a.parameter < b.parameter ? -1 : 1));
  const region = await ssm.config.region();
  throw new CommandError(
    `nothing prunes bucket ${bucket}: ${region} has no parameter under ${settingsPath(bucket)}: look at --bucket, --region and the account, or deploy a stack with pruning`,
  );
}

function parseManager(parameter: string, text: string): Manager {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`parameter ${parameter} is not JSON: ${(error as Error).message}: deploy its stack again`);
  }
  const result = managerSchema.safeParse(value);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new CommandError(`parameter ${parameter} is damaged: ${path.join('.')}: ${message}: deploy its stack again`);
  }
  const { formatVersion, sources, ...functions } = result.data;
  if (formatVersion > SETTINGS_FORMAT) {
    throw new CommandError(
      `parameter ${parameter} has format ${formatVersion}, but this proven-backups reads formats up to ${SETTINGS_FORMAT}: update cdk-proven-backups`,
    );
  }
  return { parameter, sources: Object.keys(sources).sort(), ...functions };
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
    `nothing prunes source ${source} of bucket ${bucket}: it is in no settings: ${known.length > 0 ? `known are ${known.join(', ')}` : 'they name no source'}`,
  );
}
