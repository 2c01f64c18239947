import { Program } from '../support/program';
import type { Version } from '../servers/versions';
import { describeOn, newestOf } from '../servers/versions';
import { MysqlSource } from './mysql-source';

jest.setTimeout(180_000);

describeOn(newestOf('mysql'), 'what only %s has', (version) => {
  let source: MysqlSource;
  beforeAll(async () => (source = await MysqlSource.start(version)));
  afterAll(() => source?.stop());

  test('Mx26 columns with a masking policy are refused, unless their table is left out', async () => {
    await source.server.exec(
      'CREATE DATABASE mp; CREATE TABLE mp.m (a INT, secret VARCHAR(10) MASKING POLICY p); CREATE TABLE mp.t (a INT)',
    );
    const { exit, reason } = await Program.run(await source.given('mp'));
    const expected = { kind: 'masked-columns', object: 'mp.m.secret' };
    expect({ exit, reason }).toMatchObject({ exit: 'privileges', reason: expected });
    await source.dump(await source.given('mp', { extraDumpArguments: ['--ignore-table=mp.m'] }));
  });

  test('Mx27 partial_revokes: a GRANT is literal, and so is the one that is proposed', async () => {
    await source.server.exec(`SET GLOBAL partial_revokes = ON; CREATE DATABASE my_db; CREATE TABLE my_db.t (a INT);
      CREATE TRIGGER my_db.tr BEFORE INSERT ON my_db.t FOR EACH ROW SET NEW.a = 1`);
    const options = await source.given(
      'my_db',
      {},
      (user) =>
        `GRANT SELECT, SHOW VIEW, EVENT, LOCK TABLES, SHOW_ROUTINE ON *.* TO ${user}@'%'; GRANT TRIGGER ON \`my\\_db\`.* TO ${user}@'%'`,
    );
    const { exit, reason } = await Program.run(options);
    const statements = [`GRANT TRIGGER ON \`my_db\`.* TO '${options.username}'@'%';`];
    expect({ exit, reason }).toMatchObject({ exit: 'privileges', reason: { kind: 'privileges-missing', statements } });
    await source.server.exec(statements[0]!);
    expect((await source.dump(options)).text).toMatch(/TRIGGER `tr`/);
  });
});

const withOption = async (version: Version, option: string, check: (source: MysqlSource) => Promise<void>) => {
  const source = await MysqlSource.start(version, { extra: [option] });
  try {
    await source.server.exec('CREATE DATABASE d');
    await check(source);
  } finally {
    await source.stop();
  }
};

// MySQL creates no user in this state.
describeOn(['mariadb-10.11'], 'a server of %s that hides damage', (version) => {
  test('Mx28 is refused: innodb_force_recovery skips what is damaged', () =>
    withOption(version, '--innodb-force-recovery=1', async (source) => {
      const { exit, reason } = await Program.run(await source.given('d'));
      const expected = { kind: 'damage-hidden', object: 'innodb_force_recovery=1' };
      expect({ exit, reason }).toMatchObject({ exit: 'dumpFailed', reason: expected });
    }));
});

// MariaDB knows no such setting since 10.5.
describeOn(newestOf('mysql'), 'a server of %s that does not see damage', (version) => {
  test('Mx29 is noted: checksums are off', () =>
    withOption(version, '--innodb-checksum-algorithm=none', async (source) => {
      const { result } = await source.dump(await source.given('d'));
      const notes = result.log.filter(({ event }) => event === 'note').map(({ note }) => note);
      expect(notes).toContainEqual({ kind: 'damage-unchecked', objects: ['innodb_checksum_algorithm=none'] });
    }));
});
