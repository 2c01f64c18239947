import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BackupError } from '../../task/run/errors';

/** Where official images and distributions keep servers, besides what PATH says. */
const DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/usr/libexec'];

/**
 * The path of a program of the image.
 *
 * @throws BackupError `notTested`, `image-lacks`
 */
export function findProgram(name: string): string {
  const directories = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...DIRECTORIES];
  const found = directories.map((directory) => join(directory, name)).find(isExecutable);
  if (found !== undefined) return found;
  throw lacks(name, `the image has no ${name}, without which no restore test can run: use the engine's official image`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What the image does not have. */
export const lacks = (object: string, sentence: string): BackupError =>
  new BackupError('notTested', sentence, { kind: 'image-lacks', object });
