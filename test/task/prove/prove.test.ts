import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { EVIDENCE_FILE, type Evidence } from '../../../catalog/bucket/evidence';
import { manifestText, type DataObject, type Manifest } from '../../../catalog/bucket/manifest';
import { parseVerdict } from '../../../catalog/bucket/verdict';
import type { FailedLine } from '../../../catalog/contract/failure';
import type { ProveJob } from '../../../catalog/contract/task';
import { registerEngine } from '../../../engines/facts';
import { registerProgram } from '../../../engines/programs';
import { prove } from '../../../task/prove/prove';
import { BackupError } from '../../../task/run/errors';
import { CapturedLog } from '../../support/captured-log';
import { TOY_FACTS } from '../../support/memory-engine';
import { MemoryProof } from '../../support/memory-proof';
import { temporaryDirectory } from '../../support/processes';
import { SmallS3 } from '../../support/small-s3';

const ID = '2026-11-20T02-00-00Z';
const FOLDER = `shop/${ID}/`;
const VERDICT = `${FOLDER}restore-test.json`;
const DUMP =
  'def definition of table book: id, note\nrow table book: 1|red\nrow table book: 2|blue\ndef trigger t: x\n';
const EVIDENCE: Evidence = {
  ...{ formatVersion: 1, questions: 1, undigested: [] },
  inventory: [{ kind: 'table', name: 'book', facts: { primaryKey: 'id' } }],
  digests: [{ table: 'shop.book', rows: 2, digest: 'abc' }],
};

let s3: SmallS3;
let directory: string;
let engine: MemoryProof;

beforeAll(async () => {
  registerEngine('toy', TOY_FACTS);
  registerProgram('toy', {
    get proof() {
      return engine.program.proof;
    },
    createRestore: (context) => engine.program.createRestore(context),
    createDump: (context) => engine.program.createDump(context),
  });
  s3 = await SmallS3.start();
  Object.assign(process.env, s3.environment);
  directory = temporaryDirectory('prove');
});
beforeEach(() => {
  s3.clear();
  s3.rule = () => undefined;
  engine = new MemoryProof();
  engine.evidence = EVIDENCE;
  store();
});
afterAll(async () => {
  await s3.stop();
  fs.rmSync(directory, { recursive: true });
});

function storeObject(file: string, text: string, kind: string): DataObject {
  const bytes = zstdCompressSync(Buffer.from(text));
  s3.put(FOLDER + file, bytes);
  return {
    ...{ key: FOLDER + file, kind, format: 'sql', compression: 'zstd', bytes: bytes.length, databases: ['shop'] },
    ...{ sha256: createHash('sha256').update(bytes).digest('hex'), crc32: '', uncompressedBytes: text.length },
  };
}

/** Stores a backup of a toy. */
function store(changes: Partial<Manifest> = {}, { dump = DUMP, evidence = JSON.stringify(EVIDENCE) } = {}): void {
  const objects = [storeObject('a.zst', dump, 'dump')];
  if (evidence !== '') objects.push(storeObject(EVIDENCE_FILE, evidence, 'evidence'));
  const manifest: Manifest = {
    ...{ formatVersion: 1, source: 'shop', backupId: ID, engine: 'toy', serverVersion: '1.2', toolVersion: '1.3' },
    ...{ programVersion: '1', trigger: 'schedule', startedAt: '2026-11-20T02:00:00Z', endedAt: '2026-11-20T02:01:00Z' },
    consistency: { snapshot: 'frozen', rowCounts: 'same-snapshot' },
    objects,
    tables: [{ database: 'shop', name: 'book', rows: 2 }],
    ...changes,
  };
  s3.put(`${FOLDER}manifest.json`, manifestText(manifest));
}

async function run(job: Partial<ProveJob> = {}, stop = new AbortController(), closeMs?: number) {
  const captured = new CapturedLog();
  const all: ProveJob = {
    ...{ action: 'prove', source: 'shop', backupId: ID, bucket: 'b', keyArn: 'k', timeoutSeconds: 60 },
    ...{ scratchDirectory: directory, ...job },
  };
  const error = await prove({ job: all, taken: {} }, captured.log, stop, closeMs).catch(
    (failure: unknown) => failure as BackupError,
  );
  expect(fs.readdirSync(directory)).toEqual([]);
  const stored = s3.keys.includes(VERDICT) ? parseVerdict(s3.get(VERDICT).toString()) : undefined;
  return { error, stored, events: captured.lines.map(({ event }) => event), log: captured };
}

/** Damages what was restored. */
const damage = (change: (held: string) => string) =>
  (engine.before['check-restore'] = () => (engine.held = change(engine.held)));
const failure = (exit: BackupError['exit'], kind: FailedLine['reason']['kind'], said?: string) =>
  new BackupError(exit, `it failed: ${kind}`, { kind: kind as 'other', ...(said === undefined ? {} : { said }) });
const verdicts = ({ stored }: Awaited<ReturnType<typeof run>>) => [
  stored?.verdict,
  ...(stored?.differences ?? []).map(({ check, object, kind }) => `${check} ${object} ${kind}`),
];

test('a backup that restores is proven', async () => {
  const { error, stored, events, log } = await run();
  expect(error).toBeUndefined();
  expect(engine.calls).toEqual(['start', 'look', 'load', 'check-restore', 'dump', 'check', 'close']);
  expect(engine.restore!.context.job).toMatchObject({ file: '/toys/scratch', engine: 'toy', source: 'shop' });
  expect(engine.restore!.context.request).toMatchObject({ backupId: ID, stream: true });
  expect(engine.digests).toEqual({ kind: 'same', evidence: EVIDENCE });
  expect(events).toEqual(['scratch-server', 'verdict']);
  expect(log.of('verdict')[0]).toMatchObject({ backupId: ID, engine: 'toy', verdict: stored });
  expect(stored).toMatchObject({
    ...{ verdict: 'passed', source: 'shop', backupId: ID, engine: 'toy', serverVersion: '1.2', rows: 2, tables: 1 },
    manifestSha256: createHash('sha256')
      .update(s3.get(`${FOLDER}manifest.json`))
      .digest('hex'),
    ...{ differences: [], differenceCount: 0, uncompressedBytes: DUMP.length + JSON.stringify(EVIDENCE).length },
  });
  expect(stored!.checks!.map(({ check, compared }) => [check, compared])).toEqual([
    ...[['bytes', 2], ['load', 1], ['sections', 3], ['inventory', 1], ['rows', 1], ['engine', 3]], // prettier-ignore
    ['expectations', 0],
  ]);
});

test('a backup without evidence is proven, and the verdict says what was not compared', async () => {
  store({}, { evidence: '' });
  const { error, stored } = await run();
  expect([error, engine.digests]).toEqual([undefined, { kind: 'none' }]);
  expect(stored).toMatchObject({ verdict: 'passed' });
  const left = [{ why: 'no-evidence', count: 1, objects: ['book'] }];
  expect(stored!.checks!.find(({ check }) => check === 'inventory')).toMatchObject({ result: 'not-run', left });
  expect(stored!.checks!.find(({ check }) => check === 'rows')).toMatchObject({ result: 'passed', left });
});

test('answers to other questions are not compared', async () => {
  engine.evidence = { ...EVIDENCE, questions: 2, inventory: [] };
  const { stored } = await run();
  expect(stored).toMatchObject({ verdict: 'passed' });
  expect(stored!.checks!.find(({ check }) => check === 'inventory')).toMatchObject({
    ...{ result: 'not-run', left: [{ why: 'other-version' }] },
  });
});

test('evidence of a newer format is not compared', async () => {
  store({}, { evidence: '{"formatVersion":2}' });
  expect(await run()).toMatchObject({ error: undefined, stored: { verdict: 'passed' } });
});

describe('a difference fails the test', () => {
  test('of the order of rows: it is none', async () => {
    damage((held) => held.replace(/(row .*\n)(row .*\n)/, '$2$1'));
    expect(verdicts(await run())).toEqual(['passed']);
  });

  test('of a row', async () => {
    damage((held) => held.replace('2|blue', '2|green'));
    const result = await run();
    expect(result.error).toMatchObject({ exit: 'notProven', reason: { kind: 'not-proven', object: 'table book' } });
    expect(result.stored!.differences).toEqual([
      {
        ...{ check: 'sections', object: 'table book', kind: 'rows', rows: { differing: 1, of: 2 } },
        first: { key: 'id 2', column: 'note' },
      },
    ]);
    expect(result.error!.message).toContain('book: 1 of 2 rows differ; first: id 2, column note');
    expect(result.log.text + s3.get(VERDICT).toString()).not.toMatch(/blue|green/);
  });

  test('of an object', async () => {
    damage((held) => held.replace('def trigger t: x\n', ''));
    expect(verdicts(await run())).toEqual(['failed', 'sections trigger t missing']);
  });

  test('of an answer of the server, of a digest, of a count', async () => {
    engine.evidence = { ...EVIDENCE, inventory: [], digests: [{ table: 'shop.book', rows: 2, digest: 'xyz' }] };
    engine.tables = [{ database: 'shop', name: 'book', rows: 1 }];
    expect(verdicts(await run())).toEqual([
      ...['failed', 'inventory table book missing', 'rows table shop.book rows', 'rows table shop.book changed'],
    ]);
  });

  test('that the engine finds, or the team', async () => {
    store({
      expectations: [
        { kind: 'equals', statement: 'ONE', value: '1' },
        { kind: 'at-least', statement: 'TWO', value: 2 },
        { kind: 'at-least', statement: 'NAN', value: 0 },
        { kind: 'tables', value: 2 },
        { kind: 'of-a-newer-version', value: 2 },
      ],
    });
    engine.answers = { ONE: '1', TWO: '1.5', NAN: 'x'.repeat(1000) };
    engine.found = {
      ...{ differences: [{ check: 'engine', object: 'key k', kind: 'orphans', found: '3' }], compared: 1 },
      left: [{ why: 'not-in-image', objects: ['amcheck'] }],
    };
    const result = await run();
    expect(verdicts(result)).toEqual([
      ...['failed', 'engine key k orphans', 'expectations TWO unmet', 'expectations NAN unmet'],
      'expectations tables unmet',
    ]);
    expect(result.stored!.differences![2]!.found).toHaveLength(500);
    const checks = result.stored!.checks!.slice(-2);
    expect(checks).toMatchObject([
      { left: [{ why: 'not-in-image' }] },
      { compared: 4, left: [{ why: 'not-supported' }] },
    ]);
  });

  test('of an expectation that the server refuses, with its words, but no values', async () => {
    store({ expectations: [{ kind: 'equals', statement: 'ONE', value: '1' }] });
    engine.before.ask = () => {
      throw failure('notProven', 'not-proven', 'invalid input syntax for type integer: "Miller"\nCONTEXT: Miller');
    };
    const result = await run();
    expect(result.stored!.differences).toEqual([
      {
        ...{ check: 'expectations', object: 'ONE', kind: 'unmet', expected: '1' },
        said: 'invalid input syntax for type integer: ***',
      },
    ]);
    expect(result.log.text + s3.get(VERDICT).toString()).not.toContain('Miller');
  });

  test('that the restore itself finds; then nothing is dumped', async () => {
    engine.before.look = () =>
      (engine.restore!.differences = [{ object: 'shop.book', kind: 'rows', expected: 2, found: 1 }]);
    expect(verdicts(await run())).toEqual(['failed', 'rows shop.book rows']);
    expect(engine.calls).not.toContain('dump');
  });

  test('of the bytes: changed, missing, or a manifest that lies', async () => {
    s3.put(`${FOLDER}a.zst`, Buffer.alloc(s3.get(`${FOLDER}a.zst`).length));
    expect(verdicts(await run())).toEqual(['failed', `bytes ${FOLDER}a.zst damaged`]);
    s3.remove(`${FOLDER}a.zst`);
    expect(verdicts(await run())).toEqual(['failed', `bytes ${FOLDER}a.zst absent`]);
    s3.put(`${FOLDER}manifest.json`, '{"formatVersion":1}');
    expect(verdicts(await run())).toEqual(['failed', `bytes ${FOLDER}manifest.json damaged`]);
  });

  test('of evidence that is damaged, although its bytes are right', async () => {
    store({}, { evidence: '{"formatVersion":1}' });
    expect(verdicts(await run())).toEqual(['failed', `bytes ${FOLDER}${EVIDENCE_FILE} damaged`]);
  });

  test('of a load that fails, with the words of the server, but no values', async () => {
    engine.before.load = () => {
      throw failure('restoreFailed', 'client-failed', "Duplicate entry 'Miller' for key 'name'\nCONTEXT: Miller");
    };
    const result = await run();
    expect(result.stored!.differences).toMatchObject([
      { check: 'load', kind: 'refused', said: "Duplicate entry *** for key 'name'" },
    ]);
    expect(result.log.text + s3.get(VERDICT).toString()).not.toContain('Miller');
  });

  test('of bytes that a server looks into before it starts', async () => {
    engine.before.start = () => {
      throw failure('downloadFailed', 'object-changed');
    };
    expect(verdicts(await run())).toEqual(['failed', 'bytes  damaged']);
  });

  test('of a dump that fails', async () => {
    engine.before.dump = () => {
      throw failure('dumpFailed', 'tool-failed');
    };
    expect(verdicts(await run())).toEqual(['failed', 'sections tool-failed refused']);
  });

  test('of an answer is told although the server dies over the rows', async () => {
    engine.evidence = { ...EVIDENCE, inventory: [] };
    damage((held) => held.replace('2|blue', '2|green'));
    let dumps = 0;
    engine.before.dump = () => {
      if (++dumps === 2) throw failure('connection', 'connection-lost');
    };
    expect(verdicts(await run())).toEqual(['failed', 'inventory table book missing']);
  });

  test('is told although the test cannot go on after it', async () => {
    damage(() => '');
    engine.before.check = () => {
      throw new TypeError('x is not a function');
    };
    const result = await run();
    expect(verdicts(result)[0]).toBe('failed');
    expect(result.log.of('cut-short')[0]).toMatchObject({ message: expect.stringContaining('x is not a function') });
  });
});

describe('a test that cannot run says nothing of the backup', () => {
  const expectNotRun = (result: Awaited<ReturnType<typeof run>>, kind: string, exit = 'notTested') => {
    expect(result.error).toMatchObject({ exit, reason: { kind } });
    expect(result.stored).toMatchObject({ verdict: 'not-run', reason: { kind } });
  };

  test.each([
    ['start', 'notTested', 'image-lacks'],
    ['look', 'targetRefused', 'target-lacks'],
    ['load', 'restoreFailed', 'target-full'],
    ['load', 'restoreFailed', 'tool-killed'],
    ['load', 'connection', 'connection-lost'],
    ['dump', 'connection', 'nothing-listens'],
    ['dump', 'configuration', 'tool-missing'],
    ['check', 'connection', 'connection-lost'],
  ] as const)('%s: %s, %s', async (step, exit, kind) => {
    engine.before[step] = () => {
      throw failure(exit, kind);
    };
    expectNotRun(await run(), kind);
    expect(engine.calls.at(-1)).toBe('close');
  });

  test('the server has ended by itself', async () => {
    engine.before.load = () => {
      engine.ended = () => failure('notTested', 'scratch-server');
      throw failure('restoreFailed', 'client-failed');
    };
    expectNotRun(await run(), 'scratch-server');
  });

  test.each<[string, Evidence | undefined, string]>([
    ['at all', undefined, 'the inventory'],
    ['rows', { ...EVIDENCE, digests: [], undigested: [{ table: 'shop.book', why: 'budget' }] }, 'shop.book'],
  ])('the server does not answer what the evidence asks: %s', async (_, evidence, object) => {
    engine.evidence = evidence;
    const result = await run();
    expectNotRun(result, 'scratch-server');
    expect(result.stored).toMatchObject({ differences: [], reason: { object } });
    damage((held) => held.replace('def trigger t: x\n', ''));
    expect(verdicts(await run())).toEqual(['failed', 'sections trigger t missing']);
  });

  test('a fault of the program stays one', async () => {
    engine.before.check = () => {
      throw new TypeError('x is not a function');
    };
    expectNotRun(await run(), 'fault-of-the-program', 'unexpected');
  });

  test('an object is in an archive', async () => {
    s3.rule = ({ key, operation }) =>
      operation === 'GetObject' && key.endsWith('a.zst') ? { status: 403, code: 'InvalidObjectState' } : undefined;
    expectNotRun(await run(), 'object-archived');
    expect(engine.calls).toEqual([]);
  });

  test('the disk is too small: nothing is begun', async () => {
    const object = storeObject('a.zst', DUMP, 'dump');
    store({ objects: [{ ...object, uncompressedBytes: 1e15 }] });
    const result = await run();
    expectNotRun(result, 'disk-too-small');
    expect(result.error!.message).toMatch(/needs 1.8 PiB of disk, but .* has /);
    expect(engine.calls).toEqual([]);
  });

  test('the engine is of a newer version', async () => {
    store({ engine: 'of-a-newer-version' });
    expectNotRun(await run(), 'not-supported');
  });

  test('the manifest is of a newer format', async () => {
    s3.put(`${FOLDER}manifest.json`, '{"formatVersion":2}');
    expectNotRun(await run(), 'version-mismatch');
  });

  test('nothing was compared', async () => {
    store({ tables: [] }, { dump: 'nothing\n' });
    engine.tables = [];
    const result = await run();
    expect(result.stored).toMatchObject({ verdict: 'not-run', reason: { kind: 'not-supported', object: 'sections' } });
    expect(result.error).toMatchObject({ exit: 'notTested' });
  });

  test('it took too long', async () => {
    engine.before.load = () => new Promise(() => undefined);
    engine.before.close = () => (engine.before.load = undefined!);
    expectNotRun(await run({ timeoutSeconds: 0.3 }, undefined, 100), 'timed-out');
  });

  test('the server does not end', async () => {
    engine.before.close = () => new Promise(() => undefined);
    expectNotRun(await run({}, undefined, 100), 'scratch-server');
  });

  test('there is no such backup, or it must not be read: nothing is stored', async () => {
    s3.clear();
    const { error, stored } = await run();
    expect(error).toMatchObject({ exit: 'notTested', reason: { kind: 'backup-unknown' } });
    expect(stored).toBeUndefined();
  });
});

test.each(['start', 'load', 'dump', 'check', 'close'] as const)('interrupted at %s: no verdict', async (step) => {
  const stop = new AbortController();
  const reason = failure('interrupted', 'interrupted');
  engine.before[step] = () => stop.abort(reason);
  const { error, stored, events } = await run({}, stop);
  expect([error, stored]).toEqual([reason, undefined]);
  expect(events).not.toContain('verdict');
  expect(engine.calls.at(-1)).toBe('close');
});

describe('the verdict', () => {
  test('of the backup replaces the one before; one that says nothing does not', async () => {
    await run();
    const before = s3.get(VERDICT).toString();
    engine = new MemoryProof();
    engine.before.start = () => {
      throw failure('notTested', 'image-lacks');
    };
    expect((await run()).error).toMatchObject({ exit: 'notTested' });
    expect(s3.get(VERDICT).toString()).toBe(before);
    engine = new MemoryProof();
    engine.evidence = EVIDENCE;
    damage(() => '');
    expect((await run()).stored).toMatchObject({ verdict: 'failed' });
  });

  test('is put once more if another test was quicker', async () => {
    let puts = 0;
    s3.rule = ({ operation, key }) => {
      if (operation === 'PutObject' && ++puts === 1) s3.put(key, '{}');
      return undefined;
    };
    expect(await run()).toMatchObject({ error: undefined, stored: { verdict: 'passed' } });
    expect(puts).toBe(2);
  });

  test('that is refused leaves the test untold: the run says so, with what it has found', async () => {
    s3.rule = ({ operation }) => (operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined);
    const passed = await run();
    expect(passed.error).toMatchObject({ exit: 'notTested', reason: { kind: 's3-refused' } });
    expect(passed.events).toContain('verdict-not-stored');
    const told = /^backup .* of shop is not proven: .*; its verdict was not stored: /;
    const failed = { exit: 'notTested', reason: { kind: 's3-refused' }, message: expect.stringMatching(told) };
    damage(() => '');
    expect((await run()).error).toMatchObject(failed);
  });

  test('that may be refused leaves the result as it is', async () => {
    s3.rule = ({ operation }) => (operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined);
    expect((await run({ store: 'if-allowed' })).error).toBeUndefined();
    damage(() => '');
    expect((await run({ store: 'if-allowed' })).error).toMatchObject({ exit: 'notProven' });
  });

  test('may be the first of a role that cannot see that there is none', async () => {
    s3.rule = ({ operation, key }) =>
      operation === 'GetObject' && key === VERDICT ? { status: 403, code: 'AccessDenied' } : undefined;
    expect(await run()).toMatchObject({ error: undefined, stored: { verdict: 'passed' } });
  });
});
