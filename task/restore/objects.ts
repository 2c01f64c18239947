import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { DataObject } from '../../catalog/bucket/manifest';
import { fileName } from '../../catalog/bucket/names';
import type { RestoreJob, RestoreRequest } from '../../catalog/contract/task';
import type { BackupObjects } from '../../engines/engine';
import { uploadError } from '../io/s3';
import { BackupError, errorText } from '../run/errors';
import type { ReadMeter } from './meter';

/** Where the objects are, and who follows them. */
export interface ObjectSource {
  readonly s3: S3Client;
  readonly job: RestoreJob;
  readonly request: RestoreRequest;
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly meter: ReadMeter;
}

/** A failure to read from S3, as a sentence that says what to do. */
export function readError(action: string, error: unknown): BackupError {
  if (error instanceof BackupError) return error;
  const { message, reason } = uploadError(action, error);
  return new BackupError('downloadFailed', message, reason, { cause: error });
}

/** The objects of a backup in S3. */
export class StoredObjects implements BackupObjects {
  constructor(private readonly source: ObjectSource) {}

  open(object: DataObject): Readable {
    const output = new PassThrough({ highWaterMark: 1024 * 1024 });
    pipeline(Readable.from(this.decompressed(object)), output).catch((error: Error) => output.destroy(error));
    return output;
  }

  async verify(object: DataObject, see?: (chunk: Buffer) => void): Promise<void> {
    if (this.source.request.stream && !see) return;
    for await (const chunk of this.open(object)) see?.(chunk as Buffer);
  }

  async spool(object: DataObject): Promise<string> {
    const file = join(this.source.scratch, fileName(object.key).replace(/\.zst$/, ''));
    await pipeline(this.open(object), createWriteStream(file, { mode: 0o600 }), { signal: this.source.signal });
    return file;
  }

  /** The decompressed bytes; the last chunk comes only when all was found right. */
  private async *decompressed(object: DataObject): AsyncIterable<Buffer> {
    const zstd = createZstdDecompress({ chunkSize: 256 * 1024, params: { [constants.ZSTD_d_windowLogMax]: 27 } });
    const feeding = pipeline(Readable.from(this.stored(object)), zstd);
    feeding.catch(() => undefined);
    let bytes = 0;
    let held: Buffer | undefined;
    try {
      for await (const chunk of zstd as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (held) yield held;
        held = chunk;
      }
      await feeding;
    } catch (error) {
      await feeding.catch((cause: unknown) => {
        if (cause instanceof BackupError) throw cause;
      });
      throw changed(object, `could not be decompressed: ${errorText(error)}`);
    }
    if (bytes !== object.uncompressedBytes)
      throw changed(object, `must have ${object.uncompressedBytes} bytes after decompression, got: ${bytes}`);
    if (held) yield held;
  }

  /** The stored bytes. Ends only if they are as the manifest says. */
  private async *stored(object: DataObject): AsyncIterable<Buffer> {
    const { s3, job, signal, meter } = this.source;
    const hash = createHash('sha256');
    let bytes = 0;
    const doing = `read ${object.key} in bucket ${job.bucket}`;
    try {
      const command = new GetObjectCommand({ Bucket: job.bucket, Key: object.key });
      const { Body } = await s3.send(command, { abortSignal: signal });
      for await (const chunk of Body as AsyncIterable<Buffer>) {
        hash.update(chunk);
        bytes += chunk.length;
        meter.add(chunk.length);
        yield chunk;
      }
    } catch (error) {
      throw readError(doing, error);
    }
    if (bytes !== object.bytes) throw changed(object, `must have ${object.bytes} bytes, got: ${bytes}`);
    const sha256 = hash.digest('hex');
    if (sha256 !== object.sha256) throw changed(object, `must have the SHA-256 ${object.sha256}, got: ${sha256}`);
  }
}

const changed = ({ key }: DataObject, fault: string): BackupError =>
  new BackupError('downloadFailed', `${key} is not what its manifest says: it ${fault}: restore another backup`, {
    kind: 'object-changed',
    object: key,
  });
