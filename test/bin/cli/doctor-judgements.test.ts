/** What no emulator answers: each judgement on the facts alone. */
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import { judgeDeadLetters, judgeSubscriptions } from '../../../bin/cli/doctor/checks/alarms';
import { judgeEncryption, judgeVersioning } from '../../../bin/cli/doctor/checks/bucket';
import { judgePolicy } from '../../../bin/cli/doctor/checks/bucket-policy';
import { judgeFunctions } from '../../../bin/cli/doctor/checks/functions';
import { judgeKeys } from '../../../bin/cli/doctor/checks/keys';
import { judgeLifecycle } from '../../../bin/cli/doctor/checks/lifecycle';
import type { Network } from '../../../bin/cli/doctor/checks/network';
import { judgeNetwork } from '../../../bin/cli/doctor/checks/network';
import { judgePermissions } from '../../../bin/cli/doctor/checks/permissions';
import { judgeQuotas } from '../../../bin/cli/doctor/checks/quotas';
import { judgeSchedules } from '../../../bin/cli/doctor/checks/schedules';
import { judgeSnapshotPolicies } from '../../../bin/cli/doctor/checks/snapshot-policies';
import { judgeFileSystems } from '../../../bin/cli/doctor/checks/storage';
import { ecrImage, judgeSecrets } from '../../../bin/cli/doctor/checks/tasks';
import type { DeployedFunction, DumpTask } from '../../../bin/cli/doctor/deployment';
import type { Fact, Finding } from '../../../bin/cli/doctor/finding';
import { CONTAINER_NAME } from '../../../catalog/contract/task';

const is = <T>(value: T | undefined): Fact<T> => ({ value });
/** `failed: the key does not exist` */
const texts = (findings: readonly Finding[]): string[] =>
  findings.map(({ result, finding }) => `${result}: ${finding}`);
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-AbCdEf';
const IMAGE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/assets:1';

const dump = (changes: Partial<DumpTask['task']> = {}, definition: TaskDefinition = {}): DumpTask => ({
  of: 'shop',
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
  fact: is<TaskDefinition>({
    status: 'ACTIVE',
    containerDefinitions: [
      { name: CONTAINER_NAME, image: IMAGE, secrets: [{ name: 'A', valueFrom: `${SECRET}:username::` }] },
    ],
    ...definition,
  }),
});

const deployed = (kind: DeployedFunction['kind'], configuration: object = {}): DeployedFunction => ({
  of: `shop-${kind}`,
  kind,
  fact: is({
    Configuration: { FunctionArn: `arn:aws:lambda:eu-west-1:111122223333:function:shop-${kind}`, ...configuration },
  } as never),
  queues: is([{ State: 'Enabled' }]),
});

test('what AWS does not answer is not checked, whatever it is', () => {
  const fact = { unknown: 'not allowed' };
  const thing = { of: 'x', fact };
  const all = [
    judgeVersioning(thing),
    judgeEncryption({ found: thing }),
    judgeLifecycle(thing),
    judgePolicy({ policy: thing, functions: [] }),
    judgeKeys([{ ...thing, rotates: is(true) }]),
    judgeKeys([{ of: 'x', fact: is({ KeyId: 'x', KeyState: 'Enabled' }), rotates: fact }]),
    judgeFunctions([{ ...thing, kind: 'prune', queues: fact }]),
    judgeFunctions([{ ...deployed('notify'), queues: fact }]),
    judgeSubscriptions({ bucket: 'b', watched: true, topics: [thing] }),
    judgeDeadLetters([thing]),
    judgeNetwork({ tasks: [dump()], network: fact }),
    judgeSchedules({ schedules: fact, tasks: [dump()], definitions: [], functions: [], now: new Date() }),
    judgeQuotas([{ ...thing, tasks: [1] }]),
    judgeSnapshotPolicies(thing),
    judgePermissions([thing]),
    judgeFileSystems([{ of: 'x', fact: is({ LifeCycleState: 'available' }), mounts: fact }]),
  ];
  for (const findings of all) expect(texts(findings)).toEqual(['not checked: not allowed']);
});

test('a key of somebody else, or one that only the account of AWS knows', () => {
  const keyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1a2b';
  const judged = (key: string) =>
    texts(
      judgeEncryption({
        found: { of: 'b', fact: is({ SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } as const) },
        keyArn,
      }),
    );
  expect(judged('1a2b')).toEqual(['ok: encrypts with 1a2b']);
  expect(judged('alias/aws/s3')).toEqual([
    `failed: the default key is alias/aws/s3, but the backups are written with ${keyArn}`,
  ]);
});

test.each([
  [{ KeyState: 'Disabled' }, true, 'failed: the key is Disabled: nothing can be written or read'],
  [{ KeyState: 'Enabled', Origin: 'AWS_KMS' }, false, 'warning: the key does not rotate'],
  [{ KeyState: 'Enabled', Origin: 'EXTERNAL' }, false, 'ok: enabled'],
  [{ KeyState: 'Enabled' }, true, 'ok: enabled, rotates'],
  [undefined, true, 'failed: the key does not exist'],
] as const)('a key that is %j', (metadata, rotates, expected) => {
  const fact = is(metadata && { KeyId: 'k', ...metadata });
  expect(texts(judgeKeys([{ of: 'k', fact, rotates: is<boolean>(rotates) }]))).toEqual([expected]);
});

test('a policy that is gone denies nothing', () => {
  const judged = texts(judgePolicy({ policy: { of: 'b', fact: is<string>(undefined) }, functions: [] }));
  expect(judged).toHaveLength(7);
  expect(judged).toContain('failed: the policy does not deny deleting versions');
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

  test.each<[string, Partial<Network>, Partial<DumpTask['task']>, string]>([
    ['a NAT gateway', routed([{ ...WAY, NatGatewayId: 'nat-1', State: 'active' }]), {}, 'ok: has a way out'],
    ['a transit gateway', routed([{ ...WAY, TransitGatewayId: 'tgw-1', State: 'active' }]), {}, 'ok: has a way out'],
    [
      'a NAT gateway that was deleted',
      routed([{ ...WAY, NatGatewayId: 'nat-1', State: 'blackhole' }]),
      {},
      'failed: the way out of subnet subnet-1 leads to nat-1, which is gone',
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
    const facts = { tasks: [dump(task)], network: is(network(changes)) };
    expect(texts(judgeNetwork(facts))).toEqual([expected]);
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
    const facts = { tasks: [dump()], network: is(network({ ...routed([{ ...WAY, NatGatewayId: 'nat-1' }]), groups })) };
    expect(texts(judgeNetwork(facts))).toEqual([expected]);
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
  expect(texts(judgeSecrets([{ of: 's', fact: is({ VersionIdsToStages: {} }) }]))).toEqual([
    'failed: the secret has no value',
  ]);
});

test('a file system without mount targets', () => {
  const fact = is({ LifeCycleState: 'available' as const, FileSystemId: 'fs-1' });
  expect(texts(judgeFileSystems([{ of: 'fsap-1', fact, mounts: is([]) }]))).toEqual([
    'failed: no mount target of fs-1 is available',
  ]);
});

test('a schedule that has ended, and one of another task', () => {
  const now = new Date('2026-11-20T02:00:00Z');
  const schedule = (changes: object) => ({
    ...{ Name: 'nightly', GroupName: 'Shop', State: 'ENABLED' as const, ScheduleExpression: 'rate(6 hours)' },
    Target: {
      Arn: 'cluster',
      RoleArn: 'role',
      EcsParameters: { TaskDefinitionArn: 'arn:aws:ecs:x:task-definition/Shop-shop' },
    },
    ...changes,
  });
  const judged = (all: object[]) =>
    texts(judgeSchedules({ schedules: is(all), tasks: [dump()], definitions: [], functions: [], now }));
  expect(judged([schedule({})])).toEqual(['ok: rate(6 hours)']);
  expect(judged([schedule({ EndDate: new Date('2026-11-19T00:00:00Z') })])).toEqual([
    'failed: the schedule Shop/nightly has ended at 2026-11-19T00:00:00.000Z: nothing starts it',
  ]);
  expect(judged([schedule({ Target: { EcsParameters: { TaskDefinitionArn: 'x/Shop-shop_prove:1' } } })])).toEqual([
    'failed: no schedule starts it',
  ]);
});

test.each([
  [{ State: 'Failed', StateReason: 'no' }, 'failed: the function is in state Failed: no'],
  [{ LastUpdateStatus: 'Failed', LastUpdateStatusReason: 'no' }, 'failed: its last update failed: no'],
  [{ State: 'Inactive' }, 'ok: can run'],
])('a function that is %j', (configuration, expected) => {
  expect(texts(judgeFunctions([deployed('measure', configuration)]))).toEqual([expected]);
});

test('one reader is enough, and a bucket without alarms is the choice of its team', () => {
  const list = [
    { SubscriptionArn: 'arn:aws:sns:x', Endpoint: 'ops@example.com' },
    { SubscriptionArn: 'PendingConfirmation', Endpoint: 'new@example.com' },
  ];
  expect(texts(judgeSubscriptions({ bucket: 'b', watched: true, topics: [{ of: 't', fact: is(list) }] }))).toEqual([
    'warning: not confirmed by new@example.com',
  ]);
  expect(texts(judgeSubscriptions({ bucket: 'b', watched: false, topics: [] }))).toEqual([
    'warning: nothing watches the backups',
  ]);
});

test.each([
  [6, [1, 1], 'ok: 2 of 6'],
  [6, [1, 2, 4], 'warning: the quota is 6; if all backups start at once, they need 7, and some start late or never'],
  [2, [4], 'failed: the quota is 2, but a task needs 4: it never starts'],
])('a quota of %d for tasks of %j', (most, tasks, expected) => {
  expect(texts(judgeQuotas([{ of: 'Fargate', fact: is(most), tasks }]))).toEqual([expected]);
});

test('snapshot policies of other people do not matter', () => {
  const policy = (PolicyId: string, State: 'ENABLED' | 'DISABLED' | 'ERROR', Key = 'proven-backups:source') => ({
    ...{ PolicyId, State, StatusMessage: 'role gone' },
    PolicyDetails: { Schedules: [{ TagsToAdd: [{ Key, Value: 'shop' }] }] },
  });
  const policies = [
    policy('p-1', 'ENABLED'),
    policy('p-2', 'ERROR'),
    policy('p-3', 'DISABLED'),
    policy('p-4', 'ERROR', 'x'),
  ];
  expect(texts(judgeSnapshotPolicies({ of: 'DLM', fact: is(policies) }))).toEqual([
    'ok: is enabled',
    'failed: the policy is in error: role gone',
    'warning: the policy is disabled: it makes no snapshots',
  ]);
});
