// Makes a machine ready: npm modules, the Python environment of the emulated AWS, and, with `--with <group>[,<group>]`,
// database servers, newer ones in roots of their own, schemas or Docker. Skips whatever is done already. Needs only Node.js.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkNode, installNodeModules } from './setup/node-modules.mjs';
import { GROUPS, installPrograms } from './setup/programs.mjs';
import { installPythonPackages } from './setup/python.mjs';
import { makeRoots } from './setup/roots.mjs';
import { ROOT, SetupError } from './setup/say.mjs';

/** Servers in roots of their own, by group. */
const VERSIONS = { mysql: ['mysql-9.7'], mongodb: ['mongodb-7.0'] };

/**
 * @param groups groups of programs to install, of `scripts/setup/programs.mjs`
 * @throws SetupError if something is missing and cannot be installed
 */
export function setUp(groups = []) {
  checkNode();
  const known = Object.keys(GROUPS);
  const unknown = groups.find((group) => !known.includes(group));
  if (unknown !== undefined) throw new SetupError(`--with must be one of ${known.join(', ')}, got: ${unknown}`);
  installNodeModules();
  installPythonPackages();
  for (const group of groups) installPrograms(group);
  const versions = groups.flatMap((group) => VERSIONS[group] ?? []);
  if (groups.includes('servers')) makeRoots();
  else if (versions.length > 0) makeRoots(versions);
}

/** Sets up, or ends the process with a sentence about the missing part. */
export function setUpOrExit(groups = []) {
  try {
    setUp(groups);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`set-up: ${error.message}\n`);
    process.exit(1);
  }
}

/** Runs a program on the project's own Node.js and returns its exit code. `stdout` is that of `spawn`. */
export async function runOnOwnNode(args, stdout = 'inherit') {
  const bin = join(ROOT, 'node_modules/.bin');
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(join(bin, 'node'), args, { cwd: ROOT, stdio: ['inherit', stdout, 'inherit'], env });
  // An interrupted program cleans up first; this process waits for it and ends with its exit code.
  const forward = (signal) => child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM'];
  for (const signal of signals) process.on(signal, forward);
  const [code, signal] = await once(child, 'exit');
  for (const name of signals) process.removeListener(name, forward);
  return code ?? 128 + constants.signals[signal];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const at = process.argv.indexOf('--with');
  setUpOrExit(at < 0 ? [] : (process.argv[at + 1] ?? '').split(','));
  process.stderr.write('set-up: everything is there\n');
}
