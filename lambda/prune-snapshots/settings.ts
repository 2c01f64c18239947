import * as z from 'zod';
import type { SnapshotSettings } from '../../catalog/contract/handlers';
import { HANDLER_ENV } from '../../catalog/contract/handlers';
import { retentionSchema } from '../../catalog/retention/retention-schema';
import { environment } from '../shared/context';
import { HandlerError } from '../shared/errors';
import { jsonOf } from '../shared/json';

const snapshotSettings: z.ZodType<SnapshotSettings> = z.strictObject({
  tag: z.strictObject({ key: z.string().min(1), value: z.string() }),
  retention: retentionSchema,
  maxDeleteShare: z.number().gt(0).max(1),
  allowedAgeSeconds: z.number().positive().optional(),
});

/**
 * Settings of the construct.
 *
 * @throws HandlerError if it cannot be read
 */
export function readSnapshotSettings(): SnapshotSettings {
  const name = HANDLER_ENV.snapshotSettings;
  const settings = snapshotSettings.safeParse(jsonOf(environment(name)));
  if (settings.success) return settings.data;
  const { path, message } = settings.error.issues[0]!;
  const wrong = [...path, message].join(': ');
  throw new HandlerError(`the environment variable ${name} cannot be read: ${wrong}: deploy the stack again`);
}
