import { pricesOf, type Archive } from '../../../bin/cli/aws/retrieval';
import { document, tableRows } from '../../docs/markdown';

const GIGABYTE = 1024 ** 3;
const MONTHS = (3 * 12) / 365.25;
const archiveOf = (...classes: string[]): Archive => ({
  objects: classes.map((storageClass, index) => ({
    key: `${index}`,
    bytes: 1000 * GIGABYTE,
    storageClass,
    state: 'archived',
  })),
});

test.each([
  ['GLACIER', 'glacierFlexibleRetrieval', ['5 to 12 hours', '3 to 5 hours', '1 to 5 minutes']],
  ['DEEP_ARCHIVE', 'deepArchive', ['48 hours', '12 hours']],
])('prices and times of %s are those of docs/storage-tiers.md', (storageClass, tier, waits) => {
  const row = tableRows(document('docs/storage-tiers.md').section('Storage classes')).find(([name]) =>
    name!.includes(tier),
  )!;
  const [, , , after, reading] = row;
  const prices = pricesOf(archiveOf(storageClass));
  expect(prices.map(({ wait }) => wait)).toEqual(waits);
  for (const { wait } of prices) expect(after).toContain(wait);
  const documented = Object.fromEntries(
    reading!.split('; ').map((text) => {
      const [, name = 'standard', usd] = /^(?:(\w+) )?([\d.]+)$/.exec(text)!;
      return [name, Number(usd)];
    }),
  );
  const perGigabyte = prices.map(({ tier: name, usd }) => [
    name,
    Math.abs(Number((usd / 1000 - 0.023 * MONTHS).toFixed(4))),
  ]);
  expect(Object.fromEntries(perGigabyte)).toEqual(documented);
});

test('the coldest object decides how long it takes, and which tiers there are', () => {
  const prices = pricesOf(archiveOf('GLACIER', 'DEEP_ARCHIVE'));
  expect(prices.map(({ tier, wait }) => [tier, wait])).toEqual([
    ['bulk', '48 hours'],
    ['standard', '12 hours'],
  ]);
});
