import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { VERDICT_FILE } from '../../catalog/bucket/names';
import { parseManifest } from '../../catalog/bucket/manifest';
import { parseVerdict } from '../../catalog/bucket/verdict';
import type { DumpJob, ProveJob } from '../../catalog/contract/task';
import { EXIT_CODES } from '../../catalog/contract/task';
import { BackupImage, Backups, BackupSchedule, Database, DatabaseTls, PostgresqlVersion } from '../../lib';
import { KEY_ARN } from '../support/job';
import { freePort } from '../support/processes';
import { SmallS3 } from '../support/small-s3';
import { buildImage, imageAssetsOf } from './assets';
import type { Docker } from './docker';
import { PROJECT_ROOT, startDocker } from './docker';
import { runImage } from './run-image';
import { makeNode, makePostgresql17 } from './stand-ins';

const EXAMPLE = path.join(PROJECT_ROOT, 'examples/postgresql-extensions/postgres');
const PLAIN = 'image-test/plain';
const PLACES = 'image-test/places';
const SERVER = 'places-server';

let docker: Docker;
let s3: SmallS3;
let port: number;

/** Builds what a deployment would, on the stand-in for the official image of PostgreSQL 17. */
async function build(tag: string, image?: ecs.ContainerImage): Promise<void> {
  const app = new App();
  const stack = new Stack(app, 'Places');
  const vpc = new ec2.Vpc(stack, 'Vpc');
  const secret = new secretsmanager.Secret(stack, 'Secret');
  const database = Database.postgresql({
    version: PostgresqlVersion.V17,
    host: 'db',
    secret,
    tls: DatabaseTls.off('its address is not used'),
  });
  const cpuArchitecture = process.arch === 'arm64' ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64;
  const props = { database, schedule: BackupSchedule.daily({ hour: 2 }), image, cpuArchitecture };
  new Backups(stack, 'Backups', { vpc }).addDatabase('Places', props);
  const [asset] = imageAssetsOf(app);
  // The packages of the extensions come by apt.
  const built = await buildImage(docker, asset!, tag, { POSTGRES: '17' }, 'host');
  expect(built).toEqual({ ...built, code: 0 });
}

const architecture = process.arch === 'arm64' ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64;

/** Runs a statement as the superuser of the server. */
const sql = (statement: string, database = 'places'): Promise<string> =>
  docker.docker(
    ...['exec', SERVER, 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', String(port)],
    ...['-U', 'postgres', '-d', database, '-c', statement],
  );

beforeAll(async () => {
  docker = await startDocker();
  await makeNode(docker);
  await makePostgresql17(docker);
  await build(PLAIN);
  await build(PLACES, BackupImage.fromDockerfile(EXAMPLE, architecture));
  [s3, port] = [await SmallS3.start(), await freePort()];
  // The server of the same image that dumps it.
  const start = `initdb -U postgres --auth=trust --locale=C.UTF-8 -E UTF8 -D /scratch/data --no-sync >/dev/null &&
    exec postgres -D /scratch/data -p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=/scratch -c fsync=off`;
  await docker.docker('run', '-d', '--network', 'host', '--name', SERVER, PLACES, 'sh', '-c', start);
  for (let tries = 0; ; tries++) {
    const asked = await sql('SELECT 1', 'postgres').catch((error: Error) => error);
    if (!(asked instanceof Error)) break;
    if (tries === 300) throw asked;
    await sleep(100);
  }
  await sql('CREATE DATABASE places', 'postgres');
  await sql(`CREATE EXTENSION postgis; CREATE EXTENSION vector; CREATE ROLE curator;
    CREATE TABLE place (id int PRIMARY KEY, name text, at geography(Point, 4326), taste vector(3));
    CREATE INDEX ON place USING gist (at); CREATE INDEX ON place USING ivfflat (taste vector_l2_ops) WITH (lists = 4);
    INSERT INTO place SELECT n, 'Place ' || n, ST_MakePoint(n % 180, n % 90), ARRAY[n, n / 2.0, -n]::vector FROM generate_series(1, 500) n;
    INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text) VALUES (990001, 'own', 1, 'own', '+proj=longlat');`);
});

afterAll(async () => {
  await Promise.all([s3?.stop(), docker?.stop()]);
});

const place = { source: 'places', bucket: 'backups', scratchDirectory: '/scratch' } as const;
const dumpJob = (): DumpJob => ({
  ...{
    action: 'dump',
    ...place,
    engine: 'postgresql',
    engineVersion: '17',
    keyArn: KEY_ARN,
    compressionLevel: 1,
    timeoutSeconds: 300,
  },
  server: { host: '127.0.0.1', port, tls: { mode: 'off', reason: 'on this machine' }, databases: ['places'] },
});

async function backUp(image: string) {
  const { code, log } = await runImage(docker, s3, image, {
    job: dumpJob(),
    user: { username: 'postgres', password: 'trusted' },
  });
  expect({ code, log }).toEqual({ code: EXIT_CODES.success, log });
  const key = s3.keys.filter((one) => one.endsWith('/manifest.json')).at(-1)!;
  return parseManifest(s3.get(key).toString(), key);
}

async function prove(image: string, backupId: string) {
  const job: ProveJob = { action: 'prove', ...place, backupId, keyArn: KEY_ARN, timeoutSeconds: 300 };
  const ended = await runImage(docker, s3, image, { job });
  const key = `places/${backupId}/${VERDICT_FILE}`;
  return { ...ended, verdict: s3.keys.includes(key) ? parseVerdict(s3.get(key).toString()) : undefined };
}

test('an image of the two lines dumps and proves what the official image cannot', async () => {
  const first = await backUp(PLAIN);
  expect(first.notes).toEqual(expect.arrayContaining([expect.objectContaining({ kind: 'extension-not-in-image' })]));
  const lacking = await prove(PLAIN, first.backupId);
  expect(lacking).toMatchObject({ code: EXIT_CODES.notTested, verdict: { verdict: 'not-run' } });
  expect(lacking.log).toMatch(/extensions? postgis, vector are not in the image/);

  const second = await backUp(PLACES);
  expect(second.notes).not.toEqual(
    expect.arrayContaining([expect.objectContaining({ kind: 'extension-not-in-image' })]),
  );
  const proven = await prove(PLACES, second.backupId);
  expect({ ...proven, log: proven.code === 0 ? '' : proven.log }).toMatchObject({
    ...{ code: EXIT_CODES.success, log: '' },
    verdict: { verdict: 'passed' },
  });
});
