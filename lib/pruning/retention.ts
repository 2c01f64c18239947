import type { Duration, TimeZone } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { RetentionPolicy, WeekStart } from '../../catalog/retention/retention-policy';
import { DEFAULT_KEEP_LAST, ONE_YEAR, PERIODS, retentionFault } from '../../catalog/retention/retention-policy';
import { WeekDay } from '../backup/backup-schedule';
import { fault, requireRange, requireValue, secondsOf } from '../private/fault';
import { zoneNameOf } from '../private/lookup';

/** Options of every retention. */
export interface RetentionOptions {
  /**
   * Floor: number of the newest backups that always stay, whatever their age. 1 or more. The newest proven backup stays as
   * well.
   *
   * @default 3
   */
  readonly keepLast?: number;

  /**
   * Time zone of the calendar.
   *
   * @default - UTC
   */
  readonly timeZone?: TimeZone;

  /**
   * First day of the week.
   *
   * @default WeekDay.MONDAY
   */
  readonly weekStart?: WeekDay;
}

/**
 * Rules of a grandfather-father-son retention. Each rule keeps the newest backup of so many periods, counted from the newest
 * backup back. Only periods with a backup count, so an outage costs no history. A backup stays if any rule keeps it.
 *
 * The current period counts. With one backup a day, 13 weeks end after 85 days, and 12 months after 335.
 */
export interface GfsRetentionOptions extends RetentionOptions {
  /**
   * Keeps every backup younger than this. One hour or more.
   *
   * @default - only the other rules keep backups
   */
  readonly keepFor?: Duration;

  /**
   * Number of hours of which the newest backup is kept.
   *
   * @default - no hourly backups are kept
   */
  readonly hourly?: number;

  /**
   * Number of days of which the newest backup is kept.
   *
   * @default - no daily backups are kept
   */
  readonly daily?: number;

  /**
   * Number of weeks of which the newest backup is kept.
   *
   * @default - no weekly backups are kept
   */
  readonly weekly?: number;

  /**
   * Number of months of which the newest backup is kept.
   *
   * @default - no monthly backups are kept
   */
  readonly monthly?: number;

  /**
   * Number of years of which the newest backup is kept.
   *
   * @default - no yearly backups are kept
   */
  readonly yearly?: number;
}

/** Retention of backups. The next pruning deletes all others; they can be brought back for a while. */
export class Retention {
  /** Keeps every backup of the last days. */
  public static days(days: number, options: RetentionOptions = {}): Retention {
    return new Retention((scope) => ({ keepForSeconds: daysOf(scope, days) * 86_400 }), options);
  }

  /** Keeps the newest backup of each of so many hours, days, weeks, months and years: grandfather, father, son. */
  public static gfs(options: GfsRetentionOptions): Retention {
    return new Retention((scope) => rulesOf(scope, options), options);
  }

  /**
   * The default: keeps every backup of the last two days, the newest of each day for 14 days, of each week for three months,
   * and of each month for a year.
   *
   * Because the current period counts, these are 14 days, 14 weeks and 13 months.
   */
  public static oneYear(options: RetentionOptions = {}): Retention {
    return new Retention(() => ONE_YEAR, options);
  }

  /** Keeps every backup forever. */
  public static forever(): Retention {
    return new Retention(() => ({ forever: true }), {});
  }

  private constructor(
    private readonly rules: (scope: IConstruct) => Partial<RetentionPolicy>,
    private readonly options: RetentionOptions,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct): RetentionPolicy {
    const { keepLast = DEFAULT_KEEP_LAST, timeZone, weekStart = WeekDay.MONDAY } = this.options;
    requireValue(scope, 'keepLast of the retention', keepLast);
    const zone = zoneNameOf(timeZone);
    requireValue(scope, 'time zone of the retention', zone);
    const policy: RetentionPolicy = {
      keepLast,
      ...this.rules(scope),
      timeZone: zone,
      weekStart: NAMES[weekStart],
    };
    const wrong = retentionFault(policy);
    if (wrong !== undefined) fault(scope, `retention: ${wrong}`);
    return policy;
  }
}

function daysOf(scope: IConstruct, days: number): number {
  requireValue(scope, 'days of the retention', days);
  requireRange(scope, 'days of the retention', days, { from: 1, to: 36_525 });
  return days;
}

function rulesOf(scope: IConstruct, options: GfsRetentionOptions): Partial<RetentionPolicy> {
  const keepForSeconds = secondsOf(scope, 'keepFor of the retention', options.keepFor);
  const counts = PERIODS.flatMap((period) =>
    options[period] === undefined ? [] : [[period, options[period]] as const],
  );
  for (const [period, count] of counts) requireValue(scope, `${period} of the retention`, count);
  if (keepForSeconds === undefined && counts.length === 0) {
    fault(scope, 'retention must have a rule besides keepLast, got: none: give keepFor, daily, weekly or the like');
  }
  return { ...(keepForSeconds !== undefined && { keepForSeconds }), ...Object.fromEntries(counts) };
}

const NAMES: Readonly<Record<WeekDay, WeekStart>> = {
  [WeekDay.SUNDAY]: 'sunday',
  [WeekDay.MONDAY]: 'monday',
  [WeekDay.TUESDAY]: 'tuesday',
  [WeekDay.WEDNESDAY]: 'wednesday',
  [WeekDay.THURSDAY]: 'thursday',
  [WeekDay.FRIDAY]: 'friday',
  [WeekDay.SATURDAY]: 'saturday',
};
