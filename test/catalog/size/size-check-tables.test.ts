import { DEFAULT_SIZE_BOUNDS } from '../../../catalog/contract/alarms';
import type { BackupSize } from '../../../catalog/size/size-check';
import { HISTORY } from '../../../catalog/size/size-check';
import { check, MB, size, times } from './size-check-support';

describe('lost tables', () => {
  const tables = (rows: Readonly<Record<string, number | undefined>>, id = 'x') =>
    size({ id, tables: new Map(Object.entries(rows)) });
  const lost = (newest: BackupSize, earlier: readonly BackupSize[], ignoreTables?: readonly string[]) =>
    check(newest, earlier, { ...DEFAULT_SIZE_BOUNDS, ...(ignoreTables && { ignoreTables }) }).strange;

  const FULL = tables({ 'shop.orders': 48_211, 'shop.a': 1 });

  test('a table that is empty, or gone, after one backup', () => {
    expect(lost(tables({ 'shop.orders': 0, 'shop.a': 1 }), [FULL])).toEqual({
      cause: 'table-lost',
      sentence: 'table shop.orders is empty; the backup before it had 48,211 rows of it',
      short: 'table shop.orders is empty, had 48,211 rows',
      items: ['shop.orders'],
      tables: ['shop.orders'],
    });
    expect(lost(tables({ 'shop.a': 1 }), [FULL])).toEqual({
      cause: 'table-lost',
      sentence: 'table shop.orders is gone; the backup before it had 48,211 rows of it',
      short: 'table shop.orders is gone, had 48,211 rows',
      items: ['shop.orders'],
      tables: ['shop.orders'],
    });
  });

  test('three are named, those with most rows first', () => {
    const many = tables({
      'shop.keep': 1,
      ...Object.fromEntries(times(8, 0).map((_, index) => [`shop.t${index}`, index + 100])),
    });
    const found = lost(tables({ 'shop.keep': 1, 'shop.t7': 0 }), [many]);
    expect(found?.sentence).toBe(
      'table shop.t7 is empty; the backup before it had 107 rows of it; table shop.t6 is gone; the backup before it had 106 rows of it; table shop.t5 is gone; the backup before it had 105 rows of it; and 5 more',
    );
    expect(found?.short).toBe('8 tables lost, such as shop.t7');
    expect(found?.items).toEqual([7, 6, 5, 4, 3, 2, 1, 0].map((index) => `shop.t${index}`));
  });

  test('it must have had rows in more than half of the backups before', () => {
    const without = tables({ 'shop.orders': 0, 'shop.a': 1 });
    expect(lost(without, [FULL, without])).toBeUndefined();
    expect(lost(without, [tables({ 'shop.orders': 50, 'shop.a': 1 }, 'older'), FULL, without])?.sentence).toBe(
      'table shop.orders is empty; backup x had 48,211 rows of it',
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
    const strange = lost(tables({ 'shop.a': 1 }), [tables({ [table]: 100, 'shop.a': 1 })], [pattern]);
    expect(strange === undefined).toBe(may);
  });

  test('among 100,000 tables one is sought in one pass', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => [`shop.t${index}`, index && index + 100] as const);
    const all = size({ tables: new Map(names) });
    expect(lost(size({ tables: new Map(names.slice(1)) }), times(3, all))).toBeUndefined();
    expect(lost(size({ tables: new Map(names.slice(2)) }), times(3, all))?.cause).toBe('table-lost');
  });

  test('of more than 50 that are lost the rest is one, and long names are cut', () => {
    const names = Array.from({ length: 51 }, (_, index) => `shop.${'x'.repeat(400)}${index}`);
    const of = (count: number) =>
      lost(tables({ 'shop.a': 1 }), [tables(Object.fromEntries(names.slice(0, count).map((name) => [name, 100])))]);
    expect(of(50)?.items).toEqual(times(50, `${names[0]!.slice(0, 300)}…`));
    expect(of(51)?.tables).toEqual([]);
    expect(of(51)?.items?.slice(49)).toEqual([`${names[0]!.slice(0, 300)}…`, 'and more']);
    expect(of(1)?.sentence).toBe(`table ${names[0]!.slice(0, 300)}… is gone; the backup before it had 100 rows of it`);
  });

  test('a loss of size is said with it', () => {
    const newest = { ...tables({ 'shop.orders': 1 }), bytes: 1 * MB };
    const before = { ...tables({ 'shop.orders': 48_211, 'shop.small': 3 }), bytes: 48 * MB };
    expect(lost(newest, times(6, { ...before, rows: undefined }))).toEqual({
      cause: 'table-lost',
      sentence:
        'table shop.small is gone; the backup before it had 3 rows of it; 976.6 KiB before compression; the median of the 6 backups before it is 45.8 MiB (-98 %, 19.6 deviations)',
      short: 'table shop.small is gone, had 3 rows',
      items: ['shop.small', 'below', '1/2', '1/4', '1/16'],
      tables: ['shop.small'],
    });
  });

  test('it is lost as long as most backups before had it', () => {
    const without = tables({ 'shop.orders': 0, 'shop.a': 1 });
    const series = [...times(14, FULL), ...times(10, without)];
    const told = series.map((each, night) => lost(each, series.slice(Math.max(0, night - HISTORY), night))?.cause);
    expect(told).toEqual([...times(14, undefined), ...times(7, 'table-lost'), ...times(3, undefined)]);
  });

  describe('a table that is empty now and then', () => {
    /** @param rows of the nights before, oldest first */
    const emptied = (rows: readonly number[]) => {
      const of = (each: number) => tables({ 'shop.queue': each, 'shop.a': 1000 });
      return lost(of(0), rows.map(of))?.cause;
    };

    test.each<[string, number[], string | undefined]>([
      ['a lock, on the second night', [1], undefined],
      ['a lock that was always there', times(14, 1), 'table-lost'],
      ['few rows, at first', [20, 20, 20, 20], undefined],
      ['some rows, at first', [21, 21, 21, 21], 'table-lost'],
      ['some rows, that were few at first', [3, 500, 500, 500], undefined],
      ['some rows, that were none at first', [0, 500, 500, 500], undefined],
      ['few rows, never empty', times(5, 3), 'table-lost'],
      ['few rows, empty once', [...times(6, 3), 0, ...times(7, 3)], undefined],
      ['many rows, empty once', [...times(6, 3000), 0, ...times(7, 3000)], 'table-lost'],
      ['many rows, empty twice', [3000, 0, ...times(6, 3000), 0, ...times(5, 3000)], undefined],
      ['many rows, empty for two nights now', [...times(6, 3000), 0, ...times(5, 3000), 0, 0], 'table-lost'],
    ])('%s', (_, rows, cause) => {
      expect(emptied(rows)).toBe(cause);
    });

    test('a queue that holds a few on three of four nights is told about twice a year', () => {
      let state = 1;
      const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
      const rows = Array.from({ length: 10 * 365 }, () => (random() < 0.75 ? 1 + Math.floor(5 * random()) : 0));
      const told = rows.filter((each, night) => each === 0 && night > 13 && emptied(rows.slice(night - 14, night)));
      expect(told.length).toBeGreaterThan(0);
      expect(told.length).toBeLessThan(30);
    });
  });

  describe('tables that come and go', () => {
    const rolling = (night: number, changes: Readonly<Record<string, number>> = {}) =>
      tables({ ...Object.fromEntries(times(30, 0).map((_, day) => [`shop.log_${night + day}`, 1000])), ...changes });
    const before = times(14, 0).map((_, night) => rolling(night, { 'shop.a': 1000 }));

    test('those of each day, of which the oldest goes each night, are none', () => {
      expect(lost(rolling(14, { 'shop.a': 1000 }), before)).toBeUndefined();
      expect(lost(rolling(14), before)).toBeUndefined();
    });

    test('one that is there, and empty, is lost all the same', () => {
      expect(lost(rolling(14, { 'shop.a': 0 }), before)?.items).toEqual(['shop.a']);
    });

    test('it takes three nights to be a habit', () => {
      const nights = (from: number) => [...times(9, before[from]!), ...before.slice(from)];
      expect(lost(rolling(14, { 'shop.a': 1000 }), nights(11))?.items).toEqual([
        ...['shop.log_13', 'shop.log_12', 'shop.log_11'],
      ]);
      expect(lost(rolling(14, { 'shop.a': 1000 }), nights(10))).toBeUndefined();
    });
  });
});
