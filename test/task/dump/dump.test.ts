import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseManifest } from '../../../catalog/bucket/manifest';
import type { DumpJob } from '../../../catalog/contract/task';
import type { DumpStream } from '../../../engines/engine';
import { registerEngine } from '../../../engines/facts';
import { registerProgram } from '../../../engines/programs';
import { dump } from '../../../task/dump/dump';
import { BackupError } from '../../../task/run/errors';
import type { RunInputs } from '../../../task/run/job';
import { CapturedLog } from '../../support/captured-log';
import { MemoryDump, TOY_FACTS, memoryStream, randomChunks, DUMPED_ONLY } from '../../support/memory-engine';
import { temporaryDirectory } from '../../support/processes';
import { SmallS3 } from '../../support/small-s3';

const ID = '2026-11-20T02-00-00Z';
const SCHEDULED = new Date('2026-11-20T02:00:00Z');
const REFUSED = { status: 403, code: 'AccessDenied' };
const BROKEN = new BackupError('connection', 'the toy is gone', { kind: 'no-answer' });

let s3: SmallS3;
let directory: string;
let engine: MemoryDump;
/** Creates the dump of the next run. */
let next: () => MemoryDump;

beforeAll(async () => {
  registerEngine('toy', TOY_FACTS);
  registerProgram('toy', { createDump: () => (engine = next()), ...DUMPED_ONLY });
  s3 = await SmallS3.start();
  Object.assign(process.env, s3.environment);
  directory = temporaryDirectory('dump');
});
beforeEach(() => {
  s3.clear();
  s3.rule = () => undefined;
  next = () => new MemoryDump(() => [memoryStream('a.zst', [Buffer.from('hello')])]);
});
afterAll(async () => {
  await s3.stop();
  fs.rmSync(directory, { recursive: true });
});

async function run(changes: Partial<RunInputs> = {}, job: Partial<DumpJob> = {}, stop = new AbortController()) {
  const captured = new CapturedLog();
  const place = { bucket: 'b', keyArn: 'k', scratchDirectory: directory };
  const all: DumpJob = {
    ...{ action: 'dump', source: 'shop', engine: 'toy', file: '/toy', compressionLevel: 1, timeoutSeconds: 60 },
    ...place,
    ...job,
  };
  const error = await dump({ job: all, trigger: 'schedule', ...changes }, captured.log, stop).catch(
    (failure: unknown) => failure as BackupError,
  );
  const [metric] = captured.lines.filter((line) => '_aws' in line);
  return { error, metric, log: captured };
}

/** Keys of the source without its lock, which must be free. */
function keysLeft(): string[] {
  expect(JSON.parse(s3.get('shop/lock.json').toString())).toMatchObject({ state: 'released' });
  expect(fs.readdirSync(directory)).toEqual([]);
  expect(s3.unfinishedUploads).toEqual([]);
  return s3.keys.filter((key) => key !== 'shop/lock.json');
}

test('a backup is its data, and at the end its manifest', async () => {
  next = () =>
    new MemoryDump(() => ['a.zst', 'b.zst'].map((file) => memoryStream(file, [Buffer.from(`hello ${file}`)])));
  const { error, log, metric } = await run({ scheduledTime: SCHEDULED, scheduleArn: 'arn:schedule' });
  expect(error).toBeUndefined();
  expect(keysLeft()).toEqual(['a.zst', 'b.zst', 'manifest.json'].map((file) => `shop/${ID}/${file}`));
  const key = `shop/${ID}/manifest.json`;
  expect(parseManifest(s3.get(key).toString(), key)).toMatchObject({
    ...{ source: 'shop', backupId: ID, engine: 'toy', serverVersion: '1.2', toolVersion: '1.3', trigger: 'schedule' },
    ...{ scheduledTime: SCHEDULED.toISOString(), scheduleArn: 'arn:schedule' },
    objects: [{ key: `shop/${ID}/a.zst`, uncompressedBytes: 11 }, { key: `shop/${ID}/b.zst` }],
    tables: [{ database: 'shop', name: 'book', rows: 3 }],
  });
  const puts = s3.requests.filter(({ operation }) => operation === 'PutObject').map((request) => request.key);
  expect(puts.at(-2)).toBe(key);
  expect(log.of('complete')).toMatchObject([{ backupId: ID, manifest: key, bytesIn: 22, tables: 1 }]);
  expect(metric).toMatchObject({ Bucket: 'b', Source: 'shop', BackupSuccess: 1, BackupSize: expect.any(Number) });
  expect(engine.closed).toBe(true);
});

test('a second delivery of a scheduled time does nothing, and measures nothing', async () => {
  s3.put(`shop/${ID}/manifest.json`, '{}');
  const { error, log, metric } = await run({ scheduledTime: SCHEDULED });
  expect([error, metric]).toEqual([undefined, undefined]);
  expect(log.of('already-complete')).toHaveLength(1);
  expect(keysLeft()).toEqual([`shop/${ID}/manifest.json`]);
});

test('seconds whose keys a failed run left behind are not used again', async () => {
  for (const second of ['00', '01']) s3.put(`shop/2026-11-20T02-00-${second}Z/old.zst`, 'left');
  s3.put('shop/2026-11-20T02-01-00Z/manifest.json', '{}');
  await run({ scheduledTime: SCHEDULED });
  expect(keysLeft()).toContain('shop/2026-11-20T02-00-02Z/manifest.json');
});

test('a run by hand makes a backup although there is one of the same minute', async () => {
  await run({ trigger: 'on-demand' });
  await run({ trigger: 'on-demand' });
  expect(keysLeft().filter((key) => key.endsWith('/manifest.json'))).toHaveLength(2);
});

test('uploads that a killed run left are aborted, those of other sources are not', async () => {
  for (const source of ['shop', 'shop-archive']) s3.startUpload(`${source}/${ID}/a.zst`);
  const { log } = await run();
  expect(log.of('abandoned-upload')).toHaveLength(1);
  expect(s3.unfinishedUploads).toEqual([`shop-archive/${ID}/a.zst`]);
});

test('a run that may not look for such uploads says so, and goes on', async () => {
  s3.rule = ({ operation }) => (operation === 'ListMultipartUploads' ? REFUSED : undefined);
  const { error, log } = await run();
  expect([error, log.of('abandoned-uploads-unknown').length]).toEqual([undefined, 1]);
});

const lock = (state: string) =>
  JSON.stringify({ state, holder: 'another', task: 'f00', since: 'noon', leaseSeconds: 300 });

test('while another run holds the lock there is no run, and no metric', async () => {
  s3.put('shop/lock.json', lock('held'));
  const { error, metric } = await run();
  expect(error).toMatchObject({ exit: 'alreadyRunning', reason: { kind: 'already-running', object: 'f00' } });
  expect([metric, s3.keys]).toEqual([undefined, ['shop/lock.json']]);
});

describe('a run before a deployment waits for another one', () => {
  const waiting = { trigger: 'before-deployment' } as const;
  // It looks every tenth of that.
  const job = { lockLeaseSeconds: 3 };

  test('and makes its backup after it', async () => {
    s3.put('shop/lock.json', lock('held'));
    let looks = 0;
    s3.rule = ({ operation, key }) => {
      if (operation === 'GetObject' && key === 'shop/lock.json' && ++looks === 3) s3.put(key, lock('released'));
      return undefined;
    };
    const { error, log } = await run(waiting, job);
    expect(error).toBeUndefined();
    const message = 'another run of shop is under way: this one begins when it has ended';
    expect(log.of('waiting')).toMatchObject([{ level: 'info', message }]);
    const key = keysLeft().find((name) => name.endsWith('/manifest.json'))!;
    expect(parseManifest(s3.get(key).toString(), key).trigger).toBe('before-deployment');
  });

  test('until its own timeout', async () => {
    s3.put('shop/lock.json', lock('held'));
    const { error } = await run(waiting, { ...job, timeoutSeconds: 0.3 });
    expect(error).toMatchObject({ exit: 'timedOut', reason: { kind: 'timed-out' } });
    expect(s3.keys).toEqual(['shop/lock.json']);
  });
});

test.each([
  ['released', lock('released'), new Date()],
  ['whose lease is over', lock('held'), new Date(Date.now() - 400_000)],
])('a lock %s is taken over', async (_, content, modified) => {
  s3.put('shop/lock.json', content, modified);
  expect((await run()).error).toBeUndefined();
  expect(keysLeft()).toHaveLength(2);
});

async function* endless(): AsyncIterable<Buffer> {
  for (;;) {
    yield* randomChunks(1);
    await sleep(20);
  }
}

/** Longer than a busy machine needs until the lock is taken. */
const SHORT = { timeoutSeconds: 2 };
const stopInUpload = (stop: AbortController): void => {
  s3.rule = ({ operation }) => {
    if (operation === 'UploadPart') stop.abort(BROKEN);
    return undefined;
  };
};

test.each<[string, (stop: AbortController) => void, Partial<DumpJob>, object]>([
  ['takes too long', () => undefined, SHORT, { exit: 'timedOut', reason: { kind: 'timed-out' } }],
  ['is stopped', stopInUpload, {}, { exit: 'connection' }],
])('a run that %s leaves nothing, and fails with that reason', async (_, act, job, failure) => {
  next = () => new MemoryDump(() => [memoryStream('a.zst', endless())]);
  const stop = new AbortController();
  act(stop);
  const { error, metric } = await run({}, job, stop);
  expect(error).toMatchObject(failure);
  expect(metric).toMatchObject({ BackupSuccess: 0 });
  expect(metric).not.toHaveProperty('BackupSize');
  expect([keysLeft(), engine.closed]).toEqual([[], true]);
});

test('a server that stops answering does not outlast the timeout', async () => {
  const silent = new Promise<never>(() => undefined);
  next = () =>
    new MemoryDump(async function* (): AsyncIterable<DumpStream> {
      yield await silent;
    });
  const { error } = await run({}, SHORT);
  expect(error).toMatchObject({ exit: 'timedOut' });
  expect([keysLeft(), engine.closed]).toEqual([[], true]);
});

test('an engine that fails before its first byte is closed, and the lock is free', async () => {
  next = () => new MemoryDump(() => [], BROKEN);
  const { error, metric } = await run();
  expect([error, metric]).toEqual([BROKEN, expect.objectContaining({ BackupSuccess: 0 })]);
  expect([keysLeft(), engine.closed]).toEqual([[], true]);
});

describe('a failure that passes', () => {
  const CHANGED = new BackupError('dumpFailed', 'a table changed', { kind: 'table-changed' }, { passing: true });
  /** The first `failures` attempts store one object, and then fail. */
  const failing = (failures: number, error = CHANGED) => {
    let attempt = 0;
    next = () => {
      const fails = attempt++ < failures ? error : undefined;
      return new MemoryDump(() => [
        memoryStream('a.zst', [Buffer.from('hello')]),
        memoryStream('b.zst', [Buffer.from('world')], { fails }),
      ]);
    };
  };

  test('Mx01 is tried once more by the same run, by the next free second, and told once', async () => {
    failing(1);
    const { error, log, metric } = await run({ scheduledTime: SCHEDULED });
    expect(error).toBeUndefined();
    expect(log.of('retry')).toMatchObject([
      { level: 'warn', message: 'the backup is tried once more: a table changed' },
    ]);
    const again = '2026-11-20T02-00-01Z';
    expect(keysLeft()).toEqual([
      `shop/${ID}/a.zst`,
      ...['a.zst', 'b.zst', 'manifest.json'].map((file) => `shop/${again}/${file}`),
    ]);
    expect(log.of('complete')).toMatchObject([{ backupId: again, bytesIn: 10 }]);
    expect(metric).toMatchObject({ BackupSuccess: 1 });
  });

  test('Mx01 fails the run when it comes again', async () => {
    failing(2);
    const { error, log, metric } = await run({ scheduledTime: SCHEDULED });
    expect([error, log.of('retry').length]).toEqual([CHANGED, 1]);
    expect(metric).toMatchObject({ BackupSuccess: 0 });
    expect(keysLeft()).toHaveLength(2);
    expect(engine.closed).toBe(true);
  });

  test('Mx01 is no reason to outlast the timeout', async () => {
    next = () => {
      next = () => new MemoryDump(() => [memoryStream('a.zst', endless())]);
      return new MemoryDump(() => [], CHANGED);
    };
    const { error } = await run({}, SHORT);
    expect(error).toMatchObject({ exit: 'timedOut' });
    expect(keysLeft()).toEqual([]);
  });

  test('Mx01 is not tried again by a run that was stopped', async () => {
    const stop = new AbortController();
    next = () =>
      new MemoryDump(() => {
        stop.abort(BROKEN);
        throw CHANGED;
      });
    const { error, log } = await run({}, {}, stop);
    expect([error, log.of('retry')]).toEqual([BROKEN, []]);
  });

  test('Mx01 a lasting failure is not tried again', async () => {
    failing(1, BROKEN);
    const { error, log } = await run();
    expect([error, log.of('retry')]).toEqual([BROKEN, []]);
  });
});

test('a failure that nobody foresaw is a defect of the program, with its words', async () => {
  next = () => new MemoryDump(() => [], new TypeError('x is not a function'));
  const { error } = await run();
  expect(error).toMatchObject({
    ...{ exitCode: 1, message: 'unexpected failure: x is not a function' },
    reason: { kind: 'fault-of-the-program', said: 'x is not a function' },
  });
});

test('without a manifest there is no backup', async () => {
  s3.rule = ({ key }) => (key.endsWith('/manifest.json') ? REFUSED : undefined);
  const { error } = await run({ scheduledTime: SCHEDULED });
  expect(error).toMatchObject({ exit: 'uploadFailed', reason: { kind: 's3-refused' } });
  expect(keysLeft()).toEqual([`shop/${ID}/a.zst`]);
});

test('a scratch directory that cannot be written to is named', async () => {
  const { error } = await run({}, { scratchDirectory: '/proc/nowhere' });
  expect(error).toMatchObject({
    ...{ exit: 'configuration', reason: { kind: 'scratch-not-writable', object: '/proc/nowhere' } },
    message: expect.stringMatching(/^could not write to the scratch directory \/proc\/nowhere: ENOENT/),
  });
});
