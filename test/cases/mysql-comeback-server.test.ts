import * as fs from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { casesOn, describeOn, engineOf, rootOf } from '../servers/versions';
import { temporaryDirectory, unprivileged } from '../support/processes';
import { testComebacks } from './comeback';
import { Trip } from './support';

jest.setTimeout(120_000);

describeOn(casesOn('mariadb'), 'directories of %s', (version) => {
  let trip: Trip;
  let data: string;
  beforeAll(async () => {
    trip = await Trip.start(version);
    data = path.join(path.dirname(trip.source.socket), 'data');
    await trip.source.exec(
      'CREATE DATABASE app; CREATE TABLE app.t (a INT) ENGINE=MyISAM; INSERT INTO app.t VALUES (1)',
    );
  });
  afterAll(() => trip?.stop());

  const directory = (name: string): string => {
    const { uid, gid } = unprivileged('mysql', rootOf(version))!;
    const made = path.join(data, name);
    fs.mkdirSync(made);
    fs.chownSync(made, uid, gid);
    return made;
  };

  test('M01 directories that are no databases are left out, with a line in the log', async () => {
    directory('lost+found');
    const result = await trip.run('m01');
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(result.log.filter(({ event }) => event === 'not-a-database')).toMatchObject([
      { message: expect.stringContaining('#mysql50#lost+found') },
    ]);
    const [manifest] = await trip.bucket.manifests('m01');
    expect(manifest!.objects[0]!.databases).toEqual(['app']);
    await trip.load(await trip.sql(manifest!));
    expect(await trip.target.exec('SELECT * FROM app.t')).toBe('1\n');
    expect(await trip.run('named', { databases: ['#mysql50#lost+found'] })).toMatchObject({ exit: 'configuration' });
  });

  test('Mx81 a database with a name from before MySQL 5.1 is refused while it has tables, with the statement', async () => {
    const old = directory('a-b');
    await trip.source.exec('CREATE TABLE `#mysql50#a-b`.t (a INT) ENGINE=MyISAM');
    expect(await trip.run('old')).toMatchObject({
      exit: 'configuration',
      failure: expect.stringContaining('ALTER DATABASE `#mysql50#a-b` UPGRADE DATA DIRECTORY NAME'),
      reason: { kind: 'old-name', object: '#mysql50#a-b' },
    });
    expect(await trip.run('old', { excludeDatabases: ['#mysql50#a-b'] })).toMatchObject({ exit: 'success' });
    fs.rmSync(old, { recursive: true });
  });

  test('Mx82 a table with a name from before MySQL 5.1 is refused, with the statement that renames it', async () => {
    await trip.source.exec('CREATE DATABASE ren; CREATE TABLE ren.ab (a INT) ENGINE=MyISAM; FLUSH TABLES');
    for (const end of ['frm', 'MYD', 'MYI'])
      fs.renameSync(path.join(data, `ren/ab.${end}`), path.join(data, `ren/a-b.${end}`));
    const result = await trip.run('ren', { databases: ['ren'] });
    expect(result).toMatchObject({ exit: 'configuration', reason: { kind: 'old-name', object: 'ren.#mysql50#a-b' } });
    await trip.source.exec(result.reason!.statements!.join('\n'));
    const manifest = await trip.backUp('ren', { databases: ['ren'] });
    await trip.load(await trip.sql(manifest));
    expect(await trip.target.exec('SELECT COUNT(*) FROM ren.`a-b`')).toBe('0\n');
  });
});

const KEY = '1;770A8A65DA156D24EE2A093277530142770A8A65DA156D24EE2A093277530142';

describeOn(casesOn('mysql', 'mariadb'), 'settings of %s', (version) => {
  let trip: Trip;
  const isMariadb = engineOf(version) === 'mariadb';
  const keys = path.join(temporaryDirectory('keys'), 'keys');
  beforeAll(async () => {
    fs.chmodSync(path.dirname(keys), 0o755);
    fs.writeFileSync(keys, `${KEY}\n`, { mode: 0o644 });
    const ofMariadb = ['--plugin-load-add=file_key_management', `--file-key-management-filename=${keys}`];
    // MySQL must be made with it.
    const extra = isMariadb ? [...ofMariadb, '--lower-case-table-names=1'] : [];
    trip = await Trip.start(version, { source: { extra } });
  });
  afterAll(async () => {
    await trip?.stop();
    fs.rmSync(path.dirname(keys), { recursive: true });
  });

  const settings = isMariadb ? [{ kind: 'server-settings', objects: ['lower_case_table_names=1'] }] : [];

  testComebacks(version, () => trip, [
    {
      title: 'Mx83 tables without a primary key are named where the server demands one',
      engine: 'mysql',
      databases: ['keyless'],
      setup: `CREATE DATABASE keyless; CREATE TABLE keyless.t (a INT); CREATE TABLE keyless.p (a INT PRIMARY KEY);
        CREATE TABLE keyless.u (a INT NOT NULL UNIQUE); SET GLOBAL sql_require_primary_key = ON`,
      notes: [{ kind: 'no-primary-keys', objects: ['keyless.t', 'keyless.u'] }, ...settings],
      prepare: 'SET GLOBAL sql_require_primary_key = ON',
      settings: ['sql_require_primary_key=OFF'],
      same: 'SHOW CREATE TABLE keyless.t',
    },
    {
      title: 'Mx83 tables without a primary key are named where the server demands one',
      engine: 'mariadb',
      databases: ['keyless'],
      setup: 'CREATE DATABASE keyless; CREATE TABLE keyless.t (a INT); SET GLOBAL innodb_force_primary_key = ON',
      notes: [{ kind: 'no-primary-keys', objects: ['keyless.t'] }, ...settings],
      same: 'SELECT COUNT(*) FROM keyless.t',
    },
    {
      title: 'Mx84 encrypted tables are named: the target must be able to encrypt',
      engine: 'mariadb',
      databases: ['vault'],
      setup: `SET GLOBAL innodb_force_primary_key = OFF; CREATE DATABASE vault; CREATE TABLE vault.t (a INT) ENCRYPTED=YES;
        CREATE TABLE vault.n (a INT) ENCRYPTED=NO`,
      notes: [{ kind: 'encrypted-tables', objects: ['vault.t'] }, ...settings],
      fails: /1005/,
      lost: true,
    },
    {
      title: 'Mx85 servers of FEDERATED tables are named',
      databases: ['plain'],
      setup: `CREATE DATABASE plain; CREATE TABLE plain.t (a INT PRIMARY KEY);
        CREATE SERVER far FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'example.com', DATABASE 'x')`,
      notes: [...settings, { kind: 'server-objects', objects: ['server far'] }],
      same: 'SHOW CREATE TABLE plain.t',
    },
  ]);

  test('Mx86 rows for which the dump tool needs more memory than the task has are named, with the memory to set', async () => {
    const metadata = createServer((request, response) =>
      response.end(JSON.stringify(request.url === '/v4/task' ? { Limits: { CPU: 0.5, Memory: 400 } } : {})),
    ).listen(0, '127.0.0.1');
    await once(metadata, 'listening');
    await trip.source.exec(`CREATE DATABASE big; USE big; CREATE TABLE t (id INT PRIMARY KEY, a LONGBLOB);
      INSERT INTO t VALUES (1, REPEAT('a', 40 * 1024 * 1024)); CREATE TABLE many (id INT AUTO_INCREMENT PRIMARY KEY, a LONGBLOB);
      ${"INSERT INTO many (a) VALUES (REPEAT('b', 4 * 1024 * 1024));".repeat(10)} ANALYZE TABLE t, many`);
    const environment = {
      ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${(metadata.address() as AddressInfo).port}/v4`,
    };
    const result = await trip.run('big', { databases: ['big'] }, environment);
    metadata.close();
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await trip.bucket.manifests('big');
    expect(manifest!.notes).toContainEqual({ kind: 'large-rows', objects: ['big.t'], memoryMiB: 1024 });
  });
});
