import * as fs from 'node:fs';
import * as path from 'node:path';
import { differences } from '../compare/fingerprint';
import { fingerprintPostgresql } from '../compare/postgresql';
import { casesOn, describeOn } from '../servers/versions';
import { PostgresqlRestore } from './postgresql-restore';
import { pgDumpThat } from './postgresql-support';

jest.setTimeout(240_000);

const OBJECTS = fs.readFileSync(path.join(__dirname, 'postgresql-objects.sql'), 'utf8');

describeOn(casesOn('postgresql'), 'what %s has, its backup has or names', (version) => {
  let cases: PostgresqlRestore;
  beforeAll(async () => {
    cases = await PostgresqlRestore.start(version);
  });
  afterAll(() => cases?.stop());

  /** Notes of a backup of one database, by kind. */
  const notesOf = async (database: string): Promise<Record<string, readonly string[] | undefined>> => {
    const { notes } = await cases.backupOf(database);
    return Object.fromEntries(notes.map(({ kind, objects }) => [kind, objects]));
  };

  test('Px30 an object of every kind is looked for in the archive, is there, and comes back the same', async () => {
    await cases.database('objects', OBJECTS);
    const backup = await cases.backupOf('objects');
    await cases.restore(backup);
    expect(backup.notes.map(({ kind }) => kind)).toEqual(['foreign-rows', 'server-files']);
    const [source, target] = await Promise.all(
      [cases.source, cases.target].map((server) => fingerprintPostgresql(server, ['objects'])),
    );
    expect(differences(source!, target!)).toEqual([]);
  });

  const hides = (kind: string) => `| LC_ALL=C sed 's/\\x00${kind}\\x00/\\x00${kind.replace(/.$/, '_')}\\x00/g'`;

  test.each([
    ['Px31 a trigger', hides('TRIGGER'), 'TRIGGER app.parts tr'],
    ['Px32 a view', hides('VIEW'), 'VIEW app.cv'],
    ['Px33 a routine', hides('FUNCTION'), 'FUNCTION app'],
    ['Px34 a large object', '--no-blobs', 'LARGE OBJECT and 2 more'],
    ['Px35 a table and all of it', '--exclude-table=app.parent', 'TABLE app.parent'],
    ['Px36 a publication', '--no-publications', 'PUBLICATION pub'],
  ])('%s that the server has and the archive has not fails the run', async (_, shell, missing) => {
    const { exit, failure, manifest } = await cases.backup({ databases: ['objects'] }, pgDumpThat(version, shell));
    expect({ exit, manifest }).toEqual({ exit: 'dumpFailed', manifest: undefined });
    expect(failure).toMatch(/^pg_dump exited with 0, but left out/);
    if (!missing.startsWith('TABLE')) expect(failure).toContain(missing);
  });

  test('Px37 what extra arguments leave out is not missed, and the rest still is', async () => {
    const given = ['--exclude-table=app.parent', '--no-publications', '--no-comments'];
    const server = { databases: ['objects'], extraDumpArguments: given };
    expect(await cases.backup(server)).toMatchObject({ exit: 'success', failure: '' });
    const { failure } = await cases.backup(server, pgDumpThat(version, hides('FUNCTION')));
    expect(failure).toContain('FUNCTION app');
  });

  test('Px38 schemas that are named, or left out, are compared too', async () => {
    expect(await cases.backup({ databases: ['objects'], excludeSchemas: ['We ird'] })).toMatchObject({
      exit: 'success',
    });
    const named = { databases: ['objects'], schemas: ['app'] };
    expect(await cases.backup(named)).toMatchObject({ exit: 'success', failure: '' });
    expect((await cases.backup(named, pgDumpThat(version, hides('VIEW')))).failure).toContain('VIEW app.cv');
  });

  test('P05 options of user mappings are told by the names of servers and users, without their values', async () => {
    await cases.database(
      'mapped',
      `CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h');
       CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'far_app', password 'far-pw');
       CREATE SERVER open FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR backup SERVER open;`,
    );
    const backup = await cases.backup({ databases: ['mapped'] });
    expect(backup.notes).toEqual([
      { kind: 'user-mapping-options', database: 'mapped', objects: ['PUBLIC on server far'] },
    ]);
    expect(backup.output).not.toContain('far-pw');
  });

  test('P06 a template of the user is dumped, closed databases are told, and each is named when it is asked for', async () => {
    await cases.database('golden', 'CREATE TABLE t AS SELECT 1 AS a');
    await cases.source.exec(`ALTER DATABASE golden IS_TEMPLATE true; CREATE DATABASE shut ALLOW_CONNECTIONS false;
      CREATE DATABASE half; CREATE DATABASE nobody CONNECTION LIMIT 0; SET allow_system_table_mods = on;
      UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half';`);
    const others = ['objects', 'mapped', 'postgres'];
    const { failure } = await cases.backup({ excludeDatabases: others });
    expect(failure).toContain('ALTER DATABASE nobody CONNECTION LIMIT -1;');
    const all = await cases.backup({ excludeDatabases: [...others, 'nobody'] });
    expect(all).toMatchObject({ exit: 'success', failure: '' });
    expect(all.manifest!.tables).toMatchObject([{ database: 'golden', name: 't', rows: 1 }]);
    expect(all.notes).toEqual([
      { kind: 'databases-closed', objects: ['half', 'shut'] },
      { kind: 'template-databases', objects: ['golden'] },
    ]);
    await cases.restore(all);
    expect(await cases.target.exec('SELECT a FROM t', 'golden')).toBe('1\n');
    expect(await cases.target.exec("SELECT datistemplate FROM pg_database WHERE datname = 'golden'")).toBe('t\n');
    const named = await cases.backup({ databases: ['shut'] });
    expect(named.reason).toMatchObject({
      kind: 'database-closed',
      statements: ['ALTER DATABASE shut ALLOW_CONNECTIONS true;'],
    });
    await cases.source.exec(
      'ALTER DATABASE golden IS_TEMPLATE false; DROP DATABASE shut; DROP DATABASE half; DROP DATABASE nobody',
    );
  });

  test('Px39–Px46 what pg_dump leaves out without a word is told', async () => {
    await cases.database(
      'odd',
      `CREATE EXTENSION hstore VERSION '1.4'; CREATE EXTENSION citext; SET allow_system_table_mods = on;
       CREATE FUNCTION pg_catalog.sneaky() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE information_schema.e AS ENUM ('a');
       CREATE TABLE dup AS SELECT generate_series(1, 2) AS a; CREATE INDEX broken ON dup (a); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;
       CREATE FUNCTION lib(text, text) RETURNS bool LANGUAGE c AS '$libdir/citext', 'citext_eq';
       CREATE TEXT SEARCH DICTIONARY syn (TEMPLATE = synonym, SYNONYMS = synonym_sample);
       CREATE TEXT SEARCH DICTIONARY stop (TEMPLATE = simple, STOPWORDS = english);
       INSERT INTO pg_seclabel VALUES ('dup'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret');
       CREATE ROLE gone; GRANT SELECT ON dup TO gone; DELETE FROM pg_shdepend WHERE refobjid = 'gone'::regrole; DELETE FROM pg_authid WHERE rolname = 'gone';
       CREATE TABLE job (id int); INSERT INTO job VALUES (1); ALTER EXTENSION hstore ADD TABLE job;
       UPDATE pg_extension SET extconfig = ARRAY['job'::regclass::oid], extcondition = '{""}' WHERE extname = 'hstore';
       INSERT INTO pg_depend SELECT classid, c.oid, 0, classid, h.oid, 0, 'n' FROM pg_extension c, pg_extension h, (SELECT 'pg_extension'::regclass AS classid) k
         WHERE c.extname = 'citext' AND h.extname = 'hstore';
       CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER mine AFTER INSERT ON job FOR EACH ROW EXECUTE FUNCTION tf();`,
    );
    expect(await notesOf('odd')).toMatchObject({
      'system-schema-objects': ['function pg_catalog.sneaky', 'type information_schema.e'],
      'invalid-indexes': ['public.broken'],
      'server-files': ['library $libdir/citext', 'synonyms synonym_sample of text search dictionary public.syn'],
      'security-labels': ['dummy'],
      'unknown-grantees': [expect.stringMatching(/^public\.dup to \d+$/)],
      'extension-version': [expect.stringMatching(/^hstore 1\.4 \(default of this server: 1\.\d+\)$/)],
      'extension-rows': ['public.job of hstore, required by citext'],
      'extension-changes': [expect.stringMatching(/^trigger mine on (public\.)?job$/)],
    });
  });

  test('Px63 a small object that the archive lacks is told, and fails nothing', async () => {
    const backup = await cases.backup({ databases: ['objects'] }, pgDumpThat(version, hides('STATISTICS')));
    expect({ exit: backup.exit, failure: backup.failure }).toEqual({ exit: 'success', failure: '' });
    expect(backup.notes).toContainEqual({
      kind: 'missing-objects',
      database: 'objects',
      objects: ['STATISTICS app.st'],
    });
  });
});
