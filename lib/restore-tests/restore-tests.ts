import { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { fault, requireGiven, requireRange, requireValue, secondsOf } from '../private/fault';
import type { BoundTests } from './private/bound-tests';

/** A period of UTC, of which the last backup is tested. Weeks begin on Monday. */
export enum TestedPeriod {
  /** A day. */
  DAY = 'day',
  /** A week. */
  WEEK = 'week',
  /** A month. */
  MONTH = 'month',
}

const DAY = 86_400;
const INTERVAL = { from: DAY, to: 366 * DAY, unit: 'seconds' };
const SECONDS: Readonly<Record<TestedPeriod, number>> = {
  [TestedPeriod.DAY]: DAY,
  [TestedPeriod.WEEK]: 7 * DAY,
  [TestedPeriod.MONTH]: 31 * DAY,
};

/**
 * Which backups of a database are tested, and when. A restore test loads a backup into a throw-away server of the same engine
 * and version, and compares.
 */
export class RestoreTests {
  /** The default: tests the newest backup once a week. */
  public static weekly(): RestoreTests {
    return RestoreTests.newestEvery(7);
  }

  /** Tests the newest backup once a day. */
  public static daily(): RestoreTests {
    return RestoreTests.newestEvery(1);
  }

  /** Tests the newest backup once in 30 days. */
  public static monthly(): RestoreTests {
    return RestoreTests.newestEvery(30);
  }

  /** Tests every backup, the oldest first. One that could not be tested within a week is left out. */
  public static everyBackup(): RestoreTests {
    return new RestoreTests(() => ({ plan: { kind: 'each' } }));
  }

  /** Tests the last backup of each day, week or month, once that has ended: those that a retention keeps the longest. */
  public static newestOf(period: TestedPeriod): RestoreTests {
    return new RestoreTests((scope) => {
      requireGiven(scope, 'period of the restore tests', period);
      return { plan: { kind: 'newest-of', period }, everySeconds: SECONDS[period] };
    });
  }

  /**
   * Tests one of all backups by chance, every other time the newest one. Backups in an archive are left out.
   *
   * @param interval time between two tests: 1 to 366 days; 7 days when left out
   */
  public static random(interval: Duration = Duration.days(7)): RestoreTests {
    return new RestoreTests((scope) => {
      const everySeconds = secondsOf(scope, 'interval of the restore tests', interval)!;
      requireRange(scope, 'interval of the restore tests', everySeconds, INTERVAL);
      return { plan: { kind: 'random', everySeconds }, everySeconds: 2 * everySeconds };
    });
  }

  /**
   * Tests no backup by schedule. `proven-backups prove` then tests one only with `--local`, on the machine where it runs.
   *
   * @param reason why backups that nobody has ever restored are acceptable here
   */
  public static off(reason: string): RestoreTests {
    const bind = (scope: IConstruct): BoundTests => {
      requireValue(scope, 'reason of RestoreTests.off', reason);
      if (/\S/.test(reason)) return {};
      fault(scope, `reason of RestoreTests.off must say why backups are not tested, got: ${JSON.stringify(reason)}`);
    };
    return new RestoreTests(bind);
  }

  private static newestEvery(days: number): RestoreTests {
    const everySeconds = days * DAY;
    return new RestoreTests(() => ({ plan: { kind: 'newest', everySeconds }, everySeconds }));
  }

  private constructor(private readonly binder: (scope: IConstruct) => BoundTests) {}

  /** @internal */
  public _bind(scope: IConstruct): BoundTests {
    return this.binder(scope);
  }
}
