import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import type { DumpStream } from '../../../engines/engine';
import { storeStream, storeStreams } from '../../../task/dump/pipeline';
import { Meter } from '../../../task/io/meter';
import { PartMemory } from '../../../task/io/part-memory';
import { createS3Client } from '../../../task/io/s3';
import { BackupError } from '../../../task/run/errors';
import { CapturedLog } from '../../support/captured-log';
import { memoryStream, randomChunks } from '../../support/memory-engine';
import { SmallS3 } from '../../support/small-s3';

const MIB = 1024 ** 2;
const REFUSED = { status: 403, code: 'AccessDenied' };
const WITH_ITS_REASON = new BackupError('dumpFailed', 'the tool says why', { kind: 'tool-failed' });

let s3: SmallS3;
let client: ReturnType<typeof createS3Client>;
let meter: Meter;
let memory: PartMemory;
beforeAll(async () => {
  s3 = await SmallS3.start();
  Object.assign(process.env, s3.environment);
  client = createS3Client();
});
beforeEach(async () => {
  s3.rule = () => undefined;
  s3.clear();
  meter = new Meter(new CapturedLog().log);
  memory = new PartMemory();
});
afterEach(() => meter.stop());
afterAll(async () => {
  client.destroy();
  await s3.stop();
});

const store = (stream: DumpStream, signal = new AbortController().signal) =>
  storeStream(
    stream,
    { bucket: 'b', key: `shop/id/${stream.file}`, keyArn: 'k' },
    { s3: client, log: new CapturedLog().log, meter, memory, compressionLevel: 1, signal },
  );

/** Nothing that could pass for an object, and nothing that S3 bills. */
function expectNothingLeft(): void {
  expect([s3.keys, s3.unfinishedUploads]).toEqual([[], []]);
}

test.each([
  ['empty', 0],
  ['small', 1],
  ['of several parts', 20],
])('a stream that is %s is stored as it was', async (_, megabytes) => {
  const content = randomBytes(megabytes * MIB);
  const object = await store(memoryStream('a.zst', [content]));
  const stored = s3.get('shop/id/a.zst');
  expect(zstdDecompressSync(stored).equals(content)).toBe(true);
  expect(object).toMatchObject({
    ...{ key: 'shop/id/a.zst', kind: 'dump', format: 'sql', compression: 'zstd', databases: ['shop'] },
    ...{ bytes: stored.length, uncompressedBytes: content.length },
    sha256: createHash('sha256').update(stored).digest('hex'),
  });
  expect([meter.bytesIn, meter.bytesOut]).toEqual([content.length, stored.length]);
  expect(s3.unfinishedUploads).toEqual([]);
});

test('a tool that fails after its last byte leaves nothing', async () => {
  const stream = memoryStream('a.zst', randomChunks(10), { fails: WITH_ITS_REASON });
  await expect(store(stream)).rejects.toBe(WITH_ITS_REASON);
  expectNothingLeft();
});

test('a tool whose output breaks off says why: the broken pipe is only the consequence', async () => {
  async function* broken(): AsyncIterable<Buffer> {
    yield* randomChunks(10);
    throw new Error('EPIPE');
  }
  await expect(store(memoryStream('a.zst', broken(), { fails: WITH_ITS_REASON }))).rejects.toBe(WITH_ITS_REASON);
  await expect(store(memoryStream('a.zst', broken()))).rejects.toMatchObject({
    ...{ exit: 'dumpFailed', message: 'the dump broke off: EPIPE' },
    reason: { kind: 'dump-incomplete', said: 'EPIPE' },
  });
  expectNothingLeft();
});

test('an upload that S3 refuses stops the tool', async () => {
  s3.rule = ({ operation }) => (operation === 'UploadPart' ? REFUSED : undefined);
  const stream = memoryStream('a.zst', randomChunks(100));
  await expect(store(stream)).rejects.toMatchObject({ exit: 'uploadFailed', reason: { kind: 's3-refused' } });
  expect(stream.stops).toBe(1);
  expectNothingLeft();
});

test('an upload that cannot even be aborted is told, and the first cause stays', async () => {
  s3.rule = ({ operation }) => (/UploadPart|Abort/.test(operation) ? REFUSED : undefined);
  const captured = new CapturedLog();
  const target = { bucket: 'b', key: 'shop/id/a.zst', keyArn: 'k' };
  const context = { s3: client, log: captured.log, meter, memory, compressionLevel: 1 };
  const { signal } = new AbortController();
  await expect(storeStream(memoryStream('a.zst', randomChunks(20)), target, { ...context, signal })).rejects.toThrow(
    /^could not upload part 1 of/,
  );
  expect(captured.of('upload-not-aborted')).toMatchObject([{ level: 'warn' }]);
});

test('a run that is stopped ends with the reason of the stop', async () => {
  const stop = new AbortController();
  async function* endless(): AsyncIterable<Buffer> {
    for (;;) {
      yield* randomChunks(1);
      if (s3.requests.some(({ operation }) => operation === 'UploadPart')) stop.abort(WITH_ITS_REASON);
    }
  }
  const stream = memoryStream('a.zst', endless());
  await expect(store(stream, stop.signal)).rejects.toBe(WITH_ITS_REASON);
  expect(stream.stops).toBe(1);
  expectNothingLeft();
});

describe('three streams at once', () => {
  const { signal } = new AbortController();
  const names = ['a.zst', 'b.zst', 'c.zst'];
  async function* streams(all: readonly DumpStream[]): AsyncIterable<DumpStream> {
    for (const stream of all) yield await Promise.resolve(stream);
  }

  test('hold no more memory together than stated, and all arrive', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
    const sent = () => s3.requests.filter(({ operation }) => operation === 'UploadPart').length;
    s3.rule = ({ operation }) => (operation === 'UploadPart' ? held : undefined);
    const storing = storeStreams(streams(names.map((name) => memoryStream(name, randomChunks(28)))), 3, signal, store);
    // 16 MiB, and a part of 8 MiB for each stream: five parts, all of them under way.
    while (sent() < 5) await sleep(5);
    await sleep(200);
    expect([sent(), memory.peak]).toEqual([5, 40 * MIB]);
    expect(memory.bound).toBe(40 * MIB);
    release();
    const objects = await storing;
    expect(objects.map(({ key }) => key)).toEqual(names.map((name) => `shop/id/${name}`));
    expect(memory.peak).toBe(40 * MIB);
    for (const { key, uncompressedBytes } of objects)
      expect([zstdDecompressSync(s3.get(key)).length, uncompressedBytes]).toEqual([28 * MIB, 28 * MIB]);
  });

  test('end together with the first failure, and leave nothing', async () => {
    s3.rule = ({ operation, key }) => (operation === 'UploadPart' && key.endsWith('b.zst') ? REFUSED : undefined);
    const all = [...names, 'd.zst'].map((name) => memoryStream(name, randomChunks(200)));
    await expect(storeStreams(streams(all), 3, signal, store)).rejects.toMatchObject({
      ...{ exit: 'uploadFailed', message: expect.stringMatching(/^could not upload part 1 of shop\/id\/b\.zst/) },
    });
    expect(all.map(({ stops }) => stops)).toEqual([1, 1, 1, 0]);
    expectNothingLeft();
  });

  test('a stream that opens after the failure is closed again', async () => {
    const late = memoryStream('late.zst', randomChunks(1));
    const failing = memoryStream('a.zst', [], { fails: WITH_ITS_REASON });
    async function* opening(): AsyncIterable<DumpStream> {
      yield failing;
      await sleep(100);
      yield late;
    }
    await expect(storeStreams(opening(), 2, signal, store)).rejects.toBe(WITH_ITS_REASON);
    while (late.stops === 0) await sleep(5);
    expect(late.stops).toBe(1);
    expectNothingLeft();
  });
});

test('one at a time, the next stream opens only when the one before is stored', async () => {
  const opened: string[] = [];
  async function* streams(): AsyncIterable<DumpStream> {
    for (const name of ['a.zst', 'b.zst']) {
      opened.push(`${name} after ${s3.keys.length} objects`);
      yield await Promise.resolve(memoryStream(name, randomChunks(9)));
    }
  }
  await storeStreams(streams(), 1, new AbortController().signal, store);
  expect(opened).toEqual(['a.zst after 0 objects', 'b.zst after 1 objects']);
  expect(memory.peak).toBeLessThanOrEqual(24 * MIB);
});
