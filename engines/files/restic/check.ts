import { join } from 'node:path';
import type { ScratchCheck, ScratchContext } from '../../engine';
import { resticError } from './errors';
import { ownRepository } from './origin';
import { Restic } from './restic';

/** Parts of a repository, one of which is read. Neither a week nor a month of 28, 29 or 31 days is a multiple: each has its turn. */
const PARTS = 10;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Lets restic check a repository: all of its structure, and the data of a tenth, another one each day.
 *
 * @throws BackupError if it could not
 */
export async function checkRepository({ manifest, access, directory, signal }: ScratchContext): Promise<ScratchCheck> {
  const { bucket, prefix } = ownRepository(manifest);
  const place = { ...access, bucket, prefix, directory: join(directory, 'restic'), signal };
  const restic = await Restic.open({ ...place, exit: 'notTested' });
  try {
    const part = (Math.floor(Date.now() / DAY_MS) % PARTS) + 1;
    const command = ['check', '--no-lock', `--read-data-subset=${part}/${PARTS}`];
    let end = await restic.run(command, { accepts: [0, 1] });
    // A maintenance may have moved what the index named when it was read.
    if (end.code !== 0) end = await restic.run(command, { accepts: [0, 1] });
    if (end.code === 0) return { differences: [], compared: 1, left: [] };
    const error = resticError({ ...end, exit: 'notTested', source: prefix });
    // What is of the place of the test, and not of the repository.
    if (error.reason.kind !== 'tool-failed') throw error;
    const object = `repository ${bucket}/${prefix}`;
    const { said } = error.reason;
    return {
      differences: [{ check: 'engine', object, kind: 'damaged', ...(said === undefined ? {} : { said }) }],
      ...{ compared: 1, left: [] },
    };
  } finally {
    await restic.close();
  }
}
