import { formatDuration } from '../../catalog/units';
import type { BackupError } from './errors';

/**
 * Stops a run that takes too long.
 *
 * @param error what it ends with, for its limit in words
 * @returns call it when the run has ended
 */
export function stopAfter(stop: AbortController, seconds: number, error: (limit: string) => BackupError): () => void {
  const timer = setTimeout(() => stop.abort(error(formatDuration(seconds))), seconds * 1000);
  return () => clearTimeout(timer);
}
