import * as fs from 'node:fs';
import * as path from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DumpJob } from '../../catalog/contract/task';
import { RestoreScene } from '../restore/support';
import { sqliteJob } from '../support/job';
import { sameForAll, type Damages } from './kinds';
import { underLoad, type Subject } from './subject';

const SCHEMA = `
  PRAGMA user_version = 7; PRAGMA application_id = 4711;
  CREATE TABLE author (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'nobody' COLLATE NOCASE, born TEXT, active INT, note TEXT);
  INSERT INTO author VALUES (1, 'Ada 😀', '0000-00-00', 1, ''), (2, 'Böb', '1815-12-10 01:00:00', 0, NULL), (900, 'gone', NULL, NULL, 'a  ' || char(13, 10));
  DELETE FROM author WHERE id = 900;
  INSERT INTO author VALUES (3, 'Carl  ', 'infinity', 1, 'line' || char(13, 10));
  CREATE TABLE book (id INTEGER PRIMARY KEY, author INT NOT NULL REFERENCES author (id) ON DELETE CASCADE, title TEXT, price REAL CHECK (price < 1000),
    amount TEXT, cover BLOB, gross REAL AS (price * 1.19) STORED, shout TEXT AS (upper(title)) VIRTUAL);
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500)
    INSERT INTO book (id, author, title, price, amount, cover) SELECT i, 1 + i % 3, 'Title ' || i, i / 7.0, printf('%.2f', i / 10.0), unhex(printf('%04x80ff00', i)) FROM n;
  CREATE UNIQUE INDEX by_title ON book (title);
  CREATE INDEX dear ON book (price DESC) WHERE price > 5;
  CREATE INDEX loud ON book (upper(title));
  CREATE TABLE journal (a, b);
  INSERT INTO journal VALUES (1, 'same'), (1, 'same'), (1.5, x'616263'), ('x', 9e999), (NULL, '');
  CREATE TABLE exact (a INT NOT NULL, b ANY) STRICT; INSERT INTO exact VALUES (9223372036854775807, 1);
  CREATE TABLE keyed (k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO keyed VALUES ('a', 1), ('b', 2);
  CREATE TABLE large (id INTEGER PRIMARY KEY, data BLOB); INSERT INTO large VALUES (1, randomblob(300000));
  CREATE VIEW cheap AS SELECT id, title FROM book WHERE price < 5;
  CREATE TRIGGER noted AFTER DELETE ON book BEGIN INSERT INTO journal VALUES (old.id, old.title); END;
  CREATE TRIGGER into_cheap INSTEAD OF INSERT ON cheap BEGIN SELECT 1; END;
  CREATE VIRTUAL TABLE words USING fts5 (title, tokenize = 'porter'); INSERT INTO words SELECT title FROM book WHERE id < 50;
  CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1); INSERT INTO boxes VALUES (1, 0.5, 1.5);
  CREATE TABLE dropped (a); INSERT INTO dropped SELECT randomblob(3000) FROM book LIMIT 30; DROP TABLE dropped;
`;

const write = (round: number) => `
  INSERT INTO book (author, title) VALUES (1, 'written ${round}'); INSERT INTO journal VALUES (${round}, 'written');
  UPDATE book SET price = ${round % 900} WHERE id % 7 = 0; DELETE FROM journal WHERE a = ${round - 5}; INSERT INTO author (name) VALUES ('new')`;

/** Starts the subject: a file, and its backup. */
export async function startSqlite(): Promise<Subject> {
  const scene = await RestoreScene.start();
  const file = path.join(scene.directory, 'shop.db');
  const database = new DatabaseSync(file);
  database.exec(SCHEMA);
  database.close();
  let count = 0;
  const jobOf = (path: string): DumpJob => ({
    ...sqliteJob(path, scene.place(`shop-${++count}`)),
    rowDigests: { kind: 'all' },
    expectations: [
      { kind: 'at-least', statement: 'SELECT count(*) FROM book', value: 400 },
      { kind: 'tables', value: 6 },
    ],
  });
  return {
    ...{ scene, options: {} },
    manifest: await scene.backUp(jobOf(file)),
    backUpAfter: (sql) => {
      const copy = path.join(fs.mkdtempSync(path.join(scene.directory, 'copy-')), 'shop.db');
      fs.copyFileSync(file, copy);
      change(copy, sql);
      return scene.backUp(jobOf(copy));
    },
    bytesAfter: async (sql, bytes) => {
      const directory = fs.mkdtempSync(path.join(scene.directory, 'copy-'));
      const [copy, snapshot] = [path.join(directory, 'shop.db'), path.join(directory, 'snapshot')];
      fs.writeFileSync(copy, bytes);
      change(copy, sql);
      // As the dump does: what a copy by pages does to the header is no damage.
      const changed = new DatabaseSync(copy);
      await backup(changed, snapshot);
      changed.close();
      return fs.readFileSync(snapshot);
    },
    backUpUnderLoad: async () => {
      const copy = path.join(fs.mkdtempSync(path.join(scene.directory, 'copy-')), 'shop.db');
      fs.copyFileSync(file, copy);
      const writer = new DatabaseSync(copy);
      writer.exec('PRAGMA journal_mode = WAL');
      try {
        return await underLoad(
          () => scene.backUp(jobOf(copy)),
          async (round) => {
            writer.exec(write(round));
            await sleep(2);
          },
        );
      } finally {
        writer.close();
      }
    },
    stop: () => scene.stop(),
  };
}

function change(file: string, sql: string): void {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  database.enableDefensive(false);
  database.exec(sql);
  database.close();
}

const restored = (sql: string) => ({ at: 'restored', sql }) as const;
const dump = (sql: string) => ({ at: 'dump', sql }) as const;
/** Replaces a text in a definition, as no statement could. */
const redefined = (name: string, from: string, to: string) => {
  const quoted = [from, to].map((text) => `'${text.replaceAll("'", "''")}'`).join(', ');
  return `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ${quoted}) WHERE name = '${name}'; PRAGMA writable_schema = RESET`;
};
const NO_SERVER = 'a file has no accounts';
const PAGE = 4096;

/** What a restored file may go through that changes nothing: another count of changes in its header. */
export const SQLITE_HARMLESS = ['PRAGMA user_version = 7'];

/** What can happen to a backup of SQLite. */
export const SQLITE_DAMAGES: Damages = {
  1: [
    { at: 'transit', edit: (bytes) => bytes.subarray(0, -9) },
    { at: 'stored', edit: (bytes) => bytes.subarray(0, -9) },
  ],
  2: { at: 'stored', edit: (bytes) => bytes.subarray(0, -PAGE) },
  3: [dump('DROP TABLE exact'), restored('DROP TABLE exact')],
  4: [dump('DELETE FROM keyed'), restored('DELETE FROM keyed')],
  5: [dump('DELETE FROM book WHERE id = 250'), restored('DELETE FROM book WHERE id = 250')],
  6: dump("INSERT INTO journal VALUES (1, 'same')"),
  7: [
    dump("UPDATE book SET title = 'Title x' WHERE id = 9"),
    restored("UPDATE book SET title = 'Title x' WHERE id = 9"),
  ],
  8: dump('UPDATE book SET amount = title, title = amount WHERE id = 77'),
  9: [dump("UPDATE author SET note = NULL WHERE note = ''"), dump("UPDATE author SET note = '' WHERE note IS NULL")],
  10: [
    dump('UPDATE author SET name = rtrim(name) WHERE id = 3'),
    dump('UPDATE author SET note = replace(note, char(13, 10), char(10))'),
  ],
  11: dump("UPDATE author SET name = 'Ada ?' WHERE id = 1"),
  12: dump("UPDATE author SET name = 'BÃ¶b' WHERE id = 2"),
  13: dump("UPDATE author SET name = CAST(x'42f662' AS TEXT) WHERE id = 2"),
  14: [
    dump("UPDATE book SET cover = unhex('00018fff00') WHERE id = 1"),
    restored("UPDATE book SET cover = unhex('000180ff01') WHERE id = 1"),
  ],
  15: dump('UPDATE author SET active = 1 - active WHERE id = 1'),
  16: dump('UPDATE book SET price = 0.14285714285714288 WHERE id = 1'),
  17: dump("UPDATE book SET amount = '0.1' WHERE id = 1"),
  18: dump("UPDATE author SET born = '1815-12-10 00:00:00' WHERE id = 2"),
  19: [
    dump('UPDATE author SET born = NULL WHERE id = 1'),
    dump('UPDATE journal SET b = 1.7976931348623157e308 WHERE b = 9e999'),
  ],
  20: [dump('UPDATE sqlite_sequence SET seq = 3'), restored('DELETE FROM sqlite_sequence')],
  21: dump(redefined('author', ' AUTOINCREMENT', '')),
  22: [dump('DROP INDEX dear'), restored('DROP INDEX dear')],
  23: dump('DROP INDEX by_title; CREATE INDEX by_title ON book (title)'),
  24: [
    dump(redefined('book', ' ON DELETE CASCADE', '')),
    dump(redefined('book', ' REFERENCES author (id) ON DELETE CASCADE', '')),
  ],
  25: [dump('DELETE FROM author WHERE id = 1'), restored('UPDATE book SET author = 99 WHERE id = 5')],
  26: dump(redefined('book', ' CHECK (price < 1000)', '')),
  27: dump(redefined('author', " DEFAULT 'nobody'", '')),
  28: dump(redefined('book', ' AS (price * 1.19) STORED', '')),
  29: [
    dump(redefined('author', 'born TEXT, active INT', 'active INT, born TEXT')),
    dump(redefined('author', ' NOT NULL', '')),
    dump(`${redefined('author', ' COLLATE NOCASE', '')}`),
  ],
  30: [dump('PRAGMA user_version = 0'), dump('PRAGMA application_id = 0'), restored('PRAGMA user_version = 0')],
  31: [dump('DROP TRIGGER noted'), restored('DROP TRIGGER noted')],
  32: dump(
    'DROP TRIGGER noted; CREATE TRIGGER noted BEFORE DELETE ON book BEGIN INSERT INTO journal VALUES (old.id, old.title); END',
  ),
  33: 'it has no routines',
  34: 'it has no routines',
  35: 'it has no events',
  36: [
    dump('DROP VIEW cheap'),
    restored('DROP VIEW cheap; CREATE VIEW cheap AS SELECT id, title FROM book WHERE price < 6'),
  ],
  37: NO_SERVER,
  38: NO_SERVER,
  39: NO_SERVER,
  40: [dump("UPDATE large SET data = x''"), restored("UPDATE large SET data = x''")],
  41: [dump('DROP TABLE boxes'), dump('DROP TABLE words; CREATE TABLE words (title)')],
  42: 'it has none',
  43: 'it has no partitions',
  44: 'it has no system versions',
  45: 'a file is one database',
  46: 'it has no types of its own',
  47: [
    dump('DROP INDEX dear; CREATE INDEX dear ON book (price DESC)'),
    dump('DROP INDEX dear; CREATE INDEX dear ON book (price) WHERE price > 5'),
    dump('DROP INDEX loud; CREATE INDEX loud ON book (lower(title))'),
  ],
  48: [
    dump(redefined('exact', ') STRICT', ')')),
    dump("DROP TABLE keyed; CREATE TABLE keyed (k TEXT PRIMARY KEY, v); INSERT INTO keyed VALUES ('a', 1), ('b', 2)"),
  ],
  49: [
    dump('UPDATE journal SET a = 1.0 WHERE a = 1'),
    dump("UPDATE keyed SET v = '1' WHERE v = 1"),
    dump("UPDATE journal SET b = 'abc' WHERE b = x'616263'"),
  ],
  50: dump('DELETE FROM book WHERE id > 495; UPDATE sqlite_sequence SET seq = 3'),
  ...sameForAll(500),
  52: dump('PRAGMA writable_schema = ON; DELETE FROM sqlite_schema; PRAGMA writable_schema = RESET; VACUUM'),
  57: [
    // The page of an index, of which the table knows nothing.
    { at: 'stored', edit: (bytes) => withoutIndexRow(bytes) },
    restored(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'loud') WHERE name = 'by_title'",
    ),
  ],
  58: dump(redefined('journal', '(a, b)', '(a, /* what */ b)')),
};

/** Takes one entry out of an index: its leaf says that it has one cell less. */
function withoutIndexRow(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = PAGE; at < copy.length; at += PAGE) {
    const cells = copy.readUInt16BE(at + 3);
    if (copy[at] !== 0x0a || cells < 2) continue;
    copy.writeUInt16BE(cells - 1, at + 3);
    return copy;
  }
  return copy;
}
