import * as fs from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../emulator/emulator';
import { run } from './processes';

/** What a reader of the documents has installed: the AWS CLI, and this package for `npx`. */
function readersPrograms(folder: string): string {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(
    path.join(folder, 'npx'),
    `#!/bin/sh\n[ "$1" = proven-backups ] || exit 127\nshift\nexec "${process.execPath}" "${ROOT}/dist/bin/cli.js" "$@"\n`,
    { mode: 0o755 },
  );
  return [folder, path.join(ROOT, '.venv/bin')].join(path.delimiter);
}

/**
 * Types commands into a shell as a reader of the documents does, and returns all that it printed. Rejects at the first
 * command that fails, in a pipe too.
 *
 * @param options.cwd the reader's folder
 * @param options.env what the text tells the reader to set
 * @param options.tools folder of the engine's own programs; that of the system when left out
 */
export function typed(
  commands: string,
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly tools?: string },
): Promise<string> {
  const programs = [readersPrograms(path.join(options.cwd, '.programs')), options.tools, process.env.PATH];
  const env = { PATH: programs.filter(Boolean).join(path.delimiter), HOME: options.cwd, ...options.env };
  return run('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${commands}`], { cwd: options.cwd, env });
}
