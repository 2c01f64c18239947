/** A new engine proves its backups with nothing outside of its folder. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { build } from 'esbuild';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { DumpJob } from '../../catalog/contract/task';
import { ToyBox } from '../engines/toy/box';
import { RestoreScene } from '../restore/support';
import { KEY_ARN } from '../support/job';
import type { SmallS3Request } from '../support/small-s3';
import { prove, startProof, storedVerdict, type ProveOptions } from './support';

const ROOT = path.resolve(__dirname, '../..');
const PASSWORD = 'open sesame';

let scene: RestoreScene;
let box: ToyBox;
let job: DumpJob;
let surroundings: ProveOptions;

beforeAll(async () => {
  [scene, box] = await Promise.all([RestoreScene.start(), ToyBox.start(PASSWORD)]);
  const main = path.join(scene.directory, 'main.js');
  job = {
    ...{ action: 'dump', engine: 'toy', engineVersion: '2', keyArn: KEY_ARN, compressionLevel: 1, timeoutSeconds: 60 },
    ...scene.place('box'),
    server: { host: 'localhost', port: box.port, tls: { mode: 'off', reason: 'a box of a test' } },
    expectations: [
      { kind: 'at-least', statement: 'HOW MANY', value: 2 },
      { kind: 'tables', value: 1 },
    ],
  };
  surroundings = { main };
  const entryPoints = [path.join(ROOT, 'test/engines/toy/main.ts')];
  await build({ entryPoints, outfile: main, bundle: true, platform: 'node', target: 'node24', format: 'cjs' });
});
beforeEach(() => {
  scene.s3.clear();
  box.toys = ['bear', 'train'];
});
afterAll(async () => {
  await Promise.allSettled([box?.stop(), scene?.stop()]);
});

const backUp = (changes: Partial<DumpJob> = {}): Promise<Manifest> =>
  scene.backUp({ ...job, ...changes }, { ...surroundings, username: 'child', password: PASSWORD });

/** Changes the stored toys, and the manifest with them: damage from before the upload. */
function tamper(manifest: Manifest, change: (text: string) => string): void {
  const objects = manifest.objects.map((object) => {
    if (object.kind !== 'dump') return object;
    const text = change(zstdDecompressSync(scene.s3.get(object.key)).toString());
    const bytes = zstdCompressSync(text);
    scene.s3.put(object.key, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { ...object, bytes: bytes.length, uncompressedBytes: Buffer.byteLength(text), sha256 };
  });
  scene.putManifest({ ...manifest, objects });
}

test('a backup that restores is proven', async () => {
  const manifest = await backUp();
  const { exit, verdict, stored, failure } = await prove(scene, manifest, surroundings);
  expect({ exit, failure }).toEqual({ exit: 'success', failure: '' });
  expect(stored).toEqual(verdict);
  expect(verdict).toMatchObject({
    ...{ verdict: 'passed', source: 'box', backupId: manifest.backupId, engine: 'toy', serverVersion: '2.5' },
    ...{ tables: 1, rows: 2, differences: [], differenceCount: 0, loadSeconds: expect.any(Number) },
    ...{ peakMemoryBytes: expect.any(Number), peakDiskBytes: expect.any(Number) },
  });
  expect(verdict!.checks!.map(({ check, result, compared }) => [check, result, compared])).toEqual([
    ...[
      ['bytes', 'passed', 2],
      ['load', 'passed', 1],
      ['sections', 'passed', 2],
      ['inventory', 'passed', 1],
    ],
    ...[
      ['rows', 'passed', 1],
      ['engine', 'passed', 1],
      ['expectations', 'passed', 2],
    ],
  ]);
  expect(fs.readdirSync(scene.scratchDirectory)).toEqual([]);
});

test('a lost toy is found by the evidence, an unmet expectation by its answer', async () => {
  const expectations = [
    { kind: 'equals', statement: 'HOW MANY', value: '3' },
    { kind: 'equals', statement: 'WHO IS SAD', value: '' },
    { kind: 'at-least', statement: 'WHAT', value: 1 },
  ] as const;
  const manifest = await backUp({ expectations });
  tamper(manifest, (text) => text.replace('train', 'crane'));
  const { exit, verdict, failure, reason } = await prove(scene, manifest, surroundings);
  expect(exit).toBe('notProven');
  expect(reason).toEqual({ kind: 'not-proven', object: 'table box.toys' });
  expect(verdict).toMatchObject({ verdict: 'failed' });
  expect(verdict!.differences).toEqual([
    { check: 'rows', object: 'table box.toys', kind: 'changed', fact: 'digest' },
    { check: 'expectations', object: 'HOW MANY', kind: 'unmet', expected: '3', found: '2' },
    { check: 'expectations', object: 'WHO IS SAD', kind: 'unmet', expected: '', found: 'NULL' },
    { check: 'expectations', object: 'WHAT', kind: 'unmet', expected: 'at least 1', said: 'huh' },
  ]);
  expect(failure).toContain(
    'is not proven: table box.toys: the digest of its rows differs; HOW MANY: expected 3, got 2; WHO IS SAD: expected , got NULL; WHAT: expected at least 1 (huh)',
  );
});

test('damaged bytes fail, an old verdict of "passed" is replaced, and one that says nothing replaces none', async () => {
  const manifest = await backUp();
  expect(await prove(scene, manifest, surroundings)).toMatchObject({ exit: 'success' });
  const timed = await prove(scene, manifest, { ...surroundings, job: { timeoutSeconds: 0.01 } });
  expect([timed.exit, timed.reason?.kind]).toEqual(['notTested', 'timed-out']);
  expect(timed.stored).toMatchObject({ verdict: 'passed' });
  const { key } = manifest.objects[0]!;
  const bytes = Buffer.from(scene.s3.get(key));
  bytes[bytes.length - 5]! ^= 1;
  scene.s3.put(key, bytes);
  const { exit, stored } = await prove(scene, manifest, surroundings);
  expect(exit).toBe('notProven');
  expect(stored).toMatchObject({ verdict: 'failed', differences: [{ check: 'bytes', object: key, kind: 'damaged' }] });
});

test('an object that is gone fails, though S3 calls it forbidden; one that may not be read says nothing', async () => {
  const manifest = await backUp();
  const { key } = manifest.objects[0]!;
  const isIt = (request: SmallS3Request) => request.operation === 'GetObject' && request.key === key;
  scene.s3.rule = (request) => (isIt(request) ? { status: 403, code: 'AccessDenied' } : undefined);
  const denied = await prove(scene, manifest, surroundings);
  expect([denied.exit, denied.reason?.kind]).toEqual(['notTested', 'read-denied']);
  scene.s3.remove(key);
  const { exit, stored } = await prove(scene, manifest, surroundings);
  scene.s3.rule = () => undefined;
  expect(exit).toBe('notProven');
  expect(stored).toMatchObject({ verdict: 'failed', differences: [{ check: 'bytes', object: key, kind: 'absent' }] });
});

test('no process shows where credentials are, and what was handed over is gone', async () => {
  const manifest = await backUp();
  const secret = 'get-them-here';
  let goOn = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    scene.s3.rule = (request) => {
      if (!isLoad(request)) return undefined;
      resolve();
      return new Promise((go) => (goOn = () => go(undefined)));
    };
  });
  const environment = {
    ...{ AWS_ACCESS_KEY_ID: secret, AWS_SECRET_ACCESS_KEY: secret, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: secret },
    ...{ AWS_CONTAINER_AUTHORIZATION_TOKEN: secret, ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:1/${secret}` },
  };
  const program = startProof(scene, manifest, { ...surroundings, environment });
  await reached;
  const family = familyOf(program.pid);
  expect(family.length).toBeGreaterThan(1);
  for (const pid of family) {
    for (const file of ['environ', 'cmdline']) expect(shownOf(pid, file)).not.toContain(secret);
  }
  expect(fs.readdirSync(scene.scratchDirectory).filter((name) => name.startsWith('.'))).toEqual([]);
  scene.s3.rule = () => undefined;
  goOn();
  expect((await program.result()).exit).toBe('success');
  expect(storedVerdict(scene, manifest)).toMatchObject({ verdict: 'passed' });
});

test.each(['SIGTERM', 'SIGKILL'] as const)('%s leaves no verdict and no server', async (signal) => {
  const manifest = await backUp();
  scene.s3.rule = (request) => (isLoad(request) ? new Promise(() => undefined) : undefined);
  const program = startProof(scene, manifest, surroundings);
  await program.logged('scratch-server');
  const servers = familyOf(program.pid).filter((pid) => pid !== program.pid);
  expect(servers).not.toEqual([]);
  program.signal(signal);
  const { exit } = await program.result();
  expect(exit).toBe(signal === 'SIGTERM' ? 'interrupted' : 'SIGKILL');
  scene.s3.rule = () => undefined;
  expect(storedVerdict(scene, manifest)).toBeUndefined();
  while (servers.some((pid) => fs.existsSync(`/proc/${pid}`))) await new Promise((resolve) => setTimeout(resolve, 20));
  if (signal === 'SIGTERM') expect(fs.readdirSync(scene.scratchDirectory)).toEqual([]);
});

/** Whether a restore reads the toys: when the server is up. The first byte of each object is asked for before. */
const isLoad = ({ operation, key, to }: SmallS3Request): boolean =>
  operation === 'GetObject' && key.endsWith('toys.box.zst') && to === undefined;

/** What the kernel shows of a process; empty if it has just ended. */
function shownOf(pid: number, file: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** A process and all its descendants. */
function familyOf(pid: number): number[] {
  const children = fs.readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const parent = Number(/\) \S+ (\d+)/.exec(fs.readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1]);
      return parent === pid ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
  return [pid, ...children.flatMap(familyOf)];
}
