import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { BackupError } from '../run/errors';
import { httpStatus, isConflict, readError } from './s3';

/** How often in a row a connection that broke is taken up again without a byte in between. */
const RETRIES = 5;
/** The next is twice as long. */
const FIRST_PAUSE_MS = 500;

/** An object to read. */
export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  /** Bytes that it must have. */
  readonly bytes: number;
}

/**
 * Reads an object. Where a connection breaks or falls silent, the next goes on at that byte. A server that is busy with what it
 * got may not read for minutes, and S3 ends such connections: that is no failure.
 *
 * @param etags of the objects read so far, by key: what is read again, or on, must still be the same
 * @throws BackupError `downloadFailed`
 */
export async function* readObject(
  s3: S3Client,
  { bucket, key, bytes }: StoredObject,
  etags: Map<string, string>,
  signal: AbortSignal,
  firstPauseMs = FIRST_PAUSE_MS,
): AsyncGenerator<Buffer> {
  let at = 0;
  let failures = 0;
  do {
    const begun = at;
    const known = etags.has(key);
    try {
      const { Body, ETag } = await s3.send(
        new GetObjectCommand({
          ...{ Bucket: bucket, Key: key, IfMatch: etags.get(key) },
          ...(at > 0 && { Range: `bytes=${at}-` }),
        }),
        { abortSignal: signal },
      );
      if (ETag !== undefined) etags.set(key, ETag);
      for await (const chunk of Body as Readable as AsyncIterable<Buffer>) {
        at += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      failures = at > begun ? 1 : failures + 1;
      // The SDK has tried the first request several times already.
      const passes = (httpStatus(error) ?? 500) >= 500 && (known || at > 0);
      if (!passes || failures > RETRIES) throw objectError(bucket, key, error);
    }
    await sleep(firstPauseMs * 2 ** (failures - 1), undefined, { signal });
  } while (at < bytes);
}

/**
 * Asks for the first byte of an object, to learn before anything else whether it can be read.
 *
 * @returns its size; `undefined` if S3 does not say
 * @throws BackupError `downloadFailed`
 */
export async function sizeOf(
  s3: S3Client,
  { bucket, key }: StoredObject,
  etags: Map<string, string>,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: 'bytes=0-0' });
    const { Body, ContentRange, ETag } = await s3.send(command, { abortSignal: signal });
    await Body?.transformToByteArray();
    if (ETag !== undefined) etags.set(key, ETag);
    const size = /\/(\d+)$/.exec(ContentRange ?? '')?.[1];
    return size === undefined ? undefined : Number(size);
  } catch (error) {
    signal.throwIfAborted();
    throw objectError(bucket, key, error);
  }
}

/** Why an object of a backup cannot be read. */
function objectError(bucket: string, key: string, error: unknown): BackupError {
  const failed = (kind: 'object-missing' | 'object-archived' | 'object-changed', message: string): BackupError =>
    new BackupError('downloadFailed', message, { kind, object: key }, { cause: error });
  if (isConflict(error))
    return failed('object-changed', `${key} was replaced while it was read: restore another backup`);
  const { name } = error as Error;
  if (name === 'NoSuchKey')
    return failed(
      'object-missing',
      `${key} is missing in bucket ${bucket}: the backup is damaged; restore another one`,
    );
  if (name === 'InvalidObjectState')
    return failed(
      'object-archived',
      `${key} is in an archive, from which it must be retrieved first, which takes hours: proven-backups restore offers that, see docs/storage-tiers.md#retrieving`,
    );
  return readError(`read ${key} in bucket ${bucket}`, error);
}
