import { casesOn, describeOn } from '../servers/versions';
import { MysqlSource } from './mysql-source';

jest.setTimeout(120_000);

/** Places of an expression in a table, which a count or the SELECT of a dump tool may evaluate. */
const PLACES = {
  default: (f: string) => `(a INT, b INT DEFAULT (${f}))`,
  check: (f: string) => `(a INT, CHECK (${f} > 0))`,
  virtual: (f: string) => `(a INT, b INT AS (${f}) VIRTUAL)`,
  stored: (f: string) => `(a INT, b INT AS (${f}) STORED)`,
  index: (f: string) => `(a INT, b INT AS (${f}) VIRTUAL, KEY (b))`,
  functional: (f: string) => `(a INT, KEY ((${f})))`,
  partition: (f: string) => `(a INT) PARTITION BY HASH (${f})`,
};
const FUNCTIONS = ['owner.spy(1)', "GET_LOCK('x', 9)", "LENGTH(LOAD_FILE('/etc/hostname'))", 'SLEEP(9)'];

describeOn(casesOn('mysql', 'mariadb'), 'an owner of a database, on %s', (version) => {
  let source: MysqlSource;
  beforeAll(async () => (source = await MysqlSource.start(version)));
  afterAll(() => source?.stop());

  test('Mx59 an owner can put no function that does something into a table that the backup reads', async () => {
    await source.server.exec(`CREATE DATABASE owner; USE owner; CREATE TABLE seen (who VARCHAR(99));
      DELIMITER //
      CREATE FUNCTION spy(x INT) RETURNS INT DETERMINISTIC MODIFIES SQL DATA SQL SECURITY INVOKER
        BEGIN INSERT INTO owner.seen VALUES (CURRENT_USER()); RETURN x; END//
      DELIMITER ;`);
    const root = await source.server.connect('owner');
    const made: string[] = [];
    for (const [place, table] of Object.entries(PLACES))
      for (const call of FUNCTIONS)
        await root.query(`CREATE TABLE t${made.length} ${table(call)}`).then(
          () => made.push(`${place} ${call}`),
          () => undefined,
        );
    // The server refuses each of them: nothing of this can be reached by a count or a dump.
    expect(made).toEqual([]);
    // MariaDB allows the next number of a sequence in a default, which only INSERT asks for.
    if (!source.isMysql) {
      await root.query('CREATE SEQUENCE numbers');
      await root.query('CREATE TABLE orders (a INT, id BIGINT DEFAULT (NEXTVAL(numbers)))');
      await root.query('INSERT INTO orders (a) VALUES (1), (2)');
    }
    await source.dump(await source.given('owner'));
    expect(await source.server.exec('SELECT * FROM owner.seen')).toBe('');
    if (!source.isMysql) expect(await source.server.exec('SELECT NEXTVAL(owner.numbers)')).toBe('3\n');
    await root.end();
  });
});
