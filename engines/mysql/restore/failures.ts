import type { ServerAddress } from '../../../catalog/contract/task';
import { BackupError, errorText } from '../../../task/run/errors';
import { questionError } from '../../shared/connection-error';
import { serverErrorCode } from '../failures';

/** Not allowed: for a database, a table, a column, an operation, a routine. */
const DENIED = [1044, 1142, 1143, 1227, 1370];

/** The failure of a statement of ours on the target. */
export function restoreFailure(server: ServerAddress, error: unknown): unknown {
  const lost = questionError(server, error);
  if (lost instanceof BackupError) return lost;
  const code = serverErrorCode(lost);
  if (code === undefined) return lost;
  const said = errorText(error);
  const isDenied = DENIED.includes(code);
  return new BackupError(
    isDenied ? 'privileges' : 'restoreFailed',
    `the target refused a statement of the restore: ${said} (${code})`,
    { kind: isDenied ? 'privileges-missing' : 'client-failed', said },
    { cause: error },
  );
}
