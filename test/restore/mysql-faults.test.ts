import { setTimeout as sleep } from 'node:timers/promises';
import { undoRestore } from '../../engines/mysql/restore/changes';
import { MariadbServer } from '../servers/mariadb';
import { factsOf } from './support';
import { MysqlScene } from './mysql-scene';

jest.setTimeout(120_000);

/** Enough that a part of it is loaded before the end is read. */
const BIG = `CREATE DATABASE shop; USE shop; CREATE TABLE big (id INT PRIMARY KEY, a TEXT);
INSERT INTO big SELECT seq, HEX(RANDOM_BYTES(1000)) FROM seq_1_to_3000;`;

describe('restores of MySQL and MariaDB that do not succeed', () => {
  let mysql: MysqlScene;
  let big: Awaited<ReturnType<MysqlScene['backUp']>>;

  beforeAll(async () => {
    mysql = await MysqlScene.start('mariadb-10.11');
    await mysql.exec(BIG);
    big = await mysql.backUp(['shop']);
  });
  afterAll(() => mysql?.stop());
  beforeEach(async () => {
    mysql.scene.s3.rule = () => undefined;
    await mysql.exec('DROP DATABASE IF EXISTS shop');
  });

  const tables = () =>
    mysql.exec("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' ORDER BY 1");
  const rows = () => mysql.exec('SELECT COUNT(*) FROM shop.big');
  /** How often the object is read by then: its size is asked for first. */
  const [VERIFY, LOAD] = [2, 3];
  /** Lets S3 fall silent in the middle of the object, when it is read for this time. */
  const silentAt = (time: number) => {
    let reads = 0;
    mysql.scene.s3.rule = ({ operation, key, from }) => {
      if (operation !== 'GetObject' || !key.endsWith('.zst')) return undefined;
      // Whoever reads on gets no more.
      if ((from ?? 0) > 0) return { silentAfterBytes: 0 };
      return ++reads === time ? { silentAfterBytes: 2_000_000 } : undefined;
    };
  };
  const until = async (holds: () => Promise<boolean>) => {
    while (!(await holds())) await sleep(100);
  };
  /** Behind the marks. */
  const isLoading = async () => (await tables()).startsWith('big\n');

  test('killed while the backup is verified: nothing has changed, and the same command works', async () => {
    silentAt(VERIFY);
    const program = mysql.start(big);
    await program.logged('plan');
    await sleep(300);
    program.signal('SIGKILL');
    expect((await program.result()).exit).toBe('SIGKILL');
    expect(await tables()).toBe('');
  });

  test('killed while it loads: what is half there is known as ours, and replaced', async () => {
    silentAt(LOAD);
    const program = mysql.start(big);
    await until(isLoading);
    const second = await mysql.restore(big);
    expect(second).toMatchObject({ exit: 'alreadyRunning', state: 'unchanged', reason: { kind: 'already-running' } });
    program.signal('SIGKILL');
    expect((await program.result()).exit).toBe('SIGKILL');
    expect(await tables()).toContain('proven_backups_restore');
    const again = await mysql.restore(big, { jobs: 2 });
    expect(again).toMatchObject({ exit: 'success', failure: '' });
    expect(again.report!.notes).toEqual([{ kind: 'half-restored', objects: ['shop'] }]);
    expect([await tables(), await rows()]).toEqual(['big\n', '3000\n']);
  });

  test('rows without parents come back as they were, and are told; a copy holds no rows of other databases', async () => {
    await mysql.exec(`CREATE DATABASE parents; CREATE TABLE parents.p (id INT PRIMARY KEY); INSERT INTO parents.p VALUES (1), (2);
      CREATE DATABASE keys_; USE keys_; CREATE TABLE p (id INT PRIMARY KEY); SET foreign_key_checks = 0;
      CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT inner_ FOREIGN KEY (p) REFERENCES p (id),
        CONSTRAINT outer_ FOREIGN KEY (id) REFERENCES parents.p (id));
      INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1), (2, 7)`);
    const backup = await mysql.backUp(['keys_']);
    const orphans = { kind: 'orphans', objects: ['keys_.c', 'keys_.p'], rows: 1, said: expect.any(String) };
    const done = await mysql.restore(backup, { overwrite: ['keys_'] });
    expect(done).toMatchObject({ exit: 'success', failure: '' });
    expect(done.report!.notes).toEqual([orphans]);
    expect(await mysql.exec(done.report!.notes[0]!.said!)).toBe('2\t7\n');
    const copy = await mysql.restore(backup, { as: 'copy' });
    expect(copy.report!.notes).toEqual([
      { kind: 'foreign-keys-left-out', objects: ['keys_.c'] },
      { ...orphans, objects: ['copy.c', 'copy.p'] },
    ]);
    await mysql.exec('DROP DATABASE copy; DELETE FROM keys_.c; INSERT INTO keys_.c VALUES (1, 1)');
    const parents = await mysql.backUp(['parents']);
    await mysql.exec('INSERT INTO parents.p VALUES (3); INSERT INTO keys_.c VALUES (3, 1)');
    const older = await mysql.restore(parents, { overwrite: ['parents'] });
    expect(older.report!.notes).toEqual([{ ...orphans, objects: ['keys_.c', 'parents.p'] }]);
    await mysql.exec('DROP DATABASE keys_; DROP DATABASE parents');
  });

  test('a table called as ours does not make a database ours', async () => {
    await mysql.exec(`CREATE DATABASE shop; USE shop; CREATE TABLE orders (a INT); CREATE PROCEDURE proven_backups_restore() DO 0;
      CREATE TABLE proven_backups_restore (run VARCHAR(64), backup VARCHAR(64), session BIGINT, made BIGINT);
      INSERT INTO proven_backups_restore SELECT 'run', '', 0, UNIX_TIMESTAMP(CREATED) FROM information_schema.ROUTINES
        WHERE ROUTINE_SCHEMA = 'shop'`);
    expect(await mysql.restore(big)).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-exists' } });
    expect(await tables()).toBe('orders\nproven_backups_restore\n');
  });

  test('a view called as ours is not read: its functions would run as the account that restores', async () => {
    await mysql.exec(`CREATE DATABASE shop; USE shop; CREATE TABLE ran (a INT) ENGINE=MyISAM;
DELIMITER ;;
CREATE FUNCTION f() RETURNS INT DETERMINISTIC SQL SECURITY INVOKER BEGIN INSERT INTO shop.ran VALUES (1); RETURN 1; END;;
DELIMITER ;
      CREATE SQL SECURITY INVOKER VIEW proven_backups_restore AS SELECT f() AS run, 0 AS made, 0 AS session;
      CREATE PROCEDURE proven_backups_restore() DO 0`);
    expect(await mysql.restore(big)).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-exists' } });
    expect(await mysql.exec('SELECT COUNT(*) FROM shop.ran')).toBe('0\n');
  });

  test('what was dropped and is not back is never called unchanged', async () => {
    await mysql.exec('CREATE DATABASE shop');
    const state = async (dropped: readonly string[]) => {
      const connection = await mysql.server.connect();
      const found = {
        database: 'shop',
        name: 'shop',
        state: 'exists',
        tables: 1,
        rows: 1,
        isOurs: false,
        created: '',
      } as const;
      const changes = { accounts: [], dropped: new Set(dropped) };
      const result = await undoRestore(() => Promise.resolve({ connection, id: 0 }), 'run', [found], changes);
      await connection.end();
      return result;
    };
    expect([await state([]), await state(['shop'])]).toEqual(['unchanged', 'partial']);
  });

  test('stopped between its marker and its mark: what it created is gone, and nothing else', async () => {
    const undone = async () => {
      const connection = await mysql.server.connect();
      const found = { database: 'shop', name: 'shop', state: 'new', tables: 1, rows: 1, isOurs: false } as const;
      const begin = () => Promise.resolve({ connection, id: 0 });
      const state = await undoRestore(begin, 'run', [found], { accounts: [], dropped: new Set() });
      await connection.end();
      return [state, await mysql.exec("SHOW DATABASES LIKE 'shop'")];
    };
    const marker = `CREATE DATABASE shop; USE shop; CREATE PROCEDURE proven_backups_restore() DO 0;
      CREATE TABLE proven_backups_restore (run VARCHAR(64), session BIGINT)`;
    await mysql.exec(marker);
    expect(await undone()).toEqual(['unchanged', '']);
    await mysql.exec(`${marker}; CREATE TABLE mine (a INT)`);
    expect(await undone()).toEqual(['partial', 'shop\n']);
  });

  test('a full server that cannot drop yet is asked again', async () => {
    const connection = await mysql.server.connect();
    const query = connection.query.bind(connection) as (sql: string, values?: unknown[]) => Promise<unknown>;
    let refused = 0;
    const full = (sql: string, values?: unknown[]) =>
      sql.startsWith('DROP DATABASE') && refused++ === 0
        ? Promise.reject(Object.assign(new Error("The table 'x' is full"), { errno: 1114, sqlState: 'HY000' }))
        : query(sql, values);
    await mysql.exec(
      "CREATE DATABASE shop; USE shop; CREATE TABLE proven_backups_restore AS SELECT 'run' run, 0 session",
    );
    const found = { database: 'shop', name: 'shop', state: 'new', tables: 1, rows: 1, isOurs: false } as const;
    const begin = () => Promise.resolve({ connection: Object.assign(connection, { query: full }), id: 0 });
    const state = await undoRestore(begin, 'run', [found], { accounts: [], dropped: new Set() });
    await connection.end();
    expect([state, refused, await mysql.exec("SHOW DATABASES LIKE 'shop'")]).toEqual(['unchanged', 2, '']);
  });

  test('stopped while it loads: what it created is gone', async () => {
    silentAt(LOAD);
    const program = mysql.start(big);
    await until(isLoading);
    program.signal('SIGTERM');
    expect(factsOf(await program.result())).toMatchObject({ exit: 'interrupted', state: 'unchanged' });
    expect(await mysql.exec("SHOW DATABASES LIKE 'shop'")).toBe('');
  });

  test('the target is filled while the backup is verified: nobody loses anything', async () => {
    let release: () => void = () => undefined;
    let reads = 0;
    mysql.scene.s3.rule = ({ operation, key }) =>
      operation === 'GetObject' && key.endsWith('.zst') && ++reads === VERIFY
        ? new Promise((resolve) => (release = () => resolve(undefined)))
        : undefined;
    const program = mysql.start(big);
    await program.logged('plan');
    await until(() => Promise.resolve(reads === VERIFY));
    await mysql.exec('CREATE DATABASE shop; CREATE TABLE shop.mine (a INT)');
    release();
    const result = factsOf(await program.result());
    expect(result).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'target-in-use' } });
    expect(await tables()).toBe('mine\n');
  });

  test('a backup that was changed since is refused, and removed as far as it was loaded', async () => {
    const [object] = big.objects;
    const body = mysql.scene.s3.get(object!.key);
    mysql.scene.s3.put(object!.key, Buffer.concat([body.subarray(0, -1), Buffer.from([body.at(-1)! ^ 1])]));
    for (const stream of [false, true]) {
      const result = await mysql.restore(big, { stream });
      expect(result).toMatchObject({ exit: 'downloadFailed', state: 'unchanged', reason: { kind: 'object-changed' } });
      expect(await mysql.exec("SHOW DATABASES LIKE 'shop'")).toBe('');
    }
    mysql.scene.s3.put(object!.key, body);
  });

  test('a target that is older, or lacks a collation, a storage engine or room for a row', async () => {
    mysql.scene.putManifest({ ...big, serverVersion: '12.3.1-MariaDB' });
    expect(await mysql.restore(big)).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-too-old' } });
    const lacks = async (object: string, change: (sql: string) => string) => {
      mysql.edit(big, change);
      const result = await mysql.restore(big);
      expect(result).toMatchObject({
        exit: 'targetRefused',
        state: 'unchanged',
        reason: { kind: 'target-lacks', object },
      });
    };
    const original = mysql.scene.s3.get(big.objects[0]!.key);
    await lacks('utf8mb4_0900_bogus_ci', (sql) =>
      sql.replace('COLLATE=utf8mb4_general_ci', 'COLLATE=utf8mb4_0900_bogus_ci'),
    );
    mysql.scene.s3.put(big.objects[0]!.key, original);
    await lacks('ROCKSDB', (sql) => sql.replace('ENGINE=InnoDB', 'ENGINE=ROCKSDB'));
    const unread = await mysql.restore(big, { stream: true });
    expect(unread).toMatchObject({ exit: 'restoreFailed', state: 'unchanged', reason: { kind: 'target-lacks' } });
    mysql.scene.s3.put(big.objects[0]!.key, original);
    await mysql.exec('SET GLOBAL max_allowed_packet = 500 * 1024');
    await lacks('max_allowed_packet', (sql) => sql);
    await mysql.exec('SET GLOBAL max_allowed_packet = 1024 * 1024 * 1024');
    mysql.scene.s3.put(big.objects[0]!.key, original);
    mysql.scene.putManifest(big);
  });

  test('a target that is full: a sentence without rows, and nothing is left', async () => {
    const full = await MariadbServer.start({
      extra: ['--innodb-file-per-table=0', '--innodb-data-file-path=ibdata1:12M:autoextend:max:16M'],
    });
    await full.exec("CREATE USER admin@'%' IDENTIFIED BY 'not-so-secret'; GRANT ALL ON *.* TO admin@'%'");
    const byTwo = await mysql.restore(big, { jobs: 2 }, { server: full });
    expect(byTwo).toMatchObject({ exit: 'restoreFailed', state: 'unchanged', reason: { kind: 'target-full' } });
    const result = await mysql.restore(big, {}, { server: full });
    expect(result).toMatchObject({ exit: 'restoreFailed', state: 'unchanged', reason: { kind: 'target-full' } });
    expect(result.failure).toMatch(
      /^mariadb exited with 1: ERROR 1114 .* The table 'big' is full \(the target has no room left: /,
    );
    expect(result.output).not.toMatch(/INSERT|[0-9A-F]{40}/);
    expect(await full.exec("SHOW DATABASES LIKE 'shop'")).toBe('');
    await full.stop();
  });

  test('an account without rights gets the statement that gives them', async () => {
    await mysql.exec(
      "CREATE OR REPLACE USER poor@'%' IDENTIFIED BY 'of-little-worth'; GRANT SELECT, INSERT ON shop.* TO poor@'%'",
    );
    const surroundings = { username: 'poor', password: 'of-little-worth' };
    const result = await mysql.restore(big, {}, { surroundings });
    expect(result).toMatchObject({ exit: 'privileges', state: 'unchanged', reason: { kind: 'privileges-missing' } });
    for (const statement of result.reason!.statements!) await mysql.exec(statement);
    expect(await mysql.restore(big, {}, { surroundings })).toMatchObject({ exit: 'success', failure: '' });
  });

  test('M19 Mx63 Mx69 definers that do not exist are told, replaced or created; a copy that would reach into its original is refused', async () => {
    await mysql.exec(`CREATE DATABASE shop; USE shop; CREATE TABLE t (a INT); INSERT INTO t VALUES (1);
      CREATE USER owner@'%'; GRANT ALL ON shop.* TO owner@'%'; CREATE DEFINER=owner@'%' PROCEDURE pr() SELECT 1;
      CREATE DEFINER=owner@'%' VIEW v AS SELECT * FROM t; CREATE PROCEDURE reaches() DELETE FROM shop.t;
      CREATE EVENT once ON SCHEDULE AT NOW() + INTERVAL 1 SECOND DO DELETE FROM t`);
    const manifest = await mysql.backUp(['shop']);
    await mysql.exec("DROP DATABASE shop; DROP USER owner@'%'; SET GLOBAL event_scheduler = ON");
    await sleep(1000);
    const told = await mysql.restore(manifest);
    expect(told).toMatchObject({ exit: 'success', failure: '' });
    expect(told.report!.notes).toEqual([
      { kind: 'definers-missing', objects: ['owner@%'] },
      { kind: 'views-unusable', objects: ['shop.v'] },
      { kind: 'events-over', objects: ['shop.once'] },
    ]);
    expect(await mysql.exec('SELECT * FROM shop.t')).toBe('1\n');
    const copy = await mysql.restore(manifest, { as: 'beside' });
    expect(copy).toMatchObject({
      exit: 'targetRefused',
      state: 'unchanged',
      reason: { object: 'procedure shop.reaches' },
    });

    const again = (definers: { create: true } | { account: string }) =>
      mysql.restore(manifest, { overwrite: ['shop'], definers });
    const definer = () =>
      mysql.exec(
        "SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_NAME = 'pr' UNION ALL SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_NAME = 'v' AND TABLE_SCHEMA = 'shop'",
      );
    expect(await again({ account: 'admin@%' })).toMatchObject({ exit: 'success', failure: '' });
    expect(await definer()).toBe('admin@%\nadmin@%\n');
    expect(await again({ create: true })).toMatchObject({ exit: 'success', failure: '' });
    expect(await definer()).toBe('owner@%\nowner@%\n');
    expect(await mysql.exec("SHOW CREATE USER owner@'%'")).toMatch(/ACCOUNT LOCK/);

    mysql.scene.putManifest({ ...manifest, tables: manifest.tables.map((table) => ({ ...table, rows: 7 })) });
    const differs = await again({ create: true });
    expect(differs).toMatchObject({ exit: 'restoreFailed', state: 'complete-but-different' });
    expect(differs.reason).toMatchObject({ kind: 'restore-differs', object: 'shop.t' });
    const notes = differs.log.filter(({ event }) => event === 'note').map(({ note }) => note);
    expect(notes).toEqual([
      { kind: 'views-unusable', objects: ['shop.v'] },
      { kind: 'events-missing', objects: ['shop.once'] },
    ]);
    expect(await tables()).toBe('t\nv\n');
  });
});
