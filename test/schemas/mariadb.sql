-- A schema that hurts. Loaded by the mariadb client, as root, into an empty server.
SET NAMES utf8mb4;
SET time_zone = '+00:00';
SET sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';
SET @@rand_seed1 = 1, @@rand_seed2 = 2;

CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_swedish_ci COMMENT 'the "shop"\'s';
CREATE DATABASE `Alt ``Archiv" 1` CHARACTER SET latin1 COLLATE latin1_german2_ci;
CREATE DATABASE empty_one;
CREATE DATABASE left_out;
CREATE TABLE left_out.t (a INT);
USE shop;

-- Names that are words, quotes, spaces and other alphabets.
CREATE TABLE `select` (
  `order` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `from ``where``` VARCHAR(50) DEFAULT 'it''s "quoted" \\ 100%' COMMENT 'a ''comment'' with \\ and ;',
  `größe ☹` INT AS (LENGTH(`from ``where```)) VIRTUAL,
  `stored "one"` VARCHAR(60) AS (CONCAT(`from ``where```, '!')) STORED,
  `key` INT INVISIBLE DEFAULT 7,
  KEY `key` (`stored "one"`), KEY virt (`größe ☹`)
) AUTO_INCREMENT = 5000 COMMENT = 'reserved `words`';
INSERT INTO `select` (`order`, `from ``where```) VALUES (0, 'zero in an auto increment'), (3, DEFAULT), (4000, NULL);
CREATE TABLE `日本語 table` (`列` VARCHAR(40) PRIMARY KEY);
INSERT INTO `日本語 table` VALUES ('😀😃'), ('é\r\n\t\0\Z\\'), (''), ('-- Dump completed on 2020-01-01  0:00:00');

CREATE TABLE bytes (id INT PRIMARY KEY, b LONGBLOB, v VARBINARY(300), f BINARY(4));
SET @every = (SELECT UNHEX(GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')) FROM seq_0_to_255);
INSERT INTO bytes VALUES (1, @every, @every, 0x00FF), (2, '', '', ''), (3, NULL, NULL, NULL);
INSERT INTO bytes VALUES (4, REPEAT(@every, 163840), NULL, 0x80);

SET sql_mode = '';
CREATE TABLE extremes (
  id INT PRIMARY KEY, bit64 BIT(64), bit1 BIT, dec1 DECIMAL(65, 30), big BIGINT UNSIGNED, small TINYINT, d DOUBLE, f FLOAT,
  day DATE DEFAULT '0000-00-00', moment DATETIME(6) DEFAULT '0000-00-00 00:00:00', stamp TIMESTAMP(6) NULL, t TIME(3),
  y YEAR, e ENUM('', 'a''b', 'ü', 'NULL'), s SET('x', 'y z', 'w'), j JSON, u UUID, ip INET6,
  g GEOMETRY NOT NULL, latin VARCHAR(20) CHARACTER SET latin1, wide CHAR(3) CHARACTER SET utf32, SPATIAL KEY (g)
) CHARACTER SET utf8mb4;
INSERT INTO extremes VALUES
  (1, ~0, 1, 99999999999999999999999999999999999.999999999999999999999999999999, 18446744073709551615, -128,
   1.7976931348623157e308, 3.40282e38, '9999-12-31', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999',
   '838:59:59.999', 2155, 'a''b', 'x,w', '{"a": [1, 2.50, "😀\\n", null], "": {}}', '123e4567-e89b-12d3-a456-426655440000', '::ffff:1.2.3.4',
   ST_GeomFromText('POLYGON((0 0,0 1.5,1 1,0 0))', 4326), 'ÄÖÜ€', 'a😀'),
  (2, 0, 0, -99999999999999999999999999999999999.999999999999999999999999999999, 0, 127, -2.2250738585072014e-308, -1e-37,
   '0000-00-00', '0000-00-00 00:00:00', '1970-01-01 00:00:01', '-838:59:59.999', 0, '', '', '[]', NULL, NULL,
   ST_GeomFromText('POINT(0 0)'), '', ''),
  (3, 5, NULL, 0.1, 1, 0, 0.1, 0.1, '2024-00-31', '2024-02-29 12:00:00', NULL, '00:00:00', 1901, 'NULL', NULL, NULL, NULL, NULL,
   ST_GeomFromText('POINT(1 1)'), NULL, NULL);
SET sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

-- A cycle of foreign keys, and a table that refers to itself.
CREATE TABLE author (id INT PRIMARY KEY, name VARCHAR(99) NOT NULL UNIQUE, best_book INT, mentor INT,
  CONSTRAINT mentored FOREIGN KEY (mentor) REFERENCES author (id) ON DELETE SET NULL);
CREATE TABLE book (id INT PRIMARY KEY, author INT NOT NULL, title TEXT, price DECIMAL(9, 2) DEFAULT (1 + 0.5), stock INT DEFAULT 0,
  changed TIMESTAMP(3) NULL ON UPDATE CURRENT_TIMESTAMP(3), CONSTRAINT cheap CHECK (price < 1000), FULLTEXT KEY (title),
  KEY prefixed (title(10), price DESC),
  CONSTRAINT `by` FOREIGN KEY (author) REFERENCES author (id) ON UPDATE CASCADE ON DELETE RESTRICT);
INSERT INTO author VALUES (1, 'Ada', NULL, NULL), (2, 'Bob', NULL, 1);
INSERT INTO book (id, author, title, price) SELECT seq, 1 + seq MOD 2, CONCAT('Title ', SHA1(seq)), seq / 100 FROM seq_1_to_2000;
UPDATE author SET best_book = id;
ALTER TABLE author ADD CONSTRAINT best FOREIGN KEY (best_book) REFERENCES book (id);

CREATE TABLE no_rows (a INT, b VARCHAR(10) NOT NULL);
CREATE TABLE twins (a INT, b CHAR(5));
INSERT INTO twins VALUES (1, 'same'), (1, 'same'), (NULL, NULL);
CREATE TABLE old_engine (id INT PRIMARY KEY, a TEXT) ENGINE = MyISAM;
INSERT INTO old_engine SELECT seq, REPEAT('m', seq) FROM seq_1_to_50;
CREATE TABLE aria_engine (id INT PRIMARY KEY) ENGINE = Aria TRANSACTIONAL = 0;
INSERT INTO aria_engine VALUES (9);
CREATE TABLE parted (id INT NOT NULL, sold DATE NOT NULL, PRIMARY KEY (id, sold)) PARTITION BY RANGE (YEAR(sold))
  SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION p2020 VALUES LESS THAN (2021), PARTITION rest VALUES LESS THAN MAXVALUE);
INSERT INTO parted SELECT seq, '2019-12-31' + INTERVAL seq DAY FROM seq_1_to_900;

-- History that a dump without --dump-history loses.
CREATE TABLE prices (id INT PRIMARY KEY, price INT) WITH SYSTEM VERSIONING;
INSERT INTO prices VALUES (1, 10), (2, 20), (3, 30);
UPDATE prices SET price = price + 1;
DELETE FROM prices WHERE id = 2;

CREATE SEQUENCE `odd "seq"` START WITH 1003 INCREMENT BY 7 MAXVALUE 99999 CACHE 3 CYCLE;
SELECT NEXTVAL(`odd "seq"`), NEXTVAL(`odd "seq"`);
CREATE SEQUENCE downward START WITH -5 INCREMENT BY -2 MINVALUE -1000 MAXVALUE -1 NOCACHE;
SELECT NEXTVAL(downward);
CREATE TABLE numbered (id BIGINT DEFAULT NEXTVAL(`odd "seq"`) PRIMARY KEY, a INT);
INSERT INTO numbered (a) VALUES (1), (2);

CREATE TABLE journal (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT);
CREATE DEFINER = 'shop owner'@'%' VIEW b_view (id, `the title`) AS SELECT id, title FROM book WHERE price > 5;
CREATE DEFINER = 'shop owner'@'%' SQL SECURITY INVOKER VIEW a_view AS SELECT `the title` AS t, COUNT(*) AS c FROM b_view GROUP BY 1;
CREATE VIEW c_view AS SELECT a.t, x.`order` FROM a_view a JOIN `select` x;
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
  UPDATE book SET stock = stock - 1 WHERE id = which;
  SELECT stock INTO remaining FROM book WHERE id = which;
END//
CREATE FUNCTION taxed(price DECIMAL(9, 2)) RETURNS DECIMAL(9, 2) DETERMINISTIC RETURN price * 1.19//
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'//
CREATE FUNCTION "quoted fn"(a TEXT) RETURNS TEXT CHARSET utf8mb4 DETERMINISTIC SQL SECURITY INVOKER RETURN a || '"ü'//
SET sql_mode = 'ORACLE'//
CREATE PACKAGE till AS FUNCTION total RETURN INT; END//
CREATE PACKAGE BODY till AS
  hidden INT := 1;
  FUNCTION total RETURN INT AS BEGIN RETURN hidden + 41; END;
END//
SET sql_mode = 'STRICT_TRANS_TABLES'//
CREATE AGGREGATE FUNCTION longest(word TEXT) RETURNS INT
BEGIN
  DECLARE best INT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN best;
  LOOP FETCH GROUP NEXT ROW; SET best = GREATEST(best, LENGTH(word)); END LOOP;
END//
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
CREATE VIEW across AS SELECT name FROM shop.author;
