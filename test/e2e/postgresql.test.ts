import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import { differences } from '../compare/fingerprint';
import { fingerprintPostgresql, postgresqlDatabases, postgresqlRowCounts } from '../compare/postgresql';
import { Emulator } from '../emulator/emulator';
import { loadPostgresqlSchema, POSTGRESQL_DATABASES } from '../schemas/postgresql';
import { PostgresqlServer } from '../servers/postgresql';
import { describeOn, inMatrix, newestOf, numberOf, versionsOf } from '../servers/versions';
import { TestBucket } from '../support/bucket';
import { AWKWARD_PASSWORD, serverJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import { Program } from '../support/program';
import { SecrecyWatch } from '../support/secrecy';

jest.setTimeout(300_000);

const SQL_PASSWORD = AWKWARD_PASSWORD.replaceAll("'", "''");
/** The least that a complete dump needs, besides large objects. */
const ACCOUNT = `CREATE ROLE backup LOGIN PASSWORD '${SQL_PASSWORD}' BYPASSRLS; GRANT pg_read_all_data TO backup;`;
const LARGE_OBJECTS = 'GRANT SELECT ON LARGE OBJECT 4242, 4243, 4244 TO backup';

const ALL = versionsOf('postgresql');
/** Where also that is tested which does not depend on the version much. */
const WHOLLY = inMatrix(ALL, newestOf('postgresql'));

describeOn(ALL, 'a backup of %s', (version) => {
  let emulator: Emulator;
  let bucket: TestBucket;
  let source: PostgresqlServer;
  let target: PostgresqlServer;
  const scratchDirectory = temporaryDirectory('scratch');

  beforeAll(async () => {
    emulator = await Emulator.start();
    bucket = await TestBucket.create(emulator, 'backups');
    source = await PostgresqlServer.start({ version });
    target = await PostgresqlServer.start({ version });
    await loadPostgresqlSchema(source);
    await source.exec(ACCOUNT);
    await source.exec(LARGE_OBJECTS, 'shop');
    await source.exec('CREATE DATABASE busy');
    await source.exec(
      "CREATE TABLE ticks AS SELECT n, repeat('x', 200) AS a FROM generate_series(1, 100000) n",
      'busy',
    );
  });
  afterAll(async () => {
    await Promise.allSettled([source?.stop(), target?.stop()]);
    fs.rmSync(scratchDirectory, { recursive: true, force: true });
    await emulator?.stop();
  });

  const options = (name: string, what: object) => ({
    job: serverJob(source, { source: name, bucket: bucket.name, scratchDirectory }, what),
    ...{ aws: bucket.taskOf(name), username: 'backup', password: AWKWARD_PASSWORD, image: version },
  });

  /** Loads every object of a backup by the engine's own clients. */
  async function restore(manifest: Manifest): Promise<void> {
    for (const object of manifest.objects.filter(({ kind }) => kind !== 'evidence')) {
      const content = await bucket.download(object);
      if (object.kind === 'globals') {
        // A new server has its administrator already.
        const globals = content.toString('utf8').replaceAll(/^(CREATE|ALTER) ROLE postgres\b.*$/gm, '');
        await target.exec(globals);
      } else {
        const file = path.join(target.directory, 'archive');
        fs.writeFileSync(file, content);
        await target.tool('pg_restore', ['--exit-on-error', '--create', '--dbname=postgres', file]);
      }
    }
  }

  const counts = (manifest: Manifest, of: string): Map<string, number | undefined> => {
    const tables = manifest.tables.filter(({ database }) => database === of);
    return new Map(tables.map(({ database, schema, name, rows }) => [`${database} ${schema} ${name}`, rows]));
  };

  test('brings every object, every byte and every role back, in flat memory, and keeps its secret', async () => {
    const watch = new SecrecyWatch(AWKWARD_PASSWORD, scratchDirectory);
    const result = await Program.run(options('shop', { excludeDatabases: ['left_out', 'busy', 'postgres'] })).finally(
      () => watch.stop(),
    );
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await bucket.manifests('shop');
    expect(manifest).toMatchObject({
      ...{
        engine: 'postgresql',
        serverVersion: expect.stringMatching(new RegExp(`^${numberOf(version)}\\.`)),
        rolePasswords: true,
      },
      consistency: { snapshot: 'exported-snapshot', rowCounts: 'same-snapshot' },
    });
    expect(manifest!.objects.map(({ key, kind, databases }) => [key.split('/')[2], kind, databases])).toEqual([
      ['globals.sql.zst', 'globals', []],
      ...POSTGRESQL_DATABASES.map((name) => [`${encodeURIComponent(name)}.dump.zst`, 'dump', [name]]),
      ['evidence.json.zst', 'evidence', []],
    ]);
    await restore(manifest!);
    expect(await postgresqlDatabases(target)).toEqual(POSTGRESQL_DATABASES);
    const before = await fingerprintPostgresql(source, POSTGRESQL_DATABASES);
    expect(differences(before, await fingerprintPostgresql(target, POSTGRESQL_DATABASES))).toEqual([]);
    for (const database of POSTGRESQL_DATABASES) {
      expect(counts(manifest!, database)).toEqual(await postgresqlRowCounts(source, database));
    }
    expect(await bucket.unfinishedUploads()).toEqual([]);

    expect(watch.samples).toBeGreaterThan(500);
    expect([...watch.leaks]).toEqual([]);
    expect([...watch.files.values()]).toEqual(['600']);
    expect(fs.readdirSync(scratchDirectory)).toEqual([]);
    const secret = AWKWARD_PASSWORD.split(' ')[0]!;
    expect(result.output).not.toContain(secret);
    expect(JSON.stringify(manifest)).not.toContain(secret);
    expect(result.peakMiB).toBeGreaterThan(40);
    expect(result.peakMiB).toBeLessThan(250);
  });

  if (!WHOLLY.includes(version)) return;

  test('counts the rows of its own snapshot while a writer goes on', async () => {
    let over = false;
    const run = Program.run(options('busy', { databases: ['busy'] })).finally(() => (over = true));
    const writer = await source.connect('busy');
    let written = 0;
    for (; !over; written++) await writer.query("INSERT INTO ticks VALUES (0, 'late')");
    await writer.end();
    expect(await run).toMatchObject({ exit: 'success' });
    expect(written).toBeGreaterThan(50);
    const [manifest] = await bucket.manifests('busy');
    await restore({ ...manifest!, objects: manifest!.objects.filter(({ kind }) => kind === 'dump') });
    expect(counts(manifest!, 'busy')).toEqual(await postgresqlRowCounts(target, 'busy'));
    const now = (await postgresqlRowCounts(source, 'busy')).get('busy public ticks');
    expect(manifest!.tables[0]!.rows).toBeLessThan(now!);
  });

  test('dumps and counts only the schemas asked for', async () => {
    const job = { databases: ['shop'], schemas: ['Other "schema"'] };
    expect(await Program.run(options('one-schema', job))).toMatchObject({ exit: 'success' });
    const [only] = await bucket.manifests('one-schema');
    expect([...counts(only!, 'shop').keys()]).toEqual(['shop Other "schema" parted_rest']);
    const without = { databases: ['shop'], excludeSchemas: ['shop'] };
    expect(await Program.run(options('no-schema', without))).toMatchObject({ exit: 'success' });
    const [left] = await bucket.manifests('no-schema');
    expect([...counts(left!, 'shop').keys()]).toEqual(['shop Other "schema" parted_rest']);
  });

  test('leaves out what the user tells the dump tool to leave out, and does not count it', async () => {
    const job = { databases: ['busy'], extraDumpArguments: ['--exclude-table=ticks'] };
    expect(await Program.run(options('no-data', job))).toMatchObject({ exit: 'success' });
    const [manifest] = await bucket.manifests('no-data');
    expect(manifest!.tables).toEqual([]);
  });
});
