import type { S3Client } from '@aws-sdk/client-s3';
import { GetBucketLifecycleConfigurationCommand, S3ServiceException } from '@aws-sdk/client-s3';

/** Number of days that a bucket keeps deleted objects; `undefined` if it has no such rule, or we may not read it. */
export async function undoDays(s3: S3Client, bucket: string): Promise<number | undefined> {
  try {
    const { Rules = [] } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }));
    const days = Rules.flatMap(({ Status, NoncurrentVersionExpiration }) =>
      Status === 'Enabled' ? [NoncurrentVersionExpiration?.NoncurrentDays ?? Infinity] : [],
    );
    const fewest = Math.min(...days);
    return Number.isFinite(fewest) ? fewest : undefined;
  } catch (error) {
    // Good to know, but neither prune nor undelete depends on it.
    if (error instanceof S3ServiceException) return undefined;
    throw error;
  }
}
