import type { RowListener } from '../../../../engines/engine';
import { compareRows, type RowSource, type Side } from '../../../../task/prove/compare/rows';

type Rows = Readonly<Record<string, readonly string[][]>>;
const TABLE = 'table shop.orders';
const COLUMNS = ['id', 'note', 'price'];

/** Compares tables of two dumps by their rows. */
function compare(backup: Rows, restored: Rows, more: Partial<RowSource> = {}) {
  const reads: Side[] = [];
  const read = (side: Side, listener: RowListener) => {
    reads.push(side);
    for (const [section, rows] of Object.entries({ backup, restored }[side])) {
      if (!listener.wants(section)) continue;
      for (const row of rows) listener.row(section, COLUMNS, row);
    }
    return Promise.resolve();
  };
  return compareRows(Object.keys({ ...backup, ...restored, [TABLE]: rows }), {
    read,
    keyOf: () => ['id'],
    ...more,
  }).then((differences) => ({ differences, reads }));
}

const rows = [
  ['1', 'a', '5'],
  ['2', 'b', '6'],
  ['3', 'c', '7'],
];
const changed = (index: number, row: string[]) => rows.map((one, at) => (at === index ? row : one));

test('rows in another order are the same; nothing is read twice for them', async () => {
  expect(await compare({ [TABLE]: rows }, { [TABLE]: rows.toReversed() })).toEqual({
    ...{ differences: [], reads: ['restored', 'backup'] },
  });
});

test('a value that differs is found by its key and column', async () => {
  const { differences } = await compare({ [TABLE]: rows }, { [TABLE]: changed(1, ['2', 'b', '9']).toReversed() });
  expect(differences).toEqual([
    {
      ...{ check: 'sections', object: TABLE, kind: 'rows', rows: { differing: 1, of: 3 } },
      first: { key: 'id 2', column: 'price' },
    },
  ]);
});

test('the restored server is read once more for the places of all tables', async () => {
  const other = 'table shop.customers';
  const { differences, reads } = await compare(
    { [TABLE]: rows, [other]: rows },
    { [TABLE]: changed(1, ['2', 'b', '9']), [other]: changed(2, ['3', 'x', '7']) },
  );
  expect(differences).toMatchObject([
    { object: TABLE, first: { key: 'id 2', column: 'price' } },
    { object: other, first: { key: 'id 3', column: 'note' } },
  ]);
  expect(reads).toEqual(['restored', 'backup', 'restored']);
});

test('two values that were swapped are a difference, and so is where a value ends', async () => {
  expect((await compare({ [TABLE]: rows }, { [TABLE]: changed(0, ['1', '5', 'a']) })).differences).toMatchObject([
    { rows: { differing: 1 }, first: { key: 'id 1', column: 'note' } },
  ]);
  expect((await compare({ [TABLE]: [['1', 'ab', 'c']] }, { [TABLE]: [['1', 'a', 'bc']] })).differences).toHaveLength(1);
});

test('a row that is missing, or there twice, is counted', async () => {
  const counts = { expected: '3', found: '2' };
  expect((await compare({ [TABLE]: rows }, { [TABLE]: rows.slice(1) })).differences).toMatchObject([
    { ...counts, rows: { differing: 1, of: 3 }, first: { key: 'id 1' } },
  ]);
  const twice = [...rows, rows[0]!];
  expect((await compare({ [TABLE]: rows }, { [TABLE]: twice })).differences).toMatchObject([
    { expected: '3', found: '4', rows: { differing: 1, of: 3 } },
  ]);
  // As many rows as before.
  expect((await compare({ [TABLE]: [rows[0]!, rows[0]!, rows[1]!] }, { [TABLE]: [rows[0]!, rows[1]!, rows[1]!] })).differences) // prettier-ignore
    .toMatchObject([{ rows: { differing: 1, of: 3 } }]);
});

test('a table that has no rows any more is one that lacks all', async () => {
  expect((await compare({ [TABLE]: rows }, {})).differences).toMatchObject([
    { expected: '3', found: '0', rows: { differing: 3, of: 3 }, first: { key: 'id 1' } },
  ]);
});

test('without a key, only how many is told', async () => {
  const { differences } = await compare({ [TABLE]: rows }, { [TABLE]: changed(2, ['3', 'x', '7']) }, { keyOf: () => undefined }); // prettier-ignore
  expect(differences).toEqual([{ check: 'sections', object: TABLE, kind: 'rows', rows: { differing: 1, of: 3 } }]);
});

test('above the most hashes, order is still no difference, and a change still is one', async () => {
  const few = { mostHashes: 1 };
  expect((await compare({ [TABLE]: rows }, { [TABLE]: rows.toReversed() }, few)).differences).toEqual([]);
  expect((await compare({ [TABLE]: rows }, { [TABLE]: changed(0, ['1', 'x', '5']) }, few)).differences).toEqual([
    { check: 'sections', object: TABLE, kind: 'rows' },
  ]);
  expect((await compare({ [TABLE]: rows }, { [TABLE]: rows.slice(1) }, few)).differences).toEqual([
    { check: 'sections', object: TABLE, kind: 'rows', expected: '3', found: '2' },
  ]);
});

test('sections that differ without a row are a difference', async () => {
  expect((await compare({}, {})).differences).toEqual([{ check: 'sections', object: TABLE, kind: 'rows' }]);
});
