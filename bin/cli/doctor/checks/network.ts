/** Subnets of the tasks: a way out, and security groups that use it. */
import type { IpPermission, Route, RouteTable, SecurityGroup, Subnet, VpcEndpoint } from '@aws-sdk/client-ec2';
import {
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVpcEndpoints,
} from '@aws-sdk/client-ec2';
import { check } from '../check';
import type { DumpTask } from '../deployment';
import { all, containerOf, secretArns } from '../deployment';
import type { Fact, Finding } from '../finding';
import { DEPLOY, failed, judge, ok, unknown, valueOf } from '../finding';

/** Everything of EC2 that the tasks use. */
export interface Network {
  readonly subnets: readonly Subnet[];
  readonly routeTables: readonly RouteTable[];
  readonly endpoints: readonly VpcEndpoint[];
  readonly groups: readonly SecurityGroup[];
}

/** The tasks, and their network. */
export interface NetworkFacts {
  readonly tasks: readonly DumpTask[];
  readonly network: Fact<Network>;
}

const ACTIONS = [
  'ec2:DescribeSubnets',
  'ec2:DescribeRouteTables',
  'ec2:DescribeVpcEndpoints',
  'ec2:DescribeSecurityGroups',
];

export const network = check(
  'network',
  'the tasks have a way out to AWS',
  async (deployment): Promise<NetworkFacts> => {
    const tasks = await deployment.tasks();
    const client = deployment.aws.ec2();
    // Filters, because one id that does not exist fails the whole request.
    const by = (Name: string, values: readonly string[]) => ({ Filters: [{ Name, Values: [...new Set(values)] }] });
    const describe = async (): Promise<Network> => {
      const subnetIds = tasks.flatMap(({ task }) => task.subnets);
      const subnets = await all(paginateDescribeSubnets({ client }, by('subnet-id', subnetIds)), 'Subnets');
      const vpcs =
        subnets.length > 0
          ? by(
              'vpc-id',
              subnets.map(({ VpcId }) => VpcId!),
            )
          : {};
      const groups = by(
        'group-id',
        tasks.flatMap(({ task }) => task.securityGroups),
      );
      return {
        subnets,
        routeTables: await all(paginateDescribeRouteTables({ client }, vpcs), 'RouteTables'),
        endpoints: await all(paginateDescribeVpcEndpoints({ client }, vpcs), 'VpcEndpoints'),
        groups: await all(paginateDescribeSecurityGroups({ client }, groups), 'SecurityGroups'),
      };
    };
    if (tasks.length === 0) return { tasks, network: { value: undefined } };
    return { tasks, network: await deployment.fact('look at the subnets of the tasks', ACTIONS.join(', '), describe) };
  },
  judgeNetwork,
);

const MORE = 'docs/networking.md';

/** What the task needs to reach is in docs/networking.md. The database is not asked: only the task itself reaches it. */
export function judgeNetwork({ tasks, network: fact }: NetworkFacts): Finding[] {
  return tasks.flatMap((task) =>
    judge({ of: task.of, fact }, (found, of) => {
      const faults = [
        ...task.task.subnets.map((id) => subnetFault(id, task, found!)),
        groupsFault(task.task.securityGroups, found!.groups),
      ].filter((fault) => fault !== undefined);
      // Those of a VPC that another account shares may be hidden.
      const hidden = found!.subnets
        .filter((subnet) => task.task.subnets.includes(subnet.SubnetId!) && !routeTableOf(subnet, found!.routeTables))
        .map(({ SubnetId }) => unknown(of, `no route table of subnet ${SubnetId} can be seen`));
      const findings = [...faults.map((fault) => failed(of, ...fault)), ...hidden];
      return findings.length > 0 ? findings : ok(of, 'has a way out');
    }),
  );
}

type Fault = readonly [finding: string, action: string];

function subnetFault(id: string, { task, fact }: DumpTask, found: Network): Fault | undefined {
  const subnet = found.subnets.find(({ SubnetId }) => SubnetId === id);
  if (!subnet) return [`the subnet ${id} does not exist`, 'name other subnets in vpcSubnets, and deploy'];
  const table = routeTableOf(subnet, found.routeTables);
  if (!table) return undefined;
  const out = table.Routes?.find(
    ({ DestinationCidrBlock: v4, DestinationIpv6CidrBlock: v6 }) => v4 === '0.0.0.0/0' || v6 === '::/0',
  );
  if (out?.State === 'blackhole') {
    return [`the way out of subnet ${id} leads to ${targetOf(out)}, which is gone`, 'restore it, or change the route'];
  }
  if (out && !out.GatewayId?.startsWith('igw-')) return undefined;
  if (out && task.publicIp) return undefined;
  const definition = valueOf(fact);
  const needed = [
    's3',
    'logs',
    ...(/\.dkr\.ecr\./.test(containerOf(definition)?.image ?? '') ? ['ecr.api', 'ecr.dkr'] : []),
    ...(secretArns(definition).length > 0 ? ['secretsmanager'] : []),
  ];
  const missing = needed.filter((service) => !hasEndpoint(service, subnet, table, found.endpoints));
  if (missing.length === 0) return undefined;
  if (out) {
    return [
      `the subnet ${id} is public, but its tasks have no public address`,
      `set assignPublicIp, or use private subnets: ${MORE}`,
    ];
  }
  return [
    `the subnet ${id} has no way out, and no VPC endpoint for ${missing.join(', ')}`,
    `add a route to a NAT gateway, or the endpoints: ${MORE}`,
  ];
}

const targetOf = ({ NatGatewayId, GatewayId, TransitGatewayId, NetworkInterfaceId }: Route): string =>
  NatGatewayId ?? GatewayId ?? TransitGatewayId ?? NetworkInterfaceId ?? 'something';

/** Its own, or else the main one of its VPC. */
function routeTableOf({ SubnetId, VpcId }: Subnet, tables: readonly RouteTable[]): RouteTable | undefined {
  const associated = ({ Associations = [] }: RouteTable) => Associations.some((one) => one.SubnetId === SubnetId);
  const main = ({ Associations = [], VpcId: vpc }: RouteTable) =>
    vpc === VpcId && Associations.some(({ Main }) => Main);
  return tables.find(associated) ?? tables.find(main);
}

function hasEndpoint(
  service: string,
  { VpcId }: Subnet,
  table: RouteTable,
  endpoints: readonly VpcEndpoint[],
): boolean {
  return endpoints.some((endpoint) => {
    if (endpoint.VpcId !== VpcId || !endpoint.ServiceName?.endsWith(`.${service}`)) return false;
    if (endpoint.State?.toLowerCase() !== 'available') return false;
    if (endpoint.VpcEndpointType !== 'Gateway') return endpoint.PrivateDnsEnabled !== false;
    return Boolean(endpoint.RouteTableIds?.includes(table.RouteTableId!));
  });
}

function groupsFault(ids: readonly string[], groups: readonly SecurityGroup[]): Fault | undefined {
  const own = groups.filter(({ GroupId }) => ids.includes(GroupId!));
  const gone = ids.filter((id) => !own.some(({ GroupId }) => GroupId === id));
  if (gone.length > 0) return [`security groups do not exist: ${gone.join(', ')}`, DEPLOY];
  if (own.some(({ IpPermissionsEgress = [] }) => IpPermissionsEgress.some(letsHttpsOut))) return undefined;
  return [`no security group lets port 443 out: ${ids.join(', ')}`, `add an outgoing rule: ${MORE}`];
}

const letsHttpsOut = ({ IpProtocol, FromPort = 0, ToPort = 65_535 }: IpPermission): boolean =>
  IpProtocol === '-1' || (IpProtocol === 'tcp' && FromPort <= 443 && ToPort >= 443);
