import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { casesOn, describeOn } from '../servers/versions';
import { testComebacks, type Comeback } from './comeback';
import { Trip } from './support';

jest.setTimeout(120_000);

/** Values that text in utf8mb4 cannot carry. */
const CASES: readonly Comeback[] = [
  {
    title: 'M14 columns in cp932 with characters that come back as others are named',
    databases: ['kanji'],
    setup: `CREATE DATABASE kanji; USE kanji; CREATE TABLE t (a VARCHAR(10) CHARACTER SET cp932, b VARCHAR(10) CHARACTER SET cp932);
      INSERT INTO t VALUES (0xFA54, 0x8341), (0xED40, 0x8342)`,
    notes: [{ kind: 'characters-changed', objects: ['kanji.t.a'] }],
    same: 'SELECT HEX(b) FROM kanji.t',
    differs: 'SELECT HEX(a) FROM kanji.t',
  },
  {
    title: 'Mx74 old character sets whose characters come back are no note',
    databases: ['tongues'],
    setup: `CREATE DATABASE tongues; USE tongues; CREATE TABLE t (a VARCHAR(9) CHARACTER SET sjis, b VARCHAR(9) CHARACTER SET eucjpms,
        c VARCHAR(9) CHARACTER SET gbk, d VARCHAR(9) CHARACTER SET big5, e VARCHAR(9) CHARACTER SET koi8r, f VARCHAR(9) CHARACTER SET latin1,
        g VARCHAR(9) CHARACTER SET utf16, h ENUM('?', 'é'));
      INSERT INTO t VALUES ('表', '表', '你', '你', 'д', 'é', '😀', '?')`,
    notes: [],
    same: 'SELECT * FROM tongues.t; SELECT HEX(a), HEX(b), HEX(c), HEX(d), HEX(e), HEX(f), HEX(g) FROM tongues.t',
  },
  {
    title: 'Mx75 bytes that an old character set has no character for are named',
    databases: ['gaps'],
    setup: `CREATE DATABASE gaps; USE gaps; CREATE TABLE t (a VARCHAR(9) CHARACTER SET cp1257, b VARCHAR(9) CHARACTER SET cp1257) ENGINE=MyISAM;
      INSERT INTO t VALUES (0x81, 0xE0)`,
    notes: [{ kind: 'characters-changed', objects: ['gaps.t.a'] }],
    same: 'SELECT HEX(b) FROM gaps.t',
    differs: 'SELECT HEX(a) FROM gaps.t',
  },
  {
    title: 'Mx76 members of ENUM beyond the first plane of Unicode, whose rows come back empty, are named',
    databases: ['moods'],
    setup: `CREATE DATABASE moods; CREATE TABLE moods.t (a ENUM('😀', 'b'), b SET('c', '😁'), c ENUM('?', 'd'));
      INSERT INTO moods.t VALUES ('😀', '😁', '?'), ('b', 'c', 'd')`,
    notes: [{ kind: 'characters-changed', objects: ['moods.t.a', 'moods.t.b'] }],
    same: 'SELECT c FROM moods.t',
    differs: 'SELECT a FROM moods.t',
  },
  {
    title: 'Mx77 FLOAT columns with values that come back rounded are named, others are not',
    databases: ['floats'],
    setup: `CREATE DATABASE floats; CREATE TABLE floats.t (a FLOAT, b FLOAT, c DOUBLE);
      INSERT INTO floats.t VALUES (16777215, 0.1, 1.2345678901234567), (0.5, 1.5, 1e300), (NULL, NULL, NULL)`,
    notes: [{ kind: 'floats-rounded', objects: ['floats.t.a'] }],
    same: 'SELECT CAST(b AS DOUBLE), c FROM floats.t',
    differs: 'SELECT CAST(a AS DOUBLE) FROM floats.t',
  },
  {
    title: 'Mx78 JSON columns with values that come back as another type are named, others are not',
    engine: 'mysql',
    databases: ['docs'],
    setup: `CREATE DATABASE docs; CREATE TABLE docs.t (id INT PRIMARY KEY, a JSON, b JSON, c JSON);
      INSERT INTO docs.t VALUES (1, JSON_OBJECT('a', 1.10), JSON_OBJECT('a', CAST('2026-01-02' AS DATETIME)), '{"a": [1.5, "x", null, 1e20, 1.0]}')`,
    notes: [{ kind: 'json-types', objects: ['docs.t.a', 'docs.t.b'] }],
    same: 'SELECT c FROM docs.t',
    differs: "SELECT JSON_TYPE(b->'$.a') FROM docs.t",
  },
  {
    title: 'Mx79 ENUM columns with an empty member and the invalid value are named',
    databases: ['enums'],
    setup: `CREATE DATABASE enums; CREATE TABLE enums.t (a ENUM('x', ''), b ENUM('x', '')); SET sql_mode = '';
      INSERT INTO enums.t VALUES ('x', 'x'), ('', ''), ('nonsense', '')`,
    notes: [{ kind: 'empty-enums', objects: ['enums.t.a'] }],
    same: 'SELECT b + 0 FROM enums.t',
    differs: 'SELECT a + 0 FROM enums.t',
  },
  {
    title: 'Mx80 rows that violate a CHECK come back by the documented command',
    engine: 'mariadb',
    databases: ['checks'],
    setup: `CREATE DATABASE checks; USE checks; CREATE TABLE t (a INT, b JSON, c INT CHECK (c > 0)); SET check_constraint_checks = OFF;
      INSERT INTO t VALUES (-1, 'no json', 1); ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)`,
    notes: [],
    same: 'SELECT * FROM checks.t; SHOW CREATE TABLE checks.t',
  },
];

describeOn(casesOn('mysql', 'mariadb'), 'values on %s', (version) => {
  let trip: Trip;
  beforeAll(async () => (trip = await Trip.start(version)));
  afterAll(() => trip?.stop());
  testComebacks(version, () => trip, CASES);

  test('Mx87 tables at whose values there was no time to look are named, and the backup is made', async () => {
    await trip.source.exec(`CREATE DATABASE slow; CREATE TABLE slow.t (a VARCHAR(10) CHARACTER SET cp932);
      CREATE TABLE slow.u (a VARCHAR(10) CHARACTER SET cp932, f FLOAT)`);
    const root = await trip.source.connect();
    await root.query('LOCK TABLES slow.t WRITE');
    const looks = async (): Promise<boolean> => {
      await sleep(100);
      const [found] = await root.query<RowDataPacket[]>(
        "SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = 'backup' AND INFO LIKE '%) asked'",
      );
      return found.length > 0;
    };
    const backup = trip.backUp('slow', { databases: ['slow'] });
    while (!(await looks()));
    // Both questions together, then each by itself, whatever else the machine has to do between two of them.
    for (let quiet = 0; quiet < 20;) quiet = (await looks()) ? 0 : quiet + 1;
    await root.query('UNLOCK TABLES');
    await root.end();
    expect((await backup).notes).toEqual([{ kind: 'values-unchecked', objects: ['slow.t', 'slow.u'] }]);
  });
});
