import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { BackupError } from '../run/errors';
import { httpStatus, isConflict, uploadError } from './s3';

const MIB = 1024 * 1024;
/** S3's own limits. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;
const FIRST_PART_BYTES = 8 * MIB;
const PARTS_PER_SIZE = 1250;
/** Bytes of parts under way at once, so that memory stays flat; always at least one part. */
const IN_FLIGHT_BYTES = 16 * MIB;

/**
 * Size of part `number` (from 1). It doubles every 1,250 parts, so that 10,000 parts hold 2.43 TiB while a dump of up to
 * 10 GiB needs parts of 8 MiB only.
 */
export const partBytes = (number: number): number => FIRST_PART_BYTES * 2 ** Math.floor((number - 1) / PARTS_PER_SIZE);

/** Where an object goes and how it is encrypted. */
export interface UploadTarget {
  readonly bucket: string;
  readonly key: string;
  readonly keyArn: string;
}

/** What was stored. */
export interface UploadResult {
  readonly bytes: number;
  /** SHA-256 of the stored bytes, hex. */
  readonly sha256: string;
  /** CRC32 of the whole object, base64: S3 checked its own against it. */
  readonly crc32: string;
}

const encryption = (target: UploadTarget) => ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: target.keyArn }) as const;
const base64Crc = (crc: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
};

/**
 * Puts an object that must not exist yet. A repeated put that meets its own first try, whose answer was lost, is a
 * success: the lock keeps all others away from the key, and the size is compared.
 */
export async function putNewObject(
  s3: S3Client,
  target: UploadTarget,
  body: Buffer,
  contentType: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: target.bucket,
        Key: target.key,
        Body: body,
        ContentType: contentType,
        ChecksumCRC32: base64Crc(crc32(body)),
        IfNoneMatch: '*',
        ...encryption(target),
      }),
      { abortSignal: signal },
    );
  } catch (error) {
    if (!(await arrivedAnyway(s3, target, body.length, error)))
      throw uploadError(`put ${target.key} into bucket ${target.bucket}`, error);
  }
}

async function arrivedAnyway(s3: S3Client, target: UploadTarget, bytes: number, error: unknown): Promise<boolean> {
  const attempts = (error as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1;
  if (attempts < 2 || !(isConflict(error) || httpStatus(error) === 404)) return false;
  const found = await s3
    .send(new ListObjectsV2Command({ Bucket: target.bucket, Prefix: target.key, MaxKeys: 1 }))
    .catch(() => undefined);
  const object = found?.Contents?.[0];
  return object?.Key === target.key && object.Size === bytes;
}

/**
 * Streams bytes of unknown number into one object: parts of growing size, several under way at once, each with its CRC32,
 * the whole with a full-object CRC32 and its size, and never over an existing object. Nothing is stored before
 * {@link finish}; {@link abort} leaves nothing behind.
 */
export class StreamUpload {
  private readonly sha256 = createHash('sha256');
  private crc = 0;
  private bytesWritten = 0;
  private part: Buffer;
  private filled = 0;
  private number = 1;
  private uploadId: Promise<string> | undefined;
  private readonly underWay = new Set<Promise<void>>();
  private readonly etags: { PartNumber: number; ETag: string; ChecksumCRC32: string }[] = [];
  private readonly spare: Buffer[] = [];
  private failure: unknown;
  private readonly cancel = new AbortController();

  constructor(
    private readonly s3: S3Client,
    private readonly target: UploadTarget,
  ) {
    this.part = Buffer.allocUnsafeSlow(partBytes(1));
  }

  /** Bytes taken so far. */
  get bytes(): number {
    return this.bytesWritten;
  }

  /** Takes bytes. Waits only while as many parts are under way as memory allows. */
  async write(chunk: Buffer): Promise<void> {
    this.sha256.update(chunk);
    this.crc = crc32(chunk, this.crc);
    this.bytesWritten += chunk.length;
    for (let offset = 0; offset < chunk.length;) {
      const taken = chunk.copy(this.part, this.filled, offset);
      offset += taken;
      this.filled += taken;
      if (this.filled === this.part.length) await this.sendPart();
    }
  }

  /** Stores the object, all of it or nothing. */
  async finish(): Promise<UploadResult> {
    const result = { bytes: this.bytesWritten, sha256: this.sha256.digest('hex'), crc32: base64Crc(this.crc) };
    if (!this.uploadId) {
      await putNewObject(
        this.s3,
        this.target,
        this.part.subarray(0, this.filled),
        'application/zstd',
        this.cancel.signal,
      );
      return result;
    }
    if (this.filled > 0) await this.sendPart();
    await Promise.all(this.underWay);
    this.throwFailure();
    try {
      await this.s3.send(
        new CompleteMultipartUploadCommand({
          Bucket: this.target.bucket,
          Key: this.target.key,
          UploadId: await this.uploadId,
          MultipartUpload: { Parts: this.etags.sort((a, b) => a.PartNumber - b.PartNumber) },
          ChecksumType: 'FULL_OBJECT',
          ChecksumCRC32: result.crc32,
          MpuObjectSize: result.bytes,
          IfNoneMatch: '*',
        }),
        { abortSignal: this.cancel.signal },
      );
    } catch (error) {
      if (!(await arrivedAnyway(this.s3, this.target, result.bytes, error)))
        throw uploadError(`complete the upload of ${this.target.key} to bucket ${this.target.bucket}`, error);
    }
    return result;
  }

  /**
   * Drops the upload. Says what is left behind when S3 does not even allow that.
   *
   * @returns a sentence if the parts could not be removed
   */
  async abort(): Promise<string | undefined> {
    this.cancel.abort();
    await Promise.allSettled(this.underWay);
    const uploadId = await this.uploadId?.catch(() => undefined);
    if (uploadId === undefined) return undefined;
    try {
      await this.s3.send(
        new AbortMultipartUploadCommand({ Bucket: this.target.bucket, Key: this.target.key, UploadId: uploadId }),
      );
      return undefined;
    } catch (error) {
      if (httpStatus(error) === 404) return undefined;
      return `${uploadError(`abort the upload of ${this.target.key}`, error).message}; the bucket's lifecycle removes its parts after a day`;
    }
  }

  private async sendPart(): Promise<void> {
    this.throwFailure();
    // The compressor may have bytes left when the run is stopped: they must not start an upload that nobody ends.
    this.cancel.signal.throwIfAborted();
    if (this.number > MAX_PARTS)
      throw new BackupError(
        'uploadFailed',
        `the compressed dump is larger than the 2.43 TiB that ${MAX_PARTS} parts hold: split the source, for example one source a database`,
      );
    // The one request without an abort signal: an upload whose id nobody knows could not be aborted.
    this.uploadId ??= this.create();
    const uploadId = await this.uploadId;
    const number = this.number++;
    const full = this.part;
    const sending = this.uploadPart(uploadId, number, full.subarray(0, this.filled))
      .catch((error: unknown) => {
        this.failure ??= uploadError(
          `upload part ${number} of ${this.target.key} to bucket ${this.target.bucket}`,
          error,
        );
      })
      .then(() => {
        this.underWay.delete(sending);
        this.spare.push(full);
      });
    this.underWay.add(sending);
    const size = partBytes(this.number);
    while ((this.underWay.size + 1) * size > Math.max(IN_FLIGHT_BYTES, size) + size && this.underWay.size > 0)
      await Promise.race(this.underWay);
    this.throwFailure();
    // Parts are reused: left to the garbage collector, they would pile up outside of its heap.
    const spare = this.spare.pop();
    if (spare?.length !== size) this.spare.length = 0;
    this.part = spare?.length === size ? spare : Buffer.allocUnsafeSlow(size);
    this.filled = 0;
  }

  private async create(): Promise<string> {
    try {
      const upload = await this.s3.send(
        new CreateMultipartUploadCommand({
          Bucket: this.target.bucket,
          Key: this.target.key,
          ContentType: 'application/zstd',
          ChecksumAlgorithm: 'CRC32',
          ChecksumType: 'FULL_OBJECT',
          ...encryption(this.target),
        }),
      );
      if (upload.UploadId === undefined) throw new Error('S3 gave no upload id');
      return upload.UploadId;
    } catch (error) {
      throw uploadError(`start the upload of ${this.target.key} to bucket ${this.target.bucket}`, error);
    }
  }

  private async uploadPart(uploadId: string, number: number, body: Buffer): Promise<void> {
    const checksum = base64Crc(crc32(body));
    const part = await this.s3.send(
      new UploadPartCommand({
        Bucket: this.target.bucket,
        Key: this.target.key,
        UploadId: uploadId,
        PartNumber: number,
        Body: body,
        ContentLength: body.length,
        ChecksumCRC32: checksum,
      }),
      { abortSignal: this.cancel.signal },
    );
    if (part.ETag === undefined) throw new Error('S3 gave no ETag');
    this.etags.push({ PartNumber: number, ETag: part.ETag, ChecksumCRC32: checksum });
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure;
  }
}
