import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError } from './errors';

/**
 * Makes a directory for one run, mode 0700, in the scratch directory of its job.
 *
 * @throws BackupError `configuration` if it cannot be written to
 */
export const makeScratch = (scratchDirectory: string, prefix: string): Promise<string> =>
  mkdtemp(join(scratchDirectory, prefix)).catch((error: Error) => {
    throw new BackupError(
      'configuration',
      `could not write to the scratch directory ${scratchDirectory}: ${error.message}; mount a volume there that the program's user may write to`,
      { kind: 'scratch-not-writable', object: scratchDirectory, said: error.message },
    );
  });
