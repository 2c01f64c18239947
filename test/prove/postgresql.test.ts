import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { Expectation } from '../../catalog/contract/task';
import { PostgresqlScene } from '../restore/postgresql-support';
import { POSTGRESQL_DATABASES, loadPostgresqlSchema } from '../schemas/postgresql';
import { postgresqlBinaries } from '../servers/postgresql';
import { describeOn, inMatrix, versionsOf } from '../servers/versions';
import { prove } from './support';

jest.setTimeout(300_000);

const OBJECTS = fs.readFileSync(path.join(__dirname, '../cases/postgresql-objects.sql'), 'utf8');

/** What a dump of a restored server could show in another way, and what a restore test needs of the server. */
const ODD = `
  CREATE TABLE parent (a int, b text);
  CREATE TABLE child (c int DEFAULT 5, z int, y int, CHECK (z > 0), CHECK (c > -5)) INHERITS (parent);
  ALTER TABLE parent ADD COLUMN d int DEFAULT 3;
  ALTER TABLE parent ADD COLUMN y int;
  INSERT INTO child SELECT n, 'x' || n, n, n + 1, n, n FROM generate_series(1, 1000) n;
  CREATE ROLE odd_a; CREATE ROLE odd_b; CREATE ROLE "Odd C" LOGIN PASSWORD 'geheim' VALID UNTIL '2030-01-01' CONNECTION LIMIT 3;
  GRANT odd_a TO odd_b WITH ADMIN OPTION; GRANT odd_b TO "Odd C";
  ALTER ROLE odd_a SET search_path = 'x', 'y'; COMMENT ON ROLE odd_a IS 'it''s; odd';
  ALTER ROLE odd_b IN DATABASE odd SET work_mem = '2MB'; ALTER ROLE odd_a IN DATABASE odd SET work_mem = '1MB';
  GRANT SELECT ON parent TO odd_b; REVOKE ALL ON parent FROM postgres; GRANT ALL ON parent TO PUBLIC;
  GRANT SELECT ON parent TO odd_a WITH GRANT OPTION; SET ROLE odd_a; GRANT SELECT ON parent TO "Odd C"; RESET ROLE;
  ALTER DEFAULT PRIVILEGES FOR ROLE odd_a GRANT SELECT ON TABLES TO odd_b;
  ALTER DEFAULT PRIVILEGES FOR ROLE odd_b GRANT SELECT ON TABLES TO odd_a;
  SELECT lo_create(1001); SELECT lo_from_bytea(1002, decode(repeat('00ff', 3000), 'hex'));
  ALTER LARGE OBJECT 1001 OWNER TO odd_a; COMMENT ON LARGE OBJECT 1002 IS 'lo';
  CREATE TABLE times (t timestamptz, b bytea); INSERT INTO times VALUES (now(), '\\xdeadbeef'), ('infinity', '');
  CREATE TABLE without_columns (); INSERT INTO without_columns DEFAULT VALUES;
  CREATE MATERIALIZED VIEW full_view AS SELECT count(*) FROM parent; CREATE MATERIALIZED VIEW empty_view AS SELECT 1 AS a WITH NO DATA;
  CREATE VIEW v AS SELECT * FROM parent; CREATE PUBLICATION pub FOR TABLE parent;
  CREATE TABLE keys (id int PRIMARY KEY); CREATE TABLE refers (id int); INSERT INTO refers VALUES (7);
  ALTER TABLE refers ADD FOREIGN KEY (id) REFERENCES keys NOT VALID;
  CREATE EXTENSION pg_stat_statements; CREATE EXTENSION postgres_fdw;
  CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '192.0.2.1');
  CREATE USER MAPPING FOR odd_a SERVER far OPTIONS (user 'u', password 'sekret');
  CREATE FOREIGN TABLE far_table (a int) SERVER far; CREATE VIEW far_view AS SELECT * FROM far_table;
  CREATE SUBSCRIPTION sub CONNECTION 'host=192.0.2.1 password=sekret' PUBLICATION x WITH (connect = false);
  CREATE FUNCTION hear() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
  CREATE EVENT TRIGGER hear ON ddl_command_end EXECUTE FUNCTION hear();
  -- Nothing but a row names this role: without it, the row does not load.
  CREATE ROLE only_in_a_row; CREATE TABLE jobs (id int PRIMARY KEY, runs_as regrole); INSERT INTO jobs VALUES (1, 'only_in_a_row');
  CREATE TABLE written (d date DEFAULT '2020-02-01', i interval DEFAULT '1 day 02:00', f float8 DEFAULT float8 '0.30000000000000004',
    b bytea DEFAULT '\\xdeadbeef', CHECK (d > '2020-01-02'));
  CREATE FUNCTION parents() RETURNS SETOF parent LANGUAGE sql STABLE AS 'SELECT * FROM parent'; CREATE VIEW inlined AS SELECT a FROM parents();
  CREATE SCHEMA a; CREATE SCHEMA "a.b"; CREATE TABLE a."b.c" (id int PRIMARY KEY); CREATE TABLE "a.b".c (id text, PRIMARY KEY (id));
  INSERT INTO a."b.c" VALUES (1); INSERT INTO "a.b".c VALUES ('x'), ('y');
  ALTER TABLE jobs ENABLE ROW LEVEL SECURITY; ALTER TABLE jobs FORCE ROW LEVEL SECURITY;`;

const EXPECTATIONS: readonly Expectation[] = [
  { kind: 'at-least', statement: 'SELECT count(*) FROM child', database: 'odd', value: 1000 },
  { kind: 'equals', statement: 'SELECT runs_as FROM jobs', database: 'odd', value: 'only_in_a_row' },
  { kind: 'tables', value: 15 },
];

const UNMET: readonly Expectation[] = [
  { kind: 'equals', statement: 'SELECT count(*) FROM rows', value: '99' },
  { kind: 'equals', statement: 'SELECT 1, 2', value: '1' },
  { kind: 'equals', statement: 'DELETE FROM rows RETURNING 1', value: '1' },
  { kind: 'equals', statement: 'SELECT 1', database: 'odd', value: '1' },
  { kind: 'equals', statement: "SELECT pg_read_file('/etc/passwd')", value: '' },
];

describeOn(inMatrix(versionsOf('postgresql'), ['postgresql-17']), 'a backup of %s', (version) => {
  let shop: PostgresqlScene;
  let manifest: Manifest;
  beforeAll(async () => {
    const settings = {
      ...{ timezone: 'Asia/Tokyo', bytea_output: 'escape', quote_all_identifiers: 'on' },
      ...{ datestyle: 'SQL,DMY', intervalstyle: 'sql_standard', extra_float_digits: '-5' },
    };
    shop = await PostgresqlScene.start(version, settings);
    await shop.server.exec('CREATE ROLE backup');
    await loadPostgresqlSchema(shop.server);
    await shop.database('objects', OBJECTS);
    await shop.database('odd', ODD);
    const job = shop.job('shop', { databases: ['objects', 'odd', ...POSTGRESQL_DATABASES] });
    manifest = await shop.scene.backUp({ ...job, expectations: EXPECTATIONS }, shop.as('postgres'));
  });
  afterAll(() => shop?.stop());

  /** Tests as the image would, in which nobody has given the program an account of the source. */
  const test_ = (backup: Manifest) => prove(shop.scene, backup, { image: version, job: { timeoutSeconds: 240 } });

  test('is proven, with all that hurts', async () => {
    const { exit, failure, verdict } = await test_(manifest);
    expect(verdict?.differences).toEqual([]);
    expect({ exit, failure }).toEqual({ exit: 'success', failure: '' });
    expect(verdict).toMatchObject({ verdict: 'passed', engine: 'postgresql', tables: manifest.tables.length });
    const compared = Object.fromEntries(verdict!.checks!.map(({ check, compared: n }) => [check, n]));
    expect(compared).toMatchObject({ expectations: 3 });
    expect(compared.sections).toBeGreaterThan(1000);
    expect(compared.engine).toBeGreaterThan(500);
    const left = verdict!.checks!.find(({ check }) => check === 'engine')!.left;
    expect(left).toContainEqual(expect.objectContaining({ why: 'not-valid' }));
    const refuses = {
      why: 'function-refuses',
      objects: expect.arrayContaining(['view odd.public.inlined']) as unknown,
    };
    expect(left).toContainEqual(expect.objectContaining(refuses));
    expect(fs.readdirSync(shop.scene.scratchDirectory)).toEqual([]);
  });

  test('that does not come back as it was dumped, or as expected, is not, and the verdict names the objects', async () => {
    const tools = path.join(shop.scene.directory, `tools-${version}`);
    fs.mkdirSync(tools);
    const [real, harm] = [
      postgresqlBinaries(version),
      `UPDATE rows SET note = 'harmed' WHERE id = 17; ALTER TABLE rows DISABLE TRIGGER hear_rows; DROP ROLE IF EXISTS idle`,
    ];
    const script = `#!/bin/sh
for one; do case $one in --dbname=*) database=\${one#--dbname=};; esac; done
${real}/pg_restore "$@"; code=$?
PGDATABASE=$database PGOPTIONS= ${real}/psql -qX -v ON_ERROR_STOP=1 -c "${harm}" >/dev/null 2>&1
exit $code
`;
    fs.writeFileSync(path.join(tools, 'pg_restore'), script, { mode: 0o755 });
    await shop.database(
      'small',
      `CREATE ROLE idle; CREATE TABLE rows (id int PRIMARY KEY, note text); INSERT INTO rows SELECT n, 'n' FROM generate_series(1, 100) n;
       CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
       CREATE TRIGGER hear_rows BEFORE INSERT ON rows FOR EACH ROW EXECUTE FUNCTION hear()`,
    );
    const small = await shop.backUp('small');
    // As it was dumped, nothing differs but what was expected of it.
    shop.scene.putManifest({ ...small, expectations: [...UNMET] });
    const whole = await test_(small);
    expect(whole.exit).toBe('notProven');
    expect(whole.verdict?.differences).toEqual([
      expect.objectContaining({ kind: 'unmet', expected: '99', found: '100' }),
      expect.objectContaining({ kind: 'unmet', said: '1 rows of 2 columns, instead of one value' }),
      expect.objectContaining({ kind: 'unmet', said: expect.stringMatching(/read-only|permission denied/) as string }),
      expect.objectContaining({ kind: 'unmet', said: 'no such database in the backup' }),
      expect.objectContaining({ kind: 'unmet', said: expect.stringContaining('permission denied') as string }),
    ]);
    shop.scene.putManifest(small);
    const { exit, verdict } = await prove(shop.scene, small, { image: version, toolsDirectory: tools });
    expect(exit).toBe('notProven');
    const differences = verdict!.differences!.filter(({ check }) => check === 'sections');
    expect(differences.toSorted((a, b) => (a.object < b.object ? -1 : 1))).toEqual([
      { check: 'sections', object: 'role idle', kind: 'missing' },
      expect.objectContaining({ object: 'table small.public.rows', kind: 'rows', rows: { differing: 1, of: 100 } }),
      expect.objectContaining({ object: 'trigger small.public.rows hear_rows', kind: 'changed' }),
    ]);
    expect(JSON.stringify(verdict)).not.toContain('harmed');
  });
});
