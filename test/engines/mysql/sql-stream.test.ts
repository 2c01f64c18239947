import { checkLongestStatement, requireComplete } from '../../../engines/mysql/inventory';
import type { SqlObject } from '../../../engines/mysql/sql-objects';
import { SqlStream } from '../../../engines/mysql/sql-stream';

const DUMP = String.raw`/*M!999999\- enable the sandbox mode */
-- Host: localhost    Database: shop

/*!40101 SET NAMES utf8mb4 */;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ ${'`shop`'};

USE ${'`shop`'};
CREATE TABLE ${'`t`'} (
  ${'`a`'} int DEFAULT 1 COMMENT 'it''s; -- no'
);
INSERT INTO ${'`t`'} (${'`a;VALUES`'}) VALUES
(1,'x;\nCREATE TABLE ${'`no`'} ('),
(2,'y\';');
/*!50001 CREATE VIEW ${'`v`'} AS SELECT
 1 AS ${'`a`'}*/;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=${'`root`@`localhost`'}*/ /*!50003 TRIGGER /* why */ shop.tr BEFORE INSERT ON t FOR EACH ROW BEGIN -- don't
 SET @a = '
DELIMITER ;
CREATE TABLE ${'`forged`'} (a INT);
'; END */;;
DELIMITER ;
/*!50003 SET sql_mode              = 'NO_BACKSLASH_ESCAPES' */ ;
DELIMITER ;;
CREATE DEFINER=${'`root`@`localhost`'} PROCEDURE ${'`p``q`'}() SELECT '\' ;;
CREATE DEFINER=${'`root`@`localhost`'} PACKAGE BODY "pk" AS END ;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=${'`root`@`localhost`'} SQL SECURITY DEFINER */
/*!50001 VIEW ${'`w`'} AS select '/*' AS ${'`x`'} */;

-- Dump completed on 2026-11-29  5:32:52
`;

const CREATED = ['TABLE shop\0t', 'TRIGGER shop\0tr', 'PROCEDURE shop\0p`q', 'PACKAGE BODY shop\0pk', 'VIEW shop\0w'];

function streamOf(text: string, size = text.length): SqlStream {
  const stream = new SqlStream();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) stream.see(bytes.subarray(at, at + size));
  return stream;
}

test.each([1, 2, 3, 7, 64, 100_000])('what a dump creates is found in chunks of %d bytes', (size) => {
  const stream = streamOf(DUMP, size);
  expect([...stream.created]).toEqual(CREATED);
  expect(stream.unfinished()).toBeUndefined();
});

const table = (name: string): SqlObject => ({ kind: 'TABLE', database: 'shop', name });

test('what the server has and the dump has not fails the run, unless it was dropped meanwhile', async () => {
  const check = (now: SqlObject[]) =>
    requireComplete('mysqldump', streamOf(DUMP), [table('t'), table('lost')], () => Promise.resolve(now));
  await check([table('t')]);
  await expect(check([table('t'), table('lost')])).rejects.toMatchObject({
    exit: 'dumpFailed',
    message: 'mysqldump exited with 0, but left out what the server has: table shop.lost: the dump was discarded',
    reason: { kind: 'dump-incomplete', object: 'table shop.lost' },
  });
});

test('M16 a statement that no server can load is refused as soon as it is too long', () => {
  const stream = streamOf('USE `shop`;\nINSERT INTO `files` VALUES (1,0x');
  const mebibytes = Buffer.alloc(64 * 1024 * 1024, '61');
  for (let chunk = 0; chunk < 15; chunk++) stream.see(mebibytes);
  expect(() => checkLongestStatement(stream)).not.toThrow();
  stream.see(mebibytes);
  expect(() => checkLongestStatement(stream)).toThrow(/^a row of shop\.files makes a statement of more than 1 GiB/);
});
