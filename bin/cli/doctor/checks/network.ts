/** Subnets of the tasks: a way out, and security groups that use it. */
import type { IpPermission, Route, RouteTable, SecurityGroup, Subnet, VpcEndpoint } from '@aws-sdk/client-ec2';
import {
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVpcEndpoints,
} from '@aws-sdk/client-ec2';
import type { Check } from '../check';
import type { Deployment, DeployedTask } from '../deployment';
import { all, containerOf, secretArns } from '../deployment';
import type { Finding } from '../finding';
import { DEPLOY, failed, judge, notChecked, ok, valueOf, warning } from '../finding';
import { ecrImage } from './tasks';

/** Everything of EC2 that the tasks use. */
export interface Network {
  readonly subnets: readonly Subnet[];
  readonly routeTables: readonly RouteTable[];
  readonly endpoints: readonly VpcEndpoint[];
  readonly groups: readonly SecurityGroup[];
}

const ACTIONS = 'ec2:DescribeSubnets, ec2:DescribeRouteTables, ec2:DescribeVpcEndpoints, ec2:DescribeSecurityGroups';

export const network: Check = {
  id: 'network',
  title: 'the tasks have a way out to AWS',
  needs: ['allTasks'],
  run: async (deployment) => {
    const tasks = await deployment.allTasks();
    if (tasks.length === 0) return [];
    const found = await deployment.thing('the subnets of the tasks', ACTIONS, () => describe(deployment, tasks));
    return judge(found, (value) => tasks.flatMap((task) => judgeNetwork(task, value!)));
  },
};

async function describe({ aws }: Deployment, tasks: readonly DeployedTask[]): Promise<Network> {
  const client = aws.ec2();
  // A filter, because one id that does not exist fails the whole request.
  const by = (Name: string, ids: readonly (string | undefined)[]) => ({
    Filters: [{ Name, Values: [...new Set(ids)].filter((id) => id !== undefined) }],
  });
  const ids = tasks.flatMap(({ task }) => task.subnets);
  const subnets = await all(paginateDescribeSubnets({ client }, by('subnet-id', ids)), 'Subnets');
  if (subnets.length === 0) return { subnets, routeTables: [], endpoints: [], groups: [] };
  const inVpcs = by(
    'vpc-id',
    subnets.map(({ VpcId }) => VpcId),
  );
  return {
    subnets,
    routeTables: await all(paginateDescribeRouteTables({ client }, inVpcs), 'RouteTables'),
    endpoints: await all(paginateDescribeVpcEndpoints({ client }, inVpcs), 'VpcEndpoints'),
    groups: await all(paginateDescribeSecurityGroups({ client }, inVpcs), 'SecurityGroups'),
  };
}

const MORE = 'docs/networking.md';

/** What the task needs to reach is in docs/networking.md. The database is not asked: only the task itself reaches it. */
export function judgeNetwork(task: DeployedTask, found: Network): Finding[] {
  const { subnets, securityGroups } = task.task;
  const known = subnets.filter((id) => found.subnets.some(({ SubnetId }) => SubnetId === id));
  const gone = subnets.filter((id) => !known.includes(id));
  const findings = [
    ...gone.map((id) =>
      failed(task.of, `the subnet ${id} does not exist`, 'name other subnets in vpcSubnets, and deploy'),
    ),
    ...known.flatMap((id) =>
      judgeSubnet(
        found.subnets.find(({ SubnetId }) => SubnetId === id)!,
        task,
        found,
      ),
    ),
    // Those of a VPC of which no subnet is left are not looked at.
    ...(known.length > 0 ? judgeGroups(task.of, securityGroups, found.groups) : []),
  ];
  return findings.length > 0 ? findings : [ok(task.of, 'has a way out')];
}

function judgeSubnet(subnet: Subnet, task: DeployedTask, { routeTables, endpoints }: Network): Finding[] {
  const { of } = task;
  const id = subnet.SubnetId!;
  const table = routeTableOf(subnet, routeTables);
  // Those of a VPC that another account shares may be hidden.
  if (!table) return [notChecked(of, `no route table of subnet ${id} can be seen`)];
  const out = table.Routes?.find(leadsOut);
  if (out?.State === 'blackhole') {
    const target = out.NatGatewayId ?? out.GatewayId ?? out.TransitGatewayId ?? out.NetworkInterfaceId ?? 'something';
    const finding = `the way out of subnet ${id} leads to ${target}, which is gone`;
    return [failed(of, finding, 'restore it, or change the route')];
  }
  const isPublic = out?.GatewayId?.startsWith('igw-');
  if (out && (!isPublic || task.task.publicIp)) return [];
  const definition = valueOf(task);
  const needed = [
    ...['s3', 'logs'],
    ...(ecrImage(containerOf(definition)?.image) ? ['ecr.api', 'ecr.dkr'] : []),
    ...(secretArns(definition).length > 0 ? ['secretsmanager'] : []),
  ];
  const missing = needed.filter((service) => !endpoints.some((one) => serves(one, service, subnet, table)));
  if (missing.length === 0) return [];
  if (isPublic) {
    const finding = `the subnet ${id} is public, but its tasks have no public address`;
    return [failed(of, finding, `set assignPublicIp, or use private subnets: ${MORE}`)];
  }
  // Fargate pulls images over IPv4 wherever it has it, and not every endpoint of AWS has IPv6.
  const hasIpv6 = table.Routes?.some(({ DestinationIpv6CidrBlock }) => /\/[01]$/.test(DestinationIpv6CidrBlock ?? ''));
  const way = hasIpv6 ? 'has a way out over IPv6 alone' : 'has no way out';
  const finding = `the subnet ${id} ${way}, and no VPC endpoint for ${missing.join(', ')}`;
  const judged = hasIpv6 && subnet.Ipv6Native ? warning : failed;
  return [judged(of, finding, `add a route to a NAT gateway, or the endpoints: ${MORE}`)];
}

/** To everything of IPv4, or to one half of it: appliances split the default route. A prefix list may hold everything. */
const leadsOut = ({ DestinationCidrBlock, DestinationPrefixListId, GatewayId }: Route): boolean =>
  /\/[01]$/.test(DestinationCidrBlock ?? '') ||
  (DestinationPrefixListId !== undefined && !GatewayId?.startsWith('vpce-'));

/** Its own, or else the main one of its VPC. */
function routeTableOf({ SubnetId, VpcId }: Subnet, tables: readonly RouteTable[]): RouteTable | undefined {
  const own = tables.find(({ Associations = [] }) => Associations.some((one) => one.SubnetId === SubnetId));
  return own ?? tables.find((one) => one.VpcId === VpcId && one.Associations?.some(({ Main }) => Main));
}

/** An interface serves the whole VPC, a gateway the subnets of its route tables. */
function serves(endpoint: VpcEndpoint, service: string, { VpcId }: Subnet, { RouteTableId }: RouteTable): boolean {
  const { ServiceName, State, VpcEndpointType, RouteTableIds = [], PrivateDnsEnabled } = endpoint;
  if (endpoint.VpcId !== VpcId || !ServiceName?.endsWith(`.${service}`)) return false;
  if (State?.toLowerCase() !== 'available') return false;
  return VpcEndpointType === 'Gateway' ? RouteTableIds.includes(RouteTableId!) : PrivateDnsEnabled !== false;
}

function judgeGroups(of: string, ids: readonly string[], groups: readonly SecurityGroup[]): Finding[] {
  const own = groups.filter(({ GroupId }) => ids.includes(GroupId!));
  const gone = ids.filter((id) => !own.some(({ GroupId }) => GroupId === id));
  if (gone.length > 0) return [failed(of, `security groups do not exist: ${gone.join(', ')}`, DEPLOY)];
  if (own.some(({ IpPermissionsEgress = [] }) => IpPermissionsEgress.some(letsHttpsOut))) return [];
  return [failed(of, `no security group lets port 443 out: ${ids.join(', ')}`, `add an outgoing rule: ${MORE}`)];
}

const letsHttpsOut = ({ IpProtocol, FromPort = 0, ToPort = 65_535 }: IpPermission): boolean =>
  IpProtocol === '-1' || (IpProtocol === 'tcp' && FromPort <= 443 && ToPort >= 443);
