import type { Duration, TimeZone } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { RetentionPolicy, WeekStart } from '../../catalog/retention/retention-policy';
import { DEFAULT_KEEP_LAST, ONE_YEAR, PERIODS, retentionFault } from '../../catalog/retention/retention-policy';
import { WeekDay } from '../backup/backup-schedule';
import { fault, requireRange, requireValue, secondsOf } from '../private/fault';

/** What holds for every retention. */
export interface RetentionOptions {
  /**
   * The floor: as many of the newest backups stay, however old they are. 1 or more. Whatever the retention, the newest
   * proven backup stays as well.
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
   * Day on which weeks begin.
   *
   * @default WeekDay.MONDAY
   */
  readonly weekStart?: WeekDay;
}

/**
 * How many periods' newest backups are kept. For each rule, going from the newest backup to the oldest, the newest of
 * each period is kept, until as many are kept as the rule says. Only periods that hold a backup count: an outage costs
 * no history. A backup stays if any of the rules keeps it.
 *
 * The current period counts: with a backup a day, 13 weeks are over after 85 days, and 12 months after 335.
 */
export interface GfsRetentionOptions extends RetentionOptions {
  /**
   * Backups younger than this all stay. An hour or more.
   *
   * @default - only the rules below keep backups
   */
  readonly keepFor?: Duration;

  /**
   * How many hours' newest backups stay.
   *
   * @default - no backup stays for its hour
   */
  readonly hourly?: number;

  /**
   * How many days' newest backups stay.
   *
   * @default - no backup stays for its day
   */
  readonly daily?: number;

  /**
   * How many weeks' newest backups stay.
   *
   * @default - no backup stays for its week
   */
  readonly weekly?: number;

  /**
   * How many months' newest backups stay.
   *
   * @default - no backup stays for its month
   */
  readonly monthly?: number;

  /**
   * How many years' newest backups stay.
   *
   * @default - no backup stays for its year
   */
  readonly yearly?: number;
}

/** Which backups are kept. The others are deleted by the next pruning, and can be brought back for a while after. */
export class Retention {
  /** Every backup of the last days. */
  public static days(days: number, options: RetentionOptions = {}): Retention {
    return new Retention((scope) => ({ keepForSeconds: daysOf(scope, days) * 86_400 }), options);
  }

  /** Grandfather, father, son: the newest backup of each of so many hours, days, weeks, months and years. */
  public static gfs(options: GfsRetentionOptions): Retention {
    return new Retention((scope) => rulesOf(scope, options), options);
  }

  /**
   * Every backup of the last two days; the newest of each day for 14 days, of each week for three months, and of each
   * month for a year. The default.
   *
   * These are 14 days, 14 weeks and 13 months, as the current one counts.
   */
  public static oneYear(options: RetentionOptions = {}): Retention {
    return new Retention(() => ONE_YEAR, options);
  }

  /** Every backup, for ever: nothing is pruned. */
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
    requireValue(scope, 'time zone of the retention', timeZone?.timezoneName ?? '');
    const policy: RetentionPolicy = {
      keepLast,
      ...this.rules(scope),
      timeZone: timeZone?.timezoneName ?? 'UTC',
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
