import { PostgresqlScene } from '../restore/postgresql-support';
import type { Version } from '../servers/versions';
import { sameForAll, type Damage, type Damages } from './kinds';
import { underLoad, type Subject } from './subject';
import { inTurn } from './turns';

const DATABASES = ['shop', 'second'];

const ROLES = `CREATE ROLE keeper NOLOGIN CONNECTION LIMIT 5; CREATE ROLE reader NOLOGIN; GRANT keeper TO reader; COMMENT ON ROLE keeper IS 'keeps';`;
/** Of the database itself: a copy of it has not these. */
const OF_DATABASE = `COMMENT ON DATABASE shop IS 'the shop'; ALTER DATABASE shop SET work_mem = '7MB'; GRANT CONNECT ON DATABASE shop TO reader; ALTER ROLE reader IN DATABASE shop SET work_mem = '9MB';`;

/** All features of the engine. */
const SCHEMA = `
  CREATE SCHEMA side; CREATE EXTENSION pgcrypto; CREATE EXTENSION citext;
  CREATE TYPE mood AS ENUM ('low', 'mid', 'high'); CREATE DOMAIN positive AS numeric(12, 4) CHECK (VALUE > 0);
  CREATE TABLE author (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT 'nobody', note text, born date, active boolean, kind mood);
  INSERT INTO author (name, note, born, active, kind) VALUES ('Ada 😀', '', '-infinity', true, 'low'), ('Böb', NULL, '1815-12-10', false, 'mid'), ('Carl', E'end  \\r\\n', NULL, NULL, 'high');
  CREATE TABLE book (id serial PRIMARY KEY, author int NOT NULL CONSTRAINT by_author REFERENCES author (id) ON DELETE CASCADE, title text, price numeric(9, 2) DEFAULT 1.50 CONSTRAINT cheap CHECK (price < 1000),
    weight float8, moment timestamptz, cover bytea, gross numeric(12, 4) GENERATED ALWAYS AS (price * 1.19) STORED, stock bigint, swap1 int, swap2 int, amount positive, bits bit varying(9));
  INSERT INTO book (author, title, price, weight, moment, cover, stock, swap1, swap2, amount, bits)
    SELECT 1 + i % 3, 'Title ' || i, i / 10.0, i / 7.0, to_timestamp(1700000000 + i), decode(lpad(to_hex(i), 4, '0') || '80ff00', 'hex'), i, i, i + 1, i, B'101' FROM generate_series(1, 400) i;
  CREATE UNIQUE INDEX by_title ON book (title); CREATE INDEX dear ON book (price DESC) WHERE price > 5;
  CREATE TABLE log (a int, b text); INSERT INTO log VALUES (1, 'same'), (1, 'same'), (NULL, '');
  CREATE TABLE emptied (id int PRIMARY KEY); INSERT INTO emptied VALUES (1), (2);
  CREATE TABLE plain (id int PRIMARY KEY, t text) WITH (fillfactor = 70); INSERT INTO plain VALUES (1, 'x'); COMMENT ON TABLE plain IS 'plain';
  CREATE TABLE parted (id int, y int) PARTITION BY RANGE (y); CREATE TABLE parted_old PARTITION OF parted FOR VALUES FROM (0) TO (2000); CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
  INSERT INTO parted VALUES (1, 1990), (2, 2010);
  CREATE TABLE side.far (a int PRIMARY KEY); INSERT INTO side.far VALUES (1);
  CREATE SEQUENCE numbers START 100 INCREMENT 10; SELECT nextval('numbers'), nextval('numbers');
  CREATE TABLE secret (owner text, v int); INSERT INTO secret SELECT CASE WHEN i < 4 THEN 'reader' ELSE 'x' END, i FROM generate_series(1, 10) i;
  ALTER TABLE secret ENABLE ROW LEVEL SECURITY; ALTER TABLE secret FORCE ROW LEVEL SECURITY; CREATE POLICY own ON secret FOR SELECT TO reader USING (owner = current_user);
  CREATE VIEW cheap_books AS SELECT id, title FROM book WHERE price < 5; CREATE VIEW on_top AS SELECT count(*) AS n FROM cheap_books;
  CREATE MATERIALIZED VIEW sums AS SELECT author, sum(price) AS s FROM book GROUP BY author;
  CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN INSERT INTO log VALUES (OLD.id, ''gone''); RETURN OLD; END';
  CREATE TRIGGER noted AFTER DELETE ON book FOR EACH ROW EXECUTE FUNCTION noted();
  CREATE FUNCTION taxed(numeric) RETURNS numeric IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 1.19';
  CREATE FUNCTION heard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END'; CREATE EVENT TRIGGER heard ON ddl_command_end WHEN TAG IN ('CREATE CAST') EXECUTE FUNCTION heard();
  CREATE PUBLICATION news FOR TABLE book; CREATE STATISTICS related (dependencies) ON author, stock FROM book;
  SELECT lo_from_bytea(4242, decode(repeat('00ff80', 9000), 'hex'));
  ALTER TABLE author OWNER TO keeper; GRANT SELECT ON book TO reader; ALTER DEFAULT PRIVILEGES FOR ROLE keeper GRANT SELECT ON TABLES TO reader;
`;

/** Rows of some megabytes, of which a part is there twice. */
const LARGE = `INSERT INTO log SELECT i % 1000, i % 99 FROM generate_series(1, 250000) i`;
const write = (round: number) => `
  INSERT INTO book (author, title, amount) VALUES (1, 'written ${round}', 1); INSERT INTO log VALUES (${round}, 'written'); SELECT nextval('numbers');
  UPDATE book SET price = ${round % 900}, moment = now() WHERE id % 7 = 0; DELETE FROM log WHERE a = ${round - 5}; INSERT INTO author (name) VALUES ('new')`;

/** Starts the subject: a server with such databases, and its backup. */
export async function startPostgresql(version: Version): Promise<Subject> {
  const shop = await PostgresqlScene.start(version);
  const { server } = shop;
  await server.exec(ROLES);
  for (const database of ['pristine', 'second', 'untouched'])
    await server.exec(`CREATE DATABASE ${database} TEMPLATE template0`);
  await server.exec(SCHEMA, 'pristine');
  for (const database of ['second', 'untouched'])
    await server.exec('CREATE TABLE other (a int PRIMARY KEY); INSERT INTO other VALUES (1)', database);
  let count = 0;
  const backUp = () => {
    const expectations = [
      { kind: 'at-least', statement: 'SELECT count(*) FROM book', database: 'shop', value: 350 } as const,
      { kind: 'tables', value: 8 } as const,
    ];
    const job = {
      ...shop.job(`shop-${++count}`, { databases: DATABASES }),
      rowDigests: { kind: 'all' } as const,
      expectations,
    };
    return shop.scene.backUp(job, shop.as('postgres'));
  };
  const make = () => server.exec(`CREATE DATABASE shop TEMPLATE pristine; ${OF_DATABASE}`);
  await make();
  const turn = inTurn();
  const reset = async () => {
    await server.exec(
      'DROP DATABASE shop WITH (FORCE); DROP DATABASE second; CREATE DATABASE second TEMPLATE untouched',
    );
    await make();
  };
  const client = [
    'psql',
    '-X',
    '-q',
    '-v',
    'ON_ERROR_STOP=1',
    '-h',
    'SOCKET',
    '-U',
    'proven_prover',
    '-d',
    'shop',
    '-f',
    '-',
  ];
  return {
    ...{ scene: shop.scene, options: { image: version } },
    hook: { tool: 'pg_dump', client },
    manifest: await backUp(),
    backUpAfter: (sql) =>
      turn(async () => {
        await reset();
        await server.exec(sql, 'shop');
        return backUp();
      }),
    backUpUnderLoad: () =>
      turn(async () => {
        await reset();
        await server.exec(LARGE, 'shop');
        return underLoad(backUp, (round) => server.exec(write(round), 'shop'));
      }),
    stop: () => shop.stop(),
  };
}

const restored = (sql: string): Damage => ({ at: 'restored', sql });
const dump = (sql: string): Damage => ({ at: 'dump', sql });
const both = (sql: string): readonly Damage[] => [dump(sql), restored(sql)];

/** What can happen to a backup of PostgreSQL. */
export const POSTGRESQL_DAMAGES: Damages = {
  1: [
    { at: 'transit', edit: (bytes) => bytes.subarray(0, -9) },
    { at: 'stored', object: /\.dump\.zst$/, edit: (bytes) => bytes.subarray(0, -40) },
  ],
  2: { at: 'stored', object: /globals/, edit: (bytes) => bytes.subarray(0, bytes.indexOf('CREATE ROLE reader')) },
  3: both('DROP TABLE emptied'),
  4: both('DELETE FROM emptied'),
  5: both('DELETE FROM book WHERE id = 250'),
  6: both("INSERT INTO log VALUES (1, 'same')"),
  7: both("UPDATE book SET title = 'Title 9x' WHERE id = 99"),
  8: both('UPDATE book SET swap1 = swap2, swap2 = swap1 WHERE id = 77'),
  9: [...both("UPDATE author SET note = NULL WHERE note = ''"), dump("UPDATE author SET note = '' WHERE note IS NULL")],
  10: [
    dump("UPDATE author SET note = E'end\\r\\n' WHERE id = 3"),
    dump("UPDATE author SET note = E'end  \\n' WHERE id = 3"),
  ],
  11: both("UPDATE author SET name = 'Ada ?' WHERE id = 1"),
  12: dump("UPDATE author SET name = 'BÃ¶b' WHERE id = 2"),
  13: 'the server refuses them in every text',
  14: both("UPDATE book SET cover = '\\x000580ff01' WHERE id = 5"),
  15: both('UPDATE author SET active = NOT active WHERE id = 1'),
  16: both('UPDATE book SET weight = 0.14285714285714288 WHERE id = 1'),
  17: both('ALTER TABLE plain ADD COLUMN n numeric(9, 1)'),
  18: both("UPDATE book SET moment = moment + interval '1 hour'"),
  19: both('UPDATE author SET born = NULL WHERE id = 1'),
  20: [...both("SELECT setval('book_id_seq', 1)"), restored('ALTER SEQUENCE numbers RESTART')],
  21: [
    ...both('ALTER TABLE author ALTER id SET GENERATED BY DEFAULT'),
    ...both("SELECT setval('numbers', 110, false)"),
  ],
  22: both('DROP INDEX dear'),
  23: both('DROP INDEX by_title; CREATE INDEX by_title ON book (title)'),
  24: [
    ...both('ALTER TABLE book DROP CONSTRAINT by_author'),
    dump(
      'ALTER TABLE book DROP CONSTRAINT by_author, ADD CONSTRAINT by_author FOREIGN KEY (author) REFERENCES author (id)',
    ),
  ],
  25: restored('SET session_replication_role = replica; DELETE FROM author WHERE id = 1'),
  26: [
    ...both('ALTER TABLE book DROP CONSTRAINT cheap'),
    dump('ALTER TABLE book DROP CONSTRAINT cheap, ADD CONSTRAINT cheap CHECK (price < 1000) NOT VALID'),
  ],
  27: both('ALTER TABLE book ALTER price DROP DEFAULT'),
  28: both('ALTER TABLE book ALTER gross DROP EXPRESSION'),
  29: [
    dump('ALTER TABLE log DROP COLUMN a; ALTER TABLE log ADD COLUMN a int'),
    ...both('ALTER TABLE author ALTER name DROP NOT NULL'),
    dump('ALTER TABLE log ALTER b TYPE varchar(90)'),
    dump('ALTER TABLE log ALTER b TYPE text COLLATE "C"'),
  ],
  30: [...both('ALTER DATABASE shop RESET work_mem'), dump('COMMENT ON DATABASE shop IS NULL')],
  31: both('DROP TRIGGER noted ON book'),
  32: [
    ...both('ALTER TABLE book DISABLE TRIGGER noted'),
    dump(
      'DROP TRIGGER noted ON book; CREATE TRIGGER noted BEFORE DELETE ON book FOR EACH ROW EXECUTE FUNCTION noted()',
    ),
  ],
  33: both('DROP FUNCTION taxed'),
  34: [
    dump("CREATE OR REPLACE FUNCTION taxed(numeric) RETURNS numeric IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 1.2'"),
    ...both('ALTER FUNCTION noted() SECURITY INVOKER'),
  ],
  35: both('ALTER EVENT TRIGGER heard DISABLE'),
  36: [
    ...both('DROP VIEW on_top'),
    dump('CREATE OR REPLACE VIEW on_top AS SELECT count(*) + 1 AS n FROM cheap_books'),
    dump('DROP VIEW on_top; CREATE TABLE on_top (n bigint)'),
  ],
  37: dump('ALTER TABLE author OWNER TO reader'),
  38: [
    ...both('REVOKE SELECT ON book FROM reader'),
    ...both('DROP POLICY own ON secret'),
    ...both('ALTER TABLE secret NO FORCE ROW LEVEL SECURITY'),
    dump('ALTER DEFAULT PRIVILEGES FOR ROLE keeper REVOKE SELECT ON TABLES FROM reader'),
  ],
  39: dump("DELETE FROM secret WHERE owner <> 'reader'"),
  40: [...both('SELECT lo_unlink(4242)'), ...both("SELECT lo_put(4242, 0, '\\xff')")],
  41: both('DROP EXTENSION citext'),
  42: both('REFRESH MATERIALIZED VIEW sums WITH NO DATA'),
  43: [
    ...both('ALTER TABLE parted DETACH PARTITION parted_old'),
    dump('DROP TABLE parted_old; INSERT INTO parted VALUES (1, 1990)'),
  ],
  44: 'it has no system versions',
  45: both('DROP SCHEMA side CASCADE'),
  46: [...both("ALTER TYPE mood ADD VALUE 'top'"), dump('ALTER DOMAIN positive DROP CONSTRAINT positive_check')],
  47: [
    dump('DROP INDEX dear; CREATE INDEX dear ON book (price DESC)'),
    dump('DROP INDEX dear; CREATE INDEX dear ON book (price) WHERE price > 5'),
  ],
  48: [dump('ALTER TABLE plain RESET (fillfactor)'), dump('ALTER TABLE plain SET UNLOGGED')],
  49: dump('ALTER TABLE book ALTER stock TYPE int'),
  50: dump('DELETE FROM book WHERE id > 390'),
  ...sameForAll(400),
  52: dump('DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA side CASCADE'),
  57: restored("UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = 'dear'::regclass"),
  58: [dump('COMMENT ON TABLE plain IS NULL'), dump('DROP STATISTICS related'), dump('DROP PUBLICATION news')],
};

/** What a restored server may do that changes nothing. */
export const POSTGRESQL_HARMLESS = [
  "DELETE FROM log; INSERT INTO log VALUES (NULL, ''), (1, 'same'), (1, 'same')",
  'ANALYZE; VACUUM FULL book; UPDATE book SET title = title WHERE id % 2 = 0; REINDEX TABLE book',
];
