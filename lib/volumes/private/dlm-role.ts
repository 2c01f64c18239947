import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { SnapshotScripts } from '../snapshot-scripts';
import { acknowledgeWildcards } from '../../private/acknowledge';
import { InlineRole } from '../../private/inline-role';
import { rolePath } from '../../private/names';

/** What knows no resources, or did not always. */
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
/** Those for features that no schedule uses, too: DLM also ends what a schedule of yesterday began. */
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
 * Allows what AWS's policy for this role (`AWSDataLifecycleManagerServiceRole`) allows, without the rules of EventBridge
 * that policies of another kind need, and for volumes and instances of this account only. Snapshots: of every Region, for
 * copies.
 */
export function grantSnapshots(scope: Construct, role: iam.IRole, instances: boolean): void {
  const ec2 = (resource: string, of: { region?: string; account?: string } = {}) =>
    Stack.of(scope).formatArn({ service: 'ec2', resource, resourceName: '*', ...of });
  const snapshots = ec2('snapshot', { region: '*', account: '*' });
  const sources = [ec2('volume'), ...(instances ? [ec2('instance')] : [])];
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ANYWHERE, resources: ['*'] }));
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: CREATE, resources: [...sources, snapshots] }));
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: MANAGE, resources: [snapshots] }));
  const reason = 'Which volumes and snapshots, the tags of the policy decide; some actions know no resources.';
  explain(role, reason, ['*', ...sources, snapshots]);
}

/** Allows to use a key for volumes and snapshots. */
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

/** Allows to run scripts: what AWS's policy `AWSDataLifecycleManagerSSMFullAccess` allows, for these documents only. */
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
  const reason = 'Which instances, the tags of the policy decide. Documents of AWS have its account in their ARN.';
  explain(role, reason, [...resources.filter((arn) => arn.includes('*')), instances]);
}

/** A role of the user's is the user's to explain. */
function explain(role: iam.IRole, reason: string, wildcards: readonly string[]): void {
  if (role instanceof InlineRole) acknowledgeWildcards(role, reason, wildcards);
}
