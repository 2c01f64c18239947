import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { backupId, objectKey, parseManifestKey, sourcePrefix } from '../../catalog/bucket/names';
import { uploadError } from '../io/s3';
import type { RunInputs } from '../run/job';
import type { Log } from '../run/log';

/**
 * Chooses the backup's id: the scheduled time, else the start. No two schedules of a source fall into one minute, so a
 * manifest of the scheduled minute means that a second delivery has nothing to do. An id whose keys a failed run left
 * behind is not used again: the next free second is.
 *
 * @returns the id, and `existing` if the backup of the scheduled time is there already
 * @throws BackupError if the bucket cannot be listed
 */
export async function findSlot(
  s3: S3Client,
  { job, scheduledTime }: RunInputs,
  startedAt: Date,
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly existing?: string }> {
  const time = scheduledTime ?? startedAt;
  const minute = `${sourcePrefix(job.source)}${backupId(time).slice(0, 'yyyy-mm-ddThh-mm-'.length)}`;
  const list = new ListObjectsV2Command({ Bucket: job.bucket, Prefix: minute });
  const { Contents = [] } = await s3.send(list, { abortSignal: signal }).catch((error: unknown) => {
    throw uploadError(`list ${minute}* in bucket ${job.bucket}`, error);
  });
  const keys = Contents.flatMap(({ Key }) => Key ?? []);
  const complete = keys.map(parseManifestKey).find((found) => found !== undefined);
  if (scheduledTime && complete) return { id: complete.id, existing: complete.id };
  for (let second = time.getTime(); ; second += 1000) {
    const id = backupId(new Date(second));
    if (!keys.some((key) => key.startsWith(objectKey(job.source, id, '')))) return { id };
  }
}

/** Aborts uploads of a run that was killed. Its caller holds the source's lock, so that no other run works on them. */
export async function abortAbandonedUploads(s3: S3Client, job: RunInputs['job'], log: Log): Promise<void> {
  try {
    // One page is enough: the next run continues.
    const { Uploads = [] } = await s3.send(
      new ListMultipartUploadsCommand({ Bucket: job.bucket, Prefix: sourcePrefix(job.source) }),
    );
    for (const { Key, UploadId } of Uploads) {
      await s3.send(new AbortMultipartUploadCommand({ Bucket: job.bucket, Key, UploadId }));
      log.warn('abandoned-upload', `removed the unfinished upload of ${Key}, which a killed run had left behind`);
    }
  } catch (error) {
    log.warn('abandoned-uploads-unknown', uploadError(`look for abandoned uploads of ${job.source}`, error).message);
  }
}
