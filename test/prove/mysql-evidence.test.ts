import { setTimeout as sleep } from 'node:timers/promises';
import type { Evidence } from '../../catalog/bucket/evidence';
import { digestSelection } from '../../engines/mysql/evidence/digest-sql';
import { readAnswers, type Answers } from '../../engines/mysql/evidence/inventory';
import { rangeKeyOf, within } from '../../engines/mysql/evidence/key-ranges';
import { QUESTIONS } from '../../engines/mysql/evidence/questions';
import { RowSums } from '../../engines/mysql/evidence/row-sums';
import { MYSQL_DIALECT } from '../../engines/mysql/dialect';
import { MARIADB_DIALECT } from '../../engines/mariadb/dialect';
import { rowsOf } from '../../engines/mysql/sessions';
import { compareInventory } from '../../task/prove/compare/inventory';
import { MysqlScene } from '../restore/mysql-scene';
import { engineOf, inMatrix, versionsOf, type Version } from '../servers/versions';

jest.setTimeout(240_000);

const TESTED = inMatrix<Version>(versionsOf('mysql', 'mariadb'), ['mysql-9.7']);

const SCHEMA = `
  CREATE DATABASE kept CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  USE kept;
  CREATE TABLE parent (id INT PRIMARY KEY);
  CREATE TABLE lone (id INT PRIMARY KEY);
  CREATE TABLE t (
    id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(50) DEFAULT 'x' COMMENT 'c', b INT NOT NULL, g INT AS (b + 1) VIRTUAL,
    KEY named (a), UNIQUE KEY single (b), CONSTRAINT positive CHECK (b > 0),
    CONSTRAINT up FOREIGN KEY (b) REFERENCES parent (id) ON DELETE CASCADE
  ) COMMENT = 'plain';
  CREATE TABLE parted (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p1 VALUES LESS THAN (10), PARTITION p2 VALUES LESS THAN (20));
  CREATE VIEW v AS SELECT a FROM t;
  CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 'y';
  CREATE PROCEDURE p(IN x INT) SELECT x;
  CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO SELECT 1;
`;

/** A change, and the difference that must be found: kind, object, and fact. */
const CHANGES: readonly (readonly [statement: string, kind: string, object: string, fact?: string])[] = [
  ['ALTER DATABASE kept COLLATE utf8mb4_general_ci', 'changed', 'database kept', 'defaultCollationName'],
  ['ALTER TABLE t AUTO_INCREMENT = 70', 'changed', 'table kept.t', 'autoIncrement'],
  ["ALTER TABLE t COMMENT = 'other'", 'changed', 'table kept.t', 'tableComment'],
  ['ALTER TABLE parent ROW_FORMAT = COMPACT', 'changed', 'table kept.parent', 'rowFormat'],
  ['ALTER TABLE lone DROP PRIMARY KEY, ADD KEY (id)', 'changed', 'table kept.lone', 'primaryKey'],
  ["ALTER TABLE t MODIFY a VARCHAR(50) DEFAULT 'z' COMMENT 'c'", 'changed', 'column kept.t.a', 'columnDefault'],
  ['ALTER TABLE t MODIFY a VARCHAR(51)', 'changed', 'column kept.t.a', 'columnType'],
  ['ALTER TABLE t MODIFY a VARCHAR(50) COLLATE utf8mb4_general_ci', 'changed', 'column kept.t.a', 'collationName'],
  ['ALTER TABLE t MODIFY a VARCHAR(50) AFTER b', 'changed', 'column kept.t.b', 'ordinalPosition'],
  ['ALTER TABLE t MODIFY g INT AS (b + 2) VIRTUAL', 'changed', 'column kept.t.g', 'generationExpression'],
  ['ALTER TABLE t DROP COLUMN g', 'missing', 'column kept.t.g'],
  ['DROP INDEX named ON t', 'missing', 'index kept.t.named'],
  ['ALTER TABLE t DROP INDEX named, ADD KEY named (a(5))', 'changed', 'index kept.t.named', 'columns'],
  ['ALTER TABLE t DROP INDEX named, ADD UNIQUE KEY named (a)', 'changed', 'index kept.t.named', 'nonUnique'],
  ['ALTER TABLE t DROP FOREIGN KEY up', 'missing', 'foreign-key kept.t.up'],
  [
    'ALTER TABLE t DROP FOREIGN KEY up; ALTER TABLE t ADD CONSTRAINT up FOREIGN KEY (b) REFERENCES parent (id) ON DELETE RESTRICT',
    ...(['changed', 'foreign-key kept.t.up', 'deleteRule'] as const),
  ],
  ['ALTER TABLE parted DROP PARTITION p2', 'missing', 'partition kept.parted.p2'],
  ['DROP VIEW v; CREATE TABLE v (a INT)', 'missing', 'view kept.v'],
  ['ALTER VIEW v AS SELECT b FROM t', 'changed', 'view kept.v', 'viewDefinition'],
  ['ALTER SQL SECURITY INVOKER VIEW v AS SELECT a FROM t', 'changed', 'view kept.v', 'securityType'],
  ['DROP TRIGGER tr', 'missing', 'trigger kept.tr'],
  [
    "DROP TRIGGER tr; SET sql_mode = 'ANSI'; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 'y'",
    ...(['changed', 'trigger kept.tr', 'sqlMode'] as const),
  ],
  ['ALTER PROCEDURE p SQL SECURITY INVOKER', 'changed', 'procedure kept.p', 'securityType'],
  ['DROP PROCEDURE p; CREATE PROCEDURE p(IN x BIGINT) SELECT x', 'changed', 'procedure kept.p', 'parameters'],
  ['DROP PROCEDURE p; CREATE PROCEDURE p(IN x INT) SELECT x + 1', 'changed', 'procedure kept.p', 'routineDefinition'],
  ['ALTER EVENT e DISABLE', 'changed', 'event kept.e', 'status'],
  ["ALTER DEFINER = 'else'@'%' EVENT e COMMENT ''", 'changed', 'event kept.e', 'definer'],
  ['DROP TABLE parted', 'missing', 'table kept.parted'],
];

const OWN_CHANGES: Readonly<Record<string, typeof CHANGES>> = {
  mysql: [
    ['ALTER TABLE t DROP CONSTRAINT positive', 'missing', 'check kept.positive'],
    ['ALTER TABLE t ALTER CHECK positive NOT ENFORCED', 'changed', 'constraint kept.t.positive', 'enforced'],
    ['ALTER TABLE t ALTER INDEX named INVISIBLE', 'changed', 'index kept.t.named', 'isVisible'],
    ['DROP INDEX named ON t; CREATE INDEX named ON t ((LOWER(a)))', 'changed', 'index kept.t.named', 'columns'],
    ['ALTER TABLE t MODIFY a VARCHAR(50) INVISIBLE', 'changed', 'column kept.t.a', 'extra'],
  ],
  mariadb: [
    ['ALTER TABLE t DROP CONSTRAINT positive', 'missing', 'check kept.t.positive'],
    ['ALTER TABLE t ALTER INDEX named IGNORED', 'changed', 'index kept.t.named', 'ignored'],
    ['ALTER TABLE parent ADD SYSTEM VERSIONING', 'changed', 'table kept.parent', 'tableType'],
    ['DO NEXTVAL(s)', 'changed', 'sequence kept.s', 'nextNotCachedValue'],
    ['ALTER SEQUENCE s CYCLE', 'changed', 'sequence kept.s', 'cycleOption'],
  ],
};

/** Values of a column, each of which must give another digest than all others. */
const VALUES: readonly (readonly [type: string, ...values: string[]])[] = [
  ['VARCHAR(20)', 'NULL', "''", "'N'", "'a'", "'A'", "'a '", "'a\\r\\n'", "'a\\n'", "'😀'", "'?'", "'é'", "'e\u0301'"],
  ['VARBINARY(20)', 'NULL', "''", "'\\0'", "x'80'", "x'c280'", "x'ff'"],
  ['LONGBLOB', 'NULL', "''", "x'00'", "x'80'", "REPEAT('x', 70000)", "CONCAT(REPEAT('x', 69999), 'y')"],
  ['DOUBLE', 'NULL', '0', '0.1', '0.10000000000000002', '1e308', '-1'],
  ['FLOAT', '0.1', '0.2'],
  ['DECIMAL(30, 10)', 'NULL', '0.1', '0.1000000001', '12345678901234567890'],
  ['BIGINT UNSIGNED', 'NULL', '0', '18446744073709551615', '18446744073709551614'],
  ['BIT(64)', 'NULL', "b'0'", "b'1'", '~0'],
  ['DATE', 'NULL', "'2020-01-01'", "'0000-00-00'"],
  ['TIMESTAMP(6) NULL', 'NULL', "'2020-01-01 00:00:00'", "'2020-01-01 00:00:00.000001'", "'2020-01-01 01:00:00'"],
  ['TIME(3)', 'NULL', "'00:00:00'", "'-00:00:01'", "'00:00:00.001'"],
  ["ENUM('', 'a', 'N')", 'NULL', "''", "'a'", "'N'"],
  ["SET('a', 'b')", 'NULL', "''", "'a'", "'a,b'"],
  ['JSON', 'NULL', "'null'", "'[]'", "'[1]'", "'[1.5]'", '\'["1"]\'', "'{}'"],
  ['GEOMETRY', 'NULL', 'POINT(0, 0)', 'POINT(0, 1)', "ST_GeomFromText('POINT(0 0)', 4326)"],
];

describe.each(TESTED)('evidence of %s', (version) => {
  const isMariadb = engineOf(version) === 'mariadb';
  let scene: MysqlScene;

  beforeAll(async () => {
    scene = await MysqlScene.start(version);
  });

  afterAll(() => scene?.stop());

  const asked = async <T>(ask: (query: Parameters<typeof readAnswers>[0]) => Promise<T>): Promise<T> => {
    const connection = await scene.server.connect();
    await connection.query("SET sql_mode = '', time_zone = '+00:00'");
    try {
      return await ask((sql, values) => rowsOf({ connection }, sql, values));
    } finally {
      await connection.end();
    }
  };

  const answers = (database: string, before?: Answers, statements: string[] = []) =>
    asked((query) => {
      const heard: typeof query = (sql, values) => {
        statements.push(sql);
        return query(sql, values);
      };
      const objects =
        isMariadb && database.startsWith('kept') ? [{ kind: 'SEQUENCE' as const, database, name: 's' }] : [];
      return readAnswers(heard, { databases: [database], ignored: new Set<string>(), objects }, before);
    });

  test('each change of a definition is seen, and definitions are read once while there is none', async () => {
    const changes = [...CHANGES, ...OWN_CHANGES[engineOf(version)]!].map(([statement, ...rest], index) => {
      const database = `kept${index}`;
      const named = (text: string) => text.replaceAll(/\bkept\b/g, database);
      return { statement: named(statement), database, wanted: rest.map((text) => text && named(text)) };
    });
    const sequence = isMariadb ? 'CREATE SEQUENCE kept.s NOCACHE' : '';
    for (const { database, statement } of changes) {
      const left = statement.includes('parted') ? '' : 'DROP TABLE parted';
      await scene.exec(`${SCHEMA}; ${left}; ${sequence}`.replaceAll(/\bkept\b/g, database));
    }
    await sleep(3500);
    const missed: unknown[] = [];
    const asEvidence = ({ inventory }: Answers): Evidence => {
      return { formatVersion: 1, questions: QUESTIONS, inventory: [...inventory], digests: [], undigested: [] };
    };
    for (const { database, statement, wanted } of changes) {
      const [kind, object, fact] = wanted;
      const before = await answers(database);
      const statements: string[] = [];
      const again = await answers(database, before, statements);
      expect(compareInventory(asEvidence(before), asEvidence(again)).differences).toEqual([]);
      const isAskedAgain = statements.some((sql) => sql.includes('information_schema.STATISTICS'));
      expect([statement, isAskedAgain]).toEqual([statement, statement.includes('parted')]);
      await scene.exec(`USE ${database}; ${statement}`);
      const { differences } = compareInventory(asEvidence(before), asEvidence(await answers(database, before)));
      const isSeen = differences.some((one) => one.object === object && one.kind === kind && one.fact === fact);
      if (!isSeen) missed.push({ statement, differences });
    }
    expect(missed).toEqual([]);
  });

  test('each value has a digest of its own', async () => {
    for (const [index, [type, ...values]] of VALUES.entries()) {
      await scene.exec(
        `DROP DATABASE IF EXISTS valued; CREATE DATABASE valued CHARACTER SET utf8mb4; USE valued; SET sql_mode = '', time_zone = '+00:00';` +
          values
            .map(
              (value, at) =>
                `CREATE TABLE t${at} (b INT DEFAULT 1, a ${type}); INSERT INTO t${at} (a) VALUES (${value});`,
            )
            .join(''),
      );
      const digests = await digestsOf('valued');
      expect([type, index, new Set(digests).size]).toEqual([type, index, values.length]);
      expect(digests).not.toContain('0');
    }
  });

  test('rows that are there twice, or in other columns, change the digest, and their order does not', async () => {
    await scene.exec(`DROP DATABASE IF EXISTS valued; CREATE DATABASE valued; USE valued;
      CREATE TABLE t1 (a VARCHAR(9), b VARCHAR(9)); INSERT INTO t1 VALUES ('a', 'bc'), ('x', NULL);
      CREATE TABLE t2 (a VARCHAR(9), b VARCHAR(9)); INSERT INTO t2 VALUES ('x', NULL), ('a', 'bc');
      CREATE TABLE t3 (a VARCHAR(9), b VARCHAR(9)); INSERT INTO t3 VALUES ('ab', 'c'), ('x', NULL);
      CREATE TABLE t4 (a VARCHAR(9), b VARCHAR(9)); INSERT INTO t4 VALUES ('a', 'bc'), (NULL, 'x');
      CREATE TABLE t5 (a VARCHAR(9), b VARCHAR(9)); INSERT INTO t5 VALUES ('a', 'bc'), ('x', NULL), ('x', NULL), ('x', NULL)`);
    const [one, again, ...others] = await digestsOf('valued');
    expect(again).toBe(one);
    expect(new Set([one, ...others]).size).toBe(4);
  });

  test.each([
    ['numbers', 'BIGINT', (n: number) => `${BigInt(n) ** 3n - 9007199254740993n}`],
    ['negative numbers', 'SMALLINT', (n: number) => `${n - 30_000}`],
    ['texts', 'VARCHAR(40) COLLATE utf8mb4_general_ci', (n: number) => `'Ü${(n * 7919) % 100_000}''\\\\'`],
  ])('sums over ranges of keys that are %s', async (_, type, value) => {
    const rows = Array.from({ length: 60_000 }, (_row, n) => `(${value(n)}, ${n})`);
    await scene.exec(`DROP DATABASE IF EXISTS ranged; CREATE DATABASE ranged CHARACTER SET utf8mb4;
      CREATE TABLE ranged.t (k ${type} PRIMARY KEY, v INT); INSERT INTO ranged.t VALUES ${rows.join()}; ANALYZE TABLE ranged.t`);
    const [table] = (await answers('ranged')).tables;
    const key = rangeKeyOf(table!)!;
    const connection = await scene.server.connect('ranged');
    try {
      const query = (sql: string) => rowsOf({ connection }, sql);
      await query("SET sql_mode = ''");
      const dialect = isMariadb ? MARIADB_DIALECT : MYSQL_DIALECT;
      const summed = async <T>(sum: (sums: RowSums) => Promise<T>): Promise<T> => {
        for (const statement of ['ROLLBACK', 'START TRANSACTION', 'SAVEPOINT digested']) await query(statement);
        return sum(new RowSums({ connection, id: 0 }, dialect.limitTime, false));
      };
      const whole = () => summed((sums) => sums.whole(table!, undefined));
      expect(await whole()).toMatchObject({ rows: 60_000 });
      expect(await summed((sums) => sums.inParts(table!, key))).toEqual(await whole());
      const sampled = () => summed((sums) => sums.sampled(table!, key));
      const { sample, ...before } = await sampled();
      expect(sample?.ranges.length).toBeGreaterThanOrEqual(3);
      expect(before.rows).toBeGreaterThan(20_000);
      expect(before.rows).toBeLessThanOrEqual(50_000);
      const same = () => summed((sums) => sums.whole(table!, undefined, within(key, sample!.ranges)));
      expect(await same()).toEqual(before);
      for (const { from, to } of sample!.ranges)
        for (const end of [from, to]) {
          await query(`UPDATE t SET v = -1 WHERE ${within(key, [{ from: end, to: end }])}`);
          await query('COMMIT');
          expect((await same()).digest).not.toBe(before.digest);
          before.digest = (await same()).digest;
        }
    } finally {
      await connection.end();
    }
  });

  const digestsOf = async (database: string): Promise<string[]> => {
    const { tables } = await answers(database);
    return asked(async (query) => {
      const digests: string[] = [];
      for (const table of [...tables].sort((a, b) => Number(a.name.slice(1)) - Number(b.name.slice(1)))) {
        const [row] = await query(`SELECT ${digestSelection(table, false)}`);
        digests.push(String(row?.digest));
      }
      return digests;
    });
  };
});
