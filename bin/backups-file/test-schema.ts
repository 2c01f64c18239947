/** The schema of restore tests in a backups file. */
import { Size } from 'aws-cdk-lib';
import { duration, exactly, flag, has, integer, isText, list, map, oneOf, scalar, text, ways } from './fields';

const TEST_WORDS = ['weekly', 'daily', 'monthly', 'everyBackup', 'random'] as const;
const TESTS = `one of ${TEST_WORDS.join(', ')}, or a map with newestOf, random or off`;
export const restoreTest = ways(TESTS, [
  { fits: isText, schema: oneOf(TEST_WORDS, 'to turn tests off write why: restoreTest: { off: <reason> }') },
  { fits: has('newestOf'), schema: map('a map', { newestOf: oneOf(['day', 'week', 'month']) }) },
  { fits: has('random'), schema: map('a map', { random: duration() }) },
  { fits: has('off'), schema: map('a map', { off: text('the reason why backups are not tested') }) },
]);

const UNITS = { KiB: Size.kibibytes, MiB: Size.mebibytes, GiB: Size.gibibytes };
const size = scalar('a size such as 500MiB or 2GiB', (value) => {
  const [, number, unit] = /^(\d+)\s*(KiB|MiB|GiB)$/.exec(value) ?? [];
  return number === undefined ? undefined : UNITS[unit as keyof typeof UNITS](Number(number));
});

const DIGESTS = 'all, none, or a map with upTo or share';
export const rowDigests = ways(DIGESTS, [
  {
    fits: isText,
    schema: exactly(DIGESTS, ['all', 'none'], 'for a share of the time write rowDigests: { share: 20 }'),
  },
  { fits: has('upTo'), schema: map('a map', { upTo: size }) },
  { fits: has('share'), schema: map('a map', { share: integer(1, 100) }) },
]);

const statement = { statement: text('a statement of SQL'), database: text('the name of a database').optional() };
const number = scalar('a number', (value) => (/^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined));
const expectation = ways('a map with atLeast, equals or tables', [
  { fits: has('atLeast'), schema: map('a map', { atLeast: number, ...statement }) },
  { fits: has('equals'), schema: map('a map', { equals: scalar('a text', (value) => value), ...statement }) },
  { fits: has('tables'), schema: map('a map', { tables: integer(1, 1_000_000) }) },
]);

/** What concerns the restore tests of one database. */
export const sourceTests = {
  restoreTest: restoreTest.optional(),
  expect: list('expectations', expectation).optional(),
  rowDigests: rowDigests.optional(),
  recoveryTimeObjective: duration().optional(),
  recoveryPointObjective: duration().optional(),
};

/** How restore tests run. */
export const restoreTesting = map('a map', {
  maxAtOnce: integer(1, 50).optional(),
  timeout: duration().optional(),
  enabled: flag().optional(),
});
