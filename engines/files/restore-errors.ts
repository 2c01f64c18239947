/** Why files could not be restored, in sentences. */
import { basename } from 'node:path';
import type { Note } from '../../catalog/contract/note';
import { BackupError, errorText } from '../../task/run/errors';
import type { FilesNote } from './facts';
import { RESTORING } from './walk';

const MAX_NAME_BYTES = 255;
const SHOWN = 5;

/** What tar, or the system, said of attributes. */
export const attributesNote = (said: readonly string[]): Note<FilesNote> => ({
  ...{ kind: 'attributes-not-restored', said: said.slice(0, SHOWN).join(' | ') },
});

/** @param free what is free, in words */
export const targetFull = (directory: string, needed: string, free: string): BackupError =>
  new BackupError(
    'targetRefused',
    `${directory} must have ${needed} free beside what is there, got: ${free}: make room; the target is as it was`,
    { kind: 'target-full', object: directory },
  );

/** A directory in which there was no room left. */
export const filledUp = (directory: string, said: string): BackupError =>
  new BackupError('restoreFailed', `${directory} is full: ${said}: make room; the target is as it was`, {
    ...{ kind: 'target-full', object: directory, said },
  });

/** A directory that cannot be written to. */
export function notWritable(directory: string, error: Error): BackupError {
  const said = errorText(error);
  return new BackupError(
    'targetRefused',
    `could not write to the folder ${directory}: ${said}: files are extracted beside the target first, so let the user of the restore write there`,
    { kind: 'directory-not-writable', object: directory, said },
  );
}

/** Files that could not all be moved into a directory that is there. */
export const notPlaced = (directory: string, said: string): BackupError =>
  new BackupError(
    'restoreFailed',
    `could not put all files into ${directory}: ${said}: repair that, and run the same command again, which puts all of them there`,
    { kind: 'directory-not-writable', object: directory, said },
  );

/** A backup whose objects are not what this engine makes. */
export const damagedBackup = (object: string, said: string): BackupError =>
  new BackupError('downloadFailed', `${object} cannot be read: ${said}: restore another backup`, {
    ...{ kind: 'object-changed', object, said },
  });

/**
 * The name of a new directory.
 *
 * @throws BackupError `configuration` if it is something else
 */
export function validName(name: string): string {
  const isForbidden = name !== basename(name) || ['.', '..'].includes(name) || name.startsWith(RESTORING);
  if (!isForbidden && Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  throw new BackupError(
    'configuration',
    `the new name must be that of a directory, without slashes, of up to ${MAX_NAME_BYTES} bytes, got: ${JSON.stringify(name)}`,
    { kind: 'name-invalid', object: name },
  );
}
