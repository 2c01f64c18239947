import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import { describeOn, inMatrix, versionsOf } from '../servers/versions';
import { PostgresqlScene } from './postgresql-support';

jest.setTimeout(120_000);

const OBJECTS = fs.readFileSync(path.join(__dirname, '../cases/postgresql-objects.sql'), 'utf8');

describeOn(inMatrix(versionsOf('postgresql'), ['postgresql-15']), 'a backup of %s comes back', (version) => {
  let shop: PostgresqlScene;
  let manifest: Manifest;
  let before: string;
  beforeAll(async () => {
    shop = await PostgresqlScene.start(version);
    await shop.server.exec('CREATE ROLE backup');
    await shop.database('shop', OBJECTS);
    await shop.server.exec(
      `CREATE TABLE books (id int PRIMARY KEY, title text NOT NULL);
      INSERT INTO books VALUES (1, 'Momo'), (2, 'Krabat')`,
      'shop',
    );
    await shop.server.exec(`ALTER DATABASE shop SET work_mem = '8MB'; COMMENT ON DATABASE shop IS 'ours; all of it';
      REVOKE ALL ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE shop TO admin`);
    before = await shop.dumpOf('shop');
    manifest = await shop.backUp('shop');
  });
  afterAll(() => shop?.stop());

  test('beside the original, under another name, with all that a dump says', async () => {
    const { plan, report } = await shop.restored(manifest, { as: 'shop_restored' });
    expect(plan).toMatchObject({
      targets: [{ database: 'shop', name: 'shop_restored', state: 'new', tables: manifest.tables.length }],
      atomic: true,
    });
    expect(report).toMatchObject({ tables: manifest.tables.length, uncompared: [] });
    expect(await shop.dumpOf('shop_restored')).toBe(before);
    await shop.server.exec('DROP DATABASE shop_restored');
  });
  test('a dry run shows the plan and changes nothing', async () => {
    const { plan, report } = await shop.restored(manifest, { as: 'looked', dryRun: true });
    expect(plan).toMatchObject({ targets: [{ name: 'looked', state: 'new' }] });
    expect(report).toBeUndefined();
    expect(await shop.names()).toEqual(['shop']);
  });
  test('what exists is not touched, and is replaced if one says so, while a client is connected', async () => {
    await shop.server.exec('DELETE FROM books WHERE id = 1; DROP TABLE app.am', 'shop');
    const refused = await shop.restore(manifest);
    expect(refused).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-exists', object: 'shop' } });
    expect(refused.plan?.targets).toMatchObject([{ state: 'exists', holds: expect.anything() as unknown }]);
    const client = await shop.server.connect('shop');
    const ended = new Promise((resolve) => client.on('error', resolve));
    await shop.restored(manifest, { overwrite: ['shop'] });
    await ended;
    await client.end().catch(() => undefined);
    expect(await shop.dumpOf('shop')).toBe(before);
    expect(await shop.names()).toEqual(['shop']);
  });
  test('a database that was dropped, by several connections at once', async () => {
    await shop.server.exec('DROP DATABASE shop');
    await shop.restored(manifest, { jobs: 2 });
    expect(await shop.dumpOf('shop')).toBe(before);
  });
  test('the rows of one table come by several connections, each once', async () => {
    await shop.database(
      'large',
      `CREATE TABLE t AS SELECT n, repeat(n::text || E'\n\\\\', n % 50) AS text FROM generate_series(1, 50000) n;
      CREATE TABLE bare (); INSERT INTO bare SELECT FROM generate_series(1, 300000); INSERT INTO t VALUES (0, repeat('x', 3000000))`,
    );
    const rows = `SELECT md5(string_agg(t::text, '' ORDER BY n)), (SELECT count(*) FROM bare) FROM t`;
    const content = await shop.server.exec(rows, 'large');
    await shop.restored(await shop.backUp('large'), { overwrite: ['large'], jobs: 3 });
    expect(await shop.server.exec(rows, 'large')).toBe(content);
    // Each connection had a transaction of its own.
    const sessions = 'SELECT count(DISTINCT xmin::text) FROM t';
    expect(await shop.server.exec(sessions, 'large')).toBe('3\n');
    await shop.server.exec('DROP DATABASE large');
  });
  test('an empty database is filled', async () => {
    await shop.server.exec('DROP DATABASE shop; CREATE DATABASE shop');
    expect((await shop.restored(manifest)).plan?.targets).toMatchObject([{ state: 'empty' }]);
    expect(await shop.dumpOf('shop')).toBe(before);
  });
  test('single tables come beside their originals, with their key, to be joined', async () => {
    await shop.server.exec(`DELETE FROM books WHERE id = 1; UPDATE books SET title = 'Other'`, 'shop');
    const { plan } = await shop.restored(manifest, { tables: ['shop.public.books'], as: 'from_backup' });
    expect(plan).toMatchObject({ targets: [{ database: 'shop', name: 'shop.from_backup', tables: 1, rows: 2 }] });
    const rows = 'SELECT b.id, b.title, o.title FROM from_backup.books b LEFT JOIN books o USING (id) ORDER BY 1';
    expect(await shop.server.exec(rows, 'shop')).toBe('1|Momo|\n2|Krabat|Other\n');
    const key = `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'from_backup.books'::regclass AND contype = 'p'`;
    expect(await shop.server.exec(key, 'shop')).toBe('PRIMARY KEY (id)\n');
    expect(await shop.names()).toEqual(['shop']);
    const again = await shop.restore(manifest, { tables: ['books'], as: 'from_backup' });
    expect(again).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-exists', object: 'from_backup' } });
  });
  test('all tables of the backup come beside their originals', async () => {
    const tables = manifest.tables.map(({ schema, name }) => `shop.${schema}.${name}`);
    await shop.restored(manifest, { tables, as: 'all_of_them' });
    const made = "SELECT count(*) FROM pg_class WHERE relnamespace = 'all_of_them'::regnamespace AND relkind = 'r'";
    expect(await shop.server.exec(made, 'shop')).toBe(`${tables.length}\n`);
  });
});
