// Newer database servers than the system's own, each in a root of another Debian suite below `.tools/roots`. As a
// program: makes the roots that are missing; a caller holds the lock. Its last line of standard output is the failure.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MONGODB } from './mongodb.mjs';
import { ROOT, SetupError, logged, say } from './say.mjs';

const ROOTS = join(ROOT, '.tools/roots');
const RECIPES = JSON.parse(readFileSync(join(ROOT, 'scripts/setup/roots.json'), 'utf8'));
/** Mounts of a root, in a namespace that ends with its process; then the command in the root. */
const IN_ROOT =
  'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/run" && exec chroot "$0" "$@"';
const APT = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'apt-get', '-o', 'Acquire::Check-Valid-Until=false'];
/** Says only what it makes. */
const QUIET = '--quiet';
/** How apt-get ends when it cannot do what it was asked for. */
const APT_CANNOT = 100;

/**
 * Makes the roots of server versions, unless they are there. Without a choice, it always says which versions they hold. A server that apt cannot
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
    if (wanted.every(isMade) && (MONGODB.areBuilt || !wanted.some(needsPrograms))) return;
    throw new SetupError(`the servers of ${wanted.map(({ root }) => root).join(', ')} are missing: run this as root`);
  }
  mkdirSync(ROOTS, { recursive: true });
  // The lock is held while they are looked at, too: another run may be about to finish them.
  const args = [join(ROOTS, 'lock'), process.execPath, join(ROOT, 'scripts/setup/roots.mjs')];
  const made = spawnSync('flock', [...args, ...(versions ? [QUIET] : []), ...wanted.map(({ root }) => root)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (made.status !== 0) {
    const reason = made.stdout?.trim() || (made.error?.message ?? `exit code ${made.status ?? made.signal}`);
    throw new SetupError(reason);
  }
}

const recipeOf = ({ servers }) => JSON.stringify(servers);
const needsPrograms = ({ servers }) => servers.some(({ version }) => version.startsWith('mongodb-'));

/** What is written beside a root when it is complete; `undefined` if it is not. */
function stateOf(recipe) {
  const file = join(ROOTS, `${recipe.root}.json`);
  const state = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  return state.recipe === recipeOf(recipe) && existsSync(join(ROOTS, recipe.root)) ? state : undefined;
}

/** A server that apt could not install is tried again the next time. */
function isMade(recipe) {
  const state = stateOf(recipe);
  return state !== undefined && Object.keys(state.notTested).length === 0;
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
  const { suite, servers } = recipe;
  const root = join(ROOTS, recipe.root);
  const unfinished = `${root}.unfinished`;
  const log = `${root}.log`;
  writeFileSync(log, '');
  rmSync(unfinished, { recursive: true, force: true });
  say(`making a root of ${suite} with ${servers.map(({ title }) => title).join(' and ')} …`);
  const cannot = await bootstrap(recipe, unfinished, log);
  const [versions, notTested] = [{}, {}];
  for (const server of servers) {
    const reason = cannot ?? (await install(server, unfinished, log));
    if (reason) notTested[server.version] = `${server.title}: ${reason}`;
    else versions[server.version] = installedVersion(server, suite, unfinished);
  }
  rmSync(root, { recursive: true, force: true });
  renameSync(unfinished, root);
  const state = { recipe: recipeOf(recipe), versions, notTested };
  writeFileSync(`${root}.json`, `${JSON.stringify(state, undefined, 2)}\n`);
}

/** Makes a root without servers. Returns why apt cannot install them either, if debootstrap failed. */
async function bootstrap({ suite, servers }, root, log) {
  const archive = mirror();
  const { code } = await logged(log, ['unshare', '--mount', 'debootstrap', '--variant=minbase', suite, root, archive]);
  if (code === 0) {
    copyFileSync('/etc/hosts', join(root, 'etc/hosts'));
    writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    return undefined;
  }
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, 'apt/lists/partial'), { recursive: true });
  const own = join(root, 'apt');
  writeFileSync(join(own, 'sources.list'), `deb ${archive} ${suite} main\n`);
  writeFileSync(join(own, 'status'), '');
  const places = [`State=${own}`, `State::status=${own}/status`, `Cache=${own}`, `Etc::SourceList=${own}/sources.list`];
  const options = [...places, 'Etc::SourceParts=/dev/null'].flatMap((option) => ['-o', `Dir::${option}`]);
  const apt = (...args) => logged(log, [...APT, ...options, ...args]);
  const packages = servers.flatMap((server) => server.packages);
  const asked = [await apt('update'), await apt('install', '--simulate', '--no-install-recommends', ...packages)];
  rmSync(own, { recursive: true });
  const failed = asked.find((result) => result.code === APT_CANNOT);
  if (failed) return saidBy(failed);
  throw new SetupError(`debootstrap of ${suite} ended with ${code}; its output is in ${log}`);
}

const saidBy = ({ output }) =>
  `apt-get ended with ${APT_CANNOT}: ${/^E: (.*)$/m.exec(output)?.[1] ?? 'it does not say why'}`;

/** Installs a server into a root. Returns why apt could not. */
async function install({ packages, title }, root, log) {
  const apt = (...args) => logged(log, ['unshare', '--mount', 'sh', '-c', IN_ROOT, root, ...APT, ...args]);
  const installed = () => apt('install', '-y', '--no-remove', '--no-install-recommends', ...packages);
  let result = await installed();
  // The lists are debootstrap's: the archive may have moved since.
  if (result.code === APT_CANNOT && (result = await apt('update')).code === 0) result = await installed();
  if (result.code === 0) return undefined;
  if (result.code !== APT_CANNOT)
    throw new SetupError(`${title} could not be installed: ${result.code}; the output is in ${log}`);
  return saidBy(result);
}

/** @throws SetupError if the archive has moved on to a version that the tests do not know */
function installedVersion({ version, series, title, packages }, suite, root) {
  const format = ['-W', '-f', '${source:Upstream-Version}', packages[0]];
  const { stdout } = spawnSync('chroot', [root, 'dpkg-query', ...format], { encoding: 'utf8' });
  const [engine, known] = [version.split('-')[0], series ?? version.split('-')[1]];
  if (stdout.startsWith(`${known}.`)) return /^[\d.]+/.exec(stdout)[0];
  throw new SetupError(
    `${suite} has ${title.split(' ')[0]} ${stdout}, but the tests know ${known}: add the new version to engines/${engine}/facts.ts, scripts/setup/roots.json and test/servers/versions.ts`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wanted = RECIPES.filter(({ root }) => process.argv.includes(root));
  const missing = wanted.filter((recipe) => !isMade(recipe));
  const programs = wanted.some(needsPrograms) ? [MONGODB.build()] : [];
  const ended = await Promise.allSettled([...missing.map(make), ...programs]);
  for (const recipe of process.argv.includes(QUIET) ? missing : wanted) {
    const { versions = {}, notTested = {} } = stateOf(recipe) ?? {};
    const found = recipe.servers
      .filter(({ version }) => versions[version])
      .map(({ title, version }) => `${title.split(' ')[0]} ${versions[version]}`);
    if (found.length > 0) say(`the root of ${recipe.root} has ${found.join(' and ')}`);
    for (const reason of Object.values(notTested)) say(`NOT TESTED: ${reason}`);
  }
  const failed = ended.find(({ status }) => status === 'rejected')?.reason;
  if (failed && !(failed instanceof SetupError)) throw failed;
  if (failed) process.stdout.write(`${failed.message}\n`);
  process.exitCode = failed ? 1 : 0;
}
