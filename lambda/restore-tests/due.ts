/** Which backups of a source are due for a test: pure. */
import type { RestoreTestPlan, TestPeriod } from '../../catalog/contract/restore-tests';
import { Calendar } from '../../catalog/retention/calendar';

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** A backup, as a listing and its verdict show it. */
export interface TestableBackup {
  readonly id: string;
  readonly time: Date;
  /** It must be retrieved before it can be read. */
  readonly archived: boolean;
  /** A test that could not run says nothing: it is none, unless nothing more can be tested without an identity. */
  readonly tested?: { readonly failed: boolean; readonly at: Date };
}

const PERIODS = { day: 'daily', week: 'weekly', month: 'monthly' } as const;
const LONGEST: Readonly<Record<TestPeriod, number>> = { day: DAY, week: 7 * DAY, month: 31 * DAY };
/** Each backup is tested within this time, or never. */
const EACH = 7 * DAY;

/** Seconds back from now in which the backups lie that a plan looks at; all backups if `undefined`. */
export function windowOf(plan: RestoreTestPlan): number | undefined {
  switch (plan.kind) {
    case 'newest':
      return plan.everySeconds + 9 * DAY;
    case 'each':
      return EACH + DAY;
    case 'newest-of':
      return 2 * LONGEST[plan.period] + 2 * DAY;
    case 'random':
      return undefined;
  }
}

/** Whether a plan tries a source at most once a day, or else each of its backups. */
export const isTriedAsOne = ({ kind }: RestoreTestPlan): boolean => kind === 'newest' || kind === 'random';

/**
 * Backups that are due, the first one first. A test that is under way, or was tried today, is not known here.
 *
 * @param backups complete ones, oldest first
 * @param chance from 0 to 1, without 1
 */
export function dueBackups(
  plan: RestoreTestPlan,
  backups: readonly TestableBackup[],
  now: Date,
  chance: number,
): readonly TestableBackup[] {
  const newest = backups.at(-1);
  if (!newest) return [];
  switch (plan.kind) {
    case 'newest':
      return newest.tested || !isTime(backups, plan.everySeconds, now) ? [] : [newest];
    case 'each':
      return backups.filter(({ tested, time }) => !tested && secondsTo(now, time) < EACH);
    case 'newest-of': {
      const last = lastOfEnded(plan.period, backups, now);
      return last && !last.tested ? [last] : [];
    }
    case 'random': {
      if (!isTime(backups, plan.everySeconds, now)) return [];
      const turn = Math.floor(now.getTime() / 1000 / plan.everySeconds);
      if (turn % 2 === 0 && !newest.tested) return [newest];
      const readable = backups.filter(({ archived }) => !archived);
      return readable.length === 0 ? [] : [readable[Math.floor(chance * readable.length)]!];
    }
  }
}

/** Whether the last test is long enough ago. After one that failed, a newer backup is tested the next day. */
function isTime(backups: readonly TestableBackup[], everySeconds: number, now: Date): boolean {
  const tests = backups.flatMap(({ tested }) => tested ?? []);
  const last = tests.sort((a, b) => a.at.getTime() - b.at.getTime()).at(-1);
  return !last || secondsTo(now, last.at) >= (last.failed ? Math.min(everySeconds, DAY) : everySeconds);
}

function lastOfEnded(period: TestPeriod, backups: readonly TestableBackup[], now: Date): TestableBackup | undefined {
  const calendar = new Calendar('UTC', 'monday');
  const nameOf = (time: Date): string => calendar.name(PERIODS[period], time);
  return backups.filter(({ time }) => nameOf(time) < nameOf(now)).at(-1);
}

const secondsTo = (now: Date, time: Date): number => (now.getTime() - time.getTime()) / 1000;
