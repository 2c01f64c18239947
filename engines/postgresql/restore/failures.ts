import { DatabaseError } from 'pg';
import type { ServerAddress } from '../../../catalog/contract/task';
import { BackupError, asBackupError, errorText } from '../../../task/run/errors';
import { questionError } from '../../shared/connection-error';
import { full, isFull } from './databases';
import { isDenied } from './roles';

/** The failure of a restore: of the connection, or of a statement that the server refused. */
export function restoreError(server: ServerAddress, error: unknown): BackupError {
  const known = questionError(server, error);
  if (!(known instanceof DatabaseError)) return asBackupError(known);
  const said = errorText(error);
  if (isFull(known)) return full(said, error);
  const [exit, kind] = isDenied(known)
    ? (['privileges', 'privileges-missing'] as const)
    : (['restoreFailed', 'client-failed'] as const);
  return new BackupError(
    exit,
    `the target refused a statement of the restore: ${said}`,
    { kind, said },
    { cause: error },
  );
}
