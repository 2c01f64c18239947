import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { ManifestError, parseManifest, type Manifest } from '../../catalog/bucket/manifest';
import { manifestKey } from '../../catalog/bucket/names';
import type { RestoreJob, RestoreRequest } from '../../catalog/contract/task';
import { httpStatus, readError } from '../io/s3';
import { BackupError } from '../run/errors';

/** Whose backup it is. */
type Place = Pick<RestoreJob, 'source' | 'bucket'>;
type Chosen = Pick<RestoreRequest, 'backupId'>;

/**
 * Reads the manifest of the backup.
 *
 * @throws BackupError if there is no such backup, or if it cannot be restored by this job
 */
export async function readManifest(s3: S3Client, job: RestoreJob, request: Chosen): Promise<Manifest> {
  const manifest = checkedManifest(await readManifestText(s3, job, request), job, request);
  if (manifest.engine !== job.engine)
    throw new BackupError(
      'configuration',
      `backup ${request.backupId} is of the engine ${manifest.engine}, but its source is now one of ${job.engine}: restore it by hand, see docs/restore-by-hand.md`,
      { kind: 'engine-mismatch', object: manifest.engine },
    );
  return manifest;
}

/**
 * Reads the text of the manifest of the backup.
 *
 * @throws BackupError `configuration` if there is no such backup; `downloadFailed`
 */
export async function readManifestText(s3: S3Client, job: Place, request: Chosen): Promise<string> {
  const key = manifestKey(job.source, request.backupId);
  return s3
    .send(new GetObjectCommand({ Bucket: job.bucket, Key: key, ChecksumMode: 'ENABLED' }))
    .then(({ Body }) => Body!.transformToString())
    .catch((error: unknown) => {
      if (httpStatus(error) !== 404 || (error as Error).name === 'NoSuchBucket')
        throw readError(`read ${key} in bucket ${job.bucket}`, error);
      throw new BackupError(
        'configuration',
        `source ${job.source} has no backup ${request.backupId} in bucket ${job.bucket}: proven-backups list --source ${job.source} shows all`,
        { kind: 'backup-unknown', object: request.backupId },
      );
    });
}

/**
 * The manifest of the backup, of its text.
 *
 * @throws BackupError `downloadFailed` if it is damaged or not the one of this backup; `configuration` if it is of a newer version
 */
export function checkedManifest(text: string, job: Place, request: Chosen): Manifest {
  const key = manifestKey(job.source, request.backupId);
  const manifest = parsed(text, key);
  const fault = faultOf(manifest, job, request);
  if (fault !== undefined)
    throw new BackupError('downloadFailed', `manifest ${key} lies: ${fault}: restore another backup`, {
      kind: 'manifest-damaged',
      object: key,
    });
  return manifest;
}

function parsed(text: string, key: string): Manifest {
  try {
    return parseManifest(text, key);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const { message, isNewer } = error;
    const [exit, kind] = isNewer
      ? (['configuration', 'version-mismatch'] as const)
      : (['downloadFailed', 'manifest-damaged'] as const);
    throw new BackupError(exit, message, { kind, object: key }, { cause: error });
  }
}

/** What in it cannot be true. A manifest that was copied or changed must not lead to another backup's bytes. */
function faultOf(manifest: Manifest, job: Place, { backupId }: Chosen): string | undefined {
  if (manifest.source !== job.source) return `its source is ${manifest.source}`;
  if (manifest.backupId !== backupId) return `its backup is ${manifest.backupId}`;
  const folder = manifestKey(job.source, backupId).replace(/[^/]+$/, '');
  const stranger = manifest.objects.find(
    ({ key }) => !key.startsWith(folder) || key.slice(folder.length).includes('/'),
  );
  return stranger && `its object ${stranger.key} is not in its folder`;
}
