import { setTimeout as sleep } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { EVIDENCE_FILE, parseEvidence } from '../../catalog/bucket/evidence';
import type { Manifest } from '../../catalog/bucket/manifest';
import { MysqlScene } from '../restore/mysql-scene';
import { MYSQL_FAMILY_DATABASES, loadMysqlFamilySchema } from '../schemas/mysql-family';
import { describeOn, engineOf, inMatrix, versionsOf, type Version } from '../servers/versions';
import { serverJob } from '../support/job';
import { prove } from './support';

jest.setTimeout(300_000);

/** Events come and go so long after they are made. */
const EVENT_SECONDS = 4;
/** What is there only at its time, only with a right, or only in an order. */
const ODD = `CREATE DATABASE odd; USE odd;
CREATE TABLE keyless (a INT, b VARCHAR(20)); INSERT INTO keyless VALUES (2, 'b'), (1, 'a'), (2, 'b');
CREATE TABLE memory (a INT PRIMARY KEY, b DECIMAL(5,2)) ENGINE=MEMORY; INSERT INTO memory VALUES (1, 1.25), (2, 2.5);
CREATE DEFINER='nobody'@'nowhere' PROCEDURE p() SELECT 1;
CREATE USER reader@'%'; GRANT SELECT ON odd.* TO reader@'%';
CREATE DEFINER=reader@'%' VIEW v AS SELECT a FROM keyless;
CREATE EVENT soon ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL ${EVENT_SECONDS} SECOND ON COMPLETION NOT PRESERVE DO SELECT 1;
CREATE EVENT kept ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL ${EVENT_SECONDS} SECOND ON COMPLETION PRESERVE DO SELECT 1;
CREATE EVENT zoned ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO SELECT 1;
DELIMITER //
CREATE TRIGGER one BEFORE INSERT ON keyless FOR EACH ROW SET NEW.a = NEW.a;//
CREATE TRIGGER two BEFORE INSERT ON keyless FOR EACH ROW PRECEDES one BEGIN SET NEW.b = 'x'; END//
DELIMITER ;`;

/** A table with its own history. */
const PAST = `CREATE TABLE odd.past (a INT) WITH SYSTEM VERSIONING;
INSERT INTO odd.past VALUES (1); UPDATE odd.past SET a = 2; DELETE FROM odd.past; INSERT INTO odd.past VALUES (3);`;

const TESTED = inMatrix<Version>(versionsOf('mysql', 'mariadb'), ['mysql-9.7', 'mariadb-10.11']);

describeOn(TESTED, 'a restore test on %s', (version) => {
  const isMariadb = engineOf(version) === 'mariadb';
  let mysql: MysqlScene;
  let odd: Manifest;
  let eventsAreOver: Promise<void>;
  beforeAll(async () => {
    mysql = await MysqlScene.start(version);
    await loadMysqlFamilySchema(mysql.server);
    await mysql.exec(isMariadb ? `${ODD}\n${PAST}` : ODD);
    odd = await mysql.backUp(['odd']);
    eventsAreOver = sleep(EVENT_SECONDS * 1000);
  });
  afterAll(() => mysql?.stop());

  const proof = (manifest: Manifest) => prove(mysql.scene, manifest, { image: version });

  test('a schema that hurts comes back the same, by a user with the documented privileges', async () => {
    const routines = isMariadb ? 'SELECT ON mysql.proc' : 'SHOW_ROUTINE ON *.*';
    const grants = MYSQL_FAMILY_DATABASES.map((name) => {
      const pattern = name.replaceAll('_', '\\_').replaceAll('`', '``');
      return `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON \`${pattern}\`.* TO backup@'%';`;
    });
    await mysql.exec(`CREATE USER backup@'%' IDENTIFIED BY 'x'; ${grants.join(' ')} GRANT ${routines} TO backup@'%'`);
    const job = serverJob(mysql.server, mysql.scene.place('hard'), { databases: MYSQL_FAMILY_DATABASES });
    const who = { username: 'backup', password: 'x', image: version };
    const manifest = await mysql.scene.backUp({ ...job, rowDigests: { kind: 'all' } }, who);
    const { key } = manifest.objects.find((object) => object.key.endsWith(EVIDENCE_FILE))!;
    const evidence = parseEvidence(zstdDecompressSync(mysql.scene.s3.get(key)).toString())!;
    expect(new Set(evidence.undigested.map(({ why }) => why))).toEqual(new Set(['no-snapshot']));
    expect(evidence.digests).toHaveLength(manifest.tables.length - evidence.undigested.length);
    expect(evidence.inventory.filter(({ kind }) => kind === 'table')).toHaveLength(manifest.tables.length);
    const { exit, failure, verdict, stored } = await proof(manifest);
    expect({ failure, differences: verdict?.differences }).toEqual({ failure: '', differences: [] });
    expect(exit).toBe('success');
    expect(stored).toEqual(verdict);
    const checks = Object.fromEntries(verdict!.checks!.map((check) => [check.check, check]));
    for (const check of ['bytes', 'load', 'sections', 'engine']) expect(checks[check]?.result).toBe('passed');
    expect(checks.sections?.compared).toBeGreaterThan(1000);
    expect(checks.inventory).toEqual({ check: 'inventory', result: 'passed', compared: evidence.inventory.length });
  });

  test('events that are over, definers that are gone or may little, triggers in their order, and history too', async () => {
    await eventsAreOver;
    const { failure, verdict } = await proof(odd);
    expect({ failure, differences: verdict?.differences }).toEqual({ failure: '', differences: [] });
    expect(verdict?.verdict).toBe('passed');
    const dump = zstdDecompressSync(mysql.scene.s3.get(odd.objects[0]!.key)).toString();
    expect(dump).toMatch(/EVENT `soon`/);
  });

  test('what loads as something else is seen, and what does not load', async () => {
    mysql.edit(odd, (sql) => sql.replace('(1,1.25)', '(1,1.256)'));
    const changed = await proof(odd);
    expect(changed.exit).toBe('notProven');
    expect(changed.verdict?.differences).toMatchObject([
      { check: 'sections', object: 'table odd.memory', kind: 'rows' },
    ]);
    mysql.edit(odd, (sql) => sql.replace('(1,1.256)', '(1,1.25),(1,1.25)'));
    const refused = await proof(odd);
    expect(refused.exit).toBe('notProven');
    expect(refused.verdict?.differences).toMatchObject([{ check: 'load', kind: 'refused' }]);
    // Not the whole output: times may have these digits.
    expect(refused.failure + JSON.stringify(refused.verdict?.differences)).not.toContain('1.25');
  });
});
