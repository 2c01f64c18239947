import {
  CopyObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { manifestText, type Manifest } from '../../catalog/bucket/manifest';
import { backupId, backupIdTime, fileName, manifestKey, objectKey } from '../../catalog/bucket/names';

const DAY_MS = 86_400_000;

/**
 * Puts copies of a backup beside it, as if it had been made earlier as well: in the storage classes into which the deployed rules
 * of the bucket have moved objects of their age and size.
 *
 * @param ages in days
 */
export async function putHistory(s3: S3Client, Bucket: string, newest: Manifest, ages: readonly number[]) {
  const { source, backupId: newestId, objects } = newest;
  const { Rules = [] } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  const { Transitions, Filter } = Rules.find((rule) => (rule.Transitions ?? []).length > 0)!;
  for (const age of ages) {
    const id = backupId(new Date(backupIdTime(newestId)!.getTime() - age * DAY_MS));
    const moved = Transitions!.findLast(({ Days }) => Days! <= age)?.StorageClass;
    for (const { key, bytes } of objects) {
      const StorageClass = bytes > Filter!.ObjectSizeGreaterThan! ? moved : undefined;
      const copy = { Bucket, Key: objectKey(source, id, fileName(key)), CopySource: `${Bucket}/${key}`, StorageClass };
      await s3.send(new CopyObjectCommand(copy));
    }
    const keyed = objects.map((object) => ({ ...object, key: objectKey(source, id, fileName(object.key)) }));
    const Body = manifestText({ ...newest, backupId: id, objects: keyed });
    await s3.send(new PutObjectCommand({ Bucket, Key: manifestKey(source, id), Body }));
  }
}
