/** A new engine is a folder and its registrations: one that only this test knows goes all the way. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { build } from 'esbuild';
import { parseManifest } from '../../catalog/bucket/manifest';
import { manifestKey } from '../../catalog/bucket/names';
import type { Reason } from '../../catalog/contract/failure';
import { registerAdvice } from '../../engines/advice';
import { composeProblems } from '../../lambda/notify/compose/compose';
import { Emulator, ROOT, appCommand } from '../emulator/emulator';
import { TOY_ADVICE } from '../engines/toy/advice';
import { ToyBox } from '../engines/toy/box';
import { PLACE } from '../lambda/notify/compose-support';
import { temporaryDirectory } from '../support/processes';
import { AlarmedScene } from './alarms-scene';

// The CDK CLI, on a machine that may be busy with other tests.
jest.setTimeout(180_000);

const HOUR = 3600;
const PASSWORD = 'open sesame';
const directory = temporaryDirectory('toy-engine');
const program = path.join(directory, 'main.js');

let emulator: Emulator;
let box: ToyBox;
let scene: AlarmedScene;

beforeAll(async () => {
  [emulator, box] = await Promise.all([Emulator.start(), ToyBox.start(PASSWORD)]);
  const entryPoints = [path.join(ROOT, 'test/engines/toy/main.ts')];
  await Promise.all([
    emulator.bootstrap(),
    build({ entryPoints, outfile: program, bundle: true, platform: 'node', target: 'node24', format: 'cjs' }),
  ]);
  const app = await appCommand('test/engines/toy/app.ts');
  const outputs = (await emulator.deploy(app, ['Toys'], { TOY_PORT: String(box.port) })).Toys!;
  scene = new AlarmedScene(emulator, outputs);
  const SecretString = JSON.stringify({ username: 'child', password: PASSWORD });
  await new SecretsManagerClient(emulator.client).send(
    new PutSecretValueCommand({ SecretId: outputs.Secret, SecretString }),
  );
  await emulator.confirmEmails();
});
afterAll(async () => {
  await Promise.allSettled([box?.stop(), emulator?.stop()]);
  fs.rmSync(directory, { recursive: true, force: true });
});

const failedLine = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { event?: string; exit: string; engine: string; reason: Reason })
    .find(({ event }) => event === 'failed')!;

/** Backups, as the command line that ships lists them: it knows no such engine. */
async function listed(): Promise<{ id: string; engine: string }[]> {
  const { code, out, err } = await scene.cli('list', '--bucket', scene.outputs.Bucket!, '--json', '--no-snapshots');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return (JSON.parse(out) as { backups: { id: string; engine: string }[] }).backups;
}

async function stored(key: string): Promise<Uint8Array> {
  const { Body } = await new S3Client({ ...emulator.client, forcePathStyle: true }).send(
    new GetObjectCommand({ Bucket: scene.outputs.Bucket, Key: key }),
  );
  return Body!.transformToByteArray();
}

test('a scheduled run makes a backup, which the catalog has', async () => {
  const { exitCode, stdout } = await scene.run('Box', { program });
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('"event":"complete"')]);
  const backups = await listed();
  expect(backups).toEqual([expect.objectContaining({ engine: 'toy', serverVersion: '2.5', tables: 1, rows: 2 })]);
  const key = manifestKey('box', backups[0]!.id);
  const manifest = parseManifest(Buffer.from(await stored(key)).toString(), key);
  expect(manifest.consistency.snapshot).toBe('lid-closed');
  const dump = zstdDecompressSync(await stored(manifest.objects[0]!.key)).toString();
  expect(dump).toBe('bear\ntrain\n-- all toys told');
});

test('a dump that breaks off is no backup, and a failure with its reason', async () => {
  box.isCut = true;
  await emulator.moveClock(HOUR);
  const { exitCode, stdout } = await scene.run('Box', { program });
  box.isCut = false;
  expect(exitCode).toBe(13);
  expect(failedLine(stdout)).toMatchObject({ exit: 'dumpFailed', engine: 'toy', reason: { kind: 'dump-incomplete' } });
  expect(await listed()).toHaveLength(1);
});

describe('a failure that only this engine has', () => {
  let reason: Reason;

  test('becomes an email, without the statements of any other engine', async () => {
    await scene.rest();
    box.isShut = true;
    await emulator.moveClock(HOUR);
    const { exitCode, stdout } = await scene.run('Box', { program });
    expect(exitCode).toBe(11);
    ({ reason } = failedLine(stdout));
    expect(reason).toEqual({
      kind: 'box-shut',
      ...{ host: 'localhost', port: box.port, account: 'child', said: 'lid down' },
    });
    const { emails } = await scene.told(({ cause }) => cause === 'connection');
    expect(emails).toHaveLength(1);
    expect(emails[0]!.subject).toMatch(/^FAILED box: /);
    expect(emails[0]!.text).toContain('is shut (lid down)');
    expect(emails[0]!.text).not.toMatch(/mysql|postgres|GRANT|SELECT|SHOW/i);
  });

  test('gets the advice of the engine once that is registered', () => {
    registerAdvice('toy', TOY_ADVICE);
    const at = '2026-11-20T02:00:00Z';
    const problem = { signal: 'failed', cause: 'connection', source: 'box', about: 'box', engine: 'toy' } as const;
    const { text } = composeProblems([{ ...problem, sentence: 'the box is shut', since: at, reason }], PLACE);
    expect(text).toContain('Open the lid of the box.');
    expect(text).toContain(`toys open --port ${box.port}`);
  });
});
