import type { SimulationInput } from '../../../catalog/retention/simulate';
import { runTimes, simulate } from '../../../catalog/retention/simulate';

const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const span = (from: string, to: string) => ({ from: day(from), to: day(to) });
const iso = (time: Date | undefined): string | undefined => time?.toISOString().slice(0, 16);
const UTC = { keepLast: 3, timeZone: 'UTC', weekStart: 'monday' } as const;
const FREE = { maxDeleteShare: 1 };

/** A simulation of runs at 02:00 each day, pruned at 04:30. */
function nightly(from: string, to: string, rest: Partial<SimulationInput> & Pick<SimulationInput, 'policy'>) {
  const whole = span(from, to);
  return simulate({ ...whole, runs: runTimes('cron(0 2 * * ? *)', 'UTC', whole), guards: FREE, ...rest });
}

describe('the times of runs', () => {
  const month = span('2026-03-01', '2026-04-01');

  test('a rate counts from the begin', () => {
    const times = runTimes('rate(7 hours)', 'UTC', span('2026-03-01', '2026-03-02'));
    expect(times.map(iso)).toEqual(['2026-03-01T00:00', '2026-03-01T07:00', '2026-03-01T14:00', '2026-03-01T21:00']);
  });

  test('the end is not within', () => {
    expect(runTimes('rate(1 day)', 'UTC', month)).toHaveLength(31);
    expect(iso(runTimes('cron(0 0 * * ? *)', 'UTC', month)[0])).toBe('2026-03-01T00:00');
    expect(iso(runTimes('cron(0 0 * * ? *)', 'UTC', month).at(-1))).toBe('2026-03-31T00:00');
  });

  test('more than are asked for at once', () => {
    const times = runTimes('cron(0 * * * ? *)', 'UTC', span('2026-01-01', '2027-01-01'));
    expect(times).toHaveLength(8760);
    expect(new Set(times.map(Number)).size).toBe(8760);
  });

  test('no time that the clock leaves out, and once one that comes twice', () => {
    const times = (from: string, to: string) => runTimes('cron(30 2 * * ? *)', 'Europe/Paris', span(from, to)).map(iso);
    expect(times('2026-03-28', '2026-03-31')).toEqual(['2026-03-28T01:30', '2026-03-30T00:30']);
    expect(times('2026-10-25', '2026-10-26')).toEqual(['2026-10-25T00:30']);
  });

  test('none after the last', () => {
    expect(runTimes('cron(0 2 1 1 ? 2026)', 'UTC', span('2025-06-01', '2030-01-01')).map(iso)).toEqual([
      '2026-01-01T02:00',
    ]);
  });
});

test('what is kept at the end, and why', () => {
  const { stored, ...rest } = nightly('2026-01-01', '2026-12-01', { policy: { ...UTC, daily: 2, monthly: 2 } });
  expect(stored.map(({ time, reasons }) => [iso(time), ...reasons])).toEqual([
    ['2026-11-30T02:00', 'floor: newest 3', 'daily of 2026-11-30', 'monthly of 2026-11'],
    ['2026-11-29T02:00', 'floor: newest 3', 'daily of 2026-11-29'],
    ['2026-11-28T02:00', 'floor: newest 3'],
    ['2026-10-31T02:00', 'monthly of 2026-10'],
  ]);
  expect(rest).toEqual({
    made: 334,
    failed: 0,
    deleted: 330,
    most: { count: 5, time: new Date('2026-02-04T02:00:00Z') },
    refusals: [],
    failures: [],
  });
});

test('the most is what lies there before the pruning', () => {
  const whole = span('2026-01-01', '2026-01-11');
  const policy = { ...UTC, keepForSeconds: 86_400 };
  const { most, stored } = simulate({ ...whole, policy, guards: FREE, runs: runTimes('rate(1 hour)', 'UTC', whole) });
  expect(most).toEqual({ count: 48, time: new Date('2026-01-03T04:00:00Z') });
  // At midnight the one of 24 hours ago is no longer younger than a day.
  expect(stored).toHaveLength(23);
});

test('an outage: what it left, and that nothing was deleted meanwhile', () => {
  const failures = [span('2026-03-01', '2026-03-21'), span('2026-05-01', '2026-05-02')];
  const guards = { ...FREE, allowedAgeSeconds: 30 * 3600 };
  const policy = { ...UTC, keepForSeconds: 5 * 86_400 };
  const result = nightly('2026-01-01', '2026-06-01', { policy, guards, failures });
  expect(result.failures).toEqual([
    {
      ...failures[0],
      failed: 20,
      left: 4,
      oldest: new Date('2026-02-25T02:00Z'),
      newest: new Date('2026-02-28T02:00Z'),
    },
    {
      ...failures[1],
      failed: 1,
      left: 4,
      oldest: new Date('2026-04-27T02:00Z'),
      newest: new Date('2026-04-30T02:00Z'),
    },
  ]);
  // In the second, the newest was 26.5 hours old.
  expect(result.refusals).toEqual([
    {
      why: 'no-recent-backup',
      sentence:
        'the newest complete backup is 2 days 2 hours old; the limit is 30 hours: nothing is deleted until a backup succeeds',
      first: new Date('2026-03-02T04:30Z'),
      last: new Date('2026-03-20T04:30Z'),
      prunings: 19,
    },
  ]);
  expect([result.made, result.failed]).toEqual([130, 21]);
});

test('an outage costs no history of the calendar', () => {
  const failures = [span('2026-03-02', '2026-11-02')];
  const { stored } = nightly('2026-01-01', '2026-11-03', { policy: { ...UTC, keepLast: 1, daily: 4 }, failures });
  expect(stored.map(({ time }) => iso(time))).toEqual([
    ...['2026-11-02T02:00', '2026-03-01T02:00', '2026-02-28T02:00', '2026-02-27T02:00'],
  ]);
});

test('a pruning that would delete too much is refused until the end: nobody confirms', () => {
  const failures = [span('2026-01-11', '2026-01-21')];
  const policy = { ...UTC, keepLast: 1, keepForSeconds: 5 * 86_400 };
  const { refusals, stored } = nightly('2026-01-01', '2026-01-23', {
    policy,
    failures,
    guards: { maxDeleteShare: 0.2 },
  });
  // One of five is a fifth; the day after, it is one of four.
  expect(refusals.map(({ why, first, last, prunings }) => [why, iso(first), iso(last), prunings])).toEqual([
    ['too-many', '2026-01-12T04:30', '2026-01-23T00:00', 12],
  ]);
  expect(stored[0]!.reasons).toEqual(['floor: newest 1', 'younger than 5 days']);
  expect(stored.at(-1)!.reasons).toEqual(['not deleted: too many']);
});

test('nothing is ever stored', () => {
  const failures = [span('2026-01-01', '2026-02-01')];
  expect(nightly('2026-01-01', '2026-02-01', { policy: { ...UTC, daily: 1 }, failures })).toEqual({
    ...{ made: 0, failed: 31, deleted: 0, stored: [], refusals: [] },
    failures: [{ ...failures[0], failed: 31, left: 0 }],
  });
});
