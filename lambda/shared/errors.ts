/** A failure that a handler understands. The message states the fact and the remedy. */
export class HandlerError extends Error {
  override readonly name = 'HandlerError';
}

/** The error code and the words of whatever a client of the AWS SDK threw. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Of several addresses of one host each has its own.
  if (error instanceof AggregateError && error.errors.length > 0) return errorText(error.errors[0]);
  if (error instanceof HandlerError || error.name === 'Error') return error.message;
  return error.message ? `${error.name}: ${error.message}` : error.name;
}
