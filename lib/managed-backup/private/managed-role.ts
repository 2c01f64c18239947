import { Stack } from 'aws-cdk-lib';
import type * as backup from 'aws-cdk-lib/aws-backup';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { acknowledgeCompliance, acknowledgeWildcards } from '../../private/acknowledge';
import { InlineRole } from '../../private/inline-role';
import { rolePath } from '../../private/names';
import { RETAINED } from '../../private/retained';
import { grantKey } from '../../volumes/private/dlm-role';

/** A checked resource. */
export interface BoundManagedResource {
  readonly kind: 'EFS' | 'S3';
  readonly arn: string;
  /** Key of a bucket; `*` if it is not known. */
  readonly keyArn?: string;
  /** Id of its construct. */
  readonly id: string;
  readonly sourceName?: string;
}

const BUCKET_READS = [
  's3:GetBucketAcl',
  's3:GetBucketLocation',
  's3:GetBucketNotification',
  's3:GetBucketTagging',
  's3:GetBucketVersioning',
  's3:GetInventoryConfiguration',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:ListTagsForResource',
];
/** AWS Backup learns of changes by events and an inventory, which it sets up. */
const BUCKET_WRITES = ['s3:PutBucketNotification', 's3:PutInventoryConfiguration'];
const OBJECT_READS = [
  's3:GetObject',
  's3:GetObjectAcl',
  's3:GetObjectTagging',
  's3:GetObjectVersion',
  's3:GetObjectVersionAcl',
  's3:GetObjectVersionTagging',
];
const EVENT_RULES = [
  'events:DeleteRule',
  'events:DescribeRule',
  'events:DisableRule',
  'events:EnableRule',
  'events:ListTargetsByRule',
  'events:PutRule',
  'events:PutTargets',
  'events:RemoveTargets',
];

/** Vaults, and the key of the one of the backups, if it is known. */
export interface RoleVaults {
  readonly vault: backup.IBackupVault;
  readonly key: kms.IKey | undefined;
  readonly copies: readonly backup.IBackupVault[];
}

/**
 * The role of AWS Backup, with the permissions of AWS's policies for it (`AWSBackupServiceRolePolicyForBackup` and
 * `AWSBackupServiceRolePolicyForS3Backup`) for these resources and vaults only. It can restore and delete nothing, and outlives the
 * stack.
 */
export function managedRole(
  scope: Construct,
  resources: readonly BoundManagedResource[],
  { vault, key, copies }: RoleVaults,
): InlineRole {
  const role = new InlineRole(scope, 'Role', {
    assumedBy: new iam.ServicePrincipal('backup.amazonaws.com'),
    description: 'Lets AWS Backup read what it backs up',
    path: rolePath(scope),
  });
  const wildcards = new Set<string>();
  const allow = (actions: string[], on: string[], conditions?: iam.Conditions): void => {
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources: on, conditions }));
    for (const resource of on) if (resource.includes('*')) wildcards.add(resource);
  };
  const of = (kind: BoundManagedResource['kind']) => resources.filter((resource) => resource.kind === kind);
  allow(
    ['backup:CopyIntoBackupVault', 'backup:DescribeBackupVault'],
    [vault, ...copies].map(({ backupVaultArn }) => backupVaultArn),
  );
  if (copies.length > 0) allow(['backup:CopyFromBackupVault'], ['*']);
  allow(['tag:GetResources'], ['*']);
  const points = { service: 'backup', resource: 'recovery-point:*', ...(copies.length > 0 && { region: '*' }) };
  allow(['backup:TagResource'], [Stack.of(scope).formatArn(points)], {
    StringEquals: { 'aws:PrincipalAccount': '${aws:ResourceAccount}' },
  });
  if (key) grantKey(role, key);
  if (!key || copies.length > 0) {
    allow(['kms:DescribeKey'], ['*']);
    allow(['kms:CreateGrant'], ['*'], { Bool: { 'kms:GrantIsForAWSResource': 'true' } });
  }
  const fileSystems = of('EFS').map(({ arn }) => arn);
  if (fileSystems.length > 0) allow(['elasticfilesystem:Backup', 'elasticfilesystem:DescribeTags'], fileSystems);
  const buckets = of('S3');
  if (buckets.length > 0) {
    const arns = buckets.map(({ arn }) => arn);
    allow([...BUCKET_READS, ...BUCKET_WRITES], arns);
    allow(
      OBJECT_READS,
      arns.map((arn) => `${arn}/*`),
    );
    allow(['cloudwatch:GetMetricData', 'events:ListRules', 's3:ListAllMyBuckets'], ['*']);
    allow(EVENT_RULES, [
      Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName: 'AwsBackupManagedRule*' }),
    ]);
    const keys = [...new Set(buckets.flatMap(({ keyArn }) => keyArn ?? []))];
    if (keys.length > 0) {
      const conditions = { StringLike: { 'kms:ViaService': `s3.*.${Stack.of(scope).urlSuffix}` } };
      allow(['kms:Decrypt', 'kms:DescribeKey'], keys, conditions);
    }
  }
  const reason =
    'As in the policy of AWS: objects of the buckets, rules and recovery points that AWS Backup names, keys that are not known, and actions without resources.';
  acknowledgeWildcards(role, reason, [...wildcards]);
  acknowledgeCompliance(role, [
    { checkov: 'CKV_AWS_109', reason },
    { checkov: 'CKV_AWS_111', reason },
  ]);
  // AWS Backup deletes what is in the vault, which outlives the stack, with this role when its time is over.
  role.applyRemovalPolicy(RETAINED);
  return role;
}
