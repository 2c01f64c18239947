import * as fc from 'fast-check';
import { DEFAULT_SIZE_BOUNDS } from '../../catalog/alarms';
import type { Manifest } from '../../catalog/manifest';
import type { BackupSize, SizeCheck } from '../../catalog/size-check';
import { HISTORY, SizeHistory, sizeOf } from '../../catalog/size-check';
import { exampleManifest } from './example-manifest';

const MB = 1_000_000;

const size = (changes: Partial<BackupSize> = {}): BackupSize => ({
  ...{ id: '2026-11-20T02-00-00Z', kind: 'mariadb dump', bytes: 48.1 * MB, rows: 100_000 },
  tables: new Map([['shop.orders', 100_000]]),
  ...changes,
});

/** @param earlier oldest first */
function check(newest: BackupSize, earlier: readonly BackupSize[], bounds = DEFAULT_SIZE_BOUNDS): SizeCheck {
  const history = new SizeHistory(newest);
  for (const one of [...earlier].reverse()) history.add(one);
  return history.check(bounds);
}

/** Backups of which only the bytes differ. */
const ofBytes = (bytes: readonly number[]): BackupSize[] => bytes.map((each) => size({ bytes: each }));
const checkBytes = (bytes: number, earlier: readonly number[]) => check(size({ bytes }), ofBytes(earlier));
const times = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);

/** What is said each night of a series, after its first 14. */
const nights = (bytes: readonly number[]): SizeCheck[] =>
  bytes.map((each, night) => checkBytes(each, bytes.slice(Math.max(0, night - HISTORY), night))).slice(HISTORY);
const strange = (checks: readonly SizeCheck[]) => checks.filter((each) => each.strange);

describe('size', () => {
  test.each<[string, number, number[], SizeCheck['strange']]>([
    ['the same', 48.1 * MB, times(14, 48.1 * MB), undefined],
    [
      'a quarter',
      12.4 * MB,
      times(14, 48.1 * MB),
      {
        cause: 'shrunk',
        sentence:
          '12.4 MB before compression, and the median of the 14 backups before is 48.1 MB (-74 %, 14.8 deviations)',
      },
    ],
    ['four fifths', 0.8 * 48 * MB, times(14, 48 * MB), undefined],
    ['a little less than that', 0.79 * 48 * MB, times(14, 48 * MB), expect.objectContaining({ cause: 'shrunk' })],
    ['half as much again', 1.5 * 48 * MB, times(14, 48 * MB), undefined],
    [
      'more than that',
      80 * MB,
      times(5, 48 * MB),
      {
        cause: 'grown',
        sentence:
          '80.0 MB before compression, and the median of the 5 backups before is 48.0 MB (+67 %, 13.3 deviations)',
      },
    ],
    ['with too little history', 1, times(4, 48 * MB), undefined],
    ['a small one, that is halved', 5000, times(14, 10_000), undefined],
    ['out of nothing', 2 * MB, times(14, 0), expect.objectContaining({ cause: 'grown' })],
    ['less, after much noise', 30 * MB, [40, 60, 45, 55, 50, 40, 60, 45, 55, 50].map((each) => each * MB), undefined],
    ['much less, after one failure', 12 * MB, [...times(12, 48 * MB), 12 * MB], expect.anything()],
    [
      'much less, as on two other days',
      12 * MB,
      [...times(6, 48 * MB), 12 * MB, ...times(6, 48 * MB), 12 * MB],
      undefined,
    ],
  ])('%s', (_, bytes, earlier, expected) => {
    expect(checkBytes(bytes, earlier).strange).toEqual(expected);
  });

  test('the deviation is signed, and that of rows if it is further', () => {
    expect(checkBytes(48 * MB, times(14, 48 * MB))).toEqual({ deviation: 0, usualBytes: 48 * MB });
    expect(checkBytes(24 * MB, times(14, 48 * MB)).deviation).toBeCloseTo(-10);
    const fewer = check(size({ rows: 40_000 }), times(14, size()));
    expect(fewer.deviation).toBeCloseTo(-12);
    expect(fewer.strange).toEqual({
      cause: 'shrunk',
      sentence: '40,000 rows, and the median of the 14 backups before is 100,000 rows (-60 %, 12.0 deviations)',
    });
  });

  test('what is not known of some backups is compared with those of which it is known', () => {
    const unknown = size({ rows: undefined });
    expect(check(size({ rows: 1 }), times(14, unknown))).toEqual({ deviation: 0, usualBytes: 48.1 * MB });
    expect(check(unknown, times(14, size()))).toEqual({ deviation: 0, usualBytes: 48.1 * MB });
    expect(check(size({ rows: 1 }), [...times(9, unknown), ...times(5, size())]).strange?.cause).toBe('shrunk');
  });

  test('the 14 newest of the same kind count', () => {
    const other = size({ kind: 'mysql dump', bytes: 1 });
    const old = size({ bytes: 1 });
    const earlier = [...times(30, old), ...times(14, size()), ...times(30, other)];
    expect(check(size(), earlier)).toEqual({ deviation: 0, usualBytes: 48.1 * MB });
    const history = new SizeHistory(size());
    expect(times(13, size()).some((each) => (history.add(each), history.isFull))).toBe(false);
    history.add(size());
    expect(history.isFull).toBe(true);
  });
});

describe('a year', () => {
  const year = Array.from({ length: 365 }, (_, day) => day);

  test('of steady growth is never strange', () => {
    expect(strange(nights(year.map((day) => 10 * MB * 1.01 ** day)))).toEqual([]);
  });

  test('of weekends and ends of months that are smaller or larger is never strange', () => {
    expect(strange(nights(year.map((day) => (day % 7 > 4 ? 20 : 48) * MB)))).toEqual([]);
    expect(strange(nights(year.map((day) => (day % 7 > 4 ? 200 : 48) * MB)))).toEqual([]);
  });

  const noise = (percent: number, nights: number) =>
    fc.noBias(
      fc.array(fc.integer({ min: 100 - percent, max: 100 + percent }), { minLength: nights, maxLength: nights }),
    );

  test('of noise of 15 % is hardly ever strange', () => {
    const isCalm = (percents: number[]) => strange(nights(percents.map((percent) => percent * MB))).length <= 1;
    fc.assert(fc.property(noise(15, 365), isCalm), { numRuns: 10, endOnFailure: true });
  });

  test('after noise of 5 %, a half is always strange', () => {
    const isSeen = (percents: number[]) => {
      const series = percents.map((percent) => percent * MB);
      return checkBytes(series.pop()! / 2, series).strange?.cause === 'shrunk';
    };
    fc.assert(fc.property(noise(5, HISTORY + 1), isSeen), { endOnFailure: true });
  });

  test('what has halved is told for two nights, and is the usual from then on', () => {
    const told = nights([...times(20, 48 * MB), ...times(20, 24 * MB)]).map((each) => each.strange?.cause);
    expect(told).toEqual([...times(6, undefined), 'shrunk', 'shrunk', ...times(18, undefined)]);
  });
});

describe('emptiness', () => {
  test.each<[string, Map<string, number | undefined>, string | undefined]>([
    ['no tables', new Map(), 'it has no tables at all'],
    ['an empty table', new Map([['shop.a', 0]]), 'its one table is empty'],
    [
      'empty tables',
      new Map([
        ['shop.a', 0],
        ['shop.b', 0],
      ]),
      'all its 2 tables are empty',
    ],
    [
      'one that was not counted',
      new Map([
        ['shop.a', 0],
        ['shop.b', undefined],
      ]),
      undefined,
    ],
    [
      'one row',
      new Map([
        ['shop.a', 0],
        ['shop.b', 1],
      ]),
      undefined,
    ],
  ])('%s', (_, tables, sentence) => {
    const expected = sentence && { cause: 'empty', sentence };
    expect(check(size({ tables }), []).strange).toEqual(expected);
    // Worse than anything else that may be said.
    if (expected) expect(check(size({ tables, bytes: 1, rows: 0 }), times(14, size())).strange).toEqual(expected);
  });
});

describe('lost tables', () => {
  const tables = (rows: Readonly<Record<string, number | undefined>>, id = 'x') =>
    size({ id, tables: new Map(Object.entries(rows)) });
  const lost = (newest: BackupSize, earlier: readonly BackupSize[], ignoreTables?: readonly string[]) =>
    check(newest, earlier, { ...DEFAULT_SIZE_BOUNDS, ...(ignoreTables && { ignoreTables }) }).strange;

  const FULL = tables({ 'shop.orders': 48_211, 'shop.a': 1 });

  test('a table that is empty, or gone, after one backup', () => {
    expect(lost(tables({ 'shop.orders': 0, 'shop.a': 1 }), [FULL])).toEqual({
      cause: 'table-lost',
      sentence: 'table shop.orders has 0 rows, and had 48,211 in the backup before',
    });
    expect(lost(tables({ 'shop.a': 1 }), [FULL])).toEqual({
      cause: 'table-lost',
      sentence: 'table shop.orders is gone, and had 48,211 rows in the backup before',
    });
  });

  test('three are named, those with most rows first', () => {
    const many = tables({
      'shop.keep': 1,
      ...Object.fromEntries(times(8, 0).map((_, index) => [`shop.t${index}`, index + 1])),
    });
    expect(lost(tables({ 'shop.keep': 1, 'shop.t7': 0 }), [many])?.sentence).toBe(
      'table shop.t7 has 0 rows, and had 8 in the backup before; table shop.t6 is gone, and had 7 rows in the backup before; table shop.t5 is gone, and had 6 rows in the backup before; and 5 more',
    );
  });

  test('it must have had rows in more than half of the backups before', () => {
    const without = tables({ 'shop.orders': 0, 'shop.a': 1 });
    expect(lost(without, [FULL, without])).toBeUndefined();
    expect(lost(without, [tables({ 'shop.orders': 5, 'shop.a': 1 }, 'older'), FULL, without])?.sentence).toBe(
      'table shop.orders has 0 rows, and had 48,211 in the backup of x',
    );
    expect(lost(without, [])).toBeUndefined();
  });

  test('rows that were not counted are not 0', () => {
    expect(lost(tables({ 'shop.orders': undefined, 'shop.a': 1 }), [FULL])).toBeUndefined();
    expect(lost(tables({ 'shop.a': 1 }), [tables({ 'shop.orders': undefined, 'shop.a': 1 })])).toBeUndefined();
  });

  test.each([
    ['shop.orders', 'orders', true],
    ['shop.orders', 'shop.orders', true],
    ['shop.orders', 'shop.*', true],
    ['shop.orders', '*', true],
    ['shop.orders', 'ord*s', true],
    ['shop.orders', 'order', false],
    ['shop.orders', 'blog.orders', false],
    ['shop.orders', 'hop.orders', false],
    ['shop.orders', 'shop', false],
    ['shop.log_1', 'shop.log_*', true],
    ['shop.xlog_1', 'log_*', false],
    ['shop.a+b', 'a+b', true],
    ['shop.aab', 'a+b', false],
    ['shop.public.jobs', 'jobs', true],
    ['shop.public.jobs', 'public.jobs', true],
    ['shop.public.jobs', 'shop.jobs', true],
    ['shop.public.jobs', 'shop.public.jobs', true],
    ['shop.public.jobs', 'private.jobs', false],
  ])('%s may be lost with %s: %s', (table, pattern, may) => {
    const strange = lost(tables({ 'shop.a': 1 }), [tables({ [table]: 10, 'shop.a': 1 })], [pattern]);
    expect(strange === undefined).toBe(may);
  });

  test('among 100,000 tables one is sought in one pass', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => [`shop.t${index}`, index] as const);
    const all = size({ tables: new Map(names) });
    expect(lost(size({ tables: new Map(names.slice(1)) }), times(3, all))).toBeUndefined();
    expect(lost(size({ tables: new Map(names.slice(2)) }), times(3, all))?.cause).toBe('table-lost');
  });
});

describe('what a manifest says', () => {
  const of = (changes: Partial<Manifest>) => sizeOf(exampleManifest(changes));
  const [object] = exampleManifest().objects;

  test('bytes of all objects, and their kinds', () => {
    const globals = { ...object!, kind: 'globals' as const };
    expect(of({})).toEqual({
      ...{ id: '2026-11-20T02-00-00Z', kind: 'mariadb dump', bytes: 100, rows: 3 },
      tables: new Map([['shop.book', 3]]),
    });
    const both = of({ engine: 'postgresql', objects: [globals, object!, object!] });
    expect(both).toMatchObject({ kind: 'postgresql dump globals', bytes: 300 });
    expect(of({ engine: 'postgresql', objects: [object!, globals] }).kind).toBe(both.kind);
  });

  test('of counts before and after the larger one; names with their schema', () => {
    const table = { database: 'shop', name: 'book' };
    const tables = [
      { ...table, rowsBefore: 3, rowsAfter: 5 },
      { ...table, name: 'dropped', rowsBefore: 7, rowsAfter: null },
      { ...table, name: 'never', rowsBefore: null, rowsAfter: null },
      { ...table, name: 'uncounted' },
      { ...table, schema: 'public', rows: 2 },
    ];
    expect(of({ tables })).toMatchObject({
      rows: 14,
      tables: new Map([
        ['shop.book', 5],
        ['shop.dropped', 7],
        ['shop.never', 0],
        ['shop.uncounted', undefined],
        ['shop.public.book', 2],
      ]),
    });
    expect(of({ tables: [table] })).not.toHaveProperty('rows');
  });
});
