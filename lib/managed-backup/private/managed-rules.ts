import type { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import type { BoundSchedule } from '../../backup/private/bound-schedule';
import { fault } from '../../private/fault';

/** A rule of a backup plan. */
export interface ManagedRule {
  readonly name: string;
  readonly cron: string;
  /** Left out: never deleted. */
  readonly deleteAfterDays?: number;
}

/** How long after its time a job may start, and how long it may run. */
export interface JobWindows {
  readonly startWindow: Duration;
  readonly completionWindow: Duration;
}

/** The longest retention of AWS Backup. */
export const MAX_DAYS = 36_500;

const DAY = 86_400;
/** Two changes of the clock. */
const TOLERANCE = 7_200;

/** Calendar periods that AWS Backup can keep, the shortest first: their shortest and their longest length in days. */
const PERIODS = {
  daily: { name: 'Daily', shortest: 1, longest: 1 },
  weekly: { name: 'Weekly', shortest: 7, longest: 7 },
  monthly: { name: 'Monthly', shortest: 28, longest: 31 },
  yearly: { name: 'Yearly', shortest: 365, longest: 366 },
} as const;
type Period = keyof typeof PERIODS;
const NAMES = Object.keys(PERIODS) as Period[];

/**
 * A schedule and a retention as rules of a plan. AWS Backup deletes by age alone, and each rule makes backups of its own: the
 * schedule's rule keeps what is younger than `keepFor`, the periods that are its own, and the newest `keepLast`, as long as
 * backups are made: until the next one is complete, which takes the windows. Each longer period is a rule.
 *
 * @param timeZone of the schedule
 */
export function managedRules(
  scope: IConstruct,
  schedule: BoundSchedule,
  timeZone: string,
  policy: RetentionPolicy,
  { startWindow, completionWindow }: JobWindows,
): ManagedRule[] {
  const { expressionString: cron, shortestGap, longestGap } = schedule;
  requireCron(scope, schedule);
  if (policy.forever) return [{ name: 'Backup', cron }];
  if (policy.hourly !== undefined) {
    fault(
      scope,
      `hourly of the retention must be left out, got: ${policy.hourly}: AWS Backup keeps backups for whole days; use keepFor`,
    );
  }
  const own = NAMES.findLast((period) => shortestGap! + TOLERANCE >= PERIODS[period].shortest * DAY);
  const counts = NAMES.flatMap((period) => (policy[period] === undefined ? [] : [[period, policy[period]] as const]));
  const early = counts.find(([period]) => own !== undefined && NAMES.indexOf(period) < NAMES.indexOf(own));
  if (early) {
    fault(
      scope,
      `${early[0]} of the retention needs backups as often, got: ${cron}: AWS Backup deletes by age, so use ${own} or keepFor`,
    );
  }
  const days = (period: Period, count: number) => count * PERIODS[period].longest;
  const kept = Math.max(
    Math.ceil((policy.keepForSeconds ?? 0) / DAY),
    Math.ceil((policy.keepLast * longestGap! + startWindow.toSeconds() + completionWindow.toSeconds()) / DAY),
    ...counts.map(([period, count]) => (period === own ? days(period, count) : 0)),
  );
  const longer = counts.filter(([period]) => period !== own);
  if (longer.length > 0) requireZone(scope, timeZone, policy);
  const rules = [
    { name: own === undefined ? 'Backup' : PERIODS[own].name, cron, deleteAfterDays: kept },
    ...longer.map(([period, count]) => ({
      name: PERIODS[period].name,
      cron: cronOf(scope, period, schedule, policy),
      deleteAfterDays: days(period, count),
    })),
  ];
  const beyond = rules.find(({ deleteAfterDays }) => deleteAfterDays > MAX_DAYS);
  if (!beyond) return rules;
  fault(
    scope,
    `retention must be at most ${MAX_DAYS} days, got: ${beyond.deleteAfterDays} of rule ${beyond.name}: AWS Backup knows no longer one; shorten it, or use Retention.forever()`,
  );
}

function requireCron(scope: IConstruct, { expressionString: expression, shortestGap }: BoundSchedule): void {
  if (!expression.startsWith('cron(')) {
    fault(
      scope,
      `schedule must be daily, weekly or a cron expression, got: ${expression}: AWS Backup knows no rates; use for example BackupSchedule.cron('0 0/6 * * ? *')`,
    );
  }
  if (shortestGap === undefined) {
    fault(scope, `schedule must run again and again, got: ${expression}, which runs once: start one job by hand`);
  }
  if (shortestGap >= 3600) return;
  fault(scope, `schedule must run at most every hour, got: ${expression}: AWS Backup takes no other`);
}

/** Whose week and month it is decides the schedule. */
function requireZone(scope: IConstruct, timeZone: string, policy: RetentionPolicy): void {
  if (policy.timeZone === 'UTC' || policy.timeZone === timeZone) return;
  fault(
    scope,
    `timeZone of the retention must be that of the schedule, ${timeZone}, got: ${policy.timeZone}: leave it out`,
  );
}

/** The first time of each period: the same time of day as the schedule's. */
function cronOf(scope: IConstruct, period: Period, schedule: BoundSchedule, { weekStart }: RetentionPolicy): string {
  const { expressionString } = schedule;
  const [minute = '', hour = ''] = expressionString.slice('cron('.length).split(' ');
  if (!/^\d+$/.test(minute) || !/^\d+$/.test(hour)) {
    fault(
      scope,
      `${period} of the retention needs a schedule at one time of the day, got: ${expressionString}: its rule starts at that time; leave it out, or make another ManagedBackup`,
    );
  }
  const day = {
    daily: '* * ?',
    weekly: `? * ${weekStart.slice(0, 3).toUpperCase()}`,
    monthly: '1 * ?',
    yearly: '1 1 ?',
  };
  return `cron(${minute} ${hour} ${day[period]} *)`;
}
