import type { IConstruct } from 'constructs';
import type { BoundSnapshotRetention } from './private/dlm-retention';
import { requireNumber } from './private/dlm-checks';

/** The most that Data Lifecycle Manager takes: a hundred years. */
const MAXIMUM = { DAYS: 36_500, WEEKS: 5_200, MONTHS: 1_200, YEARS: 100 } as const;
/** About as many days are in it: to compare ages with what AWS counts in days. */
const DAYS = { DAYS: 1, WEEKS: 7, MONTHS: 30, YEARS: 365 } as const;

/** How many snapshots are kept, or for how long. */
export class SnapshotRetention {
  /**
   * The newest snapshots of each volume.
   *
   * @param count 1 to 1000; 0 only where snapshots go to the archive at once
   */
  public static count(count: number): SnapshotRetention {
    return new SnapshotRetention(count);
  }

  /** By age. @param days 1 to 36500; 0 only where snapshots go to the archive at once */
  public static days(days: number): SnapshotRetention {
    return new SnapshotRetention(days, 'DAYS');
  }

  /** By age. @param weeks 1 to 5200 */
  public static weeks(weeks: number): SnapshotRetention {
    return new SnapshotRetention(weeks, 'WEEKS');
  }

  /** By age. @param months 1 to 1200 */
  public static months(months: number): SnapshotRetention {
    return new SnapshotRetention(months, 'MONTHS');
  }

  /** By age. @param years 1 to 100 */
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
