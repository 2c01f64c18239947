/** What restic is told to restore of a list of contents. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { CONTENTS_HEAD } from '../../../catalog/bucket/contents';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { Chosen } from '../../../engines/files/chosen';
import { contentsLine } from '../../../engines/files/entry';
import { Cover } from '../../../engines/files/restic/cover';
import { SnapshotOrigin } from '../../../engines/files/restic/origin';
import { temporaryDirectory } from '../../support/processes';

test('a directory of which something is left out may have as many entries as there are', () => {
  const cover = new Cover();
  cover.add('media', true);
  cover.leaveOut('media/.tmp', false);
  for (let index = 0; index < 200_000; index++) cover.add(`media/${index}`, false);
  expect(cover.paths).toHaveLength(200_000);
});

test.each([
  ['few', 10, 10],
  // restic is told the directories instead, and takes what else is in them.
  ['more than it is told one by one', 2500, 2_502_500],
])('%s paths: the room for all that restic takes is asked for', async (_, folders, bytes) => {
  const directory = temporaryDirectory('snapshot-origin');
  const file = path.join(directory, 'contents.jsonl');
  const facts = { mode: 0o644, uid: 0, gid: 0, mtime: 0n };
  let lines = CONTENTS_HEAD + contentsLine({ ...facts, path: '.', type: 'directory', size: 0 });
  for (let index = 1; index <= folders; index++) {
    const folder = `f${String(index).padStart(5, '0')}`;
    lines += contentsLine({ ...facts, path: folder, type: 'directory', size: 0 });
    lines += contentsLine({ ...facts, path: `${folder}/a.jpg`, type: 'file', size: 1 });
    lines += contentsLine({ ...facts, path: `${folder}/b.raw`, type: 'file', size: 1000 });
  }
  fs.writeFileSync(file, lines);
  const chosen = await Chosen.read(file, ['*/a.jpg']);
  const repository = { format: 'restic', prefix: 'media' };
  const origin = new SnapshotOrigin({} as never, { source: 'media', backupId: 'b', repository } as unknown as Manifest);
  expect([chosen.bytes, await origin.bytes(chosen)]).toEqual([folders, bytes]);
  fs.rmSync(directory, { recursive: true });
});
