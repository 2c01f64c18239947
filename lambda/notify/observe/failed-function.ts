import { z } from 'zod';
import type { Observation } from '../problems/observation';
import type { Reading } from './message';
import { maybe, maybeTime, timeOf } from './message';
import { partOfFunction } from './housekeeping';

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

  return [{ ...known, ...partOfFunction(name, settings), sentence, resource }];
}
