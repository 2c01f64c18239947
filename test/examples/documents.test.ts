import { Calendar } from '../../catalog/retention/calendar';
import type { Period } from '../../catalog/retention/retention-policy';
import type { Span } from '../../catalog/retention/simulate';
import { simulate } from '../../catalog/retention/simulate';
import type { Stored } from '../support/two-years';
import { dumps, dumpsOf, resourcesOf, snapshots, SPAN } from '../support/two-years';

/**
 * The retention of each document's example, as its template has it, over two years; and what the document promises, in
 * the document's words.
 */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const on = (day: string): Date => new Date(`${day}T00:00:00Z`);
/** Nearly three weeks without a backup, in the second year. */
const OUTAGE: Span = { from: on('2028-03-01'), to: on('2028-03-20') };

const CALENDAR = new Calendar('UTC', 'monday');

/** How many of the last days, weeks or months, this one included, have a backup each, without a gap. */
function coverage({ now, times }: Stored, period: Period, atMost: number): number {
  const held = new Set(times.map((time) => CALENDAR.name(period, time)));
  const names = new Set<string>();
  for (let age = 0; names.size <= atMost; age++) {
    const name = CALENDAR.name(period, new Date(now.getTime() - age * DAY_MS));
    if (!held.has(name)) break;
    names.add(name);
  }
  return Math.min(names.size, atMost);
}

const afterDays = (days: Stored[], count: number): Stored[] => days.slice(count);
const ageOf = (time: Date, now: Date): number => (now.getTime() - time.getTime()) / DAY_MS;
const oldest = ({ now, times }: Stored): number => ageOf(times[0]!, now);
const newest = ({ now, times }: Stored): number => ageOf(times.at(-1)!, now);
const morning = (days: Stored[], day: string): Stored => days.find(({ now }) => now > on(day))!;

/** How old each was when it went. That is when a newer one was made. */
const lives = (days: Stored[]): number[] =>
  days.slice(1).flatMap(({ times }, index) => {
    const gone = days[index]!.times.filter((time) => !times.includes(time));
    return gone.map((time) => ageOf(time, times.at(-1)!));
  });

/** Every value that a fact takes on. */
const all = (days: Stored[], fact: (day: Stored) => number): number[] => [...new Set(days.map(fact))];

describe('EpicBook: a daily dump of the database, and a weekly snapshot', () => {
  const database = dumps('epicbook', 'epicbook');
  const disk = snapshots('epicbook');

  test('"at least one daily logical backup", every day', () => {
    expect(Math.max(...all(database(), newest))).toBeLessThan(1);
  });

  test('a dump of each of the last 14 days, 14 weeks and 13 months, for a year and a day', () => {
    const days = afterDays(database(), 366);
    expect(all(days, (day) => coverage(day, 'daily', 14))).toEqual([14]);
    expect(all(days, (day) => coverage(day, 'weekly', 14))).toEqual([14]);
    expect(all(days, (day) => coverage(day, 'monthly', 13))).toEqual([13]);
    // 2028 is a leap year.
    expect(Math.max(...all(days, oldest))).toBeLessThan(368);
  });

  test('a snapshot of each of the last 8 weeks', () => {
    const days = afterDays(disk(), 70);
    expect(Math.max(...all(days, newest))).toBeLessThan(8);
    expect(all(days, ({ times }) => times.length)).toEqual([8]);
    expect(Math.max(...all(days, oldest))).toBeLessThan(57);
  });

  test('an outage costs no history', () => {
    const days = database(OUTAGE);
    expect(morning(days, '2028-03-19').times).toEqual(morning(days, '2028-02-29').times);
    const { times } = morning(days, '2028-03-20');
    const { policy, guards, runs } = dumpsOf('epicbook', 'epicbook');
    const to = new Date('2028-03-20T04:30:00Z');
    const { stored } = simulate({
      ...SPAN,
      to,
      policy,
      guards,
      runs: runs.filter((time) => time < to),
      failures: [OUTAGE],
    });
    const keptAs = (period: Period) => stored.filter(({ reasons }) => reasons.some((why) => why.startsWith(period)));
    expect(stored.map(({ time }) => time).reverse()).toEqual(times);
    expect([keptAs('daily').length, keptAs('weekly').length, keptAs('monthly').length]).toEqual([14, 14, 13]);
  });
});

describe('StreamFlix: as needed, and always before major changes', () => {
  const database = dumps('streamflix', 'streamflix');
  /** Before each change: every ten days at noon. */
  const changes = Array.from(
    { length: 70 },
    (_, index) => new Date(SPAN.from.getTime() + index * 10 * DAY_MS + 12 * HOUR_MS),
  );

  test('the backup before a change is there for 30 days', () => {
    const days = database(undefined, changes);
    for (const change of changes) {
      const kept = days.filter(({ now }) => now > change && ageOf(change, now) <= 30);
      expect(kept.every(({ times }) => times.includes(change))).toBe(true);
    }
  });

  test('and with no change at all, no more than a week is lost, and three months can be gone back', () => {
    const days = afterDays(database(), 100);
    expect(Math.max(...all(days, newest))).toBeLessThan(7.1);
    expect(Math.min(...all(days, oldest))).toBeGreaterThan(91);
    expect(Math.min(...lives(database()))).toBeGreaterThanOrEqual(92);
    expect(all(days, ({ times }) => times.length)).toEqual([14]);
  });

  test('a change within an outage of the schedule has its backup all the same', () => {
    const change = new Date('2028-03-10T12:00:00Z');
    const outage = { from: OUTAGE.from, to: change };
    expect(morning(database(outage, [change]), '2028-03-12').times).toContainEqual(change);
  });
});

describe('Candle: daily 14 days, weekly 3 months, monthly 1 year', () => {
  const volume = snapshots('candle');
  const afterYear = (outage?: Span) => afterDays(volume(outage), 366);
  /** As long as any three months, and any year. */
  const [THREE_MONTHS, YEAR] = [92, 366];

  test.each([
    ['Daily', 14],
    ['Weekly', THREE_MONTHS],
    ['Monthly', YEAR],
  ])('%s: none goes before %d days', (schedule, days) => {
    expect(Math.min(...lives(snapshots('candle', schedule)()))).toBeGreaterThanOrEqual(days);
  });

  test.each([
    ['Daily', 13],
    ['Weekly', 91],
    ['Monthly', 365],
  ])('%s: when the newest has just been made, there is one of %d days ago', (schedule, days) => {
    const ages = all(afterDays(snapshots('candle', schedule)(), 366), oldest);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(days);
  });

  test.each([
    ['daily', 14],
    ['weekly', 14],
    ['monthly', 13],
  ] as const)('%s: a snapshot of each of the last %d, every day', (period, count) => {
    expect(all(afterYear(), (day) => coverage(day, period, count))).toEqual([count]);
  });

  test('and none is kept for a month longer', () => {
    expect(Math.max(...all(afterYear(), oldest))).toBeLessThan(YEAR + 31);
    expect(Math.max(...all(afterYear(), ({ times }) => times.length))).toBe(14 + 14 + 13);
  });

  test('an email upon completion, and one when a snapshot fails', () => {
    const settings = resourcesOf('candle', 'AWS::SSM::Parameter').map(({ Properties }) =>
      JSON.stringify(Properties.Value),
    );
    expect(settings).toContainEqual(expect.stringContaining(String.raw`\"digest\":\"each\"`));
    const rules = resourcesOf('candle', 'AWS::Events::Rule').map(({ Properties }) => Properties.EventPattern);
    expect(rules).toContainEqual(expect.objectContaining({ source: expect.arrayContaining(['aws.dlm']) as string[] }));
  });

  test('monthly ones lie in cold storage, all but the newest', () => {
    const [policy] = resourcesOf('candle', 'AWS::DLM::LifecyclePolicy');
    const monthly = policy!.Properties.PolicyDetails.Schedules.find(({ Name }: { Name: string }) => Name === 'Monthly');
    expect(monthly.RetainRule).toEqual({ Count: 1 });
    expect(monthly.ArchiveRule.RetainRule.RetentionArchiveTier).toEqual({ Count: 12 });
  });

  test('an outage costs no history', () => {
    const days = afterYear(OUTAGE);
    expect(morning(days, '2028-03-19').times).toEqual(morning(days, '2028-02-29').times);
    expect(all(days, ({ times }) => times.length)).toEqual([14 + 14 + 13]);
  });
});

describe('Spotify uploader: daily backups at midnight, kept for 7 days', () => {
  const volume = snapshots('spotify-uploader');

  test('a snapshot of each of the last 7 days, and no other', () => {
    const days = afterDays(volume(), 7);
    expect(all(days, (day) => coverage(day, 'daily', 7))).toEqual([7]);
    expect(all(days, ({ times }) => times.length)).toEqual([7]);
    expect(Math.max(...all(days, oldest))).toBeLessThan(7);
    expect(all(days, ({ times }) => times.at(-1)!.getUTCHours())).toEqual([0]);
  });

  test('after an outage the newest seven are still there', () => {
    const left = morning(volume(OUTAGE), '2028-03-19').times;
    expect(left.map((time) => time.toISOString().slice(0, 10))).toEqual(
      ['23', '24', '25', '26', '27', '28', '29'].map((day) => `2028-02-${day}`),
    );
  });
});

describe.each(['fir-records', 'sessions'])('AFIRGen, %s: every 6 hours, kept for 7 days', (source) => {
  const database = dumps('afirgen', source);

  test('at 00:00, 06:00, 12:00 and 18:00 UTC', () => {
    const { times } = database().at(-1)!;
    expect([...new Set(times.map((time) => time.toISOString().slice(11, 19)))].sort()).toEqual([
      '00:00:00',
      '06:00:00',
      '12:00:00',
      '18:00:00',
    ]);
  });

  test('every backup of the last 7 days, and none that is older', () => {
    for (const { now, times } of afterDays(database(), 8)) {
      const newest = Math.floor(now.getTime() / (6 * HOUR_MS)) * 6 * HOUR_MS;
      const due = Array.from({ length: 28 }, (_, index) => new Date(newest - (27 - index) * 6 * HOUR_MS));
      expect(times).toEqual(due);
    }
  });

  test('in an outage none is deleted, once the newest is older than allowed', () => {
    const days = database(OUTAGE);
    const first = morning(days, '2028-03-01').times;
    expect(first).toHaveLength(27);
    expect(morning(days, '2028-03-19').times).toEqual(first);
  });

  test('and after it the old ones stay until half of the backups are new', () => {
    const days = database(OUTAGE);
    expect(morning(days, '2028-03-26').times[0]).toEqual(new Date('2028-02-23T06:00:00Z'));
    expect(morning(days, '2028-03-28').times).toEqual(morning(database(), '2028-03-28').times);
  });
});
