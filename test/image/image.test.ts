import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { App } from 'aws-cdk-lib';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import { EXIT_CODES } from '../../catalog/contract/task';
import type { Catalog } from '../../catalog/bucket/read';
import { readCatalog } from '../../catalog/bucket/read';
import { appCommand, Emulator } from '../emulator/emulator';
import { fire } from '../emulator/scheduled-run';
import { MariadbServer } from '../servers/mariadb';
import { PostgresqlServer } from '../servers/postgresql';
import type { ImageAsset } from './assets';
import { buildImage, imageAssetsOf } from './assets';
import type { Ended, Limits } from './container';
import { Container } from './container';
import type { Docker } from './docker';
import { output, PROJECT_ROOT, run, startDocker } from './docker';
import { fillMariadb, fillPostgresql, fillSqlite } from './fixtures';
import type { Source } from './stack';
import { IMAGES, ImageStack, SOURCES, STACK, USER } from './stack';
import { makeStandIns, NODE_BINARY, STAND_INS } from './stand-ins';

jest.setTimeout(900_000);

const FARGATE_HALF: Limits = { cpus: 0.5, memory: 512 };

let docker: Docker;
let emulator: Emulator;
let mariadb: MariadbServer;
let postgresql: PostgresqlServer;
let s3: S3Client;
let outputs: Record<string, string>;
let data: string;

/** Builds an image from another one and a Dockerfile beside this test. */
async function derive(image: string, dockerfile: string): Promise<string> {
  const context = path.join(__dirname, 'stand-ins');
  const tag = `${image}-${dockerfile}`;
  const args = ['--network', 'none', '--build-arg', `IMAGE=${image}`, '-t', tag];
  await docker.docker('build', ...args, '-f', path.join(context, `${dockerfile}.Dockerfile`), context);
  return tag;
}

let firings = 0;

/** Fires the source's schedule, each time for another hour, so that no run is a repetition, and starts the container. */
async function start(source: Source, limits: Limits): Promise<Container> {
  const scheduledTime = new Date(Date.UTC(2026, 0, 1, firings++));
  const fired = await fire(emulator, { schedule: outputs[`Schedule${source}`]!, group: outputs.Group, scheduledTime });
  return Container.start(docker, emulator, fired, { data, ...limits });
}

const catalog = (source: Source): Promise<Catalog> => readCatalog(new S3CatalogStore(s3, outputs.Bucket!), source);

async function uploads(source: Source): Promise<number> {
  const list = new ListMultipartUploadsCommand({ Bucket: outputs.Bucket, Prefix: `${source}/` });
  return (await s3.send(list)).Uploads?.length ?? 0;
}

/** The log is only there to be shown when the code differs. */
function expectExit({ exitCode, log }: Ended, expected: number): void {
  expect({ exitCode, log }).toEqual({ exitCode: expected, log });
}

async function expectNothingLeft(source: Source): Promise<void> {
  expect(await catalog(source)).toEqual({ backups: [], damaged: [] });
  expect(await uploads(source)).toBe(0);
}

let assets: ImageAsset[];

describe('the program in the image of its engine', () => {
  beforeAll(async () => {
    docker = await startDocker();
    await makeStandIns(docker);
    [mariadb, postgresql, emulator] = await Promise.all([
      MariadbServer.start(),
      PostgresqlServer.start(),
      Emulator.start(),
    ]);
    data = path.join(emulator.directory, 'data');
    fillSqlite(data);
    await Promise.all([fillMariadb(mariadb), fillPostgresql(postgresql)]);
    const props = {
      mariadb: { port: mariadb.port, pem: mariadb.authority.pem },
      postgresql: { port: postgresql.port, pem: postgresql.authority.pem },
      readyImages: true,
    };
    const own = new App();
    new ImageStack(own, { ...props, readyImages: false });
    assets = imageAssetsOf(own);
    await emulator.bootstrap();
    const app = await appCommand('test/image/app.ts');
    const deployed = await emulator.deploy(app, [], { IMAGE_STACK_PROPS: JSON.stringify(props) });
    outputs = deployed[STACK]!;
    s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
  });

  afterAll(async () => {
    s3?.destroy();
    await Promise.all([mariadb?.stop(), postgresql?.stop(), emulator?.stop(), docker?.stop()]);
  });

  describe('the build', () => {
    test('one image an engine and version, whatever the number of databases', () => {
      const bases = assets.map(({ dockerBuildArgs }) => dockerBuildArgs.ENGINE_IMAGE).sort();
      expect(bases).toEqual(['debian:bookworm-slim', 'mariadb:10.11', 'postgres:15-bookworm']);
    });

    test.each(['mariadb', 'postgresql', 'sqlite'] as const)('%s: succeeds without a network', async (engine) => {
      const asset = assets.find(({ dockerBuildArgs }) => dockerBuildArgs.ENGINE_IMAGE === STAND_INS[engine])!;
      const built = await buildImage(docker, asset, IMAGES[engine]);
      expect(built).toMatchObject({ code: 0 });
      expect(built.stdout + built.stderr).toMatch(
        /certificate authorities of RDS: those of this package only, because https:\/\/truststore\.pki\.rds\.amazonaws\.com\/\S+ could not be used: /,
      );
      const files = await docker.docker(
        'run',
        '--rm',
        '--network',
        'none',
        IMAGES[engine],
        'ls',
        '/opt/proven-backups',
      );
      expect(files.split('\n').filter((name) => !name.startsWith('main.js'))).toEqual(['node', 'rds-ca.pem']);
      // The image's own command: the program, which says what it misses.
      const alone = await docker.tryDocker('run', '--rm', '--network', 'none', '--read-only', IMAGES[engine]);
      expect(alone).toMatchObject({ code: EXIT_CODES.configuration });
    });

    test('nothing of the engine image decides how the program starts, stops and who it is', async () => {
      const format = '{{json .Config}}';
      const { Entrypoint, Cmd, User, StopSignal, Volumes } = JSON.parse(
        await docker.docker('image', 'inspect', '--format', format, IMAGES.postgresql),
      ) as Record<string, unknown>;
      expect(Entrypoint ?? []).toEqual([]);
      expect({ Cmd, User, StopSignal }).toEqual({
        Cmd: ['/opt/proven-backups/node', '--max-semi-space-size=1', '/opt/proven-backups/main.js', 'dump'],
        User: '10001:10001',
        StopSignal: 'SIGTERM',
      });
      expect(Volumes).toHaveProperty('/scratch');
      const stat = ['run', '--rm', '--network', 'none', IMAGES.postgresql, 'stat', '-c', '%U:%G %a', '/scratch'];
      expect(await docker.docker(...stat)).toBe('proven-backups:proven-backups 700');
    });

    test('fails with a sentence if Node.js cannot start in the engine image', async () => {
      const old = await derive(STAND_INS.sqlite, 'no-libstdcxx');
      const built = await buildImage(docker, assets[0]!, 'image-test/never', { ENGINE_IMAGE: old });
      expect(built.code).not.toBe(0);
      expect(built.stdout + built.stderr).toContain(
        `cdk-proven-backups: Node.js cannot start in the image ${old}, for the reason above: it needs glibc 2.28 or newer`,
      );
      expect(built.stdout + built.stderr).toContain('libstdc++.so.6: cannot open shared object file');
    });
  });

  describe('a run, read-only, without privileges, on half a core and 512 MiB', () => {
    const tables = {
      shop: { database: 'shop', name: 'book', rows: 2000 },
      library: { database: 'library', schema: 'public', name: 'loan', rows: 3000 },
      notes: { name: 'note', rows: 500 },
    };

    test.each(['shop', 'library', 'notes'] as const)('%s: leaves a complete backup', async (source) => {
      if (source === 'notes') ownByProgram(data);
      const ended = await (await start(source, FARGATE_HALF)).ended();
      expectExit(ended, EXIT_CODES.success);
      expect(ended.log).not.toContain(USER.password);
      const { backups, damaged } = await catalog(source);
      expect(damaged).toEqual([]);
      expect(backups).toMatchObject([
        { source, engine: SOURCES[source], trigger: 'schedule', tables: [tables[source]] },
      ]);
      expect(backups[0]!.objects[0]!.bytes).toBeGreaterThan(0);
      expect(await uploads(source)).toBe(0);
    });

    test.each([
      ['shop', ['no-shell']],
      ['library', ['no-shell', 'pg-dumpall-shell']],
      ['notes', ['no-shell']],
    ] as const)('%s: needs no shell, but for what pg_dumpall does', async (source, dockerfiles) => {
      let image: string = IMAGES[SOURCES[source]];
      for (const name of dockerfiles) image = await derive(image, name);
      const shell = await docker.tryDocker('run', '--rm', '--network', 'none', image, '/bin/sh', '-c', 'true');
      expect(shell.code).toBe(dockerfiles.length > 1 ? 126 : 127);
      const before = (await catalog(source)).backups.length;
      expectExit(await (await start(source, { ...FARGATE_HALF, image })).ended(), EXIT_CODES.success);
      expect((await catalog(source)).backups).toHaveLength(before + 1);
    });
  });

  describe('a restore from a machine that has Docker, and none of the tools', () => {
    test.each(['shop', 'library'] as const)('%s: comes back beside the original', async (source) => {
      const server = source === 'shop' ? mariadb : postgresql;
      // Node.js, the shell and Docker, in the place of PATH.
      const tools = path.join(emulator.directory, 'tools');
      mkdirSync(tools, { recursive: true });
      for (const tool of ['sh', 'env', 'sed', 'docker'])
        if (!existsSync(path.join(tools, tool))) symlinkSync(await output(['which', tool]), path.join(tools, tool));
      const ca = path.join(emulator.directory, `${source}.pem`);
      writeFileSync(ca, server.authority.pem);
      const to = `${SOURCES[source]}://${server.rootUser}@localhost:${server.port}`;
      const words = [
        'restore',
        '--source',
        source,
        '--databases',
        source,
        '--as',
        'rescued',
        '--yes',
        '--local',
        '--to',
        to,
      ];
      const cli = [NODE_BINARY, path.join(PROJECT_ROOT, 'dist/bin/cli.js'), ...words, '--ca', ca];
      const ended = await run([...cli, '--docker', STAND_INS[SOURCES[source]]], {
        ...emulator.environment,
        ...{ PATH: tools, HOME: emulator.directory, DOCKER_HOST: docker.env.DOCKER_HOST },
        ...{ PROVEN_BACKUPS_BUCKET: outputs.Bucket, PROVEN_BACKUPS_PASSWORD: server.rootPassword },
      });
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('all as in the backup.') as string });
      expect(ended.stdout + ended.stderr).not.toContain(server.rootPassword);
    });
  });

  describe('a run that is cut short leaves nothing behind', () => {
    test('stopped midway: exit code 143', async () => {
      const container = await start('bulk', { cpus: 0.2, memory: 512 });
      for (let i = 0; i < 600 && (await uploads('bulk')) === 0; i++) await sleep(100);
      expect(await uploads('bulk')).toBe(1);
      await container.stop();
      const ended = await container.ended();
      expectExit(ended, EXIT_CODES.interrupted);
      expect(ended.log).toContain('the backup was interrupted by SIGTERM');
      await expectNothingLeft('bulk');
    });

    test('out of memory: the kernel takes the dump tool, and the program says what to raise', async () => {
      const container = await start('huge', { cpus: 1, memory: 256 });
      const ended = await container.ended();
      expectExit(ended, EXIT_CODES.dumpFailed);
      expect(ended.outOfMemory).toBe(true);
      expect(ended.log).toContain(
        'was killed by SIGKILL, as the kernel does when memory runs out: raise memoryLimitMiB',
      );
      await expectNothingLeft('huge');
    });
  });
});

// In this file because two cannot share the data of one Docker engine.
describe.each(['instance', 'extensions', 'mongodb'])('%s', (name) => void jest.requireActual(`./${name}.suite`));

/** An access point makes every client its own user; a bind mount does not, so that everyone may write here instead. */
function ownByProgram(directory: string): void {
  chmodSync(directory, 0o777);
  chmodSync(path.join(directory, 'notes.db'), 0o666);
}
