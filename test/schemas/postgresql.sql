-- A schema that hurts. Loaded by psql, as a superuser, into the server's own database.
CREATE ROLE "shop owner" NOLOGIN CREATEROLE CONNECTION LIMIT 5;
CREATE ROLE reader LOGIN PASSWORD 'read"er' VALID UNTIL '2037-01-01 00:00:00+00' IN ROLE pg_monitor;
CREATE ROLE "Ünïcode ""role""" NOLOGIN;
GRANT "shop owner" TO reader WITH ADMIN OPTION;
ALTER ROLE reader SET search_path = 'shop', 'public';
COMMENT ON ROLE reader IS 'it''s a role';
CREATE DATABASE shop TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' OWNER "shop owner";
CREATE DATABASE "Alt ""Archiv"" 1" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
CREATE DATABASE empty_one;
CREATE DATABASE left_out;
COMMENT ON DATABASE shop IS 'the "shop"''s';
ALTER DATABASE shop SET timezone = 'Europe/Paris';
ALTER ROLE reader IN DATABASE shop SET work_mem = '7MB';
GRANT TEMPORARY ON DATABASE shop TO reader;

\connect shop
SET client_encoding = 'UTF8';
CREATE SCHEMA shop AUTHORIZATION "shop owner";
CREATE SCHEMA "Other ""schema""";
CREATE EXTENSION pgcrypto SCHEMA public;
CREATE EXTENSION hstore;
CREATE EXTENSION citext SCHEMA "Other ""schema""";
CREATE TYPE shop.mood AS ENUM ('', 'a''b', '😀', 'NULL');
ALTER TYPE shop.mood ADD VALUE 'between' BEFORE '😀';
CREATE DOMAIN shop.positive AS numeric(20, 5) DEFAULT 1 CONSTRAINT "above zero" CHECK (VALUE > 0);
CREATE TYPE shop.pair AS (a int, "b c" text);
CREATE COLLATION shop.german (provider = icu, locale = 'de-u-co-phonebk', deterministic = true);

CREATE TABLE shop."select" (
  "order" int GENERATED ALWAYS AS IDENTITY (START 5000 INCREMENT 3) PRIMARY KEY,
  "from ""where""" text DEFAULT 'it''s "quoted" \ 100%' NOT NULL,
  "größe 😀" int GENERATED ALWAYS AS (length("from ""where""")) STORED,
  "user" shop.mood DEFAULT '😀'
);
COMMENT ON COLUMN shop."select"."order" IS 'a comment; with '' and \';
INSERT INTO shop."select" DEFAULT VALUES;
INSERT INTO shop."select" ("from ""where""", "user") VALUES (E'\r\n\t\\.', ''), ('\.', 'between'), ('', NULL), ('\N', 'NULL');

CREATE TABLE shop.bytes (id int PRIMARY KEY, b bytea, t text);
INSERT INTO shop.bytes SELECT 1, string_agg(set_byte('\x00', 0, n), '' ORDER BY n), '😀é' FROM generate_series(0, 255) n;
INSERT INTO shop.bytes VALUES (2, '', ''), (3, NULL, NULL);
INSERT INTO shop.bytes SELECT 4, decode(repeat(encode(b, 'hex'), 163840), 'hex') FROM shop.bytes WHERE id = 1;

CREATE TABLE shop.extremes (id int PRIMARY KEY, n numeric, s shop.positive, f float8, r real, d date, t timestamptz, i interval,
  j json, jb jsonb, a int[][], ta text[], h hstore, c "Other ""schema""".citext, p shop.pair, ip inet, m macaddr, b bit varying(70),
  r4 int4range, mr datemultirange, x xml, v tsvector, g polygon, mo money, u uuid, ch char(3), o oid, ti time with time zone);
INSERT INTO shop.extremes VALUES
  (1, 'NaN', 0.00001, 'Infinity', '-Infinity', 'infinity', '-infinity', '178000000 years', '{"a":1,"a":2, "":[ ]}',
   '{"a": [1.50, "😀\n", null]}', '{{1,2},{3,NULL}}', '{NULL,"NULL","a,b","\"",""}', 'a=>NULL, "b c"=>"\"=>"', 'CiText',
   '(1,"x,(y)")', '::ffff:1.2.3.4/128', '08:00:2b:01:02:03', B'101', '[1,5)', '{[2020-01-01,2020-02-01),[2021-01-01,)}',
   '<a b="c">&lt;</a>', 'fat:1A cat:2', '((0,0),(1,1.5),(2,0))', '-92233720368547758.08', '123e4567-e89b-12d3-a456-426655440000',
   'a', 4294967295, '23:59:59.999999-15:59'),
  (2, 1e-1000, 999999999999999.99999, 5e-324, 1e-45, '4713-01-01 BC', '294276-12-31 23:59:59.999999+00', '-0.000001 s', 'null', 'null',
   '{}', '{}', '', '', NULL, '10.0.0.0/8', NULL, '', 'empty', '{}', NULL, '', NULL, '0', NULL, '', 0, '00:00+15:59');
INSERT INTO shop.extremes (id, n, f, r, d, t, a)
  VALUES (3, ('1' || repeat('0', 5000))::numeric, 'NaN', 'NaN', '-infinity', 'infinity', '[-2:0]={1,2,3}');

CREATE TABLE shop.author (id int PRIMARY KEY, name "Other ""schema""".citext NOT NULL, best_book int, mentor int REFERENCES shop.author (id));
CREATE UNIQUE INDEX author_name ON shop.author (name) INCLUDE (id);
CREATE TABLE shop.book (id serial PRIMARY KEY, author int NOT NULL, title text COLLATE shop.german, price numeric(9, 2), stock int DEFAULT 0,
  CONSTRAINT "by" FOREIGN KEY (author) REFERENCES shop.author (id) ON UPDATE CASCADE ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED);
INSERT INTO shop.author VALUES (1, 'Ada', NULL, NULL), (2, 'Bob', NULL, 1);
INSERT INTO shop.book (author, title, price, stock) SELECT 1 + n % 2, 'Title ' || md5(n::text), n / 100.0, n % 7 FROM generate_series(1, 2000) n;
UPDATE shop.author SET best_book = id;
ALTER TABLE shop.author ADD CONSTRAINT best FOREIGN KEY (best_book) REFERENCES shop.book (id) ON DELETE SET NULL;
ALTER TABLE shop.book ADD CONSTRAINT cheap CHECK (price < 10) NOT VALID;
CREATE INDEX partial_one ON shop.book (price DESC NULLS LAST) WHERE stock > 3;
CREATE INDEX expressive ON shop.book (lower(title), (price * 2)) WITH (fillfactor = 60);
CREATE INDEX searched ON shop.book USING gin (to_tsvector('english', title));
CREATE STATISTICS shop.related (dependencies) ON author, stock FROM shop.book;
ALTER TABLE shop.book CLUSTER ON book_pkey, ALTER COLUMN title SET STATISTICS 500, REPLICA IDENTITY FULL;
CREATE TABLE shop.no_rows (LIKE shop.book INCLUDING ALL);
CREATE TABLE shop.no_columns ();
INSERT INTO shop.no_columns DEFAULT VALUES;
INSERT INTO shop.no_columns DEFAULT VALUES;
CREATE TABLE shop.booking (room int, during tsrange, EXCLUDE USING gist (during WITH &&));
INSERT INTO shop.booking VALUES (1, '[2020-01-01, 2020-01-02)');
CREATE UNLOGGED TABLE shop.fleeting AS SELECT 1 AS a;
CREATE TABLE shop.parent (a int);
CREATE TABLE shop.child (b text) INHERITS (shop.parent);
INSERT INTO shop.parent VALUES (1);
INSERT INTO shop.child VALUES (2, 'c');

CREATE TABLE shop.parted (id int, sold date, PRIMARY KEY (id, sold)) PARTITION BY RANGE (sold);
CREATE TABLE shop.parted_2020 PARTITION OF shop.parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY HASH (id);
CREATE TABLE shop.parted_2020_0 PARTITION OF shop.parted_2020 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shop.parted_2020_1 PARTITION OF shop.parted_2020 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE "Other ""schema""".parted_rest PARTITION OF shop.parted DEFAULT;
INSERT INTO shop.parted SELECT n, '2019-12-31'::date + n FROM generate_series(0, 900) n;

CREATE SEQUENCE shop."odd ""seq""" AS bigint START 1003 INCREMENT 7 MAXVALUE 99999 CACHE 3 CYCLE;
SELECT nextval('shop."odd ""seq"""'), nextval('shop."odd ""seq"""');
CREATE SEQUENCE shop.downward START -5 INCREMENT -2 MINVALUE -1000 MAXVALUE -1;
CREATE SEQUENCE shop.called START 9;
SELECT setval('shop.called', 77, false), nextval('shop.downward');

CREATE TABLE shop.journal (id int GENERATED BY DEFAULT AS IDENTITY, what text, at timestamptz);
CREATE FUNCTION shop.log_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop AS $$
BEGIN
  INSERT INTO journal (what) VALUES (TG_NAME || ' 😀 "quoted" $x$; -- PostgreSQL database dump complete');
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER a_before BEFORE INSERT OR UPDATE OF price ON shop.book FOR EACH ROW WHEN (NEW.price > 5) EXECUTE FUNCTION shop.log_it();
CREATE TRIGGER "b after" AFTER DELETE ON shop.book FOR EACH STATEMENT EXECUTE FUNCTION shop.log_it();
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON shop.author DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.log_it();
ALTER TABLE shop.book DISABLE TRIGGER "b after";
ALTER TABLE shop.author ENABLE ALWAYS TRIGGER later;
CREATE PROCEDURE shop.sell(which int, INOUT remaining int) LANGUAGE sql
  BEGIN ATOMIC UPDATE shop.book SET stock = stock - 1 WHERE id = which RETURNING stock; END;
CREATE FUNCTION shop.taxed(numeric DEFAULT 1, VARIADIC text[] DEFAULT '{}') RETURNS TABLE (a numeric, b text) STABLE PARALLEL SAFE LANGUAGE sql
  AS 'SELECT $1 * 1.19, $2[1]';
CREATE AGGREGATE shop.product (float8) (SFUNC = float8mul, STYPE = float8, INITCOND = '1');
CREATE OPERATOR shop.%% (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);
CREATE CAST (shop.pair AS text) WITH INOUT AS ASSIGNMENT;

CREATE VIEW shop.z_view AS SELECT id, title AS "the title" FROM shop.book WHERE price > 5 WITH LOCAL CHECK OPTION;
CREATE VIEW shop.a_view WITH (security_barrier) AS SELECT "the title", count(*) FROM shop.z_view GROUP BY 1;
CREATE RECURSIVE VIEW shop.counting (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counting WHERE n < 5;
CREATE MATERIALIZED VIEW shop.sums AS SELECT author, sum(price) AS s FROM shop.book GROUP BY author;
CREATE UNIQUE INDEX sums_author ON shop.sums (author);
CREATE MATERIALIZED VIEW "Other ""schema""".on_top AS SELECT count(*) FROM shop.sums;
CREATE MATERIALIZED VIEW shop.unfilled AS SELECT 1 AS a WITH NO DATA;
CREATE RULE redirected AS ON INSERT TO shop.a_view DO INSTEAD NOTHING;

CREATE TABLE shop.secret (owner name, v text);
INSERT INTO shop.secret SELECT CASE n % 3 WHEN 0 THEN 'reader' ELSE 'x' END, n FROM generate_series(1, 10) n;
ALTER TABLE shop.secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.secret AS RESTRICTIVE FOR SELECT TO reader USING (owner = current_user);
SELECT lo_from_bytea(4242, '\x00ff10'), lo_from_bytea(4243, decode(repeat('0123456789abcdef', 20000), 'hex')), lo_create(4244);
COMMENT ON LARGE OBJECT 4242 IS 'a large one';
GRANT SELECT ON LARGE OBJECT 4242 TO reader;

CREATE PUBLICATION news FOR TABLE shop.book (id, title) WHERE (id > 5) WITH (publish = 'insert');
CREATE PUBLICATION whole FOR TABLES IN SCHEMA "Other ""schema""";
CREATE FUNCTION shop.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RETURN; END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION shop.on_ddl();
ALTER EVENT TRIGGER watch ENABLE ALWAYS;
CREATE TEXT SEARCH CONFIGURATION shop.simple_de (COPY = german);
ALTER TABLE shop.author OWNER TO "shop owner";
GRANT SELECT (id, title), UPDATE (stock) ON shop.book TO reader WITH GRANT OPTION;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
REVOKE EXECUTE ON FUNCTION shop.log_it() FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "shop owner" IN SCHEMA shop GRANT SELECT ON TABLES TO reader;
