import { rowDifferences } from '../../../task/restore/content';

test.each([
  [{ rows: 5 }, 5, []],
  [{ rows: 5 }, 4, [{ object: 'shop.orders', kind: 'rows', expected: 5, found: 4 }]],
  [{ rowsBefore: 7, rowsAfter: 5 }, 6, []],
  [{ rowsBefore: 7, rowsAfter: 5 }, 8, [{ object: 'shop.orders', kind: 'rows', expected: 7, found: 8 }]],
  // Dropped, or created, while it was dumped: rows may have gone before, or come after.
  [{ rowsBefore: 5, rowsAfter: null }, 3, []],
  [{ rowsBefore: null, rowsAfter: 5 }, 6, []],
])('of %j the restored %d rows', (counts, found, differences) => {
  const table = { database: 'shop', name: 'orders', ...counts };
  expect(rowDifferences('shop.orders', table, found)).toEqual(differences);
});
