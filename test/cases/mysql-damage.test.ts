import * as fs from 'node:fs';
import { MYSQL_ADVICE } from '../../engines/mysql/advice';
import { casesOn, describeOn, engineOf } from '../servers/versions';
import { Program } from '../support/program';
import { MysqlSource } from './mysql-source';

jest.setTimeout(120_000);

const ROWS = 1000;
const REPAIR =
  /its files are damaged: copy them, then run REPAIR TABLE (\w+\.t) \(MyISAM, Aria and ARCHIVE; it drops the rows that it cannot read\), or bring the table back from an older backup\)$/;

interface Damage {
  readonly title: string;
  readonly database: string;
  readonly engine: 'MyISAM' | 'Aria';
  readonly damage: (file: (suffix: string) => string) => void;
  /** The server's words. */
  readonly says: RegExp;
}

/** Writes over bytes of a file. */
function overwrite(file: string, at: number, bytes: Buffer): void {
  const handle = fs.openSync(file, 'r+');
  fs.writeSync(handle, bytes, 0, bytes.length, at);
  fs.closeSync(handle);
}

const halve = (file: string): void => fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2));

const DAMAGES: readonly Damage[] = [
  {
    title: 'Mx90 a MyISAM table whose rows are cut off, though its index has all of them,',
    ...{ database: 'cut_rows', engine: 'MyISAM', says: /\b1194\b/ },
    damage: (file) => halve(file('MYD')),
  },
  {
    title: 'Mx91 a MyISAM table whose index is cut off',
    ...{ database: 'cut_index', engine: 'MyISAM', says: /\(126\)/ },
    damage: (file) => fs.truncateSync(file('MYI'), 100),
  },
  {
    title: 'Mx92 an Aria table whose rows are cut off',
    ...{ database: 'cut_aria', engine: 'Aria', says: /Got error 175/ },
    damage: (file) => halve(file('MAD')),
  },
  {
    title: 'Mx93 an Aria table with a page of other bytes',
    ...{ database: 'page_aria', engine: 'Aria', says: /Got error 176/ },
    damage: (file) => overwrite(file('MAD'), 8192, Buffer.alloc(9000, 0xee)),
  },
  {
    title: 'Mx94 an Aria table whose index has another header',
    ...{ database: 'header_aria', engine: 'Aria', says: /\(130\)/ },
    damage: (file) => overwrite(file('MAI'), 0, Buffer.alloc(64, 0xee)),
  },
];

describeOn(casesOn('mysql', 'mariadb'), 'damaged files of %s', (version) => {
  let source: MysqlSource;
  beforeAll(async () => {
    // As servers without automatic repair, which MySQL has by itself.
    source = await MysqlSource.start(version, { extra: ['--myisam-recover-options=OFF'] });
  });
  afterAll(() => source?.stop());

  const make = (database: string, engine: string) =>
    source.server.exec(`CREATE DATABASE ${database}; USE ${database}; CREATE TABLE fine (a INT);
      CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(300)) ENGINE=${engine};
      INSERT INTO t WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${ROWS}) SELECT n, REPEAT('x', 300) FROM s;
      FLUSH TABLES`);

  const here = DAMAGES.filter(({ engine }) => engine === 'MyISAM' || engineOf(version) === 'mariadb');
  test.each(here)('$title fails by name, with the repair', async ({ database, engine, damage, says }) => {
    await make(database, engine);
    damage((suffix) => source.server.file(`${database}/t.${suffix}`));
    const options = await source.given(database);
    const result = await Program.run(options);
    expect(result).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'table-damaged', object: `${database}.t` } });
    expect(result.failure).toMatch(says);
    expect(REPAIR.exec(result.failure)?.[1]).toBe(`${database}.t`);
    const without = { extraDumpArguments: [`--ignore-table=${database}.t`] };
    expect(await Program.run(await source.given(database, without))).toMatchObject({ exit: 'success', failure: '' });
  });

  test('Mx95 a MyISAM table can be backed up once it is repaired, with the rows that are left', async () => {
    await make('repaired', 'MyISAM');
    halve(source.server.file('repaired/t.MYD'));
    const options = await source.given('repaired');
    expect(await Program.run(options)).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'table-damaged' } });
    await source.server.exec('REPAIR TABLE repaired.t');
    expect(await Program.run(options)).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await source.fixture.bucket.manifests(options.job.source);
    const { rows } = manifest!.tables.find(({ name }) => name === 't')!;
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(ROWS);
  });

  test('Mx97 a MyISAM table without its index is whole again after the repair of the email', async () => {
    await make('reindexed', 'MyISAM');
    fs.truncateSync(source.server.file('reindexed/t.MYI'), 100);
    const options = await source.given('reindexed');
    const { reason } = await Program.run(options);
    const steps = MYSQL_ADVICE.own['table-damaged'].steps(reason!);
    for (const { run = '' } of steps.filter(({ run = '' }) => run.startsWith('REPAIR'))) await source.server.exec(run);
    expect(await Program.run(options)).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await source.fixture.bucket.manifests(options.job.source);
    expect(manifest!.tables).toContainEqual({ database: 'reindexed', name: 't', rows: ROWS });
  });

  test('Mx96 a MyISAM table without its file is named', async () => {
    await make('gone', 'MyISAM');
    fs.rmSync(source.server.file('gone/t.MYD'));
    const result = await Program.run(await source.given('gone'));
    expect(result).toMatchObject({ exit: 'dumpFailed', reason: { kind: 'table-unreadable', object: 'gone.t' } });
    expect(result.failure).toMatch(/^could not read table gone\.t: .*--ignore-table=gone\.t\)$/);
  });
});
