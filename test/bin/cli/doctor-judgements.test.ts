/** What no emulator answers: each judgement on the facts alone. */
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import { judgeFunction, judgeSubscriptions } from '../../../bin/cli/doctor/checks/alarms';
import { judgeEncryption, judgePolicy } from '../../../bin/cli/doctor/checks/bucket';
import { judgeKey, judgeKeyPolicy } from '../../../bin/cli/doctor/checks/keys';
import type { Network } from '../../../bin/cli/doctor/checks/network';
import { judgeNetwork } from '../../../bin/cli/doctor/checks/network';
import { judgeQuota } from '../../../bin/cli/doctor/checks/quotas';
import { judgeSchedules } from '../../../bin/cli/doctor/checks/schedules';
import { ecrImage, judgeSecret } from '../../../bin/cli/doctor/checks/tasks';
import type { DeployedFunction, DeployedTask } from '../../../bin/cli/doctor/deployment';
import type { Finding } from '../../../bin/cli/doctor/finding';
import { CONTAINER_NAME } from '../../../catalog/contract/task';

/** `failed: the key does not exist` */
const texts = (findings: Finding | readonly Finding[]): string[] =>
  [findings].flat().map(({ result, finding }) => `${result}: ${finding}`);
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-AbCdEf';
const IMAGE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/assets:1';

const dump = (changes: Partial<DeployedTask['task']> = {}, definition: TaskDefinition = {}): DeployedTask => ({
  of: 'shop',
  source: 'shop',
  task: {
    family: 'Shop-shop',
    cluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/Shop',
    subnets: ['subnet-1'],
    securityGroups: ['sg-1'],
    publicIp: false,
    spot: false,
    logGroup: 'Log',
    ...changes,
  },
  fact: {
    value: {
      status: 'ACTIVE',
      containerDefinitions: [
        { name: CONTAINER_NAME, image: IMAGE, secrets: [{ name: 'A', valueFrom: `${SECRET}:username::` }] },
      ],
      ...definition,
    },
  },
});

const deployed = (kind: DeployedFunction['kind'], configuration: object = {}): DeployedFunction => ({
  of: `shop-${kind}`,
  kind,
  fact: { value: { Configuration: configuration } as never },
});

test('a key of somebody else, or one that only the account of AWS knows', () => {
  const keyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1a2b';
  expect(texts(judgeEncryption('b', '1a2b', keyArn))).toEqual(['ok: encrypts with 1a2b']);
  expect(texts(judgeEncryption('b', 'alias/aws/s3', keyArn))).toEqual([
    `failed: its default key is alias/aws/s3, but the backups are written with ${keyArn}`,
  ]);
});

test.each([
  [{ KeyState: 'Disabled' }, 'failed: the key is Disabled: nothing can be written or read'],
  [{ KeyState: 'Enabled' }, 'ok: is enabled'],
  [undefined, 'failed: the key does not exist'],
] as const)('a key that is %j', (metadata, expected) => {
  expect(texts(judgeKey(metadata && { KeyId: 'k', ...metadata }, 'k'))).toEqual([expected]);
});

test.each([
  [[{ AWS: 'arn:aws:iam::111122223333:root' }, { Service: 'logs.x' }], 'ok: its policy admits the account'],
  [[{ AWS: '111122223333' }, { Service: ['logs.x'] }], 'ok: its policy admits the account'],
  [
    [{ AWS: ['arn:aws:iam::111122223333:role/shop'] }, { Service: 'logs.x' }],
    'warning: the policy of the key does not admit the account: what IAM allows does not count',
  ],
  [['*'], 'ok: its policy admits the account'],
  [[{ AWS: '111122223333' }], 'failed: the policy of the key does not admit the service logs'],
])('the policy of a key for %j', (principals, expected) => {
  const Statement = principals.map((Principal) => ({ Effect: 'Allow', Principal, Action: ['kms:De*', 'kms:Enc*'] }));
  const judged = judgeKeyPolicy(JSON.stringify({ Statement }), 'arn:aws:kms:x:111122223333:key/1', ['logs']);
  expect(texts(judged)[0]).toBe(expected);
});

test('a policy that is gone denies nothing', () => {
  const judged = texts(judgePolicy(undefined, 'b', []));
  expect(judged).toHaveLength(7);
  expect(judged).toContain('failed: the policy does not deny deleting versions');
});

test('a policy that exempts roles by their path', () => {
  const statement = (Action: string, path: string) => ({
    ...{ Effect: 'Deny', Principal: { AWS: '*' }, Action },
    Condition: { ArnNotLike: { 'aws:PrincipalArn': [`arn:aws:iam::111122223333:role/${path}/*`] } },
  });
  const Statement = [statement('s3:DeleteObject', 'pruning'), statement('s3:DeleteObjectVersion', 'other')];
  const functions = (['prune', 'undelete'] as const).map((kind) =>
    deployed(kind, { Role: 'arn:aws:iam::111122223333:role/pruning/role' }),
  );
  expect(texts(judgePolicy(JSON.stringify({ Statement }), 'b', functions)).slice(5)).toEqual([
    'failed: the policy does not admit the role of shop-undelete, which cannot undelete',
  ]);
});

describe('network', () => {
  const SUBNET = { SubnetId: 'subnet-1', VpcId: 'vpc-1' };
  const WAY = { DestinationCidrBlock: '0.0.0.0/0' };
  const network = (changes: Partial<Network> = {}): Network => ({
    subnets: [SUBNET],
    routeTables: [{ RouteTableId: 'rtb-1', VpcId: 'vpc-1', Associations: [{ Main: true }], Routes: [] }],
    endpoints: [],
    groups: [{ GroupId: 'sg-1', IpPermissionsEgress: [{ IpProtocol: '-1' }] }],
    ...changes,
  });
  const routed = (Routes: object[]): Partial<Network> => ({
    routeTables: [
      { RouteTableId: 'rtb-0', VpcId: 'vpc-1', Associations: [{ Main: true }], Routes: [] },
      { RouteTableId: 'rtb-1', VpcId: 'vpc-1', Associations: [{ SubnetId: 'subnet-1' }], Routes },
    ],
  });
  const interfaces = (...services: string[]) =>
    services.map((service) => ({
      ...{ VpcId: 'vpc-1', VpcEndpointType: 'Interface' as const, State: 'available' as never },
      ServiceName: `com.amazonaws.eu-west-1.${service}`,
    }));
  const gateway = {
    VpcId: 'vpc-1',
    VpcEndpointType: 'Gateway' as const,
    State: 'available' as never,
    ServiceName: 'com.amazonaws.eu-west-1.s3',
  };
  const ALL = interfaces('logs', 'ecr.api', 'ecr.dkr', 'secretsmanager');

  test.each<[string, Partial<Network>, Partial<DeployedTask['task']>, string]>([
    ['a NAT gateway', routed([{ ...WAY, NatGatewayId: 'nat-1', State: 'active' }]), {}, 'ok: has a way out'],
    ['a transit gateway', routed([{ ...WAY, TransitGatewayId: 'tgw-1', State: 'active' }]), {}, 'ok: has a way out'],
    [
      'a NAT gateway that was deleted',
      routed([{ ...WAY, NatGatewayId: 'nat-1', State: 'blackhole' }]),
      {},
      'failed: the way out of subnet subnet-1 leads to nat-1, which is gone',
    ],
    [
      'an appliance, which halves of the default route lead to',
      routed([{ DestinationCidrBlock: '0.0.0.0/1', NetworkInterfaceId: 'eni-1', State: 'active' }]),
      {},
      'ok: has a way out',
    ],
    [
      'a prefix list to a transit gateway',
      routed([{ DestinationPrefixListId: 'pl-1', TransitGatewayId: 'tgw-1', State: 'active' }]),
      {},
      'ok: has a way out',
    ],
    [
      'the prefix list of a gateway endpoint',
      { ...routed([{ DestinationPrefixListId: 'pl-1', GatewayId: 'vpce-1', State: 'active' }]), endpoints: ALL },
      {},
      'failed: the subnet subnet-1 has no way out, and no VPC endpoint for s3',
    ],
    ['a public address', routed([{ ...WAY, GatewayId: 'igw-1' }]), { publicIp: true }, 'ok: has a way out'],
    [
      'no public address',
      routed([{ ...WAY, GatewayId: 'igw-1' }]),
      {},
      'failed: the subnet subnet-1 is public, but its tasks have no public address',
    ],
    ['all endpoints', { endpoints: [...ALL, { ...gateway, RouteTableIds: ['rtb-1'] }] }, {}, 'ok: has a way out'],
    [
      'a gateway endpoint of another route table',
      { endpoints: [...ALL, { ...gateway, RouteTableIds: ['rtb-9'] }] },
      {},
      'failed: the subnet subnet-1 has no way out, and no VPC endpoint for s3',
    ],
    [
      'an endpoint without private DNS',
      {
        endpoints: [
          ...ALL.map((one) => ({ ...one, PrivateDnsEnabled: false })),
          { ...gateway, RouteTableIds: ['rtb-1'] },
        ],
      },
      {},
      'failed: the subnet subnet-1 has no way out, and no VPC endpoint for logs, ecr.api, ecr.dkr, secretsmanager',
    ],
    [
      'a route table that cannot be seen',
      { routeTables: [] },
      {},
      'not checked: no route table of subnet subnet-1 can be seen',
    ],
    ['no subnet', { subnets: [] }, {}, 'failed: the subnet subnet-1 does not exist'],
  ])('%s', (_, changes, task, expected) => {
    expect(texts(judgeNetwork(dump(task), network(changes)))).toEqual([expected]);
  });

  test.each([
    [
      [{ GroupId: 'sg-1', IpPermissionsEgress: [{ IpProtocol: 'tcp', FromPort: 3306, ToPort: 3306 }] }],
      'failed: no security group lets port 443 out: sg-1',
    ],
    [
      [{ GroupId: 'sg-1', IpPermissionsEgress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }] }],
      'ok: has a way out',
    ],
    [[], 'failed: security groups do not exist: sg-1'],
  ])('security groups %j', (groups, expected) => {
    const found = network({ ...routed([{ ...WAY, NatGatewayId: 'nat-1' }]), groups });
    expect(texts(judgeNetwork(dump(), found))).toEqual([expected]);
  });
});

test('only images in ECR can be looked for', () => {
  expect(ecrImage(IMAGE)).toEqual({
    ...{ registryId: '111122223333', region: 'eu-west-1', repositoryName: 'assets', imageId: { imageTag: '1' } },
  });
  expect(ecrImage(`${IMAGE}@sha256:ab`)?.imageId).toEqual({ imageDigest: 'sha256:ab' });
  expect(ecrImage('mysql:8.4')).toBeUndefined();
});

test('a secret without a value', () => {
  expect(texts(judgeSecret({ VersionIdsToStages: {} }, 's'))).toEqual(['failed: the secret has no value']);
});

test('a schedule that is disabled, and one of another task', () => {
  const schedule = (name: string, State: 'ENABLED' | 'DISABLED') => ({
    ...{ Name: 'nightly', GroupName: 'Shop', State, ScheduleExpression: 'rate(6 hours)' },
    Target: {
      ...{ Arn: 'cluster', RoleArn: 'role' },
      EcsParameters: { TaskDefinitionArn: `arn:aws:ecs:x:task-definition/${name}` },
    },
  });
  const judged = (...all: object[]) => texts(judgeSchedules(all, [dump()], []));
  const disabled = schedule('Shop-shop', 'DISABLED');
  expect(judged(disabled, schedule('Shop-shop:1', 'ENABLED'))).toEqual(['ok: rate(6 hours)']);
  expect(judged(disabled)).toEqual(['failed: the schedule Shop/nightly is disabled: nothing starts it']);
  expect(judged(schedule('Shop-shop_prove:1', 'ENABLED'))).toEqual(['failed: no schedule starts it']);
});

test.each([
  [{ State: 'Failed', StateReason: 'no' }, 'failed: the function is in state Failed: no'],
  [{ State: 'Inactive' }, 'ok: can run'],
])('a function that is %j', (configuration, expected) => {
  expect(texts(judgeFunction(deployed('measure', configuration)))).toEqual([expected]);
});

test('one reader is enough', () => {
  const list = [
    { SubscriptionArn: 'arn:aws:sns:x', Endpoint: 'ops@example.com' },
    { SubscriptionArn: 'PendingConfirmation', Endpoint: 'new@example.com' },
  ];
  expect(texts(judgeSubscriptions(list, 't'))).toEqual(['warning: not confirmed by new@example.com']);
});

test.each([
  [6, [1, 1], 'ok: 2 of 6'],
  [6, [1, 2, 4], 'warning: if all backups start at once, they need 7 of 6: some may start late or never'],
  [10, [8, 1], 'warning: if all backups start at once, they need 9 of 10: some may start late or never'],
  [2, [4], 'failed: the quota is 2, but a task needs 4: it never starts'],
])('a quota of %d for tasks of %j', (most, tasks, expected) => {
  expect(texts(judgeQuota('Fargate', most, tasks))).toEqual([expected]);
});
