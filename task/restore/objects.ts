import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import type { DataObject } from '../../catalog/bucket/manifest';
import { fileName } from '../../catalog/bucket/names';
import type { RestoreJob, RestoreRequest } from '../../catalog/contract/task';
import { formatBytes } from '../../catalog/units';
import type { BackupObjects } from '../../engines/engine';
import { decompress } from '../io/decompress';
import { readObject, sizeOf } from '../io/read';
import { BackupError, errorText } from '../run/errors';
import type { ReadMeter } from './meter';

/** Decompressed bytes that are held back until the whole object was found right: the end of a dump, or all of a small one. */
const HELD_BYTES = 256 * 1024;
/** Decompressed bytes on their way to a reader. */
const AHEAD_BYTES = 1024 * 1024;
/** Objects that are looked at at once. */
const LOOKS = 8;

/** Where the objects are, and who follows them. */
export interface ObjectSource {
  readonly s3: S3Client;
  readonly job: Pick<RestoreJob, 'bucket'>;
  readonly request: Pick<RestoreRequest, 'stream'>;
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly meter: ReadMeter;
  /** Before a connection that broke is taken up again; half a second when left out. */
  readonly firstPauseMs?: number;
}

/** The objects of a backup in S3. */
export class StoredObjects implements BackupObjects {
  private readonly etags = new Map<string, string>();

  constructor(private readonly source: ObjectSource) {}

  /**
   * Asks for the first byte of each object: a restore must not begin that cannot end.
   *
   * @throws BackupError `downloadFailed`
   */
  async requireAll(objects: readonly DataObject[]): Promise<void> {
    const { s3, job, signal } = this.source;
    const left = [...objects];
    const look = async () => {
      for (let object = left.shift(); object; object = left.shift()) {
        requireZstd(object);
        const bytes = await sizeOf(s3, { ...object, bucket: job.bucket }, this.etags, signal);
        if (bytes !== undefined && bytes !== object.bytes) throw wrongSize(object, bytes);
      }
    };
    await Promise.all(Array.from({ length: LOOKS }, look));
  }

  open(object: DataObject): Readable {
    return this.read(object, 'loading');
  }

  async verify(object: DataObject): Promise<void> {
    if (this.source.request.stream) return;
    for await (const chunk of this.read(object, 'verifying')) void chunk;
  }

  async spool(object: DataObject): Promise<string> {
    const { scratch, signal } = this.source;
    await requireSpace(scratch, object);
    const file = join(scratch, fileName(object.key).replace(/\.zst$/, ''));
    await pipeline(this.read(object, 'verifying'), createWriteStream(file, { mode: 0o600 }), { signal }).catch(
      (error: NodeJS.ErrnoException) => {
        signal.throwIfAborted();
        throw error.code === 'ENOSPC' ? noSpace(scratch, object, 'none') : error;
      },
    );
    return file;
  }

  private read(object: DataObject, phase: 'verifying' | 'loading'): Readable {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.source.signal, stop.signal]);
    const bytes = Readable.from(this.checked(object, phase, signal), { objectMode: false, highWaterMark: AHEAD_BYTES });
    // A reader that goes away must not leave a request behind.
    return bytes.once('close', () => stop.abort());
  }

  /** The decompressed bytes, the last of them only when all was found right. */
  private async *checked(
    object: DataObject,
    phase: 'verifying' | 'loading',
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    requireZstd(object);
    const held: Buffer[] = [];
    let heldBytes = 0;
    let bytes = 0;
    try {
      for await (const chunk of decompress(this.stored(object, phase, signal))) {
        bytes += chunk.length;
        if (bytes > object.uncompressedBytes) throw wrongLength(object, `more than ${object.uncompressedBytes}`);
        held.push(chunk);
        heldBytes += chunk.length;
        while (heldBytes - held[0]!.length >= HELD_BYTES) {
          const ready = held.shift()!;
          heldBytes -= ready.length;
          yield ready;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof BackupError ? error : changed(object, `could not be decompressed: ${errorText(error)}`);
    }
    if (bytes !== object.uncompressedBytes) throw wrongLength(object, String(bytes));
    yield* held;
  }

  /** The stored bytes. Ends only if they are as the manifest says. */
  private async *stored(
    object: DataObject,
    phase: 'verifying' | 'loading',
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    const { s3, job, meter, firstPauseMs } = this.source;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of readObject(s3, { ...object, bucket: job.bucket }, this.etags, signal, firstPauseMs)) {
      hash.update(chunk);
      bytes += chunk.length;
      meter.add(phase, chunk.length);
      if (bytes > object.bytes) throw wrongSize(object, `more`);
      yield chunk;
    }
    if (bytes !== object.bytes) throw wrongSize(object, bytes);
    const sha256 = hash.digest('hex');
    if (sha256 !== object.sha256) throw changed(object, `must have the SHA-256 ${object.sha256}, got: ${sha256}`);
  }
}

async function requireSpace(directory: string, object: DataObject): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < object.uncompressedBytes) throw noSpace(directory, object, formatBytes(bavail * bsize));
}

const noSpace = (directory: string, { key, uncompressedBytes }: DataObject, free: string): BackupError =>
  new BackupError(
    'configuration',
    `${directory} must have ${formatBytes(uncompressedBytes)} free for ${fileName(key)}, got: ${free}: raise ephemeralStorageGiB of the restore, or restore with one job, which needs no room`,
    { kind: 'scratch-full', object: directory },
  );

const changed = ({ key }: DataObject, fault: string): BackupError =>
  new BackupError('downloadFailed', `${key} is not what its manifest says: it ${fault}: restore another backup`, {
    kind: 'object-changed',
    object: key,
  });

const wrongSize = (object: DataObject, bytes: number | string): BackupError =>
  changed(object, `must have ${object.bytes} bytes, got: ${bytes}`);

const wrongLength = (object: DataObject, bytes: string): BackupError =>
  changed(object, `must have ${object.uncompressedBytes} bytes after decompression, got: ${bytes}`);

function requireZstd({ key, compression }: DataObject): void {
  if (compression === 'zstd') return;
  throw new BackupError(
    'configuration',
    `${key} is compressed by ${compression}, which this version cannot read: update cdk-proven-backups`,
    { kind: 'version-mismatch', object: compression },
  );
}
