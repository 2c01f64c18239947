import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, SetupError, pathWithoutModules, run, say } from './say.mjs';

/** The oldest Node.js that npm and the CDK need; the programs themselves run on the one in node_modules. */
const OLDEST_NODE = 20;

export function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE) {
    throw new SetupError(
      `Node.js is ${process.versions.node}, but ${OLDEST_NODE} or newer is needed: install it from https://nodejs.org`,
    );
  }
}

const packagesOf = (file) => JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages;

/** Whether node_modules matches the lockfile. File times do not count. */
function upToDate() {
  if (!existsSync(join(ROOT, 'node_modules/.package-lock.json'))) return false;
  if (!existsSync(join(ROOT, 'node_modules/node/bin/node'))) return false;
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json')).every(
    ([path, wanted]) =>
      path === '' || (installed[path] ? installed[path].version === wanted.version : wanted.optional === true),
  );
}

/** Installs the modules of the lockfile that are missing. */
export function installNodeModules() {
  if (upToDate()) return;
  say('installing the npm modules of the lockfile (npm ci) …');
  const env = { ...process.env, PATH: pathWithoutModules() };
  run('npm', ['ci', '--no-audit', '--no-fund'], 'the npm modules could not be installed', { env });
}
