import type { Evidence } from '../../../../catalog/bucket/evidence';
import type { Section } from '../../../../engines/engine';
import { compareCounts, compareDigests } from '../../../../task/prove/compare/counts';
import { compareInventory, primaryKeyOf } from '../../../../task/prove/compare/inventory';
import { DumpSections, compareSections } from '../../../../task/prove/compare/sections';

const definition = (text: string): Section => ({ kind: 'definition', hash: text, text });
const rowsOf = (hash: string): Section => ({ kind: 'rows', hash });
const sections = (parts: Record<string, Section>) => new Map(Object.entries(parts));

describe('sections', () => {
  test('the same are no difference', () => {
    const all = { 'trigger shop.t': definition('a'), 'table shop.o': rowsOf('1') };
    expect(compareSections(sections(all), sections(all))).toEqual({ differences: [], rows: [], compared: 2 });
  });

  test('what is missing, new or changed is one, with the first line that differs', () => {
    const { differences, compared } = compareSections(
      sections({ 'trigger shop.a': definition('x'), 'view shop.v': definition("1\n2 IDENTIFIED BY 'secret'\n3") }),
      sections({ 'trigger shop.b': definition('x'), 'view shop.v': definition('1\n4\n3') }),
    );
    expect(compared).toBe(3);
    expect(differences).toEqual([
      { check: 'sections', object: 'trigger shop.a', kind: 'missing' },
      {
        ...{ check: 'sections', object: 'view shop.v', kind: 'changed' },
        ...{ expected: "2 IDENTIFIED BY '***'", found: '4' },
      },
      { check: 'sections', object: 'trigger shop.b', kind: 'unexpected' },
    ]);
  });

  test('what differs behind the text that is known is one, too', () => {
    const { differences } = compareSections(
      sections({ a: { ...definition('1'), hash: 'x' } }),
      sections({ a: { ...definition('1'), hash: 'y' } }),
    );
    expect(differences).toEqual([{ check: 'sections', object: 'a', kind: 'changed' }]);
  });

  test('rows that differ are looked at again; those of a table that is missing are not', () => {
    const { differences, rows } = compareSections(
      sections({
        ...{ 'definition of table a': definition('a'), 'table a': rowsOf('1') },
        ...{ 'definition of table b': definition('b'), 'table b': rowsOf('1'), 'table c': rowsOf('1') },
      }),
      sections({ 'definition of table a': definition('a'), 'table a': rowsOf('2') }),
    );
    expect(rows).toEqual(['table a', 'table c']);
    expect(differences).toEqual([{ check: 'sections', object: 'definition of table b', kind: 'missing' }]);
  });

  test('rows that have become something else are no rows of another order', () => {
    expect(compareSections(sections({ a: rowsOf('1') }), sections({ a: definition('1') })).rows).toEqual(['a']);
  });

  test('objects may have sections of one name', () => {
    const all = new DumpSections();
    all.add('a.zst', { end: () => sections({ x: rowsOf('1') }), left: [{ why: 'reshaped', objects: ['y'] }] });
    all.add('b.zst', { end: () => sections({ x: rowsOf('2') }) });
    expect([...all.all.keys()]).toEqual(['x', 'x (b.zst)']);
    expect([...all.files.get('x')!]).toEqual(['a.zst', 'b.zst']);
    expect(all.left).toEqual([{ why: 'reshaped', objects: ['y'] }]);
  });
});

const evidence = (changes: Partial<Evidence>): Evidence => ({
  ...{ formatVersion: 1, questions: 1, inventory: [], digests: [], undigested: [], ...changes },
});

test('inventory: objects and settings', () => {
  const object = (kind: string, name: string, facts = {}) => ({ kind, name, facts });
  const before = evidence({
    inventory: [
      object('trigger', 'shop.t', { definer: 'a@%', enabled: true }),
      object('view', 'shop.v'),
      object('table', 'shop.o', { primaryKey: 'id,day' }),
    ],
  });
  const after = evidence({
    inventory: [
      object('trigger', 'shop.t', { definer: 'b@%', order: null }),
      object('view', 'shop.w'),
      object('table', 'shop.o', { primaryKey: 'id,day' }),
    ],
  });
  const { differences, compared } = compareInventory(before, after);
  expect(compared).toBe(3);
  expect(differences).toEqual([
    {
      ...{ check: 'inventory', object: 'trigger shop.t', kind: 'changed', fact: 'definer' },
      ...{ expected: 'a@%', found: 'b@%' },
    },
    { check: 'inventory', object: 'trigger shop.t', kind: 'changed', fact: 'enabled', expected: 'true' },
    { check: 'inventory', object: 'trigger shop.t', kind: 'changed', fact: 'order', found: 'null' },
    { check: 'inventory', object: 'view shop.v', kind: 'missing' },
    { check: 'inventory', object: 'view shop.w', kind: 'unexpected' },
  ]);
  expect(primaryKeyOf(before, 'table shop.o')).toEqual(['id', 'day']);
  expect(primaryKeyOf(before, 'table shop.x')).toBeUndefined();
});

test('digests: changed, missing, left out and sampled', () => {
  const digest = (table: string, text: string, rows = 3) => ({ table, rows, digest: text });
  const sample = { column: 'id', ranges: [{ from: '1', to: '9' }] };
  const { differences, left } = compareDigests(
    evidence({
      digests: [
        digest('a', '1'),
        digest('b', '1'),
        digest('c', '1'),
        digest('d', '1'),
        { ...digest('e', '1'), sample },
      ],
      undigested: [{ table: 'f', why: 'budget' }],
    }),
    evidence({
      digests: [digest('a', '1'), digest('b', '2', 4), digest('e', '1')],
      undigested: [{ table: 'd', why: 'unsupported' }],
    }),
  );
  expect(differences).toEqual([
    {
      ...{ check: 'rows', object: 'table b', kind: 'changed', fact: 'digest', expected: '3', found: '4' },
    },
    { check: 'rows', object: 'table c', kind: 'missing' },
    { check: 'rows', object: 'table e', kind: 'changed', fact: 'digest' },
  ]);
  expect(left).toEqual([
    { why: 'unsupported', objects: ['d'] },
    { why: 'budget', objects: ['f'] },
    { why: 'sample', objects: ['e'] },
  ]);
});

test('counts of tables whose names read alike are not mixed up', () => {
  const tables = [
    { database: 'shop', schema: 'a.b', name: 'c', rows: 1 },
    { database: 'shop', schema: 'a', name: 'b.c', rows: 2 },
  ];
  const engine = 'postgresql';
  expect(compareCounts({ engine, tables }, tables).differences).toEqual([]);
  const object = 'table shop.a.b.c';
  expect(compareCounts({ engine, tables }, tables.slice(1)).differences).toEqual([
    { check: 'rows', object, kind: 'missing' },
  ]);
});

test('counts: exact, bracketed, and of tables that came or went', () => {
  const of = (name: string, counts: object) => ({ database: 'shop', name, ...counts });
  const manifest = {
    engine: 'mongodb',
    tables: [
      ...[of('a', { rows: 3 }), of('b', { rows: 3 }), of('c', { rows: 3 })],
      ...[of('d', { rowsBefore: 5, rowsAfter: 3 }), of('e', { rowsBefore: 5, rowsAfter: 7 })],
      of('f', { rowsBefore: null, rowsAfter: 7 }),
    ],
  };
  const found = [of('a', { rows: 3 }), of('b', { rows: 2 }), of('d', { rows: 4 }), of('e', { rows: 8 })];
  expect(compareCounts(manifest, found)).toEqual({
    compared: 5,
    differences: [
      { check: 'rows', object: 'collection shop.b', kind: 'rows', expected: '3', found: '2' },
      { check: 'rows', object: 'collection shop.c', kind: 'missing' },
      { check: 'rows', object: 'collection shop.e', kind: 'rows', expected: '5 to 7', found: '8' },
    ],
    left: [{ why: 'bracketed-counts', objects: ['shop.d', 'shop.e', 'shop.f'] }],
  });
});
