/** What a restore test of files must see: an archive that is not what was backed up, beside a list of contents that is true. */
import { execFileSync, spawnSync } from 'node:child_process';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import { FilesScene } from '../faults/files-support';
import { prove } from '../prove/support';

/** A tree with one of each, which has the times of 1970: nothing differs by chance. */
const MAKE = `mkdir -p a/empty; printf content > a/file; printf script > a/run; chmod 755 a/run; ln -s file a/link; ln a/file a/name;
printf 'one\\0' > "$(printf 'bytes-\\377')"; truncate -s 8M sparse; printf x | dd of=sparse bs=1 seek=4M conv=notrunc status=none; mkfifo fifo
chown 1234:5678 a/run; find . -exec touch -h -d @7 {} +`;
/** The damaged file has the times of before, so that nothing but the damage can be seen. */
const quietly = (does: string) => `${does}; find . -exec touch -h -d @7 {} +`;

let scene: FilesScene;
let root: string;
let manifest: Manifest;
const shell = (cwd: string, script: string) => execFileSync('sh', ['-ec', script], { cwd });

beforeAll(async () => {
  scene = await FilesScene.start();
  root = scene.directoryOf({});
  shell(root, MAKE);
  manifest = await scene.backUp(root);
});
afterAll(() => scene?.stop());

/** The archive of a copy of the tree in which something was done. */
function archiveAfter(name: string, does: string): Buffer {
  const copy = path.join(scene.directory, name);
  execFileSync('cp', ['--archive', root, copy]);
  shell(copy, does);
  const format = ['--format=posix', '--pax-option=delete=atime,delete=ctime', '--sparse', '--xattrs', '--sort=name'];
  const { status, stdout } = spawnSync('tar', ['--create', ...format, '-C', copy, './'], { maxBuffer: 1 << 28 });
  expect(status).toBe(0);
  return stdout;
}

/** Tests the backup with this archive, whose manifest knows its bytes. */
async function provenWith(archive: Buffer) {
  scene.restore.edit(manifest, () => archive);
  const { exit, verdict } = await prove(scene.restore, manifest);
  return { exit, verdict: verdict?.verdict, differences: verdict?.differences?.length };
}
const PROVEN = { exit: 'success', verdict: 'passed', differences: 0 };
const NOT_PROVEN = { exit: 'notProven', verdict: 'failed' };

const nameOf = (what: string) => what.replace(/[^a-z]+/g, '-');

test.each<[string, string]>([
  ['nothing', 'true'],
  ['holes that are zeros now', quietly('cp --sparse=never sparse s; cat s > sparse; rm s')],
])('is proven with %s', async (what, does) => {
  expect(await provenWith(archiveAfter(nameOf(what), does))).toEqual(PROVEN);
});

test.each<[string, string]>([
  ['a byte of a file', quietly('printf Content > a/file')],
  ['a byte behind a hole', quietly('printf y | dd of=sparse bs=1 seek=4M conv=notrunc status=none')],
  ['a file that is shorter', quietly('truncate -s 6 a/file')],
  ['a file that is missing', quietly('rm a/run')],
  ['a file too many', quietly('printf x > a/more')],
  ['an empty directory that is missing', quietly('rmdir a/empty')],
  ['a directory that is a file', quietly('rmdir a/empty; : > a/empty')],
  ['a mode', 'chmod 750 a/run'],
  ['a mode of a directory', 'chmod 700 a/empty'],
  ['an owner', 'chown 1235 a/run; touch -d @7 a/run'],
  ['a group', 'chgrp 5679 a/run; touch -d @7 a/run'],
  ['a time, by a nanosecond', 'touch -d @7.000000001 a/file'],
  ['where a link leads', quietly('ln -sf fila a/link')],
  ['a link that is a copy', quietly('cp --remove-destination a/file a/link')],
  ['a hard link that is a copy', quietly('cp a/name a/n; mv a/n a/name')],
  ['a byte of a name', quietly('mv bytes-* "$(printf \'bytes-\\376\')"')],
  ['a FIFO that is a file', quietly('rm fifo; : > fifo')],
])('is not proven with %s changed', async (what, does) => {
  expect(await provenWith(archiveAfter(nameOf(what), does))).toMatchObject(NOT_PROVEN);
});

test('is not proven if the archive is cut, or has a damaged header', async () => {
  const archive = archiveAfter('whole', 'true');
  expect(await provenWith(archive.subarray(0, -10_240))).toMatchObject(NOT_PROVEN);
  const damaged = Buffer.from(archive);
  damaged[100]! ^= 1;
  expect(await provenWith(damaged)).toMatchObject(NOT_PROVEN);
});
