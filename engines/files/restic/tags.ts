import { backupIdTime } from '../../../catalog/bucket/names';

/** In which bucket the manifest is: one repository may have been used with another bucket before. */
const bucketTag = (bucket: string): string => `in:${bucket}`;

/** Tags of the snapshot of a backup. */
export const tagsOf = (bucket: string, backupId: string): readonly string[] => [backupId, bucketTag(bucket)];

/** The id of the backup that a snapshot is of; `undefined` if it is of another bucket, or a person has made it. */
export function backupOf(bucket: string, tags: readonly string[] = []): string | undefined {
  const [id, ...more] = tags.filter((tag) => tag !== bucketTag(bucket));
  if (id === undefined || more.length > 0 || !tags.includes(bucketTag(bucket))) return undefined;
  return backupIdTime(id) && id;
}
