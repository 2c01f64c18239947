import { setTimeout as sleep } from 'node:timers/promises';
import { casesOn, describeOn } from '../servers/versions';
import { Program } from '../support/program';
import { PostgresqlCase, pgDumpThat } from './postgresql-support';

jest.setTimeout(120_000);

/** A function that hands out the hashes of all passwords, if the backup's role runs it; it undoes a read-only session first. */
const LOOT = `CREATE SCHEMA mine; CREATE TABLE mine.loot (who text, hash text);
  GRANT USAGE ON SCHEMA mine TO PUBLIC; GRANT INSERT ON mine.loot TO PUBLIC;
  CREATE FUNCTION mine.take() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN
    PERFORM pg_catalog.set_config('default_transaction_read_only', 'off', false);
    PERFORM pg_catalog.set_config('proven.taken', current_user, false);
    RAISE WARNING 'code of the tenant runs as %', current_user;
    INSERT INTO mine.loot SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolpassword IS NOT NULL;
  RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 0; END $f$;`;
const planted = (name: string, type: string): string =>
  `CREATE FUNCTION mine.${name}(${type}) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN
     PERFORM mine.take(); RETURN pg_catalog.${name}($1); END $f$;`;

const ALWAYS = `${LOOT} CREATE FUNCTION mine.always(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $f$ BEGIN
    PERFORM mine.take(); RETURN true; END $f$;`;

describeOn(casesOn('postgresql'), 'an owner of a database on %s', (version) => {
  let given: PostgresqlCase;
  beforeAll(async () => (given = await PostgresqlCase.start(version)));
  afterAll(() => given?.stop());

  /** A complete backup of the database, in which no code of the tenant ran. */
  async function expectInnocent(database: string, rows: number): Promise<void> {
    const result = await Program.run(given.run(database));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(result.output).not.toContain('code of the tenant');
    expect(await given.server.exec('SELECT count(*) FROM mine.loot', database)).toBe('0\n');
    const [manifest] = await given.fixture.bucket.manifests(database);
    expect(manifest!.tables).toContainEqual({ database, schema: 'mine', name: 't', rows });
  }

  test('P13 cannot make the sessions of a backup call functions of his own', async () => {
    await given.tenantDatabase(
      'planted',
      `${LOOT} ${planted('quote_ident', 'name')} ${planted('quote_ident', 'text')} ${planted('current_setting', 'text')}
       CREATE FUNCTION mine.equal(name, name) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN
         PERFORM mine.take(); RETURN $1 OPERATOR(pg_catalog.=) $2; END $f$;
       CREATE OPERATOR mine.= (FUNCTION = mine.equal, LEFTARG = name, RIGHTARG = name);
       CREATE FUNCTION mine.equal(oid, oid) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN
         PERFORM mine.take(); RETURN $1 OPERATOR(pg_catalog.=) $2; END $f$;
       CREATE OPERATOR mine.= (FUNCTION = mine.equal, LEFTARG = oid, RIGHTARG = oid);
       CREATE VIEW mine.pg_class AS SELECT c.*, mine.take() FROM pg_catalog.pg_class c;
       CREATE TABLE mine.t AS SELECT generate_series(1, 3) AS i;
       TRUNCATE mine.loot; ALTER DATABASE planted SET search_path = mine, pg_catalog`,
    );
    await expectInnocent('planted', 3);
  });

  test.each([
    ['Px01', 'a partial index', 'CREATE INDEX ON mine.t (i) WHERE mine.always(1)'],
    ['Px02', 'an index on an expression', 'CREATE INDEX ON mine.t (mine.always(1))'],
    ['Px03', 'statistics on an expression', 'CREATE STATISTICS mine.s ON (mine.always(1)), i FROM mine.t'],
    [
      'Px04',
      'an operator in a partial index',
      `CREATE OPERATOR mine.! (FUNCTION = mine.always, RIGHTARG = int);
       CREATE INDEX ON mine.t (i) WHERE (OPERATOR(mine.!) 1)`,
    ],
  ])('%s cannot make the planner run his code: %s', async (id, _, sql) => {
    const database = id.toLowerCase();
    await given.tenantDatabase(
      database,
      `${ALWAYS} CREATE TABLE mine.t AS SELECT generate_series(1, 4711) AS i; ${sql}; TRUNCATE mine.loot`,
    );
    await expectInnocent(database, 4711);
  });

  test('Px67 cannot make the planner run his CHECK constraints when a sample is taken', async () => {
    await given.tenantDatabase(
      'px67',
      `${ALWAYS} CREATE TABLE mine.t (i bigint PRIMARY KEY, j text, CHECK (mine.always(1)));
       ALTER TABLE mine.t ALTER j SET STORAGE EXTERNAL;
       INSERT INTO mine.t SELECT i, repeat('x', 10000000) FROM generate_series(1, 20) i; TRUNCATE mine.loot;
       ALTER DATABASE px67 SET constraint_exclusion = on`,
    );
    await expectInnocent('px67', 20);
  });

  test('Px68 cannot make the planner run code that he adds between the count and the sample', async () => {
    await given.tenantDatabase(
      'px68',
      `${ALWAYS} CREATE TABLE mine.t (i bigint PRIMARY KEY, j text); ALTER TABLE mine.t ALTER j SET STORAGE EXTERNAL;
       INSERT INTO mine.t SELECT i, repeat('x', 10000000) FROM generate_series(1, 20) i`,
    );
    const run = Program.start({ ...given.run('px68'), toolsDirectory: pgDumpThat(version, '&& sleep 4') });
    // The digest of a large table waits for the end of the tool: its session is silent.
    const silent = `SELECT 1 FROM pg_stat_activity WHERE usename = 'backup' AND state = 'idle in transaction'
      AND query LIKE 'ROLLBACK TO%' AND state_change < clock_timestamp() - interval '500 ms'`;
    for (let tries = 0; (await given.server.exec(silent)) === ''; tries++) {
      if (tries === 300) throw new Error('no digest is waited for');
      await sleep(100);
    }
    await given.as('tenant', 'CREATE INDEX ON mine.t (i) WHERE mine.always(1); TRUNCATE mine.loot', 'px68');
    const result = await run.result();
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(result.output).not.toContain('code of the tenant');
  });
});
