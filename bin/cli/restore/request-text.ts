import type { RestoreRequest } from '../../../catalog/contract/task';
import { UsageError } from '../errors';

/** ECS takes 8192 characters of overrides, in JSON: the request is a string in it, with its quotes escaped. */
const MAX_REQUEST_CHARACTERS = 7_500;

/**
 * A request as it is sent.
 *
 * @throws UsageError if it is too long
 */
export function requestText(request: RestoreRequest): string {
  const text = JSON.stringify(request);
  if (JSON.stringify(text).length <= MAX_REQUEST_CHARACTERS) return text;
  throw new UsageError(
    'the restore names more databases or tables than fit into one request: restore in several runs, by --databases',
  );
}
