-- A schema that hurts, of what MySQL 9 documents. Loaded by the mysql client, as root, into an empty server.
SET NAMES utf8mb4;
SET time_zone = '+00:00';
SET sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';
SET cte_max_recursion_depth = 3000;

CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_sv_0900_ai_ci;
CREATE DATABASE `Alt ``Archiv" 1` CHARACTER SET latin1 COLLATE latin1_german2_ci;
CREATE DATABASE empty_one;
CREATE DATABASE left_out;
CREATE TABLE left_out.t (a INT);
CREATE DATABASE numbers;
CREATE TABLE numbers.n (seq INT PRIMARY KEY);
INSERT INTO numbers.n WITH RECURSIVE r (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r WHERE i < 2000) SELECT i FROM r;
-- Roles are of the server, and no part of a dump of its databases.
CREATE ROLE readers;
GRANT SELECT ON shop.* TO readers;
USE shop;

-- Names that are words, quotes, spaces and other alphabets.
CREATE TABLE `select` (
  `order` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `from ``where``` VARCHAR(50) DEFAULT 'it''s "quoted" \\ 100%' COMMENT 'a ''comment'' with \\ and ;',
  `größe ☹` INT AS (LENGTH(`from ``where```)) VIRTUAL,
  `stored "one"` VARCHAR(60) AS (CONCAT(`from ``where```, '!')) STORED,
  `key` INT DEFAULT 7 INVISIBLE,
  KEY `key` (`stored "one"`), KEY virt (`größe ☹`)
) AUTO_INCREMENT = 5000 COMMENT = 'reserved `words`';
INSERT INTO `select` (`order`, `from ``where```) VALUES (0, 'zero in an auto increment'), (3, DEFAULT), (4000, NULL);
UPDATE `select` SET `key` = 8 WHERE `order` = 3;
CREATE TABLE `日本語 table` (`列` VARCHAR(40) PRIMARY KEY);
INSERT INTO `日本語 table` VALUES ('😀😃'), ('é\r\n\t\0\Z\\'), (''), ('-- Dump completed on 2020-01-01  0:00:00');

CREATE TABLE bytes (id INT PRIMARY KEY, b LONGBLOB, v VARBINARY(300), f BINARY(4));
SET SESSION group_concat_max_len = 1000;
SET @every = (SELECT UNHEX(GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')) FROM numbers.n WHERE seq < 256);
INSERT INTO bytes VALUES (1, @every, @every, 0x00FF), (2, '', '', ''), (3, NULL, NULL, NULL);
INSERT INTO bytes VALUES (4, REPEAT(@every, 163840), NULL, 0x80);

SET sql_mode = '';
CREATE TABLE extremes (
  id INT PRIMARY KEY, bit64 BIT(64), bit1 BIT, dec1 DECIMAL(65, 30), big BIGINT UNSIGNED, small TINYINT, d DOUBLE, f FLOAT,
  day DATE DEFAULT '0000-00-00', moment DATETIME(6) DEFAULT '0000-00-00 00:00:00', stamp TIMESTAMP(6) NULL, t TIME(3),
  y YEAR, e ENUM('', 'a''b', 'ü', 'NULL'), s SET('x', 'y z', 'w'), j JSON, m MEDIUMINT(5) UNSIGNED ZEROFILL,
  g GEOMETRY NOT NULL, latin VARCHAR(20) CHARACTER SET latin1, wide CHAR(3) CHARACTER SET utf32, embedding VECTOR(3)
);
INSERT INTO extremes VALUES
  (1, ~0, 1, 99999999999999999999999999999999999.999999999999999999999999999999, 18446744073709551615, -128,
   1.7976931348623157e308, 3.40282e38, '9999-12-31', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.499999',
   '838:59:59', 2155, 'a''b', 'x,w', '{"a": [1, 2.50, "😀\\n", null], "": {}}', 42,
   ST_GeomFromText('POLYGON((0 0,0 1.5,1 1,0 0))', 4326), 'ÄÖÜ€', 'a😀', TO_VECTOR('[1.5, -2, 3e-5]')),
  (2, 0, 0, -99999999999999999999999999999999999.999999999999999999999999999999, 0, 127, -2.2250738585072014e-308, -1e-37,
   '0000-00-00', '0000-00-00 00:00:00', '1970-01-01 00:00:01', '-838:59:59', 0, '', '', '[]', NULL,
   ST_GeomFromText('POINT(0 0)'), '', '', NULL),
  (3, 5, NULL, 0.1, 1, 0, 0.1, 0.1, '2024-00-31', '2024-02-29 12:00:00', NULL, '00:00:00', 1901, 'NULL', NULL, NULL, NULL,
   ST_GeomFromText('POINT(1 1)'), NULL, NULL, NULL);
SET sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

-- Keys and constraints that MySQL has since 8.0.
CREATE TABLE places (
  id BINARY(16) DEFAULT (UUID_TO_BIN('6ccd780c-baba-1026-9564-5b8c656024db')) PRIMARY KEY, name VARCHAR(50) COLLATE utf8mb4_0900_as_cs,
  at POINT NOT NULL SRID 4326, tags JSON DEFAULT (JSON_ARRAY(1, 2)), tall INT CONSTRAINT positive CHECK (tall > 0),
  CONSTRAINT lenient CHECK (tall < 10) NOT ENFORCED,
  SPATIAL KEY (at), KEY lowered ((LOWER(name)) DESC), KEY tagged ((CAST(tags AS UNSIGNED ARRAY))), KEY hidden (tall) INVISIBLE
);
INSERT INTO places (name, at, tall) VALUES ('Köln', ST_SRID(POINT(6.96, 50.94), 4326), 157);
SET sql_generate_invisible_primary_key = ON;
CREATE TABLE keyless (a INT);
SET sql_generate_invisible_primary_key = OFF;
INSERT INTO keyless VALUES (3), (1), (2);
CREATE TABLE packed (id INT PRIMARY KEY, a TEXT) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8 STATS_PERSISTENT = 0;
INSERT INTO packed SELECT seq, REPEAT('p', seq) FROM numbers.n WHERE seq BETWEEN 1 AND 50;
ALTER TABLE packed ADD COLUMN instant_one VARCHAR(9) DEFAULT 'ü' FIRST, ALGORITHM = INPLACE;
CREATE TABLE searched (id INT PRIMARY KEY, a TEXT, FULLTEXT KEY grams (a) WITH PARSER ngram);
INSERT INTO searched VALUES (1, '生日快乐');

-- A cycle of foreign keys, and a table that refers to itself.
CREATE TABLE author (id INT PRIMARY KEY, name VARCHAR(99) NOT NULL UNIQUE, best_book INT, mentor INT,
  CONSTRAINT mentored FOREIGN KEY (mentor) REFERENCES author (id) ON DELETE SET NULL);
CREATE TABLE book (id INT PRIMARY KEY, author INT NOT NULL, title TEXT, price DECIMAL(9, 2) DEFAULT (1 + 0.5), stock INT DEFAULT 0,
  changed TIMESTAMP(3) NULL ON UPDATE CURRENT_TIMESTAMP(3), CONSTRAINT cheap CHECK (price < 1000), FULLTEXT KEY (title),
  KEY prefixed (title(10), price DESC),
  CONSTRAINT `by` FOREIGN KEY (author) REFERENCES author (id) ON UPDATE CASCADE ON DELETE RESTRICT);
INSERT INTO author VALUES (1, 'Ada', NULL, NULL), (2, 'Bob', NULL, 1);
INSERT INTO book (id, author, title, price)
  SELECT seq, 1 + seq MOD 2, CONCAT('Title ', SHA2(seq, 224)), seq / 100 FROM numbers.n WHERE seq > 0;
UPDATE author SET best_book = id;
ALTER TABLE author ADD CONSTRAINT best FOREIGN KEY (best_book) REFERENCES book (id);

CREATE TABLE no_rows (a INT, b VARCHAR(10) NOT NULL);
CREATE TABLE twins (a INT, b CHAR(5));
INSERT INTO twins VALUES (1, 'same'), (1, 'same'), (NULL, NULL);
CREATE TABLE old_engine (id INT PRIMARY KEY, a TEXT) ENGINE = MyISAM;
INSERT INTO old_engine SELECT seq, REPEAT('m', seq) FROM numbers.n WHERE seq BETWEEN 1 AND 50;
CREATE TABLE comma_engine (id INT NOT NULL, a VARCHAR(20) NOT NULL) ENGINE = CSV;
INSERT INTO comma_engine VALUES (9, 'a,"b"\\');
CREATE TABLE parted (id INT NOT NULL, sold DATE NOT NULL, PRIMARY KEY (id, sold)) PARTITION BY RANGE (YEAR(sold))
  SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION p2020 VALUES LESS THAN (2021), PARTITION rest VALUES LESS THAN MAXVALUE);
INSERT INTO parted SELECT seq, '2019-12-31' + INTERVAL seq DAY FROM numbers.n WHERE seq BETWEEN 1 AND 900;
CREATE TABLE listed (a VARCHAR(9) COLLATE utf8mb4_bin, b INT) PARTITION BY LIST COLUMNS (a) (
  PARTITION `p ü` VALUES IN ('x', 'ü'), PARTITION none VALUES IN (NULL));
INSERT INTO listed VALUES ('ü', 1), (NULL, 2);

CREATE TABLE journal (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT);
CREATE DEFINER = 'shop owner'@'%' VIEW b_view (id, `the title`) AS SELECT id, title FROM book WHERE price > 5;
CREATE DEFINER = 'shop owner'@'%' SQL SECURITY INVOKER VIEW a_view AS SELECT `the title` AS t, COUNT(*) AS c FROM b_view GROUP BY 1;
CREATE ALGORITHM = TEMPTABLE VIEW c_view AS SELECT a.t, x.`order` FROM a_view a JOIN `select` x;
CREATE VIEW checked AS SELECT * FROM book WHERE stock > 0 WITH CASCADED CHECK OPTION;

DELIMITER //
CREATE TRIGGER stock_before BEFORE INSERT ON book FOR EACH ROW
BEGIN
  -- a comment; with 'quotes' and -- Dump completed
  IF NEW.stock < 0 THEN SET NEW.stock = 0; END IF;
END//
CREATE DEFINER = 'shop owner'@'%' TRIGGER b_after AFTER UPDATE ON book FOR EACH ROW
  INSERT INTO journal (what) VALUES (CONCAT('b: ', NEW.id, ' "', NEW.title, '"'))//
CREATE TRIGGER a_after AFTER UPDATE ON book FOR EACH ROW FOLLOWS b_after INSERT INTO journal (what) VALUES ('a 😀')//
CREATE TRIGGER gone AFTER DELETE ON book FOR EACH ROW INSERT INTO journal (what) VALUES (OLD.title)//
CREATE DEFINER = 'shop owner'@'%' PROCEDURE `sell "it"`(IN which INT, OUT remaining INT) MODIFIES SQL DATA COMMENT 'sells; one'
BEGIN
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
  /* both kinds of comments; */ # are kept
  UPDATE book SET stock = stock - 1 WHERE id = which;
  SELECT stock INTO remaining FROM book WHERE id = which;
END//
CREATE FUNCTION taxed(price DECIMAL(9, 2)) RETURNS DECIMAL(9, 2) DETERMINISTIC RETURN price * 1.19//
CREATE LIBRARY `js "lib"` LANGUAGE JAVASCRIPT AS $$ export const tax = 1.19; /* 'ü'; */ $$//
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'//
CREATE FUNCTION "quoted fn"(a TEXT) RETURNS TEXT CHARSET utf8mb4 DETERMINISTIC SQL SECURITY INVOKER RETURN a || '"ü'//
SET sql_mode = 'STRICT_TRANS_TABLES'//
SET time_zone = '+02:00'//
CREATE DEFINER = 'shop owner'@'%' EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 03:00:00' ON COMPLETION PRESERVE ENABLE
  COMMENT 'it''s night' DO BEGIN DELETE FROM journal WHERE id < 0; END//
SET time_zone = '+00:00'//
CREATE EVENT `once "only"` ON SCHEDULE AT '2037-05-05 05:05:05' DISABLE DO SELECT 1//
DELIMITER ;
UPDATE book SET stock = id MOD 5 WHERE id <= 20;

USE `Alt ``Archiv" 1`;
CREATE TABLE `straße` (ä VARCHAR(10) PRIMARY KEY, p VARCHAR(10) CHARACTER SET utf8mb4);
INSERT INTO `straße` VALUES ('Ärger', '😀'), ('€', 'ß');
CREATE TRIGGER `t ``r"` BEFORE DELETE ON `straße` FOR EACH ROW SET @x = 'ä';
DROP DATABASE numbers;
