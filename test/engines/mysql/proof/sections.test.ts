import type { RowListener } from '../../../../engines/engine';
import { MysqlSections } from '../../../../engines/mysql/proof/sections';

/** What both dump tools write, of one object of each kind. */
const DUMP = `/*M!999999\\- enable the sandbox mode */
-- MariaDB dump 10.19  Distrib 11.8.3-MariaDB
-- Host: db.example.com    Database: shop
-- Server version	11.8.3-MariaDB
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

--
-- Current Database: \`shop\`
--

CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`shop\` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;

USE \`shop\`;

--
-- Sequence structure for \`ids\`
--

DROP SEQUENCE IF EXISTS \`ids\`;
CREATE SEQUENCE \`ids\` start with 1 minvalue 1 increment by 1 cache 1000 nocycle ENGINE=InnoDB;
DO SETVAL(\`ids\`, 1001, 0);

--
-- Table structure for table \`orders\`
--

DROP TABLE IF EXISTS \`orders\`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE \`orders\` (
  \`id\` int NOT NULL AUTO_INCREMENT,
  \`no;te\` varchar(50) COLLATE utf8mb4_0900_as_cs DEFAULT ' CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs',
  \`old\` varchar(50) CHARACTER SET latin1 DEFAULT NULL,
  PRIMARY KEY (\`id\`)
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table \`orders\`
--

/*!40000 ALTER TABLE \`orders\` DISABLE KEYS */;
INSERT INTO \`orders\` (\`id\`, \`no;te\`, \`old\`) VALUES (1,'it''s (1,2);\\n\\'x\\\\',NULL),(2,_binary 0x00FF,'');
INSERT INTO \`orders\` (\`id\`, \`no;te\`, \`old\`) VALUES
(3,'VALUES','é');
/*!40000 ALTER TABLE \`orders\` ENABLE KEYS */;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_TRANS_TABLES,ANSI' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`localhost\`*/ /*!50003 TRIGGER \`first\` BEFORE INSERT ON \`orders\` FOR EACH ROW BEGIN SET NEW.id = 1; END */;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`localhost\`*/ /*!50003 TRIGGER \`second\` BEFORE INSERT ON \`orders\` FOR EACH ROW SET NEW.id = 2; */;;
DELIMITER ;

DROP TABLE IF EXISTS \`empty\`;
CREATE TABLE \`empty\` (
  \`a\` int DEFAULT NULL
) ENGINE=ARCHIVE AUTO_INCREMENT=9 DEFAULT CHARSET=utf8mb4;

SET @saved_cs_client     = @@character_set_client;
/*!50001 CREATE VIEW \`totals\` AS SELECT 
 1 AS \`n\`*/;
SET character_set_client = @saved_cs_client;
/*!50106 SET @save_time_zone= @@TIME_ZONE */ ;
/*!50106 DROP EVENT IF EXISTS \`nightly\` */;
DELIMITER ;;
/*!50003 SET time_zone             = 'SYSTEM' */ ;;
/*!50106 CREATE*/ /*!50117 DEFINER=\`root\`@\`localhost\`*/ /*!50106 EVENT \`nightly\` ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 03:00:00' ON COMPLETION PRESERVE ENABLE DO SELECT 1 */ ;;
/*!50003 SET time_zone             = @save_time_zone */ ;;
DELIMITER ;
/*!50003 DROP FUNCTION IF EXISTS \`f\` */;
DELIMITER ;;
CREATE DEFINER=\`root\`@\`localhost\` FUNCTION \`f\`() RETURNS int
BEGIN
  -- kept
  RETURN 1;
END ;;
DELIMITER ;

USE \`shop\`;
/*!50001 DROP VIEW IF EXISTS \`totals\`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`root\`@\`localhost\` SQL SECURITY DEFINER */
/*!50001 VIEW \`totals\` AS select count(0) AS \`n\` from \`orders\` */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

-- Dump completed on 2026-11-20  2:00:00
`;

function read(dump: string | Buffer, listener?: RowListener, step = 100_000) {
  const sections = new MysqlSections(listener);
  const bytes = Buffer.from(dump);
  for (let at = 0; at < bytes.length; at += step) sections.see(Buffer.from(bytes.subarray(at, at + step)));
  return sections.end();
}

/** Sections that differ. */
function changed(dump: string): string[] {
  expect(dump).not.toBe(DUMP);
  const [before, after] = [read(DUMP), read(dump)];
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name)?.hash !== after.get(name)?.hash,
  );
}
const replaced = (from: string | RegExp, to: string): string[] => changed(DUMP.replace(from, () => to));

describe('sections of a dump of MySQL or MariaDB', () => {
  test('each object has one, and a table that has no rows one of rows', () => {
    const sections = read(DUMP);
    expect([...sections].map(([name, { kind }]) => `${kind} ${name}`).sort()).toEqual(
      [
        ...['database shop', 'sequence shop.ids', 'definition of table shop.orders', 'definition of table shop.empty'],
        ...['trigger shop.first', 'trigger shop.second', 'order of triggers of table shop.orders'],
        ...['view shop.totals', 'event shop.nightly', 'function shop.f', 'end of the dump'],
      ]
        .map((name) => `definition ${name}`)
        .concat('rows table shop.orders', 'rows table shop.empty')
        .sort(),
    );
    expect(sections.get('function shop.f')?.text).toMatch(/sql_mode='NO_AUTO_VALUE_ON_ZERO'[^]*\n {2}-- kept\n/);
    expect(sections.get('trigger shop.first')?.text).toMatch(/sql_mode='STRICT_TRANS_TABLES,ANSI' time_zone='\+00:00'/);
    expect(sections.get('event shop.nightly')?.text).toMatch(/time_zone='SYSTEM'/);
  });

  test.each([1, 7, 1000])('wherever the stream is cut, as every %d bytes', (step) => {
    expect(read(DUMP, undefined, step)).toEqual(read(DUMP));
  });

  test.each([
    ['dates, hosts and versions', /Host: .*|Server version.*| on 2026-11-20 {2}2:00:00/g, '', []],
    ['the sandbox line', /^.*\n/, '', []],
    ['settings that only make a load faster', /.*UNIQUE_CHECKS.*\n/, '', []],
    ['where files lie', ') ENGINE=InnoDB AUTO', ") ENGINE=InnoDB DATA DIRECTORY='/a b/' AUTO", []],
    [
      'another option behind that',
      ') ENGINE=InnoDB AUTO',
      ") ENGINE=InnoDB DATA DIRECTORY='/a b/' INDEX DIRECTORY='/c/' KEY_BLOCK_SIZE=4 AUTO",
      ['definition of table shop.orders'],
    ],
    ['a character set before its own collation', '(50) COLLATE', '(50) CHARACTER SET utf8mb4 COLLATE', []],
    [
      'another character set there',
      '(50) COLLATE utf8mb4_',
      '(50) CHARACTER SET latin1 COLLATE latin1_',
      ['definition of table shop.orders'],
    ],
    ['a character set that says more', ' CHARACTER SET latin1', '', ['definition of table shop.orders']],
    ['another collation', 'COLLATE utf8mb4_0900_as_cs D', 'COLLATE utf8mb4_bin D', ['definition of table shop.orders']],
    ['the same words in a text', "' CHARACTER SET utf8mb4", "'", ['definition of table shop.orders']],
    ['the semicolon behind a trigger', 'id = 2; */', 'id = 2 */', []],
    ['another statement there', 'id = 2; */', 'id = 3; */', ['trigger shop.second']],
    ['the counter of an ARCHIVE table', 'ARCHIVE AUTO_INCREMENT=9', 'ARCHIVE', []],
    ['the counter of another table', 'InnoDB AUTO_INCREMENT=3', 'InnoDB', ['definition of table shop.orders']],
    ['an ARCHIVE table of another engine', 'ENGINE=ARCHIVE', 'ENGINE=MyISAM', ['definition of table shop.empty']],
    [
      'the time zone of rows',
      "TIME_ZONE='+00:00'",
      "TIME_ZONE='+01:00'",
      expect.arrayContaining(['table shop.orders']),
    ],
    ['the mode of a trigger', 'STRICT_TRANS_TABLES,ANSI', 'ANSI', ['trigger shop.first']],
    ['the time zone of an event', "= 'SYSTEM'", "= '+02:00'", ['event shop.nightly']],
    ['a value of a sequence', '1001', '1', ['sequence shop.ids']],
    ['a value', "'it''s", "'its", ['table shop.orders']],
    ['a row that is missing', ",(2,_binary 0x00FF,'')", '', ['table shop.orders']],
    ['all rows that are missing', /INSERT[^]*?;\nINSERT[^]*?;\n/, '', ['table shop.orders']],
    ['a definer', 'DEFINER=`root`@`localhost` FUNCTION', 'DEFINER=`root`@`%` FUNCTION', ['function shop.f']],
    ['a comment of a routine', '-- kept', '-- Kept', ['function shop.f']],
    ['a view that is left a placeholder', /\/\*!50001 DROP VIEW[^]*?`orders` \*\/;\n/, '', ['view shop.totals']],
    ['an event that is switched off', 'PRESERVE ENABLE', 'PRESERVE DISABLE', ['event shop.nightly']],
    ['a stream that is cut behind the last object', 'completed on 2026', 'com', ['end of the dump']],
    ['the character set of a database', 'SET utf8mb4 */;\n\nUSE', 'SET latin1 */;\n\nUSE', ['database shop']],
  ] as const)('%s', (_, from, to, sections) => {
    expect(replaced(from, to)).toEqual(sections);
  });

  test('triggers in another order', () => {
    const [, first, second] =
      /(DELIMITER ;;\n[^\n]*`first`[^]*?DELIMITER ;\n)[^]*?(DELIMITER ;;\n[^\n]*`second`[^]*?DELIMITER ;\n)/.exec(
        DUMP,
      )!;
    const other = DUMP.replace(second!, '').replace(first!, `${second}${first}`);
    expect(changed(other)).toContain('order of triggers of table shop.orders');
  });

  test('no letter of any statement can change unseen', () => {
    const lines = DUMP.split('\n');
    const unseen = lines.filter((line, index) => {
      if (!/\w/.test(line) || /^--|^\S* ?SET |^(DELIMITER|USE)|sandbox/.test(line)) return false;
      const at = line.search(/\w(?!.*\w)/);
      const other = line.slice(0, at) + (line[at] === 'x' ? 'y' : 'x') + line.slice(at + 1);
      return changed(lines.with(index, other).join('\n')).length === 0;
    });
    expect(unseen).toEqual([]);
  });

  test.each([1, 3, 100_000])('rows, by their values, from a stream of %d bytes at a time', (step) => {
    const rows: unknown[] = [];
    read(DUMP, { wants: (section) => section === 'table shop.orders', row: (...row) => rows.push(row) }, step);
    const columns = ['id', 'no;te', 'old'];
    expect(rows).toEqual([
      ['table shop.orders', columns, ['1', "'it''s (1,2);\\n\\'x\\\\'", 'NULL']],
      ['table shop.orders', columns, ['2', '_binary 0x00FF', "''"]],
      ['table shop.orders', columns, ['3', "'VALUES'", "'é'"]],
    ]);
  });

  test('rows without names of columns have those of their table, and bytes that are no text stay what they are', () => {
    const text = DUMP.replaceAll(' (`id`, `no;te`, `old`)', '');
    const at = Buffer.from(text).indexOf('é');
    const bytes = Buffer.from(text);
    bytes[at] = 0xff;
    const rows: (readonly [readonly string[] | undefined, readonly string[]])[] = [];
    read(bytes, { wants: () => true, row: (_, columns, values) => rows.push([columns, values]) });
    expect(rows.at(-1)).toEqual([
      ['id', 'no;te', 'old'],
      ['3', "'VALUES'", 'not UTF-8: 0x27ffa927'],
    ]);
  });
});
