/** Why a database file could not be restored, in sentences. */
import { basename, dirname } from 'node:path';
import type { DataObject } from '../../catalog/bucket/manifest';
import { formatBytes } from '../../catalog/units';
import { BackupError, errorText } from '../../task/run/errors';
import type { PlaceFailure } from './place';

/** A file name has 255 bytes at most, and the new file has a longer name before it gets its own. */
const MAX_NAME_BYTES = 220;

/** What is restored, and into what. */
export interface Place {
  readonly target: string;
  readonly object: DataObject;
}

type Exit = 'targetRefused' | 'restoreFailed';

/** Why a step of SQLite failed. */
export function placeError(place: Place, { kind, said }: PlaceFailure): BackupError {
  const { target, object } = place;
  switch (kind) {
    case 'in-use':
      return new BackupError(
        'targetRefused',
        `${target} is in use: ${said}: stop the application, and run the same command again`,
        { kind: 'target-in-use', object: target, said },
      );
    case 'filled':
      return new BackupError(
        'targetRefused',
        `${target} was filled while the backup was read: ${said}: look at it, then restore beside it with --as, or replace it with --overwrite`,
        { kind: 'target-exists', object: target, said },
      );
    case 'full':
      return full(place, 'restoreFailed', 'none');
    case 'damaged':
      return new BackupError(
        'restoreFailed',
        `the restored database is damaged: ${said}: it was removed; restore another backup`,
        { kind: 'damaged', object: object.key, said },
      );
    case 'other':
      return new BackupError(
        'restoreFailed',
        `could not restore into ${target}: ${said}: repair that, and run the same command again`,
        {
          ...{ kind: 'client-failed', object: target, said },
        },
      );
  }
}

/** Why the new file could not be written. */
export function writeError(place: Place, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return full(place, 'restoreFailed', 'none');
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
    return notWritable(place, 'restoreFailed', error as Error);
  return error;
}

/** @param free what is free, in words */
export function full({ target, object }: Place, exit: Exit, free: string): BackupError {
  const directory = dirname(target);
  return new BackupError(
    exit,
    `${directory} must have ${formatBytes(object.uncompressedBytes)} free beside what is there, got: ${free}: make room; the target is as it was`,
    { kind: 'target-full', object: directory },
  );
}

/** The folder of the target cannot be written to. */
export function notWritable({ target }: Place, exit: Exit, error: Error): BackupError {
  const directory = dirname(target);
  const said = errorText(error);
  return new BackupError(
    exit,
    `could not write to the folder ${directory}: ${said}: the new database is written beside ${basename(target)}, so let the user of the restore write there`,
    { kind: 'directory-not-writable', object: directory, said },
  );
}

/**
 * The name of a file beside the database.
 *
 * @throws BackupError `configuration` if it is something else
 */
export function validName(name: string): string {
  const forbidden = name !== basename(name) || ['.', '..'].includes(name) || /-(?:wal|shm|journal)$/.test(name);
  if (!forbidden && Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  throw new BackupError(
    'configuration',
    `the new name must be that of a file beside the database, of up to ${MAX_NAME_BYTES} bytes, and end neither in -wal, -shm nor -journal, got: ${JSON.stringify(name)}`,
    { kind: 'name-invalid', object: name },
  );
}
