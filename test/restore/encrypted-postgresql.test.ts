/** A server whose backups are encrypted to people: restored and tested, by name and with several connections. */
import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import { ENV } from '../../catalog/contract/task';
import { prove } from '../prove/support';
import { describeOn, inMatrix, versionsOf } from '../servers/versions';
import { PostgresqlScene } from './postgresql-support';

jest.setTimeout(300_000);

const SECRET_TITLE = 'The unpublished manuscript';

describeOn(inMatrix(versionsOf('postgresql'), ['postgresql-15']), 'an encrypted backup of %s', (version) => {
  let shop: PostgresqlScene;
  let manifest: Manifest;
  let before: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    const identity = execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    environment = { [ENV.identity]: identity };
    shop = await PostgresqlScene.start(version);
    await shop.database(
      'shop',
      `CREATE TABLE book (id int PRIMARY KEY, title text); INSERT INTO book VALUES (1, '${SECRET_TITLE}');
      INSERT INTO book SELECT n, md5(n::text) FROM generate_series(2, 20000) n; CREATE INDEX ON book (title)`,
    );
    before = await shop.dumpOf('shop');
    const recipient = /public key: (\S+)/.exec(identity)![1]!;
    const expectations = [{ kind: 'equals', statement: 'SELECT title FROM book WHERE id = 1', value: 'Momo' }] as const;
    const job = { ...shop.job('shop'), encryptTo: [recipient], expectations };
    manifest = await shop.scene.backUp(job, shop.as('postgres'));
  });
  afterAll(() => shop?.stop());

  test('comes back, by several connections', async () => {
    expect(manifest.objects.map(({ key }) => path.basename(key))).toEqual([
      ...['globals.sql.zst.age', 'shop.dump.zst.age', 'evidence.json.zst.age'],
    ]);
    const surroundings = { ...shop.as('postgres'), environment };
    const { report } = await shop.restored(manifest, { as: 'again', jobs: 2 }, surroundings);
    expect(report).toMatchObject({ rows: 20000 });
    // Several connections load rows in another order.
    const lines = (dump: string) => dump.split('\n').sort();
    expect(lines(await shop.dumpOf('again'))).toEqual(lines(before));
  });

  test('is tested, and what differs shows nothing of the rows', async () => {
    const { exit, verdict, stored, output } = await prove(shop.scene, manifest, { image: version, environment });
    expect([exit, verdict?.verdict]).toEqual(['notProven', 'failed']);
    expect(verdict!.differences).toEqual([
      { check: 'expectations', kind: 'unmet', object: 'SELECT title FROM book WHERE id = 1' },
    ]);
    expect(verdict!.checks!.filter(({ result }) => result === 'passed').map(({ check }) => check)).toEqual(
      expect.arrayContaining(['bytes', 'load', 'sections', 'inventory', 'rows']),
    );
    expect(stored).toEqual(verdict);
    expect(output).not.toContain(SECRET_TITLE);
  });
});
