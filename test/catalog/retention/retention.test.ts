import type { RetainedBackup } from '../../../catalog/retention/retention';
import { plan } from '../../../catalog/retention/retention';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import { ONE_YEAR, retentionFault } from '../../../catalog/retention/retention-policy';

const UTC: RetentionPolicy = { keepLast: 1, timeZone: 'UTC', weekStart: 'monday' };

/** A backup of a minute, `2026-11-20T02:00`. */
const backup = (time: string, state: Partial<RetainedBackup> = {}): RetainedBackup => ({
  id: time,
  time: new Date(`${time}:00Z`),
  ...state,
});
/** One backup a day at 02:00, that of the last day first. */
const nightly = (last: string, count: number): RetainedBackup[] =>
  Array.from({ length: count }, (_, index) => {
    const time = new Date(Date.parse(`${last}T02:00Z`) - index * 86_400_000);
    return backup(time.toISOString().slice(0, 16));
  });

/** Each backup with why it is kept, or that it is deleted. */
function explained(backups: readonly RetainedBackup[], rules: Partial<RetentionPolicy>, now: string) {
  const decisions = plan(backups, { ...UTC, ...rules }, new Date(`${now}:00Z`));
  return Object.fromEntries(
    decisions.map(({ backup: { id }, keep, reasons }) => [id, `${keep ? '' : 'deleted: '}${reasons.join('; ')}`]),
  );
}

test('the newest of each day, week and month stay, for as many as the rules say', () => {
  const kept = Object.entries(
    explained(nightly('2026-11-20', 400), { daily: 3, weekly: 2, monthly: 3 }, '2026-11-20T12:00'),
  );
  expect(Object.fromEntries(kept.filter(([, why]) => !why.startsWith('deleted')))).toEqual({
    '2026-11-20T02:00': 'floor: newest 1; daily of 2026-11-20; weekly of 2026-11-16; monthly of 2026-11',
    '2026-11-19T02:00': 'daily of 2026-11-19',
    '2026-11-18T02:00': 'daily of 2026-11-18',
    '2026-11-15T02:00': 'weekly of 2026-11-09',
    '2026-10-31T02:00': 'monthly of 2026-10',
    '2026-09-30T02:00': 'monthly of 2026-09',
  });
  expect(kept.filter(([, why]) => why === 'deleted: no rule keeps it')).toHaveLength(394);
});

describe('what restores replaced', () => {
  const safety = (time: string) => backup(time, { safety: true });

  test('takes no place of floor or calendar, and stays for 14 days', () => {
    const backups = [
      ...nightly('2026-11-20', 3),
      ...['2026-11-20T15:00', '2026-11-20T16:00', '2026-11-01T15:00'].map(safety),
    ];
    expect(explained(backups, { keepLast: 2, daily: 3 }, '2026-11-20T17:00')).toEqual({
      '2026-11-20T16:00': 'safety backup of a restore, younger than 14 days',
      '2026-11-20T15:00': 'safety backup of a restore, younger than 14 days',
      '2026-11-20T02:00': 'floor: newest 2; daily of 2026-11-20',
      '2026-11-19T02:00': 'floor: newest 2; daily of 2026-11-19',
      '2026-11-18T02:00': 'daily of 2026-11-18',
      '2026-11-01T15:00': 'deleted: no rule keeps it',
    });
  });

  test('stays as keepFor says, and counts if there is nothing else', () => {
    const old = safety('2026-10-01T15:00');
    expect(
      explained([old, ...nightly('2026-11-20', 1)], { keepForSeconds: 60 * 86_400 }, '2026-11-20T17:00'),
    ).toMatchObject({
      '2026-10-01T15:00': 'younger than 60 days',
    });
    expect(explained([old], {}, '2026-11-20T17:00')).toEqual({ '2026-10-01T15:00': 'floor: newest 1' });
  });
});

describe('what was stored long after its time', () => {
  const late = (time: string) => backup(time, { late: true });

  test('takes no place of what was stored in time: whoever can only add backups cannot have the rules delete any', () => {
    const genuine = nightly('2026-11-20', 40);
    const forged = nightly('2026-11-20', 40).map(({ time }) => late(`${time.toISOString().slice(0, 10)}T23:59`));
    const rules = { keepLast: 2, daily: 7, weekly: 4, monthly: 2 };
    const now = '2026-11-21T12:00';
    const kept = (backups: RetainedBackup[]): string[] =>
      Object.entries(explained(backups, rules, now)).flatMap(([id, why]) => (why.startsWith('deleted') ? [] : id));
    expect(kept([...genuine, ...forged])).toEqual(expect.arrayContaining(kept(genuine)));
  });

  test('has places of its own in the newest periods of all, and comes last in the floor', () => {
    const copies = ['2026-11-20T01:00', '2026-11-19T01:00', '2026-11-18T01:00', '2026-11-17T01:00'].map(late);
    const made = [backup('2026-11-20T02:00'), backup('2026-11-19T02:00')];
    expect(explained([...copies, ...made], { keepLast: 3, daily: 3 }, '2026-11-20T12:00')).toEqual({
      '2026-11-20T02:00': 'floor: newest 3; daily of 2026-11-20',
      '2026-11-20T01:00': 'floor: newest 3; daily of 2026-11-20, stored later',
      '2026-11-19T02:00': 'floor: newest 3; daily of 2026-11-19',
      '2026-11-19T01:00': 'daily of 2026-11-19, stored later',
      '2026-11-18T01:00': 'daily of 2026-11-18, stored later',
      '2026-11-17T01:00': 'deleted: no rule keeps it',
    });
  });

  test('is kept by the same rules if there is nothing else: copies in another bucket', () => {
    const rules = { keepLast: 2, daily: 3, weekly: 2 };
    const plain = explained(nightly('2026-11-20', 30), rules, '2026-11-20T12:00');
    const copied = explained(
      nightly('2026-11-20', 30).map((one) => ({ ...one, late: true })),
      rules,
      '2026-11-20T12:00',
    );
    const text = (decisions: Record<string, string>): string =>
      JSON.stringify(decisions).replaceAll(', stored later', '');
    expect(text(copied)).toBe(text(plain));
  });
});

describe('with a backup a day, over years, the newest of a day, a week and a month go', () => {
  const DAY_MS = 86_400_000;

  /** The least age, in days, at which backups go that a rule was the last to keep. Pruned each day at 04:30. */
  function leastAges(rules: Partial<RetentionPolicy>): Record<string, number> {
    const ages: Record<string, number> = {};
    const stored = new Map<string, { backup: RetainedBackup; rule: string }>();
    for (const made of nightly('2030-12-31', 5 * 365).reverse()) {
      const now = new Date(made.time.getTime() + 2.5 * 3_600_000);
      const backups = [...stored.values()].map((one) => one.backup);
      for (const { backup: one, keep, reasons } of plan([...backups, made], { ...UTC, ...rules }, now)) {
        if (keep) {
          stored.set(one.id, { backup: one, rule: reasons.at(-1)!.split(' ')[0]! });
          continue;
        }
        const { rule } = stored.get(one.id)!;
        const age = Math.floor((now.getTime() - one.time.getTime()) / DAY_MS);
        ages[rule] = Math.min(ages[rule] ?? age, age);
        stored.delete(one.id);
      }
    }
    return ages;
  }

  test.each([
    ['the default', ONE_YEAR, { daily: 14, weekly: 92, monthly: 366 }],
    ['13 weeks and 12 months', { daily: 14, weekly: 13, monthly: 12 }, { daily: 14, weekly: 85, monthly: 335 }],
  ])('%s', (_, rules, expected) => {
    expect(leastAges(rules)).toEqual(expected);
  });
});

test('only periods that hold a backup count: an outage costs no history', () => {
  const before = nightly('2026-06-20', 3);
  expect(explained([...nightly('2026-11-20', 2), ...before], { daily: 4, monthly: 2 }, '2026-11-20T12:00')).toEqual({
    '2026-11-20T02:00': 'floor: newest 1; daily of 2026-11-20; monthly of 2026-11',
    '2026-11-19T02:00': 'daily of 2026-11-19',
    '2026-06-20T02:00': 'daily of 2026-06-20; monthly of 2026-06',
    '2026-06-19T02:00': 'daily of 2026-06-19',
    '2026-06-18T02:00': 'deleted: no rule keeps it',
  });
});

test.each([
  [
    'hourly',
    2,
    ['02:59', '02:00', '01:59', '01:00'],
    ['hourly of 2026-11-20 02+00:00', 'hourly of 2026-11-20 01+00:00'],
  ],
  ['daily', 1, ['02:59', '00:00'], ['daily of 2026-11-20']],
  ['yearly', 1, ['02:59', '00:00'], ['yearly of 2026']],
] as const)('%s', (period, count, times, reasons) => {
  const given = times.map((time) => backup(`2026-11-20T${time}`));
  const why = Object.values(explained(given, { [period]: count }, '2026-11-20T12:00'));
  expect(why.flatMap((text) => text.replace('floor: newest 1; ', '')).filter((text) => !/^deleted/.test(text))).toEqual(
    reasons,
  );
});

test('the floor stays however old it is, and there is no other rule', () => {
  expect(explained(nightly('2020-01-04', 4), { keepLast: 3 }, '2026-11-20T12:00')).toEqual({
    '2020-01-04T02:00': 'floor: newest 3',
    '2020-01-03T02:00': 'floor: newest 3',
    '2020-01-02T02:00': 'floor: newest 3',
    '2020-01-01T02:00': 'deleted: no rule keeps it',
  });
});

test.each([
  ['7 days', 7 * 86_400],
  ['1 day', 86_400],
  ['36 hours', 36 * 3600],
  ['1 hour', 3600],
  ['90 minutes', 5400],
])('keepFor: younger than %s', (words, keepForSeconds) => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  const at = (ageSeconds: number, id: string): RetainedBackup => ({ id, time: new Date(now - ageSeconds * 1000) });
  const given = [at(0, 'new'), at(keepForSeconds - 1, 'younger'), at(keepForSeconds, 'exactly')];
  expect(explained(given, { keepForSeconds }, '2026-11-20T12:00')).toEqual({
    new: `floor: newest 1; younger than ${words}`,
    younger: `younger than ${words}`,
    exactly: 'deleted: no rule keeps it',
  });
});

test('for ever', () => {
  expect(explained(nightly('2020-01-02', 2), { forever: true }, '2026-11-20T12:00')).toEqual({
    '2020-01-02T02:00': 'floor: newest 1; kept for ever',
    '2020-01-01T02:00': 'kept for ever',
  });
});

test('the newest proven backup stays; an older proven one does not', () => {
  const [first, ...rest] = nightly('2026-11-20', 4);
  const given = [first!, ...rest.map((one, index) => (index === 0 ? one : { ...one, proven: true }))];
  expect(explained(given, {}, '2026-11-20T12:00')).toEqual({
    '2026-11-20T02:00': 'floor: newest 1',
    '2026-11-19T02:00': 'deleted: no rule keeps it',
    '2026-11-18T02:00': 'newest proven',
    '2026-11-17T02:00': 'deleted: no rule keeps it',
  });
});

test('what is damaged stays and counts for nothing: not for the floor, not for its day, not as proven', () => {
  const given = [
    backup('2026-11-20T02:00', { damage: 'shop.sql.zst is missing', proven: true }),
    backup('2026-11-20T01:00'),
    backup('2026-11-19T01:00', { proven: true }),
  ];
  expect(explained(given, { daily: 1 }, '2026-11-20T12:00')).toEqual({
    '2026-11-20T02:00': 'damaged: shop.sql.zst is missing',
    '2026-11-20T01:00': 'floor: newest 1; daily of 2026-11-20',
    '2026-11-19T01:00': 'newest proven',
  });
});

test('what is held stays for its reason, and counts like any other', () => {
  const held = 'locked until 2027-01-01T00:00:00Z';
  expect(
    explained([backup('2026-11-20T02:00', { held }), ...nightly('2026-11-19', 2)], { daily: 2 }, '2026-11-20T12:00'),
  ).toEqual({
    '2026-11-20T02:00': `${held}; floor: newest 1; daily of 2026-11-20`,
    '2026-11-19T02:00': 'daily of 2026-11-19',
    '2026-11-18T02:00': 'deleted: no rule keeps it',
  });
});

test('a clock that was ahead: what it dated in the future stays, and does not push out the rest', () => {
  const given = [
    backup('2031-01-01T00:00'),
    backup('2026-11-20T13:01'),
    backup('2026-11-20T13:00'),
    ...nightly('2026-11-20', 2),
  ];
  expect(explained(given, { daily: 1 }, '2026-11-20T12:00')).toEqual({
    '2031-01-01T00:00': 'dated in the future: 2031-01-01T00:00:00.000Z',
    '2026-11-20T13:01': 'dated in the future: 2026-11-20T13:01:00.000Z',
    // An hour ahead is a clock that is a little off.
    '2026-11-20T13:00': 'floor: newest 1; daily of 2026-11-20',
    '2026-11-20T02:00': 'deleted: no rule keeps it',
    '2026-11-19T02:00': 'deleted: no rule keeps it',
  });
});

test('of two backups of one second, the one with the greater id is the newer', () => {
  const time = new Date('2026-11-20T02:00:00Z');
  expect(
    explained(
      [
        { id: 'snap-1', time },
        { id: 'snap-2', time },
      ],
      { daily: 3 },
      '2026-11-20T12:00',
    ),
  ).toEqual({
    'snap-2': 'floor: newest 1; daily of 2026-11-20',
    'snap-1': 'deleted: no rule keeps it',
  });
});

test('no backups', () => {
  expect(plan([], UTC, new Date())).toEqual([]);
});

describe('a policy that is not valid', () => {
  const valid: RetentionPolicy = { ...UTC, ...ONE_YEAR };
  const counts = ['keepLast', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

  test.each(counts.flatMap((name) => [0, -1, 1.5, NaN, 100_001].map((value) => [name, value] as const)))(
    '%s: %d',
    (name, value) => {
      const sentence = `${name} must be a whole number from 1 to 100000, got: ${value}`;
      expect(retentionFault({ ...valid, [name]: value })).toBe(sentence);
      expect(() => plan([], { ...valid, [name]: value }, new Date())).toThrow(new RangeError(sentence));
    },
  );

  test.each([
    ['keepForSeconds', 3599, 'keepFor must be from 1 hour to 100 years, got: 3599 seconds'],
    ['keepForSeconds', 3_162_240_001, 'keepFor must be from 1 hour to 100 years, got: 3162240001 seconds'],
    ['keepForSeconds', NaN, 'keepFor must be from 1 hour to 100 years, got: NaN seconds'],
    [
      'weekStart',
      'Monday',
      'weekStart must be one of sunday, monday, tuesday, wednesday, thursday, friday, saturday, got: Monday',
    ],
    [
      'timeZone',
      'Europe/Pariss',
      'time zone must be a name of the IANA database, for example Europe/Paris, got: Europe/Pariss',
    ],
    ['timeZone', '+02:00', 'time zone must be a name of the IANA database, for example Europe/Paris, got: +02:00'],
  ])('%s: %s', (name, value, sentence) => {
    expect(retentionFault({ ...valid, [name]: value })).toBe(sentence);
  });

  test.each([
    ...counts.flatMap((name) => [1, 100_000].map((value) => ({ [name]: value }))),
    { keepForSeconds: 3600 },
    { keepForSeconds: 3_162_240_000 },
    {},
  ])('%j is', (rules) => {
    expect(retentionFault({ ...valid, ...rules })).toBeUndefined();
  });
});
