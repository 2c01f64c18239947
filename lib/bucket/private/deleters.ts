import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { roleArnOf, ROLES } from '../../private/names';
import type { IBackupBucket } from '../backup-bucket-props';
import { principalArn } from './bucket-policy';

const DELETERS = new WeakMap<IBackupBucket, iam.IGrantable[]>();

/** Remembers whoever may delete in a bucket. */
export function addDeleter(bucket: IBackupBucket, grantee: iam.IGrantable): void {
  DELETERS.set(bucket, [...(DELETERS.get(bucket) ?? []), grantee]);
}

/**
 * ARNs of the roles that may delete in a bucket, with wildcards. The policy of an imported bucket may admit roles of other
 * apps: of roles that these constructs made, all count.
 */
export function deletersOf(scope: IConstruct, bucket: IBackupBucket): string[] {
  const known = (DELETERS.get(bucket) ?? []).map((grantee) => principalArn(scope, 'grantPrune', grantee));
  if (bucket.bucket.policy !== undefined) return known;
  return [roleArnOf(scope, `/${ROLES}/*`), ...known];
}
