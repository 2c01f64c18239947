import * as fs from 'node:fs';
import * as path from 'node:path';
import { plain, tableRows, document } from '../docs/markdown';
import { Emulator } from '../emulator/emulator';
import { PostgresqlServer } from '../servers/postgresql';
import type { Version } from '../servers/versions';
import { casesOn, describeOn, numberOf, rootOf } from '../servers/versions';
import { serverJob } from '../support/job';
import { Reader } from '../support/reader';

jest.setTimeout(180_000);

/** Settings of a database that change what its sessions read and write. */
const SETTINGS = [
  ...['default_transaction_read_only = on', 'array_nulls = off', 'role = limited', 'search_path = nowhere'],
  ...["default_transaction_isolation = 'serializable'", 'default_transaction_deferrable = on'],
  ...["datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "lc_monetary = 'C'", "timezone = 'Asia/Tokyo'"],
  ...["bytea_output = 'escape'", 'standard_conforming_strings = off', "xmloption = 'document'"],
];
const ACCOUNT = `CREATE ROLE backup LOGIN PASSWORD 'secret' BYPASSRLS; GRANT pg_read_all_data TO backup;`;
/** What the page tells to put into the two scripts, by the words of the row. */
function repairs(words: string): readonly [before: string, after: string] {
  const rows = tableRows(document('docs/restore-by-hand.md').section('PostgreSQL in sections'));
  const [, before, after = ''] = rows.find(([cell]) => cell!.includes(words))!;
  return [plain(before), after === '—' ? '' : plain(after)];
}

describe('restoring PostgreSQL by the documented commands', () => {
  let emulator: Emulator;
  let source: PostgresqlServer;
  let target: PostgresqlServer;
  let reader: Reader | undefined;
  let runs = 0;
  beforeAll(async () => void (emulator = await Emulator.start()));
  afterAll(() => emulator?.stop());

  async function start(version: Version): Promise<void> {
    [source, target] = await Promise.all([PostgresqlServer.start({ version }), PostgresqlServer.start({ version })]);
    await source.exec(`${ACCOUNT} CREATE DATABASE shop`);
  }
  async function stop(): Promise<void> {
    await Promise.all([source?.stop(), target?.stop()]);
    reader?.leave();
  }

  /** Backs the databases up, and fetches the backup. */
  async function fetched(databases: readonly string[] = ['shop']): Promise<Reader> {
    reader?.leave();
    const job = (place: Parameters<typeof serverJob>[1]) => serverJob(source, place, { databases });
    const how = { username: 'backup', password: 'secret', image: source.version };
    const { bucket } = await Reader.backUp(emulator, `${source.version}-${++runs}`, job, how);
    reader = new Reader(emulator, bucket, target);
    await reader.fetch();
    return reader;
  }
  async function expectSame(sql: string): Promise<string> {
    const before = await source.exec(sql, 'shop');
    expect(await target.exec(sql, 'shop')).toBe(before);
    return before;
  }

  describeOn(casesOn('postgresql'), 'on %s, settings that a database brings along:', (version) => {
    let said: string;
    beforeAll(async () => {
      await start(version);
      await source.exec(
        `SET array_nulls = on; DROP SCHEMA public; CREATE SCHEMA app;
         CREATE TABLE app.t (a text[], d date, i interval, m money, z timestamptz, b bytea, s text, x xml);
         INSERT INTO app.t VALUES (ARRAY['x', NULL], '2026-11-02', '-1 day 02:03:04', 12.5, '2026-11-02 03:04:05+00',
           '\\x00ff5c', 'a\\b', 'only <a/> content')`,
        'shop',
      );
      await source.exec(
        `CREATE ROLE limited; GRANT pg_read_all_data TO limited; GRANT limited TO backup;
         ${SETTINGS.map((setting) => `ALTER DATABASE shop SET ${setting};`).join('\n')}`,
      );
      said = await (await fetched()).restore();
    });
    afterAll(stop);

    test('the roles load without an error, and the administrator keeps the password', () => {
      expect(said).not.toMatch(/error/i);
    });
    test('P08 a read-only database comes back', () => expectSame('SELECT count(*) FROM app.t'));
    test('P17 NULL in arrays comes back where array_nulls is off', async () => {
      expect(await expectSame('SELECT a[2] IS NULL FROM app.t')).toBe('t\n');
    });
    test('Rx09 a database that sets a role for its sessions comes back with its owners', () =>
      expectSame("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 't'"));
    test('Rx10 dates, intervals, money, bytes and text come back under settings that change their form', () =>
      expectSame('SELECT d, i, m, z, b, s FROM app.t'));
    test('Rx11 xml that is no document comes back where xmloption is document', () =>
      expectSame('SELECT x FROM app.t'));
    test('Rx12 the settings themselves come back', () =>
      expectSame(
        "SELECT unnest(setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = 'shop'",
      ));
    test('P16 a schema public that was dropped is there again, as the page says', async () => {
      const sql = "SELECT count(*) FROM pg_namespace WHERE nspname = 'public'";
      expect([await source.exec(sql, 'shop'), await target.exec(sql, 'shop')]).toEqual(['0\n', '1\n']);
    });
  });

  describeOn(casesOn('postgresql'), 'on %s, in sections:', (version) => {
    beforeAll(() => start(version));
    afterAll(stop);
    beforeEach(() => target.exec('DROP DATABASE IF EXISTS shop'));

    /** The plain command stops with these words; in sections, with the repairs of the page, all comes back. */
    async function expectRepaired(schema: string, words: string): Promise<void> {
      await source.exec('DROP DATABASE shop');
      await source.exec('CREATE DATABASE shop');
      await source.exec(schema, 'shop');
      const { folder } = await fetched();
      await expect(reader!.restore()).rejects.toThrow(words);
      await target.exec('DROP DATABASE shop');
      const [before, after] = repairs(words);
      for (const [name, sql] of Object.entries({ 'before-data.sql': before, 'after-data.sql': after }))
        fs.writeFileSync(path.join(folder, name), sql);
      expect(await reader!.typePage('PostgreSQL in sections')).not.toMatch(/error/i);
    }

    // While the table is empty: since 17 the server refuses to create such an index on rows.
    test('P09 an index whose function finds others by the search_path of its sessions comes back', async () => {
      await expectRepaired(
        `CREATE FUNCTION plain(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';
         CREATE FUNCTION folded(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN plain($1); END';
         CREATE TABLE t (a text); CREATE INDEX i ON t (folded(a)); INSERT INTO t VALUES ('Ä');
         CREATE TABLE u (a int PRIMARY KEY)`,
        'does not exist',
      );
      await expectSame('SELECT indexdef FROM pg_indexes ORDER BY indexname');
    });
    test('Rx13 a check whose function finds others by the search_path of its sessions comes back', async () => {
      await expectRepaired(
        `CREATE FUNCTION plain(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';
         CREATE FUNCTION folded(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN plain($1); END';
         CREATE TABLE t (a text CHECK (folded(a) <> 'x')); INSERT INTO t VALUES ('Ä')`,
        'does not exist',
      );
      await expectSame('SELECT count(*) FROM t');
    });
    test('Rx14 a generated column whose function finds others by the search_path comes back', async () => {
      await expectRepaired(
        `CREATE FUNCTION plain(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';
         CREATE FUNCTION folded(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN plain($1); END';
         CREATE TABLE t (a text, b text GENERATED ALWAYS AS (folded(a)) STORED); INSERT INTO t VALUES ('Ä')`,
        'does not exist',
      );
      await expectSame('SELECT a, b FROM t');
    });
    test('Rx15 a check that reads another table comes back', async () => {
      await expectRepaired(
        `CREATE TABLE payments (id int PRIMARY KEY); INSERT INTO payments VALUES (1);
         CREATE FUNCTION is_paid(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM public.payments WHERE id = $1)';
         CREATE TABLE orders (id int CONSTRAINT paid CHECK (public.is_paid(id))); INSERT INTO orders VALUES (1)`,
        'violates check constraint',
      );
      await expectSame("SELECT count(*), (SELECT count(*) FROM pg_constraint WHERE conname = 'paid') FROM orders");
    });
    test('P03 rows of an extension whose tables refer to each other come back', async () => {
      const folder = path.join(rootOf(version), 'usr/share/postgresql', numberOf(version), 'extension');
      const files = {
        'proven_ring.control': "default_version = '1.0'\nrelocatable = false\n",
        'proven_ring--1.0.sql': `CREATE TABLE hyper (id int PRIMARY KEY, newest int);
          CREATE TABLE chunk (id int PRIMARY KEY, hyper int REFERENCES hyper (id));
          ALTER TABLE hyper ADD FOREIGN KEY (newest) REFERENCES chunk (id);
          SELECT pg_catalog.pg_extension_config_dump('hyper', '');
          SELECT pg_catalog.pg_extension_config_dump('chunk', '');`,
      };
      for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), content);
      try {
        await expectRepaired(
          `CREATE EXTENSION proven_ring; INSERT INTO hyper VALUES (1, NULL); INSERT INTO chunk VALUES (2, 1);
           UPDATE hyper SET newest = 2`,
          'violates foreign key constraint',
        );
        await expectSame('SELECT * FROM hyper JOIN chunk ON newest = chunk.id');
      } finally {
        for (const name of Object.keys(files)) fs.rmSync(path.join(folder, name));
      }
    });
    test('Rx16 a tablespace that the new server lacks: the database comes back without it', async () => {
      await source.exec('DROP DATABASE shop');
      const directory = fs.mkdtempSync(path.join(source.directory, 'space-'));
      const { uid, gid } = fs.statSync(source.directory);
      fs.chownSync(directory, uid, gid);
      await source.exec(`CREATE TABLESPACE space LOCATION '${directory}'`);
      await source.exec('CREATE DATABASE shop TABLESPACE space');
      await source.exec('CREATE TABLE t AS SELECT 1 AS a', 'shop');
      const at = await fetched();
      // Two servers of one version cannot share a directory.
      await expect(at.restore()).rejects.toThrow('tablespace "space" does not exist');
      await at.typePage('PostgreSQL: before you start');
      await expectSame('SELECT a FROM t');
    });
  });
});
