import { once } from 'node:events';
import * as net from 'node:net';
import { casesOn, describeOn, engineOf } from '../servers/versions';
import { Program } from '../support/program';
import { MysqlSource, PASSWORD } from './mysql-source';

jest.setTimeout(120_000);

describeOn(casesOn('mysql', 'mariadb'), 'rows elsewhere, on %s', (version) => {
  const isMysql = engineOf(version) === 'mysql';
  let source: MysqlSource;
  beforeAll(async () => {
    source = await MysqlSource.start(version, { extra: isMysql ? ['--federated'] : [] });
    if (!isMysql) await source.server.exec("INSTALL SONAME 'ha_federatedx'");
    await source.server.exec(`CREATE USER far@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON there.* TO far@'%';
      CREATE DATABASE there; CREATE TABLE there.t (a INT); INSERT INTO there.t VALUES (1), (2)`);
  });
  afterAll(() => source?.stop());

  const federated = (port: number) =>
    `CREATE TABLE t (a INT) ENGINE=FEDERATED CONNECTION='mysql://far:${PASSWORD}@127.0.0.1:${port}/there/t'`;

  test('Mx99 a FEDERATED table does not make the backup read rows of another server', async () => {
    await source.server.exec(`CREATE DATABASE here; USE here; ${federated(source.server.port)}`);
    await source.server.exec("SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = ON");
    const { result, text } = await source.dump(await source.given('here'));
    await source.server.exec('SET GLOBAL general_log = OFF');
    expect(text).toMatch(/ENGINE=FEDERATED/);
    expect(text).not.toContain('INSERT INTO `t`');
    expect(result.log).toContainEqual(
      expect.objectContaining({ event: 'note', note: { kind: 'rows-elsewhere', objects: ['here.t'] } }),
    );
    const asked = await source.server.exec(
      "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE user_host LIKE 'far%' AND command_type = 'Query'",
    );
    const questions = asked.split('\n').filter((line) => line !== '');
    // What the engine itself asks for: the state of the table, and in MariaDB its columns.
    expect(
      questions.filter((question) => !/^(SET |set |SHOW TABLE STATUS|SELECT .* WHERE 1=0)/.test(question)),
    ).toEqual([]);
  });

  if (isMysql)
    test('Mx89 a FEDERATED table whose server is silent makes the backup wait, and fails nothing', async () => {
      // Longer than a read lock may last.
      const silent = net.createServer((socket) => void setTimeout(() => socket.destroy(), 5000)).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      await source.server.exec(
        `CREATE DATABASE far; USE far; ${federated((silent.address() as net.AddressInfo).port)}; CREATE TABLE z (a INT)`,
      );
      const options = await source.given('far');
      expect(await Program.run(options)).toMatchObject({ exit: 'success', failure: '' });
      const [manifest] = await source.fixture.bucket.manifests(options.job.source);
      expect(manifest!.tables).toEqual([expect.objectContaining({ database: 'far', name: 'z' })]);
      silent.close();
    });
});
