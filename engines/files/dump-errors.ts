/** Why files could not be backed up, in sentences. */
import { opendir } from 'node:fs/promises';
import type { FilesJob } from '../../catalog/contract/task';
import { BackupError, errorText } from '../../task/run/errors';
import { textOf } from './name';

/** @throws BackupError `directory-unreadable` */
export async function requireReadable(directory: string): Promise<void> {
  const opened = await opendir(directory).catch((error: unknown) => {
    throw unreadableRoot(directory, errorText(error));
  });
  await opened.close();
}

const unreadableRoot = (directory: string, said: string): BackupError =>
  new BackupError(
    'configuration',
    `could not read the directory ${directory}: ${said}: check the path, and that the user of the backup may read it`,
    { kind: 'directory-unreadable', object: directory, said },
  );

/** A directory without a file that the backup is to have. */
export function nothingFound(directory: string, { include, exclude }: FilesJob): BackupError {
  const patterns = [...(include ?? []), ...(exclude ?? [])].join(', ');
  return new BackupError(
    'dumpFailed',
    `there is no file to back up in ${directory}${patterns === '' ? '' : ` by the patterns ${patterns}`}: check that it is the right directory, that it is mounted, and the patterns`,
    { kind: 'nothing-found', object: directory },
  );
}

const SHOWN = 20;

/** Files that cannot be read, and must be. */
export function unreadableFiles(refused: readonly (readonly [path: string, said: string])[]): BackupError {
  const shown = refused.slice(0, SHOWN).map(([path, said]) => `${textOf(path)} (${said})`);
  const more = refused.length > SHOWN ? ` and ${refused.length - SHOWN} more` : '';
  return new BackupError(
    'dumpFailed',
    `could not read ${shown.join(', ')}${more}: let the user of the backup read them, or name them in allowUnreadable or exclude`,
    {
      kind: 'files-unreadable',
      object: refused
        .slice(0, SHOWN)
        .map(([path]) => textOf(path))
        .join(', '),
      said: refused[0]![1],
    },
  );
}
