import { Annotations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { BoundDatabase } from '../../database/private/bound-database';

/** Security groups of a backup's task: those that may reach the database already, or else one that is created. */
export function securityGroupsOf(
  scope: Construct,
  vpc: ec2.IVpc,
  source: string,
  database: BoundDatabase,
  given: ec2.ISecurityGroup[] = [],
): ec2.ISecurityGroup[] {
  const groups = [...new Set([...(database.securityGroups ?? []), ...given])];
  if (groups.length > 0) return groups;
  const group = new ec2.SecurityGroup(scope, 'SecurityGroup', { vpc, description: `Backup of ${source}` });
  // Rules belong to this stack, so that a database in another stack does not depend on its backup.
  const reason = 'The group lets everything out already.';
  // Of the backup, not of the group: older versions of the CDK look at what is above only.
  Annotations.of(scope).acknowledgeWarning('@aws-cdk/aws-ec2:ipv4IgnoreEgressRule', reason);
  return [group];
}
