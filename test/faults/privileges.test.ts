import type { MysqlFamilyServer } from '../servers/mysql-family';
import { PostgresqlServer } from '../servers/postgresql';
import { startServer } from '../servers/start';
import type { Version } from '../servers/versions';
import { casesOn, describeOn, versionsOf } from '../servers/versions';
import { serverJob } from '../support/job';
import type { ProgramOptions } from '../support/program';
import { Program } from '../support/program';
import { Fixture } from './fixture';

jest.setTimeout(300_000);

const PASSWORD = 'not-so-secret';

/** The statements that a sentence tells the administrator to run. */
const advice = (failure: string): string => /Run (?:in it )?as an administrator: (.+;)$/.exec(failure)?.[1] ?? '';

describe('a missing privilege', () => {
  let fixture: Fixture;
  beforeAll(async () => (fixture = await Fixture.start()));
  afterAll(() => fixture?.stop());

  /** The run fails, names the statement, and succeeds once that statement, and no other, was run. */
  async function expectGrantMends(
    given: ProgramOptions,
    statement: string,
    run: (sql: string) => Promise<unknown>,
    fact = /(?:)/,
  ): Promise<void> {
    const result = await Program.run(given);
    expect(result.failure).toMatch(fact);
    await fixture.expectFailure(
      result,
      given.job.source,
      'privileges',
      /lacks privileges that a complete dump .*needs|may not connect to/,
      {
        kind: 'privileges-missing',
        account: expect.stringMatching(`^${given.username}(@%)?$`) as string,
        statements: expect.any(Array) as string[],
      },
    );
    expect(advice(result.failure)).toBe(statement);
    expect(result.reason!.statements!.join(' ')).toBe(statement);
    await run(statement);
    await fixture.expectNextRunSucceeds(given);
  }

  describeOn(versionsOf('mysql', 'mariadb'), 'of %s', (version) => {
    let server: MysqlFamilyServer;
    beforeAll(async () => {
      server = (await startServer(version)) as MysqlFamilyServer;
      await server.exec(`CREATE DATABASE \`my_shop\`; USE my_shop; CREATE TABLE a (i INT); CREATE TABLE b (i INT); CREATE VIEW v AS SELECT * FROM a;
        CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.i = 1; CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;
        CREATE FUNCTION f() RETURNS INT RETURN 1;`);
    });
    afterAll(() => server?.stop());

    const place = (user: string): string => `${version.replace('.', '-')}-${user}`;
    const ALL = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT', 'LOCK TABLES'];
    const DATABASE = '`my\\_shop`.*';
    /** What shows the text of routines, and what the sentence proposes for it. */
    const ROUTINES = {
      'mysql-9.7': ['SHOW_ROUTINE ON *.*'],
      'mariadb-11.8': ['SELECT ON mysql.proc', `SHOW CREATE ROUTINE ON ${DATABASE}`],
    };
    const [PROC, proposed = PROC] = (ROUTINES as Partial<Record<Version, string[]>>)[version] ?? [
      'SELECT ON mysql.proc',
    ];

    const cases: [user: string, privileges: string, on: string, more: string | undefined, missing: string][] = [
      ['trigger', ALL.filter((name) => name !== 'TRIGGER').join(', '), DATABASE, PROC, `TRIGGER ON ${DATABASE}`],
      ['event', ALL.filter((name) => name !== 'EVENT').join(', '), DATABASE, PROC, `EVENT ON ${DATABASE}`],
      ['view', ALL.filter((name) => name !== 'SHOW VIEW').join(', '), DATABASE, PROC, `SHOW VIEW ON ${DATABASE}`],
      ['routines', ALL.join(', '), DATABASE, undefined, proposed!],
      ['routines-execute', [...ALL, 'EXECUTE'].join(', '), DATABASE, undefined, proposed!],
      ['tables', 'SELECT', 'my_shop.a', PROC, `SELECT, SHOW VIEW, TRIGGER, EVENT ON ${DATABASE}`],
      ['column', 'SELECT (i)', 'my_shop.a', PROC, `SELECT, SHOW VIEW, TRIGGER, EVENT ON ${DATABASE}`],
    ];
    /** Of an older version, in a usual run, what it words in its own way. */
    const chosen = casesOn('mysql', 'mariadb').includes(version)
      ? cases
      : cases.filter(([user]) => user.startsWith('routines'));
    test.each(chosen)(
      '(%s) is named, and mended by what the sentence says',
      async (user, privileges, on, more, missing) => {
        const grants = [`${privileges} ON ${on}`, ...(more === undefined ? [] : [more])];
        await server.exec(
          `CREATE USER '${user}'@'%' IDENTIFIED BY '${PASSWORD}'; ${grants.map((grant) => `GRANT ${grant} TO '${user}'@'%';`).join(' ')}`,
        );
        const given = {
          job: serverJob(server, fixture.place(place(user)), { databases: ['my_shop'] }),
          ...{ aws: fixture.emulator.environment, username: user, password: PASSWORD, image: version },
        };
        await expectGrantMends(given, `GRANT ${missing} TO '${user}'@'%';`, (sql) => server.exec(sql));
        const [manifest] = await fixture.bucket.manifests(place(user));
        const text = (await fixture.bucket.download(manifest!.objects[0]!)).toString('utf8');
        for (const thing of ['TRIGGER t', 'EVENT e', 'FUNCTION f', 'VIEW v', 'CREATE TABLE b'])
          expect(text.replaceAll('`', '')).toContain(thing);
      },
    );
  });

  describeOn(casesOn('postgresql'), 'of %s', (version) => {
    let server: PostgresqlServer;
    beforeAll(async () => {
      server = await PostgresqlServer.start({ version });
      for (const name of ['tables', 'schema', 'sequence', 'rls', 'lo', 'many', 'connect']) {
        await server.exec(`CREATE DATABASE "${name}"; CREATE ROLE "${name}-user" LOGIN PASSWORD '${PASSWORD}'`);
        await server.exec(
          `CREATE TABLE a (i int); CREATE TABLE b (i int); CREATE SCHEMA s2; CREATE TABLE s2.c (i int); CREATE SEQUENCE q`,
          name,
        );
      }
      await server.exec(
        'GRANT SELECT ON a TO "tables-user"; GRANT USAGE ON SCHEMA s2 TO "tables-user"; GRANT SELECT ON q, s2.c TO "tables-user"',
        'tables',
      );
      await server.exec(
        'GRANT SELECT ON ALL TABLES IN SCHEMA public, s2 TO "schema-user"; GRANT SELECT ON q TO "schema-user"',
        'schema',
      );
      await server.exec(
        'GRANT USAGE ON SCHEMA s2 TO "sequence-user"; GRANT SELECT ON a, b, s2.c TO "sequence-user"',
        'sequence',
      );
      await server.exec(
        'GRANT pg_read_all_data TO "rls-user", "lo-user", "many-user", "connect-user"; REVOKE CONNECT ON DATABASE connect FROM PUBLIC',
      );
      await server.exec('ALTER TABLE a ENABLE ROW LEVEL SECURITY', 'rls');
      await server.exec('SELECT lo_create(4242), lo_create(4243)', 'lo');
      await server.exec('SELECT lo_create(n) FROM generate_series(5001, 5007) n', 'many');
    });
    afterAll(() => server?.stop());

    test.each([
      ['tables', 'GRANT pg_read_all_data TO "tables-user";', /\(SELECT on public\.b\)/],
      ['schema', 'GRANT pg_read_all_data TO "schema-user";', /\(SELECT on s2\.c\)/],
      ['sequence', 'GRANT pg_read_all_data TO "sequence-user";', /\(SELECT on public\.q\)/],
      ['rls', 'ALTER ROLE "rls-user" BYPASSRLS;', /\(BYPASSRLS for public\.a\)/],
      ['lo', 'GRANT SELECT ON LARGE OBJECT 4242, 4243 TO "lo-user";', /\(SELECT on large objects 4242, 4243\)/],
      [
        'many',
        `DO $$ DECLARE o oid; BEGIN FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO "many-user"', o); END LOOP; END $$;`,
        /\(SELECT on large objects 5001, 5002, 5003, 5004, 5005 and 2 more\)/,
      ],
      ['connect', 'GRANT CONNECT ON DATABASE connect TO "connect-user";', /may not connect to connect/],
    ])('(%s) is named, and mended by what the sentence says', async (name, statement, fact) => {
      const given = {
        job: serverJob(server, fixture.place(`${version}-${name}`), { databases: [name] }),
        ...{ aws: fixture.emulator.environment, username: `${name}-user`, password: PASSWORD, image: version },
      };
      await expectGrantMends(given, statement, (sql) => server.exec(sql, name), fact);
    });
  });
});
