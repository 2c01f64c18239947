import type { IConstruct } from 'constructs';
import { WeekDay } from '../backup/backup-schedule';
import { requireNumber } from './private/dlm-checks';
import type { BoundSnapshotSchedule, SnapshotContext, SnapshotTimes } from './private/dlm-schedule';
import { cronTimes, dlmSchedule, hourlyTimes } from './private/dlm-schedule';
import { SnapshotRetention } from './snapshot-retention';
import type {
  CronSnapshotOptions,
  DailySnapshotOptions,
  GfsSnapshotOptions,
  HourlySnapshotOptions,
  MonthlySnapshotOptions,
  WeeklySnapshotOptions,
} from './snapshot-schedule-options';

/**
 * A schedule of snapshots. Times are in UTC; Data Lifecycle Manager starts within the hour that follows.
 */
export class SnapshotSchedule {
  /** Makes a snapshot every hour, or every few hours. */
  public static hourly(options: HourlySnapshotOptions): SnapshotSchedule {
    const { every = 1, hour = 0, minute = 0 } = options;
    const name = every === 1 ? 'Hourly' : `Every ${every} hours`;
    return new SnapshotSchedule(name, options, (scope) => {
      requireTime(scope, hour, minute);
      return hourlyTimes(scope, every, hour, minute);
    });
  }

  /** Makes a snapshot once a day. */
  public static daily(options: DailySnapshotOptions): SnapshotSchedule {
    const { hour, minute = 0 } = options;
    return new SnapshotSchedule('Daily', options, (scope) => {
      requireTime(scope, hour, minute);
      return hourlyTimes(scope, 24, hour, minute);
    });
  }

  /** Makes a snapshot once a week. */
  public static weekly(options: WeeklySnapshotOptions): SnapshotSchedule {
    const { hour, minute = 0, weekDay } = options;
    return new SnapshotSchedule('Weekly', options, (scope) => {
      requireTime(scope, hour, minute);
      return cronTimes(scope, `cron(${minute} ${hour} ? * ${weekDay} *)`);
    });
  }

  /** Makes a snapshot once a month. */
  public static monthly(options: MonthlySnapshotOptions): SnapshotSchedule {
    const { hour, minute = 0, day = 1 } = options;
    return new SnapshotSchedule('Monthly', options, (scope) => {
      requireTime(scope, hour, minute);
      requireNumber(scope, 'day of the snapshot schedule', day, { from: 1, to: 28 });
      return cronTimes(scope, `cron(${minute} ${hour} ${day} * ? *)`);
    });
  }

  /**
   * Makes snapshots by a cron expression in UTC: at most every hour, at least once a year.
   *
   * @param expression minutes, hours, day of month, month, day of week, year: `0 3 L * ? *`, with or without `cron(…)` around it
   */
  public static cron(expression: string, options: CronSnapshotOptions): SnapshotSchedule {
    const full = expression.startsWith('cron(') ? expression : `cron(${expression})`;
    return new SnapshotSchedule('Cron', options, (scope) => cronTimes(scope, full));
  }

  /**
   * Returns one schedule for each number given, which keeps so many snapshots: grandfather, father, son. Snapshots of several
   * schedules on the same day share their blocks and cost little more than one.
   */
  public static gfs(options: GfsSnapshotOptions): SnapshotSchedule[] {
    const { hourly, daily, weekly, monthly, yearly, weekDay = WeekDay.SUNDAY, hour, minute = 0, ...common } = options;
    const kept = (count: number) => ({ ...common, hour, minute, retention: SnapshotRetention.count(count) });
    return [
      hourly === undefined ? undefined : SnapshotSchedule.hourly({ ...kept(hourly), hour: 0 }),
      daily === undefined ? undefined : SnapshotSchedule.daily(kept(daily)),
      weekly === undefined ? undefined : SnapshotSchedule.weekly({ ...kept(weekly), weekDay }),
      monthly === undefined ? undefined : SnapshotSchedule.monthly(kept(monthly)),
      yearly === undefined
        ? undefined
        : SnapshotSchedule.cron(`${minute} ${hour} 1 1 ? *`, { ...kept(yearly), name: 'Yearly' }),
    ].filter((schedule) => schedule !== undefined);
  }

  private constructor(
    private readonly kind: string,
    /** @internal */
    public readonly _options: CronSnapshotOptions,
    private readonly times: (scope: IConstruct) => SnapshotTimes,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct, context: SnapshotContext): BoundSnapshotSchedule {
    return dlmSchedule(scope, this._options.name ?? this.kind, this.times(scope), this._options, context);
  }
}

function requireTime(scope: IConstruct, hour: number, minute: number): void {
  requireNumber(scope, 'hour of the snapshot schedule', hour, { from: 0, to: 23 });
  requireNumber(scope, 'minute of the snapshot schedule', minute, { from: 0, to: 59 });
}
