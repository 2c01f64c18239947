import * as fs from 'node:fs';
import * as path from 'node:path';
import { CONTENTS_HEAD } from '../../../catalog/bucket/contents';
import { Chosen } from '../../../engines/files/chosen';
import { contentsLine, type EntryType } from '../../../engines/files/entry';
import { temporaryDirectory } from '../../support/processes';

/** What `--paths` chooses of a list. */
async function choose(patterns: readonly string[], list: Readonly<Record<string, EntryType | { link: string }>>) {
  const directory = temporaryDirectory('chosen');
  const file = path.join(directory, 'contents.jsonl');
  const entry = { size: 1, mode: 0o644, uid: 0, gid: 0, mtime: 0n };
  const lines = Object.entries(list).map(([name, type]) =>
    contentsLine({
      ...{ ...entry, path: name },
      ...(typeof type === 'string' ? { type } : { type: 'hard-link' as const, link: type.link }),
    }),
  );
  fs.writeFileSync(file, CONTENTS_HEAD + lines.join(''));
  const chosen = await Chosen.read(file, patterns);
  return { chosen, cover: await chosen.cover(), end: () => fs.rmSync(directory, { recursive: true }) };
}

test('a name of a file that is not chosen brings the file, and the directories that lead to it while it is needed', async () => {
  const { chosen, cover, end } = await choose(['b/**'], {
    ...{ '.': 'directory', a: 'directory', 'a/deep': 'directory', 'a/deep/x': 'file', 'a/other': 'file' },
    ...{ b: 'directory', 'b/x': { link: 'a/deep/x' } },
  });
  expect(cover).toEqual(['a/deep', 'b']);
  expect(['a', 'a/deep', 'a/deep/x', 'a/other'].map((one) => chosen.needs(one))).toEqual([true, true, true, false]);
  expect(['a', 'a/deep', 'a/deep/x', 'b/x'].map((one) => chosen.has(one))).toEqual([false, false, true, true]);
  end();
});

test('a name of a file that would be elsewhere is refused before anything is taken away', async () => {
  const list = { '.': 'directory', b: 'directory', 'b/x': { link: 'a/../../victim' } } as const;
  await expect(choose(['b/**'], list)).rejects.toThrow('"a/../../victim", which leads elsewhere');
});
