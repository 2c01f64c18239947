/** What becomes something else while files are backed up, and directories that are not what they seem. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fingerprintFiles } from '../compare/files';
import { prove } from '../prove/support';
import { FilesScene } from './files-support';

jest.setTimeout(120_000);

let scene: FilesScene;
let outside: string;
beforeAll(async () => {
  scene = await FilesScene.start();
  outside = path.join(scene.directory, 'outside');
  fs.mkdirSync(path.join(outside, 'deep'), { recursive: true });
  for (const name of ['one', 'deep/two']) fs.writeFileSync(path.join(outside, name), `secret ${name}`);
});
afterAll(() => scene?.stop());

const database = (file: string): void => {
  const opened = new DatabaseSync(file);
  opened.exec("CREATE TABLE t (a); INSERT INTO t VALUES ('one')");
  opened.close();
};

describe('is tried again, and backed up as it is then', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['a directory that becomes a link out', 'a', 'mv a ../gone-$$; ln -s ../outside a', ['directory .', 'symlink a']],
    [
      'a directory above that becomes a link out',
      'a/deep',
      'mv a ../gone-$$; ln -s ../outside a',
      ['directory .', 'symlink a'],
    ],
    [
      'a directory that becomes another one',
      'a',
      'mv a ../gone-$$; mkdir a; echo new > a/new',
      ['directory .', 'directory a', 'file a/new'],
    ],
    ['a directory that becomes a file', 'a', 'mv a ../gone-$$; echo new > a', ['directory .', 'file a']],
    [
      'a file that becomes a directory',
      'a',
      'rm a/one; mkdir a/one; echo new > a/one/new',
      ['directory .', 'directory a', 'directory a/deep', 'file a/deep/two', 'directory a/one', 'file a/one/new'],
    ],
  ])('%s', async (_, chosen, does, expected) => {
    const directory = scene.directoryOf({ 'a/one': '1', 'a/deep/two': '2' });
    const once = scene.tarThatFirst(`if [ $N = 1 ]; then cd ${directory}; ${does}; fi`);
    const result = await scene.run(directory, { include: [chosen, 'a/**'] }, once);
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(result.log.filter(({ event }) => event === 'retry')).toHaveLength(1);
    const [manifest] = scene.manifests;
    expect(scene.contentsOf(manifest!).map((one) => `${one.type} ${one.path}`)).toEqual(expected);
    expect(fingerprintFiles(scene.extracted(manifest!))).toEqual(fingerprintFiles(directory));
  });

  test.each<[string, string]>([
    ['a link out', 'mv a.db ../outside/a.db; ln -s ../outside/a.db a.db'],
    ['a FIFO', 'rm a.db; mkfifo a.db'],
  ])('a database that becomes %s', async (_, does) => {
    const directory = scene.directoryOf({ one: '1' });
    database(path.join(directory, 'a.db'));
    const once = scene.tarThatFirst(`if [ $N = 1 ]; then cd ${directory}; ${does}; fi`);
    const manifest = await scene.backUp(directory, {}, once);
    expect(fingerprintFiles(scene.extracted(manifest))).toEqual(fingerprintFiles(directory));
  });
});

test('what is replaced each time fails the run, and is named', async () => {
  const directory = scene.directoryOf({ 'a/one': '1', 'a/deep/two': '2' });
  const tools = scene.tarThatFirst(`cd ${directory}; mv a ../gone-$$; mkdir a; echo 1 > a/one`);
  const result = await scene.run(directory, {}, tools);
  expect(result).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'replaced', object: 'a' } });
  expect(result.failure).toMatch(/^a was replaced while the backup was made, .* name in exclude/);
  expect(scene.manifests).toEqual([]);
});

test('a directory that is deleted is told, and no failure', async () => {
  const directory = scene.directoryOf({ 'a/one': '1', two: '2' });
  const manifest = await scene.backUp(directory, {}, scene.tarThatFirst(`rm -r ${directory}/a`));
  expect(manifest.notes).toEqual([{ kind: 'vanished', objects: ['a', 'a/one'] }]);
});

describe('the directory itself', () => {
  test('may be a link, to another file system too', async () => {
    const elsewhere = fs.mkdtempSync('/dev/shm/files-');
    try {
      fs.mkdirSync(path.join(elsewhere, 'a'));
      fs.writeFileSync(path.join(elsewhere, 'a/one'), '1');
      expect(fs.statSync(elsewhere).dev).not.toBe(fs.statSync(scene.directory).dev);
      const link = path.join(scene.directoryOf({}), 'link');
      fs.symlinkSync(elsewhere, link);
      const manifest = await scene.backUp(link);
      expect(manifest.notes).toBeUndefined();
      expect(fingerprintFiles(scene.extracted(manifest))).toEqual(fingerprintFiles(elsewhere));
    } finally {
      fs.rmSync(elsewhere, { recursive: true });
    }
  });

  test('that leads elsewhere in the middle fails the run', async () => {
    const directory = scene.directoryOf({ 'old/a': '1', 'new/a': '1' });
    const link = path.join(directory, 'link');
    fs.symlinkSync('old', link);
    const tools = scene.tarThatFirst(`if [ $N = 1 ]; then ln -sfn new ${link}; else ln -sfn old ${link}; fi`);
    const result = await scene.run(link, {}, tools);
    expect(result).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'replaced', object: link } });
  });

  test('does not include other file systems', async () => {
    scene.directoryOf({});
    expect(fs.statSync('/dev/shm').dev).not.toBe(fs.statSync('/dev').dev);
    const manifest = await scene.backUp('/dev', { include: ['shm', 'fd'] });
    expect(manifest.notes).toEqual([{ kind: 'other-file-systems', objects: ['shm'] }]);
    expect(scene.contentsOf(manifest).map((one) => `${one.type} ${one.path}`)).toEqual([
      ...['directory .', 'symlink fd', 'directory shm'],
    ]);
  });
});

test('names of a file that changed keep their order, so that the backup is proven', async () => {
  const directory = scene.directoryOf({ 'a/c': 'before' });
  fs.linkSync(path.join(directory, 'a/c'), path.join(directory, 'a-b'));
  const changes = scene.tarThatFirst(`if [ $N = 1 ]; then printf 'after, and longer' > ${directory}/a-b; fi`);
  const manifest = await scene.backUp(directory, {}, changes);
  expect(scene.contentsOf(manifest).filter(({ type }) => type !== 'directory')).toMatchObject([
    { path: 'a/c', type: 'file' },
    { path: 'a-b', type: 'hard-link', link: 'a/c' },
  ]);
  expect(await prove(scene.restore, manifest)).toMatchObject({ exit: 'success', verdict: { verdict: 'passed' } });
});
