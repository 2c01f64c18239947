import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError } from './errors';

/**
 * Makes a directory for one run, mode 0700, in the scratch directory of its job. Its name has small letters only: the tools of
 * MongoDB look for a socket at its path in small letters.
 *
 * @throws BackupError `configuration` if it cannot be written to
 */
export async function makeScratch(scratchDirectory: string, prefix: string): Promise<string> {
  const path = join(scratchDirectory, `${prefix}${randomBytes(4).toString('hex')}`);
  await mkdir(path, { mode: 0o700 }).catch((error: Error) => {
    throw new BackupError(
      'configuration',
      `could not write to the scratch directory ${scratchDirectory}: ${error.message}; mount a volume there that the program's user may write to`,
      { kind: 'scratch-not-writable', object: scratchDirectory, said: error.message },
    );
  });
  return path;
}
