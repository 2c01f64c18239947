import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Manifest } from '../../catalog/bucket/manifest';
import { differences } from '../compare/fingerprint';
import { fingerprintMysqlFamily } from '../compare/mysql-family';
import { fingerprintPostgresql } from '../compare/postgresql';
import { fingerprintSqlite } from '../compare/sqlite';
import { Emulator } from '../emulator/emulator';
import { loadMysqlFamilySchema, MYSQL_FAMILY_ACCOUNTS, MYSQL_FAMILY_DATABASES } from '../schemas/mysql-family';
import { loadPostgresqlSchema } from '../schemas/postgresql';
import { createSqliteDatabase } from '../schemas/sqlite';
import { MariadbServer } from '../servers/mariadb';
import { MysqlServer } from '../servers/mysql';
import { PostgresqlServer } from '../servers/postgresql';
import type { Server } from '../servers/start';
import { casesOn, describeOn, inMatrix, versionsOf } from '../servers/versions';
import { TestBucket } from '../support/bucket';
import { filesJob, serverJob, sqliteJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import { Reader } from '../support/reader';
import { document } from './markdown';

jest.setTimeout(300_000);

const USER = { username: 'backup', password: 'secret' };
const MYSQL_USER = `CREATE USER backup@'%' IDENTIFIED BY 'secret';
  GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON *.* TO backup@'%';`;

/** Commands of the page that no test of this file types, by the heading above them, each with where they run. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'Files in a repository': 'test/e2e/files-repository.test.ts',
  'If it was pruned': 'test/e2e/prune.test.ts, which deploys the function that they invoke',
  MongoDB: 'test/cases/mongodb-restore.test.ts',
  'PostgreSQL in sections': 'test/cases/restoring-postgresql.test.ts',
  'PostgreSQL: before you start': 'test/cases/restoring-postgresql.test.ts',
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

/** What step 4 prints for a backup with exact numbers of rows. */
const counts = ({ tables }: Manifest): string =>
  tables.map(({ database, schema = '-', name, rows }) => `${[database, schema, name, rows].join('\t')}\n`).join('');

describe('the commands of docs/restore-by-hand.md', () => {
  const readers: Reader[] = [];
  let emulator: Emulator;

  beforeAll(async () => void (emulator = await Emulator.start()));
  afterAll(async () => {
    await emulator?.stop();
    readers.forEach((reader) => reader.leave());
  });

  function newReader(...args: [bucket: TestBucket, target?: Server]): Reader {
    const reader = new Reader(emulator, ...args);
    readers.push(reader);
    return reader;
  }

  describeOn(inMatrix(versionsOf('mariadb'), ['mariadb-10.11']), 'with %s', (version) => {
    let source: MariadbServer;
    let bucket: TestBucket;
    let manifest: Manifest;
    const targets: MariadbServer[] = [];

    beforeAll(async () => {
      source = await MariadbServer.start({ version, binlog: true });
      await loadMysqlFamilySchema(source);
      await source.exec(MYSQL_USER);
      const job = (place: Parameters<typeof serverJob>[1]) =>
        serverJob(source, place, { databases: MYSQL_FAMILY_DATABASES });
      ({ bucket, manifest } = await Reader.backUp(emulator, version.replace('.', '-'), job, {
        ...USER,
        image: version,
      }));
    });
    afterAll(() => Promise.all([source, ...targets].map((server) => server?.stop())));

    async function newTarget(): Promise<MariadbServer> {
      const target = await MariadbServer.start({ version });
      targets.push(target);
      await target.exec(MYSQL_FAMILY_ACCOUNTS);
      return target;
    }
    async function expectTheSame(target: MariadbServer): Promise<void> {
      const before = await fingerprintMysqlFamily(source, MYSQL_FAMILY_DATABASES);
      expect(differences(before, await fingerprintMysqlFamily(target, MYSQL_FAMILY_DATABASES))).toEqual([]);
    }

    test('list it, fetch it, check it, restore it and count it', async () => {
      const target = await newTarget();
      const reader = newReader(bucket, target);
      expect(await reader.typePage('1. Choose a backup')).toContain('2026-11-20T02-00-00Z');
      expect(await reader.fetch()).toContain('shop.sql.zst: OK');
      expect(await reader.typePage('MySQL, MariaDB: before you start')).toContain('DEFINER=`shop owner`@`%`');
      expect(await reader.restore()).toBe('');
      await expectTheSame(target);
      expect(await reader.typePage('4. Count')).toBe(counts(manifest));
    });

    test('restore it by the commands that proven-backups fetch prints', async () => {
      const target = await newTarget();
      const reader = newReader(bucket, target);
      expect(await reader.typeFetched()).toBe('');
      await expectTheSame(target);
    });

    test('restore it as a stream, and compare the checksum', async () => {
      const target = await newTarget();
      const reader = newReader(bucket, target);
      await reader.logIn();
      const output = await reader.typePage('Without the disk space', { BACKUP: 'shop/2026-11-20T02-00-00Z' });
      expect(output).toContain(manifest.objects[0]!.sha256);
      await expectTheSame(target);
    });
  });

  describeOn(versionsOf('mysql'), 'with %s', (version) => {
    const servers: MysqlServer[] = [];
    afterAll(() => Promise.all(servers.map((server) => server.stop())));

    test('fetch it, check it and restore it', async () => {
      for (let server = 0; server < 2; server++) servers.push(await MysqlServer.start({ version }));
      const [source, target] = servers as [MysqlServer, MysqlServer];
      await source.exec(`${MYSQL_USER} CREATE DATABASE shop; USE shop;
        CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b BLOB); INSERT INTO t VALUES (1, 'é 😀', 0x00FF), (2, NULL, NULL);
        DELIMITER //
        CREATE PROCEDURE p() BEGIN /* why */ SELECT 'a\r\nb'; -- keep\r\nEND//`);
      const job = (place: Parameters<typeof serverJob>[1]) => serverJob(source, place);
      const { bucket } = await Reader.backUp(emulator, 'mysql', job, { ...USER, image: version });
      const reader = newReader(bucket, target);
      await reader.fetch();
      expect(await reader.restore()).toBe('');
      const facts = async (server: MysqlServer): Promise<string> =>
        server.exec('SELECT *, HEX(b) FROM shop.t; SHOW CREATE TABLE shop.t; SHOW CREATE PROCEDURE shop.p');
      const before = await facts(source);
      expect(before).toContain('/* why */');
      expect(await facts(target)).toBe(before);
      await target.exec('DROP DATABASE shop');
      expect(await newReader(bucket, target).typeFetched('--decompress')).toBe('');
      expect(await facts(target)).toBe(before);
    });
  });

  describeOn(inMatrix(versionsOf('postgresql'), ['postgresql-18']), 'with %s', (version) => {
    const DATABASES = ['shop', 'postgres'];
    let source: PostgresqlServer;
    let target: PostgresqlServer;
    afterAll(() => Promise.all([source?.stop(), target?.stop()]));

    test('fetch it, check it, restore it and count it', async () => {
      [source, target] = await Promise.all([PostgresqlServer.start({ version }), PostgresqlServer.start({ version })]);
      await loadPostgresqlSchema(source);
      await source.exec(`CREATE ROLE backup LOGIN PASSWORD 'secret' BYPASSRLS; GRANT pg_read_all_data TO backup;
        CREATE TABLE jobs (a int); INSERT INTO jobs VALUES (1); ALTER DATABASE postgres SET timezone = 'Asia/Tokyo';
        GRANT TEMPORARY ON DATABASE postgres TO backup; COMMENT ON DATABASE postgres IS 'ours'`);
      await source.exec('GRANT SELECT ON LARGE OBJECT 4242, 4243, 4244 TO backup', 'shop');
      const job = (place: Parameters<typeof serverJob>[1]) => serverJob(source, place, { databases: DATABASES });
      const how = { ...USER, image: version };
      const { bucket, manifest } = await Reader.backUp(emulator, version, job, how);

      const reader = newReader(bucket, target);
      await reader.fetch();
      expect(await reader.restore()).not.toMatch(/error/i);
      expect(await reader.typePage('The database postgres')).toBe('');
      const before = await fingerprintPostgresql(source, DATABASES);
      expect(differences(before, await fingerprintPostgresql(target, DATABASES))).toEqual([]);
      expect(await reader.typePage('4. Count')).toBe(counts(manifest));

      // The command line prints the commands of the page: the oldest server is met by those, in a usual run.
      if (!casesOn('postgresql').includes(version)) return;
      await target.exec('DROP DATABASE shop');
      expect(await newReader(bucket, target).typeFetched()).not.toMatch(/error: (?!.*already exists)/i);
      expect(differences(before, await fingerprintPostgresql(target, DATABASES))).toEqual([]);
    });
  });

  test('with SQLite: fetch it, check it, restore it and count it', async () => {
    const [sources, data] = ['source', 'data'].map((name) => temporaryDirectory(name));
    const source = createSqliteDatabase(path.join(sources!, 'shop.db'));
    const job = (place: Parameters<typeof sqliteJob>[1]) => sqliteJob(path.join(sources!, 'shop.db'), place);
    const { bucket, manifest } = await Reader.backUp(emulator, 'sqlite', job);
    leaveBehind(data!);

    const reader = newReader(bucket);
    await reader.fetch();
    expect(await reader.typePage('SQLite', { DATA: data! })).toMatch(/^.*: \d+ bytes \s*ok\n$/);
    const restored = new DatabaseSync(path.join(data!, 'shop.db'));
    expect(differences(fingerprintSqlite(source), fingerprintSqlite(restored))).toEqual([]);
    restored.close();
    source.close();
    expect(fs.readdirSync(data!)).toEqual(['shop.db']);
    expect(await reader.typePage('4. Count')).toBe(counts(manifest));

    fs.rmSync(path.join(data!, 'shop.db'));
    leaveBehind(data!);
    expect(await newReader(bucket).typeFetched('', { DATA: data! })).toBe('ok\n');
    const again = new DatabaseSync(path.join(data!, 'shop.db'));
    expect(
      differences(fingerprintSqlite(createSqliteDatabase(path.join(sources!, 'same.db'))), fingerprintSqlite(again)),
    ).toEqual([]);
    again.close();
    for (const folder of [sources!, data!]) fs.rmSync(folder, { recursive: true });
  });

  test('with files: fetch them, check them, unpack them and check each', async () => {
    const directory = temporaryDirectory('files');
    fs.mkdirSync(path.join(directory, 'sites'));
    fs.writeFileSync(path.join(directory, 'sites/shop.conf'), 'listen 80', { mode: 0o640 });
    fs.symlinkSync('sites/shop.conf', path.join(directory, 'current'));
    const job = (place: Parameters<typeof filesJob>[1]) => filesJob(directory, place);
    const { bucket } = await Reader.backUp(emulator, 'files', job);

    const reader = newReader(bucket);
    await reader.fetch();
    expect(await reader.typePage('Files')).toBe('');
    const restored = path.join(reader.folder, 'restored');
    expect(fs.readFileSync(path.join(restored, 'current'), 'utf8')).toBe('listen 80');
    expect(fs.readlinkSync(path.join(restored, 'current'))).toBe('sites/shop.conf');
    expect(fs.statSync(path.join(restored, 'sites/shop.conf')).mode & 0o777).toBe(0o640);
    fs.rmSync(directory, { recursive: true });
  });

  test('of docs/storage-tiers.md bring a backup back out of Deep Archive', async () => {
    const bucket = await TestBucket.create(emulator, 'archived');
    const s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
    const keyOf = (name: string): string => `shop/2026-06-30T02-00-00Z/${name}`;
    const put = (name: string, Body: string, StorageClass?: 'DEEP_ARCHIVE') =>
      s3.send(new PutObjectCommand({ Bucket: 'archived', Key: keyOf(name), Body, StorageClass }));
    await put('small.zst', 'small');
    await put('large.zst', 'large', 'DEEP_ARCHIVE');
    await put(
      'manifest.json',
      JSON.stringify({ objects: ['small.zst', 'large.zst'].map((name) => ({ key: keyOf(name) })) }),
    );

    const reader = newReader(bucket);
    const [retrieve, fetch] = document('docs/storage-tiers.md').blocks.filter(
      ({ heading }) => heading === 'Retrieving',
    );
    const begun = await reader.type(retrieve!.code);
    expect(begun).toMatch(/InvalidObjectState[^]*"DEEP_ARCHIVE",\s*"ongoing-request=\\"true\\""/);
    const fetching = `BACKUP=shop/2026-06-30T02-00-00Z\n${fetch!.code}`;
    await expect(reader.type(fetching)).rejects.toThrow();
    await emulator.moveClock(12 * 3600);
    expect(await reader.type(retrieve!.code)).toContain('ongoing-request=\\"false\\"');
    await reader.type(fetching);
    expect(fs.readFileSync(path.join(reader.folder, 'large.zst'), 'utf8')).toBe('large');
  });

  test('are all typed, here or elsewhere', () => {
    const headings = document('docs/restore-by-hand.md').blocks.flatMap(({ language, heading }) =>
      language === 'sh' ? [heading] : [],
    );
    const typed = new Set(readers.flatMap((reader) => reader.typed));
    expect([...typed, ...Object.keys(ELSEWHERE)].sort()).toEqual([...new Set(headings)].sort());
  });
});
