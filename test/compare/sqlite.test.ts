import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createSqliteDatabase } from '../schemas/sqlite';
import { temporaryDirectory } from '../support/processes';
import { differences } from './fingerprint';
import { fingerprintSqlite } from './sqlite';

/** Each is one way in which a copy can be wrong, and the whole of what the comparison must say. */
const MUTATIONS: [what: string, sql: string, expected: RegExp[]][] = [
  ['a row is missing', "DELETE FROM keyed WHERE k = 'n'", [/^rows keyed differs: "5 rows/]],
  [
    'a byte of 40 MB changed',
    "UPDATE bytes SET b = CAST(substr(b, 1, 41943039) || x'00' AS BLOB) WHERE id = 4",
    [/^rows bytes differs/],
  ],
  ['NULL became empty', "UPDATE bytes SET b = '' WHERE id = 3", [/^rows bytes differs/]],
  ['a real became an integer', "UPDATE keyed SET v = 1 WHERE k = 'r'", [/^rows keyed differs/]],
  [
    'an autoincrement is reset',
    "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'select'",
    [/^rows sqlite_sequence differs/],
  ],
  ['a trigger is missing', 'DROP TRIGGER after_one', [/^trigger after_one is missing$/]],
  [
    'an index is not unique',
    'DROP INDEX partial_one; CREATE INDEX partial_one ON book (title) WHERE price > 5',
    [/^index partial_one differs/],
  ],
  ['a view is missing', 'DROP VIEW a_view', [/^view a_view is missing$/]],
  ['the user version is reset', 'PRAGMA user_version = 0', [/^pragma user_version differs/]],
];

test('the comparison of SQLite databases finds each mutation, and nothing but it', () => {
  const directory = temporaryDirectory('sqlite');
  try {
    const source = createSqliteDatabase(path.join(directory, 'source.db'));
    source.prepare('VACUUM INTO ?').run(path.join(directory, 'copy.db'));
    const copy = new DatabaseSync(path.join(directory, 'copy.db'));
    let before = fingerprintSqlite(copy);
    expect(differences(fingerprintSqlite(source), before)).toEqual([]);
    expect(Object.keys(before).length).toBeGreaterThan(1500);
    for (const [what, sql, expected] of MUTATIONS) {
      copy.exec(sql);
      const after = fingerprintSqlite(copy);
      const found = differences(before, after);
      expect({ what, found }).toEqual({ what, found: expected.map((sentence) => expect.stringMatching(sentence)) });
      before = after;
    }
    source.close();
    copy.close();
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});
