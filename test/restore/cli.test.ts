/** A person restores from this machine with the command line: the program that ships does it. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { talk, type Deed } from '../bin/cli/restore-support';
import { cli, isolateEnvironment } from '../bin/cli/cli-support';
import { MariadbServer } from '../servers/mariadb';
import { mongoTools } from '../servers/mongod';
import { MongodbServer } from '../servers/mongodb';
import { MONGODB, describeOn } from '../servers/versions';
import { filesJob, mongodbJob, serverJob, sqliteJob } from '../support/job';
import { RestoreScene } from './support';

jest.setTimeout(120_000);
isolateEnvironment();

let scene: RestoreScene;
beforeAll(async () => (scene = await RestoreScene.start()));
afterAll(() => scene?.stop());
beforeEach(() => Object.assign(process.env, scene.s3.environment));

const RESTORE = ['restore', '--bucket', 'backups', '--local'];

describe('a database file', () => {
  let file: string;
  const run = (deeds: readonly Deed[], ...more: string[]) =>
    talk([...RESTORE, '--source', 'books', '--to', file, ...more], deeds);
  const books = (of = file): unknown[] => {
    const database = new DatabaseSync(of);
    try {
      return database.prepare('SELECT id, title FROM book ORDER BY id').all();
    } finally {
      database.close();
    }
  };
  const sql = (text: string): void => {
    const database = new DatabaseSync(file);
    database.exec(text);
    database.close();
  };

  test('sample books are inserted, backed up, one is removed, and it comes back', async () => {
    file = path.join(scene.directory, 'books.db');
    sql("CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT); INSERT INTO book VALUES (1, 'Emma'), (2, 'Ulysses')");
    await scene.backUp(sqliteJob(file, scene.place('books')));
    const before = books();
    sql('DELETE FROM book WHERE id = 2');

    const refused = await run([], '--yes');
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('books.db exists already') as string });
    const beside = await run([[/into rescued\.db\? Type yes: $/, 'yes']], '--as', 'rescued.db');
    expect(beside.code).toBe(0);
    expect(books(path.join(scene.directory, 'rescued.db'))).toEqual(before);

    const folder = process.cwd();
    process.chdir(scene.directory);
    const { code, out } = await run([[/Type its name \(books\.db\): $/, 'books.db']], '--overwrite');
    process.chdir(folder);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^books as of .* UTC was restored into books\.db in .*: 1 table, 2 rows, all as in the backup\.$/m,
    );
    expect(books()).toEqual(before);
    const [, saved] = /^To go back: what was there is in (.*): docs/m.exec(out)!;
    expect(fs.readdirSync(saved!).sort()).toEqual(['books.db.zst', 'evidence.json.zst', 'manifest.json']);
  });
});

describe('the contents of a backup of files', () => {
  const show = (source: string, ...more: string[]) =>
    cli(['show', '--bucket', 'backups', '--source', source, '--contents', ...more]);
  let root: string;
  beforeAll(async () => {
    root = path.join(scene.directory, 'tree');
    fs.mkdirSync(path.join(root, 'conf'), { recursive: true });
    fs.writeFileSync(path.join(root, 'conf/a\u2028b\n.env'), 'x=1');
    fs.symlinkSync('conf', path.join(root, 'link'));
    for (const [name, mode] of Object.entries({ '.': 0o755, conf: 0o750, 'conf/a\u2028b\n.env': 0o640 })) {
      fs.chmodSync(path.join(root, name), mode);
      fs.utimesSync(path.join(root, name), 1, 1);
    }
    await scene.backUp(filesJob(root, scene.place('tree')));
  });

  test('are listed, a line for each', async () => {
    const { uid, gid } = fs.statSync(root);
    const { code, out } = await show('tree');
    const [top, conf, env, link] = out.split('\n');
    const modified = '1970-01-01T00:00:01.000Z';
    expect([code, top, conf]).toEqual([
      0,
      `directory 0755 ${uid}:${gid} 0 ${modified} .`,
      `directory 0750 ${uid}:${gid} 0 ${modified} conf`,
    ]);
    expect(env).toMatch(/^file 0640 \S+ 3 1970-01-01T00:00:01\.000Z conf\/a/);
    expect(link).toMatch(/^symlink 0777 .* link -> conf$/);
    const json = (await show('tree', '--json')).out.trimEnd().split('\n');
    expect(json.map((line) => (JSON.parse(line) as { path: string }).path)).toEqual([
      ...['.', 'conf', 'conf/a\u2028b\n.env', 'link'],
    ]);
  });

  test('are refused of a database, and of what is encrypted without its key', async () => {
    const database = path.join(scene.directory, 'one.db');
    new DatabaseSync(database).exec('CREATE TABLE t (a)');
    await scene.backUp(sqliteJob(database, scene.place('one')));
    expect(await show('one')).toMatchObject({ code: 1, err: expect.stringContaining('of a database') as string });
    const identity = path.join(scene.directory, 'key.txt');
    execFileSync('age-keygen', ['--output', identity], { stdio: 'ignore' });
    const recipient = /public key: (\S+)/.exec(fs.readFileSync(identity, 'utf8'))![1]!;
    await scene.backUp({ ...filesJob(root, scene.place('sealed')), encryptTo: [recipient] });
    expect(await show('sealed')).toMatchObject({ code: 2, err: expect.stringContaining('give --identity') as string });
    expect((await show('sealed', '--identity', identity)).out).toBe((await show('tree')).out);
  });
});

describe('a server of MariaDB', () => {
  let server: MariadbServer;
  let words: string[];
  const titles = (database: string): Promise<string> => server.exec(`SELECT title FROM ${database}.book ORDER BY id`);
  const run = (deeds: readonly Deed[], ...more: string[]) => talk([...RESTORE, ...words, ...more], deeds);
  beforeAll(async () => {
    server = await MariadbServer.start();
    const [ca, options] = ['ca.pem', 'my.cnf'].map((name) => path.join(scene.directory, name));
    fs.writeFileSync(ca!, server.authority.pem);
    const password = server.rootPassword.replace(/["\\]/g, '\\$&');
    fs.writeFileSync(options!, `[client]\npassword = "${password}" # of root\n`);
    const to = `mysql://${server.rootUser}@${server.host}:${server.port}`;
    words = ['--source', 'shop', '--to', to, '--ca', ca!, '--option-file', options!];
  });
  afterAll(() => server?.stop());

  test('sample books are inserted, backed up, one is removed, and it comes back', async () => {
    await server.exec(
      "CREATE DATABASE shop; CREATE TABLE shop.book (id INT PRIMARY KEY, title TEXT); INSERT INTO shop.book VALUES (1, 'Emma'), (2, 'Ulysses')",
    );
    const { rootUser: username, rootPassword: password } = server;
    await scene.backUp(serverJob(server, scene.place('shop'), { databases: ['shop'] }), { username, password });
    await server.exec('DELETE FROM shop.book WHERE id = 2');

    const beside = await run([[/into shop_restored\? Type yes: $/, 'yes']], '--as', 'shop_restored');
    expect(beside).toMatchObject({ code: 0, out: expect.stringContaining('all as in the backup.\n') as string });
    expect(await titles('shop_restored')).toBe('Emma\nUlysses\n');
    expect(await titles('shop')).toBe('Emma\n');

    const folder = process.cwd();
    process.chdir(scene.directory);
    const { code, out } = await run([[/Type its name \(shop\): $/, 'shop']], '--overwrite');
    process.chdir(folder);
    expect(code).toBe(0);
    expect(await titles('shop')).toBe('Emma\nUlysses\n');
    const [, saved] = /^To go back: what was there is in (.*): docs/m.exec(out)!;
    expect(fs.readdirSync(saved!).sort()).toEqual(['evidence.json.zst', 'manifest.json', 'shop.sql.zst']);
    expect(beside.out + beside.err + out).not.toContain(password);
  });

  test('who types a wrong password is told, and nothing has happened', async () => {
    const wrong = words.slice(0, -2);
    const { code, err } = await talk([...RESTORE, ...wrong], [[/^Password of root at .*: $/m, 'wrong']]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /the restore of shop failed with exit code 11 \(connection\): .*\n {2}state {4}the target is as/,
    );
  });
});

describeOn([MONGODB], 'a server of %s', () => {
  let server: MongodbServer;
  let words: string[];
  const titles = (database: string): Promise<string[]> =>
    server.within(async (client) =>
      (await client.db(database).collection('book').find().sort({ _id: 1 }).toArray()).map(({ title }) =>
        String(title),
      ),
    );
  beforeAll(async () => {
    server = await MongodbServer.start({ tls: true });
    const ca = path.join(scene.directory, 'mongodb-ca.pem');
    fs.writeFileSync(ca, server.authority.pem);
    words = ['--source', 'stories', '--to', `mongodb://${server.rootUser}@${server.host}:${server.port}`, '--ca', ca];
  });
  beforeEach(() => void (process.env.PATH = `${mongoTools()}:${process.env.PATH}`));
  afterAll(() => server?.stop());

  test('sample books are inserted, backed up, one is removed, and it comes back', async () => {
    await server.within((client) =>
      client
        .db('shop')
        .collection<{ _id: number; title: string }>('book')
        .insertMany([
          { _id: 1, title: 'Emma' },
          { _id: 2, title: 'Ulysses' },
        ]),
    );
    const tls = { mode: 'certificate-authority', pem: server.authority.pem } as const;
    const job = mongodbJob(server, scene.place('stories'), { databases: ['shop'], tls });
    const { rootUser: username, rootPassword: password } = server;
    await scene.backUp(job, { username, password, toolsDirectory: mongoTools() });
    await server.within((client) => client.db('shop').collection<{ _id: number }>('book').deleteOne({ _id: 2 }));

    const typed: Deed = [/^Password of root at .*: $/m, password];
    const run = (deeds: readonly Deed[], ...more: string[]) => talk([...RESTORE, ...words, ...more], [typed, ...deeds]);
    const beside = await run([[/into shop_restored\? Type yes: $/, 'yes']], '--as', 'shop_restored');
    expect(beside).toMatchObject({ code: 0, out: expect.stringContaining('all as in the backup.\n') as string });
    expect([await titles('shop_restored'), await titles('shop')]).toEqual([['Emma', 'Ulysses'], ['Emma']]);

    const folder = process.cwd();
    process.chdir(scene.directory);
    const { code, out } = await run([[/Type its name \(shop\): $/, 'shop']], '--overwrite');
    process.chdir(folder);
    expect(code).toBe(0);
    expect(await titles('shop')).toEqual(['Emma', 'Ulysses']);
    const [, saved] = /^To go back: what was there is in (.*): docs/m.exec(out)!;
    expect(fs.readdirSync(saved!).sort()).toEqual(['evidence.json.zst', 'manifest.json', 'shop.archive.zst']);
    expect(beside.out + beside.err + out).not.toContain(password);
  });
});
