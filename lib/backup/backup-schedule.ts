import type { Duration, TimeZone } from 'aws-cdk-lib';
import { Annotations } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { IConstruct } from 'constructs';
import type { ScheduleTimes } from '../../catalog/retention/schedule-times';
import { ScheduleExpressionError, scheduleTimes } from '../../catalog/retention/schedule-times';
import type { BoundSchedule } from './private/bound-schedule';
import { fault, requireGiven, requireRange, requireValue, secondsOf } from '../private/fault';
import { isStandIn, zoneNameOf } from '../private/lookup';

/** Options of every schedule. */
export interface BackupScheduleOptions {
  /**
   * Window after the scheduled time in which EventBridge Scheduler may start the run, to spread load. 1 minute to 24 hours.
   *
   * @default - the run starts within the minute of the schedule
   */
  readonly flexibleWindow?: Duration;

  /**
   * How often EventBridge Scheduler retries when the run cannot be started. 0 to 185.
   *
   * @default 5
   */
  readonly retryAttempts?: number;

  /**
   * How long after the scheduled time EventBridge Scheduler still retries. 1 minute to 24 hours.
   *
   * @default - one hour, or half of the shortest time between two runs if that is less, but at least a minute
   */
  readonly maxEventAge?: Duration;
}

/** Options of a cron expression. */
export interface CronScheduleOptions extends BackupScheduleOptions {
  /**
   * Time zone of the schedule. A time that daylight saving time skips in spring is skipped, and synth warns about it.
   *
   * @default - UTC, which has no daylight saving time
   */
  readonly timeZone?: TimeZone;
}

/** Options of a daily schedule. */
export interface DailyScheduleOptions extends CronScheduleOptions {
  /** Hour of the day. 0 to 23. */
  readonly hour: number;

  /**
   * Minute of the hour. 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;
}

/** Options of a weekly schedule. */
export interface WeeklyScheduleOptions extends DailyScheduleOptions {
  /** Day of the week. */
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

/** A schedule of backups or prunings. Synth refuses a schedule that can never fire. */
export class BackupSchedule {
  /**
   * Runs at a fixed interval. The first run starts as soon as the schedule is deployed.
   *
   * @param interval time between two runs, in whole minutes
   */
  public static every(interval: Duration, options: BackupScheduleOptions = {}): BackupSchedule {
    return new BackupSchedule((scope) => rateOf(scope, interval), options);
  }

  /** Runs once a day. */
  public static daily(options: DailyScheduleOptions): BackupSchedule {
    return new BackupSchedule((scope) => `cron(${timeOfDay(scope, options)} * * ? *)`, options);
  }

  /** Runs once a week. */
  public static weekly(options: WeeklyScheduleOptions): BackupSchedule {
    return new BackupSchedule((scope) => `cron(${timeOfDay(scope, options)} ? * ${options.weekDay} *)`, options);
  }

  /**
   * Runs by a cron expression of EventBridge Scheduler.
   *
   * @param expression minutes, hours, day of month, month, day of week, year: `0 2 * * ? *`, with or without `cron(…)` around it
   */
  public static cron(expression: string, options: CronScheduleOptions = {}): BackupSchedule {
    return new BackupSchedule(() => (expression.startsWith('cron(') ? expression : `cron(${expression})`), options);
  }

  private constructor(
    private readonly expression: (scope: IConstruct) => string,
    /** @internal */
    public readonly _options: CronScheduleOptions,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct): BoundSchedule {
    const { flexibleWindow, maxEventAge, retryAttempts = 5, timeZone } = this._options;
    const expression = this.expression(scope);
    requireValue(scope, 'schedule', expression);
    const zone = zoneNameOf(timeZone);
    requireValue(scope, 'time zone of the schedule', zone);
    const times = checkedTimes(scope, expression, zone);
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

/** Sixty databases with the same schedule cost one calculation. */
const KNOWN_TIMES = new Map<string, ScheduleTimes>();

function knownTimes(expression: string, timeZone: string): ScheduleTimes {
  const key = `${expression} ${timeZone}`;
  const times = KNOWN_TIMES.get(key) ?? scheduleTimes(expression, timeZone, new Date());
  KNOWN_TIMES.set(key, times);
  return times;
}

function checkedTimes(scope: IConstruct, expression: string, timeZone: string): ScheduleTimes {
  if (isStandIn(expression)) return { skipped: [] };
  try {
    const times = knownTimes(expression, timeZone);
    if (times.skipped.length > 0) {
      Annotations.of(scope).addWarningV2(
        'proven-backups:skippedByDaylightSaving',
        `${expression} in ${timeZone} does not exist when daylight saving time begins, next on ${times.skipped[0]}: that night has no run, and the alarms of a backup report it as missing; choose an hour outside the change, or UTC`,
      );
    }
    return times;
  } catch (error) {
    if (error instanceof ScheduleExpressionError) fault(scope, error.message);
    throw error;
  }
}

/** Ends retries before the next run is due. */
function defaultEventAge(shortestGap: number): number {
  return Math.max(60, Math.min(3600, Math.floor(shortestGap / 2)));
}
