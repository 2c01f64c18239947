import { casesOn, describeOn } from '../servers/versions';
import { testComebacks, type Comeback } from './comeback';
import { Trip } from './support';

jest.setTimeout(120_000);

const WIDE = Array.from({ length: 150 }, (_, index) => `c${index} VARCHAR(60)`).join(', ');

/** What the dump tool would make useless, and the order of databases. */
const CASES: readonly Comeback[] = [
  {
    title: 'M03 a sequence of another database is created before the table whose default uses it',
    engine: 'mariadb',
    databases: ['aaa', 'zzz'],
    setup: `CREATE DATABASE aaa; CREATE DATABASE zzz; CREATE SEQUENCE zzz.ids START WITH 50;
      CREATE TABLE aaa.t (id BIGINT DEFAULT NEXTVAL(zzz.ids) PRIMARY KEY, a INT, b INT DEFAULT (LASTVAL(zzz.ids) + 1));
      INSERT INTO aaa.t (a) VALUES (1), (2)`,
    notes: [],
    same: 'SELECT * FROM aaa.t; SHOW CREATE TABLE aaa.t',
  },
  {
    title: 'Mx50 sequences in a circle of databases are named, to be created first',
    engine: 'mariadb',
    databases: ['ring1', 'ring2'],
    setup: `CREATE DATABASE ring1; CREATE DATABASE ring2; CREATE SEQUENCE ring1.s; CREATE SEQUENCE ring2.s START 7;
      CREATE TABLE ring1.t (a INT DEFAULT NEXTVAL(ring2.s)); CREATE TABLE ring2.t (a INT DEFAULT NEXTVAL(ring1.s))`,
    notes: [{ kind: 'sequences-first', objects: ['ring1.s'] }],
    fails: /1146/,
    prepare: 'CREATE DATABASE ring1; CREATE SEQUENCE ring1.s',
    same: 'SHOW CREATE TABLE ring1.t; SHOW CREATE TABLE ring2.t; SELECT NEXTVAL(ring2.s)',
  },
  {
    title: 'Mx51 a sequence of a database that is not in the backup is named, to be created first',
    engine: 'mariadb',
    databases: ['inside'],
    setup: `CREATE DATABASE inside; CREATE DATABASE elsewhere; CREATE SEQUENCE elsewhere.s;
      CREATE TABLE inside.t (a INT DEFAULT NEXTVAL(elsewhere.s)); INSERT INTO inside.t VALUES (1)`,
    notes: [{ kind: 'sequences-first', objects: ['elsewhere.s'] }],
    fails: /1146/,
    prepare: 'CREATE DATABASE elsewhere; CREATE SEQUENCE elsewhere.s',
    same: 'SELECT * FROM inside.t',
  },
  {
    title: 'Mx52 views and functions of two databases that use each other come back',
    databases: ['va', 'vz'],
    setup: `CREATE DATABASE va; CREATE DATABASE vz; CREATE TABLE va.t (a INT); CREATE TABLE vz.t (a INT);
      INSERT INTO va.t VALUES (1); INSERT INTO vz.t VALUES (2);
      CREATE FUNCTION vz.f() RETURNS INT DETERMINISTIC RETURN 7; CREATE FUNCTION va.g() RETURNS INT DETERMINISTIC RETURN vz.f();
      CREATE VIEW va.v0 AS SELECT a, a + 1 AS f FROM vz.t; CREATE VIEW vz.v AS SELECT a.a, b.f FROM va.t a JOIN va.v0 b;
      CREATE VIEW va.v AS SELECT * FROM vz.v`,
    notes: [],
    same: 'SELECT * FROM va.v; SELECT * FROM vz.v; SELECT va.g()',
  },
  {
    title: 'Mx53 foreign keys and triggers over two databases come back',
    databases: ['fa', 'fz'],
    setup: `CREATE DATABASE fa; CREATE DATABASE fz; CREATE TABLE fz.p (a INT PRIMARY KEY); CREATE TABLE fz.log (a INT);
      CREATE TABLE fa.t (a INT, FOREIGN KEY (a) REFERENCES fz.p (a));
      CREATE TRIGGER fa.tr AFTER INSERT ON fa.t FOR EACH ROW INSERT INTO fz.log VALUES (NEW.a);
      INSERT INTO fz.p VALUES (1); INSERT INTO fa.t VALUES (1)`,
    notes: [],
    same: 'SELECT * FROM fa.t; SELECT * FROM fz.log; SHOW CREATE TABLE fa.t',
  },
  {
    title: 'Mx54 views of other databases and of excluded tables are named',
    databases: ['seen'],
    setup: `CREATE DATABASE seen; CREATE DATABASE unseen; CREATE TABLE unseen.t (a INT); CREATE TABLE seen.left_out (a INT);
      CREATE TABLE seen.t (a INT); CREATE VIEW seen.v1 AS SELECT a FROM unseen.t; CREATE VIEW seen.v2 AS SELECT * FROM seen.left_out;
      CREATE VIEW seen.v3 AS SELECT a FROM seen.t unseen`,
    dumpArguments: ['--ignore-table=seen.left_out'],
    notes: [{ kind: 'outside-views', objects: ['seen.v1', 'seen.v2'] }],
    fails: /1146|1049/,
    prepare:
      'CREATE DATABASE unseen; CREATE TABLE unseen.t (a INT); CREATE DATABASE seen; CREATE TABLE seen.left_out (a INT)',
    same: 'SELECT * FROM seen.v1; SELECT * FROM seen.v2; SELECT * FROM seen.v3',
  },
  {
    title: 'M06 a table with transaction-precise history is backed up, and its history told to be missing',
    engine: 'mariadb',
    databases: ['precise'],
    setup: `CREATE DATABASE precise; USE precise; CREATE TABLE p (id INT PRIMARY KEY, v INT, a BIGINT UNSIGNED GENERATED ALWAYS AS ROW START,
      b BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (a, b)) WITH SYSTEM VERSIONING;
      CREATE TABLE q (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING; INSERT INTO q VALUES (1, 1); UPDATE q SET v = 2;
      INSERT INTO p (id, v) VALUES (1, 1); UPDATE p SET v = 2`,
    notes: [{ kind: 'transaction-precise-history', objects: ['precise.p'] }],
    same: 'SELECT id, v FROM precise.p; SELECT id, v FROM precise.q',
    differs: 'SELECT COUNT(*) FROM precise.q FOR SYSTEM_TIME ALL',
  },
  {
    title: 'Mx55 without the table of transaction-precise history, the history of all others comes back',
    engine: 'mariadb',
    databases: ['timed'],
    setup: `CREATE DATABASE timed; USE timed; CREATE TABLE p (id INT PRIMARY KEY, v INT, a BIGINT UNSIGNED GENERATED ALWAYS AS ROW START,
      b BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (a, b)) WITH SYSTEM VERSIONING;
      CREATE TABLE q (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING
        PARTITION BY SYSTEM_TIME INTERVAL 1 DAY PARTITIONS 3; INSERT INTO q VALUES (1, 1); UPDATE q SET v = 2`,
    dumpArguments: ['--ignore-table=timed.p'],
    notes: [],
    same: 'SELECT *, ROW_START, ROW_END FROM timed.q FOR SYSTEM_TIME ALL ORDER BY v',
  },
  {
    title: 'M13 a table of very wide rows comes back by the documented command',
    databases: ['wide'],
    setup: `CREATE DATABASE wide; USE wide; SET SESSION innodb_strict_mode = OFF;
      CREATE TABLE wide (id INT PRIMARY KEY, ${WIDE}) CHARACTER SET latin1 ROW_FORMAT=DYNAMIC;
      INSERT INTO wide (id, c0) VALUES (1, 'x'); CREATE TABLE zz (a INT); INSERT INTO zz VALUES (1)`,
    notes: [],
    same: 'SELECT * FROM wide.wide; SELECT * FROM wide.zz',
  },
  {
    title: 'Mx56 invisible primary keys that the server added come back',
    engine: 'mysql',
    databases: ['gipk'],
    setup: `CREATE DATABASE gipk; USE gipk; SET sql_generate_invisible_primary_key = ON; CREATE TABLE t (a INT); INSERT INTO t VALUES (5)`,
    notes: [],
    same: 'SHOW CREATE TABLE gipk.t; SELECT my_row_id, a FROM gipk.t',
  },
  {
    title: 'Mx57 functional indexes, defaults by expression, vectors and duality views come back',
    engine: 'mysql',
    databases: ['modern'],
    setup: `CREATE DATABASE modern; USE modern; CREATE TABLE t (id INT PRIMARY KEY, a JSON DEFAULT (JSON_ARRAY(1)), v VECTOR(3), KEY ((id + 1)),
        KEY ((CAST(a AS UNSIGNED ARRAY)))); INSERT INTO t (id, v) VALUES (1, TO_VECTOR('[1.5, 2, 3.1415927]'));
      CREATE JSON RELATIONAL DUALITY VIEW d AS SELECT JSON_DUALITY_OBJECT('_id':id) FROM t`,
    notes: [],
    same: 'SHOW CREATE TABLE modern.t; SELECT id, a, HEX(v) FROM modern.t; SHOW CREATE VIEW modern.d',
  },
  {
    title: 'Mx58 UUID, INET6 and comments of databases come back, and sequences that have run out',
    engine: 'mariadb',
    databases: ['types'],
    setup: `CREATE DATABASE types COMMENT 'é'; USE types; CREATE TABLE t (u UUID, i INET6, j INET4, a INT INVISIBLE DEFAULT 7);
      INSERT INTO t (u, i, j) VALUES ('123e4567-e89b-12d3-a456-426655440000', '::1', '1.2.3.4');
      CREATE SEQUENCE s MAXVALUE 2 NOCACHE; SELECT NEXTVAL(s), NEXTVAL(s)`,
    notes: [],
    same: 'SHOW CREATE DATABASE types; SELECT u, i, j, a FROM types.t; SELECT next_not_cached_value FROM types.s',
  },
];

describeOn(casesOn('mysql', 'mariadb'), 'what comes back on %s', (version) => {
  let trip: Trip;
  beforeAll(async () => (trip = await Trip.start(version)));
  afterAll(() => trip?.stop());
  testComebacks(version, () => trip, CASES);
});
