import { casesOn, describeOn } from '../servers/versions';
import { PostgresqlRestore } from './postgresql-restore';

jest.setTimeout(240_000);

describeOn(casesOn('postgresql'), 'what %s has comes back, or says what it needs', (version) => {
  let cases: PostgresqlRestore;
  beforeAll(async () => {
    cases = await PostgresqlRestore.start(version);
  });
  afterAll(() => cases?.stop());

  const FOLDED = `CREATE FUNCTION plain(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';
    CREATE FUNCTION folded(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN plain($1); END';`;
  const STOPS = [
    ['P09 an index', 'CREATE TABLE t (a text); CREATE INDEX i ON t (folded(a)); INSERT INTO t VALUES (1)', 'index'],
    ['Px50 a check', "CREATE TABLE t (a text CHECK (folded(a) <> 'b')); INSERT INTO t VALUES (1)", 'check'],
    [
      'Px51 a generated column',
      'CREATE TABLE t (a text, g text GENERATED ALWAYS AS (folded(a)) STORED); INSERT INTO t VALUES (1)',
      'generated',
    ],
    [
      'Px52 a domain',
      "CREATE DOMAIN d AS text CHECK (folded(VALUE) <> 'b'); CREATE TABLE t (a d); INSERT INTO t VALUES (1)",
      'check',
    ],
    [
      'Px53 a partition key',
      "CREATE TABLE t (a text) PARTITION BY LIST (folded(a)); CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('x'); INSERT INTO t VALUES ('x')",
      'partition key',
    ],
  ] as const;

  test.each(STOPS)(
    '%s whose function needs a search_path is told, and comes back with one',
    async (title, sql, used) => {
      const name = title.split(' ')[0]!.toLowerCase();
      await cases.database(name, FOLDED + sql);
      const backup = await cases.backupOf(name);
      expect(backup.notes).toMatchObject([
        { kind: 'search-path-functions', objects: [expect.stringMatching(`^public\\.folded\\(text\\) \\(${used}`)] },
      ]);
      await expect(cases.restore(backup)).rejects.toThrow('function plain(text) does not exist');
      await cases.target.exec(`DROP DATABASE ${name}`);
      await cases.source.exec('ALTER FUNCTION folded SET search_path = public', name);
      const mended = await cases.backupOf(name);
      expect(mended.notes).toEqual([]);
      await cases.restore(mended);
      expect(await cases.target.exec('SELECT count(*) FROM t', name)).toBe('1\n');
    },
  );

  test('Px54 a check that reads a table which is loaded later is told; NOT VALID, it comes back', async () => {
    await cases.database(
      'later',
      `CREATE TABLE z (k int PRIMARY KEY); INSERT INTO z VALUES (1);
       CREATE FUNCTION known(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM public.z WHERE k = $1)';
       CREATE TABLE a (k int CONSTRAINT is_known CHECK (known(k))); INSERT INTO a VALUES (1);`,
    );
    const backup = await cases.backupOf('later');
    expect(backup.notes).toMatchObject([
      { kind: 'table-reading-functions', objects: ['public.known(integer) (check is_known on public.a)'] },
    ]);
    await expect(cases.restore(backup)).rejects.toThrow('violates check constraint "is_known"');
    await cases.target.exec('DROP DATABASE later');
    await cases.source.exec(
      'ALTER TABLE a DROP CONSTRAINT is_known, ADD CONSTRAINT is_known CHECK (known(k)) NOT VALID',
      'later',
    );
    const mended = await cases.backupOf('later');
    expect(mended.notes).toEqual([]);
    await cases.restore(mended);
  });

  test('P08 P17 Px55 settings of a database that disturb its restore are told, and overruled as the note says', async () => {
    await cases.database('settings', "CREATE TABLE t (a text[]); INSERT INTO t VALUES (ARRAY['x', NULL])");
    await cases.source.exec(`CREATE ROLE app; ALTER DATABASE settings SET default_transaction_read_only = on;
      ALTER DATABASE settings SET array_nulls = off; ALTER DATABASE settings SET role = app; ALTER DATABASE settings SET work_mem = '8MB'`);
    const backup = await cases.backupOf('settings');
    expect(backup.notes.filter(({ kind }) => kind === 'database-settings')).toMatchObject([
      { objects: ['array_nulls=off', 'default_transaction_read_only=on', 'role=app'] },
    ]);
    await cases.restore(backup);
    expect(await cases.target.exec('SET ROLE NONE; SELECT a[2] IS NULL FROM t', 'settings')).toBe('t\n');
  });

  test('P16 a schema public that was dropped is told, because a restore adds it', async () => {
    await cases.database('no_public', 'DROP SCHEMA public; CREATE SCHEMA app; CREATE TABLE app.t (a int)');
    const backup = await cases.backupOf('no_public');
    expect(backup.notes).toMatchObject([{ kind: 'no-public-schema', database: 'no_public' }]);
    await cases.restore(backup);
  });

  test('Px56 tablespaces are told, and a restore without them has all', async () => {
    await cases.source.exec("SET allow_in_place_tablespaces = on; CREATE TABLESPACE fast LOCATION ''");
    await cases.database(
      'spaced',
      'CREATE TABLE t (a int) TABLESPACE fast; CREATE INDEX i ON t (a) TABLESPACE fast; INSERT INTO t VALUES (1)',
    );
    const backup = await cases.backupOf('spaced');
    await cases.source.exec('DROP DATABASE spaced; DROP TABLESPACE fast');
    expect(backup.notes).toMatchObject([{ kind: 'tablespaces', database: 'spaced', objects: ['fast'] }]);
    const databases = {
      ...backup,
      manifest: { ...backup.manifest!, objects: backup.manifest!.objects.filter(({ kind }) => kind === 'dump') },
    };
    await expect(cases.restore(databases)).rejects.toThrow(/tablespace "fast" does not exist/i);
    await cases.target.exec('DROP DATABASE spaced');
    await cases.restore(databases, '', ['--no-tablespaces']);
    expect(await cases.target.exec('SELECT a FROM t', 'spaced')).toBe('1\n');
  });

  test('Px57 settings of a role in a database, and privileges on a database, come back', async () => {
    await cases.database('granted', 'CREATE TABLE t (a int)');
    await cases.source
      .exec(`CREATE ROLE worker; ALTER ROLE worker IN DATABASE granted SET work_mem = '5MB'; REVOKE ALL ON DATABASE granted FROM PUBLIC;
      GRANT CONNECT ON DATABASE granted TO backup, worker; COMMENT ON DATABASE granted IS 'ours'; COMMENT ON ROLE worker IS 'theirs'`);
    await cases.restore(await cases.backupOf('granted'));
    const facts = `SELECT setconfig, datacl, shobj_description(d.oid, 'pg_database'), shobj_description('worker'::regrole, 'pg_authid')
      FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = 'granted'`;
    expect(await cases.target.exec(facts)).toBe(await cases.source.exec(facts));
  });
});
