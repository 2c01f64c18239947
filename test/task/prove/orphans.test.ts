import { judgeOrphans } from '../../../task/prove/orphans';

const orphans = [{ child: 'shop.orders', parent: 'shop.customers', rows: 2 }];
const check = { differences: [], compared: 3, left: [], orphans };
const tables = [
  { database: 'shop', name: 'orders', rows: 5 },
  { database: 'shop', name: 'customers', rows: 7 },
];
const lost = { check: 'engine', object: 'table shop.orders', kind: 'orphans', found: '2', expected: '0' };

test('orphans of two tables that came back as they were are the source’s own', () => {
  const other = { check: 'sections', object: 'table shop.others', kind: 'rows' };
  expect(judgeOrphans(check, { differences: [other] }, { tables })).toEqual({
    ...{ compared: 3, differences: [] },
    left: [{ why: 'orphans-at-source', objects: ['table shop.orders'] }],
  });
});

test.each(['table shop.customers', 'table shop.orders', 'definition of table shop.customers'])(
  'orphans are a difference where %s differs',
  (object) => {
    const differences = [{ check: 'rows', object, kind: 'rows' }];
    expect(judgeOrphans(check, { differences }, { tables }).differences).toEqual([lost]);
  },
);

test('orphans are a difference where rows were not counted in the snapshot of the dump', () => {
  const bracketed = [tables[0]!, { database: 'shop', name: 'customers', rowsBefore: 7, rowsAfter: 7 }];
  expect(judgeOrphans(check, { differences: [] }, { tables: bracketed }).differences).toEqual([lost]);
});

test('what an engine finds beside them stays', () => {
  const differences = [{ check: 'engine', object: 'view shop.v', kind: 'invalid' }];
  expect(judgeOrphans({ differences, compared: 1, left: [] }, { differences: [] }, { tables }).differences).toEqual(
    differences,
  );
});
