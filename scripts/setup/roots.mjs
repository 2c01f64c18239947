// Newer database servers than the system's own, each in a root of another Debian suite below `.tools/roots`. As a
// program: makes the roots that are missing; a caller holds the lock. Its last line of standard output is the failure.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, SetupError, say } from './say.mjs';

const ROOTS = join(ROOT, '.tools/roots');
const RECIPES = JSON.parse(readFileSync(join(ROOT, 'scripts/setup/roots.json'), 'utf8'));
/** Mounts of a root, in a namespace that ends with its process; then the command in the root. */
const IN_ROOT =
  'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/run" && exec chroot "$0" "$@"';
const APT = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'apt-get', '-o', 'Acquire::Check-Valid-Until=false'];
/** How apt-get ends when it cannot do what it was asked for. */
const APT_CANNOT = 100;

/**
 * Makes the roots of server versions, unless they are there, and says which versions they hold. A server that apt cannot
 * install is noted in the file of its root; tests read it.
 *
 * @param versions as `mysql-9.7`; all when left out
 * @throws SetupError if anything but apt fails
 */
export function makeRoots(versions) {
  const wanted = RECIPES.filter(
    ({ servers }) => !versions || servers.some(({ version }) => versions.includes(version)),
  );
  if (process.getuid() !== 0) {
    if (wanted.every(isMade)) return;
    throw new SetupError(`the servers of ${wanted.map(({ suite }) => suite).join(', ')} are missing: run this as root`);
  }
  mkdirSync(ROOTS, { recursive: true });
  // The lock is held while they are looked at, too: another run may be about to finish them.
  const args = [join(ROOTS, 'lock'), process.execPath, join(ROOT, 'scripts/setup/roots.mjs')];
  const made = spawnSync('flock', [...args, ...wanted.map(({ suite }) => suite)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (made.status !== 0) {
    const reason = made.stdout?.trim() || (made.error?.message ?? `exit code ${made.status ?? made.signal}`);
    throw new SetupError(reason);
  }
}

const recipeOf = ({ servers }) => JSON.stringify(servers);

function isMade(recipe) {
  const file = join(ROOTS, `${recipe.suite}.json`);
  if (!existsSync(file) || !existsSync(join(ROOTS, recipe.suite))) return false;
  const state = JSON.parse(readFileSync(file, 'utf8'));
  return state.recipe === recipeOf(recipe) && Object.keys(state.notTested).length === 0;
}

/** The archive that the system's own packages come from. */
function mirror() {
  const format = '$(REPO_URI) $(ORIGIN) $(LABEL)';
  for (const tries of [1, 2]) {
    if (tries === 2) spawnSync('apt-get', ['update', '-qq']);
    const { stdout = '' } = spawnSync('apt-get', ['indextargets', '--format', format], { encoding: 'utf8' });
    const found = stdout.split('\n').find((line) => line.endsWith(' Debian Debian'));
    if (found) return found.split(' ')[0];
  }
  throw new SetupError('the apt sources of this system name no archive of Debian: add one to /etc/apt/sources.list.d');
}

async function make(recipe) {
  const from = Date.now();
  const { suite, servers } = recipe;
  const root = join(ROOTS, suite);
  const unfinished = `${root}.unfinished`;
  const log = join(ROOTS, `${suite}.log`);
  writeFileSync(log, '');
  rmSync(unfinished, { recursive: true, force: true });
  say(`making a root of ${suite} with ${servers.map(({ title }) => title).join(', ')} …`);
  const bootstrap = await logged(log, [
    'unshare',
    '--mount',
    'debootstrap',
    '--variant=minbase',
    suite,
    unfinished,
    mirror(),
  ]);
  if (bootstrap.code !== 0)
    throw new SetupError(`debootstrap of ${suite} ended with ${bootstrap.code}; its output is in ${log}`);
  copyFileSync('/etc/hosts', join(unfinished, 'etc/hosts'));
  writeFileSync(join(unfinished, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const [versions, notTested] = [{}, {}];
  for (const server of servers) {
    const reason = await install(server, unfinished, log);
    if (reason) notTested[server.version] = `${server.title}: ${reason}`;
    else versions[server.version] = installedVersion(server, suite, unfinished);
  }
  rmSync(root, { recursive: true, force: true });
  renameSync(unfinished, root);
  const state = { recipe: recipeOf(recipe), versions, notTested };
  writeFileSync(join(ROOTS, `${suite}.json`), `${JSON.stringify(state, undefined, 2)}\n`);
  const found = Object.entries(versions).map(([version, number]) => `${version.replace(/-.*/, '')} ${number}`);
  say(`${suite} has ${found.join(', ') || 'no server'} (${Math.round((Date.now() - from) / 1000)} s)`);
}

/** Installs a server into a root. Returns why apt could not. */
async function install({ packages, title }, root, log) {
  const apt = (...args) => logged(log, ['unshare', '--mount', 'sh', '-c', IN_ROOT, root, ...APT, ...args]);
  const installed = () => apt('install', '-y', '--no-install-recommends', ...packages);
  let result = await installed();
  // The lists are debootstrap's: the archive may have moved since.
  if (result.code === APT_CANNOT && (result = await apt('update')).code === 0) result = await installed();
  if (result.code === 0) return undefined;
  if (result.code !== APT_CANNOT)
    throw new SetupError(`${title} could not be installed: ${result.code}; the output is in ${log}`);
  const reason = result.output.split('\n').find((line) => line.startsWith('E: ')) ?? 'E: it says nothing';
  return `apt-get ended with ${APT_CANNOT}: ${reason.slice(3)}`;
}

/** @throws SetupError if the archive has moved on to a version that the tests do not know */
function installedVersion({ version, title, packages }, suite, root) {
  const format = ['-W', '-f', '${source:Upstream-Version}', packages[0]];
  const { stdout } = spawnSync('chroot', [root, 'dpkg-query', ...format], { encoding: 'utf8' });
  const [, series] = version.split('-');
  if (stdout === series || stdout.startsWith(`${series}.`)) return stdout;
  const [engine] = version.split('-');
  throw new SetupError(
    `${suite} has ${title.split(' ')[0]} ${stdout}, but the tests know ${series}: add the new version to engines/${engine}/facts.ts, scripts/setup/roots.json and test/servers/versions.ts`,
  );
}

/** Runs a program whose output goes to a file, too. */
async function logged(file, [command, ...args]) {
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

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const suites = process.argv.slice(2);
  const missing = RECIPES.filter((recipe) => suites.includes(recipe.suite) && !isMade(recipe));
  const ended = await Promise.allSettled(missing.map(make));
  const failed = ended.find(({ status }) => status === 'rejected')?.reason;
  if (failed && !(failed instanceof SetupError)) throw failed;
  if (failed) process.stdout.write(`${failed.message}\n`);
  process.exitCode = failed ? 1 : 0;
}
