/** Files that change, vanish, cannot be read or are databases, while they are backed up. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FilesJob } from '../../catalog/contract/task';
import { fingerprintFiles } from '../compare/files';
import { FilesScene } from './files-support';

jest.setTimeout(240_000);

let scene: FilesScene;
beforeAll(async () => (scene = await FilesScene.start()));
afterAll(() => scene?.stop());

test('a file that changed after it was found is read again, with all its names', async () => {
  const directory = scene.directoryOf({ 'a/steady': 'steady', 'a/busy': 'before', last: 'last' });
  fs.linkSync(path.join(directory, 'a/busy'), path.join(directory, 'z-name'));
  // Names are read by then, and files are not.
  const tools = scene.tarThat(
    `if [ $N = 1 ]; then cat > ${directory}-names; printf 'after, and longer' > ${directory}/a/busy; exec /bin/tar "$@" < ${directory}-names; fi`,
  );
  const manifest = await scene.backUp(directory, {}, tools);
  expect(manifest.notes).toBeUndefined();
  const target = scene.extracted(manifest);
  expect(fingerprintFiles(target)).toEqual(fingerprintFiles(directory));
  expect(fs.readFileSync(path.join(target, 'z-name'), 'utf8')).toBe('after, and longer');
  const paths = scene.contentsOf(manifest).map((entry) => entry.path);
  expect([...new Set(paths)]).toEqual(paths);
  expect(manifest.tables.map(({ name, rows }) => [name, rows])).toEqual([
    ['.', 2],
    ['a', 2],
  ]);
});

test('a file that changes all the time is told', async () => {
  const directory = scene.directoryOf({ log: 'x', steady: 'steady' });
  const script = `const fs = require('node:fs'); setInterval(() => fs.appendFileSync(${JSON.stringify(path.join(directory, 'log'))}, 'line\\n'), 5); console.log('writing')`;
  const writer = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(writer.stdout, 'data');
  try {
    // The writer may get no turn during one of the looks: each finds a file that is longer than its name said.
    const manifest = await scene.backUp(directory, {}, scene.tarThatFirst(`echo line >> ${directory}/log`));
    expect(manifest.notes).toEqual([{ kind: 'would-not-hold-still', objects: ['log'] }]);
    expect(fs.readFileSync(path.join(scene.extracted(manifest), 'log'), 'utf8')).toMatch(/^x(line\n)+/);
  } finally {
    writer.kill('SIGKILL');
    await once(writer, 'exit');
  }
});

test('a file that is gone before it is read is told', async () => {
  const directory = scene.directoryOf({ 'gone: "a"\n': 'x', stays: 'y' });
  const tools = scene.tarThatFirst(`rm -f ${directory}/gone*`);
  const manifest = await scene.backUp(directory, {}, tools);
  expect(manifest.notes).toEqual([{ kind: 'vanished', objects: ['gone: "a"\n'] }]);
  expect(scene.contentsOf(manifest).map((entry) => entry.path)).toEqual(['.', 'stays']);
});

describe('a tar that fails', () => {
  const read = 'cat > $0-names;';
  test.each([
    [
      'complains of what has not changed',
      `${read} echo 'tar: ./one: Read error at byte 0: Input/output error' >&2; /bin/tar "$@" < $0-names; exit 2`,
      /could not read all files: .*Input\/output error/,
    ],
    ['is killed', 'kill -9 $$', /killed by SIGKILL/],
    ['writes half of it', `${read} /bin/tar "$@" < $0-names | head -c 700; exit 0`, /breaks off|header/],
    [
      'leaves a file out',
      `${read} /bin/tar --create --no-recursion -C ${'$'}{DIR} ./`,
      /tar has written \., which it was not given/,
    ],
    [
      'writes other bytes for a header',
      `${read} /bin/tar "$@" --mode=0777 < $0-names; exit 0`,
      /tar has written (one|two) otherwise than it is/,
    ],
  ])('fails the run: it %s', async (_, does, failure) => {
    const directory = scene.directoryOf({ one: '1', two: '2' });
    const tools = scene.tarThat(`DIR=${directory}; ${does}; exit $?`);
    const result = await scene.run(directory, {}, tools);
    expect(result.exit).toBe('dumpFailed');
    expect(result.failure).toMatch(failure);
    expect(scene.manifests).toEqual([]);
  });
});

test('a tar that ends before it has taken all names fails the run', async () => {
  // More than a pipe holds.
  const names = Array.from({ length: 4000 }, (_, index) => [`${index}-${'x'.repeat(120)}`, ''] as const);
  const directory = scene.directoryOf(Object.fromEntries(names));
  const tools = scene.tarThat(
    `head -c 3 > $0-first; /bin/tar --create --file=- --format=posix --no-recursion -C ${directory} ./; exit $?`,
  );
  const result = await scene.run(directory, {}, tools);
  expect(result).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'dump-incomplete', object: 'tar' } });
  expect(result.failure).toMatch(/^tar ended before it was given all names/);
  expect(scene.manifests).toEqual([]);
});

describe('what cannot be read', () => {
  /** Immutable for nobody: root reads everything, so the program runs as another account. */
  const asNobody = async (directory: string, files: FilesJob = {}) => {
    fs.chmodSync(directory, 0o755);
    return scene.run(directory, files, { image: 'mariadb-10.11' });
  };

  test('fails the run, and is named', async () => {
    const directory = scene.directoryOf({ open: 'x', 'shut/file': 'y', closed: 'z' });
    fs.chmodSync(path.join(directory, 'shut'), 0o700);
    fs.chmodSync(path.join(directory, 'closed'), 0o600);
    const result = await asNobody(directory);
    expect(result).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'files-unreadable', object: 'shut, closed' } });
    const allowed = await asNobody(directory, { allowUnreadable: ['shut', 'clos*'] });
    expect(allowed).toMatchObject({ exit: 'success' });
    const manifest = scene.manifests.at(-1)!;
    expect(manifest.notes).toEqual([{ kind: 'unreadable', objects: ['closed', 'shut'] }]);
    expect(scene.contentsOf(manifest).map((entry) => entry.path)).toEqual(['.', 'open']);
  });

  test('is named also if nothing else is there', async () => {
    // As large as the pages of a database: it is opened to see whether it is one.
    const directory = scene.directoryOf({ closed: 'z'.repeat(512) });
    fs.chmodSync(path.join(directory, 'closed'), 0o600);
    const reason = { kind: 'files-unreadable', object: 'closed' };
    expect(await asNobody(directory)).toMatchObject({ exit: 'dumpFailed', reason });
    expect(await asNobody(directory, { allowUnreadable: ['closed'] })).toMatchObject({ exit: 'success' });
  });

  test.each([
    [
      'a directory that does not exist',
      () => path.join(scene.directory, 'nowhere'),
      {},
      'configuration',
      'directory-unreadable',
    ],
    [
      'a file in its place',
      () => path.join(scene.directoryOf({ file: 'x' }), 'file'),
      {},
      'configuration',
      'directory-unreadable',
    ],
    [
      'an empty directory, as of a file system that is not mounted',
      () => scene.directoryOf({}),
      {},
      'dumpFailed',
      'nothing-found',
    ],
    [
      'patterns that choose nothing',
      () => scene.directoryOf({ a: 'x' }),
      { include: ['conf'] },
      'dumpFailed',
      'nothing-found',
    ],
  ] as const)('%s', async (_, make, files, exit, kind) => {
    expect(await scene.run(make(), files)).toMatchObject({ exit, reason: { kind } });
  });
});

test('patterns choose, sockets are told, and other file systems are not entered', async () => {
  const directory = scene.directoryOf({
    '.env': '1',
    'conf/a.conf': '2',
    'conf/.cache/x': '3',
    'conf/deep/b\nc.conf': '4',
    'media/x': '5',
  });
  const server = net.createServer().listen(path.join(directory, 'conf/socket'));
  await once(server, 'listening');
  const manifest = await scene.backUp(directory, { include: ['.env*', 'conf/'], exclude: ['**/.cache', '**/*.tmp'] });
  server.close();
  expect(manifest.notes).toEqual([{ kind: 'sockets', objects: ['conf/socket'] }]);
  expect(scene.contentsOf(manifest).map((entry) => entry.path)).toEqual([
    '.',
    '.env',
    'conf',
    'conf/a.conf',
    'conf/deep',
    'conf/deep/b\nc.conf',
  ]);
});

describe('SQLite databases among files', () => {
  const SQL = "CREATE TABLE t (a); INSERT INTO t VALUES ('one')";

  test('are copied by SQLite, with what their logs hold, and without their logs', async () => {
    const directory = scene.directoryOf({ 'app/readme': 'x', 'app/not-a-wal': 'y' });
    const file = path.join(directory, 'app/data \n.bin');
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA journal_mode = WAL; ${SQL}`);
    fs.chmodSync(file, 0o640);
    fs.chownSync(file, 1234, 5678);
    const manifest = await scene.backUp(directory);
    const target = scene.extracted(manifest);
    database.close();
    expect(fs.readdirSync(path.join(target, 'app')).sort()).toEqual(['data \n.bin', 'not-a-wal', 'readme']);
    const copy = path.join(target, 'app/data \n.bin');
    const { mode, uid, gid } = fs.statSync(copy);
    expect([mode & 0o7777, uid, gid]).toEqual([0o640, 1234, 5678]);
    const restored = new DatabaseSync(copy);
    expect(restored.prepare('SELECT a FROM t').get()).toEqual({ a: 'one' });
    expect(restored.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    restored.close();
    expect(manifest.tables).toEqual([{ database: manifest.source, name: 'app', rows: 3 }]);
  });

  test('that are damaged fail the run, unless they are files as any other', async () => {
    const directory = scene.directoryOf({ readme: 'x' });
    const file = path.join(directory, 'a.db');
    const database = new DatabaseSync(file);
    database.exec(SQL);
    database.close();
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(file, bytes.fill(0xff, 4096, 8192));
    expect(await scene.run(directory)).toMatchObject({
      exit: 'dumpFailed',
      reason: { kind: 'damaged', object: 'a.db' },
    });
    const manifest = await scene.backUp(directory, { sqlite: ['other/**'] });
    expect(fingerprintFiles(scene.extracted(manifest))).toEqual(fingerprintFiles(directory));
  });
});
