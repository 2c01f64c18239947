import { MysqlScene } from '../restore/mysql-scene';
import { engineOf, type Version } from '../servers/versions';
import { serverJob } from '../support/job';
import { sameForAll, type Damage, type Damages } from './kinds';
import { underLoad, type Subject } from './subject';
import { inTurn } from './turns';

const DATABASES = ['shop', 'second'];

/** All features of both engines. Without a moment or a chance in it: it can be made again as it was. */
const SCHEMA = `
  SET NAMES utf8mb4; SET time_zone = '+00:00'; SET sql_mode = 'NO_ENGINE_SUBSTITUTION';
  CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci; CREATE DATABASE second CHARACTER SET latin1;
  CREATE TABLE second.other (a INT PRIMARY KEY, b VARCHAR(9) CHARACTER SET latin1); INSERT INTO second.other VALUES (1, 'ä');
  USE shop;
  CREATE TABLE author (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) NOT NULL DEFAULT 'nobody', note VARCHAR(40), born DATE, active BIT(1), kind ENUM('a','b','c')) AUTO_INCREMENT = 900;
  INSERT INTO author VALUES (1, 'Ada 😀', '', '0000-00-00', 1, 'a'), (2, 'Böb', NULL, '1815-12-10', 0, 'b'), (3, 'Carl', 'end  \\r\\n', NULL, NULL, 'c');
  CREATE TABLE book (id INT PRIMARY KEY, author INT NOT NULL, title VARCHAR(60) COMMENT 'what is on it', price DECIMAL(9,2) DEFAULT 1.50, weight DOUBLE, f FLOAT,
    moment TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP, cover VARBINARY(20), gross DECIMAL(12,4) AS (price * 1.19) STORED, stock BIGINT, swap1 INT, swap2 INT,
    UNIQUE KEY by_title (title), KEY dear (price, id), CONSTRAINT by_author FOREIGN KEY (author) REFERENCES author (id) ON DELETE CASCADE, CONSTRAINT cheap CHECK (price < 1000));
  INSERT INTO book (id, author, title, price, weight, f, moment, cover, stock, swap1, swap2)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) SELECT i, 1 + i MOD 3, CONCAT('Title ', i), i / 10, i / 7e0, i / 3e0, FROM_UNIXTIME(1700000000 + i), UNHEX(CONCAT(LPAD(HEX(i), 4, '0'), '80FF00')), i, i, i + 1 FROM n;
  CREATE TABLE log (a INT, b VARCHAR(9)); INSERT INTO log VALUES (1, 'same'), (1, 'same'), (NULL, '');
  CREATE TABLE emptied (id INT PRIMARY KEY); INSERT INTO emptied VALUES (1), (2);
  CREATE TABLE large (id INT PRIMARY KEY, data LONGBLOB); INSERT INTO large VALUES (1, REPEAT(UNHEX('00FF80'), 100000));
  CREATE TABLE parted (id INT NOT NULL, y INT NOT NULL, PRIMARY KEY (id, y)) PARTITION BY RANGE (y) (PARTITION old VALUES LESS THAN (2000), PARTITION new VALUES LESS THAN MAXVALUE);
  INSERT INTO parted VALUES (1, 1990), (2, 2010);
  CREATE TABLE plain (id INT PRIMARY KEY, t TEXT) ROW_FORMAT = COMPRESSED COMMENT = 'squeezed'; INSERT INTO plain VALUES (1, 'x');
  CREATE DEFINER = 'keeper'@'%' VIEW cheap_books AS SELECT id, title FROM book WHERE price < 5;
  CREATE VIEW on_top AS SELECT COUNT(*) AS n FROM cheap_books;
  CREATE TRIGGER noted AFTER DELETE ON book FOR EACH ROW INSERT INTO log VALUES (OLD.id, 'gone');
  CREATE TRIGGER second_one AFTER DELETE ON book FOR EACH ROW FOLLOWS noted INSERT INTO log VALUES (OLD.id, 'two');
  CREATE DEFINER = 'keeper'@'%' FUNCTION taxed(p DECIMAL(9,2)) RETURNS DECIMAL(9,2) DETERMINISTIC RETURN p * 1.19;
  CREATE PROCEDURE clean() COMMENT 'cleans' DELETE FROM log WHERE a < 0;
  CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE DO DELETE FROM log WHERE a < 0;
`;
const MARIADB = `
  CREATE SEQUENCE numbers START WITH 100 INCREMENT BY 10 NOCACHE; DO NEXTVAL(numbers); DO NEXTVAL(numbers);
  CREATE TABLE prices (id INT PRIMARY KEY, price INT) WITH SYSTEM VERSIONING; INSERT INTO prices VALUES (1, 10), (2, 20); UPDATE prices SET price = 11 WHERE id = 1;`;

/** Rows of some megabytes, of which a part is there twice. */
const LARGE = `INSERT INTO log WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT a.i, b.i MOD 99 FROM n a, n b WHERE b.i < 250`;
const write = (round: number) => `
  INSERT INTO book (id, author, title) VALUES (${1000 + round}, 1, 'written ${round}'); INSERT INTO log VALUES (${round}, 'written');
  UPDATE book SET price = ${round % 900}, moment = NOW() WHERE id MOD 7 = 0; DELETE FROM log WHERE a = ${round - 5}; INSERT INTO author (name) VALUES ('new')`;

/** Starts the subject: a server with one such database, and its backup. */
export async function startMysqlFamily(version: Version): Promise<Subject> {
  const shop = await MysqlScene.start(version);
  const isMariadb = engineOf(version) === 'mariadb';
  const script = `${SCHEMA}${isMariadb ? MARIADB : ''}`;
  await shop.exec(`CREATE USER keeper@'%'; GRANT ALL ON *.* TO keeper@'%'`);
  await shop.exec(script);
  let count = 0;
  const admin = { username: shop.server.rootUser, password: shop.server.rootPassword, image: version };
  const backUp = () => {
    const job = serverJob(shop.server, shop.scene.place(`shop-${++count}`), { databases: DATABASES });
    const expectations = [
      { kind: 'at-least', statement: 'SELECT COUNT(*) FROM book', database: 'shop', value: 350 } as const,
      { kind: 'tables', value: 8 } as const,
    ];
    return shop.scene.backUp(
      { ...job, rowDigests: { kind: 'all' }, expectations },
      { ...admin, username: 'source_root' },
    );
  };
  const turn = inTurn();
  const reset = () => shop.exec(`DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS second; ${script}`);
  // The dump reaches it by TCP, which root may not use.
  await shop.exec(
    `CREATE USER source_root@'%' IDENTIFIED BY '${password(shop.server.rootPassword)}'; GRANT ALL ON *.* TO source_root@'%'`,
  );
  const client = [isMariadb ? 'mariadb' : 'mysql', '--no-defaults', ...(isMariadb ? ['--skip-ssl'] : [])];
  return {
    ...{ scene: shop.scene, options: { image: version } },
    hook: {
      tool: isMariadb ? 'mariadb-dump' : 'mysqldump',
      client: [...client, '--socket=SOCKET', '--user=root', '--default-character-set=utf8mb4', '--binary-mode', 'shop'],
    },
    manifest: await backUp(),
    backUpAfter: (sql) =>
      turn(async () => {
        await reset();
        await shop.server.exec(`SET time_zone = '+00:00'; SET sql_mode = ''; ${sql}`, { database: 'shop' });
        return backUp();
      }),
    backUpUnderLoad: () =>
      turn(async () => {
        await reset();
        await shop.server.exec(LARGE, { database: 'shop' });
        return underLoad(backUp, (round) => shop.server.exec(write(round), { database: 'shop' }));
      }),
    stop: () => shop.stop(),
  };
}

const password = (text: string) => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
const restored = (sql: string): Damage => ({
  at: 'restored',
  sql: `SET sql_mode = ''; SET time_zone = '+00:00'; SET foreign_key_checks = 0; ${sql}`,
});
const dump = (sql: string): Damage => ({ at: 'dump', sql: `SET foreign_key_checks = 0; ${sql}` });
const both = (sql: string): readonly Damage[] => [dump(sql), restored(sql)];
/** Edits the text of the dump, byte by byte. */
const edited = (from: RegExp | string, to: string): Damage => ({
  at: 'stored',
  edit: (bytes) => Buffer.from(bytes.toString('latin1').replace(from, Buffer.from(to).toString('latin1')), 'latin1'),
});
/** Without the text of the second database, which is behind that of the first. */
const withoutSecond = (bytes: Buffer): Buffer => {
  const text = bytes.toString('latin1');
  const [from, to] = [text.indexOf('CREATE DATABASE', text.indexOf('USE `shop`')), text.lastIndexOf('USE `shop`')];
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
};
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

/** What can happen to a backup of MySQL or MariaDB. */
export const mysqlFamilyDamages = (version: Version): Damages => {
  const isMariadb = engineOf(version) === 'mariadb';
  const only = (damage: Damage | readonly Damage[], why: string) => (isMariadb ? damage : why);
  return {
    1: [
      { at: 'transit', edit: (bytes) => bytes.subarray(0, -9) },
      { at: 'stored', edit: (bytes) => bytes.subarray(0, -40) },
    ],
    2: { at: 'stored', edit: (bytes) => bytes.subarray(0, bytes.lastIndexOf('UNLOCK TABLES;') + 15) },
    3: both('DROP TABLE emptied'),
    4: both('DELETE FROM emptied'),
    5: [edited(/\(250,[^\n]*?\),\n?/, ''), restored('DELETE FROM book WHERE id = 250')],
    6: both("INSERT INTO log VALUES (1, 'same')"),
    7: [edited("'Title 99'", "'Title 9x'"), restored("UPDATE book SET title = 'Title 9x' WHERE id = 99")],
    8: both('UPDATE book SET swap1 = id + 1, swap2 = id WHERE id = 77'),
    9: [
      ...both("UPDATE author SET note = NULL WHERE note = ''"),
      restored("UPDATE author SET note = '' WHERE note IS NULL"),
    ],
    10: [edited('end  \\r\\n', 'end\\r\\n'), edited('end  \\r\\n', 'end  \\n')],
    11: [edited(utf8('😀'), '?'), restored("UPDATE author SET name = 'Ada ?' WHERE id = 1")],
    12: edited(utf8('Böb'), 'BÃ¶b'),
    13: {
      at: 'stored',
      edit: (bytes) => Buffer.from(bytes.toString('latin1').replace(utf8('Böb'), 'B\xf6b'), 'latin1'),
    },
    14: [edited(/0x000580FF00/i, '0x000581FF00'), restored("UPDATE book SET cover = UNHEX('000580FF01') WHERE id = 5")],
    15: both('UPDATE author SET active = 0 WHERE id = 1'),
    16: both('UPDATE book SET weight = 0.14285714285714288 WHERE id = 1'),
    17: both('ALTER TABLE book MODIFY price DECIMAL(9,1) DEFAULT 1.5'),
    18: both('UPDATE book SET moment = moment + INTERVAL 1 HOUR'),
    19: both('UPDATE author SET born = NULL WHERE id = 1'),
    20: [
      ...both('ALTER TABLE author AUTO_INCREMENT = 4'),
      ...(isMariadb ? [restored('ALTER SEQUENCE numbers RESTART 100')] : []),
    ],
    21: both('ALTER TABLE author MODIFY id INT NOT NULL'),
    22: both('DROP INDEX dear ON book'),
    23: both('ALTER TABLE book DROP INDEX by_title, ADD KEY by_title (title)'),
    24: [
      ...both('ALTER TABLE book DROP FOREIGN KEY by_author'),
      restored(
        'ALTER TABLE book DROP FOREIGN KEY by_author; ALTER TABLE book ADD CONSTRAINT by_author FOREIGN KEY (author) REFERENCES author (id) ON DELETE RESTRICT',
      ),
    ],
    25: both('DELETE FROM author WHERE id = 1'),
    26: [
      ...both(`ALTER TABLE book DROP CONSTRAINT cheap`),
      ...(isMariadb ? [] : [restored('ALTER TABLE book ALTER CHECK cheap NOT ENFORCED')]),
    ],
    27: [
      ...both('ALTER TABLE book ALTER price DROP DEFAULT'),
      restored('ALTER TABLE book MODIFY moment TIMESTAMP NULL DEFAULT NULL'),
    ],
    28: both('ALTER TABLE book MODIFY gross DECIMAL(12,4)'),
    29: [
      ...both('ALTER TABLE book MODIFY swap2 INT AFTER id'),
      restored("ALTER TABLE author MODIFY name VARCHAR(40) DEFAULT 'nobody'"),
      restored('ALTER TABLE log MODIFY b VARCHAR(90)'),
      restored('ALTER TABLE log MODIFY b VARCHAR(9) COLLATE utf8mb4_bin'),
    ],
    30: both('ALTER DATABASE shop CHARACTER SET latin1'),
    31: both('DROP TRIGGER noted'),
    32: [
      ...both(
        "DROP TRIGGER second_one; CREATE TRIGGER second_one BEFORE DELETE ON book FOR EACH ROW INSERT INTO log VALUES (OLD.id, 'two')",
      ),
      restored(
        "DROP TRIGGER noted; CREATE TRIGGER noted AFTER DELETE ON book FOR EACH ROW FOLLOWS second_one INSERT INTO log VALUES (OLD.id, 'gone')",
      ),
    ],
    33: both('DROP FUNCTION taxed'),
    34: [
      restored(
        "SET sql_mode = 'NO_ENGINE_SUBSTITUTION'; DROP PROCEDURE clean; CREATE PROCEDURE clean() COMMENT 'cleans' DELETE FROM log WHERE a < 1",
      ),
      restored(
        "SET sql_mode = 'ANSI_QUOTES'; DROP PROCEDURE clean; CREATE PROCEDURE clean() COMMENT 'cleans' DELETE FROM log WHERE a < 0",
      ),
      ...both('ALTER PROCEDURE clean SQL SECURITY INVOKER'),
    ],
    35: [...both('DROP EVENT nightly'), ...both('ALTER EVENT nightly DISABLE')],
    36: [
      ...both('DROP VIEW on_top'),
      restored('DROP VIEW on_top; CREATE TABLE on_top (n INT)'),
      restored('CREATE OR REPLACE VIEW on_top AS SELECT COUNT(*) + 1 AS n FROM cheap_books'),
    ],
    37: restored('DROP USER keeper'),
    38: both('CREATE OR REPLACE SQL SECURITY INVOKER VIEW on_top AS SELECT COUNT(*) AS n FROM cheap_books'),
    39: 'it has no row policies',
    40: both("UPDATE large SET data = ''"),
    41: 'a dump has no plugins',
    42: 'it has none',
    43: both('ALTER TABLE parted REMOVE PARTITIONING'),
    44: only(restored('DELETE HISTORY FROM prices'), 'it has no system versions'),
    45: [{ at: 'stored', edit: withoutSecond }, restored('DROP DATABASE second')],
    46: both("ALTER TABLE author MODIFY kind ENUM('a','b','c','d')"),
    47: both('ALTER TABLE book DROP INDEX dear, ADD KEY dear (id, price)'),
    48: both('ALTER TABLE plain ROW_FORMAT = DYNAMIC'),
    49: both('ALTER TABLE book MODIFY stock INT'),
    50: dump('DELETE FROM book WHERE id > 390'),
    ...sameForAll(400),
    52: dump(
      'DROP DATABASE shop; DROP DATABASE second; CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci; CREATE DATABASE second CHARACTER SET latin1',
    ),
    57: 'the server loads rows, and builds its indexes from them',
    58: both("ALTER TABLE plain COMMENT = ''"),
  };
};

/** What a restored server may do that changes nothing. */
export const MYSQL_FAMILY_HARMLESS = [
  "DELETE FROM log; INSERT INTO log VALUES (NULL, ''), (1, 'same'), (1, 'same')",
  'ANALYZE TABLE book; OPTIMIZE TABLE book; UPDATE book SET title = title',
];
