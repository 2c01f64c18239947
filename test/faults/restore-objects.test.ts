/** A restore whose backup cannot be read, or that is ended: its sentence, and a target that is as it was. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataObject, Manifest } from '../../catalog/bucket/manifest';
import type { ExitCodeName } from '../../catalog/contract/task';
import { makeDatabase } from '../cases/sqlite-sources';
import { RestoreScene, factsOf, failedOf, type RestoreResult } from '../restore/support';
import { sqliteJob } from '../support/job';
import type { SmallS3 } from '../support/small-s3';

jest.setTimeout(120_000);

const MIB = 1024 ** 2;
const ROWS = 60;

describe('the bucket', () => {
  let scene: RestoreScene;
  let file: string;
  let manifest: Manifest;
  let object: DataObject;
  let stored: Buffer;
  const name = 'shop.db';

  beforeAll(async () => {
    scene = await RestoreScene.start();
    const data = path.join(scene.directory, 'data');
    fs.mkdirSync(data);
    file = makeDatabase(path.join(data, name), 'CREATE TABLE book (id INTEGER PRIMARY KEY, cover BLOB)');
    add(ROWS);
    manifest = await scene.backUp(job());
    object = manifest.objects[0]!;
    stored = scene.s3.get(object.key);
    // It shall be seen whether it is touched.
    add(1);
  });
  beforeEach(() => {
    scene.s3.rule = () => undefined;
    scene.s3.put(object.key, stored);
    scene.putManifest(manifest);
    scene.s3.requests.length = 0;
  });
  afterAll(() => scene?.stop());

  const job = () => sqliteJob(file, scene.place('shop'));
  const request = () => ({ backupId: manifest.backupId, overwrite: [name] });
  const start = (timeoutSeconds = 120) => scene.start(scene.jobOf(job(), { timeoutSeconds }), request());
  const restore = async (timeoutSeconds?: number) => factsOf(await start(timeoutSeconds).result());

  function add(rows: number): void {
    const database = new DatabaseSync(file);
    for (let row = 0; row < rows; row++) database.exec('INSERT INTO book (cover) VALUES (randomblob(100000))');
    database.close();
  }
  const rows = () => {
    const database = new DatabaseSync(file, { readOnly: true });
    const { n } = database.prepare('SELECT count(*) AS n FROM book').get()!;
    database.close();
    return n;
  };
  /** Answers to the reads of the data, not to the look at its first byte. */
  const onRead = (answer: (read: number) => ReturnType<SmallS3['rule']>): SmallS3['rule'] => {
    let read = 0;
    return ({ operation, key, to }) =>
      operation === 'GetObject' && key === object.key && to === undefined ? answer(++read) : undefined;
  };
  const changed = (changes: Partial<DataObject>) => () =>
    scene.putManifest({ ...manifest, objects: [{ ...object, ...changes }] });

  function expectUntouched(result: RestoreResult, exit: ExitCodeName, kind: string): void {
    expect(result).toMatchObject({ exit, state: 'unchanged', reason: { kind }, report: undefined });
    expect(result.log.slice(-2).map(({ event }) => event)).toEqual(['target-state', 'failed']);
    expect(failedOf(result)).toMatchObject({ action: 'restore', source: 'shop', engine: 'sqlite' });
    expect([rows(), fs.readdirSync(path.dirname(file))]).toEqual([ROWS + 1, [name]]);
    expect(fs.readdirSync(scene.scratchDirectory)).toEqual([]);
  }

  test.each<[string, () => unknown, string, RegExp]>([
    [
      'misses the object',
      () => scene.s3.remove(object.key),
      'object-missing',
      /is missing in bucket backups: the backup is damaged/,
    ],
    [
      'has it in an archive',
      () =>
        (scene.s3.rule = ({ key }) => (key === object.key ? { status: 403, code: 'InvalidObjectState' } : undefined)),
      'object-archived',
      /is in an archive, .*: proven-backups restore offers that/,
    ],
    [
      'has another one in its place',
      () => scene.s3.put(object.key, Buffer.alloc(stored.length)),
      'object-changed',
      /could not be decompressed|must have the SHA-256/,
    ],
    [
      'has a flipped bit in it',
      () => {
        const bytes = Buffer.from(stored);
        bytes[4 * MIB]! ^= 1;
        scene.s3.put(object.key, bytes);
      },
      'object-changed',
      /is not what its manifest says: it .*: restore another backup/,
    ],
    [
      'has a manifest with another hash',
      changed({ sha256: '0'.repeat(64) }),
      'object-changed',
      /must have the SHA-256 0+, got: \w{64}/,
    ],
    [
      'has a manifest with another size',
      changed({ uncompressedBytes: 5 * MIB }),
      'object-changed',
      /must have 5242880 bytes after decompression, got: more than 5242880/,
    ],
    [
      'has a manifest with other rows',
      () => scene.putManifest({ ...manifest, tables: [{ database: name, name: 'book', rows: 7 }] }),
      'restore-differs',
      /book: 60 rows instead of 7/,
    ],
    [
      'has a manifest with another table',
      () => scene.putManifest({ ...manifest, tables: [{ database: name, name: 'pen', rows: 7 }] }),
      'restore-differs',
      /pen: missing/,
    ],
    [
      'has a disabled key',
      () => (scene.s3.rule = onRead(() => ({ status: 400, code: 'KMS.DisabledException' }))),
      'key-unusable',
      /enable it again, or cancel its deletion/,
    ],
    [
      'replaces it meanwhile',
      () =>
        (scene.s3.rule = onRead((read) => {
          if (read === 1) return { cutAfterBytes: MIB };
          scene.s3.put(object.key, stored);
          return undefined;
        })),
      'object-changed',
      /was replaced while it was read/,
    ],
  ])('%s', async (_, change, kind, sentence) => {
    change();
    const result = await restore();
    expectUntouched(result, kind === 'restore-differs' ? 'restoreFailed' : 'downloadFailed', kind);
    expect(result.failure).toMatch(sentence);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('is slow, and the restore ended by %s', async (signal) => {
    scene.s3.rule = onRead(() => ({ silentAfterBytes: MIB }));
    const program = start();
    await program.logged('plan');
    program.signal(signal);
    expectUntouched(
      factsOf(await program.result()),
      signal === 'SIGTERM' ? 'interrupted' : 'interruptedBySigint',
      'interrupted',
    );
  });

  test('is slow, and the time over', async () => {
    scene.s3.rule = onRead(() => ({ silentAfterBytes: MIB }));
    const result = await restore(8);
    expectUntouched(result, 'timedOut', 'timed-out');
    expect(result.failure).toMatch(/^the restore took longer than its timeout of 8 seconds and was stopped/);
  });

  test('is slow, and the restore killed: the next one succeeds', async () => {
    scene.s3.rule = onRead(() => ({ silentAfterBytes: MIB }));
    const program = start();
    while (!scene.s3.requests.some(({ key, to }) => key === object.key && to === undefined)) await sleep(20);
    program.signal('SIGKILL');
    expect((await program.result()).exit).toBe('SIGKILL');
    expect(rows()).toBe(ROWS + 1);
    scene.s3.rule = onRead((read) => (read <= 2 ? { cutAfterBytes: MIB } : undefined));
    expect(await restore()).toMatchObject({ exit: 'success', failure: '', report: { rows: ROWS } });
    expect(rows()).toBe(ROWS);
  });

  describe('and a target', () => {
    let small: string;
    beforeEach(() => {
      small = fs.mkdtempSync(path.join(scene.directory, 'small-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', small]);
    });
    afterEach(() => execFileSync('umount', [small]));
    const into = () => scene.restore(scene.jobOf(job(), { file: path.join(small, name) }), request());
    const fill = (megabytes: number) => fs.writeFileSync(path.join(small, 'filler'), Buffer.alloc(megabytes * MIB));

    test('that has no room', async () => {
      fill(4);
      const result = await into();
      expect(result).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'target-full' } });
      expect(result.failure).toBe(
        `${small} must have 5.8 MiB free beside what is there, got: 4.0 MiB: make room; the target is as it was`,
      );
    });

    test('that is filled meanwhile', async () => {
      scene.s3.rule = onRead(() => {
        fill(4);
        return undefined;
      });
      const result = await into();
      expect(result).toMatchObject({ exit: 'restoreFailed', state: 'unchanged', reason: { kind: 'target-full' } });
      expect(fs.readdirSync(small)).toEqual(['filler']);
    });

    test('that is read-only', async () => {
      execFileSync('mount', ['-o', 'remount,ro', small]);
      const result = await into();
      expect(result).toMatchObject({ exit: 'targetRefused', reason: { kind: 'directory-not-writable' } });
      expect(result.failure).toMatch(/^could not write to the folder .*: EROFS: read-only file system/);
    });
  });
});
