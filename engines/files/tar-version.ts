import { toolOutput } from '../../task/io/tool';
import { BackupError } from '../../task/run/errors';

/**
 * The version of tar: `tar 1.34`.
 *
 * @throws BackupError `tool-missing` if it is another tar than that of GNU
 */
export async function tarVersion(): Promise<string> {
  const [line = ''] = (await toolOutput('tar', ['--version'])).split('\n');
  const [, version] = /^tar \(GNU tar\) (\S+)/.exec(line) ?? [];
  if (version !== undefined) return `tar ${version}`;
  throw new BackupError(
    'configuration',
    `tar must be GNU tar, got: ${JSON.stringify(line)}: install GNU tar, and put it first on PATH`,
    { kind: 'tool-missing', object: 'tar', said: line },
  );
}
