import { Client } from 'pg';
import { createRoles } from '../../engines/postgresql/restore/roles';
import { describeOn, inMatrix, numberOf, versionsOf } from '../servers/versions';
import { PostgresqlScene } from './postgresql-support';

jest.setTimeout(120_000);

describeOn(inMatrix(versionsOf('postgresql'), ['postgresql-15']), 'a restore of %s hurts nothing', (version) => {
  let scene: PostgresqlScene;
  const isGranular = Number(numberOf(version)) >= 16;
  beforeAll(async () => void (scene = await PostgresqlScene.start(version)));
  afterAll(() => scene?.stop());
  afterEach(async () => {
    for (const name of await scene.names()) await scene.server.exec(`DROP DATABASE ${name}`);
  });

  test('an administrator who is no superuser makes roles that can log in, and is told what they lack', async () => {
    await scene.server.exec(
      `CREATE ROLE clerk LOGIN PASSWORD 'of the clerk'; CREATE ROLE chief LOGIN CREATEROLE BYPASSRLS PASSWORD 'x'`,
    );
    await scene.database(
      'shop',
      'CREATE TABLE t (a int); ALTER TABLE t OWNER TO clerk; GRANT CREATE ON SCHEMA public TO chief',
    );
    await scene.server.exec('ALTER DATABASE shop OWNER TO clerk');
    const manifest = await scene.backUp('shop');
    await scene.server.exec('DROP DATABASE shop; DROP ROLE clerk, chief');
    const { report } = await scene.restored(manifest, {}, scene.as('admin'));
    expect(report?.notes).toEqual([
      { kind: 'roles-created', objects: ['chief', 'clerk'] },
      { kind: 'roles-incomplete', objects: ['chief'] },
    ]);
    for (const [user, password] of [
      ['clerk', 'of the clerk'],
      ['chief', 'x'],
    ]) {
      const client = new Client({
        ...{ host: scene.server.host, port: scene.server.port, user, password, database: 'shop' },
        ssl: { ca: scene.server.authority.pem },
      });
      await client.connect();
      await client.end();
    }
    expect(await scene.server.exec(`SELECT has_schema_privilege('chief', 'public', 'CREATE')`, 'shop')).toBe('t\n');
  });
  test('a role that somebody makes meanwhile stays as it is, and is not taken for one of the restore', async () => {
    await scene.server.exec('CREATE ROLE meanwhile');
    const client = await scene.server.connect();
    const role = (name: string) => ({ name, attributes: `ALTER ROLE ${name} WITH LOGIN`, others: [], memberships: [] });
    expect(await createRoles(client, ['meanwhile', 'ours'].map(role), () => undefined)).toEqual(['ours']);
    await client.end();
    const logins = `SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname IN ('meanwhile', 'ours') ORDER BY 1`;
    expect(await scene.server.exec(logins)).toBe('meanwhile|f\nours|t\n');
  });
  test('a membership of the administrator that does not suffice is told, and stays', async () => {
    await scene.server.exec('CREATE ROLE guild');
    await scene.database(
      'shop',
      'CREATE TABLE t (a int); ALTER TABLE t OWNER TO guild; ALTER DATABASE shop OWNER TO guild',
    );
    const manifest = await scene.backUp('shop');
    await scene.server.exec(
      isGranular
        ? 'GRANT guild TO admin WITH INHERIT FALSE, SET FALSE'
        : 'GRANT guild TO admin; ALTER ROLE admin NOINHERIT',
    );
    const refused = await scene.restore(manifest, { as: 'other' }, scene.as('admin'));
    expect(refused).toMatchObject({
      exit: 'privileges',
      reason: { privileges: ['member of guild'] },
      state: 'unchanged',
    });
    expect(await scene.server.exec(`SELECT pg_has_role('admin', 'guild', 'MEMBER')`)).toBe('t\n');
    for (const one of refused.reason?.statements ?? []) await scene.server.exec(one);
    await scene.restored(manifest, { as: 'other' }, scene.as('admin'));
    expect(await scene.server.exec(`SELECT pg_has_role('admin', 'guild', 'MEMBER')`)).toBe('t\n');
  });
  test('P01 tables come into a database whose collation version the system does not know, and into no schema that exists', async () => {
    await scene.database(
      'shop',
      'CREATE TABLE t (a text); INSERT INTO t VALUES (1); CREATE SCHEMA granted; GRANT USAGE ON SCHEMA granted TO PUBLIC',
    );
    await scene.database('blog', 'CREATE TABLE posts (a int)');
    const manifest = await scene.backUp('shop', 'blog');
    await scene.server.exec(`UPDATE pg_database SET datcollversion = '2.36' WHERE datname = 'shop'`);
    const { report } = await scene.restored(manifest, { tables: ['shop.public.t'], as: 'beside' });
    expect(report?.notes).toMatchObject([{ kind: 'server-warning' }]);
    expect(await scene.server.exec('SELECT * FROM beside.t', 'shop')).toContain('1\n');
    const existing = await scene.restore(manifest, { tables: ['shop.public.t'], as: 'granted' });
    expect(existing).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-exists', object: 'granted' } });
    const several = await scene.restore(manifest, { tables: ['shop.public.t', 'posts'], as: 'mixed' });
    expect(several).toMatchObject({ exit: 'configuration', reason: { kind: 'name-invalid' } });
  });
  test('a subscription that came with a restore is dropped with it, and its publisher is left alone', async () => {
    await scene.database(
      'shop',
      `CREATE TABLE t (a int); INSERT INTO t VALUES (1);
      CREATE SUBSCRIPTION news CONNECTION 'host=nowhere.invalid' PUBLICATION p WITH (connect = false, slot_name = 'of_the_publisher')`,
    );
    const manifest = await scene.backUp('shop');
    const lying = { ...manifest, tables: manifest.tables.map((table) => ({ ...table, rows: 7 })) };
    scene.scene.putManifest(lying);
    await scene.server.exec('CREATE DATABASE other');
    const result = await scene.restore(lying, { as: 'other' });
    expect(result).toMatchObject({ reason: { kind: 'restore-differs' }, state: 'unchanged' });
    expect(await scene.names()).toEqual(['other', 'shop']);
    await scene.server.exec('ALTER SUBSCRIPTION news SET (slot_name = NONE); DROP SUBSCRIPTION news', 'shop');
  });
  test('rows of foreign tables stay on their server', async () => {
    await scene.database('far', 'CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
    await scene.database(
      'near',
      `CREATE EXTENSION postgres_fdw; CREATE TABLE own (a int); INSERT INTO own VALUES (2);
      CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${scene.server.directory}', port '${scene.server.port}', dbname 'far');
      CREATE USER MAPPING FOR postgres SERVER far OPTIONS (user 'postgres', password_required 'false');
      CREATE FOREIGN TABLE t (a int) SERVER far`,
    );
    const job = scene.job('near', { extraDumpArguments: ['--include-foreign-data=far'] });
    const manifest = await scene.scene.backUp(job, scene.as('postgres'));
    for (const jobs of [1, 2]) {
      const { report } = await scene.restored(manifest, { as: `near_${jobs}`, jobs });
      expect(report?.notes).toContainEqual({ kind: 'foreign-rows-left', database: 'near', objects: ['public.t'] });
      expect(await scene.server.exec('SELECT * FROM t, own', `near_${jobs}`)).toBe('1|2\n');
    }
  });
  test('P06 P12 a template whose names are bytes comes back as one', async () => {
    await scene.server.exec(
      `CREATE DATABASE golden TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' IS_TEMPLATE true`,
    );
    await scene.server.exec(
      `DO $$ BEGIN EXECUTE 'CREATE TABLE "caf' || chr(233) || '" (a text)'; END $$; CREATE TABLE plain (a text); INSERT INTO plain VALUES (E'\\xe9')`,
      'golden',
    );
    const manifest = await scene.backUp('golden');
    await scene.restored(manifest, { overwrite: ['golden'] });
    expect(
      await scene.server.exec(
        `SELECT datistemplate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'golden'`,
      ),
    ).toBe('t|SQL_ASCII\n');
    expect(
      await scene.server.exec(`SELECT count(*) FROM pg_class WHERE relname LIKE 'caf_' OR relname = 'plain'`, 'golden'),
    ).toBe('2\n');
    await scene.server.exec('ALTER DATABASE golden IS_TEMPLATE false');
    await scene.restored(manifest, { tables: ['plain'], as: 'beside' });
    expect(await scene.server.exec(`SELECT a = E'\\xe9' FROM beside.plain`, 'golden')).toBe('t\n');
  });
});
