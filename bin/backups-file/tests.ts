/** Turns what a backups file says of restore tests into the classes of the constructs. */
import type { AddDatabaseProps, TestedPeriod } from '../../lib';
import { RestoreExpectation, RestoreTests, RowDigests } from '../../lib';
import type { DatabaseEntry } from './schema';

export function restoreTestOf(entry: DatabaseEntry['restoreTest']): RestoreTests | undefined {
  if (entry === undefined) return undefined;
  if (typeof entry === 'string') return RestoreTests[entry]();
  if ('newestOf' in entry) return RestoreTests.newestOf(entry.newestOf as TestedPeriod);
  return 'random' in entry ? RestoreTests.random(entry.random) : RestoreTests.off(entry.off);
}

/** The properties of a database that concern its restore tests. */
export const testsOf = (
  entry: DatabaseEntry,
): Pick<
  AddDatabaseProps,
  'restoreTest' | 'expect' | 'rowDigests' | 'recoveryTimeObjective' | 'recoveryPointObjective'
> => ({
  restoreTest: restoreTestOf(entry.restoreTest),
  expect: entry.expect?.map(expectationOf),
  rowDigests: rowDigestsOf(entry.rowDigests),
  recoveryTimeObjective: entry.recoveryTimeObjective,
  recoveryPointObjective: entry.recoveryPointObjective,
});

function expectationOf(entry: NonNullable<DatabaseEntry['expect']>[number]): RestoreExpectation {
  if ('tables' in entry) return RestoreExpectation.tables(entry.tables);
  const { statement, database } = entry;
  return 'equals' in entry
    ? RestoreExpectation.equalTo(statement, entry.equals, { database })
    : RestoreExpectation.atLeast(statement, entry.atLeast, { database });
}

function rowDigestsOf(entry: DatabaseEntry['rowDigests']): RowDigests | undefined {
  if (entry === undefined) return undefined;
  if (typeof entry === 'string') return RowDigests[entry]();
  return 'share' in entry ? RowDigests.share(entry.share) : RowDigests.upTo(entry.upTo);
}
