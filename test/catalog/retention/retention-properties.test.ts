// Not expect: it takes longer than what is tested, 90,000 times.
import { deepStrictEqual as same } from 'node:assert';
import * as fc from 'fast-check';
import type { RetainedBackup } from '../../../catalog/retention/retention';
import { isCounted, plan } from '../../../catalog/retention/retention';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import { PERIODS } from '../../../catalog/retention/retention-policy';
import { anyBackups, anyNow, anyPolicy, RUNS } from './retention-arbitraries';
import { keptByOracle, periodOf } from './retention-oracle';

const holds = (property: (backups: RetainedBackup[], policy: RetentionPolicy, now: Date) => void): void =>
  fc.assert(fc.property(anyBackups, anyPolicy, anyNow, property), RUNS);

const idsOf = (backups: readonly RetainedBackup[]): string[] => backups.map(({ id }) => id).sort();
const without = (backups: readonly RetainedBackup[], others: readonly (RetainedBackup | undefined)[]) =>
  backups.filter((backup) => !others.includes(backup));
const keptOf = (backups: readonly RetainedBackup[], policy: RetentionPolicy, now: Date): RetainedBackup[] =>
  plan(backups, policy, now)
    .filter(({ keep }) => keep)
    .map(({ backup }) => backup);
const byTime = (a: RetainedBackup, b: RetainedBackup): number =>
  b.time.getTime() - a.time.getTime() || (a.id < b.id ? 1 : -1);

test('it keeps what a naive reading of the rules keeps', () => {
  holds((backups, policy, now) => {
    same(idsOf(keptOf(backups, policy, now)), keptByOracle(backups, policy, now));
  });
});

test('the floor holds: the newest keepLast whole backups stay, or all if there are fewer', () => {
  holds((backups, policy, now) => {
    const newest = backups
      .filter((backup) => isCounted(backup, now))
      .sort(byTime)
      .slice(0, policy.keepLast);
    same(without(newest, keptOf(backups, policy, now)), []);
  });
});

test('the newest whole backup and the newest proven one stay', () => {
  holds((backups, policy, now) => {
    const whole = backups.filter((backup) => isCounted(backup, now)).sort(byTime);
    const newest = [whole[0], whole.find(({ proven }) => proven)].filter((backup) => backup !== undefined);
    same(without(newest, keptOf(backups, policy, now)), []);
  });
});

test('planning again after applying deletes nothing more', () => {
  holds((backups, policy, now) => {
    const kept = keptOf(backups, policy, now);
    same(idsOf(keptOf(kept, policy, now)), idsOf(kept));
  });
});

test('the order of the input does not matter, and the output is newest first', () => {
  holds((backups, policy, now) => {
    const decisions = plan(backups, policy, now);
    same(
      decisions.map(({ backup }) => backup),
      [...backups].sort(byTime),
    );
    same(plan([...backups].reverse(), policy, now), decisions);
    const shuffled = [...backups].sort((a, b) => (a.id.at(-1)! < b.id.at(-1)! ? -1 : 1));
    same(plan(shuffled, policy, now), decisions);
  });
});

test('every backup has one decision, with a reason', () => {
  holds((backups, policy, now) => {
    const decisions = plan(backups, policy, now);
    same(decisions.map(({ backup }) => backup.id).sort(), idsOf(backups));
    const unexplained = decisions.filter(
      ({ keep, reasons }) => reasons.length === 0 || reasons.includes('no rule keeps it') === keep,
    );
    same(unexplained, []);
  });
});

test('what is damaged, held or dated in the future stays; what does not count changes nothing for the others', () => {
  holds((backups, policy, now) => {
    const kept = new Set(keptOf(backups, policy, now));
    const counted = backups.filter((backup) => isCounted(backup, now));
    const lost = backups.filter((backup) => !kept.has(backup));
    same(
      lost.filter((backup) => backup.held !== undefined || !isCounted(backup, now)),
      [],
    );
    same(idsOf(counted.filter((backup) => kept.has(backup))), idsOf(keptOf(counted, policy, now)));
  });
});

/*
 * A backup that is added takes, by each rule, at most one place, and it takes it from a known one:
 * - within a period: from the backup that was the newest of that period until then;
 * - as the newest of a new period: from the oldest period that the rule kept, if the rule was full;
 * - of the floor: from the oldest of the floor; as the newest proven one: from the one that was it.
 * `keepFor` gives no places away. Whatever else was kept stays kept.
 */
test('adding a backup deletes none but those whose place it takes', () => {
  holds(([added, ...before], policy, now) => {
    if (!added) return;
    const after = [...before, added];
    const replaced = new Set<RetainedBackup>();
    const counted = before.filter((backup) => isCounted(backup, now)).sort(byTime);
    if (isCounted(added, now)) {
      const floor = counted[policy.keepLast - 1];
      if (floor) replaced.add(floor);
      const proven = counted.find((backup) => backup.proven);
      if (added.proven && proven) replaced.add(proven);
      for (const period of PERIODS) {
        const place = placeTaken(period, added, counted, policy);
        if (place) replaced.add(place);
      }
    }
    const lost = without(keptOf(before, policy, now), keptOf(after, policy, now));
    same(without(lost, [...replaced]), []);
  });
});

/** The backup whose place an added one takes by one rule. */
function placeTaken(
  period: (typeof PERIODS)[number],
  added: RetainedBackup,
  newestFirst: readonly RetainedBackup[],
  policy: RetentionPolicy,
): RetainedBackup | undefined {
  if (policy[period] === undefined) return undefined;
  const heads = new Map<string, RetainedBackup>();
  for (const backup of newestFirst) {
    const name = periodOf(period, backup.time, policy);
    if (!heads.has(name)) heads.set(name, backup);
  }
  const places = [...heads.values()].slice(0, policy[period]);
  const head = heads.get(periodOf(period, added.time, policy));
  return head ?? (places.length === policy[period] ? places.at(-1) : undefined);
}

test('a clock that is behind deletes nothing that the right one keeps', () => {
  fc.assert(
    fc.property(anyBackups, anyPolicy, anyNow, anyNow, (backups, policy, one, other) => {
      const [behind, right] = one < other ? [one, other] : [other, one];
      same(without(keptOf(backups, policy, right), keptOf(backups, policy, behind)), []);
    }),
    RUNS,
  );
});
