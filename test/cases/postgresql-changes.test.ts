import { setTimeout as sleep } from 'node:timers/promises';
import { countRows } from '../../engines/postgresql/row-counts';
import { setAll, SETTINGS } from '../../engines/postgresql/settings';
import { casesOn, describeOn } from '../servers/versions';
import { serverJob } from '../support/job';
import { Program } from '../support/program';
import { PostgresqlCase } from './postgresql-support';

jest.setTimeout(240_000);

describeOn(casesOn('postgresql'), 'a server that changes beside a dump: %s', (version) => {
  let given: PostgresqlCase;
  // Room for 1,000 locks, and a little more.
  beforeAll(async () => (given = await PostgresqlCase.start(version, { max_locks_per_transaction: '10' })));
  afterAll(() => given?.stop());

  test('Px87 tables with indexes are counted, whose locks are more than the server has room for', async () => {
    await given.tenantDatabase(
      'parts',
      `DO $$ BEGIN FOR i IN 1..600 LOOP
         EXECUTE format('CREATE TABLE t%s (a int PRIMARY KEY, b int UNIQUE, c int UNIQUE, d int UNIQUE, e int UNIQUE)', i);
         IF i % 50 = 0 THEN COMMIT; END IF; END LOOP; END $$;`,
    );
    const result = await Program.run(given.run('parts'));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(result.output).not.toContain('shared memory');
  });

  test.each([
    ['is truncated', 'TRUNCATE t', 'TRUNCATE or another statement has replaced its file since the snapshot'],
    ['is rewritten', 'ALTER TABLE t ALTER i TYPE bigint', 'TRUNCATE or another statement has replaced its file'],
    ['is dropped', 'DROP TABLE t', 'relation "public.t" does not exist'],
  ])(
    'Px88 a count is none of the snapshot if the table %s before it, and the run begins again',
    async (_, sql, said) => {
      const database = `changed_${sql.slice(0, 3).toLowerCase()}`;
      await given.tenantDatabase(database, 'CREATE TABLE s AS SELECT 1 AS i; CREATE TABLE t AS SELECT 1 AS i');
      const [counter, observer] = [await given.server.connect(database), await given.server.connect(database)];
      try {
        await counter.query(setAll(SETTINGS));
        await counter.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        await counter.query('SELECT');
        const { server } = serverJob(given.server, given.fixture.place(database));
        const count = () => countRows({ counter, observer }, database, server!, undefined);
        expect((await count()).map(({ table }) => table.rows)).toEqual([1, 1]);
        for (const harmless of [
          'INSERT INTO t VALUES (2)',
          'DELETE FROM t WHERE i = 1',
          'VACUUM t',
          'CREATE INDEX ON t (i)',
        ])
          await observer.query(harmless);
        expect((await count()).map(({ table }) => table.rows)).toEqual([1, 1]);
        await observer.query(sql);
        await expect(count()).rejects.toMatchObject({
          message: expect.stringContaining(`could not count the rows of public.t in database ${database}: ${said}`),
          reason: { kind: 'table-changed', database, object: 'public.t' },
          passing: true,
        });
      } finally {
        await Promise.all([counter.end(), observer.end()]);
      }
    },
  );

  test.each([
    ['all databases', undefined, 'success', ''],
    ['databases by name', ['early', 'late'], 'configuration', /^database "late" does not exist/],
  ] as const)('Px89 a database that is dropped before its turn: %s', async (_, databases, exit, failure) => {
    await given.server.exec('DROP DATABASE IF EXISTS early');
    await given.server.exec('CREATE DATABASE early');
    await given.server.exec('CREATE DATABASE late');
    await given.server.exec('CREATE TABLE t ()', 'early');
    const excludeDatabases = ['parts', 'planned', 'changed_tru', 'changed_alt', 'changed_dro', 'postgres'];
    const { job, ...run } = given.run('late', databases ? { databases } : { databases: undefined, excludeDatabases });
    const holder = await given.server.connect('early');
    await holder.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
    const started = Program.start({ job, ...run });
    const waits = "SELECT FROM pg_stat_activity WHERE usename = 'backup' AND query LIKE 'LOCK TABLE%'";
    for (let tries = 0; tries < 600 && (await holder.query(waits)).rowCount === 0; tries++) {
      await sleep(50);
      await holder.query('SELECT pg_stat_clear_snapshot()');
    }
    await given.server.exec('DROP DATABASE late');
    await holder.end();
    const result = await started.result();
    expect(result).toMatchObject({ exit, failure: failure && expect.stringMatching(failure) });
    expect(result.log).toContainEqual(
      expect.objectContaining({
        event: 'retry',
        message: expect.stringMatching(/^the backup is tried once more: .*database "late" does not exist/),
      }),
    );
  });
});
