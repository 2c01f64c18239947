import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ENCRYPTED_SUFFIX } from '../../catalog/bucket/names';
import { BackupError } from '../run/errors';
import type { PartMemory } from './part-memory';
import { arrivedAnyway, base64Crc, encryption, putNewObject, type UploadTarget } from './put';
import { httpStatus, uploadError } from './s3';

const MIB = 1024 * 1024;
/** S3's own limits. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;
const FIRST_PART_BYTES = 8 * MIB;
const PARTS_PER_SIZE = 1250;

/**
 * Size of part `number` (from 1). It doubles every 1,250 parts, so that 10,000 parts hold 2.43 TiB while a dump of up to
 * 10 GiB needs parts of 8 MiB only.
 */
export const partBytes = (number: number): number => FIRST_PART_BYTES * 2 ** Math.floor((number - 1) / PARTS_PER_SIZE);

const contentTypeOf = ({ key }: UploadTarget): string =>
  key.endsWith(ENCRYPTED_SUFFIX) ? 'application/octet-stream' : 'application/zstd';

/** A stored object. */
export interface StoredBytes {
  readonly bytes: number;
  /** SHA-256 of the stored bytes, hex. */
  readonly sha256: string;
  /** CRC32 of the whole object, base64: S3 has compared its own with it. */
  readonly crc32: string;
}

/**
 * Streams any number of bytes into one object: parts of growing size, several of them sent at once, each with its CRC32, the
 * object with a full-object CRC32 and its size, and never over an existing object. Nothing is stored before {@link finish};
 * {@link abort} leaves nothing behind.
 */
export class StreamUpload {
  private readonly sha256 = createHash('sha256');
  private crc = 0;
  private bytesWritten = 0;
  /** The part being filled. */
  private part: Buffer | undefined;
  private filled = 0;
  private number = 1;
  private uploadId: Promise<string> | undefined;
  private readonly sending = new Set<Promise<void>>();
  private readonly etags: { PartNumber: number; ETag: string; ChecksumCRC32: string }[] = [];
  private failure: unknown;
  private readonly cancel = new AbortController();

  constructor(
    private readonly s3: S3Client,
    private readonly target: UploadTarget,
    private readonly memory: PartMemory,
  ) {}

  /** Bytes taken so far. */
  get bytes(): number {
    return this.bytesWritten;
  }

  /** Takes bytes. Waits only while the memory of the run is in use. */
  async write(chunk: Buffer): Promise<void> {
    this.sha256.update(chunk);
    this.crc = crc32(chunk, this.crc);
    this.bytesWritten += chunk.length;
    for (let offset = 0; offset < chunk.length;) {
      const part = (this.part ??= await this.takePart());
      const taken = chunk.copy(part, this.filled, offset);
      offset += taken;
      this.filled += taken;
      if (this.filled === part.length) await this.sendPart(part);
    }
  }

  /** Stores the object, all of it or nothing. */
  async finish(): Promise<StoredBytes> {
    const result = await this.store();
    this.leaveMemory();
    return result;
  }

  private async store(): Promise<StoredBytes> {
    const result = { bytes: this.bytesWritten, sha256: this.sha256.digest('hex'), crc32: base64Crc(this.crc) };
    if (!this.uploadId) {
      await putNewObject(
        this.s3,
        this.target,
        this.part?.subarray(0, this.filled) ?? Buffer.alloc(0),
        contentTypeOf(this.target),
        this.cancel.signal,
      );
      return result;
    }
    if (this.part) await this.sendPart(this.part);
    await Promise.all(this.sending);
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
   * Abandons the upload and removes its parts.
   *
   * @returns a sentence if S3 did not let them be removed
   */
  async abort(): Promise<string | undefined> {
    this.cancel.abort();
    await Promise.allSettled(this.sending);
    this.leaveMemory();
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

  private async takePart(): Promise<Buffer> {
    const part = await this.memory.take(this, partBytes(this.number));
    // The upload may have been aborted while it waited for memory.
    if (!this.cancel.signal.aborted) return part;
    this.memory.give(part);
    this.memory.leave(this);
    throw this.cancel.signal.reason;
  }

  private leaveMemory(): void {
    if (this.part) this.memory.give(this.part);
    this.part = undefined;
    this.memory.leave(this);
  }

  private async sendPart(part: Buffer): Promise<void> {
    this.throwFailure();
    // The compressor may have bytes left when the run is stopped: they must not start an upload that nothing would end.
    this.cancel.signal.throwIfAborted();
    if (this.number > MAX_PARTS)
      throw new BackupError(
        'uploadFailed',
        `the compressed dump is larger than the 2.43 TiB that ${MAX_PARTS} parts hold: split the source, for example one source a database`,
        { kind: 'dump-too-large', object: this.target.key },
      );
    // The one request without an abort signal: an upload whose id is unknown could not be aborted.
    this.uploadId ??= this.create();
    const uploadId = await this.uploadId;
    this.cancel.signal.throwIfAborted();
    const number = this.number++;
    const body = part.subarray(0, this.filled);
    this.part = undefined;
    this.filled = 0;
    const sending = this.uploadPart(uploadId, number, body)
      .catch((error: unknown) => {
        this.failure ??= uploadError(
          `upload part ${number} of ${this.target.key} to bucket ${this.target.bucket}`,
          error,
        );
      })
      .then(() => {
        this.sending.delete(sending);
        this.memory.give(part);
      });
    this.sending.add(sending);
  }

  private async create(): Promise<string> {
    try {
      const upload = await this.s3.send(
        new CreateMultipartUploadCommand({
          Bucket: this.target.bucket,
          Key: this.target.key,
          ContentType: contentTypeOf(this.target),
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
