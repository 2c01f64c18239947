import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { DumpJob } from '../../catalog/contract/task';
import { differences } from '../compare/fingerprint';
import { fingerprintMariadb, mariadbDatabases } from '../compare/mariadb';
import { fingerprintPostgresql } from '../compare/postgresql';
import { fingerprintSqlite } from '../compare/sqlite';
import { Emulator } from '../emulator/emulator';
import { loadMariadbSchema, MARIADB_ACCOUNTS, MARIADB_DATABASES } from '../schemas/mariadb';
import { loadPostgresqlSchema } from '../schemas/postgresql';
import { createSqliteDatabase } from '../schemas/sqlite';
import { MariadbServer } from '../servers/mariadb';
import { PostgresqlServer, postgresqlBinaries } from '../servers/postgresql';
import { TestBucket } from '../support/bucket';
import { serverJob, sqliteJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import { Program } from '../support/program';
import { typed } from '../support/typed';
import { document } from './markdown';

jest.setTimeout(180_000);

const page = document('docs/restoring.md');
const readme = document('README.md');
const FETCH = '2. Fetch it and check every byte';
const COUNT = '4. Count';

/** Commands of the page that no test of this file runs, by the heading above them, each with where they run. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'If it was pruned': 'test/e2e/prune.test.ts, which deploys the function that they invoke',
  'PostgreSQL in sections': 'test/cases/restoring.test.ts',
};

/** What an application that was killed leaves in its folder: an old file, and what was not yet written into it. */
function leaveBehind(folder: string): void {
  const elsewhere = fs.mkdtempSync(path.join(folder, 'running-'));
  const old = new DatabaseSync(path.join(elsewhere, 'shop.db'));
  old.exec('PRAGMA journal_mode = WAL; CREATE TABLE old (a); INSERT INTO old VALUES (zeroblob(100000))');
  for (const file of fs.readdirSync(elsewhere)) fs.copyFileSync(path.join(elsewhere, file), path.join(folder, file));
  fs.copyFileSync(path.join(folder, 'shop.db'), path.join(folder, 'shop.db-journal'));
  old.close();
  fs.rmSync(elsewhere, { recursive: true });
}

describe('the commands of docs/restoring.md', () => {
  const folder = temporaryDirectory('restoring');
  const executed = new Set<string>();
  let emulator: Emulator;

  beforeAll(async () => void (emulator = await Emulator.start()));
  afterAll(async () => {
    await emulator?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const place = (bucket: TestBucket) => ({ source: 'shop', bucket: bucket.name, scratchDirectory: folder });
  /** The user that the tests make for the backup. */
  const USER = { username: 'backup', password: 'secret' };

  /** Backs up at the time that the page names. */
  async function backUp(bucket: TestBucket, job: DumpJob): Promise<Manifest> {
    const scheduledTime = '2026-11-20T02:00:00Z';
    const result = await Program.run({ job, aws: emulator.environment, scheduledTime, ...USER });
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    return (await bucket.manifests('shop'))[0]!;
  }

  /** Types the commands below a heading of the page. */
  function type(heading: string, cwd: string, env: Readonly<Record<string, string>>, tools?: string): Promise<string> {
    executed.add(heading);
    return typed(page.commands(heading), { cwd, env: { ...emulator.environment, ...env }, tools });
  }

  /** Fetches the backup of a bucket and checks it, as the page says. Returns the reader's folder. */
  async function fetch(bucket: TestBucket): Promise<string> {
    const cwd = fs.mkdtempSync(path.join(folder, 'reader-'));
    const output = await type(FETCH, cwd, { BUCKET: bucket.name });
    const { objects } = (await bucket.manifests('shop'))[0]!;
    expect(output.match(/: OK$/gm)).toHaveLength(objects.length);
    return path.join(cwd, 'restore');
  }

  const count = async (cwd: string): Promise<string[]> => (await type(COUNT, cwd, {})).split('\n').filter(Boolean);
  /** What the count must print for a backup with exact numbers of rows. */
  const counts = ({ tables }: Manifest): string[] =>
    tables.map(({ database, schema = '-', name, rows }) => [database, schema, name, rows].join('\t'));

  describe('with MariaDB', () => {
    let source: MariadbServer;
    let target: MariadbServer;
    let bucket: TestBucket;
    let manifest: Manifest;

    beforeAll(async () => {
      bucket = await TestBucket.create(emulator, 'mariadb');
      [source, target] = await Promise.all([MariadbServer.start({ binlog: true }), MariadbServer.start()]);
      await loadMariadbSchema(source);
      await source.exec(
        `CREATE USER backup@'%' IDENTIFIED BY 'secret';
         GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON *.* TO backup@'%'`,
      );
      await target.exec(
        `CREATE USER admin@'%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO admin@'%' WITH GRANT OPTION;
         ${MARIADB_ACCOUNTS}`,
      );
      manifest = await backUp(bucket, serverJob(source, place(bucket), { databases: MARIADB_DATABASES }));
    });
    afterAll(() => Promise.all([source?.stop(), target?.stop()]));

    beforeEach(async () => {
      const databases = (await mariadbDatabases(target)).map((name) => `\`${name.replaceAll('`', '``')}\``);
      for (const name of databases) await target.exec(`DROP DATABASE ${name}`);
    });

    async function expectTheSame(): Promise<void> {
      const [before, after] = await Promise.all(
        [source, target].map((one) => fingerprintMariadb(one, MARIADB_DATABASES)),
      );
      expect(differences(before!, after!)).toEqual([]);
    }
    const withAccount = (cwd: string): string => {
      const lines = ['host = 127.0.0.1', `port = ${target.port}`, 'user = admin', 'password = "secret"'];
      fs.writeFileSync(
        path.join(cwd, 'admin.cnf'),
        ['[client]', ...lines, `ssl-ca = ${target.authority.file}`, ''].join('\n'),
      );
      return cwd;
    };

    test('list it, fetch it, check it, restore it and count it', async () => {
      expect(await type('1. Choose a backup', folder, { BUCKET: bucket.name })).toContain('2026-11-20T02-00-00Z');
      const cwd = withAccount(await fetch(bucket));
      const accounts = await type('MySQL, MariaDB: before you start', cwd, {});
      expect(accounts).toContain('DEFINER=`shop owner`@`%`');
      expect(await type('MariaDB', cwd, {})).toBe('');
      await expectTheSame();
      expect(await count(cwd)).toEqual(counts(manifest));
    });

    test('restore it as a stream, and compare the checksum', async () => {
      const cwd = withAccount(fs.mkdtempSync(path.join(folder, 'reader-')));
      const env = { BUCKET: bucket.name, BACKUP: 'shop/2026-11-20T02-00-00Z' };
      const output = await type('Without the disk space', cwd, env);
      expect(output).toContain(manifest.objects[0]!.sha256);
      await expectTheSame();
    });

    // Debian calls MariaDB's client by both names.
    test('restore it by the one command of the README', async () => {
      const cwd = withAccount(fs.mkdtempSync(path.join(folder, 'reader-')));
      const env = { ...emulator.environment, BUCKET: bucket.name };
      expect(await typed(readme.commands('How do I restore?'), { cwd, env })).toContain('shop.sql.zst: OK');
      await expectTheSame();
    });
  });

  describe('with PostgreSQL', () => {
    const DATABASES = ['shop', 'postgres'];
    let source: PostgresqlServer;
    let target: PostgresqlServer;
    let bucket: TestBucket;
    let manifest: Manifest;

    beforeAll(async () => {
      bucket = await TestBucket.create(emulator, 'postgresql');
      [source, target] = await Promise.all([PostgresqlServer.start(), PostgresqlServer.start()]);
      await loadPostgresqlSchema(source);
      await source.exec(`CREATE ROLE backup LOGIN PASSWORD 'secret' BYPASSRLS; GRANT pg_read_all_data TO backup;
        CREATE TABLE jobs (a int); INSERT INTO jobs VALUES (1); ALTER DATABASE postgres SET timezone = 'Asia/Tokyo';
        GRANT TEMPORARY ON DATABASE postgres TO backup; COMMENT ON DATABASE postgres IS 'ours'`);
      await source.exec('GRANT SELECT ON LARGE OBJECT 4242, 4243, 4244 TO backup', 'shop');
      await target.exec("ALTER ROLE postgres PASSWORD 'of the new server'");
      manifest = await backUp(bucket, serverJob(source, place(bucket), { databases: DATABASES }));
    });
    afterAll(() => Promise.all([source?.stop(), target?.stop()]));

    test('fetch it, check it, restore it and count it', async () => {
      const cwd = await fetch(bucket);
      const env = {
        PGHOST: '127.0.0.1',
        PGPORT: `${target.port}`,
        PGUSER: 'postgres',
        PGPASSWORD: 'of the new server',
      };
      const tools = postgresqlBinaries();
      expect(await type('PostgreSQL', cwd, env, tools)).not.toMatch(/error/i);
      expect(await type('The database postgres', cwd, env, tools)).toBe('');
      const [before, after] = await Promise.all([source, target].map((one) => fingerprintPostgresql(one, DATABASES)));
      expect(differences(before!, after!)).toEqual([]);
      expect(await count(cwd)).toEqual(counts(manifest));
    });
  });

  test('with SQLite: fetch it, check it, restore it and count it', async () => {
    const bucket = await TestBucket.create(emulator, 'sqlite');
    const [sources, data] = ['source', 'data'].map((name) => fs.mkdtempSync(path.join(folder, name)));
    const source = createSqliteDatabase(path.join(sources!, 'shop.db'));
    const manifest = await backUp(bucket, sqliteJob(path.join(sources!, 'shop.db'), place(bucket)));
    leaveBehind(data!);

    const cwd = await fetch(bucket);
    expect(await type('SQLite', cwd, { DATA: data! })).toMatch(/^.*: \d+ bytes \s*ok\n$/);
    const restored = new DatabaseSync(path.join(data!, 'shop.db'));
    expect(differences(fingerprintSqlite(source), fingerprintSqlite(restored))).toEqual([]);
    restored.close();
    source.close();
    expect(fs.readdirSync(data!)).toEqual(['shop.db']);
    expect(await count(cwd)).toEqual(counts(manifest));
  });

  test('are all executed, here or elsewhere', () => {
    const headings = page.blocks.filter(({ language }) => language === 'sh').map(({ heading }) => heading);
    expect([...executed, ...Object.keys(ELSEWHERE), 'MySQL'].sort()).toEqual([...new Set(headings)].sort());
  });
});
