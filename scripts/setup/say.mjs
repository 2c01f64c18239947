import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What stops the set-up, in one sentence that a person can act on. */
export class SetupError extends Error {}

/** One line about what happens. On standard error, so that it never mixes with a command's result. */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** The path of a program, looked for in PATH and in the folders given; `undefined` if it is not there. */
export function which(program, folders = []) {
  return [...(process.env.PATH ?? '').split(delimiter), ...folders]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
}

/** Without this project's own programs: `npm ci` removes the Node.js that it would otherwise be running on. */
export function pathWithoutModules() {
  const own = join(ROOT, 'node_modules', '.bin');
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== own)
    .join(delimiter);
}

/** Runs a program in silence; what it said is shown if it fails. */
export function run(command, args, failure, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (result.status === 0) return result.stdout ?? '';
  const said = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  const file = join(mkdtempSync(join(tmpdir(), 'proven-backups-setup-')), 'output.log');
  writeFileSync(file, said);
  const last = said.trim().split('\n').slice(-5).join('\n  ');
  const reason = result.error?.message ?? `exit code ${result.status ?? result.signal}`;
  throw new SetupError(`${failure}: ${command} ${args.join(' ')}: ${reason}; its output is in ${file}\n  ${last}`);
}
