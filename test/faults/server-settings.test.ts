import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Note } from '../../catalog/contract/note';
import type { ServerJob } from '../../catalog/contract/task';
import type { MysqlFamilyServer } from '../servers/mysql-family';
import { PostgresqlServer, postgresqlBinaries } from '../servers/postgresql';
import { startServer } from '../servers/start';
import { casesOn, describeOn, engineOf } from '../servers/versions';
import { sequence } from '../schemas/mysql-family';
import { serverJob } from '../support/job';
import type { ProgramOptions } from '../support/program';
import { Program } from '../support/program';
import { Fixture } from './fixture';

jest.setTimeout(300_000);

const PASSWORD = 'not-so-secret';

const FAMILY = ['mysql', 'mariadb'] as const;

describeOn(casesOn(...FAMILY), 'a server of %s', (version) => {
  const isMariadb = engineOf(version) === 'mariadb';
  /** What shows the text of routines. */
  const routines = isMariadb ? 'SELECT ON mysql.proc' : 'SHOW_ROUTINE ON *.*';
  const onMariadb = isMariadb ? test : undefined;
  const onMysql = isMariadb ? undefined : test;
  let fixture: Fixture;
  let server: MysqlFamilyServer;
  beforeAll(async () => {
    fixture = await Fixture.start();
    server = (await startServer(version)) as MysqlFamilyServer;
    await server.exec(`CREATE DATABASE app_prod; USE app_prod; CREATE TABLE t (i INT);
      INSERT INTO t ${sequence(version, 1_500_000)};
      CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.i = 1;
      CREATE DATABASE tmp; CREATE TABLE tmp.kept (i INT); INSERT INTO tmp.kept VALUES (1);`);
  });
  afterAll(async () => {
    await server?.stop();
    await fixture?.stop();
  });

  async function given(user: string, grants: string, overrides: Partial<ServerJob> = {}): Promise<ProgramOptions> {
    await server.exec(`CREATE USER ${user}@'%' IDENTIFIED BY '${PASSWORD}'; ${grants}`);
    return {
      job: serverJob(server, fixture.place(user), overrides),
      ...{ aws: fixture.emulator.environment, username: user, password: PASSWORD, image: version },
    };
  }

  test('whose sessions quote otherwise and end long statements is dumped all the same', async () => {
    const options = await given(
      'modes',
      `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON app_prod.* TO modes@'%'; GRANT ${routines} TO modes@'%'`,
      { databases: ['app_prod'] },
    );
    await server.exec(
      "SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; SET GLOBAL sql_quote_show_create = 0; SET GLOBAL " +
        (isMariadb ? 'max_statement_time = 0.05' : 'max_execution_time = 50'),
    );
    try {
      await fixture.expectNextRunSucceeds(options);
    } finally {
      await server.exec(
        `SET GLOBAL sql_mode = DEFAULT; SET GLOBAL sql_quote_show_create = 1; SET GLOBAL ${isMariadb ? 'max_statement_time' : 'max_execution_time'} = 0`,
      );
    }
    expect((await fixture.bucket.manifests('modes'))[0]!.tables).toEqual([
      { database: 'app_prod', name: 't', rows: 1_500_000 },
    ]);
  });

  test('gives a database called tmp to the backup: only on RDS it is none of the user', async () => {
    const options = await given('everything', "GRANT ALL ON *.* TO everything@'%'");
    await fixture.expectNextRunSucceeds(options);
    const [manifest] = await fixture.bucket.manifests('everything');
    expect(manifest!.tables).toContainEqual({ database: 'tmp', name: 'kept', rows: 1 });
  });

  onMysql?.('grants by default roles, and by roles of roles', async () => {
    const options = await given(
      'rolled',
      `CREATE ROLE readers, dumpers; GRANT readers TO dumpers; GRANT dumpers TO rolled@'%'; SET DEFAULT ROLE dumpers TO rolled@'%';
       GRANT SELECT, SHOW VIEW ON app_prod.* TO readers; GRANT SHOW_ROUTINE ON *.* TO readers; GRANT TRIGGER, EVENT ON *.* TO dumpers;`,
      { databases: ['app_prod'] },
    );
    await fixture.expectNextRunSucceeds(options);
    const [manifest] = await fixture.bucket.manifests('rolled');
    expect((await fixture.bucket.download(manifest!.objects[0]!)).toString('utf8')).toMatch(/TRIGGER `?tr`? BEFORE/);
  });

  onMariadb?.('grants by default roles, and to all', async () => {
    const options = await given(
      'rolled',
      `CREATE ROLE readers; CREATE ROLE dumpers; GRANT readers TO dumpers; GRANT dumpers TO rolled@'%'; SET DEFAULT ROLE dumpers FOR rolled@'%';
       GRANT SELECT ON app_prod.* TO readers; GRANT SELECT ON mysql.proc TO readers; GRANT SHOW VIEW ON app_prod.* TO dumpers;
       GRANT TRIGGER ON *.* TO dumpers; GRANT EVENT ON *.* TO PUBLIC;`,
      { databases: ['app_prod'] },
    );
    await fixture.expectNextRunSucceeds(options);
    const [manifest] = await fixture.bucket.manifests('rolled');
    expect((await fixture.bucket.download(manifest!.objects[0]!)).toString('utf8')).toContain('TRIGGER tr BEFORE');
    await server.exec('REVOKE EVENT ON *.* FROM PUBLIC');
  });

  onMariadb?.('shows the global grants of a role within a role, but does not heed them', async () => {
    const options = await given(
      'nested',
      `CREATE ROLE inner_one; CREATE ROLE outer_one; GRANT inner_one TO outer_one; GRANT outer_one TO nested@'%'; SET DEFAULT ROLE outer_one FOR nested@'%';
       GRANT SELECT, SHOW VIEW, EVENT ON app_prod.* TO nested@'%'; GRANT TRIGGER ON *.* TO inner_one; GRANT SELECT ON mysql.proc TO nested@'%'`,
      { databases: ['app_prod'] },
    );
    await fixture.expectFailure(
      await Program.run(options),
      'nested',
      'privileges',
      /lacks privileges that a complete dump needs \(TRIGGER\)/,
      { kind: 'privileges-missing', privileges: ['TRIGGER'] },
    );
  });

  onMariadb?.('heeds one of two grants that overlap: the trigger would be lost without a word', async () => {
    const options = await given(
      'overlap',
      `GRANT SELECT, SHOW VIEW, EVENT ON \`app_prod\`.* TO overlap@'%'; GRANT TRIGGER ON \`app%\`.* TO overlap@'%'; GRANT SELECT ON mysql.proc TO overlap@'%'`,
      { databases: ['app_prod'] },
    );
    await fixture.expectFailure(
      await Program.run(options),
      'overlap',
      'privileges',
      /lacks privileges that a complete dump needs \(TRIGGER\)/,
      { kind: 'privileges-missing', privileges: ['TRIGGER'] },
    );
  });
});

describeOn(casesOn('postgresql'), 'a server of %s', (version) => {
  let fixture: Fixture;
  let server: PostgresqlServer;
  beforeAll(async () => {
    fixture = await Fixture.start();
    server = await PostgresqlServer.start({ version });
    await server.exec(`CREATE ROLE backup LOGIN PASSWORD '${PASSWORD}' BYPASSRLS; GRANT pg_read_all_data TO backup;
      CREATE DATABASE shop TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US';`);
    await server.exec('CREATE TABLE t AS SELECT generate_series(1, 1500000) AS i', 'shop');
  });
  afterAll(async () => {
    await server?.stop();
    await fixture?.stop();
  });

  const given = (source: string, overrides: Partial<ServerJob> = {}): ProgramOptions => ({
    job: serverJob(server, fixture.place(source), overrides),
    ...{ aws: fixture.emulator.environment, username: 'backup', password: PASSWORD, image: version },
  });

  test('that ends long statements is dumped and counted all the same', async () => {
    await server.exec("ALTER ROLE backup SET statement_timeout = '50ms'");
    await fixture.expectNextRunSucceeds(given('limits', { databases: ['shop'] }));
    await server.exec('ALTER ROLE backup RESET statement_timeout');
    expect((await fixture.bucket.manifests('limits'))[0]!.tables).toEqual([
      { database: 'shop', schema: 'public', name: 't', rows: 1_500_000 },
    ]);
  });

  test('whose collations have changed is dumped, and its warning is passed on', async () => {
    await server.exec("UPDATE pg_database SET datcollversion = '1' WHERE datname = 'shop'");
    const result = await Program.run(given('collation', { databases: ['shop'] }));
    await server.exec('ALTER DATABASE shop REFRESH COLLATION VERSION');
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const notes = result.log.filter(({ event, note }) => event === 'note' && (note as Note).kind === 'server-warning');
    const warnings = notes.map(({ message }) => message);
    expect(warnings).toEqual([
      expect.stringMatching(/^the server warns: database "shop" has a collation version mismatch: Rebuild all objects/),
    ]);
  });

  test('with a database whose removal was interrupted is dumped without it', async () => {
    await server.exec("CREATE DATABASE torn; UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'torn'");
    await fixture.expectNextRunSucceeds(given('torn'));
    const [manifest] = await fixture.bucket.manifests('torn');
    expect(manifest!.objects.flatMap(({ databases }) => databases)).toEqual(['postgres', 'shop']);
  });

  test('whose pg_dump leaves out a table that nobody told it to leave out', async () => {
    const real = path.join(postgresqlBinaries(version), 'pg_dump');
    const toolsDirectory = fs.mkdtempSync(path.join(fixture.directory, 'tools-'));
    fs.chmodSync(toolsDirectory, 0o755);
    fs.writeFileSync(
      path.join(toolsDirectory, 'pg_dump'),
      `#!/bin/sh\n[ "$1" = --version ] && exec ${real} --version\nexec ${real} "$@" --exclude-table=public.t\n`,
      { mode: 0o755 },
    );
    const result = await Program.run({ ...given('left-out', { databases: ['shop'] }), toolsDirectory });
    expect(result).toMatchObject({
      exit: 'dumpFailed',
      failure:
        'pg_dump exited with 0, but left out objects of database shop that are in its snapshot (TABLE public.t): the dump was discarded',
    });
    expect(await fixture.bucket.manifests('left-out')).toEqual([]);
  });

  test('with subscriptions, which only a superuser can dump', async () => {
    const subscription =
      "CREATE SUBSCRIPTION s CONNECTION 'host=elsewhere.invalid' PUBLICATION p WITH (connect = false)";
    await server.exec(subscription, 'shop');
    await fixture.expectFailure(
      await Program.run(given('subscriptions', { databases: ['shop'] })),
      'subscriptions',
      'privileges',
      /^database shop has subscriptions, which only a superuser can dump: add --no-subscriptions to extraDumpArguments/,
      { kind: 'subscriptions', database: 'shop' },
    );
    await fixture.expectNextRunSucceeds(
      given('subscriptions', { databases: ['shop'], extraDumpArguments: ['--no-subscriptions'] }),
    );
  });
});
