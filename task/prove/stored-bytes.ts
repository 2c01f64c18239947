import type { S3Client } from '@aws-sdk/client-s3';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { ProveJob } from '../../catalog/contract/task';
import type { ReadMeter } from '../restore/meter';
import { StoredObjects } from '../restore/objects';
import { BackupError } from '../run/errors';
import type { Finding } from './findings';
import { requireListed } from './listed';

/** Where an encrypted backup is. */
export interface StoredPlace {
  readonly s3: S3Client;
  readonly job: ProveJob;
  readonly signal: AbortSignal;
  readonly meter: ReadMeter;
}

/**
 * Reads all of an encrypted backup that cannot be opened: its stored bytes must be those of the manifest.
 *
 * @throws BackupError `downloadFailed`
 */
export async function checkStoredBytes(
  { s3, job, signal, meter }: StoredPlace,
  { objects }: Manifest,
): Promise<Finding> {
  const stored = new StoredObjects({ s3, job, request: {}, scratch: job.scratchDirectory, signal, meter });
  await requireListed(s3, job, objects, signal);
  for (const object of objects) await stored.verifyStored(object);
  return { differences: [], compared: objects.length };
}

/** All bytes are there, which proves nothing. */
export const unprovable = ({ objects }: Manifest): BackupError =>
  new BackupError(
    'notTested',
    'the backup is encrypted, and this test has no identity: only its stored bytes were checked; proveWith of the source gives it one',
    { kind: 'identity-missing', ...(objects[0] && { object: objects[0].key }) },
  );
