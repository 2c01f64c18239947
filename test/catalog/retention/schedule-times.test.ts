import fc from 'fast-check';
import { nextTimes, scheduleTimes } from '../../../catalog/retention/schedule-times';
import { Zone } from '../../../catalog/retention/zone';

const NOW = new Date('2026-11-20T11:00:00Z');
const HOUR = 3600;
const DAY = 24 * HOUR;
const next = (expression: string, zone = 'UTC', count = 3, from = NOW): string[] =>
  nextTimes(expression, zone, from, count).map((time) => time.toISOString().slice(0, 16));

describe('next times', () => {
  test.each([
    ['every day', 'cron(0 2 * * ? *)', ['2026-11-21T02:00', '2026-11-22T02:00', '2026-11-23T02:00']],
    ['steps from a start', 'cron(0/20 12 * * ? *)', ['2026-11-20T12:00', '2026-11-20T12:20', '2026-11-20T12:40']],
    ['day of week 1 is Sunday', 'cron(0 0 ? * 1 *)', ['2026-11-22T00:00', '2026-11-29T00:00', '2026-12-06T00:00']],
    ['day of week 7 is Saturday', 'cron(0 0 ? * 7 *)', ['2026-11-21T00:00', '2026-11-28T00:00', '2026-12-05T00:00']],
    ['names of days', 'cron(0 0 ? * SUN,SAT *)', ['2026-11-21T00:00', '2026-11-22T00:00', '2026-11-28T00:00']],
    ['2-6 is Monday to Friday', 'cron(0 0 ? * 2-6 *)', ['2026-11-23T00:00', '2026-11-24T00:00', '2026-11-25T00:00']],
    ['L in day of week is Saturday', 'cron(0 0 ? * L *)', ['2026-11-21T00:00', '2026-11-28T00:00', '2026-12-05T00:00']],
    ['last day of the month', 'cron(0 0 L * ? *)', ['2026-11-30T00:00', '2026-12-31T00:00', '2027-01-31T00:00']],
    ['last Friday of the month', 'cron(0 0 ? * 6L *)', ['2026-11-27T00:00', '2026-12-25T00:00', '2027-01-29T00:00']],
    ['first Monday of the month', 'cron(0 0 ? * 2#1 *)', ['2026-12-07T00:00', '2027-01-04T00:00', '2027-02-01T00:00']],
    ['second Monday, by name', 'cron(0 0 ? * MON#2 *)', ['2026-12-14T00:00', '2027-01-11T00:00', '2027-02-08T00:00']],
    // 1 May 2027 is a Saturday: the nearest weekday within the month is Monday the 3rd.
    ['weekday nearest to the 1st', 'cron(0 0 1W 5 ? *)', ['2027-05-03T00:00', '2028-05-01T00:00', '2029-05-01T00:00']],
    ['names of months', 'cron(0 0 1 JAN,JUL ? *)', ['2027-01-01T00:00', '2027-07-01T00:00', '2028-01-01T00:00']],
    ['leap day', 'cron(0 0 29 2 ? *)', ['2028-02-29T00:00', '2032-02-29T00:00', '2036-02-29T00:00']],
    ['a range of years ends', 'cron(0 0 1 1 ? 2027-2028)', ['2027-01-01T00:00', '2028-01-01T00:00']],
  ])('%s: %s', (_, expression, expected) => {
    expect(next(expression)).toEqual(expected);
  });

  test('a rate counts from the creation of its schedule', () => {
    expect(next('rate(6 hours)')).toEqual([]);
  });

  test('are on the clock of the time zone, in winter and in summer', () => {
    const paris = 'Europe/Paris';
    expect(next('cron(0 5 * * ? *)', paris, 1)).toEqual(['2026-11-21T04:00']);
    expect(next('cron(0 5 * * ? *)', paris, 1, new Date('2027-07-01T12:00:00Z'))).toEqual(['2027-07-02T03:00']);
  });

  test('skip a time that the spring change leaves out', () => {
    // In 2027 the clocks of Paris jump from 2 to 3 on 28 March.
    expect(next('cron(30 2 * * ? *)', 'Europe/Paris', 3, new Date('2027-03-26T12:00:00Z'))).toEqual([
      '2027-03-27T01:30',
      '2027-03-29T00:30',
      '2027-03-30T00:30',
    ]);
  });

  test('fire once on a time that the autumn change repeats', () => {
    expect(next('cron(30 2 * * ? *)', 'Europe/Paris', 3, new Date('2027-10-29T12:00:00Z'))).toEqual([
      '2027-10-30T00:30',
      '2027-10-31T00:30',
      '2027-11-01T01:30',
    ]);
  });
});

describe('gaps', () => {
  test.each([
    ['rate(5 minutes)', 'UTC', 300, 300],
    ['rate(1 hour)', 'UTC', HOUR, HOUR],
    ['rate(2 days)', 'UTC', 2 * DAY, 2 * DAY],
    ['cron(0 2 * * ? *)', 'UTC', DAY, DAY],
    ['cron(0/1 * * * ? *)', 'UTC', 60, 60],
    ['cron(0 8,20 * * ? *)', 'UTC', 12 * HOUR, 12 * HOUR],
    ['cron(0 8,9 * * ? *)', 'UTC', HOUR, 23 * HOUR],
    ['cron(0 0 ? * MON-FRI *)', 'UTC', DAY, 3 * DAY],
    ['cron(0 0 L * ? *)', 'UTC', 28 * DAY, 31 * DAY],
    ['cron(0 0 29 2 ? *)', 'UTC', (4 * 365 + 1) * DAY, (4 * 365 + 1) * DAY],
    // The change of the clock makes one day an hour shorter, and one an hour longer.
    ['cron(0 5 * * ? *)', 'Europe/Paris', 23 * HOUR, 25 * HOUR],
    ['cron(0 1,5 * * ? *)', 'Europe/Paris', 3 * HOUR, 20 * HOUR],
    // Half an hour only, on Lord Howe Island.
    ['cron(0 5 * * ? *)', 'Australia/Lord_Howe', 23.5 * HOUR, 24.5 * HOUR],
    // Skipped on one day in spring, which would be two days less the hour: it is left out. In autumn a night has 25 hours.
    ['cron(30 2 * * ? *)', 'Europe/Paris', DAY, 25 * HOUR],
    // The next run is two hours after the time that is left out, three on all other days.
    ['cron(30 2,5 * * ? *)', 'Europe/Paris', 3 * HOUR, 21 * HOUR],
  ])('%s in %s', (expression, zone, shortestGap, longestGap) => {
    expect(scheduleTimes(expression, zone, NOW)).toMatchObject({ shortestGap, longestGap });
  });

  test('there are none when there is one run only', () => {
    const times = scheduleTimes('cron(0 0 1 1 ? 2030)', 'UTC', NOW);
    expect(times).toEqual({
      first: new Date('2030-01-01T00:00:00Z'),
      shortestGap: undefined,
      longestGap: undefined,
      skipped: [],
    });
  });

  test('agree with the times themselves, whatever the hours, the minutes and the zone', () => {
    const field = (max: number) => fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 3 });
    const zone = fc.constantFrom('UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu');
    fc.assert(
      fc.property(field(59), field(23), zone, (minutes, hours, name) => {
        const expression = `cron(${minutes.join()} ${hours.join()} * * ? *)`;
        // Runs of 400 days hold both changes of the clock.
        const times = nextTimes(expression, name, NOW, 400 * minutes.length * hours.length).map(Number);
        const gaps = (of: number[]) => of.slice(1).map((time, index) => (time - of[index]!) / 1000);
        const { first, shortestGap, longestGap, skipped } = scheduleTimes(expression, name, NOW);
        expect(first?.getTime()).toBe(times[0]);
        expect(shortestGap).toBe(Math.min(...gaps(times)));
        // By the clock of the day before.
        const meant = skipped
          .map((local) => Date.parse(`${local}Z`))
          .map((wall) => wall - Zone.of(name).offset(wall - DAY * 1000));
        const all = [...times, ...meant.filter((time) => time < times.at(-1)!)].sort((a, b) => a - b);
        expect(longestGap).toBe(Math.max(...gaps(all)));
      }),
      { numRuns: 15 },
    );
  });
});

describe('times that daylight saving skips', () => {
  test('are told with their local time', () => {
    const { skipped } = scheduleTimes('cron(30 2 * * ? *)', 'Europe/Paris', NOW);
    expect(skipped.slice(0, 2)).toEqual(['2027-03-28T02:30', '2028-03-26T02:30']);
  });

  test.each([
    ['another hour', 'cron(30 4 * * ? *)', 'Europe/Paris'],
    ['UTC', 'cron(30 2 * * ? *)', 'UTC'],
    ['a run at the next full hour makes up for it', 'cron(0 * * * ? *)', 'Europe/Paris'],
    ['a day that is never the day of the change', 'cron(30 2 ? * MON *)', 'Europe/Paris'],
  ])('there are none: %s', (_, expression, zone) => {
    expect(scheduleTimes(expression, zone, NOW).skipped).toEqual([]);
  });
});

describe('refusals', () => {
  test.each([
    ['cron(0 0 31 2 ? *)', 'schedule never fires: no such time lies in the future, got: cron(0 0 31 2 ? *)'],
    ['cron(0 0 1 1 ? 2020)', 'schedule never fires: no such time lies in the future, got: cron(0 0 1 1 ? 2020)'],
    // Today, but earlier.
    ['cron(0 10 20 11 ? 2026)', 'schedule never fires: no such time lies in the future, got: cron(0 10 20 11 ? 2026)'],
    [
      'cron(0 0 * * *)',
      'cron expression must have six fields (minutes hours day-of-month month day-of-week year), got: cron(0 0 * * *)',
    ],
    [
      'cron(0 0 * * * *)',
      'cron expression must have a ? in exactly one of day-of-month and day-of-week, got: cron(0 0 * * * *)',
    ],
    [
      'cron(0 0 ? * ? *)',
      'cron expression must have a ? in exactly one of day-of-month and day-of-week, got: cron(0 0 ? * ? *)',
    ],
    ['rate(0 hours)', 'rate must be a whole number of minutes, hours or days, got: rate(0 hours)'],
    ['rate(1.5 hours)', 'rate must be a whole number of minutes, hours or days, got: rate(1.5 hours)'],
    ['rate(2 weeks)', 'rate must be a whole number of minutes, hours or days, got: rate(2 weeks)'],
  ])('%s', (expression, message) => {
    expect(() => scheduleTimes(expression, 'UTC', NOW)).toThrow(new Error(message));
  });

  test.each([
    'cron(60 0 * * ? *)',
    'cron(0 24 * * ? *)',
    'cron(0 0 32 * ? *)',
    'cron(0 0 ? * 8 *)',
    'cron(x 0 * * ? *)',
  ])('%s', (expression) => {
    expect(() => scheduleTimes(expression, 'UTC', NOW)).toThrow(`cron expression is not valid, got: ${expression}: `);
  });

  test('a time zone that does not exist', () => {
    expect(() => scheduleTimes('cron(0 0 * * ? *)', 'Europe/Atlantis', NOW)).toThrow(
      'time zone must be a name of the IANA database, for example Europe/Paris, got: Europe/Atlantis',
    );
  });
});
