import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseManifest } from '../../catalog/bucket/manifest';
import type { RestoreJob } from '../../catalog/contract/task';
import { EXIT_CODES } from '../../catalog/contract/task';
import { mongoTools } from '../servers/mongod';
import { MongodbServer } from '../servers/mongodb';
import { AWKWARD_PASSWORD, mongodbJob } from '../support/job';
import { SmallS3 } from '../support/small-s3';
import type { Docker } from './docker';
import { startDocker } from './docker';
import { makeImage } from './program-image';
import { runImage } from './run-image';
import { makeDebian, makeNode, STAND_INS } from './stand-ins';

const IMAGE = 'image-test/mongodb';
const USER = { username: 'backup', password: AWKWARD_PASSWORD };
const LIMITS = ['--cpus', '0.5', '--memory', '512m', '--memory-swap', '512m'];

let docker: Docker;
let s3: SmallS3;
let server: MongodbServer;

/** Stands in for the official image: the same tools, as root and with a volume of its own, in Debian. */
async function makeStandIn(): Promise<void> {
  const context = mkdtempSync(path.join(tmpdir(), 'pb-mongo-'));
  for (const tool of ['mongodump', 'mongorestore']) cpSync(path.join(mongoTools(), tool), path.join(context, tool));
  const lines = [
    `FROM ${STAND_INS.sqlite}`,
    'COPY mongodump mongorestore /usr/bin/',
    'VOLUME /data/db /data/configdb',
    'ENTRYPOINT ["docker-entrypoint.sh"]',
    'CMD ["mongod"]',
  ];
  writeFileSync(path.join(context, 'Dockerfile'), lines.join('\n'));
  await docker.docker('build', '--network', 'none', '-t', STAND_INS.mongodb, context);
  rmSync(context, { recursive: true });
}

beforeAll(async () => {
  [server, s3] = await Promise.all([MongodbServer.start({ tls: true, users: [USER] }), SmallS3.start()]);
  docker = await startDocker();
  await makeDebian(docker);
  await makeNode(docker);
  await makeStandIn();
  await makeImage(docker, 'mongodb', IMAGE);
});
afterAll(async () => {
  await Promise.all([s3?.stop(), server?.stop(), docker?.stop()]);
});

test('dumps and restores with half a core and 512 MiB, read-only and without a privilege', async () => {
  const orders = Array.from({ length: 3000 }, (_, n) => ({ n, text: 'x'.repeat(400) }));
  await server.within((client) => client.db('shop').collection('orders').insertMany(orders));
  const tls = { mode: 'certificate-authority', pem: server.authority.pem } as const;
  const job = mongodbJob(server, { source: 'shop', bucket: 'backups', scratchDirectory: '/scratch' }, { tls });

  const dumped = await runImage(docker, s3, IMAGE, { job, user: USER, limits: LIMITS });
  expect(dumped).toEqual({ code: EXIT_CODES.success, log: dumped.log });
  expect(dumped.log).not.toContain(AWKWARD_PASSWORD);
  const key = s3.keys.find((one) => one.endsWith('/manifest.json'))!;
  const manifest = parseManifest(s3.get(key).toString(), key);
  expect(manifest.tables).toEqual([expect.objectContaining({ database: 'shop', name: 'orders', rows: 3000 })]);

  const { source, engine, bucket, scratchDirectory } = job;
  const { host, port } = server;
  const restoreJob: RestoreJob = {
    ...{ action: 'restore', source, engine, bucket, scratchDirectory, timeoutSeconds: 120 },
    server: { host, port, tls },
  };
  const request = { backupId: manifest.backupId, databases: ['shop'], as: 'rescued' };
  const restored = await runImage(docker, s3, IMAGE, { job: restoreJob, request, user: USER, limits: LIMITS });
  expect(restored).toEqual({ code: EXIT_CODES.success, log: restored.log });
  const count = await server.within((client) => client.db('rescued').collection('orders').countDocuments());
  expect(count).toBe(3000);
});
