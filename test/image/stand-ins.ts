import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ENGINE_FACTS } from '../../engines/facts';
import { postgresqlBinaries } from '../servers/postgresql';
import { rootOf } from '../servers/versions';
import type { Docker } from './docker';
import { AS_ROOT, asRoot, output, PROJECT_ROOT } from './docker';

/** The Dockerfile's default for `NODE_IMAGE`. */
const NODE_IMAGE = 'node:24-bookworm-slim';
/** Node.js of the project. */
export const NODE_BINARY = path.join(PROJECT_ROOT, 'node_modules/node/bin/node');
const NODE_LABEL = 'node.version';

/** The official images that are stood in for, by engine. */
export const STAND_INS = {
  mariadb: ENGINE_FACTS.mariadb.image('10.11'),
  postgresql: ENGINE_FACTS.postgresql.image('15'),
  mongodb: ENGINE_FACTS.mongodb.image('8.0'),
  sqlite: ENGINE_FACTS.sqlite.image(''),
};
const DEBIAN = STAND_INS.sqlite;

/** Pipes a directory, as a tar archive, into a new image. */
async function importImage(
  { env }: Docker,
  tag: string,
  tar: readonly string[],
  changes: readonly string[],
): Promise<void> {
  // As root: some files of a system only root may read.
  const [file = '', ...args] = [...AS_ROOT, 'tar', ...tar];
  const archive = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const load = spawn('docker', ['import', ...changes.flatMap((change) => ['--change', change]), '-', tag], {
    env,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ends = Promise.all([once(archive, 'exit'), once(load, 'exit')]);
  await pipeline(archive.stdout, load.stdin);
  const codes = await ends;
  if (codes.some(([code]) => code !== 0))
    throw new Error(`could not make the image ${tag}: tar or "docker import" failed`);
}

/** Whether an image with this label is there: an import either ends with its tag or leaves nothing. */
async function has(engine: Docker, tag: string, label: string, value: string): Promise<boolean> {
  const found = await engine.tryDocker('image', 'inspect', '--format', `{{index .Config.Labels "${label}"}}`, tag);
  return found.code === 0 && found.stdout.trim() === value;
}

/** Makes the Debian that other images are built from. */
export async function makeDebian(engine: Docker): Promise<void> {
  if (await has(engine, DEBIAN, 'suite', 'bookworm')) return;
  const root = mkdtempSync(path.join(tmpdir(), 'pb-debian-'));
  try {
    await output(['debootstrap', '--version']);
    await asRoot('debootstrap', '--variant=minbase', 'bookworm', root);
    await asRoot('chmod', '755', root);
    await importImage(engine, DEBIAN, ['-C', root, '-c', '.'], ['LABEL suite=bookworm']);
  } finally {
    await asRoot('rm', '-rf', root);
  }
}

/** Makes the image of Node.js. */
export async function makeNode(engine: Docker): Promise<void> {
  if (!existsSync(NODE_BINARY)) throw new Error(`${NODE_BINARY} is missing: run "npm ci"`);
  const version = await output([NODE_BINARY, '--version']);
  if (await has(engine, NODE_IMAGE, NODE_LABEL, version)) return;
  const tar = [
    '-C',
    path.dirname(NODE_BINARY),
    '--transform',
    's,^,usr/local/bin/,',
    '--owner=0',
    '--group=0',
    '-c',
    'node',
  ];
  await importImage(engine, NODE_IMAGE, tar, [`LABEL ${NODE_LABEL}=${version}`]);
}

/** Makes the image of PostgreSQL 17 from the root that set-up made: Debian packages pgvector for it, and not for 15. */
export async function makePostgresql17(engine: Docker): Promise<void> {
  const tag = ENGINE_FACTS.postgresql.image('17');
  if (await has(engine, tag, 'suite', 'trixie')) return;
  const path = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${postgresqlBinaries('postgresql-17')}`;
  const changes = ['LABEL suite=trixie', 'ENV PG_MAJOR=17', `ENV PATH=${path}`];
  const unused = ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale', 'usr/share/man'];
  const tar = ['-C', rootOf('postgresql-17'), '--one-file-system', ...unused.map((name) => `--exclude=./${name}/*`)];
  await importImage(engine, tag, [...tar, '-c', '.'], changes);
}

/** Builds one of the Dockerfiles beside this file, with the host's network, for apt. */
async function build(engine: Docker, name: string, tag: string): Promise<void> {
  const context = path.join(__dirname, 'stand-ins');
  await engine.docker('build', '--network', 'host', '-t', tag, '-f', path.join(context, `${name}.Dockerfile`), context);
}

/**
 * Makes the images that stand in for the official ones, under the official names, so that the Dockerfile is built with
 * the build arguments of a real deployment. Debian packages the same servers and tools; one `node` binary fits all.
 */
export async function makeStandIns(engine: Docker): Promise<void> {
  await makeDebian(engine);
  await makeNode(engine);
  await build(engine, 'mariadb', STAND_INS.mariadb);
  await build(engine, 'postgres', STAND_INS.postgresql);
}
