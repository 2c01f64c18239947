import type { Period } from '../../catalog/retention/retention-policy';
import type { Span } from '../../catalog/retention/simulate';
import { simulate } from '../../catalog/retention/simulate';
import type { Stored } from '../support/two-years';
import {
  alarmsOf,
  coverage,
  directoryOf,
  dumps,
  dumpsOf,
  jobOf,
  resourcesOf,
  snapshots,
  SPAN,
} from '../support/two-years';

/**
 * The retention of each document's example, as its template has it, over two years; and what the document promises, in
 * the document's words.
 */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const on = (day: string): Date => new Date(`${day}T00:00:00Z`);
/** Nearly three weeks without a backup, in the second year. */
const OUTAGE: Span = { from: on('2028-03-01'), to: on('2028-03-20') };

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

describe('Candle: MongoDB daily 14 days, weekly 3 months, monthly 1 year; configuration 6 months; media 30 days', () => {
  const database = dumps('candle', 'mongodb');
  const afterYear = (outage?: Span) => afterDays(database(outage), 366);

  test.each([
    ['daily', 14],
    // As many weeks as any three months have, and as many months as any year.
    ['weekly', 14],
    ['monthly', 13],
  ] as const)('%s: a dump of each of the last %d, every day', (period, count) => {
    expect(all(afterYear(), (day) => coverage(day, period, count))).toEqual([count]);
  });

  test('an outage costs no history', () => {
    expect(morning(afterYear(OUTAGE), '2028-03-19').times).toEqual(morning(database(), '2028-02-29').times);
  });

  test('monthly ones lie in cold storage, long before they go', () => {
    const [{ Properties: bucket } = {} as never] = resourcesOf('candle', 'AWS::S3::Bucket').filter(
      ({ Properties }) => Properties.LifecycleConfiguration,
    );
    const moves = bucket.LifecycleConfiguration.Rules.flatMap(
      ({ Transitions = [] }: { Transitions?: { StorageClass: string; TransitionInDays: number }[] }) => Transitions,
    );
    expect(moves).toContainEqual({ StorageClass: 'DEEP_ARCHIVE', TransitionInDays: 105 });
  });

  test.each(['config', 'nginx-config'])(
    '%s: each Sunday, for any six months, and readable by people alone',
    (source) => {
      const days = afterDays(dumps('candle', source)(), 200);
      expect(Math.max(...all(days, newest))).toBeLessThan(7.1);
      expect(Math.min(...all(days, oldest))).toBeGreaterThan(176);
      expect(Math.max(...all(days, oldest))).toBeGreaterThan(183);
      expect(jobOf('candle', source).encryptTo).toHaveLength(2);
    },
  );

  test('the three files of the configuration, and no other', () => {
    const chosen = ['config', 'nginx-config'].map((source) => [
      directoryOf('candle', source),
      jobOf('candle', source).files,
    ]);
    expect(chosen).toEqual([
      ['/var/www/candle-ecommerce', { include: ['.env.local', 'server/.env'] }],
      ['/etc/nginx/sites-available', { include: ['candle-ecommerce'] }],
    ]);
  });

  test('media: each day at four, for 30 days, in a repository', () => {
    const days = afterDays(dumps('candle', 'media')(), 31);
    expect(all(days, (day) => coverage(day, 'daily', 30))).toEqual([30]);
    expect(Math.max(...all(days, oldest))).toBeLessThan(31);
    expect(all(days, ({ times }) => times.at(-1)!.getUTCHours())).toEqual([4]);
    expect(directoryOf('candle', 'media')).toBe('/var/www/candle-ecommerce/public/media');
    expect(jobOf('candle', 'media').repository).toBeDefined();
  });

  test('an email upon completion, and alerts of what is older than 25 hours', () => {
    const { sources, digest } = alarmsOf('candle');
    expect(digest).toBe('each');
    const ages = ['mongodb', 'media'].map((source) => sources[source]!.allowedAgeSeconds);
    expect(ages).toEqual([25 * 3600, 25 * 3600]);
    expect(sources.mongodb).toMatchObject({ recoveryTimeSeconds: 3600 });
  });
});

describe('Spotify uploader: daily backups at midnight, kept for 7 days', () => {
  const database = dumps('spotify-uploader', 'sessions');

  test('a dump of each of the last 7 days, and no other', () => {
    const days = afterDays(database(), 8);
    expect(all(days, (day) => coverage(day, 'daily', 7))).toEqual([7]);
    expect(Math.max(...all(days, oldest))).toBeLessThan(8);
    expect(all(days, ({ times }) => times.at(-1)!.getUTCHours())).toEqual([0]);
  });

  test('after an outage the newest ones are still there', () => {
    const { times } = morning(database(OUTAGE), '2028-03-19');
    expect(times.length).toBeGreaterThanOrEqual(6);
    expect(times).toEqual(morning(database(OUTAGE), '2028-03-03').times);
  });

  test('an alert after 25 hours without a backup, after a failure, and of an odd size', () => {
    const { sources, off } = alarmsOf('spotify-uploader');
    expect(sources.sessions).toMatchObject({ allowedAgeSeconds: 25 * 3600, recoveryTimeSeconds: 60 });
    expect([off, sources.sessions!.off ?? []]).toEqual([[], []]);
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
