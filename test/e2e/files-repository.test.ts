import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { parseManifest, type Manifest } from '../../catalog/bucket/manifest';
import { manifestKey } from '../../catalog/bucket/names';
import { document } from '../docs/markdown';
import { EmulatedServices } from '../aws/emulated-services';
import { Emulator, ROOT, appCommand } from '../emulator/emulator';
import { sentence } from '../emulator/iam/guard';
import { needs } from '../emulator/iam/needs';
import { TOOLS } from '../restore/incremental-support';
import { run as execute, temporaryDirectory } from '../support/processes';
import { AlarmedScene } from './alarms-scene';
import { ARCHIVIST, STACK } from './files-repository-names';

jest.setTimeout(300_000);

let emulator: Emulator;
let services: EmulatedServices;
let scene: AlarmedScene;
let outputs: Record<string, string>;
let s3: S3Client;
const data = temporaryDirectory('media');
const media = path.join(data, 'media');
const options = { dataDirectory: data, path: [TOOLS] };

beforeAll(async () => {
  fs.mkdirSync(path.join(media, 'albums'), { recursive: true });
  for (const name of ['a', 'b', 'c']) write(`albums/${name}.jpg`, 400_000);
  emulator = await Emulator.start();
  await emulator.bootstrap();
  outputs = (await emulator.deploy(await appCommand('test/e2e/files-repository-app.ts')))[STACK]!;
  scene = new AlarmedScene(emulator, outputs);
  s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
});
afterAll(async () => {
  await services?.stop();
  await emulator?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});

/** Bytes that no compression makes smaller, the same for the same name. */
function write(name: string, length: number): void {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, block) =>
    createHash('sha256').update(`${name} ${block}`).digest(),
  );
  fs.writeFileSync(path.join(media, name), Buffer.concat(blocks).subarray(0, length));
}

const listing = (): string[] => fs.readdirSync(media, { recursive: true, encoding: 'utf8' }).sort();
const cli = (command: string, ...more: readonly string[]) =>
  scene.cli(command, '--bucket', outputs.Bucket!, '--source', 'media', ...more);

async function run(schedule: string): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await scene.run(schedule, options);
  const lines = stdout.trim().split('\n');
  expect({ exitCode, last: exitCode === 0 ? '' : `${lines.at(-1)}${stderr}` }).toEqual({ exitCode: 0, last: '' });
  return JSON.parse(lines.at(-1)!) as Record<string, unknown>;
}

async function backUp(): Promise<Manifest> {
  await emulator.moveClock(60);
  await run('Media');
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: outputs.Bucket, Prefix: 'media/2' }));
  const key = Contents.map(({ Key }) => Key!)
    .filter((one) => one.endsWith('/manifest.json'))
    .at(-1)!;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: outputs.Bucket, Key: key }));
  return parseManifest(await Body!.transformToString(), key);
}

/** Keys of the packs that can be read. */
async function packs(): Promise<string[]> {
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: outputs.Repository, Prefix: 'media/data/' }),
  );
  return Contents.map(({ Key }) => Key!);
}

let first: Manifest;
let second: Manifest;

test('a schedule backs up what changed, into the repository and by the role that is deployed', async () => {
  first = await backUp();
  expect(first.objects.map(({ kind }) => kind)).toEqual(['contents']);
  expect(first.repository).toMatchObject({ format: 'restic', bucket: outputs.Repository, prefix: 'media', files: 3 });
  write('albums/d.jpg', 100_000);
  fs.rmSync(path.join(media, 'albums/c.jpg'));
  second = await backUp();
  expect(second.repository).toMatchObject({ files: 3, bytes: 900_000 });
  expect(second.repository!.addedBytes).toBeGreaterThan(100_000);
  expect(second.repository!.addedBytes).toBeLessThan(200_000);
});

test('people restore what was lost, by the command line and by another role', async () => {
  services = new EmulatedServices(emulator, () => options);
  const before = listing();
  fs.rmSync(path.join(media, 'albums/b.jpg'));
  const restored = await cli('restore', '--backup', second.backupId, '--paths', 'albums/b.jpg', '--overwrite', '--yes');
  expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('all as in the backup') });
  expect(listing()).toEqual(before);
  expect(fs.statSync(path.join(media, 'albums/b.jpg')).size).toBe(400_000);
});

test('maintenance removes what no backup needs, once no version of its manifest is left, and so that it can be undone', async () => {
  const Key = manifestKey('media', first.backupId);
  const remove = (VersionId?: string) => s3.send(new DeleteObjectCommand({ Bucket: outputs.Bucket, Key, VersionId }));
  await remove();
  await emulator.moveClock(9 * 24 * 3600);
  expect(await run('Maintenance')).toMatchObject({ event: 'maintained', forgotten: 0 });

  // As the lifecycle of the bucket does.
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: outputs.Bucket, Prefix: Key }));
  for (const { VersionId } of Versions) await remove(VersionId);
  const before = await packs();
  const end = await run('Maintenance');
  expect(end).toMatchObject({ event: 'maintained', forgotten: 1 });
  expect(Number(end.bytesFreed)).toBeGreaterThan(350_000);
  const after = await packs();
  const removed = before.filter((key) => !after.includes(key));
  expect(removed).not.toEqual([]);
  const inRepository = { Bucket: outputs.Repository, Prefix: 'media/data/' };
  const { Versions: kept = [] } = await s3.send(new ListObjectVersionsCommand(inRepository));
  expect(kept.map((version) => version.Key)).toEqual(expect.arrayContaining(removed));
});

test('a restore test proves what is left', async () => {
  const proven = await cli('prove', '--backup', second.backupId);
  expect(proven).toMatchObject({ code: 0, out: expect.stringContaining(`PROVEN: backup ${second.backupId}`) });
});

test('restic alone brings back what is left, by the commands of docs/restore-by-hand.md', async () => {
  const folder = path.join(data, 'by-hand');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify(second));
  const commands = document('docs/restore-by-hand.md').commands('Files in a repository');
  const programs = [TOOLS, path.join(ROOT, '.venv/bin'), process.env.PATH].join(path.delimiter);
  const env = { ...emulator.environmentOf(ARCHIVIST), PATH: programs, HOME: folder, S3: emulator.endpoint };
  await execute('bash', ['--norc', '-euo', 'pipefail', '-c', commands], { cwd: folder, env });
  for (const name of ['a', 'b', 'd']) {
    const file = `albums/${name}.jpg`;
    const restored = fs.readFileSync(path.join(folder, 'restored', file));
    expect(restored.equals(fs.readFileSync(path.join(media, file)))).toBe(true);
  }
});

test('nothing was refused, and every permission of the roles is needed', async () => {
  const { guard } = emulator;
  expect(guard.denials.map(sentence)).toEqual([]);
  const deployed = await guard.deployed();
  const idle = needs(deployed, deployed.of(STACK), guard.decisions)
    .filter(({ owner, says, isNeeded }) => /Media/.test(owner) && says.startsWith('Allow ') && !isNeeded)
    .map(({ owner, says }) => `${owner} ${says}`);
  // Of uploads that fail.
  expect(idle.filter((text) => !text.endsWith(' s3:AbortMultipartUpload'))).toEqual([]);
});
