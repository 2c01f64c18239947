import * as fs from 'node:fs';
import { Readable } from 'node:stream';
import type { Manifest } from '../../catalog/bucket/manifest';
import { differences } from '../compare/fingerprint';
import { fingerprintMysqlFamily, mysqlFamilyDatabases, mysqlFamilyRowCounts } from '../compare/mysql-family';
import { Emulator } from '../emulator/emulator';
import {
  loadMysqlFamilySchema,
  MYSQL_FAMILY_ACCOUNTS,
  MYSQL_FAMILY_DATABASES,
  sequence,
} from '../schemas/mysql-family';
import type { MysqlFamilyServer } from '../servers/mysql-family';
import { startServer } from '../servers/start';
import type { Version } from '../servers/versions';
import { engineOf, numberOf } from '../servers/versions';
import { TestBucket } from '../support/bucket';
import { AWKWARD_PASSWORD, serverJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import { Program } from '../support/program';
import { SecrecyWatch } from '../support/secrecy';
import { TcpProxy } from '../support/tcp-proxy';

const SQL_PASSWORD = AWKWARD_PASSWORD.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
const account = (name: string, privileges: string): string =>
  `CREATE USER ${name}@'%' IDENTIFIED BY '${SQL_PASSWORD}' REQUIRE SSL;
   GRANT ${privileges} ON *.* TO ${name}@'%';`;
const COMPLETE = 'SELECT, SHOW VIEW, TRIGGER, EVENT';
/** `lockless` may ask for positions of the binary log, which only MariaDB tells for a snapshot. */
const accounts = (version: Version): string =>
  account('backup', `${COMPLETE}, LOCK TABLES`) +
  account('lockless', engineOf(version) === 'mariadb' ? `${COMPLETE}, BINLOG MONITOR` : COMPLETE);
const NON_TRANSACTIONAL = {
  mariadb: ['shop.aria_engine', 'shop.old_engine'],
  mysql: ['shop.comma_engine', 'shop.old_engine'],
};
const BUSY = 'CREATE DATABASE busy; USE busy; CREATE TABLE ticks (id INT AUTO_INCREMENT PRIMARY KEY, a CHAR(200));';

/**
 * Tests of backups of a version of MySQL or MariaDB.
 *
 * @param all also what does not depend on the version much: how rows are counted beside a writer, what is left out
 */
export function testBackups(version: Version, { all }: { readonly all: boolean }): void {
  const engine = engineOf(version) as 'mysql' | 'mariadb';
  let emulator: Emulator;
  let bucket: TestBucket;
  let source: MysqlFamilyServer;
  let target: MysqlFamilyServer;
  const scratchDirectory = temporaryDirectory('scratch');

  beforeAll(async () => {
    emulator = await Emulator.start();
    bucket = await TestBucket.create(emulator, 'backups');
    source = (await startServer(version, { binlog: true })) as MysqlFamilyServer;
    target = (await startServer(version)) as MysqlFamilyServer;
    await loadMysqlFamilySchema(source);
    await source.exec(`${accounts(version)} ${BUSY}`);
    await target.exec(`${accounts(version)} ${MYSQL_FAMILY_ACCOUNTS}`);
  });
  afterAll(async () => {
    await Promise.allSettled([source?.stop(), target?.stop()]);
    fs.rmSync(scratchDirectory, { recursive: true, force: true });
    await emulator?.stop();
  });

  const options = (server: MysqlFamilyServer, name: string, username: string, what: object) => ({
    job: serverJob(server, { source: name, bucket: bucket.name, scratchDirectory }, what),
    ...{ aws: bucket.taskOf(name), username, password: AWKWARD_PASSWORD, image: version },
  });

  /** Loads every object of a backup by the engine's own client. */
  async function restore(manifest: Manifest): Promise<void> {
    for (const object of manifest.objects.filter(({ kind }) => kind === 'dump'))
      await target.exec(Readable.from(await bucket.download(object)));
  }

  const counts = (manifest: Manifest): Map<string, number | undefined> =>
    new Map(manifest.tables.map(({ database, name, rows }) => [`${database}.${name}`, rows]));

  test('brings every object and every byte back, in flat memory, and keeps its secret', async () => {
    const watch = new SecrecyWatch(AWKWARD_PASSWORD, scratchDirectory);
    const result = await Program.run(
      options(source, 'shop', 'backup', { excludeDatabases: ['left_out', 'busy'] }),
    ).finally(() => watch.stop());
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await bucket.manifests('shop');
    expect(manifest).toMatchObject({
      ...{ engine, source: 'shop', trigger: 'on-demand' },
      serverVersion: expect.stringMatching(new RegExp(`^${numberOf(version)}\\.`)),
      consistency: {
        ...{ snapshot: 'single-transaction', rowCounts: 'read-lock' },
        nonTransactionalTables: NON_TRANSACTIONAL[engine],
      },
      objects: [
        { key: `shop/${manifest!.backupId}/shop.sql.zst`, kind: 'dump', format: 'sql' },
        { key: `shop/${manifest!.backupId}/evidence.json.zst`, kind: 'evidence', format: 'json' },
      ],
    });
    await restore(manifest!);
    expect(await mysqlFamilyDatabases(target)).toEqual([...MYSQL_FAMILY_DATABASES].sort());
    const before = await fingerprintMysqlFamily(source, MYSQL_FAMILY_DATABASES);
    expect(differences(before, await fingerprintMysqlFamily(target, MYSQL_FAMILY_DATABASES))).toEqual([]);
    expect(counts(manifest!)).toEqual(await mysqlFamilyRowCounts(source, MYSQL_FAMILY_DATABASES));
    expect(await bucket.unfinishedUploads()).toEqual([]);

    expect(watch.samples).toBeGreaterThan(500);
    expect([...watch.leaks]).toEqual([]);
    expect(Object.fromEntries(watch.files)).toEqual({ 'client.cnf': '600' });
    expect(fs.readdirSync(scratchDirectory)).toEqual([]);
    const secret = AWKWARD_PASSWORD.split(' ')[0]!;
    expect(result.output).not.toContain(secret);
    expect(JSON.stringify(manifest)).not.toContain(secret);
    // A row of 40 MB is a line of 80 MB in the dump: it must never be held as a whole.
    expect(result.peakMiB).toBeGreaterThan(40);
    expect(result.peakMiB).toBeLessThan(250);
  });

  if (!all) return;

  /** Writes one row after the other until told to stop; returns how many it wrote. */
  async function writeBusily(server: MysqlFamilyServer, until: Promise<unknown>): Promise<number> {
    let over = false;
    void until.finally(() => (over = true));
    const connection = await server.connect('busy');
    let written = 0;
    for (; !over; written++) await connection.query("INSERT INTO ticks (a) VALUES (REPEAT('t', 200))");
    await connection.end();
    return written;
  }

  describe('counts the rows of its own snapshot while a writer goes on', () => {
    beforeEach(() => target.exec('DROP DATABASE IF EXISTS busy'));

    const fill = `USE busy; INSERT INTO ticks (a) SELECT REPEAT('x', 200) FROM (${sequence(version, 100_000)}) s`;

    async function expectExact(method: string): Promise<void> {
      const [manifest] = await bucket.manifests(method);
      expect(manifest!.consistency.rowCounts).toBe(method);
      await restore(manifest!);
      expect(counts(manifest!)).toEqual(await mysqlFamilyRowCounts(target, ['busy']));
      const [now] = (await mysqlFamilyRowCounts(source, ['busy'])).values();
      expect(manifest!.tables[0]!.rows).toBeLessThan(now!);
    }

    test('by read-lock', async () => {
      await source.exec(fill);
      const run = Program.run(options(source, 'read-lock', 'backup', { databases: ['busy'] }));
      const written = await writeBusily(source, run);
      expect(await run).toMatchObject({ exit: 'success' });
      expect(written).toBeGreaterThan(50);
      await expectExact('read-lock');
    });

    const whereMariadb = engine === 'mariadb' ? test : undefined;
    whereMariadb?.('by binlog-position', async () => {
      await source.exec(fill);
      const proxy = await TcpProxy.start(source.port);
      try {
        const job = { databases: ['busy'], port: proxy.port };
        // Positions are equal only if nobody writes between two snapshots: so the writer waits for the dump's.
        const stalled = proxy.stallAfter(2_000_000);
        const run = Program.run(options(source, 'binlog-position', 'lockless', job));
        await stalled;
        await source.exec("USE busy; INSERT INTO ticks (a) VALUES ('late')");
        proxy.resume();
        expect(await run).toMatchObject({ exit: 'success' });
      } finally {
        await proxy.stop();
      }
      await expectExact('binlog-position');
    });

    test('bracketed, where neither is allowed', async () => {
      await target.exec(`${BUSY} INSERT INTO ticks (a) SELECT REPEAT('x', 200) FROM (${sequence(version, 50_000)}) s;`);
      const run = Program.run(options(target, 'bracketed', 'lockless', { databases: ['busy'] }));
      await writeBusily(target, run);
      const result = await run;
      expect(result).toMatchObject({ exit: 'success' });
      expect(result.log).toContainEqual(expect.objectContaining({ level: 'warn', event: 'row-counts-bracketed' }));
      const [manifest] = await bucket.manifests('bracketed');
      expect(manifest!.consistency).toMatchObject({
        rowCounts: 'bracketed',
        reason: expect.stringContaining('no read lock'),
      });
      const [{ rows, rowsBefore, rowsAfter } = {}] = manifest!.tables;
      expect(rows).toBeUndefined();
      await target.exec('DROP DATABASE busy');
      await restore(manifest!);
      const [restored] = (await mysqlFamilyRowCounts(target, ['busy'])).values();
      expect(restored).toBeGreaterThanOrEqual(rowsBefore!);
      expect(restored).toBeLessThanOrEqual(rowsAfter!);
      expect(rowsAfter).toBeGreaterThan(rowsBefore!);
    });
  });

  test('leaves out what the user tells the dump tool to leave out, and does not count it', async () => {
    const extraDumpArguments = ['--ignore-table=Alt `Archiv" 1.straße'];
    const job = { databases: ['Alt `Archiv" 1', 'left_out'], extraDumpArguments };
    expect(await Program.run(options(source, 'partly', 'backup', job))).toMatchObject({ exit: 'success' });
    const [manifest] = await bucket.manifests('partly');
    expect(counts(manifest!)).toEqual(new Map([['left_out.t', 0]]));
    expect((await bucket.download(manifest!.objects[0]!)).toString('utf8')).not.toContain('INSERT INTO');
  });
}
