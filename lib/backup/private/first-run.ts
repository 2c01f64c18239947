import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { IConstruct, IDependable } from 'constructs';
import { fault } from '../../private/fault';

/** Subnets of the tasks when none are named. */
export const DEFAULT_SUBNETS: ec2.SubnetSelection = { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS };

/** The way out of the subnets: without it, the first task could not even pull its image. */
export function wayOut(scope: IConstruct, vpc: ec2.IVpc, vpcSubnets = DEFAULT_SUBNETS): IDependable {
  const { subnetIds, internetConnectivityEstablished } = vpc.selectSubnets(vpcSubnets);
  if (subnetIds.length > 16) {
    fault(
      scope,
      `vpcSubnets must be at most 16 subnets, got: ${subnetIds.length}: EventBridge Scheduler takes no more`,
    );
  }
  return internetConnectivityEstablished;
}

/** Lets the task in; answers with the rules that this took. */
export function letIn(task: ec2.IConnectable, database: ec2.IConnectable, description: string): IConstruct[] {
  const groups = [task, database].flatMap(({ connections }): ec2.ISecurityGroup[] => connections.securityGroups);
  const rules = () => groups.flatMap(({ node }) => node.children);
  const before = new Set(rules());
  task.connections.allowToDefaultPort(database, description);
  return rules().filter((rule) => !before.has(rule));
}
