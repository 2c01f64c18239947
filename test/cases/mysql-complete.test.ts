import { createConnection } from 'mysql2/promise';
import { Program } from '../support/program';
import { casesOn, describeOn } from '../servers/versions';
import { MysqlSource } from './mysql-source';

jest.setTimeout(180_000);

describeOn(casesOn('mysql', 'mariadb'), 'a backup of %s is complete, or refused', (version) => {
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
c\` INT, c INT AS (1)); INSERT INTO \`two
lines\` (\`b
c\`) VALUES (1);
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
    const routines = "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'forge'";
    expect((await source.server.exec(routines)).trim()).toBe('2');
    await source.server.exec('DROP DATABASE forge');
  });

  test('Mx22 a definition whose characters end in a backslash is refused: no client could load it', async () => {
    const { socket: socketPath, rootUser: user, rootPassword: password } = source.server;
    const connection = await createConnection({ socketPath, user, password, charset: 'SJIS_JAPANESE_CI' });
    await connection.query('CREATE DATABASE sj');
    await connection.query("CREATE PROCEDURE sj.fine() SELECT '日'");
    await source.dump(await source.given('sj'));
    await connection.query("CREATE PROCEDURE sj.p() BEGIN SELECT '表'; SELECT 2; END");
    await connection.end();
    const { exit, failure, reason } = await Program.run(await source.given('sj'));
    const sentence = expect.stringMatching(/cannot be loaded: .* of sj\.p has no end/) as string;
    expect({ exit, failure }).toEqual({ exit: 'dumpFailed', failure: sentence });
    expect(reason).toMatchObject({ kind: 'dump-incomplete', object: 'sj.p' });
  });

  test('M08 a session that does not get utf8mb4: the tool sets it by itself, or the run is refused', async () => {
    await source.server.exec(
      "CREATE DATABASE ic; CREATE TABLE ic.`größe` (`name` VARCHAR(30)); INSERT INTO ic.`größe` VALUES ('Käse €')",
    );
    const options = await source.given('ic');
    await source.server.exec("SET GLOBAL init_connect = 'SET NAMES latin1'");
    try {
      if (!source.isMysql) {
        const { exit, failure, reason } = await Program.run(options);
        const sentence = expect.stringMatching(
          /^the server begins sessions with character_set_client=latin1/,
        ) as string;
        expect({ exit, failure }).toEqual({ exit: 'configuration', failure: sentence });
        expect(reason).toMatchObject({ kind: 'session-settings' });
        await source.server.exec(reason!.statements![0]!);
      }
      const { text } = await source.dump(options);
      expect(text).toMatch(/INSERT INTO `größe` VALUES\s\('Käse €'\);/);
      const [manifest] = await source.fixture.bucket.manifests(options.job.source);
      expect(manifest!.tables).toEqual([{ database: 'ic', name: 'größe', rows: 1 }]);
    } finally {
      await source.server.exec("SET GLOBAL init_connect = ''");
    }
  });

  test('Mx25 init_connect and global settings that change a session change no dump', async () => {
    await source.server
      .exec(`CREATE DATABASE seth; USE seth; CREATE TABLE \`order\` (a TIMESTAMP, b CHAR(5)); INSERT INTO \`order\` VALUES ('2026-01-01 00:00:00', 'it''s');
      CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1; CREATE VIEW v AS SELECT b FROM \`order\``);
    const plain = await source.dump(await source.given('seth'));
    const options = await source.given('seth');
    await source.server.exec(`SET GLOBAL sql_quote_show_create = 0; SET GLOBAL lc_messages = 'de_DE';
      SET GLOBAL init_connect = "SET autocommit = 0, sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH', time_zone = '+05:00', sql_quote_show_create = 0"`);
    try {
      const { text } = await source.dump(options);
      // Names that need quotes keep them.
      const comparable = (sql: string) => sql.replace(/^-- Dump completed.*$/m, '').replaceAll('`', '');
      expect(comparable(text)).toBe(comparable(plain.text));
    } finally {
      const undone = ["init_connect = ''", 'sql_quote_show_create = 1', "lc_messages = 'en_US'"];
      await source.server.exec(undone.map((setting) => `SET GLOBAL ${setting};`).join(' '));
    }
  });

  test('Mx35 an event with two semicolons in a row is refused by name: the dump tools would search for ever', async () => {
    await source.server.exec("CREATE DATABASE semi; CREATE EVENT semi.e ON SCHEDULE EVERY 1 DAY DO SET @a = 'x;;y'");
    const { exit, reason } = await Program.run(await source.given('semi'));
    expect({ exit, reason }).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'endless-event', object: 'semi.e' } });
    await source.server.exec("ALTER EVENT semi.e DO SET @a = 'x; ;y'");
    expect(await Program.run(await source.given('semi'))).toMatchObject({ exit: 'success' });
  });

  test('Mx34 sql_select_limit loses no rows: the tool undoes it, or the run is refused', async () => {
    await source.server.exec('CREATE DATABASE few; CREATE TABLE few.t (a INT); INSERT INTO few.t VALUES (1), (2), (3)');
    const options = await source.given('few');
    await source.server.exec('SET GLOBAL sql_select_limit = 2');
    try {
      if (source.isMysql) {
        expect((await source.dump(options)).text).toContain('VALUES (1),(2),(3);');
      } else {
        const { exit, failure } = await Program.run(options);
        const sentence = expect.stringMatching(/^the server begins sessions with sql_select_limit=2/) as string;
        expect({ exit, failure }).toEqual({ exit: 'configuration', failure: sentence });
      }
    } finally {
      await source.server.exec('SET GLOBAL sql_select_limit = DEFAULT');
    }
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
