import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { RestoreJob, RestoreRequest } from '../../catalog/contract/task';
import { fingerprintFiles } from '../compare/files';
import { prove } from '../prove/support';
import { makeFiles } from '../schemas/files';
import { filesJob } from '../support/job';
import { RestoreScene } from './support';

jest.setTimeout(120_000);

let scene: RestoreScene;
beforeAll(async () => (scene = await RestoreScene.start()));
afterAll(() => scene?.stop());

test('a tree with all that files can be comes back as it was, and is proven', async () => {
  const root = makeFiles(path.join(scene.directory, 'tree'));
  const before = fingerprintFiles(root);
  const job = filesJob(root, scene.place('tree'));
  const manifest = await scene.backUp(job);
  const target = path.join(scene.directory, 'restored');
  const result = await scene.restore(scene.jobOf(job, { file: target }), { backupId: manifest.backupId });
  expect(result).toMatchObject({ exit: 'success', failure: '' });
  expect(fingerprintFiles(target)).toEqual(before);
  expect(fs.readdirSync(scene.directory).sort()).toEqual(['restored', 'scratch', 'tree']);
  const proof = await prove(scene, manifest);
  expect(proof).toMatchObject({ exit: 'success', verdict: { verdict: 'passed' } });
});

describe('a directory that is there', () => {
  const source = 'config';
  let root: string;
  let backupId: string;
  const job = () => filesJob(root, scene.place(source));
  const write = (name: string, content: string) => {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), content);
  };
  const read = (name: string) => fs.readFileSync(path.join(root, name), 'utf8');
  const restore = (request: Partial<RestoreRequest>, other: Partial<RestoreJob> = {}) =>
    scene.restore(scene.jobOf(job(), other), { backupId, ...request });

  beforeAll(async () => {
    root = path.join(scene.directory, 'config');
    write('.env', 'A=1');
    write('conf/a.conf', 'a');
    write('conf/deep/b.conf', 'b');
    write('media/x', 'x');
    fs.linkSync(path.join(root, 'media/x'), path.join(root, 'conf/linked'));
    fs.chmodSync(path.join(root, 'conf/deep'), 0o500);
    ({ backupId } = await scene.backUp(job()));
  });

  test('is not touched, unless a person insists', async () => {
    write('.env', 'A=2');
    expect(await restore({})).toMatchObject({
      exit: 'targetRefused',
      reason: { kind: 'target-exists' },
      state: 'unchanged',
    });
    expect(read('.env')).toBe('A=2');
    const beside = await restore({ as: 'rescued' });
    expect(beside).toMatchObject({ exit: 'success', report: { tables: 3, rows: 5, targets: [{ name: 'rescued' }] } });
    expect(fs.readFileSync(path.join(scene.directory, 'rescued/.env'), 'utf8')).toBe('A=1');
  });

  test('gets files back in their places, after a safety backup, and keeps what else it has', async () => {
    write('.env', 'A=3');
    write('new', 'stays');
    fs.rmSync(path.join(root, 'conf'), { recursive: true });
    write('conf/other', 'stays, too');
    const safetyBackup = path.join(scene.directory, 'safety');
    const result = await restore({ overwrite: ['config'], safetyBackup });
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(['.env', 'new', 'conf/other', 'conf/a.conf', 'conf/deep/b.conf', 'media/x'].map(read)).toEqual([
      'A=1',
      'stays',
      'stays, too',
      'a',
      'b',
      'x',
    ]);
    expect(fs.statSync(path.join(root, 'conf/deep')).mode & 0o777).toBe(0o500);
    expect(fs.statSync(path.join(root, 'media/x')).ino).toBe(fs.statSync(path.join(root, 'conf/linked')).ino);
    expect(fs.readdirSync(path.join(safetyBackup, source))).toHaveLength(1);
    expect(fs.readdirSync(scene.directory).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('gets only the files that are chosen', async () => {
    const file = path.join(scene.directory, 'chosen');
    expect(await restore({ paths: ['conf/**/b.*', 'media/x'] }, { file })).toMatchObject({ exit: 'success' });
    const paths = [...fingerprintFiles(file).keys()];
    expect(paths).toEqual(['.', 'conf', 'conf/deep', 'conf/deep/b.conf', 'media', 'media/x']);
    const none = await restore({ paths: ['nothing'] }, { file: path.join(scene.directory, 'none') });
    expect(none).toMatchObject({ exit: 'configuration', state: 'unchanged' });
  });

  test('is as it was if a file is a directory now, or if the restore is killed', async () => {
    fs.rmSync(path.join(root, '.env'));
    write('.env/file', 'a directory now');
    expect(await restore({ overwrite: ['config'] })).toMatchObject({ exit: 'targetRefused', state: 'unchanged' });
    expect(read('.env/file')).toBe('a directory now');
    const file = path.join(scene.directory, 'killed');
    const program = scene.start(scene.jobOf(job(), { file }), { backupId });
    await program.logged('plan');
    program.signal('SIGTERM');
    const { exit } = await program.result();
    if (exit !== 'success') expect(fs.existsSync(file)).toBe(false);
  });
});

describe('an archive that somebody has made', () => {
  const header = (name: string, flag: string, link = '', content = ''): Buffer => {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write('0000644\0', 100);
    for (const at of [108, 116]) block.write('0000000\0', at);
    block.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    block.write('00000000000\0', 136);
    block.write(flag, 156);
    block.write(link, 157);
    block.write('ustar\x0000', 257, 'latin1');
    block.fill(' ', 148, 156);
    block.write(
      `${block
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    return Buffer.concat([block, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
  };
  test.each([
    ['a path upwards', [header('./../evil', '0', '', 'x')]],
    ['an absolute path', [header('/tmp/evil', '0', '', 'x')]],
    ['a path through a link', [header('./l', '2', '/tmp'), header('./l/evil', '0', '', 'x')]],
    ['a damaged header', [header('./a', '0', '', 'x').fill(7, 100, 104)]],
    ['no end', [header('./a', '0', '', 'x'.repeat(600)).subarray(0, 1024)]],
  ])('with %s writes nothing outside', async (name, entries) => {
    const root = path.join(scene.directory, 'honest');
    fs.mkdirSync(root, { recursive: true });
    fs.writeFileSync(path.join(root, 'a'), 'x');
    const source = name.replaceAll(' ', '-');
    const job = filesJob(root, scene.place(source));
    const manifest = await scene.backUp(job);
    const [archive] = manifest.objects;
    const bytes = Buffer.concat([...entries, ...(name === 'no end' ? [] : [Buffer.alloc(1024)])]);
    const stored = zstdCompressSync(bytes);
    scene.s3.put(archive!.key, stored);
    const sha256 = createHash('sha256').update(stored).digest('hex');
    const changed = { ...archive!, bytes: stored.length, uncompressedBytes: bytes.length, sha256 };
    scene.putManifest({ ...manifest, objects: [changed, ...manifest.objects.slice(1)] });
    const file = path.join(scene.directory, `from-${source}`);
    const result = await scene.restore(scene.jobOf(job, { file }), { backupId: manifest.backupId });
    expect(result).toMatchObject({ exit: 'downloadFailed', reason: { kind: 'object-changed' }, state: 'unchanged' });
    expect([fs.existsSync(file), fs.existsSync('/tmp/evil')]).toEqual([false, false]);
    expect(await prove(scene, manifest)).toMatchObject({ exit: 'notProven', verdict: { verdict: 'failed' } });
  });
});
