import type { Manifest } from '../../catalog/bucket/manifest';
import { MysqlScene } from '../restore/mysql-scene';
import { describeOn, engineOf, inMatrix, versionsOf } from '../servers/versions';
import { prove } from './support';

jest.setTimeout(240_000);

describeOn(inMatrix(versionsOf('mysql', 'mariadb'), ['mariadb-10.11']), 'what a restore test of %s says', (version) => {
  let mysql: MysqlScene;
  beforeAll(async () => {
    mysql = await MysqlScene.start(version);
  });
  afterAll(() => mysql?.stop());

  const proof = (manifest: Manifest) => prove(mysql.scene, manifest, { image: version });

  test('rows that refer to none are no difference if the source has them, too', async () => {
    await mysql.exec(`CREATE DATABASE lone; USE lone; SET foreign_key_checks = 0;
        CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id));
        INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1), (2, 7);`);
    const manifest = await mysql.backUp(['lone']);
    const { failure, verdict } = await proof(manifest);
    expect({ failure, differences: verdict?.differences }).toEqual({ failure: '', differences: [] });
    const left = [{ why: 'orphans-at-source', count: 1, objects: ['table lone.c'] }];
    expect(verdict?.checks).toContainEqual(expect.objectContaining({ check: 'engine', result: 'passed', left }));
    mysql.edit(manifest, (sql) => sql.replace(/(INSERT INTO `p` VALUES\s+)\(1\)/, '$1(2)'));
    const lost = { check: 'engine', object: 'table lone.c', kind: 'orphans', found: '2', expected: '0' };
    expect((await proof(manifest)).verdict?.differences).toContainEqual(lost);
  });

  test.each(engineOf(version) === 'mysql' ? ["ENCRYPTION='Y'", 'TABLESPACE `gone`'] : ['`ENCRYPTED`=YES'])(
    'a table that the throw-away server cannot have (%s) is no difference',
    async (option) => {
      await mysql.exec('CREATE DATABASE IF NOT EXISTS placed; CREATE TABLE IF NOT EXISTS placed.t (a INT)');
      const manifest = await mysql.backUp(['placed']);
      mysql.edit(manifest, (sql) => sql.replace(') ENGINE=InnoDB', `) ENGINE=InnoDB ${option}`));
      const { exit, verdict } = await proof(manifest);
      expect({ exit, ...verdict }).toMatchObject({
        ...{ exit: 'notTested', verdict: 'not-run', differences: [] },
        reason: { kind: 'target-lacks' },
      });
    },
  );

  test('ARCHIVE tables with AUTO_INCREMENT, whose rows no client loads as they were dumped, are proven', async () => {
    if (engineOf(version) === 'mariadb') await mysql.exec("INSTALL SONAME 'ha_archive'");
    await mysql.exec(`CREATE DATABASE old; USE old;
        CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, b INT) ENGINE=ARCHIVE; INSERT INTO t (b) VALUES (1), (2), (3);
        CREATE TABLE raised (id INT AUTO_INCREMENT, b INT, KEY (id)) ENGINE=ARCHIVE AUTO_INCREMENT=100; INSERT INTO raised (b) VALUES (1), (2)`);
    const { failure, verdict } = await prove(mysql.scene, await mysql.backUp(['old']), { image: version });
    expect({ failure, differences: verdict?.differences }).toEqual({ failure: '', differences: [] });
  });

  test('where the files of a table lie is no difference', async () => {
    await mysql.exec('CREATE DATABASE apart; CREATE TABLE apart.t (a INT)');
    const manifest = await mysql.backUp(['apart']);
    mysql.edit(manifest, (sql) => sql.replace(') ENGINE=InnoDB', `) ENGINE=InnoDB DATA DIRECTORY='/nowhere/'`));
    const { exit, verdict } = await proof(manifest);
    expect({ exit, differences: verdict?.differences }).toEqual({ exit: 'success', differences: [] });
  });

  test('a statement for a database that is not there is an unmet expectation', async () => {
    await mysql.exec('CREATE DATABASE asked; CREATE TABLE asked.t (a INT)');
    const manifest = await mysql.backUp(['asked']);
    mysql.scene.putManifest({
      ...manifest,
      expectations: [{ kind: 'equals', statement: 'SELECT 1', database: 'lost', value: '1' }],
    });
    const { exit, verdict } = await proof(manifest);
    expect(exit).toBe('notProven');
    expect(verdict?.differences).toEqual([
      expect.objectContaining({ check: 'expectations', object: 'SELECT 1 (lost)', kind: 'unmet' }),
    ]);
    expect(verdict?.differences?.[0]?.said).toMatch(/denied|[Uu]nknown database/);
  });

  test('of rows that differ, the verdict has the key and the column of the first', async () => {
    await mysql.exec(`CREATE DATABASE keyed; USE keyed;
      CREATE TABLE orders (id INT, day DATE, price DECIMAL(5, 2), PRIMARY KEY (id, day));
      INSERT INTO orders VALUES (16, '2026-01-01', 1.25), (17, '2026-01-02', 2.5), (18, '2026-01-03', 3.75);`);
    const manifest = await mysql.backUp(['keyed']);
    mysql.edit(manifest, (sql) => sql.replace("'2026-01-02',2.50", "'2026-01-02',2.506"));
    const { verdict, output } = await proof(manifest);
    expect(verdict?.differences).toContainEqual({
      ...{ check: 'sections', object: 'table keyed.orders', kind: 'rows', rows: { differing: 1, of: 3 } },
      first: { key: expect.stringMatching(/^id 17, day '?2026-01-02'?$/) as string, column: 'price' },
    });
    expect(output).not.toMatch(/\b2\.50/);
  });
});
