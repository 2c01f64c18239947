import * as z from 'zod';
import type { PruneRequest } from '../../catalog/contract/handlers';
import { HandlerError } from './errors';

const pruneRequest = z.strictObject({
  dryRun: z.boolean().optional(),
  source: z.string().optional(),
  confirmed: z.array(z.string()).optional(),
  explain: z.boolean().optional(),
});

/**
 * Reads a request. Keys that are not known are refused: a misspelt `dryRun` must not delete anything.
 *
 * @throws HandlerError if it is not of the form of its schema
 */
export function parseRequest<T>(schema: z.ZodType<T>, event: unknown): T {
  const result = schema.safeParse(event);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new HandlerError(`the request is not understood, nothing was done: ${[...path, message].join(': ')}`);
}

/** Reads a request to prune. */
export const parsePruneRequest = (event: unknown): PruneRequest => parseRequest<PruneRequest>(pruneRequest, event);

/** Whether nobody reads the answer: a run by schedule asks nothing. */
export const isScheduled = (request: PruneRequest): boolean => Object.keys(request).length === 0;
