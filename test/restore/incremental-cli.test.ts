/** A person restores incremental backups from this machine: with the command line, and by the commands that it shows. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import { ENV } from '../../catalog/contract/task';
import { FILES_ADVICE } from '../../engines/files/advice';
import { cli, isolateEnvironment } from '../bin/cli/cli-support';
import { incrementalJob, REPOSITORY_KEY, TOOLS, withKey } from './incremental-support';
import { RestoreScene } from './support';

jest.setTimeout(120_000);
isolateEnvironment();

let scene: RestoreScene;
let secrets: http.Server;
let secretString: string;
let root: string;
let manifest: Manifest;
const asked: string[] = [];
beforeAll(async () => {
  scene = await RestoreScene.start();
  secrets = http.createServer((request, response) => {
    request.on('data', (chunk: Buffer) => asked.push(chunk.toString()));
    request.on('end', () => response.end(JSON.stringify({ SecretString: secretString })));
  });
  await once(secrets.listen(0, '127.0.0.1'), 'listening');
  root = path.join(scene.directory, 'media');
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(root, 'photo'), 'a photo');
  manifest = await scene.backUp(incrementalJob(scene, root, 'media'), withKey());
});
afterAll(async () => {
  secrets?.close();
  await scene?.stop();
});
beforeEach(() => {
  secretString = JSON.stringify({ key: REPOSITORY_KEY });
  asked.length = 0;
  Object.assign(process.env, scene.s3.environment, { PATH: `${TOOLS}:${process.env.PATH}` });
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = `http://127.0.0.1:${(secrets.address() as AddressInfo).port}`;
});
afterEach(() => delete process.env[ENV.repositoryKey]);

const RESTORE = ['restore', '--bucket', 'backups', '--local'];
const restore = (to: string) => cli([...RESTORE, '--source', 'media', '--yes', '--to', path.join(scene.directory, to)]);
const photoIn = (directory: string) => fs.readFileSync(path.join(scene.directory, directory, 'photo'), 'utf8');

test('the key comes from the secret that the manifest names, or from the environment if it is there', async () => {
  expect(await restore('one')).toMatchObject({ code: 0, err: expect.not.stringContaining(REPOSITORY_KEY) as string });
  expect(photoIn('one')).toBe('a photo');
  expect(asked).toEqual([JSON.stringify({ SecretId: manifest.repository!.secret })]);
  process.env[ENV.repositoryKey] = REPOSITORY_KEY;
  expect((await restore('two')).code).toBe(0);
  expect(asked).toHaveLength(1);
});

test('a secret without a key is told, and nothing is restored', async () => {
  secretString = REPOSITORY_KEY;
  const { code, err } = await restore('three');
  expect([code, fs.existsSync(path.join(scene.directory, 'three'))]).toEqual([1, false]);
  expect(err).toContain('has no key key: set BACKUP_REPOSITORY_KEY to your own copy of the key of the repository');
  expect(err).not.toContain(REPOSITORY_KEY);
});

test('a backup shows its repository and its key, and the commands that restore it with stock restic', async () => {
  const { out } = await cli(['show', '--bucket', 'backups', '--source', 'media']);
  const { snapshot, secret } = manifest.repository!;
  expect(out).toContain(`files   snapshot ${snapshot.slice(0, 8)} of restic in backups/media`);
  expect(out).toContain(`key     ${secret}`);
  expect(out).toMatch(/size {4}\d+ B stored, 230 B before compression/);
  const commands = FILES_ADVICE.restore(manifest, () => '').flatMap(({ run }) => run ?? []);
  expect(commands[0]).toContain(`--secret-id ${secret}`);
  // Only AWS has the address that they name.
  const [, ...restic] = commands.map((command) =>
    command.replace('s3:s3.$AWS_REGION.amazonaws.com', `s3:${scene.s3.environment.AWS_ENDPOINT_URL}`),
  );
  const env = { ...process.env, RESTIC_PASSWORD: REPOSITORY_KEY, HOME: scene.directory };
  for (const command of restic) {
    const shown = command.replace(/^restic/, 'restic --option s3.region=us-east-1');
    const child = spawn('sh', ['-euc', shown], { cwd: scene.directory, env, stdio: ['ignore', 'ignore', 'inherit'] });
    expect(await once(child, 'exit')).toEqual([0, null]);
  }
  expect(photoIn('restored')).toBe('a photo');
});
