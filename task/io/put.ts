import { ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { crc32 } from 'node:zlib';
import { httpStatus, isConflict, uploadError } from './s3';

/** Destination of an object, and the key that encrypts it. */
export interface UploadTarget {
  readonly bucket: string;
  readonly key: string;
  readonly keyArn: string;
}

/** Parameters that encrypt an object. */
export const encryption = (target: UploadTarget) =>
  ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: target.keyArn }) as const;

/** A CRC32 as S3 writes it. */
export function base64Crc(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

/**
 * Puts an object that must not exist yet. A retry that meets its own first try, whose answer was lost, is a success: the lock
 * keeps all others away from the key, and the size is compared.
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

/** Whether a request that failed was a retry, and its first try has stored the object. */
export async function arrivedAnyway(
  s3: S3Client,
  target: UploadTarget,
  bytes: number,
  error: unknown,
): Promise<boolean> {
  const attempts = (error as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1;
  if (attempts < 2 || !(isConflict(error) || httpStatus(error) === 404)) return false;
  const found = await s3
    .send(new ListObjectsV2Command({ Bucket: target.bucket, Prefix: target.key, MaxKeys: 1 }))
    .catch(() => undefined);
  const object = found?.Contents?.[0];
  return object?.Key === target.key && object.Size === bytes;
}
