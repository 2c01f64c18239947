import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { KEEP_FILE, lockKey, MANIFEST_FILE, sourcePrefix, VERDICT_FILE } from '../../../catalog/bucket/names';
import { fault } from '../../private/fault';
import { InlineRole } from '../../private/inline-role';
import { roleArnOf } from '../../private/names';

const { ALLOW, DENY } = iam.Effect;

/** A put that creates an object but does not say "only if there is none". Parts of an upload do not create objects. */
const MAY_OVERWRITE = { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } };

/**
 * Permissions and denials of the dump role. CDK's own `grantPut` and `grantWrite` allow more than a dump needs.
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
    // Whoever makes backups does not judge them.
    statement({
      effect: DENY,
      actions: ['s3:PutObject'],
      resources: [VERDICT_FILE, KEEP_FILE].map((file) => `${bucketArn}/*/*/${file}`),
    }),
  ];
}

/**
 * Permissions of the program when it restores: to read one source. It runs what a database's owner wrote, so that whatever
 * changes the bucket is denied to it.
 *
 * @param s3Service name by which KMS knows S3: `s3.eu-west-1.amazonaws.com`
 */
export function restoreStatements(
  bucketArn: string,
  keyArn: string,
  source: string,
  s3Service: string,
): iam.PolicyStatement[] {
  const { allow, deny } = statementsOf(bucketArn);
  return [
    allow(['s3:GetObject'], `${sourcePrefix(source)}*/*`),
    decryptionBy(s3Service, keyArn),
    deny(['s3:PutObject*', 's3:DeleteObject*', 's3:BypassGovernanceRetention'], '*'),
  ];
}

/**
 * Permissions of the program when it tests a backup: to read one source, and to put the verdicts of that source. It runs what a
 * database's owner wrote, so that whatever else changes the bucket is denied to it.
 *
 * @param s3Service name by which KMS knows S3: `s3.eu-west-1.amazonaws.com`
 */
export function proveStatements(
  bucketArn: string,
  keyArn: string,
  source: string,
  s3Service: string,
): iam.PolicyStatement[] {
  const { allow, deny } = statementsOf(bucketArn);
  const verdicts = `${sourcePrefix(source)}*/${VERDICT_FILE}`;
  const list = allow(['s3:ListBucket']);
  list.addCondition('StringLike', { 's3:prefix': `${sourcePrefix(source)}*` });
  const key = new iam.PolicyStatement({
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [keyArn],
    conditions: { StringEquals: { 'kms:ViaService': s3Service } },
  });
  return [
    // Without a list, an object that is gone cannot be told from one that may not be read.
    list,
    allow(['s3:GetObject'], `${sourcePrefix(source)}*/*`),
    allow(['s3:PutObject'], verdicts),
    key,
    new iam.PolicyStatement({
      effect: DENY,
      actions: ['s3:PutObject'],
      notResources: [`${bucketArn}/${verdicts}`],
    }),
    deny(['s3:PutObjectRetention', 's3:PutObjectLegalHold', 's3:PutObjectAcl', 's3:PutObjectTagging'], '*'),
    deny(['s3:DeleteObject*', 's3:BypassGovernanceRetention'], '*'),
  ];
}

/**
 * Permissions of the program when it removes from a repository what no backup needs: to see which manifests of one source there are, in
 * any version, because a backup that was deleted can be brought back. It reads none, and whatever changes the bucket is denied to it.
 */
export function maintainerStatements(bucketArn: string, source: string): iam.PolicyStatement[] {
  const { allow, deny } = statementsOf(bucketArn);
  const list = allow(['s3:ListBucketVersions']);
  list.addCondition('StringLike', { 's3:prefix': `${sourcePrefix(source)}*` });
  return [list, deny(['s3:GetObject*', 's3:PutObject*', 's3:DeleteObject*', 's3:BypassGovernanceRetention'], '*')];
}

/**
 * Permissions of whoever starts restores of a source: to see its backups, to retrieve them from an archive, and to read them.
 * Whoever starts a task chooses its command, and so could read with the task's role anyway.
 */
export function restorerStatements(
  bucketArn: string,
  keyArn: string,
  source: string,
  s3Service: string,
): iam.PolicyStatement[] {
  const { allow } = statementsOf(bucketArn);
  const prefix = sourcePrefix(source);
  const list = allow(['s3:ListBucket']);
  list.addCondition('StringLike', { 's3:prefix': `${prefix}*` });
  return [list, allow(['s3:GetObject', 's3:RestoreObject'], `${prefix}*/*`), decryptionBy(s3Service, keyArn)];
}

/** Decryption for a service alone. */
export const decryptionBy = (service: string, keyArn: string): iam.PolicyStatement =>
  new iam.PolicyStatement({
    actions: ['kms:Decrypt'],
    resources: [keyArn],
    conditions: { StringEquals: { 'kms:ViaService': service } },
  });

/** Keys of data: all that the program writes beside a manifest is compressed, and some of it encrypted then. */
const DATA_KEYS = '*/*/*.zst*';

/** Keys of what lies in a backup's folder: a stranger's objects have other ones. */
const BACKUP_KEYS = '*/????-??-??T??-??-??Z/*';

/** Permissions of the prune role. It reads keys and manifests, never data, and its deletes can be undone. */
export function pruneStatements(bucketArn: string, keyArn: string): iam.PolicyStatement[] {
  const { allow, deny } = statementsOf(bucketArn);
  const records = [MANIFEST_FILE, VERDICT_FILE, KEEP_FILE].map((file) => `*/*/${file}`);
  return [
    allow(['s3:DeleteObject'], BACKUP_KEYS),
    allow(['s3:ListBucket', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration']),
    allow(['s3:GetObject'], ...records, lockKey('*')),
    allow(['s3:GetObjectRetention', 's3:GetObjectLegalHold'], BACKUP_KEYS),
    new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: [keyArn] }),
    deny(['s3:PutObject*', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'], '*'),
    deny(['s3:GetObject', 's3:GetObjectVersion'], DATA_KEYS),
  ];
}

/** Permissions of the measure role and the notify role. They read keys, manifests and verdicts, never data. */
export function measureStatements(bucketArn: string, keyArn: string): iam.PolicyStatement[] {
  const { allow, deny } = statementsOf(bucketArn);
  return [
    allow(['s3:ListBucket']),
    allow(['s3:GetObject'], ...[MANIFEST_FILE, VERDICT_FILE].map((file) => `*/*/${file}`)),
    new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: [keyArn] }),
    deny(['s3:PutObject*', 's3:DeleteObject*', 's3:BypassGovernanceRetention'], '*'),
    deny(['s3:GetObject', 's3:GetObjectVersion'], DATA_KEYS),
  ];
}

/**
 * Permissions of the undelete role: to remove delete markers, which includes the right to delete versions, and to read and put
 * the note that keeps the backup.
 */
export function undeleteStatements(bucketArn: string, keyArn: string): iam.PolicyStatement[] {
  const { allow, deny } = statementsOf(bucketArn);
  return [
    allow(['s3:DeleteObjectVersion'], BACKUP_KEYS),
    // Without ListBucket, a note that is not there cannot be told from one that may not be read.
    allow(['s3:ListBucketVersions', 's3:ListBucket']),
    allow(['s3:GetObjectVersion'], `*/*/${MANIFEST_FILE}`),
    allow(['s3:GetObject', 's3:PutObject'], `*/*/${KEEP_FILE}`),
    new iam.PolicyStatement({ actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: [keyArn] }),
    deny(['s3:DeleteObject', 's3:BypassGovernanceRetention'], '*'),
    deny(['s3:GetObject', 's3:GetObjectVersion'], DATA_KEYS),
  ];
}

/** Denials of the bucket for every principal. */
export const bucketStatements = (bucketArn: string, keyArn: string): iam.PolicyStatement[] => [
  ...encryptionStatements(bucketArn, keyArn),
  denyPut('DenyOverwritingManifests', `${bucketArn}/*/${MANIFEST_FILE}`, MAY_OVERWRITE),
];

/** Denials of other encryption than that of the bucket. */
export const encryptionStatements = (bucketArn: string, keyArn: string): iam.PolicyStatement[] => [
  // Without the header the bucket encrypts with its key by default. With it, the key must be named, and be this one.
  denyPut('DenyOtherEncryption', `${bucketArn}/*`, {
    Null: { 's3:x-amz-server-side-encryption': 'false' },
    StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': keyArn },
  }),
  denyPut('DenyCustomerKeys', `${bucketArn}/*`, {
    Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' },
  }),
];

const denyPut = (sid: string, resource: string, conditions: iam.Conditions): iam.PolicyStatement =>
  new iam.PolicyStatement({
    ...{ sid, effect: DENY, principals: [new iam.AnyPrincipal()], actions: ['s3:PutObject'] },
    ...{ resources: [resource], conditions },
  });

/** The two denials of deletes in the policy of a bucket, and the roles that they exempt. Lifecycle rules are exempt anyway. */
export class DeleteDenials {
  private readonly objects = denial('DenyDeletes', 's3:DeleteObject');
  private readonly versions = denial('DenyDeletingVersions', 's3:DeleteObjectVersion');
  private readonly pruners: string[] = [];
  private readonly undeleters: string[] = [];

  /** @param deniedKeys keys that nobody else may delete */
  statements(bucketArn: string, deniedKeys: readonly string[] = ['*']): iam.PolicyStatement[] {
    this.objects.addResources(...deniedKeys.map((keys) => `${bucketArn}/${keys}`));
    this.versions.addResources(`${bucketArn}/*`);
    return [this.objects, this.versions];
  }

  /** Lets a role delete objects, which puts delete markers. */
  admitPruner(roleArn: string): void {
    exempt(this.objects, this.pruners, roleArn);
  }

  /** Lets a role delete versions, delete markers among them. */
  admitUndeleter(roleArn: string): void {
    exempt(this.versions, this.undeleters, roleArn);
  }
}

function denial(sid: string, action: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    effect: DENY,
    principals: [new iam.AnyPrincipal()],
    actions: [action],
  });
}

function exempt(statement: iam.PolicyStatement, exempted: string[], roleArn: string): void {
  if (!exempted.includes(roleArn)) exempted.push(roleArn);
  statement.addCondition('ArnNotLike', { 'aws:PrincipalArn': exempted });
}

/**
 * ARN of a grantee's role, in a form that the bucket policy can contain. Roles of ours in another stack are named by their
 * path: that stack depends on the bucket's, which must not depend on it in turn.
 */
export function principalArn(bucket: IConstruct, grant: string, grantee: iam.IGrantable): string {
  const principal = grantee.grantPrincipal;
  if (principal instanceof InlineRole && Stack.of(principal) !== Stack.of(bucket)) {
    return roleArnOf(principal, `${principal.path}*`);
  }
  const { roleArn } = principal as Partial<iam.IRole>;
  if (roleArn !== undefined) return roleArn;
  fault(bucket, `${grant} needs a role, got: ${String(principal)}: give the role that deletes`);
}

/** Makes statements about a bucket. */
export function statementsOf(bucketArn: string) {
  const statement = (effect: iam.Effect, actions: string[], keys: string[]) =>
    new iam.PolicyStatement({
      effect,
      actions,
      resources: keys.length > 0 ? keys.map((key) => `${bucketArn}/${key}`) : [bucketArn],
    });
  return {
    /** Allows something with objects; with the bucket when no keys are given. */
    allow: (actions: string[], ...keys: string[]) => statement(ALLOW, actions, keys),
    deny: (actions: string[], ...keys: string[]) => statement(DENY, actions, keys),
  };
}
