import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { temporaryDirectory } from '../support/processes';

const ROOT = path.resolve(__dirname, '../..');

let project: string;
let bin: string;

/** A copy of the set-up scripts in a project that has its npm modules, on a machine that has only `bin` in its PATH. */
beforeEach(() => {
  project = temporaryDirectory('setup');
  bin = path.join(project, 'bin');
  fs.mkdirSync(bin);
  fs.cpSync(path.join(ROOT, 'scripts'), path.join(project, 'scripts'), { recursive: true });
  fs.writeFileSync(path.join(project, 'requirements.txt'), '');
  lock('package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
  lock('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
  write('node_modules/node/bin/node', '');
});
afterEach(() => fs.rmSync(project, { recursive: true, force: true }));

function write(file: string, content: string): void {
  const target = path.join(project, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, content, { mode: 0o755 });
}
const lock = (file: string, packages: object) => write(file, JSON.stringify({ packages }));
const program = (name: string, script: string) => write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
const link = (name: string, target: string) => fs.symlinkSync(target, path.join(bin, name));

function setUp(args: readonly string[] = [], nodeArgs: readonly string[] = []) {
  const script = path.join(project, 'scripts/setup.mjs');
  const result = spawnSync(process.execPath, [...nodeArgs, script, ...args], {
    env: { PATH: bin, TMPDIR: project },
    encoding: 'utf8',
  });
  return { status: result.status, said: result.stderr };
}
const realPython = () => {
  const found = ['/usr/bin/python3', ...(process.env.PATH ?? '').split(':').map((folder) => `${folder}/python3`)];
  return fs.realpathSync(found.find((file) => fs.existsSync(file))!);
};

test('does everything once, and nothing twice', () => {
  program('python3', `exec ${realPython()} "$@"`);
  const first = setUp();
  expect(first).toEqual({
    status: 0,
    said: 'set-up: installing the Python packages of requirements.txt into .venv …\nset-up: everything is there\n',
  });
  expect(setUp()).toEqual({ status: 0, said: 'set-up: everything is there\n' });
});

test('another Python package does not make the environment anew', () => {
  program('python3', `exec ${realPython()} "$@"`);
  setUp();
  write('.venv/kept', '');
  write('requirements.txt', '# changed');
  expect(setUp().said).toContain('installing the Python packages of requirements.txt');
  expect(fs.existsSync(path.join(project, '.venv/kept'))).toBe(true);
});

test('checkov gets an environment of its own, once', () => {
  program('python3', `exec ${realPython()} "$@"`);
  write('requirements-checkov.txt', '');
  setUp();
  const said = 'set-up: installing the Python packages of requirements-checkov.txt into .tools/checkov …\n';
  expect(setUp(['--with', 'checkov']).said).toContain(said);
  expect(fs.existsSync(path.join(project, '.tools/checkov/bin/python'))).toBe(true);
  expect(setUp(['--with', 'checkov']).said).not.toContain(said);
});

test('npm modules of another version are installed again, by the npm of the machine', () => {
  lock('node_modules/.package-lock.json', { 'node_modules/a': { version: '0.9.0' } });
  program('npm', 'echo "npm $*"; exit 1');
  const { status, said } = setUp();
  expect(status).toBe(1);
  expect(said).toContain('set-up: installing the npm modules of the lockfile (npm ci) …\n');
  expect(said).toContain('npm ci --no-audit --no-fund: exit code 1');
});

test('a package of another platform is not missed', () => {
  lock('package-lock.json', {
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a-darwin': { version: '1.0.0', optional: true },
  });
  program('python3', `exec ${realPython()} "$@"`);
  expect(setUp().said).not.toContain('npm ci');
});

test('without Python, and without apt-get: one sentence', () => {
  expect(setUp()).toEqual({
    status: 1,
    said: 'set-up: Python 3.10 or newer is missing: install it from https://www.python.org/downloads, and run this again\n',
  });
});

test('a Python that is too old counts as none', () => {
  program('python3', 'exit 1');
  expect(setUp().said).toMatch(/^set-up: Python 3\.10 or newer is missing: /);
});

test('Python without its venv module: installs it by apt-get', () => {
  program('apt-get', `echo "apt-get $*" >> ${project}/apt.log`);
  program('sudo', 'shift $(($# > 0 && $(expr "$1" : -) > 0)); exec "$@"');
  link('env', '/usr/bin/env');
  for (const name of ['sh', 'rm', 'chmod']) link(name, `/bin/${name}`);
  // New enough, but its venv module fails.
  program('python3', 'case "$2" in *venv*) exit 1 ;; esac; exit 0');
  const { status, said } = setUp();
  expect(status).toBe(1);
  expect(said).toContain('set-up: installing python3, python3-venv by apt-get; services stay stopped …\n');
  expect(said).toContain(
    'with its venv module is missing, and apt-get does not have it: install it from https://www.python.org/downloads',
  );
  expect(fs.readFileSync(path.join(project, 'apt.log'), 'utf8').split('\n')).toEqual([
    'apt-get update -qq',
    'apt-get install -y -qq --no-install-recommends python3 python3-venv',
    '',
  ]);
});

test('a Node.js that is too old: one sentence', () => {
  write('old.cjs', 'Object.defineProperty(process, "versions", { value: { node: "18.20.4" } });');
  expect(setUp([], ['--require', path.join(project, 'old.cjs')])).toEqual({
    status: 1,
    said: 'set-up: Node.js is 18.20.4, but 20 or newer is needed: install it from https://nodejs.org\n',
  });
});

test('what it does not know to install', () => {
  expect(setUp(['--with', 'oracle']).said).toBe(
    'set-up: --with must be one of mariadb, postgresql, databases, docker, browser, schemas, checkov, mysql, mongodb, restic, servers, got: oracle\n',
  );
});

describe('Go', () => {
  const PROGRAMS = ['mongodump', 'mongorestore', 'bsondump', 'ferretdb'];
  /** Says its version, and builds files; or fails, as `then` says. */
  const go = (name: string, version: string, then = 'for file; do case $file in */bin/*) : >$file ;; esac; done') =>
    program(
      name,
      `if [ $1 = env ]; then echo ${version}; exit; fi\nmkdir -p ${project}/.tools/mongodb.unfinished/bin; ${then}`,
    );
  const build = () => {
    write(
      'build.mjs',
      "import { MONGODB } from './scripts/setup/mongodb.mjs'; await MONGODB.build().catch(({ message }) => console.error(message));",
    );
    const env = { PATH: bin, TMPDIR: project };
    return spawnSync(process.execPath, [path.join(project, 'build.mjs')], { env, encoding: 'utf8' }).stderr;
  };

  beforeEach(() => {
    write('test/servers/mongodb/go.sum', 'one');
    link('env', '/usr/bin/env');
    for (const name of ['sh', 'mkdir']) link(name, `/bin/${name}`);
  });

  test('builds the programs of MongoDB once, and again from other modules', () => {
    go('go', 'go1.25.1');
    const said = `set-up: building ${PROGRAMS.join(', ')} …\n`;
    expect(build()).toBe(said);
    expect(fs.readdirSync(path.join(project, '.tools/mongodb/bin')).sort()).toEqual([...PROGRAMS].sort());
    expect(build()).toBe('');
    write('test/servers/mongodb/go.sum', 'other');
    expect(build()).toBe(said);
  });

  test('that cannot build ends in one sentence', () => {
    go('go', 'go1.26.0', 'exit 3');
    expect(build()).toMatch(/\nmongodump could not be built: 3; the output is in \S+mongodb\.log\n$/);
  });

  test('of an older version is not used: another is installed', () => {
    go('go', 'go1.19.8');
    write('requirements-go.txt', '');
    program('python3', 'exit 1');
    expect(build()).toContain('Python 3.10 or newer is missing');
  });
});
