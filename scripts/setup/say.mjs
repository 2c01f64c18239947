import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Stops the set-up with one sentence that tells the user what to do. */
export class SetupError extends Error {}

/** Prints a progress line to standard error, so that it never mixes with a command's output. */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** Looks for a program in PATH and in the given folders. Returns its path, or `undefined`. */
export function which(program, folders = []) {
  return [...(process.env.PATH ?? '').split(delimiter), ...folders]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
}

/** PATH without this project's own programs: `npm ci` would remove the Node.js that it runs on. */
export function pathWithoutModules() {
  const own = join(ROOT, 'node_modules', '.bin');
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== own)
    .join(delimiter);
}

/** Runs a program quietly; a failure shows its output. */
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

/** Runs a program whose output goes to a file, too. */
export async function logged(file, [command, ...args]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      writeFileSync(file, chunk, { flag: 'a' });
    });
  }
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (exit, signal) => resolve(exit ?? signal));
  });
  return { code, output };
}
