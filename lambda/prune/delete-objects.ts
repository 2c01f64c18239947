import type { S3Client } from '@aws-sdk/client-s3';
import { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import pRetry, { AbortError } from 'p-retry';
import { errorText } from '../shared/errors';

/** The most that S3 takes in one request. */
export const BATCH = 1000;

/** Codes of S3 that a second try may cure. The SDK sees them only when they concern the whole request. */
const TRANSIENT = new Set(['SlowDown', 'InternalError', 'ServiceUnavailable', '503', '500', 'OperationAborted']);
const RETRIES = { retries: 6, minTimeout: 200, maxTimeout: 10_000, randomize: true };

/**
 * Deletes objects, which leaves delete markers. What S3 refuses for a moment is tried again.
 *
 * @returns why some could not be deleted, by key
 */
export async function deleteObjects(
  client: S3Client,
  bucket: string,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const failed = new Map<string, string>();
  for (let from = 0; from < keys.length; from += BATCH) {
    await deleteBatch(client, bucket, keys.slice(from, from + BATCH), failed);
  }
  return failed;
}

async function deleteBatch(
  client: S3Client,
  bucket: string,
  keys: readonly string[],
  failed: Map<string, string>,
): Promise<void> {
  let rest = keys;
  const attempt = async (): Promise<void> => {
    const transient: string[] = [];
    const Delete = { Objects: rest.map((Key) => ({ Key })), Quiet: true };
    const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete })).catch((error) => {
      // The client has tried again already, as often as that makes sense.
      for (const key of rest) failed.set(key, errorText(error));
      throw new AbortError(errorText(error));
    });
    for (const key of rest) failed.delete(key);
    for (const { Key, Code = 'unknown', Message = '' } of Errors) {
      failed.set(Key!, `${Code}: ${Message}`);
      if (TRANSIENT.has(Code)) transient.push(Key!);
    }
    rest = transient;
    if (rest.length > 0) throw new Error('some were refused for a moment');
  };
  // What failed to the end is in `failed`.
  await pRetry(attempt, RETRIES).catch(() => undefined);
}

/** Says in words for people what could not be deleted; `undefined` if nothing failed. */
export function deleteFault(failed: ReadonlyMap<string, string>): string | undefined {
  const [first] = failed;
  if (!first) return undefined;
  const [key, why] = first;
  const advice = why.startsWith('AccessDenied')
    ? "check that the bucket's policy admits the role of the prune function, and that no organisation policy denies s3:DeleteObject"
    : 'the next run tries again';
  const what = failed.size === 1 ? 'an object' : `${failed.size} objects`;
  return `could not delete ${what}, such as ${key}: ${why}: ${advice}`;
}
