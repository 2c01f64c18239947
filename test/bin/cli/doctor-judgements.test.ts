/** What no emulator answers: each judgement on the facts alone. */
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import { judgeFunction, judgeRules, judgeSubscriptions } from '../../../bin/cli/doctor/checks/alarms';
import { judgeEncryption, judgeLifecycle } from '../../../bin/cli/doctor/checks/bucket';
import { judgePolicy } from '../../../bin/cli/doctor/checks/bucket-policy';
import { judgeLastRun } from '../../../bin/cli/doctor/checks/instances';
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
    ...{ Effect: 'Deny', Principal: { AWS: '*' }, Action, Resource: 'arn:aws:s3:::b/*' },
    Condition: { ArnNotLike: { 'aws:PrincipalArn': [`arn:aws:iam::111122223333:role/${path}/*`] } },
  });
  const Statement = [statement('s3:DeleteObject', 'pruning'), statement('s3:DeleteObjectVersion', 'other')];
  const functions = (['prune', 'undelete'] as const).map((kind) =>
    deployed(kind, { Role: 'arn:aws:iam::111122223333:role/pruning/role' }),
  );
  expect(texts(judgePolicy(JSON.stringify({ Statement }), 'b', functions)).slice(5)).toEqual([
    'failed: the policy does not admit the role of shop-undelete, which cannot undelete',
    'warning: the policy denies deleting versions, but not to arn:aws:iam::111122223333:role/other/*, which is no function of ours',
  ]);
});

describe('the policy of a bucket', () => {
  const ROLE = 'arn:aws:iam::111122223333:role';
  const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1a2b';
  const SSE = 's3:x-amz-server-side-encryption';
  const deny = (Action: string, Condition?: object, key = '*') => ({
    ...{ Effect: 'Deny', Principal: '*', Action, Resource: ['arn:aws:s3:::b', `arn:aws:s3:::b/${key}`], Condition },
  });
  const exempting = (...roles: string[]) => ({
    ArnNotLike: { 'aws:PrincipalArn': roles.map((role) => `${ROLE}/${role}`) },
  });
  const STATEMENTS = {
    tls: deny('s3:*', { Bool: { 'aws:SecureTransport': 'false' } }),
    version: deny('s3:*', { NumericLessThan: { 's3:TlsVersion': 1.2 } }),
    key: deny('s3:PutObject', { Null: { [SSE]: 'false' }, StringNotEquals: { [`${SSE}-aws-kms-key-id`]: KEY } }),
    customer: deny('s3:PutObject', { Null: { [`${SSE}-customer-algorithm`]: 'false' } }),
    manifests: deny(
      's3:PutObject',
      { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      '*/manifest.json',
    ),
    deletes: deny('s3:DeleteObject', exempting('pruning/role')),
    versions: deny('s3:DeleteObjectVersion', exempting('pruning/role')),
  };
  const functions = (['prune', 'undelete'] as const).map((kind) => deployed(kind, { Role: `${ROLE}/pruning/role` }));
  const judged = (changes: object = {}) => {
    const Statement = Object.values({ ...STATEMENTS, ...changes });
    return texts(judgePolicy(JSON.stringify({ Statement }), 'b', functions, KEY));
  };

  test('with all denials', () => {
    expect(judged()).toEqual(['ok: the policy has its denials']);
    expect(judged({ more: deny('s3:DeleteObject', exempting('pruning/*')) })).toEqual([
      'ok: the policy has its denials',
    ]);
  });

  const NOT_TLS = 'failed: the policy does not deny requests without TLS';
  const NO_KEY = 'failed: the policy does not deny other keys';
  const ANYBODY = (pattern: string) =>
    `failed: the policy denies deleting objects, but not to ${pattern}, which fits others too`;
  test.each<[string, object, string]>([
    ['of requests with TLS', { tls: deny('s3:*', { Bool: { 'aws:SecureTransport': 'true' } }) }, NOT_TLS],
    [
      'to one role',
      { tls: deny('s3:*', { Bool: { 'aws:SecureTransport': 'false' }, ArnEquals: { 'aws:PrincipalArn': ROLE } }) },
      NOT_TLS,
    ],
    ['of one prefix', { tls: deny('s3:*', { Bool: { 'aws:SecureTransport': 'false' } }, 'shop/*') }, NOT_TLS],
    [
      'of TLS older than 1.0',
      { version: deny('s3:*', { NumericLessThan: { 's3:TlsVersion': '1.0' } }) },
      'failed: the policy does not deny TLS older than 1.2',
    ],
    ['of the key itself', { key: deny('s3:PutObject', { StringEquals: { [`${SSE}-aws-kms-key-id`]: KEY } }) }, NO_KEY],
    [
      'of all but another key',
      { key: deny('s3:PutObject', { StringNotEquals: { [`${SSE}-aws-kms-key-id`]: 'x/y' } }) },
      NO_KEY,
    ],
    [
      'of the manifests of one source',
      { manifests: { ...STATEMENTS.manifests, Resource: 'arn:aws:s3:::b/shop/*/manifest.json' } },
      'failed: the policy does not deny overwriting manifests',
    ],
    [
      'of deletes to nobody',
      { deletes: deny('s3:DeleteObject', { ArnNotLike: { 'aws:PrincipalArn': '*' } }) },
      ANYBODY('*'),
    ],
    ['of deletes to nobody of the account', { deletes: deny('s3:DeleteObject', exempting('*')) }, ANYBODY(`${ROLE}/*`)],
    [
      'of deletes to one role',
      { deletes: deny('s3:DeleteObject', { ArnLike: { 'aws:PrincipalArn': 'x' } }) },
      'failed: the policy does not deny deleting objects',
    ],
    [
      'of deletes not to an administrator',
      { deletes: deny('s3:DeleteObject', exempting('pruning/role', 'Admin')) },
      `warning: the policy denies deleting objects, but not to ${ROLE}/Admin, which is no function of ours`,
    ],
  ])('with a denial %s', (_, changes, expected) => {
    expect(judged(changes)).toEqual([expected]);
  });
});

describe('lifecycle rules', () => {
  const rule = (days: number, changes: object = {}) => ({
    ...{ Status: 'Enabled' as const, Filter: { Prefix: '' } },
    ...{
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 8 },
      NoncurrentVersionExpiration: { NoncurrentDays: days },
    },
    ...changes,
  });
  const GONE = 'which nobody can bring back then, after 1 days';

  test.each([
    [[rule(14)], ['ok: what was deleted can be brought back for 14 days']],
    [[rule(1)], [`warning: a rule removes what was deleted, ${GONE}`]],
    [[rule(14), rule(1, { Filter: { Prefix: 'shop/' } })], [`warning: a rule removes what was deleted, ${GONE}`]],
    [
      [rule(14, { Filter: { Prefix: 'shop/' } })],
      [
        'failed: no rule for the whole bucket aborts unfinished uploads: their parts stay, and cost, for ever',
        'failed: no rule for the whole bucket removes old versions: deleted backups stay, and cost, for ever',
      ],
    ],
    [
      [rule(14, { NoncurrentVersionExpiration: { NoncurrentDays: 14, NewerNoncurrentVersions: 5 } })],
      ['failed: no rule for the whole bucket removes old versions: deleted backups stay, and cost, for ever'],
    ],
    [
      [rule(14, { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } })],
      ['warning: a rule aborts uploads, of runs that may take seven, after 7 days'],
    ],
  ])('%j', (rules, expected) => {
    expect(texts(judgeLifecycle(rules, 'b'))).toEqual(expected);
  });
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
    [
      'a way out over IPv6 alone, which no image comes over',
      routed([{ DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: 'eigw-1', State: 'active' }]),
      {},
      'failed: the subnet subnet-1 has a way out over IPv6 alone, and no VPC endpoint for s3, logs, ecr.api, ecr.dkr, secretsmanager',
    ],
    [
      'a subnet without IPv4',
      {
        ...routed([{ DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: 'eigw-1', State: 'active' }]),
        subnets: [{ ...SUBNET, Ipv6Native: true }],
      },
      {},
      'warning: the subnet subnet-1 has a way out over IPv6 alone, and no VPC endpoint for s3, logs, ecr.api, ecr.dkr, secretsmanager',
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

describe('the queues of the notify function', () => {
  const mapping = (name: string) => ({ EventSourceArn: `arn:aws:sqs:eu-west-1:111122223333:${name}`, UUID: name });
  const dead = { Environment: { Variables: { ALARM_DEAD_LETTERS: mapping('dead').EventSourceArn } } };
  test.each<[string[], object, string]>([
    [['events', 'dead'], dead, 'ok: reads its queues'],
    [['events'], {}, 'ok: reads its queues'],
    [['dead'], dead, 'failed: no queue of events invokes it, so nobody is told anything'],
    [[], {}, 'failed: no queue of events invokes it, so nobody is told anything'],
    [
      ['events'],
      dead,
      'failed: it does not read the dead letters of the schedules, so nobody is told that none started',
    ],
  ])('%j of %j', (names, configuration, expected) => {
    const queues = { of: 'notify', fact: { value: names.map(mapping) } };
    expect(texts(judgeFunction({ ...deployed('notify', configuration), queues }))).toEqual([expected]);
  });
});

test('rules that are disabled or gone', () => {
  const rule = (type: string, State: 'ENABLED' | 'DISABLED') => ({
    ...{ Name: `Shop-${type}`, Description: `All of ${type}`, State },
    EventPattern: JSON.stringify({ 'detail-type': [type] }),
  });
  expect(texts(judgeRules([rule('A', 'ENABLED'), rule('B', 'DISABLED')], 'b', ['A', 'B', 'C']))).toEqual([
    'failed: no rule sends events "C" to the alarms: nobody is told of them',
    'ok: is enabled',
    'failed: the rule is disabled: nobody is told of "All of B"',
  ]);
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

describe('a run on an instance', () => {
  const schedule = (DocumentName: string) => ({
    ...{ State: 'ENABLED' as const, ScheduleExpression: 'rate(1 day)' },
    Target: {
      ...{ Arn: 'arn:aws:scheduler:::aws-sdk:ssm:sendCommand', RoleArn: 'r' },
      Input: JSON.stringify({ DocumentName }),
    },
  });
  const commands = [{ source: 'shop', command: { document: 'Shop-shop', logGroup: 'Log', instanceId: 'i-1' } }];

  test('has the schedule that sends its document', () => {
    expect(texts(judgeSchedules([schedule('Shop-shop')], [], [], commands))).toEqual(['ok: rate(1 day)']);
    expect(texts(judgeSchedules([schedule('Other')], [], [], commands))).toEqual(['failed: no schedule starts it']);
  });

  test.each([
    [undefined, []],
    [0, []],
    [11, []],
    [101, ['failed: the last run on instance i-1 did not start: Docker is missing, or does not answer']],
    [102, ['failed: the last run on instance i-1 did not start: the AWS CLI is missing']],
    [
      103,
      [
        'failed: the last run on instance i-1 did not start: its role may not take on the roles of the run: it was replaced, or another one was attached',
      ],
    ],
    [108, []],
  ])('whose last one ended with %s', (ResponseCode, expected) => {
    expect(texts(judgeLastRun({ InstanceId: 'i-1', CommandPlugins: [{ ResponseCode }] }, 'shop'))).toEqual(expected);
  });
});
