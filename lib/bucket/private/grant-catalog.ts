import { acknowledgeStatements } from '../../private/acknowledge';
import type { InlineRole } from '../../private/inline-role';
import type { IBackupBucket } from '../backup-bucket-props';
import { measureStatements } from './bucket-policy';

/** Lets a function see which backups there are, whatever their source. */
export function grantCatalog(bucket: IBackupBucket, role: InlineRole): void {
  bucket.grantMeasure(role);
  acknowledgeStatements(
    role,
    'The manifests of the bucket, whatever their source; what is denied, is denied for all of the bucket.',
    measureStatements(bucket.bucketArn, bucket.encryptionKey.keyArn),
  );
}
