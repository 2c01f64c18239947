import * as fc from 'fast-check';
import { DEFAULT_SIZE_BOUNDS } from '../../../catalog/contract/alarms';
import type { Manifest } from '../../../catalog/bucket/manifest';
import type { BackupSize, SizeCheck } from '../../../catalog/size/size-check';
import { HISTORY, SizeHistory, sizeOf } from '../../../catalog/size/size-check';
import { exampleManifest } from '../bucket/example-manifest';
import { check, MB, size, times, WORDS } from './size-check-support';

/** Backups of which only the bytes differ. */
const ofBytes = (bytes: readonly number[]): BackupSize[] => bytes.map((each) => size({ bytes: each }));
const checkBytes = (bytes: number, earlier: readonly number[]) => check(size({ bytes }), ofBytes(earlier));

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
          '11.8 MiB before compression; the median of the 14 backups before it is 45.9 MiB (-74 %, 14.8 deviations)',
        short: '11.8 MiB instead of 45.9 MiB (-74 %)',
        items: ['below', '1/2'],
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
          '76.3 MiB before compression; the median of the 5 backups before it is 45.8 MiB (+67 %, 13.3 deviations)',
        short: '76.3 MiB instead of 45.8 MiB (+67 %)',
        items: ['above'],
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
      sentence: '40,000 rows; the median of the 14 backups before it is 100,000 rows (-60 %, 12.0 deviations)',
      short: '40,000 rows instead of 100,000 rows (-60 %)',
      items: ['below', '1/2'],
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

  // By chance 14 nights may be more alike than noise is, and the next one strange. Of 1,500 simulated years 1,369 had no such
  // night, 117 one, and none more than three: on average one in ten years. More than ten in ten years are no chance.
  test('of noise of 15 % is hardly ever strange', () => {
    const isCalm = (percents: number[]) => strange(nights(percents.map((percent) => percent * MB))).length <= 10;
    fc.assert(fc.property(noise(15, 3650), isCalm), { numRuns: 1, endOnFailure: true });
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

describe('what is lost while deviations are wide', () => {
  const growing = (percent: number) => Array.from({ length: 14 }, (_, night) => 10 * MB * (1 + percent / 100) ** night);

  test.each([2, 5, 10])('in a source that grows by %s %% a day, 99 %% are missed, for two nights', (percent) => {
    const lost = 0.01 * growing(percent).at(-1)!;
    const two = [...growing(percent), lost, lost, lost].map((bytes) => size({ bytes }));
    const told = [14, 15, 16].map((night) => check(two[night]!, two.slice(0, night)).strange?.cause);
    expect(told).toEqual(['shrunk', 'shrunk', undefined]);
  });

  test('the sentence names the smallest', () => {
    expect(checkBytes(1 * MB, growing(5)).strange).toEqual({
      cause: 'shrunk',
      sentence: '976.6 KiB before compression; the smallest of 14 backups before it has 9.5 MiB (-90 %)',
      short: '976.6 KiB instead of 9.5 MiB (-90 %)',
      items: ['below', '1/2', '1/4'],
    });
    expect(checkBytes(1 * MB, [...growing(5).slice(1), 1 * MB]).strange?.sentence).toContain(
      'the smallest of 13 backups before it has 10.0 MiB',
    );
  });

  const rows = (count: number, of: readonly number[]) =>
    check(
      size({ rows: count }),
      of.map((each) => size({ rows: each })),
    );

  test.each<[string, number, number, boolean]>([
    ['79 of 80 rows', 1, 80, true],
    ['a little more than half of 80 rows', 39, 80, true],
    ['half of 80 rows', 40, 80, false],
    ['most of a dozen rows', 1, 12, true],
    ['ten rows', 1, 11, false],
  ])('%s', (_, now, before, isStrange) => {
    expect(rows(now, times(14, before)).strange !== undefined).toBe(isStrange);
  });

  test('a few KiB are none', () => {
    expect(checkBytes(100, times(14, 8 * 1024)).strange).toBeUndefined();
    expect(checkBytes(100, times(14, 9 * 1024)).strange?.cause).toBe('shrunk');
  });

  test('who widens shrink, widens it; too little history is none', () => {
    const of = (bytes: number, shrink: number) =>
      check(size({ bytes }), ofBytes(growing(5)), { ...DEFAULT_SIZE_BOUNDS, shrink }).strange?.cause;
    expect([of(2 * MB, 4), of(2 * MB, 20), of(0.9 * MB, 20), of(0.9 * MB, 1000)]).toEqual([
      ...['shrunk', undefined, 'shrunk', undefined],
    ]);
    expect(of(6 * MB, 3)).toBeUndefined();
    expect(checkBytes(1, growing(5).slice(0, 4)).strange).toBeUndefined();
  });
});

describe('how far off', () => {
  test.each<[number, string[] | undefined]>([
    [0.6, ['below']],
    [0.5, ['below', '1/2']],
    [0.25, ['below', '1/2', '1/4']],
    [0.01, ['below', '1/2', '1/4', '1/16']],
    [0.001, ['below', '1/2', '1/4', '1/16', '1/256']],
    [0, ['below', '1/2', '1/4', '1/16', '1/256', '0']],
    [1.9, ['above']],
    [2, ['above', '2']],
    [20, ['above', '2', '4', '16']],
    [256, ['above', '2', '4', '16', '256']],
  ])('%s of the usual', (share, items) => {
    expect(checkBytes(share * 48 * MB, times(14, 48 * MB)).strange?.items).toEqual(items);
  });

  test('of bytes and rows, the steps of the further one', () => {
    const both = check(size({ bytes: 20 * MB, rows: 1000 }), times(14, size()));
    expect(both.strange).toMatchObject({ cause: 'shrunk', items: ['below', '1/2', '1/4', '1/16'] });
  });
});

describe('the last usual one', () => {
  const named = (id: string, changes: Partial<BackupSize> = {}) => size({ id, ...changes });
  const usual = times(7, named('old'));

  test('is the newest that is not strange itself; without anything strange there is none', () => {
    const small = named('small', { bytes: 20 * MB });
    expect(check(small, [...usual, named('a'), named('b'), small]).lastUsual).toBe('b');
    expect(check(size({ bytes: 900 * MB }), [...usual, named('a'), named('b', { rows: 1 })]).lastUsual).toBe('a');
    expect(check(size(), [...usual, small])).not.toHaveProperty('lastUsual');
  });

  test('has what is lost, and is not empty', () => {
    const [orders, blog] = [
      ['shop.orders', 1000],
      ['shop.blog', 1000],
    ] as const;
    const both = named('both', { tables: new Map([orders, blog]) });
    const without = named('without', { tables: new Map([orders]) });
    const found = check(size({ tables: new Map([orders]) }), [both, both, both, without]);
    expect(found).toMatchObject({ strange: { cause: 'table-lost' }, lastUsual: 'both' });
    const empty = named('empty', { tables: new Map([['shop.orders', 0]]) });
    expect(check(empty, [both, without, empty]).lastUsual).toBe('without');
    expect(check(empty, [empty])).not.toHaveProperty('lastUsual');
  });
});

describe('emptiness', () => {
  test.each<[string, Map<string, number | undefined>, string | undefined]>([
    ['no tables', new Map(), 'the newest backup has no tables'],
    ['an empty table', new Map([['shop.a', 0]]), 'the only table of the newest backup is empty'],
    [
      'empty tables',
      new Map([
        ['shop.a', 0],
        ['shop.b', 0],
      ]),
      'all 2 tables of the newest backup are empty',
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
    const expected = sentence && { cause: 'empty', sentence, short: sentence };
    expect(check(size({ tables }), []).strange).toEqual(expected);
    // Worse than anything else that may be said.
    if (expected) expect(check(size({ tables, bytes: 1, rows: 0 }), times(14, size())).strange).toEqual(expected);
  });
});

test('speaks the words of the engine', () => {
  const words = { table: 'collection', row: 'document' };
  const shop = (rows: Record<string, number>) => size({ words, tables: new Map(Object.entries(rows)) });
  const said = (rows: Record<string, number>) => check(shop(rows), times(8, shop({ carts: 900, users: 40 }))).strange;
  expect(said({ users: 40 })).toMatchObject({
    sentence: 'collection carts is gone; the backup before it had 900 documents of it',
    short: 'collection carts is gone, had 900 documents',
  });
  expect(said({ users: 40, carts: 0 })?.short).toBe('collection carts is empty, had 900 documents');
  expect(said({ carts: 0 })?.sentence).toBe('the only collection of the newest backup is empty');
  expect(check(size({ words, rows: 3 }), times(14, size())).strange?.sentence).toContain('3 documents');
});

describe('what a manifest says', () => {
  const of = (changes: Partial<Manifest>) => sizeOf(exampleManifest(changes), WORDS);
  const [object] = exampleManifest().objects;

  test('bytes of all objects, and their kinds', () => {
    const globals = { ...object!, kind: 'globals' as const };
    expect(of({})).toEqual({
      id: '2026-11-20T02-00-00Z',
      kind: 'mariadb dump',
      bytes: 100,
      rows: 3,
      tables: new Map([['shop.book', 3]]),
      words: WORDS,
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
