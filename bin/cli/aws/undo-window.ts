import type { S3Client } from '@aws-sdk/client-s3';
import { GetBucketLifecycleConfigurationCommand, S3ServiceException } from '@aws-sdk/client-s3';

/** How many days a bucket keeps what was deleted; `undefined` if it does not say, or does not say it to us. */
export async function undoDays(s3: S3Client, bucket: string): Promise<number | undefined> {
  try {
    const { Rules = [] } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }));
    const days = Rules.flatMap(({ Status, NoncurrentVersionExpiration }) =>
      Status === 'Enabled' ? [NoncurrentVersionExpiration?.NoncurrentDays ?? Infinity] : [],
    );
    const fewest = Math.min(...days);
    return Number.isFinite(fewest) ? fewest : undefined;
  } catch (error) {
    // Nice to know, and no more: who may not read it can delete and undelete all the same.
    if (error instanceof S3ServiceException) return undefined;
    throw error;
  }
}
