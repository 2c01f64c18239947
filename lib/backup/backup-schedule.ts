import type { Duration, TimeZone } from 'aws-cdk-lib';
import { Annotations } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { IConstruct } from 'constructs';
import type { ScheduleTimes } from '../../catalog/retention/schedule-times';
import { ScheduleExpressionError, scheduleTimes } from '../../catalog/retention/schedule-times';
import type { BoundSchedule } from './private/bound-schedule';
import { fault, requireGiven, requireRange, requireValue, secondsOf } from '../private/fault';

/** How EventBridge Scheduler starts a run. */
export interface BackupScheduleOptions {
  /**
   * Lets Scheduler start the run at any moment within this time, to spread load. 1 minute to 24 hours.
   *
   * @default - the run starts within the minute of the schedule
   */
  readonly flexibleWindow?: Duration;

  /**
   * How often Scheduler tries again when the run cannot be started. 0 to 185.
   *
   * @default 5
   */
  readonly retryAttempts?: number;

  /**
   * How long after the scheduled time Scheduler may still try to start the run. 1 minute to 24 hours.
   *
   * @default - one hour, or half of the schedule's shortest gap if that is less (but never less than a minute)
   */
  readonly maxEventAge?: Duration;
}

/** A cron expression's options. */
export interface CronScheduleOptions extends BackupScheduleOptions {
  /**
   * Time zone of the schedule. A time that the spring change of the clock leaves out is skipped.
   *
   * @default - UTC, where the clock never changes
   */
  readonly timeZone?: TimeZone;
}

/** A time of day. */
export interface DailyScheduleOptions extends CronScheduleOptions {
  /** 0 to 23. */
  readonly hour: number;

  /**
   * 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;
}

/** A time on one day of the week. */
export interface WeeklyScheduleOptions extends DailyScheduleOptions {
  /** The day. */
  readonly weekDay: WeekDay;
}

/** A day of the week. */
export enum WeekDay {
  /** Sunday. */
  SUNDAY = 'SUN',
  /** Monday. */
  MONDAY = 'MON',
  /** Tuesday. */
  TUESDAY = 'TUE',
  /** Wednesday. */
  WEDNESDAY = 'WED',
  /** Thursday. */
  THURSDAY = 'THU',
  /** Friday. */
  FRIDAY = 'FRI',
  /** Saturday. */
  SATURDAY = 'SAT',
}

/** When backups are made, or pruned. Times are checked at synth: a schedule that can never fire is refused. */
export class BackupSchedule {
  /**
   * At a fixed distance. The first run starts as soon as the schedule is deployed.
   *
   * @param interval a whole number of minutes
   */
  public static every(interval: Duration, options: BackupScheduleOptions = {}): BackupSchedule {
    return new BackupSchedule((scope) => rateOf(scope, interval), options);
  }

  /** Once a day. */
  public static daily(options: DailyScheduleOptions): BackupSchedule {
    return new BackupSchedule((scope) => `cron(${timeOfDay(scope, options)} * * ? *)`, options);
  }

  /** Once a week. */
  public static weekly(options: WeeklyScheduleOptions): BackupSchedule {
    return new BackupSchedule((scope) => `cron(${timeOfDay(scope, options)} ? * ${options.weekDay} *)`, options);
  }

  /**
   * By a cron expression of EventBridge Scheduler.
   *
   * @param expression minutes, hours, day of month, month, day of week, year: `0 2 * * ? *`, with or without `cron(…)` around it
   */
  public static cron(expression: string, options: CronScheduleOptions = {}): BackupSchedule {
    return new BackupSchedule(() => (expression.startsWith('cron(') ? expression : `cron(${expression})`), options);
  }

  private constructor(
    private readonly expression: (scope: IConstruct) => string,
    private readonly options: CronScheduleOptions,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct): BoundSchedule {
    const { flexibleWindow, maxEventAge, retryAttempts = 5, timeZone } = this.options;
    const expression = this.expression(scope);
    requireValue(scope, 'schedule', expression);
    requireValue(scope, 'time zone of the schedule', timeZone?.timezoneName ?? '');
    const times = checkedTimes(scope, expression, timeZone?.timezoneName ?? 'UTC');
    const bounds = { from: 60, to: 86_400, unit: 'seconds' };
    const eventAge = secondsOf(scope, 'maxEventAge', maxEventAge);
    const window = secondsOf(scope, 'flexibleWindow', flexibleWindow);
    requireRange(scope, 'flexibleWindow', window, bounds);
    if (window !== undefined && window % 60 !== 0) {
      fault(scope, `flexibleWindow must be a whole number of minutes, got: ${window} seconds: round it`);
    }
    requireRange(scope, 'maxEventAge', eventAge, bounds);
    requireRange(scope, 'retryAttempts', retryAttempts, { from: 0, to: 185 });
    const { shortestGap = Infinity } = times;
    if (eventAge !== undefined && eventAge > shortestGap) {
      fault(
        scope,
        `maxEventAge must be at most the shortest time between two runs of ${expression}, ${shortestGap} seconds, got: ${eventAge} seconds: shorten it`,
      );
    }
    return {
      expression: scheduler.ScheduleExpression.expression(expression, timeZone),
      expressionString: expression,
      shortestGap: times.shortestGap,
      longestGap: times.longestGap,
      flexibleWindow,
      retryAttempts,
      maxEventAgeSeconds: eventAge ?? defaultEventAge(shortestGap),
    };
  }
}

function rateOf(scope: IConstruct, interval: Duration): string {
  requireGiven(scope, 'interval of the schedule', interval);
  const minutes = secondsOf(scope, 'interval of the schedule', interval)! / 60;
  requireRange(scope, 'interval of the schedule', minutes, { from: 1, to: 527_040, unit: 'minutes' });
  return scheduler.ScheduleExpression.rate(interval).expressionString;
}

function timeOfDay(scope: IConstruct, { hour, minute = 0 }: DailyScheduleOptions): string {
  requireValue(scope, 'hour of the schedule', hour);
  requireValue(scope, 'minute of the schedule', minute);
  requireRange(scope, 'hour of the schedule', hour, { from: 0, to: 23 });
  requireRange(scope, 'minute of the schedule', minute, { from: 0, to: 59 });
  return `${minute} ${hour}`;
}

/** Sixty databases with one schedule are worked out once. */
const KNOWN_TIMES = new Map<string, ScheduleTimes>();

function knownTimes(expression: string, timeZone: string): ScheduleTimes {
  const key = `${expression} ${timeZone}`;
  const times = KNOWN_TIMES.get(key) ?? scheduleTimes(expression, timeZone, new Date());
  KNOWN_TIMES.set(key, times);
  return times;
}

function checkedTimes(scope: IConstruct, expression: string, timeZone: string): ScheduleTimes {
  try {
    const times = knownTimes(expression, timeZone);
    if (times.skipped.length > 0) {
      Annotations.of(scope).addWarningV2(
        'proven-backups:skippedByDaylightSaving',
        `${expression} in ${timeZone} is skipped when the clock is put forward, next on ${times.skipped[0]}: no run takes place that night, and alarms of a backup tell that it is missing; choose an hour outside the change, or UTC`,
      );
    }
    return times;
  } catch (error) {
    if (error instanceof ScheduleExpressionError) fault(scope, error.message);
    throw error;
  }
}

/** Retries end before the next run is due. */
function defaultEventAge(shortestGap: number): number {
  return Math.max(60, Math.min(3600, Math.floor(shortestGap / 2)));
}
