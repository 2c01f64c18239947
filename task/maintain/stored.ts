import {
  ListObjectVersionsCommand,
  paginateListObjectsV2,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { parseManifestKey, sourcePrefix } from '../../catalog/bucket/names';
import type { RepositoryPlace } from '../../engines/files/restic/restic';
import { readError } from '../io/s3';
import { BackupError } from '../run/errors';

/** Where the next page begins. */
type Marks = Pick<ListObjectVersionsCommandInput, 'KeyMarker' | 'VersionIdMarker'>;

/**
 * Ids of all backups of a source whose manifest has a version: those that there are, and those that can be brought back.
 *
 * @throws BackupError if they could not all be read
 */
export async function neededBackups(s3: S3Client, bucket: string, source: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const Prefix = sourcePrefix(source);
  try {
    for (let marks: Marks | undefined = {}; marks;) {
      const page: ListObjectVersionsCommandOutput = await s3.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix, ...marks }),
      );
      for (const { Key = '' } of page.Versions ?? []) {
        const found = parseManifestKey(Key);
        if (found) ids.add(found.id);
      }
      const { IsTruncated, NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
      marks = IsTruncated ? { KeyMarker, VersionIdMarker } : undefined;
    }
  } catch (error) {
    throw asMaintainError(`list the versions of ${Prefix}* in bucket ${bucket}`, error);
  }
  return ids;
}

/** Bytes of a repository. */
export async function storedBytes(s3: S3Client, { bucket, prefix }: RepositoryPlace): Promise<number> {
  let bytes = 0;
  const Prefix = `${prefix}/`;
  try {
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix }))
      for (const { Size = 0 } of Contents) bytes += Size;
  } catch (error) {
    throw asMaintainError(`list ${Prefix}* in bucket ${bucket}`, error);
  }
  return bytes;
}

/** What S3 refused. */
function asMaintainError(action: string, error: unknown): BackupError {
  const { message, reason } = readError(action, error);
  return new BackupError('maintainFailed', message, reason, { cause: error });
}
