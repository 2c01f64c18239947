/** What goes wrong while files are backed up into a repository, or brought back from it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ENV, type FilesJob, type MaintainJob } from '../../catalog/contract/task';
import { fingerprintFiles } from '../compare/files';
import { prove } from '../prove/support';
import { incrementalJob, REPOSITORIES, TOOLS, withKey } from '../restore/incremental-support';
import { RestoreScene, type Surroundings } from '../restore/support';
import { Program, type ProgramResult } from '../support/program';

jest.setTimeout(180_000);

let scene: RestoreScene;
let count = 0;
let root: string;
let source: string;
beforeAll(async () => (scene = await RestoreScene.start()));
afterAll(() => scene?.stop());
beforeEach(() => {
  source = `files-${++count}`;
  root = path.join(scene.directory, source);
  scene.s3.rule = () => undefined;
  write('a/one', 'one');
  write('b/two', 'two');
});

function write(name: string, content: string): void {
  fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  fs.writeFileSync(path.join(root, name), content);
}
const job = (files?: FilesJob) => incrementalJob(scene, root, source, files);
const backUp = (files?: FilesJob) => scene.backUp(job(files), withKey());
const run = (files?: FilesJob, surroundings: Surroundings = withKey(), changes: object = {}): Promise<ProgramResult> =>
  Program.run({ job: { ...job(files), ...changes }, aws: scene.s3.environment, ...surroundings });
const restore = (backupId: string, surroundings: Surroundings = withKey(), request: object = {}) =>
  scene.restore(scene.jobOf(job(), { file: `${root}-restored` }), { backupId, ...request }, surroundings);
const repositoryKeys = () =>
  scene.s3.keys.filter((key) => /^files-\d+\/(data|index|keys|locks|snapshots|config)/.test(key));

/** A restic that does something before a command of this name, `$N` times that is. */
function resticThat(command: string, does: string): Surroundings {
  const folder = path.join(scene.directory, `tools-${source}`);
  fs.mkdirSync(folder, { recursive: true });
  const script = `#!/bin/sh\ncase " $* " in *" ${command} "*) echo >> ${folder}/starts; N=$(wc -l < ${folder}/starts); ${does} ;; esac\nexec ${TOOLS}/restic "$@"\n`;
  fs.writeFileSync(path.join(folder, 'restic'), script, { mode: 0o755 });
  return { ...withKey(), toolsDirectory: folder };
}

test('the second backup brings what has changed only, and each has all files', async () => {
  write('big', 'x'.repeat(5_000_000));
  const first = await backUp();
  write('a/one', 'changed');
  fs.rmSync(path.join(root, 'b'), { recursive: true });
  const second = await backUp();
  expect([first.repository!.files, second.repository!.files]).toEqual([3, 2]);
  expect(second.repository!.bytes).toBe(5_000_007);
  expect(second.repository!.addedBytes).toBeLessThan(20_000);
  expect(second.tables.map(({ name, rows }) => [name, rows])).toEqual([
    ['.', 1],
    ['a', 1],
  ]);
  expect(await restore(first.backupId)).toMatchObject({ exit: 'success' });
  expect(fs.readFileSync(`${root}-restored/a/one`, 'utf8')).toBe('one');
});

test('patterns choose, of names of any kind, and a restore takes some of them', async () => {
  for (const name of ['a/skip.tmp', 'a/[x] *.txt', 'a/ space\n', 'c/$HOME', 'c/deep/#x', 'd/é']) write(name, name);
  const bytes = Buffer.concat([Buffer.from(`${root}/d/`), Buffer.from([0xff, 0xfe])]);
  fs.writeFileSync(bytes, 'bytes');
  const manifest = await backUp({ include: ['a', 'c/**', 'd'], exclude: ['**/*.tmp'] });
  expect(manifest.repository!.files).toBe(7);
  expect(await restore(manifest.backupId, withKey(), { paths: ['a/\\[*', 'c/deep', 'd/*'] })).toMatchObject({
    exit: 'success',
  });
  expect(fs.readdirSync(`${root}-restored`)).toEqual(['a', 'c', 'd']);
  expect(fs.readdirSync(`${root}-restored/a`)).toEqual(['[x] *.txt']);
  expect(fs.readdirSync(`${root}-restored/c`)).toEqual(['deep']);
  expect(fs.readdirSync(`${root}-restored/d`, 'buffer')).toHaveLength(2);
});

test('databases of SQLite are refused by name, unless they are to be read as any file', async () => {
  const database = new DatabaseSync(path.join(root, 'a/app.db'));
  database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
  database.close();
  expect(await run()).toMatchObject({
    exit: 'configuration',
    reason: { kind: 'databases-among-files', object: 'a/app.db' },
  });
  expect(scene.manifests(source)).toEqual([]);
  expect((await backUp({ sqlite: [] })).repository!.files).toBe(3);
});

test('a wrong key, or none, is told as such, and nothing is backed up or restored by it', async () => {
  const { backupId } = await backUp();
  for (const [key, kind] of [
    ['another key', 'repository-key-wrong'],
    ['', 'repository-key-missing'],
  ] as const) {
    const result = await run({}, withKey(key));
    expect(result.reason).toMatchObject({ kind });
    expect(result.output).not.toContain('another key');
    expect((await restore(backupId, withKey(key))).reason).toMatchObject({ kind });
  }
  const proof = await prove(scene, { source, backupId }, withKey('another key'));
  expect(proof).toMatchObject({ exit: 'notTested', reason: { kind: 'repository-key-wrong' } });
  expect(scene.manifests(source)).toHaveLength(1);
});

test('a run that is killed leaves no backup, and the next one begins where it was', async () => {
  const program = Program.start({
    ...{ job: { ...job(), lockLeaseSeconds: 1 }, aws: scene.s3.environment },
    ...resticThat('backup', 'echo reading > /dev/null; sleep 30'),
  });
  await program.logged('repository-made');
  program.signal('SIGKILL');
  await program.result();
  expect(scene.manifests(source)).toEqual([]);
  spawnSync('sleep', ['1']);
  expect((await backUp()).repository!.files).toBe(2);
});

test('a lock that a dead process has left is removed', async () => {
  await backUp();
  const { [ENV.repositoryKey]: RESTIC_PASSWORD } = withKey().environment!;
  const env = { ...scene.s3.environment, RESTIC_PASSWORD, HOME: scene.directory };
  const killed = spawn(
    path.join(TOOLS, 'restic'),
    ['--repo', repository(), '--option', 's3.region=us-east-1', 'prune'],
    { env, stdio: 'ignore' },
  );
  scene.s3.rule = ({ operation, key }) => {
    if (operation !== 'DeleteObject' || !key.startsWith(`${source}/locks/`)) return undefined;
    killed.kill('SIGKILL');
    return { status: 503, code: 'SlowDown' };
  };
  await once(killed, 'exit');
  scene.s3.rule = () => undefined;
  expect(repositoryKeys().filter((key) => key.startsWith(`${source}/locks/`))).toHaveLength(1);
  await backUp();
  expect(repositoryKeys().filter((key) => key.startsWith(`${source}/locks/`))).toEqual([]);
});

const repository = () => `s3:${scene.s3.environment.AWS_ENDPOINT_URL}/${REPOSITORIES}/${source}`;

test('a file that changes while it is read is read again; what cannot be read fails the run', async () => {
  write('busy', 'before');
  const tools = resticThat('ls', `[ $N = 1 ] && printf 'after, and longer' > ${root}/busy`);
  const manifest = await scene.backUp(job(), tools);
  expect(manifest.notes).toBeUndefined();
  expect(await restore(manifest.backupId)).toMatchObject({ exit: 'success' });
  expect(fs.readFileSync(`${root}-restored/busy`, 'utf8')).toBe('after, and longer');
  const always = resticThat('ls', `date +%N > ${root}/busy`);
  expect((await scene.backUp(job(), always)).notes).toEqual([{ kind: 'would-not-hold-still', objects: ['busy'] }]);
  const gone = resticThat('backup', `rm -f ${root}/a/one`);
  expect((await scene.backUp(job(), gone)).notes).toEqual([{ kind: 'vanished', objects: ['a/one'] }]);
});

test('a link in place of a directory leads no backup out of it', async () => {
  const secret = path.join(scene.directory, `secret-${source}`);
  fs.mkdirSync(secret);
  fs.writeFileSync(path.join(secret, 'one'), 'secret');
  write('a/left.tmp', 'x');
  const swap = `[ $N = 1 ] && mv ${root}/a ${root}-aside && ln -s ${secret} ${root}/a`;
  const manifest = await scene.backUp(job({ exclude: ['a/*.tmp'] }), resticThat('backup', swap));
  expect(await restore(manifest.backupId)).toMatchObject({ exit: 'success' });
  expect(fs.readlinkSync(`${root}-restored/a`)).toBe(secret);
  expect(manifest.repository!.files).toBe(2);
});

test('a restore that meets a maintenance begins again, once', async () => {
  const { backupId } = await backUp();
  const surroundings = resticThat('restore', ':');
  const starts = path.join(surroundings.toolsDirectory!, 'starts');
  const count = () => (fs.existsSync(starts) ? fs.readFileSync(starts, 'utf8').split('\n').length - 1 : 0);
  // As of a pack that was moved after the index was read.
  scene.s3.rule = ({ operation, key }) =>
    operation === 'GetObject' && key.startsWith(`${source}/data/`) && count() === 1
      ? { status: 404, code: 'NoSuchKey', message: 'The specified key does not exist.' }
      : undefined;
  expect(await restore(backupId, surroundings)).toMatchObject({ exit: 'success', failure: '' });
  expect(count()).toBe(2);
  expect(fs.readFileSync(`${root}-restored/a/one`, 'utf8')).toBe('one');
});

test('what an account of few rights may not read fails its run, unless that is allowed', async () => {
  write('shut/in', 'x');
  write('closed', 'x');
  for (const name of ['shut', 'closed']) fs.chmodSync(path.join(root, name), 0);
  const nobody = { ...withKey(), image: 'mariadb-10.11' } as const;
  const refused = await run({}, nobody);
  expect(refused).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'files-unreadable' } });
  const manifest = await scene.backUp(job({ allowUnreadable: ['shut', 'closed'] }), nobody);
  expect(manifest.notes).toEqual([
    { kind: 'unreadable', objects: expect.arrayContaining(['closed', 'shut']) as string[] },
  ]);
  expect(manifest.repository!.files).toBe(2);
});

test('S3 that breaks connections off makes the backup slower, and S3 that refuses fails it', async () => {
  let broken = 0;
  scene.s3.rule = ({ operation, key }) =>
    operation === 'PutObject' && key.includes('/data/') && broken++ < 1 ? { status: 503, code: 'SlowDown' } : undefined;
  const { backupId } = await backUp();
  expect(broken).toBeGreaterThan(1);
  scene.s3.rule = ({ key }) =>
    key.startsWith(`${source}/data/`) ? { status: 403, code: 'AccessDenied', message: 'Access Denied.' } : undefined;
  write('a/new', 'new');
  expect(await run()).toMatchObject({ exit: 'dumpFailed', reason: { kind: 's3-refused' } });
  expect(await restore(backupId)).toMatchObject({ reason: { kind: 's3-refused' }, state: 'unchanged' });
  expect(fs.existsSync(`${root}-restored`)).toBe(false);
});

test('an account other than root gets some of the files beside devices, without those', async () => {
  for (const name of ['d/device', 'd/file', 'd/other', 'd/z']) write(name, name);
  fs.rmSync(path.join(root, 'd/device'));
  execFileSync('mknod', [path.join(root, 'd/device'), 'c', '1', '3']);
  const { backupId } = await backUp();
  const file = path.join(scene.directory, `${source}-open`, 'restored');
  fs.mkdirSync(path.dirname(file));
  fs.chmodSync(path.dirname(file), 0o777);
  const nobody = { ...withKey(), image: 'mariadb-10.11' } as const;
  const request = { backupId, paths: ['d', 'a'] };
  const result = await scene.restore(scene.jobOf(job(), { file }), request, nobody);
  expect(result).toMatchObject({ exit: 'success', failure: '' });
  expect(result.report!.notes).toContainEqual({ kind: 'devices-not-restored', count: 1 });
  expect(fs.readdirSync(file)).toEqual(['a', 'd']);
  expect(fs.readdirSync(path.join(file, 'd'))).toEqual(['file', 'other', 'z']);
});

test('a repository that lost a part of itself is no backup: a restore and its test say so, and no new one is made in its place', async () => {
  const manifest = await backUp();
  const { backupId } = manifest;
  const contents = manifest.objects[0]!.key;
  const list = scene.s3.get(contents);
  scene.edit(manifest, (bytes) => Buffer.from(bytes.toString().replace('"a/one"', '"../one"')));
  expect(await restore(backupId)).toMatchObject({ reason: { kind: 'object-changed', object: contents } });
  scene.s3.put(contents, list);
  scene.putManifest(manifest);
  const data = repositoryKeys().filter((key) => key.startsWith(`${source}/data/`));
  const kept = new Map(data.map((key) => [key, scene.s3.get(key)]));
  for (const key of data) {
    const damaged = Buffer.from(kept.get(key)!);
    damaged[10]! ^= 0xff;
    scene.s3.put(key, damaged);
  }
  expect((await restore(backupId)).exit).not.toBe('success');
  expect(fs.existsSync(`${root}-restored`)).toBe(false);
  expect(await prove(scene, { source, backupId }, withKey())).toMatchObject({
    exit: 'notProven',
    verdict: { verdict: 'failed' },
  });
  for (const [key, body] of kept) scene.s3.put(key, body);
  const snapshot = repositoryKeys().find((key) => key.startsWith(`${source}/snapshots/`))!;
  const body = scene.s3.get(snapshot);
  scene.s3.rule = ({ operation, key }) =>
    operation === 'GetObject' && key === snapshot
      ? { status: 403, code: 'AccessDenied', message: 'Access Denied.' }
      : undefined;
  expect(await restore(backupId)).toMatchObject({ reason: { kind: 's3-refused' } });
  scene.s3.rule = () => undefined;
  scene.s3.remove(snapshot);
  expect(await restore(backupId)).toMatchObject({ exit: 'downloadFailed', reason: { kind: 'object-missing' } });
  scene.s3.put(snapshot, body);
  scene.s3.remove(`${source}/config`);
  expect(await run()).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'repository-missing' } });
});

test('S3 that refuses while a restore test checks the repository says nothing of the backup', async () => {
  const { backupId } = await backUp();
  const surroundings = resticThat('check', ':');
  const checks = path.join(surroundings.toolsDirectory!, 'starts');
  scene.s3.rule = ({ operation }) =>
    operation === 'GetObject' && fs.existsSync(checks)
      ? { status: 403, code: 'AccessDenied', message: 'Access Denied.' }
      : undefined;
  const tested = await prove(scene, { source, backupId }, surroundings);
  expect(tested).toMatchObject({ exit: 'notTested', reason: { kind: 's3-refused' }, verdict: { verdict: 'not-run' } });
});

test('maintenance removes what no backup needs, and keeps what can be brought back', async () => {
  const maintainJob = (): MaintainJob => ({
    ...{ action: 'maintain', ...scene.place(source), repository: { bucket: REPOSITORIES }, timeoutSeconds: 120 },
  });
  // Young snapshots are kept; the days of the others have passed for S3.
  const maintain = (days: number) => {
    scene.s3.clockShift = days * 24 * 3600 * 1000;
    return Program.run({ job: maintainJob(), aws: scene.s3.environment, ...withKey() }).finally(
      () => (scene.s3.clockShift = 0),
    );
  };
  write('big', `${Math.random()}`.repeat(100_000));
  const gone = await backUp();
  fs.rmSync(path.join(root, 'big'));
  const hidden = await backUp();
  const kept = await backUp();
  for (const key of scene.s3.keys.filter((one) => one.startsWith(`${source}/${gone.backupId}/`))) scene.s3.remove(key);
  scene.s3.hide(`${source}/${hidden.backupId}/manifest.json`);
  const line = ({ log }: ProgramResult) => log.find(({ event }) => event === 'maintained');
  const young = await maintain(7);
  expect(young).toMatchObject({ exit: 'success', failure: '' });
  expect(line(young)).toMatchObject({ forgotten: 0, kept: 3 });
  expect(line(await maintain(9))).toMatchObject({ forgotten: 1, kept: 2 });
  expect(await restore(kept.backupId)).toMatchObject({ exit: 'success' });
  expect(fingerprintFiles(`${root}-restored`)).toEqual(fingerprintFiles(root));
  for (const key of scene.s3.keys.filter((one) => /manifest\.json$/.test(one) && one.startsWith(`${source}/`)))
    scene.s3.remove(key);
  scene.s3.forgetHidden();
  const none = await maintain(30);
  expect(none.log.map(({ event }) => event)).toEqual(['no-backups']);
  scene.s3.rule = ({ operation, key }) =>
    operation === 'GetObject' && key === '' ? { status: 403, code: 'AccessDenied' } : undefined;
  expect(await maintain(30)).toMatchObject({ exit: 'maintainFailed', reason: { kind: 'read-denied' } });
  expect(repositoryKeys().filter((key) => key.startsWith(`${source}/snapshots/`))).toHaveLength(2);
});
