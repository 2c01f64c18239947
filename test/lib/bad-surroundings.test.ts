import { Duration, Lazy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { BackupsProps } from '../../lib';
import {
  AlarmSignal,
  BackupAlarms,
  BackupBucket,
  BackupDashboard,
  BackupPruning,
  Backups,
  BackupSchedule,
  Database,
  DatabaseBackup,
  DatabaseTls,
  MysqlVersion,
  SnapshotPruning,
  VolumeSnapshots,
} from '../../lib';
import { docsLink } from '../../lib/private/docs-link';
import { Setup } from './support';

const PATH = 'Stack/Backups/Shop';
const { every } = BackupSchedule;
/** Regions that the shipped bundle of RDS does not hold. */
const WITHOUT_AUTHORITIES = [
  'us-gov-west-1',
  'cn-north-1',
  'il-central-1',
  'ca-west-1',
  'mx-central-1',
  'ap-southeast-7',
];
const token = Lazy.number({ produce: () => 7 });

describe('source names', () => {
  const taken = (path: string, other: string) =>
    new Error(
      `${path}: source name must be unique in its bucket, got: "shop", which ${other} has: give another one in sourceName`,
    );

  test('are unique in a Backups', () => {
    const setup = new Setup();
    setup.add();
    expect(() => setup.add({ sourceName: 'shop' }, 'Other')).toThrow(taken('Stack/Backups/Other', PATH));
  });

  test('are unique in a bucket that was imported twice', () => {
    const { stack, vpc, ...setup } = new Setup();
    const key = new kms.Key(stack, 'Key');
    const [one, two] = ['One', 'Two'].map(
      (id) => new Backups(stack, id, { vpc, bucket: BackupBucket.fromBucketName(stack, `${id}Bucket`, 'shared', key) }),
    );
    const database = Database.mysql({ version: MysqlVersion.V8_4, host: 'db', secret: setup.secret });
    const props = { database, schedule: every(Duration.hours(6)) };
    one!.addDatabase('Shop', props);
    expect(() => two!.addDatabase('Shop', props)).toThrow(taken('Stack/Two/Shop', 'Stack/One/Shop'));
  });

  test('may be the same in two buckets', () => {
    const setup = new Setup();
    setup.add();
    const other = new Backups(setup.stack, 'Other', { vpc: setup.vpc });
    other.addDatabase('Shop', { database: setup.mysql(), schedule: every(Duration.hours(6)) });
    expect(other.databases[0]!.sourceName).toBe('shop');
  });
});

test('a bucket in another Region', () => {
  const setup = new Setup({ env: { account: '111122223333', region: 'eu-west-1' } });
  const encryptionKey = new kms.Key(setup.stack, 'Key');
  const attributes = { bucketName: 'shared', encryptionKey, region: 'us-east-1' };
  const bucket = BackupBucket.fromBucketAttributes(setup.stack, 'Bucket', attributes);
  const sentence =
    'bucket must be in the Region of the backup, eu-west-1, got: a bucket in us-east-1: use one in eu-west-1';
  const props = { database: setup.mysql(), schedule: every(Duration.hours(6)), cluster: setup.backups.cluster };
  expect(() => new DatabaseBackup(setup.stack, 'Alone', { ...props, bucket })).toThrow(
    new Error(`Stack/Alone: ${sentence}`),
  );
  expect(() => new BackupPruning(setup.stack, 'Pruning', { bucket })).toThrow(new Error(`Stack/Pruning: ${sentence}`));
});

test.each(WITHOUT_AUTHORITIES)('Amazon’s authorities in %s', (region) => {
  const setup = new Setup({ env: { region } });
  expect(() => setup.add({ database: setup.mysql({ tls: DatabaseTls.amazonRds() }) })).toThrow(
    new Error(
      `${PATH}: DatabaseTls.amazonRds() must be used in a Region whose certificate authorities ship with this package, got: ${region}: give the Region's bundle from AWS with tls: DatabaseTls.certificateAuthority(…), see ${docsLink('docs/tls.md#rds-and-aurora')}`,
    ),
  );
});

test('a cluster in another VPC', () => {
  const setup = new Setup();
  const vpc = new ec2.Vpc(setup.stack, 'Other');
  const cluster = new ecs.Cluster(setup.stack, 'Cluster', { vpc });
  expect(() => setup.create({ cluster })).toThrow(
    new Error('Stack/Backups: cluster must be in vpc Stack/Vpc, got: a cluster in Stack/Other: give its VPC in vpc'),
  );
});

test('a log group together with a retention', () => {
  const setup = new Setup();
  const logGroup = new logs.LogGroup(setup.stack, 'Logs');
  expect(() => setup.create({ logGroup, logRetention: logs.RetentionDays.ONE_WEEK })).toThrow(
    new Error(
      'Stack/Backups: logRetention and logGroup cannot be given together, got: 7 days: set it on the log group',
    ),
  );
});

test.each([Duration.days(0), Duration.hours(36)])('non-current versions kept %s', (noncurrentVersionRetention) => {
  const { stack } = new Setup();
  expect(() => new BackupBucket(stack, 'Bucket', { noncurrentVersionRetention })).toThrow(
    new Error(
      `Stack/Bucket: noncurrentVersionRetention must be a whole number of days, 1 or more, got: ${noncurrentVersionRetention.toHumanString()}`,
    ),
  );
});

test.each([Duration.days(token), Duration.hours(token)])('non-current versions kept for a token', (duration) => {
  const { stack } = new Setup();
  expect(() => new BackupBucket(stack, 'Bucket', { noncurrentVersionRetention: duration })).toThrow(
    new Error('Stack/Bucket: noncurrentVersionRetention must be known at synth, got: a token: write the value itself'),
  );
});

test('a key by its alias, which a policy cannot name', () => {
  const { stack } = new Setup();
  const encryptionKey = kms.Alias.fromAliasName(stack, 'Alias', 'alias/backups');
  const sentence = 'encryptionKey must be a key, got: an alias: give the key by its ARN';
  expect(() => new BackupBucket(stack, 'Bucket', { encryptionKey })).toThrow(new Error(`Stack/Bucket: ${sentence}`));
  expect(() => BackupBucket.fromBucketName(stack, 'Imported', 'shared', encryptionKey)).toThrow(
    new Error(`Stack/Imported: ${sentence}`),
  );
});

test('pruning by someone who is no role', () => {
  const { stack } = new Setup();
  const user = new iam.User(stack, 'User');
  expect(() => new BackupBucket(stack, 'Bucket').grantPrune(user)).toThrow(
    'Stack/Bucket: grantPrune needs a role, got: ',
  );
});

describe('a VPC without private subnets', () => {
  const sentence =
    'vpc must have private subnets with a way out, got: Stack/Public without any: name other subnets in vpcSubnets: public ones, where tasks get a public address (assignPublicIp) and accept no connections, or isolated ones with VPC endpoints';
  const create = (props: Partial<BackupsProps> = {}) => {
    const setup = new Setup();
    const vpc = new ec2.Vpc(setup.stack, 'Public', {
      natGateways: 0,
      subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC }],
    });
    return setup.create({ vpc, ...props }) && setup.add();
  };

  test('needs other subnets, for the tasks and for the endpoint of S3', () => {
    expect(() => create()).toThrow(new Error(`${PATH}: ${sentence}`));
    expect(() => create({ s3GatewayEndpoint: true })).toThrow(new Error(`Stack/Backups: ${sentence}`));
  });

  test('serves with them', () => {
    expect(() => create({ vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } })).not.toThrow();
  });
});

describe('missing values', () => {
  const given = (what: string) =>
    `${what} must be given, got: undefined: check where it comes from, for example an environment variable`;
  const missing = undefined!;
  const setup = new Setup();
  const { stack, vpc } = setup;
  const key = new kms.Key(stack, 'MissingKey');
  const { bucket, cluster } = setup.backups;
  const database = setup.mysql();
  const schedule = every(Duration.hours(6));
  let count = 0;
  const id = () => `Missing${count++}`;
  const off = { signal: AlarmSignal.SILENT, reason: missing };

  test.each<[string, () => unknown, string]>([
    ['vpc', () => new Backups(stack, id(), { vpc: missing }), 'vpc'],
    ['database', () => setup.add({ database: missing }, id()), 'database'],
    ['schedule', () => setup.add({ schedule: missing }, id()), 'schedule'],
    ['interval', () => setup.add({ schedule: every(missing) }, id()), 'interval of the schedule'],
    ['group', () => setup.add({ securityGroups: [missing] }, id()), 'securityGroups[0]'],
    ['path', () => setup.add({ database: Database.sqlite({ ...files(), path: missing }) }, id()), 'path'],
    ['bucket', () => new DatabaseBackup(stack, id(), { database, schedule, cluster, bucket: missing }), 'bucket'],
    ['cluster', () => new DatabaseBackup(stack, id(), { database, schedule, cluster: missing, bucket }), 'cluster'],
    ['email', () => new Backups(stack, id(), { vpc, alarms: { emails: ['a@b.cc', missing] } }), 'emails[1]'],
    ['reason', () => new Backups(stack, id(), { vpc, alarms: { signalsOff: [off] } }), 'reason'],
    ['alarms', () => new BackupAlarms(stack, id(), { bucket: missing }), 'bucket'],
    ['pruning', () => new BackupPruning(stack, id(), { bucket: missing }), 'bucket'],
    ['bucket name', () => BackupBucket.fromBucketName(stack, id(), missing, key), 'bucketName'],
    ['tag', () => new SnapshotPruning(stack, id(), { tagKey: 'made-by', tagValue: missing }), 'tagValue'],
    ['snapshots', () => new VolumeSnapshots(stack, id(), { schedules: [missing] }), 'schedules[0]'],
    ['source', () => new BackupDashboard(stack, id(), { sources: [missing] }), 'sources[0]'],
  ])('are refused by name: %s', (_, make, what) => {
    expect(make).toThrow(given(what));
  });

  const files = () => {
    const fileSystem = new efs.FileSystem(stack, id(), { vpc });
    return { fileSystem, accessPoint: fileSystem.addAccessPoint('Point') };
  };
});
