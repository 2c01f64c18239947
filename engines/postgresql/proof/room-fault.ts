import type { DatabaseError } from 'pg';
import { BackupError, errorText } from '../../../task/run/errors';

/** Not enough memory, disk or connections; ended by somebody: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const NO_ROOM = /^(?:53|57P)/;

/** What the throw-away server lacks, which says nothing of the backup; `undefined` if it answered. */
export function roomFault(error: DatabaseError): BackupError | undefined {
  if (!NO_ROOM.test(error.code ?? '')) return undefined;
  const said = errorText(error);
  return new BackupError(
    'notTested',
    `the throw-away server could not answer: ${said}: test it where there is more memory and disk, with --local`,
    { kind: 'scratch-server', object: 'postgres', said },
    { cause: error },
  );
}
