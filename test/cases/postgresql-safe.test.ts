import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { POSTGRESQL_NOTE_ADVICE } from '../../engines/postgresql/note-advice';
import { casesOn, describeOn } from '../servers/versions';
import type { ProgramResult } from '../support/program';
import { Program } from '../support/program';
import { PostgresqlCase } from './postgresql-support';

jest.setTimeout(240_000);

const notes = ({ log }: ProgramResult, kind: string) =>
  log.filter(({ event, note }) => event === 'note' && (note as { kind: string }).kind === kind);

describeOn(casesOn('postgresql'), 'what is no failure on %s', (version) => {
  let given: PostgresqlCase;
  beforeAll(async () => (given = await PostgresqlCase.start(version)));
  afterAll(() => given?.stop());

  test('P01 a database without an actual collation version is dumped, and told', async () => {
    await given.server.exec("CREATE DATABASE musl TEMPLATE template0 LOCALE 'C'");
    await given.server.exec("UPDATE pg_database SET datcollversion = '2.36' WHERE datname = 'musl'");
    const result = await Program.run(given.run('musl'));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(notes(result, 'server-warning')).toMatchObject([
      { message: expect.stringContaining('database "musl" has no actual collation version') },
    ]);
  });

  test('Px90 memberships of roles that were dropped are no failure, and noted', async () => {
    await given.server.exec('CREATE DATABASE leftover');
    await given.server.exec(
      `CREATE ROLE club; CREATE ROLE member; GRANT club TO member, backup;
       UPDATE pg_auth_members SET grantor = 99999 WHERE member = 'backup'::regrole AND roleid = 'club'::regrole;
       DELETE FROM pg_authid WHERE rolname = 'member'`,
    );
    const result = await Program.run(given.run('leftover'));
    await given.server.exec(POSTGRESQL_NOTE_ADVICE['orphaned-grants'].steps({ kind: 'orphaned-grants' })[0]!.run!);
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(notes(result, 'orphaned-grants')).toMatchObject([
      { note: { objects: expect.arrayContaining([expect.stringMatching(/missing role with OID|orphaned/)]) } },
    ]);
    const cured = await Program.run(given.run('leftover'));
    expect(cured).toMatchObject({ exit: 'success', failure: '' });
    expect(notes(cured, 'orphaned-grants')).toEqual([]);
  });

  test('P03 tables of an extension whose foreign keys form a circle are dumped, and noted', async () => {
    await given.server.exec('CREATE DATABASE circle');
    // As CREATE EXTENSION would do it, without files on the server.
    await given.server.exec(
      `CREATE TABLE hyper (id int PRIMARY KEY, newest int); CREATE TABLE chunk (id int PRIMARY KEY, hyper int REFERENCES hyper (id));
       ALTER TABLE hyper ADD FOREIGN KEY (newest) REFERENCES chunk (id);
       INSERT INTO pg_extension VALUES (99999, 'ring', 10, 2200, true, '1', '{hyper,chunk}'::regclass[]::oid[], '{"",""}');
       INSERT INTO pg_depend SELECT 'pg_class'::regclass, c, 0, 'pg_extension'::regclass, 99999, 0, 'e'
         FROM unnest('{hyper,chunk}'::regclass[]) c`,
      'circle',
    );
    const result = await Program.run(given.run('circle'));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(notes(result, 'circular-keys')).toMatchObject([
      { note: { database: 'circle', objects: ['chunk', 'hyper'] } },
    ]);
  });

  test('P12 names that are bytes, in a database without an encoding, are counted and told', async () => {
    await given.server.exec("CREATE DATABASE legacy TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
    await given.server.exec(
      `DO $$ BEGIN EXECUTE format('CREATE TABLE %I (a text)', 'caf' || chr(233)); END $$;
       CREATE TABLE "größe" (a text); INSERT INTO "größe" VALUES ('1'), ('2')`,
      'legacy',
    );
    const result = await Program.run(given.run('legacy'));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await given.fixture.bucket.manifests('legacy');
    expect(manifest!.tables).toEqual([
      { database: 'legacy', schema: 'public', name: 'caf\\xe9', rows: 0 },
      { database: 'legacy', schema: 'public', name: 'größe', rows: 2 },
    ]);
  });

  test('Px20 names in EUC_JP and LATIN1 are those of the manifest', async () => {
    for (const [database, encoding, name] of [
      ['kana', 'EUC_JP', 'テスト'],
      ['latin', 'LATIN1', 'größe'],
    ] as const) {
      await given.server.exec(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`);
      await given.server.exec(
        `SET client_encoding = utf8; CREATE TABLE "${name}" AS SELECT generate_series(1, 3) AS i;
         CREATE FUNCTION yes(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true'; CREATE INDEX ON "${name}" (i) WHERE yes(1)`,
        database,
      );
      expect(await Program.run(given.run(database))).toMatchObject({ exit: 'success', failure: '' });
      const [manifest] = await given.fixture.bucket.manifests(database);
      expect(manifest!.tables).toEqual([{ database, schema: 'public', name, rows: 3 }]);
    }
  });

  test('Px81 a table that is excluded is neither locked nor counted', async () => {
    await given.server.exec('CREATE DATABASE partly');
    await given.server.exec('CREATE TABLE busy (i int); CREATE TABLE "Kept" AS SELECT 1 AS i', 'partly');
    const client = await given.server.connect('partly');
    await client.query('BEGIN; LOCK TABLE busy');
    const started = Date.now();
    const result = await Program.run(given.run('partly', { extraDumpArguments: ['--exclude-table=public.b*'] }));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    // Who waits for the lock gives up after 60 s.
    expect(Date.now() - started).toBeLessThan(50_000);
    await client.end();
    const [manifest] = await given.fixture.bucket.manifests('partly');
    expect(manifest!.tables).toEqual([{ database: 'partly', schema: 'public', name: 'Kept', rows: 1 }]);
  });

  test('Px16 a table that cannot be counted ends the run at once, with the reason and its name', async () => {
    await given.server.exec("CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
    await given.server.exec(
      `CREATE FUNCTION yes(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true';
       DO $$ BEGIN EXECUTE format('CREATE TABLE %I (a int)', chr(233)); EXECUTE format('CREATE INDEX ON %I (yes(1))', chr(233)); END $$`,
      'bytes',
    );
    expect(await Program.run(given.run('bytes'))).toMatchObject({
      exit: 'dumpFailed',
      failure: expect.stringMatching(/^could not count the rows of public\.\\xe9 in database bytes: an index has code/),
      reason: { kind: 'count-failed', object: 'public.\\xe9' },
    });
  });
});

describeOn(casesOn('postgresql'), 'locks and sessions on %s', (version) => {
  let given: PostgresqlCase;
  let patient: { readonly results: Promise<ProgramResult[]> };
  beforeAll(async () => {
    given = await PostgresqlCase.start(version, { max_prepared_transactions: '2' });
    patient = await beginToWait();
  });
  afterAll(() => given?.stop());

  /** Databases in which somebody keeps a lock. */
  const LOCKED = ['held', 'prepared', 'sequence'];
  /** Begins a run of each by a role of its own. They wait for a minute, while the other tests go on. */
  async function beginToWait(): Promise<typeof patient> {
    const { password } = given.run('held');
    await given.server.exec(`CREATE ROLE patient LOGIN PASSWORD '${password}' BYPASSRLS IN ROLE backup`);
    for (const name of LOCKED) await given.tenantDatabase(name, 'CREATE TABLE t AS SELECT 1 AS i; CREATE SEQUENCE s');
    const [held, dropped] = [await given.server.connect('held'), await given.server.connect('sequence')];
    await held.query("SET application_name = 'migration'; BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    await dropped.query('BEGIN; DROP SEQUENCE s');
    await given.server.exec("BEGIN; ALTER TABLE t ADD COLUMN j int; PREPARE TRANSACTION 'forgotten'", 'prepared');
    const runs = LOCKED.map((database) => Program.run({ ...given.run(database), username: 'patient' }));
    return { results: Promise.all(runs).finally(() => Promise.all([held.end(), dropped.end()])) };
  }

  async function expectNoSessions(role: string): Promise<void> {
    const count = () => given.server.exec(`SELECT count(*) FROM pg_stat_activity WHERE usename = '${role}'`);
    for (let tries = 0; tries < 300 && (await count()) !== '0\n'; tries++) await sleep(100);
    expect(await count()).toBe('0\n');
  }

  test('Px19 beside a slow dump nobody who reads or writes waits, and no session of ours keeps dead rows', async () => {
    await given.tenantDatabase(
      'busy',
      `CREATE TABLE a AS SELECT i, repeat('x', 200) FROM generate_series(1, 500000) i; CREATE TABLE z AS SELECT 1 AS i`,
    );
    const run = Program.start(given.run('busy'));
    const client = await given.server.connect('busy');
    const activity = `SELECT pid, query, backend_xmin FROM pg_stat_activity WHERE usename = 'backup'`;
    while ((await client.query(`${activity} AND query LIKE 'COPY %'`)).rowCount === 0) await sleep(20);
    const tool = fs.readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && isToolOf(run.pid, pid, 'pg_dump'))!;
    process.kill(Number(tool), 'SIGSTOP');
    try {
      await sleep(3000);
      // The session that takes digests ends with the dump.
      const holding = async () =>
        (await client.query<{ query: string; backend_xmin: unknown }>(activity)).rows
          .filter(({ backend_xmin: xmin }) => xmin !== null)
          .map(({ query }) => /COPY|alone/.exec(query)?.[0])
          .sort();
      for (let tries = 0; tries < 300 && String(await holding()) !== 'COPY,alone'; tries++) await sleep(100);
      expect(await holding()).toEqual(['COPY', 'alone']);
      // Who waits for longer fails.
      await client.query("SET lock_timeout = '500ms'");
      await client
        .query('ALTER TABLE z ADD COLUMN j int')
        .catch(({ code }: { code: string }) => expect(code).toBe('55P03'));
      await client.query('INSERT INTO z VALUES (2); UPDATE a SET i = 0 WHERE i = 1');
      await client.query('SELECT count(*) FROM z');
      await client.query('CREATE INDEX ON z (i); CREATE TABLE fresh (i int)');
    } finally {
      process.kill(Number(tool), 'SIGCONT');
      await client.end();
    }
    expect(await run.result()).toMatchObject({ exit: 'success', failure: '' });
  });

  test('Px18 after a run that was stopped while it waited no session of the backup stays', async () => {
    await given.tenantDatabase('stopped', 'CREATE TABLE t AS SELECT 1 AS i; CREATE TABLE u AS SELECT 1 AS i');
    const holder = await given.server.connect('stopped');
    await holder.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
    const run = Program.start(given.run('stopped'));
    // Only pg_dump waits: what is counted, it has locked.
    const sql =
      "SELECT count(*) FROM pg_stat_activity WHERE usename = 'backup' AND wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'";
    for (let tries = 0; (await given.server.exec(sql)) === '0\n'; tries++) {
      if (tries === 200) throw new Error(await given.server.exec('SELECT * FROM pg_stat_activity'));
      await sleep(100);
    }
    run.signal('SIGTERM');
    expect(await run.result()).toMatchObject({ exit: 'interrupted' });
    await expectNoSessions('backup');
    await holder.end();
  });

  test('P15 a lock that is held through the run is named, and its holder; no session stays', async () => {
    const results = await patient.results;
    await given.server.exec("ROLLBACK PREPARED 'forgotten'", 'prepared');
    const sentence = (object: string, database: string, holder: string) => ({
      exit: 'dumpFailed',
      failure: expect.stringMatching(
        `^${object} in database ${database} is locked by ${holder}: the dump waited for 60 s and gave up`,
      ),
      reason: { kind: 'table-locked', database, object: object.replaceAll('\\', '') },
    });
    expect(results[0]).toMatchObject(
      sentence('public\\.t', 'held', 'process \\d+ \\(role postgres, application migration\\)'),
    );
    expect(results[1]).toMatchObject(sentence('public\\.t', 'prepared', 'a prepared transaction'));
    expect(results[2]).toMatchObject(sentence('public\\.s', 'sequence', 'process \\d+ \\(role postgres[^)]*\\)'));
    await expectNoSessions('patient');
  });
});

function isToolOf(parent: number, pid: string, name: string): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.includes(`(${name})`) && stat.split(') ')[1]?.split(' ')[1] === String(parent);
  } catch {
    return false;
  }
}
