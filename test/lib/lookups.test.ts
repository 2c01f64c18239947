import { App, Stack, TimeZone } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { AddDatabaseProps, MysqlProps } from '../../lib';
import {
  BackupBucket,
  Backups,
  BackupSchedule,
  Database,
  DatabaseTls,
  MysqlVersion,
  PostgresqlVersion,
  Retention,
  SnapshotRetention,
  SnapshotSchedule,
  SnapshotTarget,
  VolumeSnapshots,
} from '../../lib';
import { READY_IMAGE, Setup } from './support';

const ID = 'vpc-0a1b2c3d4e5f60718';
const ENV = { account: '111122223333', region: 'eu-west-1' };
const SCHEDULE = BackupSchedule.daily({ hour: 2 });

/** A VPC as the CDK finds it. */
const FOUND = {
  vpcId: ID,
  vpcCidrBlock: '10.0.0.0/16',
  availabilityZones: [],
  subnetGroups: [
    {
      name: 'Private',
      type: 'Private',
      subnets: [{ subnetId: 'subnet-1', cidr: '10.0.1.0/24', availabilityZone: 'eu-west-1a', routeTableId: 'rtb-1' }],
    },
  ],
};

interface Scene {
  readonly app: App;
  readonly stack: Stack;
  readonly secret: secretsmanager.ISecret;
  readonly vpc: ec2.IVpc;
}

/** An app that looks its VPC up. In its first run the context is empty; the CDK CLI fills it, and runs the app once more. */
function sceneOf(context: Record<string, unknown>): Scene {
  const app = new App({ treeMetadata: false, context: { 'aws:cdk:disable-asset-staging': true, ...context } });
  const stack = new Stack(app, 'Stack', { env: ENV });
  const vpc = ec2.Vpc.fromLookup(stack, 'Vpc', { vpcId: ID });
  return { app, stack, secret: new secretsmanager.Secret(stack, 'Secret'), vpc };
}

/** Synthesises as `cdk synth` does: what is missing is looked up, which for these tests is the VPC alone. */
function missingOf({ app }: Scene): { readonly key: string; readonly provider: string }[] {
  return (app.synth().manifest.missing ?? []).map(({ key, provider }) => ({ key, provider }));
}

const clusterOf = ({ stack }: Scene, vpcId: string): ecs.ICluster =>
  ecs.Cluster.fromClusterAttributes(stack, 'Apps', {
    clusterName: 'apps',
    vpc: ec2.Vpc.fromVpcAttributes(stack, 'Again', {
      vpcId,
      availabilityZones: ['eu-west-1a'],
      privateSubnetIds: ['subnet-1'],
    }),
  });

describe('a VPC that is imported twice', () => {
  test('is looked up, and is one', () => {
    const first = sceneOf({});
    new Backups(first.stack, 'Backups', {
      vpc: first.vpc,
      cluster: clusterOf(first, ID),
      alarms: { emails: ['a@example.com'] },
    });
    const [missing, ...others] = missingOf(first);
    expect([missing?.provider, others]).toEqual(['vpc-provider', []]);

    const second = sceneOf({ [missing!.key]: FOUND });
    const { vpc } = second;
    expect(vpc.vpcId).toBe(ID);
    new Backups(second.stack, 'Backups', {
      vpc,
      cluster: clusterOf(second, ID),
      alarms: { emails: ['a@example.com'] },
    });
    expect(missingOf(second)).toEqual([]);
  });

  test('is refused if it is two, once it was looked up', () => {
    const first = sceneOf({});
    const [missing] = missingOf(first);
    const second = sceneOf({ [missing!.key]: FOUND });
    expect(
      () => new Backups(second.stack, 'Backups', { vpc: second.vpc, cluster: clusterOf(second, 'vpc-0') }),
    ).toThrow('Stack/Backups: cluster must be in vpc Stack/Vpc, got: a cluster in Stack/Again: give its VPC in vpc');
  });

  test('is one also if both name it by the same reference', () => {
    const stack = new Stack();
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const again = ec2.Vpc.fromVpcAttributes(stack, 'Again', {
      vpcId: vpc.vpcId,
      availabilityZones: ['eu-west-1a'],
      privateSubnetIds: ['subnet-1'],
    });
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Apps', { clusterName: 'apps', vpc: again });
    expect(() => new Backups(stack, 'Backups', { vpc, cluster })).not.toThrow();
  });
});

/** Adds a MySQL server with changes. */
const add = ({ stack, vpc, secret }: Scene, server: Partial<MysqlProps>, change: Partial<AddDatabaseProps> = {}) =>
  new Backups(stack, 'Backups', { vpc }).addDatabase('Shop', {
    database: Database.mysql({ version: MysqlVersion.V8_4, host: 'db.internal', secret, ...server }),
    schedule: SCHEDULE,
    image: READY_IMAGE,
    ...change,
  });
const parameter = ({ stack }: Scene, name: string) => StringParameter.valueFromLookup(stack, `/shop/${name}`);
const snapshots = ({ stack }: Scene, options: object, description?: string) =>
  new VolumeSnapshots(stack, 'Snapshots', {
    description,
    target: SnapshotTarget.volumes({ tags: { backup: 'yes' } }),
    schedules: [SnapshotSchedule.daily({ hour: 3, retention: SnapshotRetention.count(14), ...options })],
  });

test.each<[string, (scene: Scene) => unknown]>([
  ['the VPC alone, with its default subnets', (scene) => add(scene, {})],
  ['a host', (scene) => add(scene, { host: parameter(scene, 'host') })],
  ['a part of a host', (scene) => add(scene, { host: `db.${parameter(scene, 'zone')}` })],
  ['a source name', (scene) => add(scene, {}, { sourceName: parameter(scene, 'name') })],
  ['a version', (scene) => add(scene, { version: MysqlVersion.of(parameter(scene, 'version')) })],
  ['an authority', (scene) => add(scene, { tls: DatabaseTls.certificateAuthority(parameter(scene, 'pem')) })],
  ['an argument', (scene) => add(scene, { extraDumpArguments: [parameter(scene, 'argument')] })],
  ['a schedule', (scene) => add(scene, {}, { schedule: BackupSchedule.cron(parameter(scene, 'cron')) })],
  [
    'time zones of a schedule and a retention',
    (scene) => {
      const timeZone = TimeZone.of(parameter(scene, 'zone'));
      const schedule = BackupSchedule.daily({ hour: 2, timeZone });
      return add(scene, {}, { schedule, retention: Retention.gfs({ daily: 7, timeZone }) });
    },
  ],
  [
    'a time zone of pruning',
    (scene) => {
      const schedule = BackupSchedule.daily({ hour: 4, timeZone: TimeZone.of(parameter(scene, 'zone')) });
      return new Backups(scene.stack, 'Backups', { vpc: scene.vpc, pruning: { schedule } });
    },
  ],
  [
    'addresses and a time zone of the alarms',
    (scene) =>
      new Backups(scene.stack, 'Backups', {
        vpc: scene.vpc,
        alarms: {
          emails: [parameter(scene, 'ann'), parameter(scene, 'ben')],
          timeZone: TimeZone.of(parameter(scene, 'zone')),
        },
      }),
  ],
  [
    'the Region of a bucket',
    (scene) => {
      const encryptionKey = kms.Key.fromLookup(scene.stack, 'Key', { aliasName: 'alias/backups' });
      const attributes = { bucketName: 'shared', encryptionKey, region: parameter(scene, 'region') };
      const bucket = BackupBucket.fromBucketAttributes(scene.stack, 'Bucket', attributes);
      return new Backups(scene.stack, 'Backups', { vpc: scene.vpc, bucket });
    },
  ],
  [
    'a role that may prune',
    ({ stack }) =>
      new BackupBucket(stack, 'Bucket').grantPrune(iam.Role.fromLookup(stack, 'Role', { roleName: 'cleaner' })),
  ],
  ['a description', (scene) => snapshots(scene, {}, parameter(scene, 'description'))],
  [
    'zones of fast restores, and accounts to share with',
    (scene) =>
      snapshots(scene, {
        fastRestore: { availabilityZones: scene.stack.availabilityZones, retention: SnapshotRetention.count(1) },
        shareWith: [parameter(scene, 'account')],
      }),
  ],
  [
    'an RDS instance and an Aurora cluster',
    ({ stack, vpc, secret }) => {
      const backups = new Backups(stack, 'Backups', { vpc });
      const instance = rds.DatabaseInstance.fromLookup(stack, 'Instance', { instanceIdentifier: 'shop' });
      const cluster = rds.DatabaseCluster.fromLookup(stack, 'Cluster', { clusterIdentifier: 'orders' });
      const common = { schedule: SCHEDULE, image: READY_IMAGE };
      const [mysql, postgresql] = [MysqlVersion.V8_0, PostgresqlVersion.V16];
      backups.addDatabase('Shop', { ...common, database: Database.fromInstance(instance, { secret, version: mysql }) });
      backups.addDatabase('Orders', {
        ...common,
        database: Database.fromCluster(cluster, { secret, version: postgresql }),
      });
    },
  ],
])('the first run of an app comes to its end, so that the CDK looks up %s', (_, build) => {
  const scene = sceneOf({});
  build(scene);
  expect(missingOf(scene).length).toBeGreaterThan(0);
});

test('a read replica, which does not know its engine, is backed up by its version', () => {
  const setup = new Setup();
  const { stack, vpc } = setup;
  const engine = rds.DatabaseInstanceEngine.mysql({ version: rds.MysqlEngineVersion.VER_8_0 });
  const instanceType = ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO);
  const source = new rds.DatabaseInstance(stack, 'Source', { vpc, engine, instanceType });
  const replica = new rds.DatabaseInstanceReadReplica(stack, 'Replica', {
    sourceDatabaseInstance: source,
    vpc,
    instanceType,
  });
  setup.add({ database: Database.fromInstance(replica, { secret: source.secret!, version: MysqlVersion.V8_0 }) });
  const { engine: name, engineVersion, server } = setup.job();
  expect([name, engineVersion, server.host]).toEqual([
    'mysql',
    '8.0',
    expect.stringMatching(/^<Replica\w+\.Endpoint\.Address>$/),
  ]);
});
