/** A throw-away server that dies, as the kernel kills one when memory runs out, says nothing of the backup. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import { MysqlScene } from '../restore/mysql-scene';
import { PostgresqlScene } from '../restore/postgresql-support';
import type { RestoreScene } from '../restore/support';
import { postgresqlBinaries } from '../servers/postgresql';
import { describeOn, engineOf, inMatrix, versionsOf, type Version } from '../servers/versions';
import { prove } from './support';

jest.setTimeout(240_000);

/** Tests with a tool in whose middle the server, or one of its processes, is killed. */
async function proveWith(scene: RestoreScene, manifest: Manifest, version: Version, tool: string, victim: string) {
  const directory = fs.mkdtempSync(path.join(scene.directory, 'tools-'));
  fs.chmodSync(directory, 0o755);
  const script = `#!/bin/bash
${victim}
[ "$1" = --version ] || { for pid in $(pids); do kill -9 $pid; done; }
PATH=\${PATH#*:} exec ${path.basename(tool)} "$@"
`;
  fs.writeFileSync(path.join(directory, path.basename(tool)), script, { mode: 0o755 });
  return prove(scene, manifest, { image: version, toolsDirectory: directory });
}

/** Shell functions that print whom to kill: processes whose first line of the pid file is in this scene's scratch directory. */
const SERVER = (scene: RestoreScene, file: string) =>
  `pids() { head -qn 1 $(find ${scene.scratchDirectory} -name ${file}); }`;
const BACKENDS = (scene: RestoreScene) => `${SERVER(scene, 'postmaster.pid').replace('pids', 'server')}
pids() { local own=$(server); for s in /proc/[0-9]*/stat; do read -r pid _ _ parent _ <$s; [ "$parent" = "$own" ] && echo $pid; done 2>/dev/null | tail -1; }`;

const isUntested = (result: Awaited<ReturnType<typeof prove>>) =>
  expect([result.exit, result.reason?.kind, result.verdict?.verdict, result.verdict?.differences]).toEqual([
    ...[
      'notTested',
      expect.stringMatching(/^(?:scratch-server|connection-lost|not-reached)$/) as string,
      'not-run',
      [],
    ],
  ]);

describeOn(inMatrix(versionsOf('mysql', 'mariadb'), ['mysql-9.7']), '%s', (version) => {
  let mysql: MysqlScene;
  let manifest: Manifest;
  beforeAll(async () => {
    mysql = await MysqlScene.start(version);
    await mysql.exec(`CREATE DATABASE shop; CREATE TABLE shop.t (a INT); INSERT INTO shop.t VALUES (1)`);
    manifest = await mysql.backUp(['shop']);
  });
  afterAll(() => mysql?.stop());

  const tools = engineOf(version) === 'mysql' ? ['mysql', 'mysqldump'] : ['mariadb', 'mariadb-dump'];
  test.each(tools)('that dies before %s reaches it', async (tool) =>
    isUntested(await proveWith(mysql.scene, manifest, version, tool, SERVER(mysql.scene, 'pid'))),
  );
});

describeOn(inMatrix(versionsOf('postgresql'), ['postgresql-18']), '%s', (version) => {
  let shop: PostgresqlScene;
  let manifest: Manifest;
  beforeAll(async () => {
    shop = await PostgresqlScene.start(version);
    await shop.database('shop', 'CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
    manifest = await shop.backUp('shop');
  });
  afterAll(() => shop?.stop());

  const tools = ['pg_restore', 'pg_dump'].flatMap((tool) => [
    { tool, who: 'that dies', victims: () => SERVER(shop.scene, 'postmaster.pid') },
    { tool, who: 'one process of which dies', victims: () => BACKENDS(shop.scene) },
  ]);
  test.each(tools)('$who before $tool reaches it', async ({ tool, victims }) => {
    const program = path.join(postgresqlBinaries(version), tool);
    isUntested(await proveWith(shop.scene, manifest, version, program, victims()));
  });
});
