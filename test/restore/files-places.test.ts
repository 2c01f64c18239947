/** Files that are put into directories that are there, and restores that end before that. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { RestoreRequest } from '../../catalog/contract/task';
import { fingerprintFiles } from '../compare/files';
import { FilesScene } from '../faults/files-support';
import { prove } from '../prove/support';
import { makeFiles } from '../schemas/files';
import type { Surroundings } from './support';

jest.setTimeout(120_000);

/** Another account than the tests' own. */
const NOBODY = { image: 'mariadb-10.11' } as const;

let scene: FilesScene;
beforeAll(async () => (scene = await FilesScene.start()));
afterAll(() => scene?.stop());

const restore = (
  { backupId }: Manifest,
  file: string,
  request: Partial<RestoreRequest> = {},
  surroundings?: Surroundings,
) => scene.restore.restore(scene.restore.jobOf(scene.job(file)), { backupId, ...request }, surroundings);
const over = (manifest: Manifest, file: string, surroundings?: Surroundings) =>
  restore(manifest, file, { overwrite: [path.basename(file)] }, surroundings);
const targetOf = (name: string) => path.join(scene.directory, name);
/** A tar that does something when it extracts. */
function tarThat(does: string): Surroundings {
  const toolsDirectory = fs.mkdtempSync(path.join(scene.directory, 'tools-'));
  const script = `#!/bin/sh\ncase "$*" in *--extract*) ${does};; esac\nexec /bin/tar "$@"\n`;
  fs.writeFileSync(path.join(toolsDirectory, 'tar'), script, { mode: 0o755 });
  return { toolsDirectory };
}

test('a database is put back without what SQLite had beside the one that was there', async () => {
  const root = scene.directoryOf({ notes: 'text', 'app/x': 'x' });
  const file = path.join(root, 'app/data.db');
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES ('backed up')");
  database.close();
  const manifest = await scene.backUp(root);
  const crash = `const { DatabaseSync } = require('node:sqlite'); const database = new DatabaseSync(${JSON.stringify(file)});
    database.exec("INSERT INTO t VALUES ('later'); CREATE TABLE u (b)"); process.kill(process.pid, 'SIGKILL')`;
  expect(() => execFileSync(process.execPath, ['-e', crash], { stdio: 'ignore' })).toThrow();
  expect(fs.statSync(`${file}-wal`).size).toBeGreaterThan(0);
  for (const other of ['app/data.db-journal', 'notes-wal']) fs.writeFileSync(path.join(root, other), 'x');
  expect(await over(manifest, root)).toMatchObject({ exit: 'success', failure: '' });
  expect(fs.readdirSync(path.join(root, 'app')).sort()).toEqual(['data.db', 'x']);
  expect(fs.readFileSync(path.join(root, 'notes-wal'), 'utf8')).toBe('x');
  const restored = new DatabaseSync(file);
  expect(restored.prepare('SELECT a FROM t').all()).toEqual([{ a: 'backed up' }]);
  expect(restored.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  restored.close();
});

describe('a later name of a file alone', () => {
  let root: string;
  let manifest: Manifest;
  beforeAll(async () => {
    root = scene.directoryOf({ 'conf/first': 'content', 'media/other': 'x' });
    fs.linkSync(path.join(root, 'conf/first'), path.join(root, 'media/later'));
    fs.chmodSync(path.join(root, 'media'), 0o550);
    fs.utimesSync(path.join(root, 'media'), 1, 1);
    manifest = await scene.backUp(root);
  });

  test('comes back without the first, and without its directory', async () => {
    const file = targetOf('later');
    expect(await restore(manifest, file, { paths: ['media/later'] })).toMatchObject({ exit: 'success', failure: '' });
    const restored = fingerprintFiles(file);
    expect([...restored.keys()]).toEqual(['.', 'media', 'media/later']);
    expect(fs.readFileSync(path.join(file, 'media/later'), 'utf8')).toBe('content');
    expect(restored.get('media')).toEqual(fingerprintFiles(root).get('media'));
  });

  test('is compared with what the first had', async () => {
    const [archive] = manifest.objects;
    const stored = scene.restore.s3.get(archive!.key);
    scene.restore.edit(manifest, (bytes) => {
      bytes.write('CONTENT', bytes.indexOf('content'));
      return bytes;
    });
    const file = targetOf('changed');
    const result = await restore(manifest, file, { paths: ['media/later'] });
    expect(result).toMatchObject({ exit: 'restoreFailed', reason: { kind: 'restore-differs', object: 'conf/first' } });
    expect(fs.existsSync(file)).toBe(false);
    scene.restore.s3.put(archive!.key, stored);
    scene.restore.putManifest(manifest);
  });
});

describe('a restore that is killed', () => {
  let manifest: Manifest;
  let file: string;
  beforeAll(async () => {
    const root = scene.directoryOf({ a: 'new', 'b/c': 'new' });
    manifest = await scene.backUp(root);
    file = targetOf('there');
    fs.mkdirSync(file);
    fs.writeFileSync(path.join(file, 'a'), 'old');
  });
  const leftovers = () => fs.readdirSync(scene.directory).filter((name) => name.startsWith('.'));
  const content = (name: string) => fs.readFileSync(path.join(file, name), 'utf8');

  test('by a person leaves the target as it was, and nothing beside it', async () => {
    const result = await over(manifest, file, tarThat('kill -TERM $PPID; exec sleep 60'));
    expect(result).toMatchObject({ exit: 'interrupted', state: 'unchanged' });
    expect([fs.readdirSync(file), content('a'), leftovers()]).toEqual([['a'], 'old', []]);
  });

  test('by the system leaves it as it was, and runs again', async () => {
    const result = await over(manifest, file, tarThat('/bin/tar "$@"; kill -KILL $PPID'));
    expect([result.exit, result.state]).toEqual(['SIGKILL', undefined]);
    expect([fs.readdirSync(file), content('a')]).toEqual([['a'], 'old']);
    const [left] = leftovers();
    expect(await over(manifest, file)).toMatchObject({ exit: 'success', failure: '' });
    expect(['a', 'b/c'].map(content)).toEqual(['new', 'new']);
    // It might be of a restore that is under way.
    expect(leftovers()).toEqual([left]);
  });
});

test('what tar complains of, without a failure, is told', async () => {
  const manifest = await scene.backUp(scene.directoryOf({ a: '1' }));
  const said = "tar: a: Cannot set POSIX ACLs for file 'a': Operation not supported";
  const result = await restore(manifest, targetOf('attributes'), {}, tarThat(`echo "${said}" >&2`));
  expect(result).toMatchObject({ exit: 'success', report: { notes: [{ kind: 'attributes-not-restored', said }] } });
});

describe('an account that is not root', () => {
  /** A directory in which it may write. */
  const place = (name: string, mode = 0o777): string => {
    const directory = targetOf(name);
    fs.mkdirSync(directory);
    fs.chmodSync(directory, mode);
    return directory;
  };

  test('restores all but owners, devices and attributes of the system, and tells', async () => {
    const manifest = await scene.backUp(makeFiles(scene.directoryOf({})));
    const file = path.join(place('all'), 'restored');
    const result = await restore(manifest, file, {}, NOBODY);
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(result.report!.notes).toEqual([{ kind: 'owners-not-restored' }, { kind: 'devices-not-restored', count: 3 }]);
    const proof = await prove(scene.restore, manifest, NOBODY);
    expect([proof.exit, proof.verdict?.differences]).toEqual(['success', []]);
  });

  describe('and puts files into a directory that is there', () => {
    let manifest: Manifest;
    beforeAll(async () => {
      const root = scene.directoryOf({ a: 'new', 'locked/b': 'new', 'there/c': 'new' });
      fs.chmodSync(path.join(root, 'locked'), 0o500);
      manifest = await scene.backUp(root);
    });

    test('moves one that may not be changed, and tells what stays as it is', async () => {
      const file = place('put');
      fs.writeFileSync(path.join(file, 'old'), 'x');
      const result = await over(manifest, file, NOBODY);
      expect(result).toMatchObject({ exit: 'success', failure: '' });
      expect(result.report!.notes).toEqual([
        { kind: 'owners-not-restored' },
        { kind: 'attributes-not-restored', said: expect.stringMatching(/\/put: EPERM: .*chmod/) as string },
      ]);
      expect(fs.statSync(path.join(file, 'locked')).mode & 0o777).toBe(0o500);
      expect(fs.readFileSync(path.join(file, 'locked/b'), 'utf8')).toBe('new');
    });

    test('refuses before anything if it may not write to one', async () => {
      const file = place('refused');
      fs.mkdirSync(path.join(file, 'there'));
      const result = await over(manifest, file, NOBODY);
      expect(result).toMatchObject({ exit: 'targetRefused', state: 'unchanged' });
      expect(result.failure).toMatch(/could not write to the folder .*\/refused\/there: EACCES/);
      expect(fs.readdirSync(file)).toEqual(['there']);
    });

    test('says that a part may be there, and runs again', async () => {
      // In such a directory, files of others cannot be replaced.
      const file = place('sticky', 0o1777);
      fs.mkdirSync(path.join(file, 'there'), 0o1777);
      fs.chmodSync(path.join(file, 'there'), 0o1777);
      fs.writeFileSync(path.join(file, 'there/c'), 'old');
      const result = await over(manifest, file, NOBODY);
      expect(result).toMatchObject({ exit: 'restoreFailed', state: 'partial' });
      expect(result.failure).toMatch(/^could not put all files into .*\/sticky: EPERM: .*rename/);
      fs.chmodSync(path.join(file, 'there'), 0o777);
      expect(await over(manifest, file, NOBODY)).toMatchObject({ exit: 'success', failure: '' });
      expect(['a', 'locked/b', 'there/c'].map((name) => fs.readFileSync(path.join(file, name), 'utf8'))).toEqual([
        ...['new', 'new', 'new'],
      ]);
    });
  });
});
