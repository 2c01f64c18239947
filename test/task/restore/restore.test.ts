import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdCompressSync } from 'node:zlib';
import { manifestText, type Manifest } from '../../../catalog/bucket/manifest';
import type { RestoreTarget } from '../../../catalog/contract/restore';
import type { RestoreJob, RestoreRequest } from '../../../catalog/contract/task';
import { registerEngine } from '../../../engines/facts';
import { registerProgram } from '../../../engines/programs';
import { restore } from '../../../task/restore/restore';
import { BackupError } from '../../../task/run/errors';
import { CapturedLog } from '../../support/captured-log';
import {
  DUMPED_ONLY,
  MemoryDump,
  MemoryRestore,
  TOY_FACTS,
  memoryStream,
  type RestoreStep,
} from '../../support/memory-engine';
import { temporaryDirectory } from '../../support/processes';
import { SmallS3 } from '../../support/small-s3';

const ID = '2026-11-20T02-00-00Z';
const FOLDER = `shop/${ID}/`;
const BROKEN = new BackupError('restoreFailed', 'the toy is broken', { kind: 'client-failed' });
const EXISTS: Pick<RestoreTarget, 'state' | 'holds'> = { state: 'exists', holds: ['book'] };

let s3: SmallS3;
let directory: string;
let engine: MemoryRestore;
/** Prepares the engine of the next restore. */
let prepare: (engine: MemoryRestore) => void;
let makeDump: () => MemoryDump;

beforeAll(async () => {
  registerEngine('toy', TOY_FACTS);
  registerProgram('toy', {
    ...DUMPED_ONLY,
    createDump: () => makeDump(),
    createRestore: (context) => {
      engine = new MemoryRestore(context);
      prepare(engine);
      return engine;
    },
  });
  s3 = await SmallS3.start();
  Object.assign(process.env, s3.environment);
  directory = temporaryDirectory('restore');
});
beforeEach(() => {
  s3.clear();
  s3.rule = () => undefined;
  prepare = () => undefined;
  makeDump = () => new MemoryDump(() => [memoryStream('a.zst', [Buffer.from('what was there')])]);
  store();
});
afterAll(async () => {
  await s3.stop();
  fs.rmSync(directory, { recursive: true });
});

/** Stores a backup of a toy. */
function store(changes: Partial<Manifest> = {}): void {
  const bytes = zstdCompressSync(Buffer.from('three books'));
  s3.put(`${FOLDER}a.zst`, bytes);
  const object = { key: `${FOLDER}a.zst`, kind: 'dump', format: 'sql', compression: 'zstd', bytes: bytes.length };
  const sums = { sha256: createHash('sha256').update(bytes).digest('hex'), crc32: '', uncompressedBytes: 11 };
  const manifest: Manifest = {
    ...{ formatVersion: 1, source: 'shop', backupId: ID, engine: 'toy', serverVersion: '1.2', toolVersion: '1.3' },
    ...{ programVersion: '1', trigger: 'schedule', startedAt: '2026-11-20T02:00:00Z', endedAt: '2026-11-20T02:01:00Z' },
    consistency: { snapshot: 'frozen', rowCounts: 'same-snapshot' },
    objects: [{ ...object, ...sums, databases: ['shop'] }],
    tables: [{ database: 'shop', name: 'book', rows: 3 }],
    ...changes,
  };
  s3.put(`${FOLDER}manifest.json`, manifestText(manifest));
}

async function run(
  request: Partial<RestoreRequest> = {},
  job: Partial<RestoreJob> = {},
  stop = new AbortController(),
  closeMs?: number,
) {
  const captured = new CapturedLog();
  const all: RestoreJob = {
    ...{ action: 'restore', source: 'shop', engine: 'toy', file: '/toys/shop', bucket: 'b', timeoutSeconds: 60 },
    ...{ scratchDirectory: directory, ...job },
  };
  const inputs = { job: all, request: { backupId: ID, ...request } };
  const error = await restore(inputs, captured.log, stop, closeMs).catch((failure: unknown) => failure as BackupError);
  const state = captured.of('target-state')[0]?.state;
  expect(fs.readdirSync(directory).filter((name) => name.startsWith('restore-'))).toEqual([]);
  return { error, state, log: captured, events: captured.lines.map(({ event }) => event) };
}

test('a backup is looked at, loaded, checked, and the engine closed, before it is told', async () => {
  prepare = ({ context }) => context.note({ kind: 'passwords', objects: ['a'] });
  const { error, events, log } = await run();
  expect(error).toBeUndefined();
  expect(engine.loaded).toBe('three books');
  expect(engine.calls).toEqual(['look', 'load', 'check', 'close']);
  expect(events).toEqual(['note', 'plan', 'restored']);
  expect(log.of('plan')[0]).toMatchObject({
    ...{ backupId: ID, message: `backup ${ID} of shop goes into shop: 20 B to read, 11 B to load` },
    plan: {
      backupId: ID,
      bytes: 20,
      uncompressedBytes: 11,
      notes: [{ kind: 'passwords' }],
      targets: [{ state: 'new' }],
    },
  });
  expect(log.of('restored')[0]).toMatchObject({
    message: expect.stringMatching(
      /^shop as of 2026-11-20T02:00:00Z was restored into shop in .*: 1 table, 3 rows, all as in the backup$/,
    ),
    report: {
      asOf: '2026-11-20T02:00:00Z',
      targets: [{ name: 'shop' }],
      tables: 1,
      rows: 3,
      notes: [{ kind: 'passwords' }],
    },
  });
});

test('a dry run only looks', async () => {
  prepare = (toy) => (toy.target = { ...toy.target, ...EXISTS });
  const { error, events } = await run({ dryRun: true, overwrite: ['shop'], safetyBackup: `${directory}/safe` });
  expect([error, events, engine.calls]).toEqual([undefined, ['plan'], ['look', 'close']]);
  expect(fs.readdirSync(directory)).toEqual([]);
});

describe('what exists', () => {
  beforeEach(() => (prepare = (toy) => (toy.target = { ...toy.target, ...EXISTS })));

  test('is refused, and not touched', async () => {
    const { error, state } = await run();
    expect([state, engine.calls]).toEqual(['unchanged', ['look', 'close']]);
    expect(error).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-exists', object: 'shop' } });
  });

  test('is not replaced by a request that names something else', async () => {
    const { error, state } = await run({ overwrite: ['blog'], safetyBackup: `${directory}/safe` });
    expect([state, engine.calls]).toEqual(['unchanged', ['look', 'close']]);
    expect(error).toMatchObject({ exit: 'targetRefused', reason: { kind: 'target-exists', object: 'shop' } });
  });

  test('is replaced if the request names it, and kept in a directory first', async () => {
    const safe = path.join(directory, 'safe');
    prepare = (toy) => {
      toy.target = { ...toy.target, ...EXISTS };
      toy.before.load = () => expect(fs.readdirSync(path.join(safe, 'shop'))).toHaveLength(1);
    };
    const { error, events } = await run({ overwrite: ['shop'], safetyBackup: safe });
    expect([error, events]).toEqual([undefined, ['plan', 'safety-backup', 'restored']]);
    fs.rmSync(safe, { recursive: true });
    prepare = (toy) => (toy.target = { ...toy.target, ...EXISTS });
    expect((await run({ overwrite: ['shop'] })).error).toBeUndefined();
  });

  test('stays if it cannot be kept', async () => {
    const safe = path.join(directory, 'safe');
    const fails = new BackupError('privileges', 'no right', { kind: 'privileges-missing' });
    makeDump = () => new MemoryDump(() => [memoryStream('a.zst', [Buffer.from('x')], { fails })]);
    const { error, state } = await run({ overwrite: ['shop'], safetyBackup: safe });
    expect([state, engine.calls]).toEqual(['unchanged', ['look', 'close']]);
    expect(error).toMatchObject({
      ...{ exit: 'privileges', reason: { kind: 'privileges-missing' } },
      message: `the safety backup into ${safe} failed, and so nothing was replaced: no right`,
    });
    expect(fs.readdirSync(path.join(safe, 'shop'))).toEqual([]);
    fs.rmSync(safe, { recursive: true });
  });
});

describe('a restore that fails', () => {
  test.each<[RestoreStep, string]>([
    ['look', 'unchanged'],
    ['load', 'partial'],
    ['check', 'partial'],
    ['close', 'unknown'],
  ])('at %s says in which state the target is, and closes the engine once', async (step, expected) => {
    prepare = (toy) => (toy.before[step] = () => Promise.reject(BROKEN));
    const { error, state, events } = await run();
    expect([error, state]).toEqual([BROKEN, expected]);
    expect(events.at(-1)).toBe('target-state');
    expect(events).not.toContain('restored');
    expect(engine.calls.filter((call) => call === 'close')).toHaveLength(1);
  });

  test('since its connections do not end', async () => {
    prepare = (toy) => (toy.before.close = () => new Promise(() => undefined));
    const { error, state, events } = await run({}, {}, undefined, 50);
    expect([state, events]).toEqual(['unknown', ['plan', 'target-state']]);
    expect(error).toMatchObject({ exit: 'restoreFailed', reason: { kind: 'client-failed' } });
  });

  test('since the target differs', async () => {
    prepare = (toy) =>
      (toy.differences = [
        { object: 'book', kind: 'rows', expected: 3, found: 2 },
        { object: 'review', kind: 'orphans', expected: 0, found: 5 },
        { object: 'cheap', kind: 'invalid', said: 'no such table' },
        ...Array.from({ length: 9 }, (_, index) => ({ object: `t${index}`, kind: 'missing' as const })),
      ]);
    const { error, state } = await run();
    expect(state).toBe('complete-but-different');
    expect(error).toMatchObject({ exit: 'restoreFailed', reason: { kind: 'restore-differs' } });
    expect(error!.message).toBe(
      'all was loaded, but the target is not as the backup: book: 2 rows instead of 3; review: 5 rows refer to rows that do not exist; cheap: invalid (no such table); t0: missing; t1: missing; t2: missing; t3: missing; t4: missing; t5: missing; t6: missing; and 2 more: do not use it before you know why',
    );
  });

  test('since an object is missing: nothing was begun', async () => {
    s3.remove(`${FOLDER}a.zst`);
    const { error, state } = await run();
    expect([state, engine.calls]).toEqual(['unchanged', ['look', 'close']]);
    expect(error).toMatchObject({ exit: 'downloadFailed', reason: { kind: 'object-missing' } });
  });

  test('since it is stopped: its reason, and not what broke by it', async () => {
    const stop = new AbortController();
    prepare = (toy) => {
      toy.before.load = () =>
        new Promise((_, reject) => {
          toy.context.signal.addEventListener('abort', () => reject(new Error('the connection is gone')));
          setImmediate(() => stop.abort(BROKEN));
        });
      toy.before.close = () => (toy.now = 'unchanged');
    };
    const { error, state } = await run({}, {}, stop);
    expect([error, state, engine.calls]).toEqual([BROKEN, 'unchanged', ['look', 'load', 'close']]);
  });

  test('since it is stopped, while a commit is under way: the state is that after the commit', async () => {
    const stop = new AbortController();
    prepare = (toy) => {
      toy.before.load = async () => {
        stop.abort(BROKEN);
        await sleep(50);
        toy.now = 'complete-but-unchecked';
        throw new Error('the connection is gone');
      };
    };
    expect((await run({}, {}, stop)).state).toBe('complete-but-unchecked');
  });

  test('since it takes too long', async () => {
    prepare = (toy) => {
      let end: () => void;
      toy.before.load = () => new Promise<void>((resolve) => (end = resolve));
      toy.before.close = () => end();
    };
    const { error } = await run({}, { timeoutSeconds: 0.1 });
    expect(error).toMatchObject({ exit: 'timedOut', reason: { kind: 'timed-out' } });
    expect(error!.message).toBe(
      'the restore took longer than its timeout of 0 seconds and was stopped: raise its timeout',
    );
  });

  test('since the scratch directory cannot be written to', async () => {
    const { error, state } = await run({}, { scratchDirectory: '/nowhere' });
    expect(error).toMatchObject({ exit: 'configuration', reason: { kind: 'scratch-not-writable' } });
    expect(error!.message).toMatch(/^could not write to the scratch directory \/nowhere: ENOENT/);
    expect(state).toBe('unchanged');
  });
});

describe('a manifest', () => {
  const lies = (fault: string) => `manifest ${FOLDER}manifest.json lies: ${fault}: restore another backup`;
  const object = (key: string) => {
    const { objects } = JSON.parse(s3.get(`${FOLDER}manifest.json`).toString()) as Manifest;
    return { objects: [{ ...objects[0]!, key }] };
  };

  test.each<[string, () => unknown, string, string, string]>([
    [
      'that is missing',
      () => s3.remove(`${FOLDER}manifest.json`),
      'configuration',
      'backup-unknown',
      `source shop has no backup ${ID} in bucket b: proven-backups list --source shop shows all`,
    ],
    [
      'of another source',
      () => store({ source: 'other' }),
      'downloadFailed',
      'manifest-damaged',
      lies('its source is other'),
    ],
    [
      'of another backup',
      () => store({ backupId: '2026-11-21T02-00-00Z' }),
      'downloadFailed',
      'manifest-damaged',
      lies('its backup is 2026-11-21T02-00-00Z'),
    ],
    [
      "with another backup's objects",
      () => store(object('shop/2026-11-21T02-00-00Z/a.zst')),
      'downloadFailed',
      'manifest-damaged',
      lies('its object shop/2026-11-21T02-00-00Z/a.zst is not in its folder'),
    ],
    [
      'with objects elsewhere',
      () => store(object(`${FOLDER}../a.zst`)),
      'downloadFailed',
      'manifest-damaged',
      lies(`its object ${FOLDER}../a.zst is not in its folder`),
    ],
    [
      'of another engine',
      () => store({ engine: 'mongodb' }),
      'configuration',
      'engine-mismatch',
      `backup ${ID} is of the engine mongodb, but its source is now one of toy: restore it by hand, see docs/restore-by-hand.md`,
    ],
    [
      'of a newer format',
      () => s3.put(`${FOLDER}manifest.json`, '{"formatVersion":2}'),
      'configuration',
      'version-mismatch',
      `manifest ${FOLDER}manifest.json has format 2, but this version of cdk-proven-backups reads formats up to 1: update cdk-proven-backups`,
    ],
    [
      'that is no JSON',
      () => s3.put(`${FOLDER}manifest.json`, '{'),
      'downloadFailed',
      'manifest-damaged',
      `manifest ${FOLDER}manifest.json is not JSON: `,
    ],
    [
      'that lacks a part',
      () => s3.put(`${FOLDER}manifest.json`, '{"formatVersion":1}'),
      'downloadFailed',
      'manifest-damaged',
      `manifest ${FOLDER}manifest.json is damaged: source: `,
    ],
    [
      'that may not be read',
      () => (s3.rule = () => ({ status: 403, code: 'AccessDenied' })),
      'downloadFailed',
      'read-denied',
      `could not read ${FOLDER}manifest.json in bucket b: AccessDenied: injected (it is not there, which S3 says`,
    ],
  ])('%s is refused', async (_, change, exit, kind, sentence) => {
    change();
    const { error, state, events } = await run();
    expect([error, state, events]).toMatchObject([{ exit, reason: { kind } }, 'unchanged', ['target-state']]);
    expect(error!.message.slice(0, sentence.length)).toBe(sentence);
  });
});
