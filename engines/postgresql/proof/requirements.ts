import { errorText } from '../../../task/run/errors';
import { toolOutput } from '../../../task/io/tool';
import { join } from 'node:path';
import { lacks as lacking } from '../../shared/programs';
import { majorVersion } from '../../shared/versions';
import { findServer, type ServerPrograms } from '../image';
import { extensionsText } from '../packages';
import type { NeededExtensions } from './scratch-settings';

/**
 * The server of the image, which must be of the version that was dumped and have the extensions of the backup.
 *
 * @param major `16`
 * @throws BackupError `notTested` that names all that is missing
 */
export async function requireServer(major: string, needed: NeededExtensions): Promise<ServerPrograms> {
  const server = findServer(major);
  if (!server) throw lacks('postgres', `the image has no server of PostgreSQL: use one with postgres and initdb in it`);
  const said = await toolOutput(join(server.bin, 'postgres'), ['--version']).catch((error: unknown) => {
    throw lacks('postgres', `the server of the image does not run: ${errorText(error)}: use the official image`);
  });
  const found = majorVersion(said, 1);
  if (found !== major)
    throw lacks(
      `postgres ${major}`,
      `the image has PostgreSQL ${found}, but the backup is of version ${major}: it can be tested with the image that made it`,
    );
  const missing = [...new Set([...needed.values()].flat())].filter((name) => server.extensions?.has(name) === false);
  const object = extensionsText(missing.toSorted());
  if (missing.length === 1)
    throw lacks(object, `${object} is not in the image: build the image with the package that has it`);
  if (missing.length > 1)
    throw lacks(object, `${object} are not in the image: build the image with the packages that have them`);
  return server;
}

const lacks = (object: string, why: string) => lacking(object, `the restore test could not run: ${why}`);
