import { DatabaseSync } from 'node:sqlite';

/** Names and pieces of SQL that hurt; the last statements stay in the write-ahead log. */
const SCHEMA = `
  PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 4711; PRAGMA application_id = 123456;
  PRAGMA foreign_keys = ON;
  CREATE TABLE "select" ("order" INTEGER PRIMARY KEY AUTOINCREMENT, "from ""where""" TEXT DEFAULT 'it''s "quoted" \\ 100%' NOT NULL,
    "größe 😀" INT GENERATED ALWAYS AS (length("from ""where""")) VIRTUAL, "it's" TEXT AS ("from ""where""" || '!') STORED);
  INSERT INTO "select" ("order") VALUES (0), (7000); DELETE FROM "select" WHERE "order" = 7000;
  CREATE TABLE bytes (id INTEGER PRIMARY KEY, b BLOB, t TEXT);
  CREATE TABLE strict_one (a INT NOT NULL, b ANY, c REAL) STRICT;
  INSERT INTO strict_one VALUES (9223372036854775807, x'00', 1e308), (-9223372036854775808, '0', -0.0), (1, NULL, 9e999);
  CREATE TABLE keyed (k TEXT COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID;
  INSERT INTO keyed VALUES ('😀', x''), ('', ''), ('n', NULL), ('i', 1), ('r', 1.0);
  CREATE TABLE author (id INTEGER PRIMARY KEY, best INT REFERENCES book (id) DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE book (id INTEGER PRIMARY KEY, author INT NOT NULL REFERENCES author (id) ON DELETE CASCADE, title TEXT, price CHECK (price < 1000));
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
    INSERT INTO author SELECT i, NULL FROM n WHERE i < 3;
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
    INSERT INTO book SELECT i, 1 + i % 2, 'Title ' || hex(i * 7919), i / 100.0 FROM n;
  UPDATE author SET best = id;
  CREATE UNIQUE INDEX partial_one ON book (title) WHERE price > 5;
  CREATE INDEX expressive ON book (lower(title), price DESC);
  CREATE TABLE no_rows (a);
  CREATE TABLE journal (what);
  CREATE TRIGGER "b ""before""" BEFORE UPDATE OF price ON book WHEN new.price > 5 BEGIN INSERT INTO journal VALUES ('é;'); END;
  CREATE TRIGGER after_one AFTER DELETE ON book BEGIN INSERT INTO journal VALUES (old.title); END;
  CREATE VIEW z_view AS SELECT id, title AS "the title" FROM book WHERE price > 5;
  CREATE VIEW a_view AS SELECT "the title", count(*) AS c FROM z_view GROUP BY 1;
  CREATE TRIGGER instead INSTEAD OF INSERT ON z_view BEGIN INSERT INTO journal VALUES ('view'); END;
  CREATE VIRTUAL TABLE searched USING fts5 (title, content = 'book', content_rowid = 'id');
  INSERT INTO searched (searched) VALUES ('rebuild');
  CREATE VIRTUAL TABLE own_text USING fts5 (body, tokenize = 'porter');
  INSERT INTO own_text VALUES ('running quickly'), ('😀 ß');
  CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1); INSERT INTO boxes VALUES (1, 0.5, 1.5);
  PRAGMA wal_checkpoint(TRUNCATE);
  CREATE TABLE only_in_the_log (a); INSERT INTO only_in_the_log VALUES ('not in the main file');
`;

/** Makes a database file that hurts and returns its open connection: while it is open, its last commits stay in the log. */
export function createSqliteDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec(SCHEMA);
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const insert = database.prepare('INSERT INTO bytes VALUES (?, ?, ?)');
  insert.run(1, every, 'a\0b 😀');
  insert.run(2, Buffer.alloc(0), '');
  insert.run(3, null, null);
  insert.run(4, Buffer.concat(Array<Buffer>(163_840).fill(every)), null);
  for (let index = 0; index < 500; index++) {
    database.exec(
      `CREATE TABLE many_${index} (id INTEGER PRIMARY KEY, a); CREATE INDEX many_a_${index} ON many_${index} (a)`,
    );
    if (index % 3 > 0) database.exec(`INSERT INTO many_${index} VALUES (${index}, printf('%.*c', ${index % 97}, 'x'))`);
  }
  return database;
}
