import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import type { DumpJob } from '../../catalog/contract/task';
import { ENV } from '../../catalog/contract/task';
import { endWithTests, temporaryDirectory } from '../support/processes';
import { SmallS3 } from '../support/small-s3';

const ROOT = path.resolve(__dirname, '../..');
const directory = temporaryDirectory('main');
const MAIN = path.join(directory, 'main.js');
const SCRATCH = path.join(directory, 'scratch');
let s3: SmallS3;

/** The program as it is bundled for its image, with one engine more. */
beforeAll(async () => {
  s3 = await SmallS3.start();
  fs.mkdirSync(SCRATCH);
  const contents = "import './test/support/toy-program'; import './task/main';";
  await build({
    ...{ stdin: { contents, resolveDir: ROOT }, absWorkingDir: ROOT, outfile: MAIN, bundle: true },
    ...{ platform: 'node', format: 'cjs', target: 'node24', logLevel: 'warning' },
  });
});
beforeEach(() => s3.clear());
afterAll(async () => {
  await s3.stop();
  fs.rmSync(directory, { recursive: true });
});

const JOB: DumpJob = {
  ...{ action: 'dump', source: 'shop', engine: 'toy', file: '/toy', bucket: 'b', keyArn: 'k' },
  ...{ compressionLevel: 1, timeoutSeconds: 60, scratchDirectory: SCRATCH },
};

function start(args: readonly string[], job: Partial<DumpJob> = {}, env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], {
    env: { ...s3.environment, [ENV.job]: JSON.stringify({ ...JOB, ...job }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithTests(child);
  let output = '';
  child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]: unknown[]) => {
    const lines = output.split('\n').filter((line) => line.startsWith('{'));
    return { code, output, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  });
  const logged = async (text: string) => {
    while (!output.includes(text)) await sleep(10);
  };
  return { child, ended, logged };
}

test('a run that succeeds ends with 0; each line says action, source and engine', async () => {
  const { code, lines } = await start(['dump']).ended;
  expect(code).toBe(0);
  for (const event of ['start', 'complete'])
    expect(lines).toContainEqual(expect.objectContaining({ event, action: 'dump', source: 'shop', engine: 'toy' }));
  expect(s3.keys.filter((key) => key.endsWith('/manifest.json'))).toHaveLength(1);
});

test.each([
  ['SIGTERM', 143, 'interrupted', 'the task was stopped, or its Spot capacity taken back'],
  ['SIGINT', 130, 'interruptedBySigint', 'someone pressed Ctrl-C'],
] as const)('%s ends a run with %i, and leaves nothing', async (signal, exitCode, exit, why) => {
  const { child, ended, logged } = start(['dump'], { file: '/endless' });
  await logged('"event":"start"');
  child.kill(signal);
  const { code, lines } = await ended;
  expect(code).toBe(exitCode);
  expect(lines.find(({ event }) => event === 'failed')).toMatchObject({
    ...{ level: 'error', action: 'dump', source: 'shop', engine: 'toy', exit, exitCode },
    message: `the backup was interrupted by ${signal} (${why}): it left no backup; the next run starts over`,
    reason: { kind: 'interrupted', object: signal },
  });
  expect([s3.keys, s3.unfinishedUploads, fs.readdirSync(SCRATCH)]).toEqual([['shop/lock.json'], [], []]);
});

test('a second signal ends the program at once', async () => {
  s3.rule = ({ operation }) => (operation === 'AbortMultipartUpload' ? new Promise(() => undefined) : undefined);
  const { child, ended, logged } = start(['dump'], { file: '/endless' });
  await logged('"event":"start"');
  while (!s3.requests.some(({ operation }) => operation === 'UploadPart')) await sleep(10);
  child.kill('SIGTERM');
  while (!s3.requests.some(({ operation }) => operation === 'AbortMultipartUpload')) await sleep(10);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(143);
  s3.rule = () => undefined;
});

test('a cleanup that does not end is cut off, and claims nothing of what was under way', async () => {
  const early = path.join(directory, 'early.cjs');
  fs.writeFileSync(
    early,
    'const real = setTimeout; globalThis.setTimeout = (f, ms, ...rest) => real(f, ms === 90000 ? 300 : ms, ...rest);',
  );
  s3.rule = ({ operation }) => (operation === 'AbortMultipartUpload' ? new Promise(() => undefined) : undefined);
  const { child, ended } = start(['dump'], { file: '/endless' }, { NODE_OPTIONS: `--require ${early}` });
  while (!s3.requests.some(({ operation }) => operation === 'UploadPart')) await sleep(10);
  child.kill('SIGTERM');
  const { code, lines } = await ended;
  s3.rule = () => undefined;
  expect(code).toBe(143);
  expect(lines.find(({ event }) => event === 'failed')!.message).toMatch(
    /^the backup was interrupted by SIGTERM .*: it may have left a backup; the next run starts over$/,
  );
});

test('a defect of the program ends with 1, and its line has the stack', async () => {
  const { code, lines } = await start(['dump'], { file: '/throws' }).ended;
  expect(code).toBe(1);
  expect(lines.find(({ event }) => event === 'failed')).toMatchObject({
    ...{ exit: 'unexpected', exitCode: 1, reason: { kind: 'fault-of-the-program', said: 'x is not a function' } },
    stack: expect.stringMatching(/^TypeError: x is not a function\n +at /),
  });
});

test('a job that cannot be read ends with 10, and the line says of which action', async () => {
  const { code, lines } = await start(['dump'], {}, { [ENV.job]: '{' }).ended;
  expect([code, lines[0]]).toEqual([
    10,
    expect.objectContaining({ event: 'failed', action: 'dump', exit: 'configuration', exitCode: 10 }),
  ]);
  expect(lines[0]).toMatchObject({ reason: { kind: 'job-invalid', object: ENV.job } });
});

test.each(['dump', 'restore'])('%s reads the secret that the host of an instance gives as a file', async (action) => {
  const { code, lines } = await start([action], {}, { [ENV.secretFile]: '{"file":"/no/secret","keys":{}}' }).ended;
  expect([code, lines[0]!.message]).toEqual([10, expect.stringContaining('the secret cannot be read')]);
});

test('a command that the program does not have ends with 10', async () => {
  expect(await start(['verify']).ended).toMatchObject({
    code: 10,
    output: 'unknown command "verify": use "main.js dump", "main.js restore", "main.js prove" or "main.js maintain"\n',
  });
});

test('an engine may have a helper of its own', async () => {
  expect(await start(['helper', 'toy', 'a-word']).ended).toMatchObject({ code: 7, output: 'helped with a-word\n' });
});
