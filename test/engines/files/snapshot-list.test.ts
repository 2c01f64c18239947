/** The list of contents of a snapshot of files that change while restic reads them: restic itself is played, to the moment. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readContents } from '../../../catalog/bucket/contents';
import type { FilesJob } from '../../../catalog/contract/task';
import { compare } from '../../../engines/files/compare';
import { ContentsSpool } from '../../../engines/files/contents';
import { contentsEntry, type ContentsEntry } from '../../../engines/files/entry';
import { nameOfText, textOf } from '../../../engines/files/name';
import { SnapshotList } from '../../../engines/files/restic/list';
import type { Restic, ResticMessage } from '../../../engines/files/restic/restic';
import { Scan } from '../../../engines/files/restic/scan';
import { Selection } from '../../../engines/files/selection';
import { Troubles } from '../../../engines/files/troubles';
import { walk } from '../../../engines/files/walk';
import { temporaryDirectory } from '../../support/processes';

let directory: string;
let root: string;
beforeEach(() => {
  directory = temporaryDirectory('snapshot-list');
  root = path.join(directory, 'root');
  write('a/one', 'one');
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

const at = (name: string) => path.join(root, name);
function write(name: string, content: string): void {
  fs.mkdirSync(path.dirname(at(name)), { recursive: true });
  fs.writeFileSync(at(name), content);
}

/** What happens when. */
interface Meanwhile {
  /** Before restic reads, and after our first look. */
  readonly before?: () => void;
  /** After restic has read, and before our second look. */
  readonly after?: () => void;
}

/** A run, with as many attempts as there are. */
async function run(job: FilesJob, ...attempts: readonly Meanwhile[]) {
  const signal = new AbortController().signal;
  const scan = new Scan(nameOfText(root), job, { scratch: directory, signal });
  const targets = path.join(directory, 'targets');
  await scan.run(targets);
  const results = [];
  for (const { before, after } of attempts) {
    before?.();
    const messages = await snapshot(fs.readFileSync(targets, 'latin1').split('\0').slice(0, -1));
    after?.();
    const contents = new ContentsSpool(path.join(directory, 'contents.jsonl'));
    const list = new SnapshotList({ root: nameOfText(root), job, scan }, contents);
    await list.read({ messages: () => messages.values() } as unknown as Restic, 'latest');
    const entries: ContentsEntry[] = [];
    for await (const { entry } of readContents(contents.bytes())) entries.push(contentsEntry(entry));
    results.push({ list, entries, again: [...list.again].map(textOf), paths: entries.map((one) => textOf(one.path)) });
  }
  return results;
}

/** What `restic ls` would write of what is there now. */
async function snapshot(targets: readonly string[]): Promise<ResticMessage[]> {
  const types = ['file', 'dir', 'symlink'] as const;
  const messages: ResticMessage[] = [{ struct_type: 'snapshot', id: 'id', tree: 'tree' }];
  for await (const { path: found, stat } of walk(nameOfText(root), new Selection(undefined), new Troubles())) {
    const isTaken = targets.some(
      (one) => one === '.' || `./${found}/`.startsWith(`${one}/`) || one.startsWith(`./${found}/`),
    );
    if (found === '.' || !isTaken) continue;
    const type = types[[stat.isFile(), stat.isDirectory(), stat.isSymbolicLink()].indexOf(true)];
    const [mtime, ctime] = [stat.mtimeNs, stat.ctimeNs].map(timeOf);
    messages.push({
      ...{ struct_type: 'node', path: `/${textOf(found)}`, type, inode: Number(stat.ino), mtime, ctime },
      ...{ size: stat.isFile() ? Number(stat.size) : 0, mode: Number(stat.mode) & 0o777 },
      ...{ uid: Number(stat.uid), gid: Number(stat.gid) },
    });
  }
  return messages;
}
const timeOf = (nanoseconds: bigint): string =>
  `${new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19)}.${`${nanoseconds % 1_000_000_000n}`.padStart(9, '0')}Z`;

test('a link that leads elsewhere since restic read it is read again, and of one that is gone only restic knows the target', async () => {
  for (const name of ['moved', 'gone']) fs.symlinkSync('a/one', at(name));
  const after = (): void => {
    for (const name of ['moved', 'gone']) fs.rmSync(at(name));
    fs.symlinkSync('elsewhere', at('moved'));
  };
  const [first, second] = await run({}, { after }, {});
  expect(first!.again).toEqual(['moved']);
  // As the restore of this snapshot brings them.
  for (const name of ['moved', 'gone']) {
    fs.rmSync(at(name), { force: true });
    fs.symlinkSync('a/one', at(name));
    const { mtime } = first!.entries.find((one) => one.path === name)!;
    fs.lutimesSync(at(name), Number(mtime) / 1e9, Number(mtime) / 1e9);
  }
  const links = first!.entries.filter(({ type }) => type === 'symlink');
  expect(links).toHaveLength(2);
  const differences = await compare(
    nameOfText(root),
    // Times of links are set to microseconds here only.
    (async function* () {
      for (const link of links)
        yield await Promise.resolve({ ...link, mtime: fs.lstatSync(at(link.path), { bigint: true }).mtimeNs });
    })(),
    { owners: false, root: true },
    new AbortController().signal,
  );
  expect(differences).toEqual([]);
  expect(second!.again).toEqual([]);
  expect(second!.entries.find((one) => one.path === 'moved')!.link).toBe('elsewhere');
});

test('a directory of which everything is left out is not looked for in the snapshot', async () => {
  write('cache/x', 'x');
  write('deep/er/x', 'x');
  const [result] = await run({ exclude: ['cache/*', 'deep/*/*'] }, {});
  expect(result!.again).toEqual([]);
  expect(result!.paths).toEqual(['.', 'a', 'a/one']);
});

test('a file that restic missed is asked for again, also of a directory of which something is left out', async () => {
  write('a/two', 'two');
  write('a/skipped', 'x');
  const missing = at('a/two');
  const [result] = await run(
    { exclude: ['a/skipped'] },
    { before: () => fs.rmSync(missing), after: () => write('a/two', 'two') },
  );
  expect(result!.again).toEqual(['a/two']);
  expect([...result!.list.passedOver]).toEqual(['a/two']);
});

test('a name that became one of several since restic read it is no other name in the list', async () => {
  const [result] = await run({}, { after: () => fs.linkSync(at('a/one'), at('a/0')) }, {});
  expect(result!.again).toEqual(['a/one']);
  fs.linkSync(at('a/one'), at('b'));
  const [late] = await run({}, { after: () => fs.linkSync(at('a/one'), at('c')) });
  expect(late!.entries.map(({ type }) => type)).toEqual(['directory', 'directory', 'file', 'file', 'file']);
});

test('a directory that was replaced by a link or another directory ends the run, whenever that was', async () => {
  const replaced = (): void => {
    fs.renameSync(at('a'), path.join(directory, 'aside'));
    fs.mkdirSync(at('a'));
  };
  const back = (): void => {
    fs.rmSync(at('a'), { recursive: true });
    fs.renameSync(path.join(directory, 'aside'), at('a'));
  };
  const linked = (): void => {
    fs.renameSync(at('a'), path.join(directory, 'aside'));
    fs.symlinkSync('../aside', at('a'));
  };
  for (const meanwhile of [{ before: replaced }, { after: replaced }, { before: linked }, { after: linked }]) {
    await expect(run({}, meanwhile)).rejects.toMatchObject({ reason: { kind: 'replaced', object: 'a' } });
    back();
  }
  const unnoticed = run({}, { before: replaced, after: back });
  await expect(unnoticed).rejects.toMatchObject({ reason: { kind: 'replaced', object: 'a' } });
  const [gone] = await run({}, { after: () => fs.rmSync(at('a'), { recursive: true }) });
  expect(gone!.paths).toEqual(['.', 'a', 'a/one']);
});

test('a new name that is no text is known to the next attempt', async () => {
  const folder = Buffer.from(at('caf\u00e9'), 'latin1');
  fs.mkdirSync(folder);
  const created = (name: string) => Buffer.concat([folder, Buffer.from(`/${name}`)]);
  const after = (): void => fs.rmSync(created('gone'));
  const before = (): void => ['new', 'gone'].forEach((name) => fs.writeFileSync(created(name), name));
  const [first, second] = await run({}, { before, after }, {});
  expect(first!.again.sort()).toEqual(['caf\uFFFD/gone', 'caf\uFFFD/new']);
  expect(second!.again).toEqual([]);
  expect(second!.entries.map((one) => one.path)).toEqual(['.', 'a', 'a/one', 'caf\u00e9', 'caf\u00e9/new']);
});

test('a database that is made after the first look ends the run', async () => {
  write('a/empty.db', '');
  for (const name of ['a/empty.db', 'a/new.db'])
    for (const sqlite of [undefined, []]) {
      const before = (): void => {
        const database = new DatabaseSync(at(name));
        database.exec('CREATE TABLE t (x)');
        database.close();
      };
      const running = run({ ...(sqlite && { sqlite }) }, { before });
      if (sqlite) await running;
      else await expect(running).rejects.toMatchObject({ reason: { kind: 'databases-among-files', object: name } });
      fs.writeFileSync(at(name), '');
      if (name === 'a/new.db') fs.rmSync(at(name));
    }
});
