import * as fs from 'node:fs';
import * as path from 'node:path';
import { casesOn, describeOn } from '../servers/versions';
import { Program } from '../support/program';
import { PostgresqlCase } from './postgresql-support';

jest.setTimeout(120_000);

const PAGE = 8192;

describeOn(casesOn('postgresql'), 'what a dump cannot read, on %s', (version) => {
  let given: PostgresqlCase;
  beforeAll(async () => (given = await PostgresqlCase.start(version, { autovacuum: 'off' })));
  afterAll(() => given?.stop());

  /** Cuts the file of a table to a number of pages. The server has no page of it in memory, as after a restart. */
  async function cut(database: string, table: string, pages: number): Promise<void> {
    const file = await given.server.exec(`CHECKPOINT; SELECT pg_relation_filepath('${table}')`, database);
    fs.truncateSync(path.join(given.server.directory, 'data', file.trim()), pages * PAGE);
  }
  const rows = "SELECT i, repeat('x', 500) AS filler FROM generate_series(1, 200) i";
  const make = async (database: string, sql: string) => {
    await given.server.exec(`CREATE DATABASE ${database}`);
    await given.server.exec(sql, database);
  };
  const damaged = (object: string) => ({ exit: 'dumpFailed', reason: { kind: 'table-damaged', object } });

  test.each([
    ['Px82 a table whose file is cut to nothing fails the run, by its index', 'nothing', 0, 'ANALYZE t'],
    ['Px82 so does one of which all pages are known to be visible', 'visible', 0, 'VACUUM ANALYZE t'],
    ['Px83 a table whose file is cut in the middle fails the run', 'middle', 5, 'ANALYZE t'],
    ['Px83 so does one of which all pages are known to be visible', 'shorter', 5, 'VACUUM ANALYZE t'],
  ])('%s', async (_, database, pages, analyze) => {
    await make(database, `CREATE TABLE t AS ${rows}; ALTER TABLE t ADD PRIMARY KEY (i); ${analyze}`);
    await cut(database, 't', pages);
    const result = await Program.run(given.run(database));
    expect(result).toMatchObject(damaged('public.t'));
    expect(result.failure).toMatch(
      /^table public\.t in database \w+ is damaged: its file ends before rows that its index has \(.+\): bring it back from an older backup; if .+, run REINDEX TABLE public\.t$/,
    );
    await given.server.exec('REINDEX TABLE t; ANALYZE t', database);
    expect(await Program.run(given.run(database))).toMatchObject({ exit: 'success', failure: '' });
  });

  test('Px84 a table without an index whose file is cut to nothing is noted', async () => {
    await make('heap', `CREATE TABLE t AS ${rows}; ANALYZE t`);
    await cut('heap', 't', 0);
    expect(await Program.run(given.run('heap'))).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await given.fixture.bucket.manifests('heap');
    expect(manifest!.notes).toContainEqual({ kind: 'emptied-tables', database: 'heap', objects: ['public.t'] });
  });

  test('Px85 tables that were emptied or shortened by right are neither refused nor noted', async () => {
    const tables = ['truncated', 'deleted', 'vacuumed', 'shortened', 'rewritten', 'crashed', 'fresh'];
    await make(
      'well',
      `${tables.map((table) => `CREATE ${table === 'crashed' ? 'UNLOGGED' : ''} TABLE ${table} AS ${rows}; ALTER TABLE ${table} ADD PRIMARY KEY (i);`).join('\n')}
       CREATE TABLE plain AS ${rows}; ANALYZE; TRUNCATE truncated, plain; DELETE FROM deleted; DELETE FROM vacuumed;
       DELETE FROM shortened WHERE i > 20; DELETE FROM rewritten WHERE i > 20; VACUUM FULL rewritten`,
    );
    // As a restore with statistics leaves them, or a crash within VACUUM.
    await given.server.exec(
      "UPDATE pg_class SET relpages = 1000, reltuples = 1000 WHERE relname IN ('fresh', 'truncated')",
      'well',
    );
    for (const table of ['vacuumed', 'shortened']) await given.server.exec(`VACUUM ${table}`, 'well');
    expect(await Program.run(given.run('well'))).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await given.fixture.bucket.manifests('well');
    expect((manifest!.notes ?? []).filter(({ kind }) => kind === 'emptied-tables')).toEqual([]);
  });

  test('Px86 a row of more than 512 MiB of bytea fails the run by the name of its table, with the way out', async () => {
    const half = "convert_to(repeat('a', 270000000), 'UTF8')";
    await make('long', `CREATE TABLE fine (i int); CREATE TABLE t AS SELECT ${half} AS a, ${half} AS b`);
    const result = await Program.run(given.run('long'));
    expect(result).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'row-too-long', object: 'public.t' } });
    expect(result.failure).toMatch(
      /^pg_dump exited with 1: .+ \(a row of public\.t is longer than 1 GiB as text, .+ leave the table out by --exclude-table=public\.t\)$/s,
    );
    const without = { extraDumpArguments: ['--exclude-table=public.t'] };
    expect(await Program.run(given.run('long', without))).toMatchObject({ exit: 'success', failure: '' });
  });
});
