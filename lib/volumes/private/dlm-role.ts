import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { SnapshotScripts } from '../snapshot-scripts';
import { acknowledgeCompliance, acknowledgeWildcards } from '../../private/acknowledge';
import { InlineRole } from '../../private/inline-role';
import { rolePath } from '../../private/names';

/** Actions that do not support resource-level permissions, or did not always. */
const ANYWHERE = [
  'ec2:DescribeAvailabilityZones',
  'ec2:DescribeFastSnapshotRestores',
  'ec2:DescribeInstances',
  'ec2:DescribeSnapshotAttribute',
  'ec2:DescribeSnapshotTierStatus',
  'ec2:DescribeSnapshots',
  'ec2:DescribeVolumes',
  'ec2:DisableFastSnapshotRestores',
  'ec2:EnableFastSnapshotRestores',
];
const CREATE = ['ec2:CreateSnapshot', 'ec2:CreateSnapshots'];
/** Includes features that no schedule uses: DLM also finishes the work of schedules that were removed. */
const MANAGE = [
  'ec2:CopySnapshot',
  'ec2:CreateTags',
  'ec2:DeleteSnapshot',
  'ec2:ModifySnapshotAttribute',
  'ec2:ModifySnapshotTier',
];

/** Role of Data Lifecycle Manager, for policies of this account and Region only. */
export function snapshotRole(scope: Construct): InlineRole {
  const { account } = Stack.of(scope);
  const policies = Stack.of(scope).formatArn({ service: 'dlm', resource: 'policy', resourceName: '*' });
  return new InlineRole(scope, 'Role', {
    assumedBy: new iam.ServicePrincipal('dlm.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': policies } },
    }),
    description: 'Lets Data Lifecycle Manager make and delete snapshots',
    path: rolePath(scope),
  });
}

/**
 * Grants the permissions of AWS's policy for this role (`AWSDataLifecycleManagerServiceRole`), without the EventBridge rules
 * that other kinds of policies need, and for volumes and instances of this account only. Snapshots are those of every
 * Region, for copies.
 */
export function grantSnapshots(scope: Construct, role: iam.IRole, instances: boolean): void {
  const ec2 = (resource: string, of: { region?: string; account?: string } = {}) =>
    Stack.of(scope).formatArn({ service: 'ec2', resource, resourceName: '*', ...of });
  const snapshots = ec2('snapshot', { region: '*', account: '*' });
  const sources = [ec2('volume'), ...(instances ? [ec2('instance')] : [])];
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ANYWHERE, resources: ['*'] }));
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: CREATE, resources: [...sources, snapshots] }));
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: MANAGE, resources: [snapshots] }));
  const reason = 'The tags of the policy select volumes and snapshots; some actions have no resources.';
  explain(role, reason, ['*', ...sources, snapshots]);
  if (role instanceof InlineRole) acknowledgeCompliance(role, [{ checkov: 'CKV_AWS_111', reason }]);
}

/** Grants the use of a key for volumes and snapshots. */
export function grantKey(role: iam.IRole, key: kms.IKey): void {
  const resources = [key.keyArn];
  role.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      resources,
    }),
  );
  role.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: ['kms:CreateGrant'],
      resources,
      conditions: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
    }),
  );
}

/** Grants the permissions of AWS's policy `AWSDataLifecycleManagerSSMFullAccess` to run scripts, for these documents only. */
export function grantScripts(scope: Construct, role: iam.IRole, scripts: readonly SnapshotScripts[]): void {
  if (scripts.length === 0) return;
  const stack = Stack.of(scope);
  const instances = stack.formatArn({ service: 'ec2', resource: 'instance', resourceName: '*' });
  const documents = scripts.map(({ _document, _ownedByAws }) =>
    !Token.isUnresolved(_document) && _document.startsWith('arn:')
      ? _document
      : stack.formatArn({
          service: 'ssm',
          resource: 'document',
          resourceName: _document,
          arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
          ...(_ownedByAws ? { account: '*' } : {}),
        }),
  );
  const resources = [...new Set(documents)];
  role.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: ['ssm:DescribeInstanceInformation', 'ssm:GetCommandInvocation', 'ssm:ListCommands'],
      resources: ['*'],
    }),
  );
  role.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: ['ssm:DescribeDocument', 'ssm:GetDocument', 'ssm:SendCommand'],
      resources,
    }),
  );
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['ssm:SendCommand'], resources: [instances] }));
  const reason = 'The tags of the policy select instances. The ARNs of AWS documents contain an account of AWS.';
  explain(role, reason, [...resources.filter((arn) => arn.includes('*')), instances]);
}

/** Acknowledges wildcards, except in a role of the user's. */
function explain(role: iam.IRole, reason: string, wildcards: readonly string[]): void {
  if (role instanceof InlineRole) acknowledgeWildcards(role, reason, wildcards);
}
