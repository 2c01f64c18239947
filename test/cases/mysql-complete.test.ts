import { Program } from '../support/program';
import { describeOn, versionsOf } from '../servers/versions';
import { MysqlSource } from './mysql-source';

jest.setTimeout(180_000);

describeOn(versionsOf('mysql', 'mariadb'), 'a backup of %s is complete, or refused', (version) => {
  let source: MysqlSource;
  beforeAll(async () => (source = await MysqlSource.start(version)));
  afterAll(() => source?.stop());

  test('M07 functions that views call: the preflight knows, and names the GRANT', async () => {
    await source.server
      .exec(`CREATE DATABASE zz; CREATE FUNCTION zz.f() RETURNS INT DETERMINISTIC RETURN 7; CREATE TABLE zz.t (a INT);
      CREATE DATABASE aa; CREATE VIEW aa.v AS SELECT zz.f() AS x, a FROM zz.t;`);
    const options = await source.given('aa');
    if (!source.isMysql) {
      const { exit, failure, reason } = await Program.run(options);
      const statement = `GRANT EXECUTE ON FUNCTION \`zz\`.\`f\` TO '${options.username}'@'%';`;
      expect({ exit, failure }).toEqual({
        exit: 'privileges',
        failure: expect.stringMatching(/lacks privileges .*\(EXECUTE on FUNCTION zz\.f\)/) as string,
      });
      expect(reason).toMatchObject({ kind: 'privileges-missing', statements: [statement] });
      await source.server.exec(statement);
    }
    await source.dump(options);
  });

  test('M17 a broken view is named, with both ways out', async () => {
    await source.server.exec(
      'CREATE DATABASE bv; CREATE TABLE bv.u (a INT); CREATE VIEW bv.v AS SELECT * FROM bv.u; DROP TABLE bv.u; CREATE TABLE bv.kept (a INT)',
    );
    const { exit, failure, reason } = await Program.run(await source.given('bv'));
    expect({ exit, failure }).toEqual({
      exit: 'dumpFailed',
      failure: expect.stringMatching(
        /^view bv\.v cannot be read, at which the dump tool stops: .*Repair or drop it, or leave out each by --ignore-table=bv\.v$/,
      ) as string,
    });
    expect(reason).toMatchObject({ kind: 'view-broken', object: 'bv.v' });
    const { text } = await source.dump(await source.given('bv', { extraDumpArguments: ['--ignore-table=bv.v'] }));
    expect(text).toContain('CREATE TABLE `kept`');
  });

  test('Mx20 a view whose definer was dropped is named before the dump, or dumped', async () => {
    await source.server
      .exec(`CREATE DATABASE gone; CREATE TABLE gone.t (a INT); CREATE USER leaver@'%'; GRANT ALL ON gone.* TO leaver@'%';
      CREATE DEFINER=leaver@'%' VIEW gone.v AS SELECT a FROM gone.t; DROP USER leaver@'%'`);
    const { exit, reason } = await Program.run(await source.given('gone'));
    if (exit === 'success') return;
    expect({ exit, reason }).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'view-broken', object: 'gone.v' } });
  });

  test('Mx21 text of routines, comments and rows that looks like SQL of the dump is told from it', async () => {
    await source.server.exec(`CREATE DATABASE forge; USE forge;
CREATE TABLE t (a INT, b TEXT) COMMENT='x\\nCREATE VIEW \`v9\` AS\\nDELIMITER ;;';
INSERT INTO t VALUES (1, 'a\\nUSE \`mysql\`;\\nDELIMITER ;;\\n'), (2, ';\\n/*!50003 CREATE*/');
CREATE TABLE \`two
lines\` (\`b
\` INT, c INT AS (1)); INSERT INTO \`two
lines\` (\`b
\`) VALUES (1);
DELIMITER //
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN -- don't
  /* it's */ SET NEW.b = '
DELIMITER ;
USE \`zz\`;
CREATE DEFINER=\`root\`@\`localhost\` PROCEDURE \`forged\`()
DELIMITER ;;
'; END//
CREATE PROCEDURE p() COMMENT 'it''s' BEGIN SELECT '\\'
DELIMITER ;
', "it's"; END//
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO BEGIN SELECT 1; # don't
END//
DELIMITER ;
CREATE FUNCTION last_one() RETURNS INT DETERMINISTIC RETURN 1;`);
    const { text } = await source.dump(await source.given('forge'));
    await source.restore('forge', text);
    expect(
      await source.server.exec("SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'forge'"),
    ).toBe('2');
    await source.server.exec('DROP DATABASE forge');
  });

  test('Mx22 a definition whose characters end in a backslash is refused: no client could load it', async () => {
    const connection = await source.server.connect();
    await connection.query('CREATE DATABASE sj');
    await connection.query('CREATE PROCEDURE sj.fine() SELECT 1');
    await connection.query({ sql: 'SET NAMES sjis' });
    await connection.query("CREATE PROCEDURE sj.p() BEGIN SELECT '\\u8868'; SELECT 2; END".replace('\\u8868', 'X'));
    await connection.end();
    await source.dump(await source.given('sj'));
  });

  test('Mx23 what a tool leaves out that the server has is named, and fails the run', async () => {
    await source.server
      .exec(`CREATE DATABASE whole; USE whole; CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t;
      CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;
      CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1`);
    const { text } = await source.dump(await source.given('whole'));
    for (const part of [/TRIGGER `?tr/, /EVENT `e`/, /FUNCTION `f`/, /VIEW `v` AS/]) expect(text).toMatch(part);
    const ignoring = { extraDumpArguments: ['--ignore-table=whole.v', '--ignore-table=whole.t'] };
    await source.dump(await source.given('whole', ignoring));
  });

  test('Mx24 privileges that a role has, which is not active from login on: the statement is SET DEFAULT ROLE', async () => {
    await source.server
      .exec(`CREATE DATABASE roles; CREATE TABLE roles.t (a INT); CREATE ROLE dumper; CREATE ROLE other;
      ${source.grants('roles', 'dumper').replaceAll("@'%'", source.isMysql ? "@'%'" : '')}`);
    const options = await source.given(
      'roles',
      {},
      (user) => `GRANT dumper TO ${user}@'%'; GRANT other TO ${user}@'%'; GRANT SELECT ON roles.* TO ${user}@'%'`,
    );
    const { exit, reason } = await Program.run(options);
    const account = `'${options.username}'@'%'`;
    const statement = source.isMysql
      ? `SET DEFAULT ROLE ALL TO ${account};`
      : `SET DEFAULT ROLE \`dumper\` FOR ${account};`;
    expect({ exit, reason }).toMatchObject({
      exit: 'privileges',
      reason: { kind: 'privileges-missing', statements: [statement] },
    });
    await source.server.exec(statement);
    await source.dump(options);
  });
});
