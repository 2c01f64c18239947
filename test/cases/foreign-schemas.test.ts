import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { differences } from '../compare/fingerprint';
import { fingerprintPostgresql } from '../compare/postgresql';
import { fingerprintSqlite } from '../compare/sqlite';
import { Emulator } from '../emulator/emulator';
import { foreignSchemas } from '../schemas/foreign/foreign';
import type { MariadbServer } from '../servers/mariadb';
import type { MysqlServer } from '../servers/mysql';
import { PostgresqlServer } from '../servers/postgresql';
import { startServer } from '../servers/start';
import { casesOn, describeOn, engineOf, rootOf } from '../servers/versions';
import { inRoot } from '../support/in-root';
import { serverJob, sqliteJob } from '../support/job';
import { run, temporaryDirectory, unprivileged } from '../support/processes';
import { Reader } from '../support/reader';

jest.setTimeout(300_000);

const USER = { username: 'backup', password: 'secret' };

/** The server's own dump, as one text for each table, routine and the like, without what differs between two servers. */
async function ownDump(
  server: MysqlServer | MariadbServer,
  databases: readonly string[],
): Promise<Record<string, string>> {
  const isMysql = engineOf(server.version) === 'mysql';
  const tool = isMysql
    ? ['/usr/bin/mysqldump', '--skip-masking-policies', '--set-gtid-purged=OFF']
    : ['/usr/bin/mariadb-dump'];
  const [command, ...own] = tool;
  const args = [
    `--socket=${server.socket}`,
    '--user=root',
    '--routines',
    '--events',
    '--hex-blob',
    '--order-by-primary',
  ];
  const options = ['--no-defaults', ...own, ...args, '--skip-dump-date', '--databases', ...databases];
  const root = rootOf(server.version);
  const text = await run(...inRoot(root, unprivileged('mysql', root), [command!, ...options]), {
    env: { ...process.env, MYSQL_PWD: server.rootPassword },
  });
  // MySQL names the character set of a column or not, depending on how it was said first.
  const normal = text.replaceAll(/ CHARACTER SET \w+(?= COLLATE)/g, '');
  return Object.fromEntries(normal.split(/\n--\n(?=-- )/).map((part) => [part.split('\n')[0]!, part]));
}

describe('schemas that nobody here wrote come back by the documented commands', () => {
  let emulator: Emulator;
  const readers: Reader[] = [];
  beforeAll(async () => void (emulator = await Emulator.start()));
  afterAll(async () => {
    await emulator?.stop();
    readers.forEach((reader) => reader.leave());
  });

  describeOn(casesOn('mysql', 'mariadb'), 'on %s', (version) => {
    const servers: (MysqlServer | MariadbServer)[] = [];
    afterAll(() => Promise.all(servers.map((server) => server.stop())));

    test('Zabbix, Kea, Icinga, Roundcube and PowerDNS', async () => {
      for (let count = 0; count < 2; count++) servers.push((await startServer(version)) as MysqlServer);
      const [source, target] = servers as [MysqlServer, MysqlServer];
      const schemas = foreignSchemas('mysql');
      for (const [name, script] of schemas) {
        await source.exec(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
        await source.exec(script, { database: name });
      }
      await source.exec(`CREATE USER backup@'%' IDENTIFIED BY 'secret';
        GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON *.* TO backup@'%'`);
      const how = { ...USER, image: version };
      const { bucket } = await Reader.backUp(
        emulator,
        version.replace('.', '-'),
        (place) => serverJob(source, place),
        how,
      );
      const reader = new Reader(emulator, bucket, target);
      readers.push(reader);
      await reader.fetch();
      expect(await reader.restore()).toBe('');
      const before = await ownDump(source, [...schemas.keys()]);
      expect(Object.keys(before).length).toBeGreaterThan(400);
      expect(differences(before, await ownDump(target, [...schemas.keys()]))).toEqual([]);
    });
  });

  describeOn(casesOn('postgresql'), 'on %s', (version) => {
    const servers: PostgresqlServer[] = [];
    afterAll(() => Promise.all(servers.map((server) => server.stop())));

    test('Zabbix, Kea, Icinga, Roundcube and PowerDNS', async () => {
      for (let count = 0; count < 2; count++) servers.push(await PostgresqlServer.start({ version }));
      const [source, target] = servers as [PostgresqlServer, PostgresqlServer];
      await source.exec(`CREATE DATABASE shop; CREATE ROLE backup LOGIN PASSWORD 'secret' BYPASSRLS;
        GRANT pg_read_all_data TO backup`);
      for (const [name, script] of foreignSchemas('postgresql'))
        await source.exec(`CREATE SCHEMA ${name}; SET search_path = ${name};\n${script}`, 'shop');
      const how = { ...USER, image: version };
      const job = (place: Parameters<typeof serverJob>[1]) => serverJob(source, place, { databases: ['shop'] });
      const { bucket } = await Reader.backUp(emulator, version, job, how);
      const reader = new Reader(emulator, bucket, target);
      readers.push(reader);
      await reader.fetch();
      expect(await reader.restore()).not.toMatch(/error/i);
      const before = await fingerprintPostgresql(source, ['shop']);
      expect(Object.keys(before).length).toBeGreaterThan(1000);
      expect(differences(before, await fingerprintPostgresql(target, ['shop']))).toEqual([]);
    });
  });

  test.each([...foreignSchemas('sqlite')])('on SQLite: %s', async (name, script) => {
    const data = temporaryDirectory('foreign');
    const file = path.join(data, 'shop.db');
    const source = new DatabaseSync(file);
    source.exec(script);
    const { bucket } = await Reader.backUp(emulator, `sqlite-${name}`, (place) => sqliteJob(file, place));
    const before = fingerprintSqlite(source);
    source.close();
    const reader = new Reader(emulator, bucket);
    readers.push(reader);
    await reader.fetch();
    await reader.typePage('SQLite', { DATA: data });
    const copy = new DatabaseSync(file);
    expect(differences(before, fingerprintSqlite(copy))).toEqual([]);
    copy.close();
  });
});
