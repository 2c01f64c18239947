import { DumpRewriter, type RewriteRules } from '../../../../engines/mysql/restore/rewrite';
import { DumpScan } from '../../../../engines/mysql/restore/scan';

/** What both dump tools write, as far as it matters here. */
const DUMP = `/*M!999999\\- enable the sandbox mode */
-- MariaDB dump
/*!40101 SET NAMES utf8mb4 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

--
-- Current Database: \`aaa\`
--

CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`aaa\` /*!40100 DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci */;

USE \`aaa\`;
CREATE TABLE \`other\` (
  \`a\` int DEFAULT nextval(\`shop\`.\`ids\`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO \`other\` VALUES
(1,'USE \`shop\`;\\n'),
(2,'x');

--
-- Current Database: \`shop\`
--

CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`shop\` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci */;

USE \`shop\`;

--
-- Table structure for table \`orders\`
--

DROP TABLE IF EXISTS \`orders\`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
CREATE TABLE \`orders\` (
  \`id\` bigint(20) NOT NULL DEFAULT nextval(\`shop\`.\`ids\`) COMMENT 'nextval(\`shop\`.\`ids\`)',
  \`a\` int(11) DEFAULT NULL,
  PRIMARY KEY (\`id\`),
  KEY \`a\` (\`a\`),
  CONSTRAINT \`one\` FOREIGN KEY (\`a\`) REFERENCES \`p\` (\`id\`),
  CONSTRAINT \`two\` CHECK (\`a\` > 0),
  CONSTRAINT \`three\` FOREIGN KEY (\`a\`) REFERENCES \`p\` (\`id\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40000 ALTER TABLE \`orders\` DISABLE KEYS */;
INSERT INTO \`orders\` VALUES
(1,1),
(2,1);
/*!40000 ALTER TABLE \`orders\` ENABLE KEYS */;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`owner\`@\`%\`*/ /*!50003 TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW SET NEW.a = 1 */;;
DELIMITER ;
CREATE TABLE \`p\` (
  \`id\` int(11) NOT NULL,
  PRIMARY KEY (\`id\`)
) ENGINE=Aria DEFAULT CHARSET=utf8mb4;
INSERT INTO \`p\` VALUES
(1);
/*!50106 SET @save_time_zone= @@TIME_ZONE */ ;
/*!50106 DROP EVENT IF EXISTS \`ev\` */;
DELIMITER ;;
/*!50003 SET time_zone             = 'SYSTEM' */ ;;
/*!50106 CREATE*/ /*!50117 DEFINER=\`owner\`@\`%\`*/ /*!50106 EVENT \`ev\` ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2026-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE COMMENT 'x' DO SET @a = ' ENABLE ' */ ;;
DELIMITER ;
DELIMITER ;;
CREATE DEFINER=\`gone\`@\`localhost\` PROCEDURE \`pr\`()
BEGIN SELECT 'shop.orders', shop . orders.id FROM orders; END ;;
DELIMITER ;

USE \`aaa\`;

USE \`shop\`;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`gone\`@\`localhost\` SQL SECURITY DEFINER */
/*!50001 VIEW \`v\` AS select \`orders\`.\`id\` AS \`id\` from \`orders\` */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;

-- Dump completed on 2026-11-29 15:00:00
`;

const RULES: RewriteRules = {
  places: new Map([['shop', { name: 'shop', exists: false }]]),
  disableEvents: false,
  definer: () => undefined,
  mark: 'MARK;\n',
  marked: new Set(),
  loading: () => undefined,
};

/** The dump as it is loaded, whatever the chunks are. */
async function rewrite(rules: Partial<RewriteRules>, dump = DUMP): Promise<{ text: string; rewriter: DumpRewriter }> {
  const results = await Promise.all(
    [1, 7, 100_000].map(async (size) => {
      const rewriter = new DumpRewriter({ ...RULES, ...rules });
      const bytes = Buffer.from(dump);
      async function* chunks() {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const parts: Buffer[] = [];
      for await (const part of rewriter.rewrite(chunks())) parts.push(part);
      return { text: Buffer.concat(parts).toString(), rewriter };
    }),
  );
  expect(new Set(results.map(({ text }) => text)).size).toBe(1);
  return results[2]!;
}

test('one database of several is kept, with what comes before and behind all', async () => {
  const { text, rewriter } = await rewrite({});
  expect(text).not.toMatch(/aaa|`other`/);
  expect(text).toContain('SET NAMES utf8mb4');
  expect(text).toContain("SQL_MODE='NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION' */;");
  expect(text).toContain(
    '\nCREATE DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci */;',
  );
  expect(text.match(/USE `shop`;\nMARK;/g)).toHaveLength(1);
  expect(text.match(/USE `shop`;/g)).toHaveLength(2);
  expect(text).toContain('VALUES\n(1,1),\n(2,1);');
  // All else is as it was, but for the event, which comes last.
  expect(text).not.toContain('CREATE*/ /*!50117');
  const [event] = rewriter.events.map(String);
  expect(event).toMatch(/^\nUSE `shop`;\n\s*DELIMITER ;;\n[^]* ENABLE COMMENT [^]*;;\nDELIMITER ;\n\n$/);
});

test('settings before an event go with it, those of what came before do not', async () => {
  const before = "/*!50003 SET sql_mode = 'ANSI' */ ;\n/*!50003 SET time_zone = 'Europe/Berlin' */ ;\n";
  const at = DUMP.lastIndexOf('DELIMITER ;;', DUMP.indexOf('CREATE*/ /*!50117'));
  const dump = `${DUMP.slice(0, at)}SET a = 1;\n/*!50106 DROP EVENT IF EXISTS \`e\` */;\n${before}${DUMP.slice(at)}`;
  const { rewriter } = await rewrite({}, dump);
  expect(String(rewriter.events[0])).toMatch(
    /^\nUSE `shop`;\n\s*\/\*!50003 SET sql_mode = 'ANSI' [^]*time_zone = 'Europe\/Berlin' \*\/ ;\s*DELIMITER ;;\n/,
  );
});

test('definers are made before what runs as them, once, where nobody has read the dump before', async () => {
  const { text } = await rewrite({ makesDefiners: true });
  expect(text).toMatch(
    /CREATE USER IF NOT EXISTS `gone`@`localhost` ACCOUNT LOCK(;| ;;)\nGRANT ALL ON \*\.\* TO `gone`@`localhost`\1\n/,
  );
  expect(text.match(/CREATE USER IF NOT EXISTS `gone`@`localhost`/g)).toHaveLength(1);
});

test('a database that is there already gets the settings of the backup', async () => {
  const { text } = await rewrite({ places: new Map([['shop', { name: 'shop', exists: true }]]) });
  expect(text).toContain('\nALTER DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4');
  expect(text).not.toContain('CREATE DATABASE');
});

test('another name reaches sequences, not strings, and events are disabled', async () => {
  const { text, rewriter } = await rewrite({
    places: new Map([['shop', { name: 'sh`ö$&', exists: false }]]),
    disableEvents: true,
    definer: (account) => (account === 'gone@localhost' ? 'admin' : undefined),
  });
  expect(text).toContain('CREATE DATABASE `sh``ö$&` ');
  expect(text).toContain("DEFAULT nextval(`sh``ö$&`.`ids`) COMMENT 'nextval(`shop`.`ids`)'");
  expect(text).toContain('CREATE DEFINER=`admin`@`%` PROCEDURE');
  expect(text).toContain('DEFINER=`admin`@`%` SQL SECURITY');
  expect(text).toContain('DEFINER=`owner`@`%`*/ /*!50003 TRIGGER');
  expect(rewriter.disabledEvents).toEqual(['sh`ö$&.ev']);
  expect(String(rewriter.events[0])).toContain("ON COMPLETION NOT PRESERVE DISABLE COMMENT 'x' DO SET @a = ' ENABLE '");
});

test('nothing of a dump drops a database, changes another one or the server, or ends its commits', async () => {
  const head = `/*!40000 DROP DATABASE IF EXISTS \`shop\`*/;\nGRANT ALL ON *.* TO \`x\`@\`%\`;\nDROP USER x;\n`;
  const around = (bytes: string) =>
    `ALTER DATABASE \`shop\` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;\n${bytes}\nALTER DATABASE \`shop\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ;\n`;
  const dump = DUMP.replace('\nCREATE DATABASE', `\n${head}CREATE DATABASE`)
    .replace('USE `aaa`;\nCREATE', 'USE `aaa`;\nALTER DATABASE `aaa` COLLATE latin1_bin;\nCREATE')
    .replace('DROP TABLE IF EXISTS `orders`;', 'set autocommit=0;\nDROP TABLE IF EXISTS `orders`;')
    .replace('(2,1);', '(2,1);\ncommit;\n/*M!100616 SET AUTOCOMMIT=@OLD_AUTOCOMMIT */;')
    .replace(/DELIMITER ;;\nCREATE DEFINER=`gone`[^]*?DELIMITER ;/, around)
    .replace('/*!40101 SET SQL_MODE=@OLD', '/*!40000 DROP DATABASE IF EXISTS `shop`*/;\n/*!40101 SET SQL_MODE=@OLD');
  const { text } = await rewrite({ places: new Map([['shop', { name: 'beside', exists: false }]]) }, dump);
  expect(text).not.toMatch(/DROP DATABASE|GRANT|DROP USER|autocommit|commit;/i);
  expect(text.match(/ALTER DATABASE .*/g)).toEqual([
    'ALTER DATABASE `beside` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;',
    'ALTER DATABASE `beside` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ;',
  ]);
  const { text: single } = await rewrite({ only: new Set(['shop.orders']) }, dump);
  expect(single).not.toContain('ALTER DATABASE');
});

test('utf8mb4 of MySQL 5.7 keeps its collation in later versions', async () => {
  const dump = DUMP.replace('utf8mb4 COLLATE utf8mb4_general_ci */', 'utf8mb4 */').replace(
    'int(11) DEFAULT NULL',
    "varchar(9) CHARACTER SET utf8mb4 DEFAULT 'CHARSET=utf8mb4'",
  );
  const { text } = await rewrite({ hasOldCollation: true }, dump);
  expect(text).toContain('/*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci */;');
  expect(text).toContain("varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci DEFAULT 'CHARSET=utf8mb4'");
  expect(text).toContain('DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;');
  expect(text).toContain('ENGINE=Aria DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_general_ci;');
  expect((await rewrite({}, dump)).text).not.toContain('CHARSET=utf8mb4 COLLATE utf8mb4_general_ci');
});

test('an event called as what would enable it is disabled, and definers may have apostrophes', async () => {
  const event = 'EVENT `ON SCHEDULE ON COMPLETION PRESERVE ENABLE`';
  const dump = DUMP.replace('EVENT `ev`', event).replaceAll('`owner`@`%`', "`o'brien`@`%`");
  const { text, rewriter } = await rewrite({ disableEvents: true }, dump);
  expect(String(rewriter.events[0])).toContain(`${event} ON SCHEDULE EVERY`);
  expect(String(rewriter.events[0])).toContain('ON COMPLETION NOT PRESERVE DISABLE COMMENT');
  expect(rewriter.disabledEvents).toEqual(['shop.ON SCHEDULE ON COMPLETION PRESERVE ENABLE']);
  expect(text).toContain('TRIGGER tr');
  const scan = new DumpScan((database) => database === 'shop');
  scan.see(Buffer.from(dump));
  expect([...scan.definers.keys()]).toContain("o'brien@%");
});

test('single tables come without what belongs to others', async () => {
  const { text, rewriter } = await rewrite({
    places: new Map([['shop', { name: 'beside', exists: false }]]),
    only: new Set(['shop.orders']),
  });
  expect(text).not.toMatch(/FOREIGN KEY|TRIGGER|PROCEDURE|VIEW|`p`|DELIMITER/);
  expect(text).toContain('KEY `a` (`a`),\n  CONSTRAINT `two` CHECK (`a` > 0)\n) ENGINE=InnoDB');
  expect(text).toContain('(1,1),\n(2,1);');
  expect(rewriter.events).toEqual([]);
});

test('a scan sees what the dump needs', () => {
  const scan = new DumpScan((database) => database === 'shop');
  const bytes = Buffer.from(DUMP);
  for (let at = 0; at < bytes.length; at += 50) scan.see(bytes.subarray(at, at + 50));
  expect(Object.fromEntries(scan.definers)).toEqual({
    'owner@%': ['shop.tr', 'shop.ev'],
    'gone@localhost': ['shop.pr', 'shop.v'],
  });
  expect(Object.fromEntries(scan.engines)).toEqual({ InnoDB: ['shop.orders'], Aria: ['shop.p'] });
  expect([...scan.collations.keys()]).toEqual(['utf8mb4_bin']);
  expect([...scan.earlySequences]).toEqual(['shop.ids']);
  expect(scan.withForeignKeys).toEqual(['shop.orders']);
  expect(scan.withTriggers).toEqual(['shop.orders']);
  expect(scan.functions).toEqual(['shop.tr']);
  expect(scan.withoutPrimaryKey).toEqual([]);
  expect(scan.namingThemselves('shop')).toEqual(['procedure shop.pr']);
});
