import { Calendar } from '../../../catalog/retention/calendar';
import type { WeekStart } from '../../../catalog/retention/retention-policy';

const name = (
  period: Parameters<Calendar['name']>[0],
  time: string,
  timeZone = 'UTC',
  weekStart: WeekStart = 'monday',
) => new Calendar(timeZone, weekStart).name(period, new Date(time));

test.each([
  ['hourly', '2026-11-20 02+00:00'],
  ['daily', '2026-11-20'],
  ['weekly', '2026-11-16'],
  ['monthly', '2026-11'],
  ['yearly', '2026'],
] as const)('%s', (period, expected) => {
  expect(name(period, '2026-11-20T02:30:15.250Z')).toBe(expected);
});

test.each([
  ['the last second of a year', '2026-12-31T23:59:59Z', 'UTC', '2026-12-31', '2026-12', '2026'],
  ['the first of the next', '2027-01-01T00:00:00Z', 'UTC', '2027-01-01', '2027-01', '2027'],
  ['the same, where it is earlier', '2027-01-01T00:00:00Z', 'America/New_York', '2026-12-31', '2026-12', '2026'],
  ['and later', '2026-12-31T18:14:59Z', 'Asia/Kathmandu', '2026-12-31', '2026-12', '2026'],
  ['by a quarter of an hour', '2026-12-31T18:15:00Z', 'Asia/Kathmandu', '2027-01-01', '2027-01', '2027'],
  ['a leap day', '2028-02-29T12:00:00Z', 'UTC', '2028-02-29', '2028-02', '2028'],
  ['none in 2100', '2100-03-01T00:00:00Z', 'UTC', '2100-03-01', '2100-03', '2100'],
  ['before 1970', '1969-12-31T23:59:59.999Z', 'UTC', '1969-12-31', '1969-12', '1969'],
])('%s', (_, time, timeZone, day, month, year) => {
  expect([name('daily', time, timeZone), name('monthly', time, timeZone), name('yearly', time, timeZone)]).toEqual([
    ...[day, month, year],
  ]);
});

test.each([
  ['monday', '2026-12-28'],
  ['tuesday', '2026-12-29'],
  ['wednesday', '2026-12-30'],
  ['thursday', '2026-12-31'],
  ['friday', '2027-01-01'],
  ['saturday', '2026-12-26'],
  ['sunday', '2026-12-27'],
] as const)('a week that begins on %s, over the end of a year', (weekStart, expected) => {
  // A Friday.
  expect(name('weekly', '2027-01-01T12:00:00Z', 'UTC', weekStart)).toBe(expected);
});

/** The names of the hours, half an hour apart, and how many of the halves each has. */
const halves = (timeZone: string, from: string, count: number): Record<string, number> => {
  const names: Record<string, number> = {};
  for (let index = 0; index < count; index++) {
    const hour = name('hourly', new Date(Date.parse(from) + index * 1_800_000).toISOString(), timeZone);
    names[hour] = (names[hour] ?? 0) + 1;
  }
  return names;
};

test.each([
  [
    'Europe/Paris, spring: an hour is left out',
    'Europe/Paris',
    '2026-03-29T00:00:00Z',
    { '2026-03-29 01+01:00': 2, '2026-03-29 03+02:00': 2 },
  ],
  [
    'Europe/Paris, autumn: an hour comes twice, and is two',
    'Europe/Paris',
    '2026-10-25T00:00:00Z',
    { '2026-10-25 02+02:00': 2, '2026-10-25 02+01:00': 2 },
  ],
  [
    'America/New_York, spring',
    'America/New_York',
    '2026-03-08T06:00:00Z',
    { '2026-03-08 01-05:00': 2, '2026-03-08 03-04:00': 2 },
  ],
  [
    'America/New_York, autumn',
    'America/New_York',
    '2026-11-01T05:00:00Z',
    { '2026-11-01 01-04:00': 2, '2026-11-01 01-05:00': 2 },
  ],
  [
    'Australia/Lord_Howe, spring: half an hour is left out',
    'Australia/Lord_Howe',
    '2026-10-03T14:30:00Z',
    { '2026-10-04 01+10:30': 2, '2026-10-04 02+11:00': 1, '2026-10-04 03+11:00': 1 },
  ],
  [
    'Australia/Lord_Howe, autumn: half an hour comes twice',
    'Australia/Lord_Howe',
    '2026-04-04T14:00:00Z',
    { '2026-04-05 01+11:00': 2, '2026-04-05 01+10:30': 1, '2026-04-05 02+10:30': 1 },
  ],
])('%s', (_, timeZone, from, expected) => {
  expect(halves(timeZone, from, 4)).toEqual(expected);
});

test.each([
  ['2026-03-29', 23],
  ['2026-10-25', 25],
  ['2026-06-01', 24],
])('%s has %d hours in Paris, all of one day', (day, hours) => {
  const start = Date.parse(`${day}T00:00:00Z`) - 12 * 3_600_000;
  const within = Array.from({ length: 60 }, (_, index) => new Date(start + index * 3_600_000).toISOString()).filter(
    (time) => name('daily', time, 'Europe/Paris') === day,
  );
  expect(within).toHaveLength(hours);
});

test('an unknown time zone', () => {
  expect(() => new Calendar('Europe/Pariss', 'monday')).toThrow(
    'time zone must be a name of the IANA database, for example Europe/Paris, got: Europe/Pariss',
  );
});
