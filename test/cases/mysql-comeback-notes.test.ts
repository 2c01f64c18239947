import { createConnection } from 'mysql2/promise';
import { casesOn, describeOn } from '../servers/versions';
import { testComebacks, type Comeback } from './comeback';
import { Trip } from './support';

jest.setTimeout(120_000);

/** Sends statements as programs do, which send what comes after a semicolon along. */
async function byDriver(trip: Trip, charset: string, statements: readonly string[]): Promise<void> {
  const { socket, rootUser, rootPassword } = trip.source;
  const connection = await createConnection({
    ...{ socketPath: socket, user: rootUser, password: rootPassword, charset },
  });
  for (const statement of statements) await connection.query(statement);
  await connection.end();
}

/** What a restore needs, each with the words of the client without it. */
const CASES: readonly Comeback[] = [
  {
    title: 'Mx60 triggers and events that end in a semicolon are named, and come back without it',
    engine: 'mysql',
    databases: ['ends'],
    setup: (trip) =>
      byDriver(trip, 'utf8mb4_bin', [
        ...['CREATE DATABASE ends', 'USE ends', 'CREATE TABLE t (a INT)'],
        'CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1; -- bye',
        'CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; -- bye',
        'CREATE EVENT ok ON SCHEDULE EVERY 1 DAY DO SELECT 1;',
      ]),
    notes: [{ kind: 'trailing-semicolons', objects: ['ends.e', 'ends.tr'] }],
    fails: /1064/,
    sed: true,
    same: "SELECT EVENT_NAME, STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'ends' ORDER BY 1; SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'ends'",
  },
  {
    title: 'Mx61 routines and triggers in cp932 are named: the client may take bytes of theirs for backslashes',
    databases: ['sjis'],
    setup: (trip) =>
      byDriver(trip, 'cp932_japanese_ci', [
        ...['CREATE DATABASE sjis', 'USE sjis', 'CREATE TABLE t (a VARCHAR(9))'],
        ...[
          "CREATE PROCEDURE p() SELECT '表示'",
          "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = '表示'",
          "CREATE PROCEDURE harmless() SELECT '日本', '\\\\', `a` FROM t",
        ],
      ]),
    notes: [{ kind: 'body-characters', objects: ['sjis.p', 'sjis.tr'] }],
    same: `SELECT ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'sjis';
      SELECT ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'sjis'`,
  },
  {
    title: 'Mx62 functions without a declaration are named: a server with a binary log refuses them',
    databases: ['undeclared'],
    setup: `CREATE DATABASE undeclared; USE undeclared; CREATE FUNCTION f() RETURNS INT RETURN 1;
      CREATE FUNCTION g() RETURNS INT READS SQL DATA RETURN 1; CREATE FUNCTION h() RETURNS INT DETERMINISTIC MODIFIES SQL DATA RETURN 1`,
    notes: [{ kind: 'undeclared-functions', objects: ['undeclared.f'] }],
    fails: /1418/,
    prepare: 'SET GLOBAL log_bin_trust_function_creators = ON',
    same: 'SELECT undeclared.f(), undeclared.g()',
  },
  {
    title: 'Mx63 accounts that are definers must exist before views of theirs are loaded, which needs no note',
    databases: ['defined'],
    setup: `CREATE DATABASE defined; USE defined; CREATE USER owner@'%'; GRANT ALL ON *.* TO owner@'%'; CREATE TABLE t (a INT);
      INSERT INTO t VALUES (1); CREATE DEFINER=owner@'%' VIEW a AS SELECT * FROM t; CREATE VIEW b AS SELECT * FROM a;
      CREATE DEFINER=owner@'%' PROCEDURE p() SELECT 1`,
    notes: [],
    fails: /1449/,
    prepare: "CREATE USER owner@'%'; GRANT ALL ON *.* TO owner@'%'",
    same: 'SELECT * FROM defined.b',
  },
  {
    title: 'Mx69 definers that do not exist are named: their objects fail here already',
    databases: ['orphans'],
    setup: `CREATE DATABASE orphans; USE orphans; CREATE TABLE t (a INT); CREATE DEFINER=nobody@'%' PROCEDURE p() SELECT 1;
      CREATE DEFINER=nobody@'%' TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; CREATE PROCEDURE fine() SELECT 1`,
    notes: [{ kind: 'unknown-definers', objects: ['nobody@%'] }],
    same: "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'orphans' ORDER BY 1",
  },
  {
    title: 'Mx64 ARCHIVE tables with AUTO_INCREMENT are named, and come back without their counters',
    engine: 'mysql',
    databases: ['old'],
    setup: `CREATE DATABASE old; USE old; CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, b INT) ENGINE=ARCHIVE;
      INSERT INTO t (b) VALUES (1), (2), (3); CREATE TABLE z (a INT); INSERT INTO z VALUES (1)`,
    notes: [{ kind: 'archive-tables', objects: ['old.t'] }],
    fails: /1022/,
    sed: true,
    same: 'SELECT * FROM old.t; SELECT * FROM old.z',
  },
  {
    title: 'Mx65 MEMORY tables above the usual limit are named',
    databases: ['heap'],
    setup: `CREATE DATABASE heap; USE heap; SET max_heap_table_size = 100 * 1024 * 1024;
      CREATE TABLE t (a CHAR(250)) ENGINE=MEMORY CHARSET latin1; INSERT INTO t VALUES ('x'), ('x'), ('x'), ('x');
      ${'INSERT INTO t SELECT a FROM t;'.repeat(15)} CREATE TABLE small (a INT) ENGINE=MEMORY`,
    notes: [{ kind: 'memory-tables', objects: ['heap.t'] }],
    fails: /1114/,
    settings: ['max_heap_table_size=68719476736'],
    same: 'SELECT COUNT(*) FROM heap.t',
  },
  {
    title: 'Mx66 foreign keys to columns that are not unique are named',
    engine: 'mysql',
    databases: ['parents'],
    setup: `CREATE DATABASE parents; USE parents; SET SESSION restrict_fk_on_non_standard_key = OFF; CREATE TABLE p (a INT, b INT PRIMARY KEY, KEY (a));
      CREATE TABLE c (a INT, FOREIGN KEY (a) REFERENCES p (a)); CREATE TABLE good (b INT, FOREIGN KEY (b) REFERENCES p (b))`,
    notes: [{ kind: 'non-unique-parents', objects: ['parents.c'] }],
    fails: /6125/,
    settings: ['restrict_fk_on_non_standard_key=OFF'],
    same: 'SHOW CREATE TABLE parents.c',
  },
  {
    title: 'Mx67 tables in general tablespaces are named',
    engine: 'mysql',
    databases: ['spaces'],
    setup: `CREATE TABLESPACE ts1 ADD DATAFILE 'ts1.ibd'; CREATE DATABASE spaces; USE spaces; CREATE TABLE t (a INT) TABLESPACE ts1;
      CREATE TABLE s (a INT) TABLESPACE innodb_system; CREATE TABLE f (a INT)`,
    notes: [{ kind: 'tablespaces', objects: ['spaces.t'] }],
    fails: /3510/,
    prepare: "CREATE TABLESPACE ts1 ADD DATAFILE 'ts1.ibd'",
    same: 'SHOW CREATE TABLE spaces.t',
  },
  {
    title: 'Mx68 read-only databases come back writable, and are named',
    engine: 'mysql',
    databases: ['frozen'],
    setup: 'CREATE DATABASE frozen; CREATE TABLE frozen.t (a INT); ALTER DATABASE frozen READ ONLY = 1',
    notes: [{ kind: 'read-only-databases', objects: ['frozen'] }],
    differs: 'SHOW CREATE DATABASE frozen',
  },
  {
    title: 'Mx70 tables outside of the data directory are named',
    engine: 'mariadb',
    databases: ['outside'],
    setup: (trip) =>
      trip.source.exec(`CREATE DATABASE outside; CREATE TABLE outside.t (a INT) DATA DIRECTORY='${trip.outside}';
        CREATE TABLE outside.u (a INT)`),
    notes: [{ kind: 'data-directories', objects: ['outside.t'] }],
    fails: /1005/,
    lost: true,
  },
  {
    title:
      'M19 events that vanish after their time are named, and so are named time zones and events that a replica disabled',
    databases: ['timely'],
    setup: `CREATE DATABASE timely; USE timely; CREATE EVENT once ON SCHEDULE AT NOW() + INTERVAL 2 SECOND DO SELECT 1;
      CREATE EVENT ends ON SCHEDULE EVERY 1 DAY ENDS NOW() + INTERVAL 1 YEAR DO SELECT 1;
      CREATE EVENT kept ON SCHEDULE AT NOW() + INTERVAL 2 SECOND ON COMPLETION PRESERVE DO SELECT 1;
      CREATE EVENT daily ON SCHEDULE EVERY 1 DAY DISABLE ON SLAVE DO SELECT 1; DO SLEEP(3)`,
    notes: [
      { kind: 'passing-events', objects: ['timely.*', 'timely.ends'] },
      { kind: 'replica-events', objects: ['timely.daily'] },
    ],
    same: "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'timely' AND EVENT_NAME <> 'once' ORDER BY 1",
    differs: "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'timely' ORDER BY 1",
  },
  {
    title: 'Mx71 named time zones of events are named',
    databases: ['zoned'],
    setup: `INSERT INTO mysql.time_zone (Time_zone_id) VALUES (1); INSERT INTO mysql.time_zone_name VALUES ('Test/Zone', 1);
      INSERT INTO mysql.time_zone_transition_type VALUES (1, 0, 3600, 0, 'TZT');
      CREATE DATABASE zoned; USE zoned; SET time_zone = 'Test/Zone'; CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1`,
    notes: [{ kind: 'event-time-zones', objects: ['Test/Zone'] }],
    fails: /1298/,
    prepare: `INSERT INTO mysql.time_zone (Time_zone_id) VALUES (1); INSERT INTO mysql.time_zone_name VALUES ('Test/Zone', 1);
      INSERT INTO mysql.time_zone_transition_type VALUES (1, 0, 3600, 0, 'TZT')`,
    same: "SELECT EVENT_NAME, TIME_ZONE FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'zoned'",
  },
  {
    title: 'Mx72 storage engines that are plugins are named: without one, MariaDB makes other tables',
    engine: 'mariadb',
    databases: ['plugged'],
    setup: `INSTALL SONAME 'ha_archive'; INSTALL SONAME 'ha_blackhole'; CREATE DATABASE plugged; USE plugged;
      CREATE TABLE b (a INT) ENGINE=BLACKHOLE; CREATE TABLE c (a INT NOT NULL) ENGINE=CSV; CREATE TABLE d (a INT) ENGINE=ARCHIVE`,
    notes: [{ kind: 'engine-plugins', objects: ['plugged.b', 'plugged.d'] }],
    prepare: "INSTALL SONAME 'ha_archive'; INSTALL SONAME 'ha_blackhole'",
    same: 'SHOW CREATE TABLE plugged.b; SHOW CREATE TABLE plugged.d',
  },
  {
    title: 'Mx73 a spatial reference system of the server is kept as the statement that creates it',
    engine: 'mysql',
    databases: ['places'],
    setup: `CREATE SPATIAL REFERENCE SYSTEM 990001 NAME 'mine' DEFINITION 'GEOGCS["mine",DATUM["World Geodetic System 1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0],UNIT["degree",0.017453292519943278],AXIS["Lat",NORTH],AXIS["Lon",EAST]]';
      CREATE DATABASE places; CREATE TABLE places.t (g POINT SRID 990001); INSERT INTO places.t VALUES (ST_SRID(POINT(1, 2), 990001))`,
    notes: [
      {
        kind: 'spatial-systems',
        objects: ['990001'],
        said: expect.stringMatching(/^CREATE SPATIAL .* 990001 NAME 'mine'/) as string,
      },
    ],
    fails: /3548/,
    prepare: `CREATE SPATIAL REFERENCE SYSTEM 990001 NAME 'mine' DEFINITION 'GEOGCS["mine",DATUM["World Geodetic System 1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0],UNIT["degree",0.017453292519943278],AXIS["Lat",NORTH],AXIS["Lon",EAST]]'`,
    same: 'SELECT ST_ASTEXT(g), ST_SRID(g) FROM places.t',
  },
];

describeOn(casesOn('mysql', 'mariadb'), 'what comes back with help on %s', (version) => {
  let trip: Trip;
  beforeAll(async () => {
    const target = { binlog: true, extra: ['--log-bin-trust-function-creators=0'] };
    trip = await Trip.start(version, { target });
  });
  afterAll(() => trip?.stop());
  testComebacks(version, () => trip, CASES);
});
