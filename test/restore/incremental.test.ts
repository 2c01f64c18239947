/** Incremental backups of files: in a repository of restic, and back. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fingerprintFiles } from '../compare/files';
import { prove } from '../prove/support';
import { makeFiles } from '../schemas/files';
import { incrementalJob, withKey } from './incremental-support';
import { RestoreScene } from './support';

jest.setTimeout(180_000);

let scene: RestoreScene;
beforeAll(async () => (scene = await RestoreScene.start()));
afterAll(() => scene?.stop());

test('a tree with all that files can be comes back as it was, and is proven', async () => {
  const root = makeFiles(path.join(scene.directory, 'tree'));
  const before = fingerprintFiles(root);
  const job = incrementalJob(scene, root, 'tree', { sqlite: [] });
  const manifest = await scene.backUp(job, withKey());
  expect(manifest.objects.map(({ kind }) => kind)).toEqual(['contents']);
  const target = path.join(scene.directory, 'restored');
  const result = await scene.restore(scene.jobOf(job, { file: target }), { backupId: manifest.backupId }, withKey());
  expect(result).toMatchObject({ exit: 'success', failure: '' });
  expect(fingerprintFiles(target)).toEqual(before);
  expect(fs.readdirSync(scene.directory).sort()).toEqual(['restored', 'scratch', 'tree']);
  const proof = await prove(scene, manifest, withKey());
  expect(proof).toMatchObject({ exit: 'success', verdict: { verdict: 'passed' } });
});

test('a name of a file that is not chosen comes back without its label, of a tree of which all in a directory is left out', async () => {
  const root = path.join(scene.directory, 'linked');
  for (const name of ['a/x', 'a/other', 'b/y', 'cache/temporary']) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), name);
  }
  fs.linkSync(path.join(root, 'a/x'), path.join(root, 'b/x'));
  const python = (code: string, cwd: string) =>
    execFileSync('python3', ['-c', `import os; ${code}`], { cwd, encoding: 'utf8' });
  python(`[os.setxattr('a/x', name, b'a:b:c:s0') for name in ('security.selinux', 'user.kept')]`, root);
  const job = incrementalJob(scene, root, 'linked', { exclude: ['cache/*'] });
  const { backupId, repository } = await scene.backUp(job, withKey());
  expect(repository!.files).toBe(4);
  const target = path.join(scene.directory, 'some');
  const request = { backupId, paths: ['b/**'] };
  const result = await scene.restore(scene.jobOf(job, { file: target }), request, withKey());
  expect(result).toMatchObject({ exit: 'success', failure: '' });
  expect(fs.readdirSync(target)).toEqual(['b']);
  expect(['x', 'y'].map((name) => fs.readFileSync(path.join(target, 'b', name), 'utf8'))).toEqual(['a/x', 'b/y']);
  // Where root may not set labels of SELinux, restic would fail.
  expect(python(`print(os.listxattr('b/x'))`, target)).toBe("['user.kept']\n");
});
