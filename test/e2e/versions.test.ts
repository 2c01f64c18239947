import * as fs from 'node:fs';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import { Emulator } from '../emulator/emulator';
import { PostgresqlServer } from '../servers/postgresql';
import type { Server } from '../servers/start';
import { startServer } from '../servers/start';
import { describeOn, numberOf, VERSIONS } from '../servers/versions';
import { TestBucket } from '../support/bucket';
import { AWKWARD_PASSWORD, serverJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import { Program } from '../support/program';

jest.setTimeout(300_000);

const QUOTED = AWKWARD_PASSWORD.replaceAll("'", "''");

describe('a round trip', () => {
  let emulator: Emulator;
  beforeAll(async () => (emulator = await Emulator.start()));
  afterAll(() => emulator?.stop());

  describeOn(VERSIONS, 'on %s', (version) => {
    let source: Server;
    let target: Server;
    const scratchDirectory = temporaryDirectory('scratch');
    beforeAll(async () => {
      [source, target] = await Promise.all([startServer(version), startServer(version)]);
      if (source instanceof PostgresqlServer) {
        await source.exec(`CREATE DATABASE shop; CREATE ROLE backup LOGIN PASSWORD '${QUOTED}';
          GRANT pg_read_all_data TO backup`);
        await source.exec("CREATE TABLE t (i int, a text); INSERT INTO t VALUES (1, 'é 😀')", 'shop');
      } else {
        await source.exec(`CREATE DATABASE shop; CREATE TABLE shop.t (i INT, a TEXT); INSERT INTO shop.t VALUES (1, 'é 😀');
          CREATE USER backup@'%' IDENTIFIED BY '${QUOTED.replaceAll('\\', '\\\\')}';
          GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON *.* TO backup@'%'`);
      }
    });
    afterAll(async () => {
      await Promise.allSettled([source?.stop(), target?.stop()]);
      fs.rmSync(scratchDirectory, { recursive: true, force: true });
    });

    test('by the tools of its version, as an account of few rights', async () => {
      const bucket = await TestBucket.create(emulator, version.replace('.', '-'));
      const result = await Program.run({
        job: serverJob(source, { source: 'shop', bucket: bucket.name, scratchDirectory }, { databases: ['shop'] }),
        ...{ aws: emulator.environment, username: 'backup', password: AWKWARD_PASSWORD, image: version },
      });
      expect(result).toMatchObject({ exit: 'success', failure: '' });
      const [manifest] = await bucket.manifests('shop');
      expect(manifest!.serverVersion).toMatch(new RegExp(`^${numberOf(version)}\\.`));
      expect(manifest!.tables).toMatchObject([{ name: 't', rows: 1 }]);
      const object = manifest!.objects.find(({ kind }) => kind === 'dump')!;
      const content = await bucket.download(object);
      if (target instanceof PostgresqlServer) {
        const file = path.join(target.directory, 'archive');
        fs.writeFileSync(file, content);
        await target.tool('pg_restore', ['--exit-on-error', '--create', '--no-owner', '--dbname=postgres', file]);
        expect(await target.exec('SELECT * FROM t', 'shop')).toBe('1|é 😀\n');
      } else {
        await target.exec(Readable.from(content));
        expect(await target.exec('SELECT * FROM shop.t')).toBe('1\té 😀\n');
      }
    });
  });
});
