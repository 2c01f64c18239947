import type { IConstruct } from 'constructs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { lockKey, MANIFEST_FILE, sourcePrefix } from '../../catalog/names';
import { fault } from './fault';

const { ALLOW, DENY } = iam.Effect;

/** A put that creates an object but does not say "only if there is none". Parts of an upload do not create objects. */
const MAY_OVERWRITE = { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } };

/**
 * What the dump role may do, and what it may not. CDK's own `grantPut` and `grantWrite` allow more than a dump needs.
 * KMS wants Decrypt for multipart uploads: the denial of reading is what keeps the backups closed to their writer.
 */
export function backupStatements(bucketArn: string, keyArn: string, source: string): iam.PolicyStatement[] {
  const prefix = sourcePrefix(source);
  const lock = `${bucketArn}/${lockKey(source)}`;
  // `<source>/<backup id>/<object>`: all but the locks. Denials name no source, so that sources can share a role.
  const backups = `${bucketArn}/*/*/*`;
  const statement = (props: iam.PolicyStatementProps) => new iam.PolicyStatement(props);
  return [
    statement({ actions: ['s3:PutObject', 's3:AbortMultipartUpload'], resources: [`${bucketArn}/${prefix}*`] }),
    statement({ actions: ['s3:GetObject'], resources: [lock] }),
    statement({
      actions: ['s3:ListBucket'],
      resources: [bucketArn],
      conditions: { StringLike: { 's3:prefix': `${prefix}*` } },
    }),
    // Knows no s3:prefix: with that condition it would be refused always. Shows the keys of unfinished uploads only.
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
    statement({ actions: ['s3:ListBucketMultipartUploads'], resources: [bucketArn] }),
    statement({ actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: [keyArn] }),
    statement({ effect: DENY, actions: ['s3:GetObject*'], resources: [backups] }),
    statement({ effect: DENY, actions: ['s3:DeleteObject*'], resources: [`${bucketArn}/*`] }),
    statement({ effect: DENY, actions: ['s3:PutObject'], resources: [backups], conditions: MAY_OVERWRITE }),
  ];
}

/** What the prune role may do. */
export function pruneStatements(bucketArn: string, keyArn: string): iam.PolicyStatement[] {
  const allow = (actions: string[], resource: string) =>
    new iam.PolicyStatement({ effect: ALLOW, actions, resources: [resource] });
  return [
    allow(['s3:DeleteObject', 's3:DeleteObjectVersion'], `${bucketArn}/*`),
    allow(['s3:ListBucket', 's3:ListBucketVersions'], bucketArn),
    allow(['s3:GetObject'], `${bucketArn}/*/${MANIFEST_FILE}`),
    allow(['kms:Decrypt'], keyArn),
  ];
}

/** What the bucket refuses, whoever asks. */
export function bucketStatements(bucketArn: string, keyArn: string): iam.PolicyStatement[] {
  const denyPut = (sid: string, conditions: iam.Conditions, keys = '*') =>
    new iam.PolicyStatement({
      sid,
      effect: DENY,
      principals: [new iam.AnyPrincipal()],
      actions: ['s3:PutObject'],
      resources: [`${bucketArn}/${keys}`],
      conditions,
    });
  return [
    // Without the header the bucket encrypts with its key by default. With it, the key must be named, and be this one.
    denyPut('DenyOtherEncryption', {
      Null: { 's3:x-amz-server-side-encryption': 'false' },
      StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': keyArn },
    }),
    denyPut('DenyCustomerKeys', { Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } }),
    denyPut('DenyOverwritingManifests', MAY_OVERWRITE, `*/${MANIFEST_FILE}`),
  ];
}

/** Denies deletes to everyone. Lifecycle rules are not bound by policies. */
export function denyDeletes(bucketArn: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'DenyDeletes',
    effect: DENY,
    principals: [new iam.AnyPrincipal()],
    actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
    resources: [`${bucketArn}/*`],
  });
}

/** ARN of the role of a grantee. */
export function principalArn(scope: IConstruct, grantee: iam.IGrantable): string {
  const { roleArn } = grantee.grantPrincipal as Partial<iam.IRole>;
  if (roleArn !== undefined) return roleArn;
  fault(scope, `grantPrune needs a role, got: ${String(grantee.grantPrincipal)}: give the role that deletes`);
}
