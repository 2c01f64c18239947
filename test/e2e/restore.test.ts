import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { differences } from '../compare/fingerprint';
import { fingerprintMysqlFamily } from '../compare/mysql-family';
import { fingerprintPostgresql } from '../compare/postgresql';
import { fingerprintSqlite } from '../compare/sqlite';
import { EmulatedServices } from '../aws/emulated-services';
import { Emulator, ROOT, appCommand } from '../emulator/emulator';
import type { LocalOptions } from '../emulator/local-container';
import type { MysqlFamilyServer } from '../servers/mysql-family';
import type { PostgresqlServer } from '../servers/postgresql';
import type { Server } from '../servers/start';
import { startServer } from '../servers/start';
import { engineOf, inMatrix, newestOf, VERSIONS, type Version } from '../servers/versions';
import { temporaryDirectory } from '../support/processes';
import { PERSON, SERVERS, STACK, type GivenServer } from './restore-names';

jest.setTimeout(300_000);

const ON: readonly Version[] = inMatrix(VERSIONS, newestOf('mysql', 'postgresql'));
const PASSWORD = 'of the reader';
const DATABASE = 'books';
const nameOf = (version: Version): string => version.replaceAll('.', '-');

let emulator: Emulator;
let services: EmulatedServices;
let bucket: string;
const servers = new Map<string, Server>();
const data = temporaryDirectory('restored-file');
const file = path.join(data, 'books.db');

beforeAll(async () => {
  const [started, ...found] = await Promise.all([
    Emulator.start(),
    ...ON.map(async (version) => [version, await startServer(version)] as const),
  ]);
  emulator = started;
  for (const [version, server] of found) servers.set(nameOf(version), server);
  const given = found.map(([version, { port, authority }]): GivenServer => ({ version, port, pem: authority.pem }));
  await emulator.bootstrap();
  const app = await appCommand('test/e2e/restore-app.ts');
  const outputs = (await emulator.deploy(app, [], { [SERVERS]: JSON.stringify(given) }))[STACK]!;
  bucket = outputs.Bucket!;
  const secrets = new SecretsManagerClient(emulator.client);
  const store = (SecretId: string, username: string, password: string) =>
    secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify({ username, password }) }));
  for (const [version, server] of found) {
    const key = nameOf(version).replaceAll('-', '');
    await store(outputs[`Reader${key}`]!, 'backup', PASSWORD);
    await store(outputs[`Writer${key}`]!, server.rootUser, server.rootPassword);
  }
  const options = (stream: string): LocalOptions => {
    const version = ON.find((one) => stream === nameOf(one));
    return version === undefined ? { dataDirectory: data } : { version };
  };
  services = new EmulatedServices(emulator, options);
});
afterAll(async () => {
  await services?.stop();
  await Promise.allSettled([...servers.values()].map((server) => server.stop()));
  await emulator?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});

/** The command line in a process of its own, as the person who may restore. */
async function cli(...args: readonly string[]) {
  const env = { PATH: process.env.PATH, HOME: emulator.directory, PROVEN_BACKUPS_BUCKET: bucket };
  const child = spawn(process.execPath, [path.join(ROOT, 'dist/bin/cli.js'), ...args], {
    env: { ...env, ...emulator.environmentOf(PERSON) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number, out, err };
}

/** Damages what was backed up, restores, and looks at it before and after. */
async function story<T>(
  source: string,
  steps: { readonly damage: () => unknown; readonly look: () => Promise<T>; readonly restore: readonly string[] },
): Promise<{ readonly before: T; readonly damaged: T; readonly after: T; readonly said: string }> {
  const before = await steps.look();
  await steps.damage();
  const damaged = await steps.look();
  const restored = await cli('restore', '--source', source, '--yes', ...steps.restore);
  const [err, out]: unknown[] = [expect.any(String), expect.stringContaining('all as in the backup')];
  expect(restored).toEqual({ code: 0, err, out });
  return { before, damaged, after: await steps.look(), said: restored.out };
}

const backUp = async (source: string): Promise<void> =>
  expect(await cli('run', '--source', source)).toMatchObject({ code: 0 });

const BOOKS = "INSERT INTO book VALUES (1, 'Momo'), (2, 'Krabat'), (3, 'Die Wand')";

describe.each(ON.filter((version) => engineOf(version) !== 'postgresql'))('books in %s', (version) => {
  const source = nameOf(version);
  const server = () => servers.get(source) as MysqlFamilyServer;
  const look = () => fingerprintMysqlFamily(server(), [DATABASE]);

  beforeAll(async () => {
    await server().exec(`CREATE USER backup@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL;
      GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON *.* TO backup@'%';
      CREATE DATABASE ${DATABASE}; USE ${DATABASE};
      CREATE TABLE book (id INT PRIMARY KEY, title VARCHAR(99)); ${BOOKS};
      CREATE TABLE loan (id INT PRIMARY KEY, book INT, FOREIGN KEY (book) REFERENCES book (id));
      INSERT INTO loan VALUES (1, 2);
      CREATE VIEW lent AS SELECT title FROM book JOIN loan ON loan.book = book.id;
      CREATE TRIGGER tidy BEFORE INSERT ON book FOR EACH ROW SET NEW.title = TRIM(NEW.title);`);
    await backUp(source);
  });

  test('a book that was removed is back, beside the original', async () => {
    const found = await story(source, {
      damage: () => server().exec(`DELETE FROM ${DATABASE}.book WHERE id = 3`),
      look: async () => (await server().exec(`SELECT title FROM ${DATABASE}.book ORDER BY id`)).trim().split('\n'),
      restore: ['--tables', 'books.book', '--as', 'books_before'],
    });
    expect(found.after).toEqual(['Momo', 'Krabat']);
    expect((await server().exec('SELECT title FROM books_before.book ORDER BY id')).trim().split('\n')).toEqual(
      found.before,
    );
    await server().exec(`INSERT INTO ${DATABASE}.book SELECT * FROM books_before.book WHERE id = 3`);
    expect(await server().exec(`SELECT COUNT(*) FROM ${DATABASE}.book`)).toMatch(/^3/);
    await server().exec('DROP DATABASE books_before');
  });

  test('a table that was dropped is back, with all that belongs to the database', async () => {
    const found = await story(source, {
      damage: async () => {
        await server().exec(`DROP TABLE ${DATABASE}.loan`);
        // A view without its table cannot be dumped.
        const refused = await cli('restore', '--source', source, '--yes', '--overwrite');
        const err: unknown = expect.stringContaining('there is no safety backup, so nothing was replaced: ');
        expect(refused).toMatchObject({ code: 1, err });
        await server().exec(`DROP VIEW ${DATABASE}.lent`);
      },
      ...{ look, restore: ['--overwrite'] },
    });
    expect(differences(found.before, found.damaged)).not.toEqual([]);
    expect(differences(found.before, found.after)).toEqual([]);
    expect(found.said).toContain('2 tables, 4 rows, all as in the backup');
  });

  test('a database that was dropped is back', async () => {
    const found = await story(source, {
      damage: () => server().exec(`DROP DATABASE ${DATABASE}; CREATE DATABASE ${DATABASE}`),
      ...{ look, restore: [] },
    });
    expect(differences(found.before, found.after)).toEqual([]);
  });
});

describe.each(ON.filter((version) => engineOf(version) === 'postgresql'))('books in %s', (version) => {
  const source = nameOf(version);
  const server = () => servers.get(source) as PostgresqlServer;
  const look = () => fingerprintPostgresql(server(), [DATABASE]);

  beforeAll(async () => {
    await server().exec(`CREATE ROLE backup LOGIN PASSWORD '${PASSWORD}' BYPASSRLS; GRANT pg_read_all_data TO backup;`);
    await server().exec(`CREATE DATABASE ${DATABASE}`);
    await server().exec(
      `CREATE TABLE book (id int PRIMARY KEY, title text); ${BOOKS};
       CREATE TABLE loan (id int PRIMARY KEY, book int REFERENCES book); INSERT INTO loan VALUES (1, 2);
       CREATE VIEW lent AS SELECT title FROM book JOIN loan ON loan.book = book.id;`,
      DATABASE,
    );
    await backUp(source);
  });

  const titles = async (schema = 'public') =>
    (await server().exec(`SELECT title FROM ${schema}.book ORDER BY id`, DATABASE)).trim().split('\n');

  test('a book that was removed is back, beside the original', async () => {
    const found = await story(source, {
      damage: () => server().exec('DELETE FROM book WHERE id = 3', DATABASE),
      ...{ look: titles, restore: ['--tables', 'books.public.book', '--as', 'before'] },
    });
    expect(found.after).toEqual(['Momo', 'Krabat']);
    expect(await titles('before')).toEqual(found.before);
    await server().exec(
      'INSERT INTO book SELECT * FROM before.book WHERE id = 3; DROP SCHEMA before CASCADE',
      DATABASE,
    );
  });

  test('a table that was dropped is back, with all that belongs to the database', async () => {
    const found = await story(source, {
      damage: () => server().exec('DROP TABLE loan CASCADE', DATABASE),
      ...{ look, restore: ['--databases', DATABASE, '--overwrite'] },
    });
    expect(differences(found.before, found.damaged)).not.toEqual([]);
    expect(differences(found.before, found.after)).toEqual([]);
  });

  test('a database that was dropped is back', async () => {
    const found = await story(source, {
      damage: async () => {
        await server().exec(`DROP DATABASE ${DATABASE}`);
        await server().exec(`CREATE DATABASE ${DATABASE}`);
      },
      ...{ look, restore: ['--databases', DATABASE] },
    });
    expect(differences(found.before, found.after)).toEqual([]);
  });
});

describe('books in SQLite', () => {
  const open = <T>(work: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(file);
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  const look = () => Promise.resolve(open(fingerprintSqlite));

  test('a book that was removed is back', async () => {
    open((database) => database.exec(`CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT); ${BOOKS}`));
    await backUp('sqlite');
    const found = await story('sqlite', {
      damage: () => open((database) => database.exec('DELETE FROM book WHERE id = 3')),
      ...{ look, restore: ['--overwrite'] },
    });
    expect(differences(found.before, found.damaged)).not.toEqual([]);
    expect(differences(found.before, found.after)).toEqual([]);
  });

  test('a file that is gone is back', async () => {
    const before = await look();
    fs.rmSync(file);
    expect(await cli('restore', '--source', 'sqlite', '--yes')).toMatchObject({ code: 0 });
    expect(differences(before, await look())).toEqual([]);
  });
});
