import * as z from 'zod';
import type { Observation } from '../problems/observation';
import type { MessageReading } from './message';
import { concernOfFunction } from './housekeeping';
import { maybe, maybeTime, timeOf } from './message';

const event = z.looseObject({
  timestamp: maybeTime,
  requestContext: z.looseObject({ functionArn: z.string(), condition: z.string() }),
  responsePayload: z.looseObject({ errorMessage: maybe }).optional().catch(undefined),
});

/** Whether a message is a record of Lambda about an invocation. */
export const isInvocation = ({ body }: MessageReading): boolean => event.safeParse(body).success;

/** Record of a failed asynchronous invocation, which Lambda sends to the function's destination. */
export function readFailedFunction(reading: MessageReading): Observation[] {
  const { timestamp, requestContext, responsePayload } = event.parse(reading.body);
  if (requestContext.condition === 'Success') return [];
  const { settings } = reading;
  // arn:aws:lambda:<region>:<account>:function:<name>:<version>
  const name = requestContext.functionArn.split(':')[6] ?? requestContext.functionArn;
  const message = responsePayload?.errorMessage;
  const at = timestamp ?? timeOf(reading);
  const known = { state: 'problem', signal: 'housekeeping', since: at, at, event: reading.event } as const;
  const resource = requestContext.functionArn;
  const sentence =
    message === undefined ? `the function was not run: ${requestContext.condition}` : `the function failed: ${message}`;
  return [{ ...known, ...concernOfFunction(name, settings), sentence, resource }];
}
