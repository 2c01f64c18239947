/** Backups that are encrypted to people: made, read by stock programs, restored and tested by the program that ships. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { RestoreRequest } from '../../catalog/contract/task';
import { ENV } from '../../catalog/contract/task';
import { makeDatabase, numbers } from '../cases/sqlite-sources';
import { prove, type ProveOptions } from '../prove/support';
import { mistyped } from '../support/mistyped';
import { sqliteJob } from '../support/job';
import { Program } from '../support/program';
import { RestoreScene } from './support';

jest.setTimeout(120_000);

const SHOP = `CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT); ${numbers(5000)} INSERT INTO book SELECT i, hex(randomblob(200)) FROM n`;

let scene: RestoreScene;
let data: string;
let file: string;
let manifest: Manifest;
/** Texts of identities, and their recipients. */
let ada: { readonly identity: string; readonly recipient: string };
let bob: typeof ada;
let eve: typeof ada;

const ageKey = () => {
  const identity = execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return { identity, recipient: /public key: (\S+)/.exec(identity)![1]! };
};
const sshKey = (name: string) => {
  const key = path.join(scene.directory, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'bob@example.com', '-f', key]);
  return { identity: fs.readFileSync(key, 'utf8'), recipient: fs.readFileSync(`${key}.pub`, 'utf8').trim() };
};

beforeAll(async () => {
  scene = await RestoreScene.start();
  [ada, bob, eve] = [ageKey(), sshKey('bob'), ageKey()];
  data = path.join(scene.directory, 'data');
  fs.mkdirSync(data);
  file = makeDatabase(path.join(data, 'shop.db'), SHOP);
  manifest = await scene.backUp({ ...job(), encryptTo: [ada.recipient, bob.recipient] });
});
afterAll(() => scene?.stop());
beforeEach(() => scene.putManifest(manifest));

/** Any of a private key of age, beside the words with which one begins. */
const SECRET = /AGE-SECRET-KEY-1\w/;
const job = () => sqliteJob(file, scene.place('shop'));
const given = (identity?: string) => ({ environment: { [ENV.identity]: identity } });
const restore = (identity?: string, request: Partial<RestoreRequest> = {}) =>
  scene.restore(scene.jobOf(job()), { backupId: manifest.backupId, as: 'copy.db', ...request }, given(identity));
const copy = () => path.join(data, 'copy.db');
const count = (database: string) => {
  const opened = new DatabaseSync(database, { readOnly: true });
  const { n } = opened.prepare('SELECT count(*) AS n FROM book').get()!;
  opened.close();
  return n;
};

test('every object is one of age, and the manifest says to whom', () => {
  expect(manifest.encryption).toEqual({
    format: 'age',
    recipients: [
      { type: 'X25519', fingerprint: expect.stringMatching(/^SHA256:.{43}$/) },
      { type: 'ssh-ed25519', fingerprint: expect.stringMatching(/^SHA256:.{43}$/) },
    ],
  });
  expect(manifest.objects.map(({ key, kind, compression }) => [path.basename(key), kind, compression])).toEqual([
    ['shop.db.zst.age', 'file', 'zstd-age'],
    ['evidence.json.zst.age', 'evidence', 'zstd-age'],
  ]);
  for (const { key, bytes, sha256 } of manifest.objects) {
    const stored = scene.s3.get(key);
    expect(stored.subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    expect([stored.length, createHash('sha256').update(stored).digest('hex')]).toEqual([bytes, sha256]);
  }
  expect(scene.s3.keys.filter((key) => key.endsWith('.zst'))).toEqual([]);
});

test.each<[string, () => string]>([
  ['age', () => ada.identity],
  ['SSH', () => bob.identity],
])('stock programs read it with the key of %s', (_, identity) => {
  const key = path.join(scene.directory, 'key');
  fs.writeFileSync(key, identity(), { mode: 0o600 });
  const restored = path.join(scene.directory, 'stock.db');
  const stored = path.join(scene.directory, 'shop.db.zst.age');
  fs.writeFileSync(stored, scene.s3.get(manifest.objects[0]!.key));
  execFileSync('sh', ['-ec', `age -d -i ${key} ${stored} | zstd -d > ${restored}`]);
  expect(count(restored)).toBe(5000);
});

test.each<[string, () => string]>([
  ['age', () => ada.identity],
  ['SSH', () => bob.identity],
])('it is restored with the key of %s', async (_, identity) => {
  fs.rmSync(copy(), { force: true });
  const result = await restore(identity());
  expect(result).toMatchObject({ exit: 'success', failure: '', report: { rows: 5000 } });
  expect(count(copy())).toBe(5000);
  expect(result.output).not.toContain(identity().split('\n')[2]);
});

test.each<[string, () => string | undefined, string, RegExp]>([
  [
    'no key',
    () => undefined,
    'identity-missing',
    /shop\.db\.zst\.age is encrypted, and no identity was given: .*--identity FILE/,
  ],
  ['a key of another', () => eve.identity, 'identity-wrong', /is encrypted to others than this identity/],
  ['no key in the file', () => 'password', 'identity-unusable', /must be lines AGE-SECRET-KEY-1…/],
  ['a mistyped key', () => mistyped(ada.identity), 'identity-unusable', /key 1 of 1 is mistyped/],
])('with %s nothing is written', async (_, identity, kind, sentence) => {
  fs.rmSync(copy(), { force: true });
  const result = await restore(identity());
  expect(result).toMatchObject({ exit: 'configuration', state: 'unchanged', reason: { kind }, report: undefined });
  expect(result.failure).toMatch(sentence);
  expect(result.output).not.toMatch(SECRET);
  expect(fs.readdirSync(data)).toEqual(['shop.db']);
});

describe('damage that the manifest confirms', () => {
  const [object] = [() => manifest.objects[0]!];
  let stored: Buffer;
  beforeAll(() => (stored = scene.s3.get(object().key)));
  afterEach(() => scene.s3.put(object().key, stored));

  test.each<[string, () => Buffer]>([
    [
      'a changed byte',
      () => Buffer.concat([stored.subarray(0, -1000), Buffer.from([stored.at(-1000)! ^ 1]), stored.subarray(-999)]),
    ],
    ['a last chunk that is cut', () => stored.subarray(0, -1)],
    ['all but the first chunks', () => stored.subarray(0, stored.indexOf('\n--- ') + 49 + 16 + 2 * (64 * 1024 + 16))],
  ])('%s', async (_, change) => {
    const bytes = change();
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    scene.s3.put(object().key, bytes);
    const [first, ...rest] = manifest.objects;
    scene.putManifest({ ...manifest, objects: [{ ...first!, bytes: bytes.length, sha256 }, ...rest] });
    fs.rmSync(copy(), { force: true });
    const result = await restore(ada.identity);
    expect(result).toMatchObject({ exit: 'downloadFailed', reason: { kind: 'object-changed' } });
    expect(result.failure).toMatch(/could not be decrypted and decompressed: it was changed, or ends too early/);
    expect(fs.readdirSync(data)).toEqual(['shop.db']);
  });
});

describe('a restore test', () => {
  const tested = (options: ProveOptions = {}) => prove(scene, manifest, options);
  afterEach(() => scene.s3.remove(`shop/${manifest.backupId}/restore-test.json`));

  test('with an identity proves it', async () => {
    const { exit, verdict, stored, output } = await tested(given(bob.identity));
    expect([exit, verdict?.verdict, verdict?.differences]).toEqual(['success', 'passed', []]);
    expect(stored).toEqual(verdict);
    expect(output).not.toContain(bob.identity.split('\n')[2]);
  });

  test('without one checks the bytes, says so, and fails nothing', async () => {
    const { exit, verdict, stored } = await tested();
    expect([exit, verdict?.verdict]).toEqual(['success', 'not-run']);
    expect(verdict).toMatchObject({ reason: { kind: 'identity-missing' } });
    expect(verdict!.checks!.map(({ check, result, compared }) => [check, result, compared])[0]).toEqual([
      'bytes',
      'passed',
      2,
    ]);
    expect(verdict!.checks!.slice(1).every(({ result }) => result === 'not-run')).toBe(true);
    expect(stored).toEqual(verdict);
  });

  test('without one finds bytes that changed', async () => {
    const { key } = manifest.objects[1]!;
    const stored = scene.s3.get(key);
    const bytes = Buffer.from(stored);
    bytes[bytes.length - 1]! ^= 1;
    scene.s3.put(key, bytes);
    const { exit, verdict } = await tested();
    scene.s3.put(key, stored);
    expect([exit, verdict?.verdict]).toEqual(['notProven', 'failed']);
    expect(verdict!.differences).toMatchObject([{ check: 'bytes', kind: 'damaged', object: key }]);
  });

  test.each<[string, () => string, string]>([
    ['the identity of another', () => eve.identity, 'identity-wrong'],
    ['a mistyped one', () => mistyped(ada.identity), 'identity-unusable'],
  ])('with %s could not run', async (_, identity, kind) => {
    const { exit, verdict, reason, output } = await tested(given(identity()));
    expect([exit, verdict?.verdict, verdict?.reason?.kind, reason?.kind]).toEqual([
      ...['notTested', 'not-run', kind, kind],
    ]);
    expect(output + JSON.stringify(verdict)).not.toMatch(SECRET);
  });
});

test('a recipient that is none ends a run before anything is stored', async () => {
  scene.s3.requests.length = 0;
  const secret = ada.identity.match(/AGE-SECRET-KEY-1\w+/)![0];
  for (const recipient of ['age1nobody', secret]) {
    const result = await Program.run({ job: { ...job(), encryptTo: [recipient] }, aws: scene.s3.environment });
    expect(result).toMatchObject({ exit: 'configuration', reason: { kind: 'job-invalid' } });
    expect(result.output).not.toContain(secret);
  }
  expect(scene.s3.requests).toEqual([]);
});
