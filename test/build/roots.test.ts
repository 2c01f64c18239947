import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { temporaryDirectory } from '../support/processes';

const ROOT = path.resolve(__dirname, '../..');

let project: string;

const MAKE = `import { makeRoots } from './scripts/setup/roots.mjs';
try { makeRoots(['mysql-9.7']); } catch (error) { console.log(error.message); }`;

/** A copy of the set-up scripts, on a machine whose debootstrap and apt-get do as a test says. */
beforeEach(() => {
  project = temporaryDirectory('roots');
  fs.cpSync(path.join(ROOT, 'scripts'), path.join(project, 'scripts'), { recursive: true });
  fs.writeFileSync(path.join(project, 'make.mjs'), MAKE);
  program('unshare', 'shift; [ "$1" = sh ] && shift 4; exec "$@"');
  debootstrap('');
  apt();
  installed('9.7.4');
});
afterEach(() => fs.rmSync(project, { recursive: true, force: true }));

const debootstrap = (then: string) =>
  program('debootstrap', `echo "$4" >>${project}/made; mkdir -p "$3/etc" "$3/usr/sbin"; sleep 0.5; ${then}`);
const apt = (then = 'exit 0') =>
  program(
    'apt-get',
    `[ "$1" = indextargets ] && printf 'other Other Other\\narchive Debian Debian\\n' && exit; ${then}`,
  );
const installed = (mysql: string) => program('chroot', `case "$*" in *mysql*) printf ${mysql};; *) printf 18.6;; esac`);
const CANNOT = 'echo "E: Unable to locate package"; exit 100';

function program(name: string, script: string): void {
  const file = path.join(project, 'bin', name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const inRoots = (file: string): string => path.join(project, '.tools/roots', file);
const notTested = (): unknown => (JSON.parse(fs.readFileSync(inRoots('sid.json'), 'utf8')) as State).notTested;
const made = (): string[] => fs.readFileSync(path.join(project, 'made'), 'utf8').trim().split('\n');

interface State {
  readonly notTested: Readonly<Record<string, string>>;
}

/** What it says, and the sentence with which it fails. */
async function make(): Promise<{ failure: string; said: string[] }> {
  const child = spawn(process.execPath, [path.join(project, 'make.mjs')], {
    env: { ...process.env, PATH: `${project}/bin:${process.env.PATH}`, TMPDIR: project },
  });
  const [failure, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { failure: failure.trim(), said: said.replaceAll('set-up: ', '').trim().split('\n') };
}

const FOUND = 'the root of sid has MySQL 9.7.4 and PostgreSQL 18.6';

test('are made once, from the archive of the machine, by two runs at once', async () => {
  fs.mkdirSync(inRoots('sid.unfinished/left-over'), { recursive: true });
  const [one, other] = await Promise.all([make(), make()]);
  expect([one, other].sort((a, b) => b.said.length - a.said.length)).toEqual([
    { failure: '', said: ['making a root of sid with MySQL 9.7 and PostgreSQL 18 …', FOUND] },
    { failure: '', said: [''] },
  ]);
  expect(made()).toEqual(['archive']);
  expect(fs.readdirSync(inRoots('.')).sort()).toEqual(['lock', 'sid', 'sid.json', 'sid.log']);
  expect(fs.readdirSync(inRoots('sid')).sort()).toEqual(['etc', 'usr']);
});

test('a server that apt cannot install is noted, and tried again; the others are there', async () => {
  apt(`case "$*" in *mysql*) ${CANNOT};; esac`);
  const reason = 'MySQL 9.7: apt-get ended with 100: Unable to locate package';
  const { failure, said } = await make();
  expect({ failure, said: said.slice(1) }).toEqual({
    ...{ failure: '', said: ['the root of sid has PostgreSQL 18.6', `NOT TESTED: ${reason}`] },
  });
  expect(notTested()).toEqual({ 'mysql-9.7': reason });
  apt();
  expect((await make()).said).toContain(FOUND);
  expect(notTested()).toEqual({});
});

test('a suite that neither debootstrap nor apt can use is noted', async () => {
  debootstrap('exit 1');
  apt(CANNOT);
  expect((await make()).failure).toBe('');
  expect(notTested()).toEqual({
    'mysql-9.7': 'MySQL 9.7: apt-get ended with 100: Unable to locate package',
    'postgresql-18': 'PostgreSQL 18: apt-get ended with 100: Unable to locate package',
  });
});

test.each([
  [
    'debootstrap fails where apt would not',
    () => debootstrap('exit 1'),
    /^debootstrap of sid ended with 1; its output is in \S+sid\.log$/,
  ],
  ['apt fails otherwise', () => apt('exit 2'), /^MySQL 9\.7 could not be installed: 2; the output is in \S+sid\.log$/],
  [
    'the archive has moved on',
    () => installed('26.1.0'),
    /^sid has MySQL 26\.1\.0, but the tests know 9\.7: add the new version to engines\/mysql\/facts\.ts, scripts\/setup\/roots\.json and test\/servers\/versions\.ts$/,
  ],
  ['there is no archive', () => program('apt-get', ''), /^the apt sources of this system name no archive of Debian: /],
])('where %s, nothing is made, and one sentence says so', async (_, arrange, sentence) => {
  arrange();
  expect((await make()).failure).toMatch(sentence);
  expect(fs.existsSync(inRoots('sid'))).toBe(false);
});
