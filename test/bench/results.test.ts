import type { Run } from '../../bench/results';
import { median, report, requirements, summarise } from '../../bench/results';
import { rowChunks, statementsBefore, TABLES } from '../../bench/rows';

const MIB = 1024 * 1024;
const base = { unit: 'GB', cpuSeconds: 1, peakTreeBytes: 190 * MIB, bytesOut: 1e8, title: 'a pipe' } as const;

/** Runs of one engine and size: seconds of the program's three, and of the other two pipelines. */
function runs(
  engine: Run['engine'],
  size: number,
  seconds: { program: readonly number[]; everyday: number; raw: number },
  peakMiB = 150,
): Run[] {
  const own = { ...base, engine, size, peakProcessBytes: peakMiB * MIB };
  return [
    ...seconds.program.map((value) => ({ ...own, pipeline: 'program' as const, seconds: value })),
    { ...own, pipeline: 'everyday', seconds: seconds.everyday },
    { ...own, pipeline: 'raw', seconds: seconds.raw },
  ];
}
const ofTables = (seconds: Parameters<typeof runs>[2]) =>
  runs('mysql', 5000, seconds).map((run): Run => ({ ...run, unit: 'tables' }));
const missed = (all: readonly Run[]) => requirements(summarise(all)).filter(({ met }) => !met);

test.each([
  [[3], 3],
  [[9, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test('a summary has the median of the times, and the greatest memory', () => {
  const [first, second] = runs('mariadb', 1, { program: [10, 30], everyday: 40, raw: 10 });
  const summary = summarise([first!, { ...second!, peakProcessBytes: 170 * MIB }])[0];
  expect(summary).toMatchObject({ runs: 2, seconds: 20, peakProcessBytes: 170 * MIB, programSpeedup: 1 });
});

test('the limits themselves are met', () => {
  const mariadb = [
    ...runs('mariadb', 1, { program: [10, 10, 99], everyday: 20, raw: 9 }, 180),
    ...runs('mariadb', 4, { program: [40], everyday: 80, raw: 36 }, 198),
  ];
  expect(missed(mariadb)).toEqual([]);
  expect(missed(runs('postgresql', 1, { program: [10], everyday: 40, raw: 9 }, 200))).toEqual([]);
  expect(missed(runs('mysql', 1, { program: [10], everyday: 20, raw: 9 }))).toEqual([]);
  expect(missed(ofTables({ program: [105], everyday: 1, raw: 100 }))).toEqual([]);
});

test.each<[string, Run[]]>([
  ["mariadb, 1 GB: share of the raw pipe's throughput", runs('mariadb', 1, { program: [10], everyday: 20, raw: 8.9 })],
  [
    'mariadb, 1 GB: share of the throughput without encryption',
    [
      ...runs('mariadb', 1, { program: [10], everyday: 20, raw: 9 }),
      { ...base, engine: 'mariadb', size: 1, peakProcessBytes: MIB, pipeline: 'encrypted', seconds: 12.6 },
    ],
  ],
  ['mariadb, 1 GB: times the everyday pipe', runs('mariadb', 1, { program: [10], everyday: 19.9, raw: 9 })],
  ['mysql, 1 GB: times the everyday pipe', runs('mysql', 1, { program: [10], everyday: 19.9, raw: 9 })],
  ['mysql, 5000 tables: times the seconds of the raw pipe', ofTables({ program: [106], everyday: 400, raw: 100 })],
  ['postgresql, 1 GB: times the everyday pipe', runs('postgresql', 1, { program: [10], everyday: 39.9, raw: 9 })],
  [
    'postgresql, 1 GB: peak memory of the program, MiB',
    runs('postgresql', 1, { program: [10], everyday: 40, raw: 9 }, 201),
  ],
  [
    'mariadb: peak memory, 4 GB to 1 GB',
    [
      ...runs('mariadb', 1, { program: [10], everyday: 20, raw: 9 }, 100),
      ...runs('mariadb', 4, { program: [10], everyday: 20, raw: 9 }, 111),
    ],
  ],
])('missed alone: %s', (what, all) => {
  expect(missed(all)).toMatchObject([{ what }]);
  expect(report(summarise(all), requirements(summarise(all)))).toContain('MISSED');
});

test('so many small tables, each with its rows', () => {
  const statements = statementsBefore({ size: 2, unit: 'tables' });
  expect(statements.map((statement) => statement.split(' ').slice(0, 3).join(' '))).toEqual([
    ...['CREATE TABLE small_0', 'INSERT INTO small_0', 'CREATE TABLE small_1', 'INSERT INTO small_1'],
  ]);
});

test.each(TABLES)('rows of $name are the same in every run, and fit the columns', (table) => {
  const generate = () => Buffer.concat([...rowChunks(table, 2_000_000)]).toString('utf8');
  const text = generate();
  expect(generate()).toBe(text);
  expect(Buffer.byteLength(text)).toBeGreaterThanOrEqual(2_000_000);
  const columns = table.columns.split(/,(?![0-9])/).length;
  const rows = text.trimEnd().split('\n');
  expect(rows.filter((row) => row.split('\t').length !== columns)).toEqual([]);
  expect(new Set(rows.map((row) => row.split('\t')[0])).size).toBe(rows.length);
});
