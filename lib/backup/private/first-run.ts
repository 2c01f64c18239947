import { Annotations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { IConstruct, IDependable } from 'constructs';
import { acknowledgeCompliance } from '../../private/acknowledge';
import { fault } from '../../private/fault';

/** Subnets of the tasks when none are named. Refuses a VPC without such subnets. */
export function defaultSubnets(scope: IConstruct, vpc: ec2.IVpc): ec2.SubnetSelection {
  if (vpc.privateSubnets.length === 0) {
    fault(
      scope,
      `vpc must have private subnets with a way out, got: ${vpc.node.path} without any: name other subnets in vpcSubnets: public ones, where tasks get a public address (assignPublicIp) and accept no connections, or isolated ones with VPC endpoints`,
    );
  }
  return { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS };
}

/** Returns the way out of the subnets: without it, the first task could not even pull its image. */
export function wayOut(scope: IConstruct, vpc: ec2.IVpc, vpcSubnets?: ec2.SubnetSelection): IDependable {
  const selection = vpcSubnets ?? defaultSubnets(scope, vpc);
  const { subnetIds, internetConnectivityEstablished } = vpc.selectSubnets(selection);
  if (subnetIds.length > 16) {
    fault(
      scope,
      `vpcSubnets must be at most 16 subnets, got: ${subnetIds.length}: EventBridge Scheduler takes no more`,
    );
  }
  return internetConnectivityEstablished;
}

/** Lets the task into the database, and returns the rules that this created. */
export function letIn(
  task: IConstruct & ec2.IConnectable,
  database: ec2.IConnectable,
  description: string,
): IConstruct[] {
  if (database.connections.securityGroups.length === 0) {
    Annotations.of(task).addWarningV2(
      'proven-backups:databaseWithoutSecurityGroup',
      'no security group of the database is known, so no rule lets the backup in: import the database with its securityGroups, or add the rule yourself and acknowledge this warning',
    );
  }
  const groups = [task, database].flatMap(({ connections }): ec2.ISecurityGroup[] => connections.securityGroups);
  const rules = () => groups.flatMap(({ node }) => node.children);
  const before = new Set(rules());
  task.connections.allowToDefaultPort(database, description);
  const created = rules().filter((rule) => !before.has(rule));
  const reason = 'It lets one security group in, to the port of the database, which is known at deployment only.';
  const findings = ['EC2RestrictedCommonPorts', 'EC2RestrictedSSH'].map((rule) => ({ rule, reason }));
  for (const rule of created) acknowledgeCompliance(rule, findings);
  return created;
}
