import * as iam from 'aws-cdk-lib/aws-iam';
import { MANIFEST_FILE, sourcePrefix } from '../../../catalog/bucket/names';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { acknowledgeWildcards } from '../../private/acknowledge';
import type { InlineRole } from '../../private/inline-role';

/** Lets a role see which backups a source has: their manifests, never their data. */
export function grantManifests(role: InlineRole, bucket: IBackupBucket, source: string): void {
  const prefix = sourcePrefix(source);
  const manifests = `${bucket.bucketArn}/${prefix}*/${MANIFEST_FILE}`;
  const conditions = { StringLike: { 's3:prefix': `${prefix}*` } };
  const statements: iam.PolicyStatementProps[] = [
    { actions: ['s3:ListBucket'], resources: [bucket.bucketArn], conditions },
    { actions: ['s3:GetObject'], resources: [manifests] },
    { actions: ['kms:Decrypt'], resources: [bucket.encryptionKey.keyArn] },
  ];
  for (const statement of statements) role.addToPrincipalPolicy(new iam.PolicyStatement(statement));
  acknowledgeWildcards(role, 'The manifests of all backups of one source.', [manifests]);
}
