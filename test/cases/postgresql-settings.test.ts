import type { Client } from 'pg';
import { casesOn, describeOn } from '../servers/versions';
import type { ProgramResult } from '../support/program';
import { Program } from '../support/program';
import { PostgresqlCase } from './postgresql-support';

jest.setTimeout(120_000);

describeOn(casesOn('postgresql'), 'settings of a database on %s', (version) => {
  let given: PostgresqlCase;
  const open: Client[] = [];
  beforeAll(async () => (given = await PostgresqlCase.start(version)));
  afterAll(async () => {
    await Promise.all(open.map((client) => client.end()));
    await given?.stop();
  });

  const notes = ({ log }: ProgramResult, kind: string) =>
    log.filter(({ event, note }) => event === 'note' && (note as { kind: string }).kind === kind);

  /** A run over a database of the tenant's with some settings, and its tables in the manifest. */
  async function runWith(database: string, settings: readonly string[], sql = '') {
    await given.tenantDatabase(database, `CREATE TABLE t AS SELECT 1 AS i; ${sql}`);
    for (const setting of settings) await given.server.exec(`ALTER DATABASE ${database} SET ${setting}`);
    const result = await Program.run(given.run(database));
    const [manifest] = await given.fixture.bucket.manifests(database);
    return { result, tables: manifest?.tables };
  }

  test('Px05 that limit the time of statements, locks and sessions end no backup', async () => {
    const limits = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout'];
    if (version !== 'postgresql-15') limits.push('transaction_timeout');
    const { result } = await runWith(
      'limits',
      limits.map((name) => `${name} = 5`),
      'INSERT INTO t SELECT generate_series(1, 300000)',
    );
    expect(result).toMatchObject({ exit: 'success', failure: '' });
  });

  test('Px06 that make the backup another role do not: it reads all rows', async () => {
    const { result, tables } = await runWith(
      'otherrole',
      ['role = pg_read_all_data'],
      'ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY',
    );
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(tables).toMatchObject([{ name: 't', rows: 1 }]);
  });

  test('Px07 that the backup may not have (a role) are told, and pass', async () => {
    const { result } = await runWith('deniedrole', ['role = tenant']);
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(notes(result, 'server-warning')).toMatchObject([
      { message: expect.stringContaining('permission denied to set role "tenant"') },
    ]);
  });

  test('Px08 a role that the administrators set for the role of the backup stays', async () => {
    await given.server.exec(`CREATE ROLE reader; GRANT pg_read_all_data TO reader; GRANT SELECT ON pg_authid TO reader;
      CREATE ROLE clerk LOGIN PASSWORD 'not-so-secret' NOINHERIT; GRANT reader TO clerk; ALTER ROLE clerk SET role = reader`);
    await given.tenantDatabase('byreader', 'CREATE TABLE t AS SELECT 1 AS i');
    const result = await Program.run({ ...given.run('byreader'), username: 'clerk' });
    expect(result).toMatchObject({ exit: 'success', failure: '' });
  });

  test('Px09 that make each transaction wait for those of others do not hold the backup up', async () => {
    const writer = await given.server.connect();
    open.push(writer);
    await writer.query('BEGIN ISOLATION LEVEL SERIALIZABLE; CREATE TABLE unfinished (i int)');
    const { result } = await runWith('deferred', [
      'default_transaction_isolation = serializable',
      'default_transaction_deferrable = on',
      'default_transaction_read_only = on',
    ]);
    await writer.query('ROLLBACK');
    expect(result).toMatchObject({ exit: 'success', failure: '' });
  });

  test('Px10 that send LOG and DEBUG lines to clients end no backup', async () => {
    const { result } = await runWith('talkative', ['client_min_messages = debug5', 'debug_print_parse = on']);
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(notes(result, 'server-warning')).toEqual([]);
  });

  test('Px11 another client_encoding: names and rows are dumped in the encoding of the database', async () => {
    const { result, tables } = await runWith(
      'latin',
      ['client_encoding = latin1'],
      `CREATE TABLE "größe" AS SELECT '日本' AS a`,
    );
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(tables).toMatchObject([{ name: 'größe', rows: 1 }, { name: 't' }]);
  });

  test('Px12 standard_conforming_strings = off: a schema pgstuff is one of the user', async () => {
    const { result, tables } = await runWith(
      'oldstrings',
      ['standard_conforming_strings = off'],
      'CREATE SCHEMA pgstuff; CREATE TABLE pgstuff.kept AS SELECT 1 AS i',
    );
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(tables).toContainEqual({ database: 'oldstrings', schema: 'pgstuff', name: 'kept', rows: 1 });
  });

  test('Px17 a search_path decides which table an argument without a schema means, as for pg_dump itself', async () => {
    await given.tenantDatabase(
      'patterns',
      `CREATE TABLE t (i int); CREATE SCHEMA app; CREATE TABLE app.t (i int); CREATE TABLE app.u (i int);
       ALTER DATABASE patterns SET search_path = app`,
    );
    const result = await Program.run(given.run('patterns', { extraDumpArguments: ['--exclude-table=t'] }));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await given.fixture.bucket.manifests('patterns');
    expect(manifest!.tables.map(({ schema, name }) => `${schema}.${name}`)).toEqual(['app.u', 'public.t']);
  });

  test('Px13 zero_damaged_pages, which hides damage, is refused', async () => {
    const { result } = await runWith('zeroed', ['zero_damaged_pages = on']);
    expect(result).toMatchObject({
      exit: 'dumpFailed',
      failure: expect.stringMatching(
        /^zero_damaged_pages is on in database zeroed: rows on damaged pages would be missing/,
      ),
      reason: { kind: 'damage-hidden', database: 'zeroed', object: 'zero_damaged_pages' },
    });
  });

  test('Px14 ignore_checksum_failure of the role alone is refused, too', async () => {
    await given.server.exec('ALTER ROLE backup SET ignore_checksum_failure = on');
    const { result } = await runWith('unchecked', []);
    await given.server.exec('ALTER ROLE backup RESET ignore_checksum_failure');
    expect(result.reason).toMatchObject({ kind: 'damage-hidden', object: 'ignore_checksum_failure' });
  });

  test('Px15 a server that would not notice damage is noted', async () => {
    const { result } = await runWith('unguarded', []);
    expect(result.exit).toBe('success');
    const checksums = version === 'postgresql-18' ? [] : ['data_checksums = off'];
    expect(notes(result, 'damage-unnoticed')).toMatchObject([
      { note: { objects: [...checksums, 'fsync = off', 'full_page_writes = off'] } },
    ]);
  });
});
