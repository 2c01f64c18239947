import * as fs from 'node:fs';
import * as path from 'node:path';
import type { RowListener, Section } from '../../engines/engine';
import { ArchiveSections } from '../../engines/postgresql/proof/archive-sections';
import { GlobalsSections } from '../../engines/postgresql/proof/globals-sections';
import { PostgresqlServer } from '../servers/postgresql';
import { casesOn, describeOn } from '../servers/versions';

jest.setTimeout(120_000);

const SCHEMA = `
  CREATE TABLE orders (id int PRIMARY KEY, note text, "a,b" text DEFAULT 'x');
  INSERT INTO orders VALUES (1, 'one', NULL), (2, E'tab\\there\\nline', ''), (3, '\\.', 'ä');
  CREATE TABLE parent (a int); CREATE TABLE child (z int, y int) INHERITS (parent); ALTER TABLE parent ADD COLUMN y int;
  INSERT INTO child (a, z, y) VALUES (1, 2, 3), (4, 5, 6);
  CREATE SEQUENCE numbers; CREATE VIEW v AS SELECT 1 AS a;
  CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER before_orders BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f();
  SELECT lo_from_bytea(7, 'abc'); SELECT lo_from_bytea(8, 'abc');
  CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = english);
  CREATE ROLE reads; CREATE ROLE other; GRANT SELECT ON orders TO reads;
  ALTER ROLE reads IN DATABASE shop SET work_mem = '1MB'; ALTER ROLE other IN DATABASE shop SET work_mem = '2MB';
  CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'a');
  CREATE USER MAPPING FOR reads SERVER far OPTIONS (password 'sekret-1');`;

/** Changes, and the sections in which each must be seen: no others. */
const CHANGES: readonly (readonly [change: string, undo: string, sections: readonly string[]])[] = [
  [
    `UPDATE orders SET note = 'eno' WHERE id = 1`,
    `UPDATE orders SET note = 'one' WHERE id = 1`,
    ['table shop.public.orders'],
  ],
  [
    `ALTER TABLE orders ALTER note SET NOT NULL`,
    `ALTER TABLE orders ALTER note DROP NOT NULL`,
    ['definition of table shop.public.orders'],
  ],
  [
    `ALTER TABLE orders DISABLE TRIGGER before_orders`,
    `ALTER TABLE orders ENABLE TRIGGER before_orders`,
    ['trigger shop.public.orders before_orders'],
  ],
  [`SELECT setval('numbers', 5)`, `SELECT setval('numbers', 1, false)`, ['value of sequence shop.public.numbers']],
  [`GRANT UPDATE ON orders TO reads`, `REVOKE UPDATE ON orders FROM reads`, ['privileges of table shop.public.orders']],
  [`ALTER VIEW v OWNER TO reads`, `ALTER VIEW v OWNER TO postgres`, ['view shop.public.v']],
  [
    `COMMENT ON COLUMN orders.note IS 'n'`,
    `COMMENT ON COLUMN orders.note IS NULL`,
    ['comment on column shop.public.orders.note'],
  ],
  [`SELECT lo_put(7, 0, 'x')`, `SELECT lo_put(7, 0, 'a')`, ['large objects of shop']],
  [
    `ALTER LARGE OBJECT 7 OWNER TO reads`,
    `ALTER LARGE OBJECT 7 OWNER TO postgres`,
    ['definition of large objects of shop'],
  ],
  // At the places of the normalisations.
  [`UPDATE child SET y = 7 WHERE a = 1`, `UPDATE child SET y = 3 WHERE a = 1`, ['table shop.public.child']],
  [
    `ALTER TABLE child ALTER y SET DEFAULT 1`,
    `ALTER TABLE child ALTER y DROP DEFAULT`,
    ['definition of table shop.public.child'],
  ],
  [
    `ALTER ROLE reads IN DATABASE shop SET work_mem = '3MB'`,
    `ALTER ROLE reads IN DATABASE shop SET work_mem = '1MB'`,
    ['settings of database shop'],
  ],
  [
    `ALTER TEXT SEARCH DICTIONARY d (accept = false)`,
    `ALTER TEXT SEARCH DICTIONARY d (accept)`,
    ['text search dictionary shop.public.d'],
  ],
];

describeOn(casesOn('postgresql'), 'sections of %s', (version) => {
  let server: PostgresqlServer;
  beforeAll(async () => {
    server = await PostgresqlServer.start({ version });
    await server.exec('CREATE DATABASE shop');
    await server.exec(SCHEMA, 'shop');
  });
  afterAll(() => server?.stop());

  async function dump(rows?: RowListener, pieces = 65_536): Promise<ReadonlyMap<string, Section>> {
    const file = path.join(server.directory, 'shop.dump');
    await server.tool('pg_dump', ['-Fc', '-Z0', '--create', `--file=${file}`, 'shop']);
    const bytes = fs.readFileSync(file);
    const reader = new ArchiveSections('shop', rows);
    for (let at = 0; at < bytes.length; at += pieces) reader.see(bytes.subarray(at, at + pieces));
    return reader.end();
  }
  const differing = (a: ReadonlyMap<string, Section>, b: ReadonlyMap<string, Section>) =>
    [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name)?.hash !== b.get(name)?.hash);

  test('are the same however the bytes come', async () => {
    expect(differing(await dump(), await dump(undefined, 7))).toEqual([]);
  });

  test('each change is in its own section', async () => {
    const before = await dump();
    for (const [change, undo, sections] of CHANGES) {
      await server.exec(change, 'shop');
      expect([change, differing(before, await dump())]).toEqual([change, sections]);
      await server.exec(undo, 'shop');
    }
    expect(differing(before, await dump())).toEqual([]);
  });

  test('the order of rows is no difference, the values of two of them that were swapped are', async () => {
    const before = await dump();
    await server.exec('UPDATE orders SET note = note WHERE id = 1', 'shop');
    expect(differing(before, await dump())).toEqual([]);
    const swap = 'UPDATE orders a SET note = b.note FROM orders b WHERE a.id + b.id = 3';
    await server.exec(swap, 'shop');
    expect(differing(before, await dump())).toEqual(['table shop.public.orders']);
    await server.exec(swap, 'shop');
    expect(differing(before, await dump())).toEqual([]);
  });

  test('the order of columns of a table that inherits some, and of settings for roles, is no difference', async () => {
    const before = await dump();
    await server.exec(
      `CREATE TABLE again (y int, z int) INHERITS (parent); INSERT INTO again (a, z, y) SELECT a, z, y FROM child;
       DROP TABLE child; ALTER TABLE again RENAME TO child;
       ALTER ROLE reads IN DATABASE shop RESET work_mem; ALTER ROLE reads IN DATABASE shop SET work_mem = '1MB';
       SET quote_all_identifiers = on; DROP TEXT SEARCH DICTIONARY d;
       CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = english);`,
      'shop',
    );
    expect(differing(before, await dump())).toEqual([]);
  });

  test('rows are heard with their columns, in the order of their names', async () => {
    const heard: unknown[] = [];
    const wants = (section: string) => /orders|child|large/.test(section);
    await dump({ wants, row: (section, columns, values) => heard.push([section, columns, values]) }, 11);
    expect(heard).toEqual(
      expect.arrayContaining([
        ['table shop.public.child', ['a', 'y', 'z'], ['1', '3', '2']],
        ['table shop.public.orders', ['a,b', 'id', 'note'], ['\\N', '1', 'one']],
        ['table shop.public.orders', ['a,b', 'id', 'note'], ['', '2', 'tab\\there\\nline']],
        ['table shop.public.orders', ['a,b', 'id', 'note'], ['ä', '3', '\\\\.']],
        ['large objects of shop', ['oid', 'content'], ['7', expect.any(String)]],
      ]),
    );
    expect(heard).toHaveLength(7);
  });

  test('no section shows a secret or the value of a setting', async () => {
    const texts = JSON.stringify([...(await dump()).values()]);
    expect(texts).not.toMatch(/sekret|1MB/);
    expect(texts).toContain('CREATE TRIGGER');
  });

  test('an archive that is cut differs', async () => {
    const file = path.join(server.directory, 'shop.dump');
    const whole = await dump();
    const bytes = fs.readFileSync(file);
    for (const cut of [bytes.length - 1, bytes.length - 400]) {
      const reader = new ArchiveSections('shop', undefined);
      reader.see(bytes.subarray(0, cut));
      expect(differing(whole, reader.end())).toContain('archive of shop');
    }
  });
});

describe('sections of roles', () => {
  const GLOBALS = `\\restrict abc
SET client_encoding = 'UTF8';
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS PASSWORD 'SCRAM-SHA-256$x';
CREATE ROLE a;
ALTER ROLE a WITH NOSUPERUSER NOLOGIN;
ALTER ROLE a SET work_mem TO '4MB';
ALTER ROLE "a
b" SET "app.key" TO 'first
sec''ond';
COMMENT ON ROLE a IS 'it''s; a';
CREATE TABLESPACE fast OWNER a LOCATION '/mnt/fast';
GRANT CREATE ON TABLESPACE fast TO a;
SET SESSION AUTHORIZATION a;
GRANT CREATE ON TABLESPACE fast TO b;
RESET SESSION AUTHORIZATION;
GRANT a TO b GRANTED BY postgres;
GRANT SET ON PARAMETER work_mem TO a;
\\unrestrict abc
`;
  const sections = (text: string) => {
    const reader = new GlobalsSections();
    reader.see(Buffer.from(text));
    return reader.end();
  };
  const differing = (text: string) => {
    const [a, b] = [sections(GLOBALS), sections(text)];
    return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name)?.hash !== b.get(name)?.hash);
  };

  test('have a name each', () => {
    expect([...sections(GLOBALS).keys()].toSorted()).toEqual([
      ...['memberships of role b', 'parameter work_mem', 'role a', 'role a\nb', 'role postgres', 'tablespace fast'],
    ]);
    expect(JSON.stringify([...sections(GLOBALS).values()])).not.toMatch(/SCRAM|4MB|first|ond/);
  });

  test.each([
    ['a token', GLOBALS.replaceAll('abc', 'def')],
    ['the place of a tablespace', GLOBALS.replace('/mnt/fast', '/scratch/0')],
    [
      'the superuser of the throw-away server',
      `${GLOBALS}CREATE ROLE proven_prover;\nALTER ROLE proven_prover WITH SUPERUSER;\n`,
    ],
  ])('%s is no difference', (_, text) => expect(differing(text)).toEqual([]));

  test.each([
    ['a password', GLOBALS.replace('SCRAM-SHA-256$x', 'SCRAM-SHA-256$y'), ['role postgres']],
    ['the owner of a tablespace', GLOBALS.replace('OWNER a', 'OWNER b'), ['tablespace fast']],
    ['a superuser', GLOBALS.replace('a WITH NOSUPERUSER', 'a WITH SUPERUSER'), ['role a']],
    ['a membership', GLOBALS.replace(/GRANT a TO b.*\n/, ''), ['memberships of role b']],
    ['who granted', GLOBALS.replace('AUTHORIZATION a', 'AUTHORIZATION b'), ['tablespace fast']],
    ['a setting', GLOBALS.replace('4MB', '5MB'), ['role a']],
  ])('%s that changes is one', (_, text, names) => expect(differing(text)).toEqual(names));
});
