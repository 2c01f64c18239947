import * as fc from 'fast-check';
import type { PruneGuards } from '../../../catalog/retention/prune';
import { planPrune } from '../../../catalog/retention/prune';
import type { RetainedBackup } from '../../../catalog/retention/retention';
import { plan } from '../../../catalog/retention/retention';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import { anyBackups, anyNow, anyPolicy, RUNS } from './retention-arbitraries';

const NOW = new Date('2026-11-20T12:00:00Z');
const HOUR = 3600;
const DAY = 24 * HOUR;
const POLICY: RetentionPolicy = { keepLast: 1, timeZone: 'UTC', weekStart: 'monday' };
/** Deletes whatever the retention does not keep. */
const FREE: PruneGuards = { maxDeleteShare: 1 };

/** As many backups, a day apart; the newest of an age. */
const backups = (count: number, newestAge = HOUR): RetainedBackup[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `b${100 - index}`,
    time: new Date(NOW.getTime() - (newestAge + index * DAY) * 1000),
  }));
const prune = (given: RetainedBackup[], guards: PruneGuards, policy: Partial<RetentionPolicy> = {}) =>
  planPrune(given, { ...POLICY, ...policy }, guards, NOW);

test('deletes what the retention does not keep', () => {
  const given = backups(4);
  const { decisions, deletions, refusal } = prune(given, FREE, { daily: 2 });
  expect(decisions).toEqual(plan(given, { ...POLICY, daily: 2 }, NOW));
  expect(deletions).toEqual(given.slice(2));
  expect(refusal).toBeUndefined();
});

describe('no backup within the allowed age', () => {
  const guards = { ...FREE, allowedAgeSeconds: 26 * HOUR };

  test('deletes nothing, whatever a person confirms', () => {
    for (const confirmed of [undefined, false, true]) {
      const result = prune(backups(4, 26 * HOUR + 360), { ...guards, confirmed });
      expect(result.refusal).toEqual({
        why: 'no-recent-backup',
        sentence:
          'the newest complete backup is 26 hours 6 minutes old; the limit is 26 hours: nothing is deleted until a backup succeeds',
      });
      expect(result.deletions).toEqual([]);
      expect(result.decisions.filter(({ keep }) => !keep)).toHaveLength(3);
    }
  });

  test.each([
    [26 * HOUR, 3],
    [26 * HOUR + 1, 0],
    [-HOUR, 3],
  ])('the newest is %d seconds old: %d are deleted', (age, deleted) => {
    expect(prune(backups(4, age), guards).deletions).toHaveLength(deleted);
  });

  test.each([
    ['damaged', { damage: 'shop.sql.zst is missing' }],
    ['dated in the future', { time: new Date('2027-01-01T00:00:00Z') }],
  ])('a backup that is %s is none', (_, state) => {
    const newest = { id: 'newest', time: NOW, ...state };
    expect(prune([newest, ...backups(4, 27 * HOUR)], guards).refusal?.why).toBe('no-recent-backup');
  });

  test('is not looked at without an allowed age', () => {
    expect(prune(backups(4, 1000 * DAY), FREE).deletions).toHaveLength(3);
  });
});

describe('more than the share that a run may delete', () => {
  test('deletes nothing', () => {
    const result = prune(backups(10), { maxDeleteShare: 0.5 });
    expect(result.refusal).toEqual({
      why: 'too-many',
      sentence:
        '9 of 10 backups would be deleted, and a scheduled run deletes at most 50 % of them: look at them with proven-backups prune --dry-run, and delete them with proven-backups prune',
    });
    expect(result.deletions).toEqual([]);
  });

  test.each([
    [10, 5, 0.5, true],
    [10, 4, 0.5, false],
    [2, 1, 0.5, true],
    [3, 1, 0.5, false],
    [100, 43, 0.57, true],
    [100, 42, 0.57, false],
    [10, 1, 1, true],
  ])('of %d backups, all but %d, at most %d: %s', (count, keepLast, maxDeleteShare, allowed) => {
    const { deletions, refusal } = prune(backups(count), { maxDeleteShare }, { keepLast });
    expect(deletions).toHaveLength(allowed ? count - keepLast : 0);
    expect(refusal?.why).toBe(allowed ? undefined : 'too-many');
  });

  test('is deleted once a person has confirmed', () => {
    expect(prune(backups(10), { maxDeleteShare: 0.5, confirmed: true }).deletions).toHaveLength(9);
  });

  test('what is damaged or dated in the future is no backup that the share is of', () => {
    const others = Array.from({ length: 50 }, (_, index) => ({
      id: `x${index}`,
      time: index % 2 ? NOW : new Date('2027-01-01T00:00:00Z'),
      ...(index % 2 && { damage: 'shop.sql.zst is missing' }),
    }));
    const { refusal } = prune([...others, ...backups(10)], { maxDeleteShare: 0.5 });
    expect(refusal?.sentence).toMatch(/^9 of 10 backups would be deleted, /);
  });
});

test('refuses nothing when nothing would be deleted', () => {
  const guards = { maxDeleteShare: 0.01, allowedAgeSeconds: 1 };
  for (const given of [[], backups(3, 1000 * DAY), backups(3).map((backup) => ({ ...backup, damage: 'torn' }))]) {
    expect(prune(given, guards, { keepLast: 3 })).toEqual({ decisions: expect.any(Array), deletions: [] });
  }
});

test('a run deletes what the plan deletes, or nothing; and what a person confirmed is held back by nothing but silence', () => {
  const guards = fc.record(
    {
      maxDeleteShare: fc.constantFrom(0.1, 0.5, 1),
      allowedAgeSeconds: fc.constantFrom(HOUR, 40 * DAY),
      confirmed: fc.boolean(),
    },
    { requiredKeys: ['maxDeleteShare'] },
  );
  fc.assert(
    fc.property(anyBackups, anyPolicy, guards, anyNow, (given, policy, limits, now) => {
      const { decisions, deletions, refusal } = planPrune(given, policy, limits, now);
      const candidates = decisions.filter(({ keep }) => !keep).map(({ backup }) => backup);
      expect(deletions.map(({ id }) => id)).toEqual(refusal ? [] : candidates.map(({ id }) => id));
      if (candidates.length === 0 || limits.confirmed) expect(refusal?.why).not.toBe('too-many');
      if (candidates.length === 0) expect(refusal).toBeUndefined();
    }),
    RUNS,
  );
});
