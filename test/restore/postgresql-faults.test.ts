import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../../catalog/bucket/manifest';
import { postgresqlBinaries } from '../servers/postgresql';
import { temporaryDirectory } from '../support/processes';
import { PostgresqlScene } from './postgresql-support';
import type { Surroundings } from './support';
import { factsOf } from './support';

jest.setTimeout(120_000);

describe('a restore of PostgreSQL that fails', () => {
  let scene: PostgresqlScene;
  let manifest: Manifest;
  const mounts: string[] = [];
  beforeAll(async () => {
    scene = await PostgresqlScene.start('postgresql-15');
    await scene.database(
      'shop',
      `CREATE TABLE books (id int PRIMARY KEY, title text);
      INSERT INTO books SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 2000) n`,
    );
    manifest = await scene.backUp('shop');
  });
  afterAll(async () => {
    for (const mount of mounts) execFileSync('umount', ['--lazy', mount]);
    await scene?.stop();
  });
  beforeEach(() => {
    scene.scene.s3.rule = () => undefined;
  });
  /** All that it must leave. */
  const expectUntouched = async (): Promise<void> => {
    expect(await scene.names()).toEqual(['shop']);
    expect(await scene.server.exec('SELECT count(*) FROM books', 'shop')).toBe('2000\n');
  };
  /** This process's tools, of which `pg_restore` waits before a section. */
  function waitsAt(section: string): Surroundings & { readonly begun: () => Promise<void>; readonly goOn: () => void } {
    const toolsDirectory = temporaryDirectory('tools');
    const [mark, go] = ['begun', 'go'].map((name) => path.join(toolsDirectory, name)) as [string, string];
    const real = path.join(postgresqlBinaries('postgresql-15'), 'pg_restore');
    fs.writeFileSync(
      path.join(toolsDirectory, 'pg_restore'),
      `#!/bin/sh\ncase "$*" in *--section=${section}*) touch ${mark}; for i in $(seq 1200); do [ -e ${go} ] && exec ${real} "$@"; sleep 0.05; done; exit 1;; esac\nexec ${real} "$@"\n`,
      { mode: 0o755 },
    );
    const begun = async (): Promise<void> => {
      while (!fs.existsSync(mark)) await sleep(20);
    };
    const goOn = (): void => fs.writeFileSync(go, '');
    return { ...scene.as('postgres'), image: undefined, toolsDirectory, begun, goOn };
  }

  test.each(['pre-data', 'data', 'post-data'])(
    'killed at its section %s leaves the target, and the next one goes through',
    async (section) => {
      const surroundings = waitsAt(section);
      const program = scene.start(manifest, { overwrite: ['shop'] }, surroundings);
      await surroundings.begun();
      program.signal('SIGKILL');
      await program.result();
      expect(await scene.names()).toEqual([expect.stringMatching(/^proven_restoring_/), 'shop']);
      await scene.restored(manifest, { overwrite: ['shop'] });
      await expectUntouched();
    },
  );
  test('stopped by SIGTERM leaves nothing; another one of the same target is refused meanwhile', async () => {
    const surroundings = waitsAt('data');
    const program = scene.start(manifest, { as: 'beside' }, surroundings);
    await surroundings.begun();
    const second = await scene.restore(manifest, { as: 'beside' });
    expect(second).toMatchObject({ exit: 'alreadyRunning', reason: { kind: 'already-running', object: 'beside' } });
    program.signal('SIGTERM');
    expect(factsOf(await program.result())).toMatchObject({ exit: 'interrupted', state: 'unchanged' });
    await expectUntouched();
  });
  test('because the target has come into being meanwhile leaves that', async () => {
    const surroundings = waitsAt('data');
    const program = scene.start(manifest, { as: 'other' }, surroundings);
    await surroundings.begun();
    await scene.server.exec('CREATE DATABASE other');
    surroundings.goOn();
    const result = factsOf(await program.result());
    expect(result).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-exists' }, state: 'unchanged' });
    await scene.server.exec('DROP DATABASE other');
    await expectUntouched();
  });
  test('because an object is not what its manifest says leaves nothing', async () => {
    const object = manifest.objects.find(({ kind }) => kind === 'dump')!;
    const whole = scene.scene.s3.get(object.key);
    const cut = Buffer.from(whole);
    cut[cut.length - 5]! ^= 1;
    scene.scene.s3.put(object.key, cut);
    const result = await scene.restore(manifest, { as: 'beside' });
    scene.scene.s3.put(object.key, whole);
    expect(result).toMatchObject({ exit: 'downloadFailed', reason: { kind: 'object-changed' }, state: 'unchanged' });
    await expectUntouched();
  });
  test('because the storage is full leaves nothing', async () => {
    const space = path.join(scene.server.directory, 'space');
    fs.mkdirSync(space);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', space]);
    mounts.push(space);
    const { uid, gid } = fs.statSync(scene.server.directory);
    fs.chownSync(space, uid, gid);
    await scene.server.exec(`CREATE TABLESPACE space LOCATION '${space}'`);
    await scene.server.exec('CREATE DATABASE big TABLESPACE space');
    await scene.server.exec(`CREATE TABLE t AS SELECT n, repeat('x', 1000) FROM generate_series(1, 18000) n`, 'big');
    const big = await scene.backUp('big');
    const result = await scene.restore(big, { as: 'too_big' });
    expect(result).toMatchObject({ exit: 'restoreFailed', reason: { kind: 'target-full' }, state: 'unchanged' });
    await scene.server.exec('DROP DATABASE big; DROP TABLESPACE space');
    await expectUntouched();
  });
  test('because the target is older, or the account may not, is refused before it begins', async () => {
    const newer = { ...manifest, backupId: manifest.backupId, serverVersion: '99.1' };
    scene.scene.putManifest(newer);
    const older = await scene.restore(newer, { as: 'beside' });
    scene.scene.putManifest(manifest);
    expect(older).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-too-old' }, state: 'unchanged' });
    await scene.server.exec('ALTER ROLE admin NOCREATEDB');
    const denied = await scene.restore(manifest, { as: 'beside' }, scene.as('admin'));
    await scene.server.exec('ALTER ROLE admin CREATEDB');
    expect(denied).toMatchObject({
      exit: 'privileges',
      reason: { kind: 'privileges-missing', statements: ['ALTER ROLE "admin" CREATEDB;'] },
      state: 'unchanged',
    });
    await expectUntouched();
  });
  test('because a superuser stays connected leaves the old database', async () => {
    await scene.server.exec(`CREATE ROLE app; ALTER DATABASE shop OWNER TO app`);
    await scene.server.exec('ALTER TABLE books OWNER TO app', 'shop');
    const owned = await scene.backUp('shop');
    const client = await scene.server.connect('shop');
    const result = await scene.restore(owned, { overwrite: ['shop'] }, scene.as('admin'));
    await client.end();
    expect(result).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-in-use' }, state: 'unchanged' });
    await expectUntouched();
  });
  test('because a name cannot be is refused', async () => {
    for (const as of ['template1', 'x'.repeat(64)])
      expect(await scene.restore(manifest, { as })).toMatchObject({
        exit: 'configuration',
        reason: { kind: 'name-invalid' },
      });
  });
});
