import { MongoServerError } from 'mongodb';
import type { ServerAddress } from '../../../catalog/contract/task';
import { BackupError } from '../../../task/run/errors';
import { connectionFailure } from '../connection';

const UNAUTHORIZED = 13;

/** The failure of a command of ours on the target. */
export function restoreFailure(server: ServerAddress, error: unknown): unknown {
  if (!(error instanceof MongoServerError)) return connectionFailure(server, error);
  const isDenied = error.code === UNAUTHORIZED;
  return new BackupError(
    isDenied ? 'privileges' : 'restoreFailed',
    isDenied
      ? `the user of the restore lacks a privilege: ${error.message}: grant it the roles restore and readWriteAnyDatabase: db.getSiblingDB('admin').grantRolesToUser(…, ['restore', 'readWriteAnyDatabase'])`
      : `the target refused a command of the restore: ${error.message} (${error.codeName ?? error.code})`,
    { kind: isDenied ? 'privileges-missing' : 'client-failed', said: error.message },
    { cause: error },
  );
}
