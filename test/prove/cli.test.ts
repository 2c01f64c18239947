/** A person tests backups on this machine with the command line: the program that ships does it. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../../catalog/bucket/manifest';
import { cli, isolateEnvironment } from '../bin/cli/cli-support';
import { RestoreScene } from '../restore/support';
import { MariadbServer } from '../servers/mariadb';
import { serverJob, sqliteJob } from '../support/job';
import { storedVerdict } from './support';

jest.setTimeout(120_000);
isolateEnvironment();

let scene: RestoreScene;
beforeAll(async () => (scene = await RestoreScene.start()));
afterAll(() => scene?.stop());
beforeEach(() => Object.assign(process.env, scene.s3.environment));

const prove = (source: string, ...more: string[]) =>
  cli(['prove', '--bucket', 'backups', '--local', '--source', source, ...more]);

describe('a database file', () => {
  let manifest: Manifest;
  beforeAll(async () => {
    const file = path.join(scene.directory, 'books.db');
    const database = new DatabaseSync(file);
    database.exec(
      "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT); INSERT INTO book VALUES (1, 'Emma'), (2, 'Ulysses')",
    );
    database.close();
    manifest = await scene.backUp({ ...sqliteJob(file, scene.place('books')), rowDigests: { kind: 'all' } });
  });

  test('is proven, and the verdict stored unless nobody wants it', async () => {
    const { backupId } = manifest;
    const unstored = await prove('books', '--no-store');
    expect(unstored).toMatchObject({
      code: 0,
      out: expect.stringContaining(`PROVEN: backup ${backupId} of books`) as string,
    });
    expect(storedVerdict(scene, manifest)).toBeUndefined();
    const { code, out } = await prove('books');
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}restored {2}in .*: 1 table, 2 rows, /m);
    expect(out).toMatch(/^rows +passed +1 tables? +-$/m);
    expect(storedVerdict(scene, manifest)).toMatchObject({ verdict: 'passed', rows: 2 });
  });

  test('is not proven if its bytes are others', async () => {
    const [{ key }] = manifest.objects as [Manifest['objects'][0]];
    const bytes = scene.s3.get(key);
    scene.s3.put(key, Buffer.from(bytes).fill(1, bytes.length / 2, bytes.length / 2 + 1));
    const { code, out, err } = await prove('books');
    scene.s3.put(key, bytes);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(' of books is NOT PROVEN: ') as string });
    expect(out).toContain(`NOT PROVEN: backup ${manifest.backupId} of books`);
    expect(storedVerdict(scene, manifest)?.verdict).toBe('failed');
  });
});

describe('a server of MariaDB', () => {
  let server: MariadbServer;
  let manifest: Manifest;
  beforeAll(async () => {
    server = await MariadbServer.start();
    await server.exec(
      "CREATE DATABASE shop; CREATE TABLE shop.book (id INT PRIMARY KEY, title TEXT); INSERT INTO shop.book VALUES (1, 'Emma'), (2, 'Ulysses')",
    );
    const { rootUser: username, rootPassword: password } = server;
    manifest = await scene.backUp(serverJob(server, scene.place('shop'), { databases: ['shop'] }), {
      username,
      password,
    });
  });
  afterAll(() => server?.stop());

  /** A throw-away server: a child of the program, which is a child of this process. */
  interface Scratch {
    readonly pid: string;
    readonly data: string;
  }
  const read = (pid: string, file: string): string => {
    try {
      return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      return '';
    }
  };
  const parentOf = (pid: string): string => /^PPid:\s+(\d+)$/m.exec(read(pid, 'status'))?.[1] ?? '';
  const servers = (): Scratch[] =>
    fs.readdirSync('/proc').flatMap((pid) => {
      const [, data] = /^\S*mariadbd\0.*--datadir=([^\0]+)/s.exec(read(pid, 'cmdline')) ?? [];
      return data !== undefined && parentOf(parentOf(pid)) === String(process.pid) ? [{ pid, data }] : [];
    });
  const until = async (what: () => boolean): Promise<void> => {
    for (let tries = 0; !what(); tries++) {
      if (tries > 3000) throw new Error('it did not happen');
      await sleep(10);
    }
  };

  test('is proven in a throw-away server of this machine', async () => {
    const { code, out } = await prove('shop');
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining(`PROVEN: backup ${manifest.backupId} of shop`) as string,
    });
    expect(out).toMatch(/^ {2}server +MariaDB 10\.11\./m);
    expect(servers()).toEqual([]);
  });

  test.each([
    [1, 'by itself'],
    [2, 'at once'],
  ])('%s × Ctrl-C ends the test %s: nothing is known, and no server is left', async (times) => {
    scene.s3.remove(`shop/${manifest.backupId}/restore-test.json`);
    const run = prove('shop');
    let found: Scratch[] = [];
    await until(() => (found = servers()).length > 0);
    for (let time = 0; time < times; time++) {
      process.emit('SIGINT');
      await sleep(20);
    }
    const { code, err } = await run;
    expect({ code, err }).toEqual({
      code: 5,
      err: expect.stringContaining('(exit code 130), and says nothing about the backup') as string,
    });
    await until(() => found.every(({ pid }) => read(pid, 'cmdline') === ''));
    for (const { data } of found) expect(fs.existsSync(data)).toBe(false);
    expect(storedVerdict(scene, manifest)).toBeUndefined();
  });
});
