import * as fs from 'node:fs';
import * as path from 'node:path';
import { describeOn, engineOf, inMatrix, rootOf, versionsOf } from '../servers/versions';
import { inRoot } from '../support/in-root';
import { serverJob } from '../support/job';
import { freePort, run, temporaryDirectory } from '../support/processes';
import { MysqlScene } from './mysql-scene';

jest.setTimeout(120_000);

const BODY = 'BEGIN\r\n  -- why: keep this line\r\n  /* and this */ SET @a = 1;\nEND';
const WIDE = Array.from({ length: 150 }, (_, index) => `c${index} VARCHAR(60)`).join(', ');

/** A shop as documents have it, and what has broken restores of others. */
const SCHEMA = `
CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL, photo BLOB, KEY named (name), KEY both_ways (name, id));
INSERT INTO customers (name, photo) VALUES ('Ada', x'0001ff27225c0a0d'), ('Grace; DROP', NULL), ('🐘 ''x''\\n', '');
CREATE TABLE orders (id INT PRIMARY KEY, customer INT, at TIMESTAMP NULL, price DOUBLE, total DECIMAL(9,2), twice INT AS (id * 2),
  CONSTRAINT buyer FOREIGN KEY (customer) REFERENCES customers (id), CHECK (total >= 0));
INSERT INTO orders (id, customer, at, price, total) SELECT seq, 1 + seq % 3, '2026-11-01 02:00:00', seq / 3, seq FROM
  (SELECT 1 AS seq UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) numbers;
CREATE TABLE log (line TEXT) ENGINE=MyISAM; INSERT INTO log VALUES ('a'), ('a');
CREATE VIEW totals AS SELECT customer, SUM(total) AS total FROM orders GROUP BY customer;
CREATE VIEW all_totals AS SELECT * FROM totals;
DELIMITER //
CREATE PROCEDURE p() ${BODY}//
CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 42//
CREATE TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW ${BODY}//
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' DO ${BODY}//
DELIMITER ;
CREATE EVENT off ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' DISABLE DO SET @a = 1;
CREATE DATABASE blog; CREATE TABLE blog.posts (id INT PRIMARY KEY); INSERT INTO blog.posts VALUES (1);
`;
const MARIADB = `USE shop; SET SESSION innodb_strict_mode = OFF;
CREATE TABLE wide (id INT PRIMARY KEY, ${WIDE}) CHARACTER SET latin1 ROW_FORMAT=DYNAMIC; INSERT INTO wide (id, c0) VALUES (1, 'x');
CREATE SEQUENCE ids START WITH 50; CREATE TABLE numbered (id BIGINT DEFAULT NEXTVAL(ids) PRIMARY KEY, a INT); INSERT INTO numbered (a) VALUES (1), (2);
CREATE TABLE coded (id INT PRIMARY KEY, code INT, KEY coded_code (code)); INSERT INTO coded VALUES (1, 1);
CREATE TABLE coding (code INT, CONSTRAINT to_earlier FOREIGN KEY (code) REFERENCES coded (code)); INSERT INTO coding VALUES (1);
CREATE TABLE zone (id INT PRIMARY KEY, code INT, KEY zone_code (code)); INSERT INTO zone VALUES (1, 1);
CREATE TABLE place (code INT, CONSTRAINT to_later FOREIGN KEY (code) REFERENCES zone (code)); INSERT INTO place VALUES (1);`;

describeOn(inMatrix(versionsOf('mysql', 'mariadb'), ['mysql-9.7', 'mariadb-10.11']), 'restoring %s', (version) => {
  const isMariadb = engineOf(version) === 'mariadb';
  let mysql: MysqlScene;
  let before: string;
  let manifest: Awaited<ReturnType<MysqlScene['backUp']>>;

  beforeAll(async () => {
    mysql = await MysqlScene.start(version);
    await mysql.exec(SCHEMA + (isMariadb ? MARIADB : ''));
    manifest = await mysql.backUp(['shop', 'blog']);
    before = await mysql.dump('shop');
  });
  afterAll(() => mysql?.stop());

  const schemata = () =>
    mysql.exec("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'shop%'");

  test('M04 M13 Rx01 Rx02 Rx05 rows were deleted and a table dropped: nothing is touched until somebody says so, and all is back then', async () => {
    await mysql.exec('USE shop; DELETE FROM orders WHERE id > 1; DROP TABLE log; INSERT INTO blog.posts VALUES (2)');
    const damaged = await mysql.dump('shop');
    const refused = await mysql.restore(manifest, { databases: ['shop'] });
    expect(refused).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'target-exists' } });
    expect(await mysql.dump('shop')).toBe(damaged);
    const done = await mysql.restore(manifest, { databases: ['shop'], overwrite: ['shop'] });
    expect(done).toMatchObject({ exit: 'success', failure: '' });
    expect(done.report).toMatchObject({ targets: [{ database: 'shop', name: 'shop' }], uncompared: [] });
    expect(await mysql.dump('shop')).toBe(before);
    expect(await mysql.exec('SELECT COUNT(*) FROM blog.posts')).toBe('2\n');
  });

  test('the database was dropped: it comes back', async () => {
    await mysql.exec('DROP DATABASE shop');
    const plan = await mysql.restore(manifest, { databases: ['shop'], dryRun: true });
    expect(plan).toMatchObject({ exit: 'success', plan: { targets: [{ name: 'shop', state: 'new' }], atomic: false } });
    expect(await schemata()).toBe('');
    expect(await mysql.restore(manifest, { databases: ['shop'] })).toMatchObject({ exit: 'success', failure: '' });
    expect(await mysql.dump('shop')).toBe(before);
  });

  test('beside the original, a copy has the same, and its events are off', async () => {
    const done = await mysql.restore(manifest, { databases: ['shop'], as: 'shop copy' });
    expect(done).toMatchObject({ exit: 'success', failure: '' });
    expect(done.report!.notes).toContainEqual({ kind: 'events-disabled', objects: ['shop copy.ev'] });
    const copy = (await mysql.dump('shop copy')).replaceAll('shop copy', 'shop');
    expect(copy.replace(/(EVENT `ev`.*) DISABLE/, '$1 ENABLE')).toBe(before);
    expect(await mysql.dump('shop')).toBe(before);
    await mysql.exec('DROP DATABASE `shop copy`');
  });

  test('several clients load the same', async () => {
    await mysql.exec('DROP DATABASE shop');
    const done = await mysql.restore(manifest, { databases: ['shop'], jobs: 2 });
    expect(done).toMatchObject({ exit: 'success', failure: '' });
    expect(await mysql.dump('shop')).toBe(before);
  });

  test('single tables come beside the original, without keys and triggers', async () => {
    const tables = ['shop.orders', ...(isMariadb ? ['numbered'] : [])];
    const done = await mysql.restore(manifest, { tables, as: 'shop_tables' });
    expect(done).toMatchObject({ exit: 'success', failure: '' });
    expect(done.report!.notes).toEqual(
      expect.arrayContaining([
        { kind: 'foreign-keys-left-out', objects: ['shop.orders'] },
        { kind: 'triggers-left-out', objects: ['shop.orders'] },
      ]),
    );
    expect(await mysql.exec('SHOW TABLES IN shop_tables')).toBe(isMariadb ? 'ids\nnumbered\norders\n' : 'orders\n');
    expect(await mysql.exec('SELECT * FROM shop_tables.orders ORDER BY id')).toBe(
      await mysql.exec('SELECT * FROM shop.orders ORDER BY id'),
    );
    expect(await mysql.exec('SHOW CREATE TABLE shop_tables.orders')).not.toMatch(/FOREIGN/);
    await mysql.exec('DROP DATABASE shop_tables');
    const into = await mysql.restore(manifest, { tables, as: 'shop', overwrite: ['shop'] });
    expect(into).toMatchObject({ exit: 'configuration', reason: { kind: 'name-invalid', object: 'shop' } });
    expect(await mysql.dump('shop')).toBe(before);
  });

  if (!isMariadb) {
    test('a backup of MariaDB is refused', async () => {
      const foreign = { ...manifest, engine: 'mariadb', serverVersion: '10.11.19-MariaDB' };
      mysql.scene.putManifest(foreign);
      const refused = await mysql.restore(foreign, { dryRun: true });
      expect(refused).toMatchObject({ exit: 'targetRefused', reason: { kind: 'engine-mismatch' } });
      mysql.scene.putManifest(manifest);
    });

    test('an account without SYSTEM_USER cannot restore objects of root, and takes its place', async () => {
      await mysql.exec("REVOKE SYSTEM_USER ON *.* FROM admin@'%'");
      const request = { databases: ['shop'], as: 'shop_mine' };
      const refused = await mysql.restore(manifest, request);
      expect(refused).toMatchObject({
        exit: 'privileges',
        state: 'unchanged',
        reason: { privileges: ['SYSTEM_USER'] },
      });
      const done = await mysql.restore(manifest, { ...request, definers: { account: 'admin@%' } });
      expect(done).toMatchObject({ exit: 'success', failure: '' });
      expect(await mysql.exec('SELECT COUNT(*) FROM shop_mine.all_totals')).toBe('3\n');
      await mysql.exec("DROP DATABASE shop_mine; GRANT SYSTEM_USER ON *.* TO admin@'%'");
    });
  }

  test('M03 Mx50 Mx60 Mx64 what stops a restore by hand does not stop this one', async () => {
    const databases = isMariadb ? ['ring1', 'ring2'] : ['old'];
    // The semicolon is sent along, as programs do.
    if (isMariadb)
      await mysql.exec(`CREATE DATABASE ring1; CREATE DATABASE ring2 CHARACTER SET latin1; CREATE SEQUENCE ring1.s START WITH 7; CREATE SEQUENCE ring2.s;
        CREATE TABLE ring1.t (id BIGINT DEFAULT NEXTVAL(ring2.s) PRIMARY KEY, a INT); CREATE TABLE ring2.t (id BIGINT DEFAULT NEXTVAL(ring1.s) PRIMARY KEY, a INT);
        INSERT INTO ring1.t (a) VALUES (1), (2); INSERT INTO ring2.t (a) VALUES (1)`);
    else {
      await mysql.exec(`CREATE DATABASE old; USE old; CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, b INT) ENGINE=ARCHIVE;
        INSERT INTO t (b) VALUES (1), (2), (3); CREATE TABLE p (a INT, KEY (a)); INSERT INTO p VALUES (1)`);
      const connection = await mysql.server.connect('old');
      await connection.query('CREATE TRIGGER tr BEFORE INSERT ON p FOR EACH ROW SET NEW.a = 1; -- bye');
      await connection.end();
    }
    const backup = await mysql.backUp(databases);
    const rows = () =>
      Promise.all(databases.map((name) => mysql.exec(`SELECT * FROM ${name}.t; SHOW CREATE DATABASE ${name}`)));
    const had = await rows();
    await mysql.exec(databases.map((name) => `DROP DATABASE ${name};`).join(' '));
    expect(await mysql.restore(backup)).toMatchObject({ exit: 'success', failure: '' });
    expect(await rows()).toEqual(had);
  });

  test('an empty database is filled, and gets the character set of the backup', async () => {
    await mysql.exec('DROP DATABASE shop; CREATE DATABASE shop CHARACTER SET latin1');
    const done = await mysql.restore(manifest, { databases: ['shop'], stream: true });
    expect(done).toMatchObject({ exit: 'success', plan: { targets: [{ name: 'shop', state: 'empty' }] } });
    expect(await mysql.dump('shop')).toBe(before);
  });

  if (!isMariadb)
    test('a login file of the person leads neither dump nor restore to another server', async () => {
      const root = rootOf(version);
      const home = temporaryDirectory('home');
      const file = path.join(home, '.mylogin.cnf');
      const login = ['--login-path=client', '--host=127.0.0.1', `--port=${await freePort()}`, '--user=somebody'];
      await run(...inRoot(root, { uid: 0, gid: 0 }, ['/usr/bin/mysql_config_editor', 'set', ...login]), {
        env: { ...process.env, MYSQL_TEST_LOGIN_FILE: file },
      });
      // The account of the image has to read it, and MySQL ignores one that others may read.
      fs.chmodSync(home, 0o755);
      fs.chownSync(file, 10_001, 10_001);
      const surroundings = { environment: { HOME: home } };
      await mysql.exec('CREATE DATABASE mine; CREATE TABLE mine.t (a INT); INSERT INTO mine.t VALUES (1)');
      const backup = await mysql.scene.backUp(
        serverJob(mysql.server, mysql.scene.place('login-file'), { databases: ['mine'] }),
        { ...mysql.admin, ...surroundings },
      );
      const done = await mysql.restore(backup, { as: 'mine_again' }, { surroundings });
      expect(done).toMatchObject({ exit: 'success', failure: '' });
      expect(await mysql.exec('SELECT COUNT(*) FROM mine_again.t')).toBe('1\n');
      fs.rmSync(home, { recursive: true });
    });

  test('a server that is reached by its socket is no throw-away one: no account is made in it', async () => {
    await mysql.exec(`CREATE DATABASE defined; CREATE TABLE defined.t (a INT);
      CREATE DEFINER=gone@'%' SQL SECURITY INVOKER VIEW defined.v AS SELECT a FROM defined.t`);
    const manifest = await mysql.backUp(['defined']);
    const job = mysql.scene.jobOf(serverJob(mysql.server, mysql.scene.place(manifest.source)), {
      server: {
        host: mysql.server.socket,
        port: mysql.server.port,
        tls: { mode: 'off', reason: 'a socket of this machine' },
      },
    });
    const request = { backupId: manifest.backupId, as: 'defined_copy' };
    const { exit, failure } = await mysql.scene.restore(job, request, { ...mysql.admin, image: version });
    expect({ exit, failure }).toEqual({ exit: 'success', failure: '' });
    expect(await mysql.exec("SELECT COUNT(*) FROM mysql.user WHERE User = 'gone'")).toBe('0\n');
  });
});
