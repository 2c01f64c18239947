import type { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { sourceNameFault } from '../../catalog/bucket/names';
import type { RestoreTestSettings } from '../../catalog/contract/restore-tests';
import { RESTORE_TESTS_FORMAT, TEST_PERIODS } from '../../catalog/contract/restore-tests';
import { parseSettings, readParameters, SettingsError } from '../../catalog/contract/settings';
import { errorText, HandlerError } from '../shared/errors';

const name = z.string().min(1);
const number = z.int().nonnegative();
const seconds = z.number().positive();

const settings: z.ZodType<RestoreTestSettings> = z
  .strictObject({
    formatVersion: z.literal(RESTORE_TESTS_FORMAT),
    bucket: name,
    keyArn: name,
    cluster: name,
    subnets: name,
    securityGroups: name,
    publicIp: z.literal(true).optional(),
    logGroup: name,
    rolePrefix: name,
    maxAtOnce: z.int().positive(),
    timeoutSeconds: seconds,
    families: z.array(name),
    plans: z.array(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('newest'), everySeconds: seconds }),
        z.strictObject({ kind: z.literal('each') }),
        z.strictObject({ kind: z.literal('newest-of'), period: z.enum(TEST_PERIODS) }),
        z.strictObject({ kind: z.literal('random'), everySeconds: seconds }),
      ]),
    ),
    sources: z.record(
      z.string().refine((key) => sourceNameFault(key) === undefined, 'no name of a source'),
      z.strictObject({ family: number.optional(), plan: number.optional(), role: name }),
    ),
  })
  .superRefine(({ sources, families, plans }, context) => {
    for (const [source, { family = 0, plan = 0 }] of Object.entries(sources)) {
      if (families[family] === undefined) context.addIssue(`${source}: no family has the number ${family}`);
      if (!plans[plan]) context.addIssue(`${source}: no plan has the number ${plan}`);
    }
  });

/**
 * Reads the settings of the restore tests; `undefined` if no source is tested.
 *
 * @param path of the parameters
 * @throws HandlerError if they cannot be read or understood
 */
export async function readTestSettings(client: SSMClient, path: string): Promise<RestoreTestSettings | undefined> {
  try {
    const texts = await readParameters(client, path);
    const parts = [...texts].map(([parameter, text]) => parseSettings(settings, RESTORE_TESTS_FORMAT, text, parameter));
    return parts.reduce<RestoreTestSettings | undefined>(
      (all, part) => ({ ...part, sources: { ...all?.sources, ...part.sources } }),
      undefined,
    );
  } catch (error) {
    if (error instanceof SettingsError) throw new HandlerError(error.message);
    throw new HandlerError(`could not read the settings under ${path}: ${errorText(error)}: nothing was done`, {
      cause: error,
    });
  }
}
