import { App, Duration, Lazy, Stack, TimeZone, Token } from 'aws-cdk-lib';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import type { GfsRetentionOptions, RetentionOptions } from '../../../lib';
import { Retention, WeekDay } from '../../../lib';

const policyOf = (retention: Retention): RetentionPolicy => retention._bind(new Stack(new App(), 'Stack'));
const { days, gfs, oneYear, forever } = Retention;
const USUAL = { keepLast: 3, timeZone: 'UTC', weekStart: 'monday' };

test.each([
  ['days', days(7), { keepForSeconds: 604_800 }],
  ['one day', days(1), { keepForSeconds: 86_400 }],
  ['a hundred years', days(36_525), { keepForSeconds: 3_155_760_000 }],
  ['one year', oneYear(), { keepForSeconds: 172_800, daily: 14, weekly: 14, monthly: 13 }],
  ['for ever', forever(), { forever: true }],
  ['hours', gfs({ hourly: 24 }), { hourly: 24 }],
  ['days, weeks, months', gfs({ daily: 14, weekly: 13, monthly: 12 }), { daily: 14, weekly: 13, monthly: 12 }],
  ['years', gfs({ yearly: 100_000 }), { yearly: 100_000 }],
  ['an age', gfs({ keepFor: Duration.hours(1) }), { keepForSeconds: 3600 }],
  ['an age and a count', gfs({ keepFor: Duration.days(2), daily: 1 }), { keepForSeconds: 172_800, daily: 1 }],
])('%s', (_, retention, rules) => {
  expect(policyOf(retention)).toEqual({ ...USUAL, ...rules });
});

describe.each<[string, (options: RetentionOptions) => Retention]>([
  ['days', (options) => days(7, options)],
  ['gfs', (options) => gfs({ ...options, daily: 1 })],
  ['oneYear', (options) => oneYear(options)],
])('options of %s', (_, make) => {
  test.each<[RetentionOptions, Partial<RetentionPolicy>]>([
    [{ keepLast: 1 }, { keepLast: 1 }],
    [{ keepLast: 100_000 }, { keepLast: 100_000 }],
    [{ timeZone: TimeZone.EUROPE_PARIS }, { timeZone: 'Europe/Paris' }],
    [{ weekStart: WeekDay.SUNDAY }, { weekStart: 'sunday' }],
  ])('%j', (options, expected) => {
    expect(policyOf(make(options))).toEqual({ ...policyOf(make({})), ...expected });
  });
});

test.each(Object.entries(WeekDay))('weeks may begin on %s', (name, weekStart) => {
  expect(policyOf(oneYear({ weekStart })).weekStart).toBe(name.toLowerCase());
});

describe('refuses', () => {
  const refusal = (retention: Retention): string => {
    try {
      policyOf(retention);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('the retention was accepted');
  };

  test.each([0, -1, 1.5, 36_526, NaN])('%d days', (value) => {
    expect(refusal(days(value))).toBe(
      `Stack: days of the retention must be a whole number from 1 to 36525, got: ${value}`,
    );
  });

  test.each(
    (['keepLast', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const).flatMap((name) =>
      [0, -1, 1.5, 100_001].map((value) => [name, value] as const),
    ),
  )('%s: %d', (name, value) => {
    const options: GfsRetentionOptions = { daily: 1, [name]: value };
    expect(refusal(gfs(options))).toBe(
      `Stack: retention: ${name} must be a whole number from 1 to 100000, got: ${value}`,
    );
  });

  test('an age of less than an hour', () => {
    expect(refusal(gfs({ keepFor: Duration.minutes(59) }))).toBe(
      'Stack: retention: keepFor must be from 1 hour to 100 years, got: 3540 seconds',
    );
  });

  test.each<[GfsRetentionOptions]>([[{}], [{ keepLast: 5 }], [{ timeZone: TimeZone.EUROPE_PARIS }]])(
    'no rule but the floor: %j',
    (options) => {
      expect(refusal(gfs(options))).toBe(
        'Stack: retention must have a rule besides keepLast, got: none: give keepFor, daily, weekly or the like',
      );
    },
  );

  test('an unknown time zone', () => {
    expect(refusal(oneYear({ timeZone: TimeZone.of('Europe/Pariss') }))).toBe(
      'Stack: retention: time zone must be a name of the IANA database, for example Europe/Paris, got: Europe/Pariss',
    );
  });

  const number = (): number => Token.asNumber(Lazy.any({ produce: () => 1 }));
  test.each<[string, () => Retention]>([
    ['days of the retention', () => days(number())],
    ['keepLast of the retention', () => days(7, { keepLast: number() })],
    ['keepLast of the retention', () => oneYear({ keepLast: number() })],
    ['hourly of the retention', () => gfs({ hourly: number() })],
    ['daily of the retention', () => gfs({ daily: number() })],
    ['weekly of the retention', () => gfs({ weekly: number() })],
    ['monthly of the retention', () => gfs({ monthly: number() })],
    ['yearly of the retention', () => gfs({ yearly: number() })],
    ['keepFor of the retention', () => gfs({ keepFor: Duration.days(number()) })],
    [
      'time zone of the retention',
      () => oneYear({ timeZone: TimeZone.of(Token.asString(Lazy.any({ produce: () => 'UTC' }))) }),
    ],
  ])('a token: %s', (what, make) => {
    expect(refusal(make())).toBe(`Stack: ${what} must be known at synth, got: a token: write the value itself`);
  });
});
