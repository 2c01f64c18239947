import type { Size } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Expectation, RowDigestsJob } from '../../catalog/contract/task';
import { fault, requireRange, requireValue } from '../private/fault';

/** Options of an expectation that is a statement. */
export interface ExpectationOptions {
  /**
   * Database in which the statement runs. It is needed if the backup has several, unless the statement names it, as MySQL and
   * MariaDB can: `shop.account`.
   *
   * @default - the only database of the backup
   */
  readonly database?: string;
}

/**
 * What must hold in a database that was restored from a backup. A restore test runs the statement as a user that may only
 * read. The expectations are stored with each backup.
 */
export class RestoreExpectation {
  /**
   * A statement returns at least this number.
   *
   * @param statement returns one number: `SELECT COUNT(*) FROM shop.account`
   */
  public static atLeast(statement: string, value: number, options: ExpectationOptions = {}): RestoreExpectation {
    return new RestoreExpectation((scope) => {
      requireValue(scope, 'value of RestoreExpectation.atLeast', value);
      if (!Number.isFinite(value)) {
        fault(scope, `value of RestoreExpectation.atLeast must be a number, got: ${value}`);
      }
      return { kind: 'at-least', statement: checked(scope, 'atLeast', statement), value, ...options };
    });
  }

  /**
   * A statement returns exactly this.
   *
   * @param statement returns one value: `SELECT version FROM shop.schema_version`
   * @param value compared as a text
   */
  public static equalTo(statement: string, value: string, options: ExpectationOptions = {}): RestoreExpectation {
    return new RestoreExpectation((scope) => {
      requireValue(scope, 'value of RestoreExpectation.equalTo', value);
      return { kind: 'equals', statement: checked(scope, 'equalTo', statement), value, ...options };
    });
  }

  /**
   * All databases of the backup together have at least so many tables.
   *
   * @param atLeast 1 or more
   */
  public static tables(atLeast: number): RestoreExpectation {
    return new RestoreExpectation((scope) => {
      requireValue(scope, 'number of RestoreExpectation.tables', atLeast);
      requireRange(scope, 'number of RestoreExpectation.tables', atLeast, { from: 1, to: 1_000_000 });
      return { kind: 'tables', value: atLeast };
    });
  }

  private constructor(private readonly binder: (scope: IConstruct) => Expectation) {}

  /** @internal */
  public _bind(scope: IConstruct): Expectation {
    return this.binder(scope);
  }
}

function checked(scope: IConstruct, factory: string, statement: string): string {
  requireValue(scope, `statement of RestoreExpectation.${factory}`, statement);
  if (/\S/.test(statement)) return statement;
  fault(
    scope,
    `statement of RestoreExpectation.${factory} must be a statement of SQL, got: ${JSON.stringify(statement)}`,
  );
}

/**
 * Of which tables a dump takes a digest of all rows, which a restore test compares. The server computes it in the snapshot of
 * the dump. Number of rows and structure are compared of all tables, whatever this is.
 */
export class RowDigests {
  /**
   * Of all tables. The dump may take twice as long. Writers of an SQLite file that is not in WAL mode wait for all of it.
   */
  public static all(): RowDigests {
    return new RowDigests(() => ({ kind: 'all' }));
  }

  /** Of no table. */
  public static none(): RowDigests {
    return new RowDigests(() => ({ kind: 'none' }));
  }

  /** Of tables up to this size, as the server estimates it. */
  public static upTo(size: Size): RowDigests {
    return new RowDigests((scope) => {
      if (size.isUnresolved()) fault(scope, 'size of RowDigests.upTo must be known at synth, got: a token: write it');
      return { kind: 'up-to', bytes: size.toBytes() };
    });
  }

  /**
   * From the smallest table to the largest, until so much of the time of the dump is spent. The default is 10.
   *
   * @param percent 1 to 100
   */
  public static share(percent: number): RowDigests {
    return new RowDigests((scope) => {
      requireValue(scope, 'percent of RowDigests.share', percent);
      requireRange(scope, 'percent of RowDigests.share', percent, { from: 1, to: 100 });
      return { kind: 'share', share: percent / 100 };
    });
  }

  private constructor(private readonly binder: (scope: IConstruct) => RowDigestsJob) {}

  /** @internal */
  public _bind(scope: IConstruct): RowDigestsJob {
    return this.binder(scope);
  }
}
