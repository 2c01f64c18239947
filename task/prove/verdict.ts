import { crc32 } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { VERDICT_FILE, objectKey } from '../../catalog/bucket/names';
import { verdictText, type Verdict } from '../../catalog/bucket/verdict';
import type { ProveJob } from '../../catalog/contract/task';
import { base64Crc, encryption } from '../io/put';
import { httpStatus, isConflict, uploadError } from '../io/s3';

/**
 * Stores a verdict beside the manifest. One of the backup replaces what is there, and only what was read; one that says nothing of
 * the backup replaces nothing.
 *
 * @returns whether it was stored
 * @throws BackupError `uploadFailed`
 */
export async function putVerdict(s3: S3Client, job: ProveJob, verdict: Verdict): Promise<boolean> {
  const key = objectKey(job.source, job.backupId, VERDICT_FILE);
  const body = Buffer.from(verdictText(verdict));
  // Most backups have none. S3 calls that forbidden to whoever may list one prefix only.
  let isThere = false;
  for (let tries = 3; ; tries--) {
    try {
      const found = isThere ? await readTag(s3, job.bucket, key) : undefined;
      await s3.send(
        new PutObjectCommand({
          ...{ Bucket: job.bucket, Key: key, Body: body, ContentType: 'application/json' },
          ChecksumCRC32: base64Crc(crc32(body)),
          ...(found === undefined ? { IfNoneMatch: '*' } : { IfMatch: found }),
          ...encryption({ bucket: job.bucket, key, keyArn: job.keyArn }),
        }),
      );
      return true;
    } catch (error) {
      if (isConflict(error) && verdict.verdict === 'not-run') return false;
      // Another test has just put its own, or this is the second try of a put whose answer was lost.
      if (!isConflict(error) || tries === 1) throw uploadError(`put ${key} into bucket ${job.bucket}`, error);
      isThere = true;
    }
  }
}

/** The tag of the verdict that is there; `undefined` if it is gone, which S3 calls forbidden to whoever may not list the whole bucket. */
async function readTag(s3: S3Client, bucket: string, key: string): Promise<string | undefined> {
  try {
    const { ETag, Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    await Body?.transformToByteArray();
    return ETag;
  } catch (error) {
    if ([403, 404].includes(httpStatus(error) ?? 0)) return undefined;
    throw error;
  }
}
