/** No false alarms: schemas with all that the engines have are proven, at rest and while others write. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MysqlScene } from '../restore/mysql-scene';
import { PostgresqlScene } from '../restore/postgresql-support';
import { RestoreScene } from '../restore/support';
import { describeOn, engineOf, inMatrix, versionsOf } from '../servers/versions';
import { sqliteJob } from '../support/job';
import { prove, type ProveResult } from './support';

jest.setTimeout(300_000);

const schema = (name: string): string => fs.readFileSync(path.join(__dirname, 'schemas', `${name}.sql`), 'utf8');
/** What an alarm would be. */
const alarm = ({ failure, verdict }: ProveResult) => ({ failure, differences: verdict?.differences });
const NONE = { failure: '', differences: [] };

describeOn(inMatrix(versionsOf('mysql', 'mariadb'), ['mariadb-10.11']), '%s', (version) => {
  let mysql: MysqlScene;
  beforeAll(async () => {
    mysql = await MysqlScene.start(version);
  });
  afterAll(() => mysql?.stop());

  test('all that it has is proven', async () => {
    const script = `${schema('mysql-family')}\n${schema(engineOf(version))}`;
    await mysql.exec(script);
    const databases = [...script.matchAll(/^CREATE DATABASE (?:`((?:[^`]|``)+)`|(\w+))/gm)];
    const manifest = await mysql.backUp(databases.map(([, odd, name]) => odd?.replaceAll('``', '`') ?? name!));
    expect(manifest.tables.length).toBeGreaterThan(30);
    const result = await prove(mysql.scene, manifest, { image: version });
    expect(alarm(result)).toEqual(NONE);
    expect(result.verdict?.checks?.map((check) => [check.check, check.result])).toContainEqual(['rows', 'passed']);
  });

  test('a backup from a server that is written to is proven', async () => {
    await mysql.exec(`CREATE DATABASE busy; USE busy; CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a TEXT); CREATE TABLE u (a INT);
      INSERT INTO t (a) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT REPEAT('x', 2000) FROM n;
      DELIMITER //
      CREATE PROCEDURE busy.work() BEGIN DECLARE i INT DEFAULT 0;
        WHILE i < 20000 DO INSERT INTO t (a) VALUES (i); UPDATE t SET a = CONCAT('y', i) WHERE id = 1 + i % 900; DELETE FROM t WHERE id = 900 + i - 50; INSERT INTO u VALUES (i); SET i = i + 1; END WHILE; END//`);
    const work = mysql.exec('CALL busy.work()').catch(() => undefined);
    const manifest = await mysql.backUp(['busy']);
    expect(alarm(await prove(mysql.scene, manifest, { image: version }))).toEqual(NONE);
    await mysql.exec('DROP DATABASE busy');
    await work;
  });
});

describeOn(inMatrix(versionsOf('postgresql'), ['postgresql-15']), '%s', (version) => {
  let shop: PostgresqlScene;
  beforeAll(async () => {
    shop = await PostgresqlScene.start(version);
  });
  afterAll(() => shop?.stop());

  test('all that it has is proven', async () => {
    const [, ...parts] = schema('postgresql').split(/^-- (r_\w+)\n/m);
    const databases = parts.filter((_, index) => index % 2 === 0);
    for (const [index, name] of databases.entries()) await shop.database(name, parts[2 * index + 1]!);
    const manifest = await shop.scene.backUp(shop.job('all', { databases }), shop.as('postgres'));
    expect(alarm(await prove(shop.scene, manifest, { image: version }))).toEqual(NONE);
  });

  test('a backup from a server that is written to is proven', async () => {
    await shop.database(
      'busy',
      `CREATE TABLE t (id serial PRIMARY KEY, a text); CREATE SEQUENCE s; INSERT INTO t (a) SELECT repeat('x', 2000) FROM generate_series(1, 900);
       CREATE PROCEDURE work() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..20000 LOOP
         INSERT INTO t (a) VALUES (i); UPDATE t SET a = 'y' || i WHERE id = 1 + i % 900; DELETE FROM t WHERE id = 900 + i - 50; PERFORM nextval('s'); COMMIT; END LOOP; END $$`,
    );
    const work = shop.server.exec('CALL work()', 'busy').catch(() => undefined);
    const manifest = await shop.backUp('busy');
    expect(alarm(await prove(shop.scene, manifest, { image: version }))).toEqual(NONE);
    await shop.server.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'CALL work()'");
    await work;
  });
});

describe('sqlite', () => {
  let scene: RestoreScene;
  beforeAll(async () => {
    scene = await RestoreScene.start();
  });
  afterAll(() => scene?.stop());

  test.each<readonly [name: string, sql: string]>([
    ['no tables', 'PRAGMA user_version = 1'],
    [
      'types',
      `CREATE TABLE s (a INT, b REAL, c TEXT, d BLOB, e ANY) STRICT; INSERT INTO s VALUES (9223372036854775807, -0.0, char(0) || 'x', x'', 1.0), (NULL, 9e999, '', NULL, '1');
       CREATE TABLE l (a, b VARCHAR(3), c DATETIME DEFAULT CURRENT_TIMESTAMP, d AS (a || 'x'), e AS (b) STORED); INSERT INTO l (a, b, c) VALUES (x'80', CAST(x'ff' AS TEXT), 1), ('1', 1, NULL);
       CREATE TABLE w (a TEXT COLLATE NOCASE, b INT, PRIMARY KEY (b DESC, a)) WITHOUT ROWID; INSERT INTO w VALUES ('A', 1), ('b', 2);
       CREATE TABLE "it's ""odd"".x" ("a,b" INTEGER PRIMARY KEY AUTOINCREMENT, [c d] TEXT DEFAULT 'it''s'); INSERT INTO "it's ""odd"".x" VALUES (9000000000, NULL); DELETE FROM "it's ""odd"".x";`,
    ],
    [
      'virtual tables',
      `CREATE VIRTUAL TABLE f5 USING fts5(a, b UNINDEXED, tokenize = 'porter unicode61', prefix = '2 3'); INSERT INTO f5 VALUES ('some words', 'x'); DELETE FROM f5; INSERT INTO f5 VALUES ('others', NULL);
       CREATE VIRTUAL TABLE f4 USING fts4(a, tokenize = porter); INSERT INTO f4 VALUES ('some words'); CREATE VIRTUAL TABLE f3 USING fts3(a); INSERT INTO f3 VALUES ('x');
       CREATE TABLE c (id INTEGER PRIMARY KEY, t TEXT); CREATE VIRTUAL TABLE ext USING fts5(t, content = 'c', content_rowid = 'id'); CREATE TRIGGER ai AFTER INSERT ON c BEGIN INSERT INTO ext (rowid, t) VALUES (new.id, new.t); END; INSERT INTO c VALUES (1, 'hello');
       CREATE VIRTUAL TABLE cl USING fts5(t, content = ''); INSERT INTO cl (rowid, t) VALUES (1, 'gone'); CREATE VIRTUAL TABLE r USING rtree(id, a, b, +note); INSERT INTO r VALUES (1, 0.1, 2, 'n'); CREATE VIRTUAL TABLE ri USING rtree_i32(id, a, b);`,
    ],
    [
      'code',
      `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, p INT REFERENCES t ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, CHECK (a <> 'x''')); INSERT INTO t VALUES (1, 'a', 1), (2, 'b', NULL);
       CREATE INDEX i1 ON t (lower(a), id DESC) WHERE a IS NOT NULL; CREATE UNIQUE INDEX i2 ON t (a COLLATE NOCASE); CREATE VIEW v (x, y) AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n, (SELECT a FROM t WHERE id = n) FROM r; CREATE VIEW broken AS SELECT * FROM nowhere;
       CREATE TRIGGER io INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (new.x); SELECT RAISE(IGNORE); END; CREATE TRIGGER bu BEFORE UPDATE OF a ON t WHEN new.a > 'c' BEGIN DELETE FROM t WHERE id = old.id; END; ANALYZE; DROP INDEX i1;`,
    ],
    [
      'pragmas',
      `PRAGMA page_size = 512; PRAGMA encoding = 'UTF-16be'; PRAGMA auto_vacuum = 2; PRAGMA user_version = -7; PRAGMA application_id = 1234; CREATE TABLE t (a TEXT); INSERT INTO t SELECT printf('%.3000c', 'x') FROM (VALUES (1), (2), (3), (4), (5), (6)); DELETE FROM t WHERE rowid < 5; PRAGMA journal_mode = WAL; INSERT INTO t VALUES ('ä😀');`,
    ],
    [
      'odd rows',
      `CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT NOT NULL REFERENCES p, u INT UNIQUE, n NUMERIC CHECK (n > 0)); PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; INSERT INTO c VALUES (7, NULL, -1), (8, NULL, 'text'); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'u INT UNIQUE', 'u INT  UNIQUE') WHERE name = 'c';`,
    ],
  ])('%s is proven', async (name, sql) => {
    const file = path.join(scene.directory, `${name.replaceAll(' ', '-')}.db`);
    const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
    database.enableDefensive(false);
    database.exec(sql);
    const manifest = await scene.backUp(sqliteJob(file, scene.place(name.replaceAll(' ', '-'))));
    database.close();
    expect(alarm(await prove(scene, manifest))).toEqual(NONE);
  });
});
