import { HandlerError } from './errors';

/** The part of Lambda's context that the handlers use. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** For what was begun, and for the report, when a run stops because its time is over. */
const RESERVE_MS = 120_000;

/** Whether there is time left to begin something. */
export const hasTime = (context: LambdaContext): boolean => context.getRemainingTimeInMillis() > RESERVE_MS;

/**
 * A variable of the environment, which the construct sets.
 *
 * @throws HandlerError if it is not set
 */
export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new HandlerError(`the environment variable ${name} is not set: deploy the stack again`);
  return value;
}
