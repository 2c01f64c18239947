import { z } from 'zod';
import type { SnapshotSettings } from '../../catalog/handlers';
import { HANDLER_ENV } from '../../catalog/handlers';
import { retentionFault, WEEK_STARTS } from '../../catalog/retention-policy';
import { environment } from '../shared/context';
import { HandlerError } from '../shared/errors';

const count = z.number().optional();
const share = z.number().gt(0).max(1);

// Unknown keys are refused: a rule that this version does not know may be the one that keeps a snapshot.
const snapshotSettings = z.strictObject({
  tag: z.strictObject({ key: z.string().min(1), value: z.string() }),
  retention: z.strictObject({
    keepLast: z.number(),
    keepForSeconds: count,
    ...{ hourly: count, daily: count, weekly: count, monthly: count, yearly: count },
    forever: z.boolean().optional(),
    timeZone: z.string(),
    weekStart: z.enum(WEEK_STARTS),
  }),
  maxDeleteShare: share,
  allowedAgeSeconds: z.number().positive().optional(),
});

/**
 * What the construct has set.
 *
 * @throws HandlerError if it cannot be read
 */
export function readSettings(): SnapshotSettings {
  const name = HANDLER_ENV.snapshotSettings;
  const settings = snapshotSettings.safeParse(parsed(environment(name)));
  const wrong = settings.success
    ? retentionFault(settings.data.retention)
    : [...settings.error.issues[0]!.path, settings.error.issues[0]!.message].join(': ');
  if (!settings.success || wrong !== undefined) {
    throw new HandlerError(`the environment variable ${name} cannot be read: ${wrong}: deploy the stack again`);
  }
  return settings.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
