import type { IConstruct } from 'constructs';
import type { BoundSnapshotRetention } from './private/dlm-retention';
import { requireNumber } from './private/dlm-checks';

/** Limit of Data Lifecycle Manager: a hundred years. */
const MAXIMUM = { DAYS: 36_500, WEEKS: 5_200, MONTHS: 1_200, YEARS: 100 } as const;
/** Approximate days of each unit, to compare ages with limits that AWS counts in days. */
const DAYS = { DAYS: 1, WEEKS: 7, MONTHS: 30, YEARS: 365 } as const;

/** Retention of snapshots: a number of them, or an age. */
export class SnapshotRetention {
  /**
   * Keeps the newest snapshots of each volume.
   *
   * @param count 1 to 1000; 0 only if snapshots move to the archive immediately
   */
  public static count(count: number): SnapshotRetention {
    return new SnapshotRetention(count);
  }

  /**
   * Keeps snapshots for some days.
   *
   * @param days 1 to 36500; 0 only if snapshots move to the archive immediately
   */
  public static days(days: number): SnapshotRetention {
    return new SnapshotRetention(days, 'DAYS');
  }

  /**
   * Keeps snapshots for some weeks.
   *
   * @param weeks 1 to 5200
   */
  public static weeks(weeks: number): SnapshotRetention {
    return new SnapshotRetention(weeks, 'WEEKS');
  }

  /**
   * Keeps snapshots for some months.
   *
   * @param months 1 to 1200
   */
  public static months(months: number): SnapshotRetention {
    return new SnapshotRetention(months, 'MONTHS');
  }

  /**
   * Keeps snapshots for some years.
   *
   * @param years 1 to 100
   */
  public static years(years: number): SnapshotRetention {
    return new SnapshotRetention(years, 'YEARS');
  }

  private constructor(
    private readonly amount: number,
    private readonly unit?: keyof typeof MAXIMUM,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct, what: string, least = 1): BoundSnapshotRetention {
    const { amount, unit } = this;
    const to = unit === undefined ? 1000 : MAXIMUM[unit];
    requireNumber(scope, what, amount, { from: least, to, unit: unit?.toLowerCase() });
    return unit === undefined
      ? { kind: 'count', rule: { count: amount } }
      : { kind: 'age', rule: { interval: amount, intervalUnit: unit }, days: amount * DAYS[unit] };
  }
}
