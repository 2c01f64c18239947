import { paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import type { DataObject } from '../../catalog/bucket/manifest';
import { objectKey } from '../../catalog/bucket/names';
import type { ProveJob } from '../../catalog/contract/task';
import { httpStatus, readError } from '../io/s3';
import { BackupError } from '../run/errors';

/**
 * Looks for objects that are gone. S3 says "forbidden" of them to whoever may not list the whole bucket, as of objects that may not
 * be read; a list of one prefix is what the role has.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 *
 * @throws BackupError `object-missing`
 */
export async function requireListed(
  client: S3Client,
  { bucket, source, backupId }: ProveJob,
  objects: readonly DataObject[],
  signal: AbortSignal,
): Promise<void> {
  const where = { Bucket: bucket, Prefix: objectKey(source, backupId, '') };
  const keys = new Set<string | undefined>();
  try {
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, where, { abortSignal: signal }))
      for (const { Key } of Contents) keys.add(Key);
  } catch (error) {
    signal.throwIfAborted();
    // Whoever tests on a machine of their own may be allowed less: then reading it shows.
    if (httpStatus(error) === 403) return;
    throw readError(`list ${where.Prefix} in bucket ${bucket}`, error);
  }
  const gone = objects.find(({ key }) => !keys.has(key));
  if (!gone) return;
  throw new BackupError(
    'downloadFailed',
    `${gone.key} is missing in bucket ${bucket}: the backup is damaged; restore another one`,
    { kind: 'object-missing', object: gone.key },
  );
}
