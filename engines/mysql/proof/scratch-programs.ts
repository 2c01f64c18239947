import { toolOutput } from '../../../task/io/tool';
import { errorText } from '../../../task/run/errors';
import { lacks } from '../../shared/programs';
import { majorVersion } from '../../shared/versions';
import type { MysqlDialect } from '../dialect';

/**
 * Reads the version of the server of the image.
 *
 * @param program its path
 * @throws BackupError `notTested`, `image-lacks` if it is not of the backup's, or does not run
 */
export async function requireVersion(program: string, dialect: MysqlDialect, ofBackup: string): Promise<void> {
  const { title, image, server } = dialect.facts;
  const said = await toolOutput(program, ['--no-defaults', '--version']).catch((error: unknown) => {
    throw lacks(title, `the server of the image does not run: ${errorText(error)}: use the engine's official image`);
  });
  const version = /Ver (\S+)/.exec(said)?.[1] ?? said;
  const [have, need] = [version, ofBackup].map((one) => majorVersion(one, server.majorVersionParts)) as [
    string,
    string,
  ];
  if (have === need && dialect.isOwnVersion(said)) return;
  throw lacks(
    `${title} ${need}`,
    `the backup is of ${title} ${ofBackup}, but the image has ${version}: a backup is tested in the version that it is of: use the image ${image(need)}`,
  );
}
