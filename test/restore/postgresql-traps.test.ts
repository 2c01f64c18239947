import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { Note } from '../../catalog/contract/note';
import { prove } from '../prove/support';
import { describeOn, inMatrix, numberOf, rootOf, versionsOf } from '../servers/versions';
import { Program } from '../support/program';
import { PostgresqlScene } from './postgresql-support';
import type { RestoreResult } from './support';

jest.setTimeout(120_000);

/** Functions that find others by the search_path of their sessions, and tables that need them while they are restored. */
const SEARCH_PATH = `
  CREATE FUNCTION plain(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';
  CREATE FUNCTION folded(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN plain($1); END';
  CREATE TABLE checked (a text CHECK (folded(a) <> 'x')); INSERT INTO checked VALUES ('Ä');
  CREATE TABLE made (a text, b text GENERATED ALWAYS AS (folded(a)) STORED); INSERT INTO made VALUES ('B');
  CREATE DOMAIN d AS text CHECK (folded(VALUE) <> 'b'); CREATE TABLE domained (a d); INSERT INTO domained VALUES ('c');
  CREATE TABLE parted (a text) PARTITION BY LIST (folded(a)); CREATE TABLE part PARTITION OF parted FOR VALUES IN ('x');
  INSERT INTO parted VALUES ('X');`;
/** While the table is empty: since 17 the server refuses to create such an index on rows. */
const INDEX = `CREATE TABLE indexed (a text); CREATE INDEX i ON indexed (folded(a)); INSERT INTO indexed VALUES ('Ä');`;
/** Checks that read a table which is loaded later. */
const READING = `
  CREATE TABLE z (id int PRIMARY KEY); INSERT INTO z VALUES (1), (2);
  CREATE FUNCTION is_known(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM public.z WHERE id = $1)';
  CREATE TABLE orders (id int CONSTRAINT known CHECK (is_known(id))); INSERT INTO orders VALUES (1);
  COMMENT ON CONSTRAINT known ON orders IS 'ours';
  CREATE TABLE parent (id int CONSTRAINT known CHECK (is_known(id))); CREATE TABLE child (CONSTRAINT known CHECK (is_known(id))) INHERITS (parent);
  CREATE TABLE other (extra int) INHERITS (parent); INSERT INTO child VALUES (2); INSERT INTO other VALUES (1, 5);
  CREATE TABLE ranges (id int CONSTRAINT known CHECK (is_known(id))) PARTITION BY RANGE (id);
  CREATE TABLE range PARTITION OF ranges FOR VALUES FROM (0) TO (9); INSERT INTO ranges VALUES (2);`;
const RING = `CREATE TABLE hyper (id int PRIMARY KEY, newest int);
  CREATE TABLE chunk (id int PRIMARY KEY, hyper int REFERENCES hyper (id));
  ALTER TABLE hyper ADD FOREIGN KEY (newest) REFERENCES chunk (id);
  SELECT pg_catalog.pg_extension_config_dump('hyper', '');
  SELECT pg_catalog.pg_extension_config_dump('chunk', '');`;
const FORBIDDING = `CREATE FUNCTION forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'nobody may change this'; END$$;
  CREATE EVENT TRIGGER forbid ON ddl_command_start EXECUTE FUNCTION forbid();`;
/** Notes when it is called, and whether tables had keys by then. */
const TIMESCALE = ['pre', 'post'].reduce(
  (script, when) => `${script} CREATE FUNCTION timescaledb_${when}_restore() RETURNS void LANGUAGE sql AS
    'INSERT INTO @extschema@.calls SELECT ''${when}'', EXISTS (SELECT FROM pg_constraint WHERE conname = ''z_pkey'')';`,
  'CREATE TABLE calls (name text, keys boolean);',
);
const ORPHAN =
  'SET session_replication_role = replica; INSERT INTO chunk VALUES (9, 8); RESET session_replication_role;';

const notesOf = ({ report, plan }: RestoreResult): readonly Note[] => report?.notes ?? plan?.notes ?? [];

describeOn(inMatrix(versionsOf('postgresql'), ['postgresql-15']), 'what stops a restore of %s by hand', (version) => {
  let scene: PostgresqlScene;
  const extensions = path.join(rootOf(version), 'usr/share/postgresql', numberOf(version), 'extension');
  const extension = (name: string) =>
    [`${name}.control`, `${name}--1.0.sql`].map((file) => path.join(extensions, file));
  function install(name: string, script: string): void {
    const [control, sql] = extension(name);
    fs.writeFileSync(control!, "default_version = '1.0'\nrelocatable = false\n");
    fs.writeFileSync(sql!, script);
  }
  const remove = (name: string) => extension(name).forEach((file) => fs.rmSync(file, { force: true }));
  beforeAll(async () => void (scene = await PostgresqlScene.start(version)));
  afterAll(() => scene?.stop());

  /** Backs a database up, drops it, restores it, and compares its dumps. */
  async function comesBack(name: string, after = '', request = {}): Promise<RestoreResult> {
    const before = await scene.dumpOf(name);
    const manifest = await scene.backUp(name);
    await scene.server.exec(`DROP DATABASE ${name}`);
    await scene.server.exec(after);
    const result = await scene.restored(manifest, request);
    expect(await scene.dumpOf(name)).toBe(before);
    return result;
  }

  test('P09 Rx13 Rx14 Rx15 P03 functions by search_path, checks that read tables, and tables of an extension in a circle come back', async () => {
    install('proven_ring_back', RING);
    install('timescaledb', TIMESCALE);
    try {
      await scene.database(
        'trap',
        `${SEARCH_PATH} ${INDEX} ${READING}
        CREATE EXTENSION proven_ring_back; CREATE EXTENSION timescaledb; INSERT INTO hyper VALUES (1, NULL); INSERT INTO chunk VALUES (2, 1); UPDATE hyper SET newest = 2; ${FORBIDDING}`,
      );
      const { report } = await comesBack('trap');
      expect(report?.notes).toEqual([]);
      expect(await scene.server.exec(`SELECT count(*) FROM hyper JOIN chunk ON newest = chunk.id`, 'trap')).toBe('1\n');
      expect(await scene.server.exec('SELECT * FROM calls', 'trap')).toBe('pre|f\npost|t\n');
      const flags = `SELECT count(*), bool_and(convalidated), sum(coninhcount), sum(conislocal::int) FROM pg_constraint WHERE conname = 'known'`;
      expect(await scene.server.exec(flags, 'trap')).toBe('6|t|3|4\n');
    } finally {
      remove('proven_ring_back');
      remove('timescaledb');
    }
  });
  test('P03 rows of an extension that refer to none are told, although nothing looked at them while they were loaded', async () => {
    install('proven_ring_orphan', RING);
    try {
      await scene.database('orphan', `CREATE EXTENSION proven_ring_orphan; ${ORPHAN}`);
      const manifest = await scene.backUp('orphan');
      const result = await scene.restore(manifest, { as: 'orphan_restored' });
      expect(result).toMatchObject({
        exit: 'restoreFailed',
        reason: { kind: 'restore-differs' },
        state: 'complete-but-different',
      });
      expect(result.failure).toContain('1 rows refer to rows that do not exist');
      // Nothing is in it but rows of an extension: that is not empty.
      expect((await scene.restore(manifest)).plan?.targets).toMatchObject([
        { state: 'exists', holds: ['public.chunk'] },
      ]);
    } finally {
      remove('proven_ring_orphan');
    }
  });
  test('extensions that are missing are all named before anything is made', async () => {
    const names = ['proven_missing_a', 'proven_missing_b'];
    for (const name of names)
      install(name, 'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 1$$;'.replace('f()', `${name}()`));
    await scene.database('extended', names.map((name) => `CREATE EXTENSION ${name};`).join(' '));
    const manifest = await scene.backUp('extended');
    for (const name of names) remove(name);
    const result = await scene.restore(manifest, { as: 'never' });
    expect(result).toMatchObject({
      exit: 'targetRefused',
      reason: { kind: 'target-lacks', object: names.join(', ') },
      state: 'unchanged',
    });
    expect(await scene.names()).not.toContain('never');
  });
  test('P08 P16 P17 Rx09 Rx10 Rx11 Rx12 a read-only database, with settings that change what is loaded, and without public, comes back', async () => {
    await scene.database(
      'settings',
      `SET array_nulls = on; DROP SCHEMA public; CREATE SCHEMA app;
       CREATE TABLE app.t (a text[], d date, i interval, m money, z timestamptz, b bytea, s text, x xml);
       INSERT INTO app.t VALUES (ARRAY['x', NULL], '2026-11-02', '-1 day 02:03:04', 12.5, '2026-11-02 03:04:05+00',
         '\\x00ff5c', 'a\\b', 'only <a/> content')`,
    );
    const settings = [
      ...[
        'default_transaction_read_only = on',
        'array_nulls = off',
        'role = limited',
        'search_path = nowhere, "Odd; one"',
      ],
      ...["default_transaction_isolation = 'serializable'", 'default_transaction_deferrable = on'],
      ...["datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "lc_monetary = 'C'", "timezone = 'Asia/Tokyo'"],
      ...["bytea_output = 'escape'", 'standard_conforming_strings = off', "xmloption = 'document'"],
    ];
    await scene.server
      .exec(`CREATE ROLE limited; ${settings.map((one) => `ALTER DATABASE settings SET ${one};`).join('\n')}
      ALTER ROLE limited IN DATABASE settings SET work_mem = '5MB'; ALTER DATABASE settings CONNECTION LIMIT 7`);
    const read = async (name: string): Promise<string> => {
      const rows = await scene.server.exec(`SET ROLE NONE; SELECT a[2] IS NULL, d, i, m, z, b, s, x FROM app.t`, name);
      const known = await scene.server.exec(
        `SET ROLE NONE; SELECT setrole::regrole, setconfig, datconnlimit FROM pg_db_role_setting
        JOIN pg_database d ON d.oid = setdatabase WHERE datname = '${name}' ORDER BY 1`,
        'postgres',
      );
      const schemas = await scene.server.exec(
        `SET ROLE NONE; SELECT count(*) FROM pg_namespace WHERE nspname = 'public'`,
        name,
      );
      return [rows, known, schemas].join('');
    };
    const before = await read('settings');
    const manifest = await scene.backUp('settings');
    await scene.server.exec('DROP DATABASE settings');
    const { report } = await scene.restored(manifest);
    expect(report?.notes).toEqual([]);
    expect(await read('settings')).toBe(before);
    await scene.restored(manifest, { as: 'settings_too' });
    expect(await read('settings_too')).toBe(before);
  });
  test('roles that do not exist are created as they were; those without a password are told', async () => {
    await scene.server
      .exec(`CREATE ROLE team NOLOGIN; CREATE ROLE "Own er" LOGIN IN ROLE team; ALTER ROLE "Own er" SET work_mem = '9MB';
      CREATE ROLE hashed LOGIN PASSWORD 'secret'; CREATE ROLE "reader" LOGIN CONNECTION LIMIT 3; CREATE ROLE stranger`);
    await scene.database(
      'owned',
      `CREATE TABLE t (a int); ALTER TABLE t OWNER TO "Own er"; GRANT SELECT ON t TO reader, hashed;
      CREATE TABLE u (a int); ALTER TABLE u OWNER TO team`,
    );
    await scene.server.exec('ALTER DATABASE owned OWNER TO "Own er"');
    const facts = `SELECT rolname, rolcanlogin, rolconnlimit, rolpassword IS NULL, (SELECT setconfig FROM pg_db_role_setting WHERE setrole = oid),
      ARRAY(SELECT roleid::regrole FROM pg_auth_members WHERE member = oid) FROM pg_authid WHERE rolname IN ('team', 'Own er', 'hashed', 'reader') ORDER BY 1`;
    const before = await scene.server.exec(facts);
    const result = await comesBack('owned', 'DROP ROLE team, "Own er", hashed, reader, stranger');
    expect(await scene.server.exec(facts)).toBe(before);
    expect(await scene.server.exec(`SELECT count(*) FROM pg_roles WHERE rolname = 'stranger'`)).toBe('0\n');
    expect(notesOf(result)).toEqual([
      { kind: 'roles-created', objects: ['Own er', 'hashed', 'reader', 'team'] },
      { kind: 'roles-without-password', objects: ['Own er', 'reader'] },
    ]);
  });
  test('an administrator who is no superuser restores what others own, and keeps no right to it', async () => {
    await scene.server.exec(`CREATE ROLE app LOGIN PASSWORD 'secret'`);
    await scene.database(
      'cloud',
      `CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1); ALTER TABLE t OWNER TO app; CREATE SCHEMA s AUTHORIZATION app`,
    );
    await scene.server.exec(`ALTER DATABASE cloud OWNER TO app; ALTER DATABASE cloud SET app.key = 'hidden-value';
      ALTER DATABASE cloud SET log_min_messages = 'debug5'`);
    const before = await scene.dumpOf('cloud');
    const manifest = await scene.backUp('cloud');
    const may = Number(numberOf(version)) < 16 ? '' : 'GRANT app TO admin WITH ADMIN TRUE, INHERIT FALSE, SET FALSE';
    if (may !== '') {
      const refused = await scene.restore(manifest, { overwrite: ['cloud'] }, scene.as('admin'));
      expect(refused.reason).toMatchObject({
        kind: 'privileges-missing',
        statements: ['GRANT "app" TO "admin" WITH INHERIT TRUE, SET TRUE;'],
      });
      await scene.server.exec(may);
    }
    const result = await scene.restored(manifest, { overwrite: ['cloud'] }, scene.as('admin'));
    expect(notesOf(result)).toEqual([
      {
        kind: 'database-incomplete',
        database: 'cloud',
        objects: ['"app.key"', 'log_min_messages'].map((name) => `ALTER DATABASE "cloud" SET ${name} …`),
      },
    ]);
    expect(result.output).not.toContain('hidden-value');
    await scene.server.exec(
      `ALTER DATABASE cloud SET app.key = 'hidden-value'; ALTER DATABASE cloud SET log_min_messages = 'debug5'`,
    );
    expect(await scene.dumpOf('cloud')).toBe(before);
    expect(await scene.server.exec(`SELECT pg_has_role('admin', 'app', 'USAGE')`)).toBe('f\n');
    const beside = () => scene.restore(manifest, { tables: ['t'], as: 'beside' }, scene.as('admin'));
    const statements = ['GRANT CREATE ON DATABASE "cloud" TO "admin";'];
    expect((await beside()).reason).toMatchObject({ kind: 'privileges-missing', statements });
    await scene.server.exec(statements[0]!);
    expect((await beside()).exit).toBe('success');
    expect(await scene.server.exec('SELECT a FROM beside.t', 'cloud')).toBe('1\n');
  });
  test('an administrator who is no superuser restores tables whose owner may not make others, in schemas of its own', async () => {
    await scene.server.exec(
      `CREATE ROLE layout LOGIN; ${Number(numberOf(version)) < 16 ? '' : 'GRANT layout TO admin WITH ADMIN TRUE;'}`,
    );
    await scene.database(
      'layouts',
      `GRANT USAGE, CREATE ON SCHEMA public TO layout; CREATE SCHEMA "S"; COMMENT ON SCHEMA "S" IS 'ours'; GRANT USAGE ON SCHEMA "S" TO layout;
       ALTER SCHEMA "S" OWNER TO admin; COMMENT ON SCHEMA public IS 'theirs';
       CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t VALUES (1, 'x'); ALTER TABLE t OWNER TO layout;
       CREATE TABLE "S".t (a serial PRIMARY KEY); COMMENT ON TABLE "S".t IS 'a table'; ALTER TABLE "S".t OWNER TO layout;
       CREATE VIEW "S".v AS SELECT * FROM t; ALTER VIEW "S".v OWNER TO layout; GRANT SELECT ON "S".v TO admin;
       CREATE FUNCTION "S".f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION "S".f() OWNER TO layout;`,
    );
    await scene.server.exec('ALTER DATABASE layouts OWNER TO admin');
    if (Number(numberOf(version)) < 15) await scene.server.exec('ALTER SCHEMA public OWNER TO admin', 'layouts');
    const before = await scene.dumpOf('layouts');
    const manifest = await scene.backUp('layouts');
    const result = await scene.restored(manifest, { overwrite: ['layouts'] }, scene.as('admin'));
    expect(notesOf(result)).toEqual([]);
    expect(await scene.dumpOf('layouts')).toBe(before);
  });
  test('Rx16 tablespaces that the target lacks are told, and do without', async () => {
    await scene.server.exec("SET allow_in_place_tablespaces = on; CREATE TABLESPACE fast LOCATION ''");
    await scene.server.exec('CREATE DATABASE spaced TABLESPACE fast');
    await scene.server.exec(
      'CREATE TABLE t (a int) TABLESPACE pg_default; CREATE TABLE u (a int PRIMARY KEY); INSERT INTO t VALUES (1)',
      'spaced',
    );
    const manifest = await scene.backUp('spaced');
    await scene.restored(manifest, { as: 'spaced_too' });
    expect(
      await scene.server.exec(
        `SELECT spcname FROM pg_database d JOIN pg_tablespace s ON s.oid = dattablespace WHERE datname = 'spaced_too'`,
      ),
    ).toBe('fast\n');
    await scene.server.exec('DROP DATABASE spaced; DROP DATABASE spaced_too; DROP TABLESPACE fast');
    const result = await scene.restored(manifest);
    expect(notesOf(result)).toEqual([{ kind: 'tablespaces-absent', objects: ['fast'] }]);
    expect(await scene.server.exec('SELECT a FROM t', 'spaced')).toBe('1\n');
  });
  test('a check that rows violate comes back, not valid, and is told', async () => {
    await scene.database(
      'broken',
      `CREATE TABLE z (id int); INSERT INTO z VALUES (1);
      CREATE FUNCTION known(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM public.z WHERE id = $1)';
      CREATE TABLE a (id int CONSTRAINT is_known CHECK (known(id))); INSERT INTO a VALUES (1); DELETE FROM z`,
    );
    const result = await scene.restored(await scene.backUp('broken'), { as: 'broken_too' });
    expect(notesOf(result)).toEqual([
      { kind: 'checks-not-valid', database: 'broken', objects: ['is_known on public.a'] },
    ]);
  });
  test('the database postgres is replaced, with its settings and grants', async () => {
    await scene.server
      .exec(`CREATE TABLE mine (a int); INSERT INTO mine VALUES (1); ALTER DATABASE postgres SET work_mem = '7MB';
      REVOKE CONNECT ON DATABASE postgres FROM PUBLIC`);
    const manifest = await scene.backUp('postgres');
    const facts = `SELECT setconfig, ARRAY(SELECT unnest(datacl)::text ORDER BY 1), shobj_description(d.oid, 'pg_database') FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = 'postgres'`;
    const before = await scene.server.exec(facts);
    await scene.server.exec(
      'DROP TABLE mine; ALTER DATABASE postgres RESET work_mem; GRANT CONNECT ON DATABASE postgres TO PUBLIC',
    );
    const { plan } = await scene.restored(manifest);
    expect(plan?.targets).toMatchObject([{ name: 'postgres', state: 'empty' }]);
    expect(await scene.server.exec('SELECT a FROM mine')).toBe('1\n');
    expect(await scene.server.exec(facts)).toBe(before);
  });
  test("a template1 that somebody made anew is the server's own, and is not dumped", async () => {
    await scene.server.exec(`ALTER DATABASE template1 IS_TEMPLATE false`);
    await scene.server.exec('DROP DATABASE template1');
    await scene.server.exec('CREATE DATABASE template1 TEMPLATE template0 IS_TEMPLATE true');
    const manifest = await scene.scene.backUp(scene.job('whole', { databases: undefined }), scene.as('postgres'));
    const databases = manifest.objects.flatMap((object) => object.databases);
    expect(databases).toContain('postgres');
    expect(databases).not.toContain('template1');
  });
  test('who granted a privilege on a database grants it again, and nobody connects to what is being loaded', async () => {
    await scene.server.exec('CREATE ROLE alice; CREATE ROLE bob');
    // The check is called for each row that is loaded.
    await scene.database(
      'granted',
      `CREATE FUNCTION closed() RETURNS boolean LANGUAGE sql AS $$SELECT current_database() = 'granted' OR NOT has_database_privilege('bob', current_database(), 'CONNECT')$$;
       CREATE TABLE t (a int CHECK (closed())); INSERT INTO t VALUES (1)`,
    );
    await scene.server.exec(
      `GRANT CONNECT ON DATABASE granted TO alice WITH GRANT OPTION; SET ROLE alice; GRANT CONNECT ON DATABASE granted TO bob`,
    );
    expect((await comesBack('granted')).report?.notes).toEqual([]);
    const { verdict } = await prove(scene.scene, scene.scene.manifests('granted').at(-1)!, { image: version });
    expect(verdict).toMatchObject({ verdict: 'passed', differences: [] });
  });
  test('a locale that the target lacks is refused before anything is made', async () => {
    await scene.database('located', 'CREATE TABLE t (a int)');
    const manifest = await withArchive(scene, await scene.backUp('located'), (bytes) =>
      Buffer.from(bytes.toString('latin1').replaceAll("LOCALE = 'C.UTF-8'", "LOCALE = 'X.UTF-8'"), 'latin1'),
    );
    const result = await scene.restore(manifest, { as: 'elsewhere' });
    expect(result).toMatchObject({
      exit: 'targetRefused',
      reason: { kind: 'target-lacks', object: 'locale' },
      state: 'unchanged',
    });
  });
});

describeOn(['postgresql-17'], 'an event trigger ON login of %s', (version) => {
  test('runs in none of our sessions: neither a backup nor a restore writes by it; a role that may not go past it is told', async () => {
    const scene = await PostgresqlScene.start(version);
    try {
      await scene.database(
        'logins',
        `CREATE TABLE logins (who text);
        CREATE FUNCTION remember() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.logins VALUES (session_user); END';
        CREATE EVENT TRIGGER remember ON login EXECUTE FUNCTION remember(); ALTER EVENT TRIGGER remember ENABLE ALWAYS;
        GRANT pg_read_all_data TO admin;`,
      );
      const manifest = await scene.backUp('logins');
      expect(manifest.tables).toMatchObject([{ rows: 0 }]);
      await scene.restored(manifest, { as: 'logins_too' });
      const { verdict } = await prove(scene.scene, manifest, { image: version });
      expect(verdict).toMatchObject({ verdict: 'passed', differences: [] });
      // No more than this very question.
      expect(await scene.server.exec('SELECT count(*) FROM logins', 'logins_too')).toBe('1\n');
      const backUp = () =>
        Program.run({ job: scene.job('logins'), aws: scene.scene.s3.environment, ...scene.as('admin') });
      const refused = await backUp();
      const statements = ['GRANT SET ON PARAMETER event_triggers TO "admin";'];
      expect(refused).toMatchObject({ exit: 'privileges', reason: { kind: 'privileges-missing', statements } });
      await scene.server.exec(statements[0]!);
      expect((await backUp()).exit).toBe('success');
    } finally {
      await scene.stop();
    }
  });
});

describeOn(['postgresql-15'], 'a server of %s with few locks', (version) => {
  test('gets back more tables than one transaction can lock', async () => {
    const scene = await PostgresqlScene.start(version, { max_locks_per_transaction: '10', max_connections: '20' });
    try {
      await scene.database(
        'many',
        Array.from({ length: 250 }, (_, n) => `CREATE TABLE t${n} (id int PRIMARY KEY, note text);`).join('\n'),
      );
      await scene.restored(await scene.backUp('many'), { as: 'many_too' });
    } finally {
      await scene.stop();
    }
  });
});

/** The same backup with another archive, and a manifest that fits. */
async function withArchive(
  { scene }: PostgresqlScene,
  manifest: Manifest,
  change: (bytes: Buffer) => Buffer,
): Promise<Manifest> {
  const objects = manifest.objects.map((object) => {
    if (object.kind !== 'dump') return object;
    const bytes = change(zstdDecompressSync(scene.s3.get(object.key)));
    const stored = zstdCompressSync(bytes);
    scene.s3.put(object.key, stored);
    const sha256 = createHash('sha256').update(stored).digest('hex');
    return { ...object, bytes: stored.length, uncompressedBytes: bytes.length, sha256 };
  });
  const changed = { ...manifest, objects };
  scene.putManifest(changed);
  return Promise.resolve(changed);
}
