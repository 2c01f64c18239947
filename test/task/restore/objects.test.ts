import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import type { DataObject } from '../../../catalog/bucket/manifest';
import { createS3Client } from '../../../task/io/s3';
import { ReadMeter } from '../../../task/restore/meter';
import { StoredObjects } from '../../../task/restore/objects';
import { BackupError } from '../../../task/run/errors';
import { CapturedLog } from '../../support/captured-log';
import { temporaryDirectory } from '../../support/processes';
import { SmallS3, type SmallS3Request } from '../../support/small-s3';

/** More than a busy machine pauses for. */
// Longer than a busy machine is silent.
const IDLE_SECONDS = 3;
const KEY = 'shop/2026-11-20T02-00-00Z/shop.sql.zst';
const MIB = 1024 * 1024;

let s3: SmallS3;
const scratch = temporaryDirectory('objects');
const stop = new AbortController();
const meter = new ReadMeter(new CapturedLog().log);
beforeAll(async () => {
  s3 = await SmallS3.start();
  Object.assign(process.env, s3.environment);
});
beforeEach(() => {
  s3.clear();
  s3.rule = () => undefined;
});
afterAll(async () => {
  meter.stop();
  await s3.stop();
  fs.rmSync(scratch, { recursive: true });
});

/** Stores bytes, and describes them as the manifest would. */
function stored(content: Buffer, bytes: Buffer = zstdCompressSync(content)): DataObject {
  s3.put(KEY, bytes);
  return {
    ...{ key: KEY, kind: 'dump', format: 'sql', compression: 'zstd', bytes: bytes.length, crc32: '' },
    ...{ sha256: createHash('sha256').update(bytes).digest('hex'), databases: ['shop'] },
    uncompressedBytes: content.length,
  };
}

function objects({ stream = false, signal = stop.signal } = {}): StoredObjects {
  const client = createS3Client(IDLE_SECONDS);
  return new StoredObjects({
    s3: client,
    job: { bucket: 'b' },
    request: { stream },
    scratch,
    signal,
    meter,
    firstPauseMs: 10,
  });
}

/** What a reader gets before the stream breaks, and why it breaks. */
async function broken(object: DataObject, of = objects()): Promise<{ got: number; error: BackupError }> {
  let got = 0;
  try {
    for await (const chunk of of.open(object)) got += (chunk as Buffer).length;
  } catch (error) {
    return { got, error: error as BackupError };
  }
  throw new Error('the stream ended well');
}

const reads = () => s3.requests.filter(({ operation }) => operation === 'GetObject');
const onRead = (when: (read: number, request: SmallS3Request) => ReturnType<SmallS3['rule']>) => {
  let read = 0;
  s3.rule = (request) => (request.operation === 'GetObject' ? when(++read, request) : undefined);
};
const RANDOM = randomBytes(3 * MIB);

describe('an object that is as its manifest says', () => {
  test.each<[string, Buffer, Buffer | undefined]>([
    ['of one frame', RANDOM, undefined],
    ['that is small', Buffer.from('hello'), undefined],
    ['that is empty', Buffer.alloc(0), undefined],
    ['that compresses well', Buffer.alloc(20 * MIB, 'abc'), undefined],
    [
      'of several frames',
      RANDOM,
      Buffer.concat([0, 1, 2].map((i) => zstdCompressSync(RANDOM.subarray(i * MIB, (i + 1) * MIB)))),
    ],
    [
      'of many small frames, one of them without content',
      Buffer.from('abcabcabc'),
      Buffer.concat(['abc', '', 'abc', 'abc'].map((text) => zstdCompressSync(Buffer.from(text)))),
    ],
  ])('%s is read', async (_, content, bytes) => {
    const object = stored(content, bytes);
    const of = objects();
    await of.requireAll([object]);
    expect((await buffer(of.open(object))).equals(content)).toBe(true);
    await of.verify(object);
    expect(fs.readFileSync(await of.spool(object)).equals(content)).toBe(true);
  });

  test('is not verified before it is streamed, if the request says so', async () => {
    await objects({ stream: true }).verify(stored(RANDOM));
    expect(reads()).toEqual([]);
  });

  test('is read on where its connection is cut, as long as it is the same', async () => {
    const object = stored(RANDOM);
    onRead((read) => (read <= 3 ? { cutAfterBytes: 500_000 } : undefined));
    expect((await buffer(objects().open(object))).equals(RANDOM)).toBe(true);
    expect(reads().map(({ from }) => from)).toEqual([undefined, 500_000, 1_000_000, 1_500_000]);
  });

  test('is read on where its connection falls silent, and where S3 fails for a while', async () => {
    const object = stored(RANDOM);
    onRead((read) => [{ silentAfterBytes: 500_000 }, { status: 503, code: 'SlowDown' }][read - 1]);
    expect((await buffer(objects().open(object))).equals(RANDOM)).toBe(true);
  });

  test('is read on although its reader is busy for longer than a connection may be idle', async () => {
    const object = stored(randomBytes(12 * MIB));
    let bytes = 0;
    for await (const chunk of objects().open(object)) {
      if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 2000));
      bytes += (chunk as Buffer).length;
    }
    expect(bytes).toBe(12 * MIB);
  });
});

describe('an object that is not', () => {
  const changed = (fault: string) => `${KEY} is not what its manifest says: it ${fault}: restore another backup`;
  const flipped = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    copy[at]! ^= 1;
    return copy;
  };

  test.each<[string, (object: DataObject) => DataObject | void, RegExp | string]>([
    [
      'has another hash',
      (object) => ({ ...object, sha256: '0'.repeat(64) }),
      /must have the SHA-256 0{64}, got: \w{64}/,
    ],
    ['is shorter', (object) => ({ ...object, bytes: object.bytes + 1 }), /must have (\d+) bytes, got: \d+/],
    ['is longer', (object) => ({ ...object, bytes: object.bytes - 1 }), /must have (\d+) bytes, got: more/],
    [
      'has a flipped bit',
      ({ key }) => s3.put(key, flipped(s3.get(key), 2_000_000)),
      /must have the SHA-256|could not be decompressed/,
    ],
    ['is no zstd', (object) => ({ ...object, ...stored(RANDOM, Buffer.from('no zstd')) }), 'could not be decompressed'],
    [
      'is less after decompression',
      (object) => ({ ...object, uncompressedBytes: 3 * MIB + 1 }),
      `must have ${3 * MIB + 1} bytes after decompression, got: ${3 * MIB}`,
    ],
  ])('%s: the last bytes are held back', async (_, change, fault) => {
    const object = stored(RANDOM);
    const { got, error } = await broken(change(object) ?? object);
    expect(error).toMatchObject({ exit: 'downloadFailed', reason: { kind: 'object-changed', object: KEY } });
    expect(error.message).toMatch(fault);
    expect(error.message).toMatch(changed('').slice(0, KEY.length));
    expect(got).toBeLessThanOrEqual(3 * MIB - 256 * 1024);
  });

  test('is a bomb: it is read no further than what the manifest says', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(400 * MIB));
    const object = { ...stored(Buffer.alloc(MIB), bomb), uncompressedBytes: MIB };
    const { got, error } = await broken(object);
    expect(error.message).toBe(changed(`must have ${MIB} bytes after decompression, got: more than ${MIB}`));
    expect(got).toBeLessThan(MIB);
  });

  test('is cut in its last frame, and has lost its last one', async () => {
    const frames = ['abc', 'def'].map((text) => zstdCompressSync(Buffer.from(text)));
    const whole = Buffer.concat(frames);
    for (const bytes of [whole.subarray(0, -1), frames[0]!]) {
      const { got, error } = await broken({ ...stored(Buffer.from('abcdef'), bytes), uncompressedBytes: 6 });
      expect([got, error.reason.kind]).toEqual([0, 'object-changed']);
    }
  });

  test('is compressed by something newer', async () => {
    const object = { ...stored(RANDOM), compression: 'zstd2' };
    await expect(objects().requireAll([object])).rejects.toMatchObject({
      ...{ exit: 'configuration', reason: { kind: 'version-mismatch', object: 'zstd2' } },
      message: `${KEY} is compressed by zstd2, which this version cannot read: update cdk-proven-backups`,
    });
    expect((await broken(object)).error.exit).toBe('configuration');
  });

  test('is of another size: that is known before anything is read', async () => {
    const object = stored(RANDOM);
    await expect(objects().requireAll([{ ...object, bytes: 7 }])).rejects.toThrow(
      `must have 7 bytes, got: ${object.bytes}`,
    );
    expect(reads()).toMatchObject([{ from: 0, to: 0 }]);
  });

  test('was replaced after it was looked at', async () => {
    const object = stored(RANDOM);
    const of = objects();
    await of.requireAll([object]);
    s3.put(KEY, s3.get(KEY));
    expect((await broken(object, of)).error).toMatchObject({
      ...{ exit: 'downloadFailed', reason: { kind: 'object-changed', object: KEY } },
      message: `${KEY} was replaced while it was read: restore another backup`,
    });
  });

  test('was replaced while it was read', async () => {
    const object = stored(RANDOM);
    onRead((read) => {
      if (read === 1) return { cutAfterBytes: 500_000 };
      s3.put(KEY, s3.get(KEY));
      return undefined;
    });
    expect((await broken(object)).error.message).toContain('was replaced while it was read');
  });
});

describe('an object that cannot be read', () => {
  const KEY_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-111122223333';
  test.each<[number, string, string | undefined, string, string]>([
    [
      404,
      'NoSuchKey',
      undefined,
      'object-missing',
      `${KEY} is missing in bucket b: the backup is damaged; restore another one`,
    ],
    [
      ...([403, 'InvalidObjectState', undefined, 'object-archived'] as const),
      `${KEY} is in an archive, from which it must be retrieved first, which takes hours: proven-backups restore offers that, see docs/storage-tiers.md#retrieving`,
    ],
    [
      400,
      'KMS.DisabledException',
      `${KEY_ARN} is disabled.`,
      'key-unusable',
      "check the state of the bucket's KMS key: enable it again",
    ],
    [
      403,
      'AccessDenied',
      `not authorized to perform: kms:Decrypt on ${KEY_ARN}`,
      'key-denied',
      'decrypt by the KMS key, and that no',
    ],
    [
      403,
      'AccessDenied',
      undefined,
      'read-denied',
      'it is not there, which S3 says in this way to a role that may not list',
    ],
    [404, 'NoSuchBucket', undefined, 'bucket-missing', 'check that the bucket exists'],
    [500, 'InternalError', undefined, 's3-failed', 'S3 did not recover within five tries: run the same command again'],
  ])('%i %s %s is told', async (status, code, message, kind, sentence) => {
    const object = stored(RANDOM);
    s3.rule = () => ({ status, code, ...(message === undefined ? {} : { message }) });
    for (const error of [
      (await broken(object)).error,
      await objects()
        .requireAll([object])
        .catch((one: unknown) => one),
    ]) {
      expect(error).toMatchObject({ exit: 'downloadFailed', reason: { kind } });
      expect((error as Error).message).toContain(sentence);
    }
  });

  test('whose connection breaks without a byte, again and again', async () => {
    const object = stored(RANDOM);
    onRead((read) => (read > 1 ? { cutAfterBytes: 0 } : { cutAfterBytes: 1000 }));
    const { error } = await broken(object);
    expect(error).toMatchObject({ exit: 'downloadFailed', reason: { kind: 's3-not-reached' } });
    expect(reads()).toHaveLength(6);
  });
});

test('a restore that is stopped gives its own reason', async () => {
  const controller = new AbortController();
  const object = stored(RANDOM);
  onRead(() => ({ silentAfterBytes: 1_000_000 }));
  const reading = broken(object, objects({ signal: controller.signal }));
  const reason = new BackupError('timedOut', 'too long', { kind: 'timed-out' });
  setTimeout(() => controller.abort(reason), 100);
  expect((await reading).error).toBe(reason);
});

test('a reader that goes away ends the request', async () => {
  const object = stored(RANDOM);
  onRead(() => ({ silentAfterBytes: 1_000_000 }));
  const stream = objects().open(object);
  for await (const chunk of stream) {
    void chunk;
    break;
  }
  expect(stream.destroyed).toBe(true);
});

test('an object that has no room is not spooled', async () => {
  const object = { ...stored(RANDOM), uncompressedBytes: 2 ** 50 };
  await expect(objects().spool(object)).rejects.toMatchObject({
    ...{ exit: 'configuration', reason: { kind: 'scratch-full', object: scratch } },
    message: expect.stringMatching(/must have 1\.0 PiB free for shop\.sql\.zst, got: .* raise ephemeralStorageGiB/),
  });
});
