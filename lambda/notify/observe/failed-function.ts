import { z } from 'zod';
import { HANDLER_ENV } from '../../../catalog/handlers';
import type { Observation } from '../observation';
import type { Reading } from './message';
import { maybe, maybeTime, timeOf } from './message';

const event = z.looseObject({
  timestamp: maybeTime,
  requestContext: z.looseObject({ functionArn: z.string(), condition: z.string() }),
  responsePayload: z.looseObject({ errorMessage: maybe }).optional().catch(undefined),
});

/** Whether it is a record of Lambda about an invocation. */
export const isInvocation = ({ body }: Reading): boolean => event.safeParse(body).success;

/** What Lambda sends to the destination of a failure of a function that nobody waits for. */
export function readFailedFunction(reading: Reading): Observation[] {
  const { timestamp, requestContext, responsePayload } = event.parse(reading.body);
  if (requestContext.condition === 'Success') return [];
  const { settings } = reading;
  // arn:aws:lambda:<region>:<account>:function:<name>:<version>
  const name = requestContext.functionArn.split(':')[6] ?? requestContext.functionArn;
  const message = responsePayload?.errorMessage;
  const at = timestamp ?? timeOf(reading);
  const known = { state: 'problem', signal: 'housekeeping', since: at, at, event: reading.event } as const;
  const resource = requestContext.functionArn;
  // The function has said it all; one that was never invoked has said nothing.
  const sentence = message ?? `the function was not run: ${requestContext.condition}`;

  if (name === settings.measureFunction) {
    return [{ ...known, cause: 'measure', of: 'housekeeping/measure', about: 'measuring', sentence, resource }];
  }
  const tag = snapshotTag(message ?? '', name, settings.bucket);
  if (tag !== undefined) {
    const of = `housekeeping/prune-snapshots/${tag}`;
    return [{ ...known, cause: 'prune-snapshots', of, about: `pruning of snapshots ${tag}`, sentence, resource }];
  }
  return [{ ...known, cause: 'prune', of: 'housekeeping/prune', about: 'pruning', sentence, resource }];
}

/**
 * The tag whose snapshots a function prunes, from what it says of its run: `2 problems in Backup=daily: …`. The name of the
 * function where it says less; `undefined` for a function that prunes backups.
 */
function snapshotTag(message: string, name: string, bucket: string): string | undefined {
  const of = /^\d+ problems? in (.+?): /.exec(message)?.[1];
  // No name of a bucket has one, and every tag does.
  if (of?.includes('=')) return of;
  if (of === bucket) return undefined;
  return message.includes(HANDLER_ENV.snapshotSettings) || /snapshot/i.test(name) ? name : undefined;
}
