import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseEvidence, type Evidence } from '../../../catalog/bucket/evidence';
import { takeEvidence, type Digests } from '../../../engines/sqlite/evidence';
import { createSqliteDatabase } from '../../schemas/sqlite';
import { temporaryDirectory } from '../../support/processes';

const directory = temporaryDirectory('evidence');
let count = 0;
afterAll(() => fs.rmSync(directory, { recursive: true }));

function evidenceOf(sql: string, digests: Digests = { kind: 'all' }): Evidence {
  const database = new DatabaseSync(path.join(directory, `${++count}.db`));
  try {
    database.exec(sql);
    return takeEvidence(database, 'shop.db', digests, 0);
  } finally {
    database.close();
  }
}

const table = (values: string) => `CREATE TABLE t (a, b); INSERT INTO t VALUES ${values}`;

test.each([
  ['NULL is no empty text', '(NULL, 1)', "('', 1)"],
  ['an integer is no real', '(1, 1)', '(1.0, 1)'],
  ['an integer is no text', '(1, 1)', "('1', 1)"],
  ['a text is no blob', "('a', 1)", "(x'61', 1)"],
  ['an empty text is no empty blob', "('', 1)", "(x'', 1)"],
  ['a value has its column', "('a', 'b')", "('ab', '')"],
  ['bytes after a zero count', "('a' || char(0) || 'b', 1)", "('a' || char(0) || 'c', 1)"],
  ['invalid UTF-8 has its bytes', "(CAST(x'ff' AS TEXT), 1)", "(CAST(x'fe' AS TEXT), 1)"],
  ['large integers are exact', '(9223372036854775807, 1)', '(9223372036854775806, 1)'],
  ['the last digit of a real counts', '(0.1, 1)', '(0.10000000000000002, 1)'],
  ['each row counts', '(1, 1)', '(1, 1), (1, 1)'],
  ['a row has its values together', '(1, 2), (3, 4)', '(1, 4), (3, 2)'],
])('a digest sees that %s', (_, one, other) => {
  const digests = [one, other].map((values) => evidenceOf(table(values)).digests[0]!.digest);
  expect(new Set(digests).size).toBe(2);
  expect(evidenceOf(table(one)).digests[0]!.digest).toBe(digests[0]);
});

test.each([
  [
    'definitions',
    'CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END',
    'CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 2; END',
  ],
  ['the user version', '', 'PRAGMA user_version = 1'],
  ['the application id', '', 'PRAGMA application_id = 1'],
  ['the last keys', '', 'UPDATE sqlite_sequence SET seq = 7'],
  ['views that are broken', 'CREATE VIEW v AS SELECT * FROM t', 'CREATE VIEW v AS SELECT * FROM t; DROP TABLE t'],
])('the inventory has %s', (_, one, other) => {
  const [first, second] = [one, other].map((sql) =>
    evidenceOf(`CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (5); ${sql}`),
  );
  expect(first!.inventory).not.toEqual(second!.inventory);
});

test('of a database that hurts, all tables have a digest, and the evidence can be read again', () => {
  const database = createSqliteDatabase(path.join(directory, 'hard.db'));
  const evidence = takeEvidence(database, 'hard.db', { kind: 'all' }, 0);
  database.close();
  expect(evidence.undigested).toEqual([]);
  expect(evidence.digests.map(({ table }) => table)).toEqual(
    expect.arrayContaining(['hard.db.keyed', 'hard.db.searched_docsize', 'hard.db.boxes_node', 'hard.db.many_499']),
  );
  expect(parseEvidence(JSON.stringify(evidence))).toEqual(evidence);
});

test('digests are taken of what was asked for, and the rest says why it has none', () => {
  const sql = `CREATE TABLE small (a); INSERT INTO small VALUES (1);
    CREATE TABLE large (a); INSERT INTO large VALUES (zeroblob(100000)); CREATE TABLE own (a PRIMARY KEY) WITHOUT ROWID`;
  const of = (digests: Digests) => {
    const { digests: taken, undigested } = evidenceOf(sql, digests);
    return [taken.map(({ table }) => table.slice(8)), undigested.map(({ table, why }) => `${table.slice(8)} ${why}`)];
  };
  expect(of({ kind: 'none' })).toEqual([[], ['large off', 'small off', 'own off']]);
  expect(of({ kind: 'up-to', bytes: 50_000 })).toEqual([['small', 'own'], ['large budget']]);
  const evidence = evidenceOf(sql, { kind: 'up-to', bytes: 50_000 });
  expect(of({ kind: 'same', evidence })[0]).toEqual(['small', 'own']);
  jest.spyOn(Date, 'now').mockReturnValueOnce(0);
  expect(of({ kind: 'share', share: 0.1 })[0]).toEqual([]);
  expect(of({ kind: 'share', share: 0.1 })[0]).toHaveLength(3);
});

test('what its owner has planted in generated columns does not run', () => {
  const evidence = evidenceOf(
    `CREATE TABLE t (a); INSERT INTO t VALUES (1); ALTER TABLE t ADD COLUMN b AS (hex(zeroblob(a * 1000000000))); CREATE VIEW v AS SELECT load_extension('x')`,
  );
  expect(evidence.digests).toHaveLength(1);
  expect(evidence.inventory).toContainEqual({
    ...{ kind: 'view', name: 'shop.db.v' },
    facts: { definition: "CREATE VIEW v AS SELECT load_extension('x')", usable: expect.any(Boolean) as boolean },
  });
});
