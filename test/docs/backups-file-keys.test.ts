import * as fs from 'node:fs';
import * as path from 'node:path';
import type * as z from 'zod';
import { backupsFile } from '../../bin/backups-file/schema';
import { appOf, stackOf } from '../bin/backups-file/support';
import '../cheap-synthesis.cjs';

// The inside of a schema is of any shape.
/* eslint-disable @typescript-eslint/no-explicit-any */

const DOCUMENT = fs.readFileSync(path.resolve(__dirname, '../../docs/backups-file.md'), 'utf8');
const BLOCKS = [...DOCUMENT.matchAll(/```yaml\n([^]*?)```/g)].map(([, block]) => block!);

/** Paths of all keys of a schema, or of those that may be left out; `*` stands for a name that the user chooses. */
function keysOf(schema: any, at = '', optional = false): string[] {
  const ways: z.ZodType[] | undefined = schema.meta?.()?.ways;
  if (ways) return ways.flatMap((way) => keysOf(way, at, optional));
  const { type, shape, innerType, valueType } = schema._zod.def;
  if (innerType) return keysOf(innerType, at, optional);
  if (type === 'record') return keysOf(valueType, `${at}*.`, optional);
  if (type !== 'object') return [];
  return Object.entries<any>(shape).flatMap(([key, value]) => [
    ...(!optional || value._zod.def.type === 'optional' ? [`${at}${key}`] : []),
    ...keysOf(value, `${at}${key}.`, optional),
  ]);
}

const KEYS = [...new Set(keysOf(backupsFile))].sort();
const OPTIONAL_KEYS = [...new Set(keysOf(backupsFile, '', true))].sort();
const VPC = { id: 'vpc-0a1b2c3d', availabilityZones: ['eu-west-1a'], privateSubnetIds: ['subnet-0a1b2c3d'] };
const KEY = (id: number) => `arn:aws:kms:eu-west-1:111122223333:key/${id}`;
const RECIPIENT = 'age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z';
const TASK = { secret: 'shop/backup', schedule: { every: '6h' } };
const MYSQL = { engine: 'mysql', version: '8.4', host: 'db.internal', ...TASK };
const POSTGRESQL = { ...MYSQL, engine: 'postgresql', version: '17' };
const MONGODB = { ...MYSQL, engine: 'mongodb', version: '8.0' };
const MEMBERS = { engine: 'mongodb', version: '8.0', hosts: ['a.internal', 'b.internal'], ...TASK };
const SRV = { engine: 'mongodb', version: '8.0', srv: 'a.internal', ...TASK };
const URI = { engine: 'mongodb', version: '8.0', ...TASK, secret: { secretId: 'shop', uriKey: 'uri' } };
const RDS = { engine: 'mysql', version: '8.4', rds: { instance: 'shop' }, ...TASK };
const CLUSTER = { ...RDS, rds: { cluster: 'shop' } };
const FILES = { fileSystem: 'fs-0a1b2c3d', accessPoint: 'fsap-0a1b2c3d', securityGroup: 'sg-0a1b2c3d', path: 'a.db' };
const SQLITE = { sqlite: FILES, schedule: { every: '6h' } };
const TREE = { files: { ...FILES, path: 'a' }, schedule: { every: '6h' } };
const DAILY = { ...MYSQL, schedule: { daily: '02:00' } };
const EXISTING = { existing: 'backups', encryptionKey: KEY(1), region: 'eu-west-1' };

type Content = Record<string, unknown>;
const file = (database: Content, rest: Content = {}): Content => ({
  ...{ account: '111122223333', region: 'eu-west-1', vpc: VPC, databases: { shop: database } },
  ...rest,
});
const INCREMENTAL = file({ ...TREE, files: { ...TREE.files, repository: true } });
const RESTORED = file({ ...MYSQL, restore: { secret: 'shop/restore' } });
const ON_INSTANCE = file({ ...MYSQL, runsOn: { instances: { role: 'vm', instanceId: 'i-0a1b2c3d' } } });
const IN_VOLUME = file({
  ...SQLITE,
  sqlite: { volume: 'a', path: 'a.db' },
  runsOn: { instances: { role: 'vm', tags: { Name: 'vm' } } },
});
const FILES_IN_VOLUME = file({
  ...TREE,
  files: { volume: 'a' },
  runsOn: { instances: { role: 'vm', tags: { Name: 'vm' } } },
});
const ARCHIVED = { storageTiers: { deepArchive: '400d' } };
const withBucket = (bucket: Content) => file(MYSQL, { bucket });

/** For each key a file, and a value for the key that the file does not have. What is deployed must differ. */
const EFFECTS: Record<string, readonly [file: Content, value: unknown]> = {
  stackName: [file(MYSQL), 'Other'],
  account: [file(MYSQL), '222233334444'],
  region: [file(MYSQL), 'eu-west-2'],
  tags: [file(MYSQL), { Team: 'platform' }],
  'vpc.id': [file(MYSQL), 'vpc-0b1c2d3e'],
  'vpc.tags': [file(MYSQL, { vpc: { tags: { Name: 'a' } } }), { Name: 'b' }],
  'vpc.privateSubnetIds': [file(MYSQL), ['subnet-0b1c2d3e']],
  'vpc.privateSubnetRouteTableIds': [
    file(MYSQL, { s3GatewayEndpoint: 'true', vpc: { ...VPC, privateSubnetRouteTableIds: ['rtb-0a1b2c3d'] } }),
    ['rtb-0b1c2d3e'],
  ],
  'vpc.publicSubnetIds': [
    file(MYSQL, { vpcSubnets: 'public', vpc: { ...VPC, publicSubnetIds: ['subnet-0a1b2c3d'] } }),
    ['subnet-0b1c2d3e'],
  ],
  vpcSubnets: [file(MYSQL, { vpc: { ...VPC, publicSubnetIds: ['subnet-0b1c2d3e'] } }), 'public'],
  'vpcSubnets.subnetIds': [file(MYSQL, { vpcSubnets: { subnetIds: ['subnet-0b1c2d3e'] } }), ['subnet-0c1d2e3f']],
  'vpcSubnets.subnetGroupName': [
    file(MYSQL, { vpc: { ...VPC, publicSubnetIds: ['subnet-0b1c2d3e'] }, vpcSubnets: { subnetGroupName: 'Private' } }),
    'Public',
  ],
  assignPublicIp: [
    file(MYSQL, { vpc: { ...VPC, publicSubnetIds: ['subnet-0b1c2d3e'] }, vpcSubnets: 'public' }),
    'false',
  ],
  s3GatewayEndpoint: [file(MYSQL, { vpc: { ...VPC, privateSubnetRouteTableIds: ['rtb-0a1b2c3d'] } }), 'true'],
  'bucket.bucketName': [file(MYSQL), 'other-backups'],
  'bucket.encryptionKey': [file(MYSQL), KEY(2)],
  'bucket.noncurrentVersionRetention': [file(MYSQL), '30d'],
  'bucket.storageTiers': [file(MYSQL), 'instant-access'],
  'bucket.storageTiers.infrequentAccess': [withBucket(ARCHIVED), '40d'],
  'bucket.storageTiers.glacierInstantRetrieval': [withBucket(ARCHIVED), '40d'],
  'bucket.storageTiers.glacierFlexibleRetrieval': [withBucket(ARCHIVED), '40d'],
  'bucket.storageTiers.deepArchive': [withBucket({ storageTiers: { infrequentAccess: '40d' } }), '90d'],
  'bucket.serverAccessLogsBucket': [file(MYSQL), 'logs'],
  'bucket.serverAccessLogsPrefix': [withBucket({ serverAccessLogsBucket: 'logs' }), 'backups/'],
  'bucket.removalPolicy': [file(MYSQL), 'destroy'],
  'bucket.existing': [withBucket(EXISTING), 'other-backups'],
  'filesRepository.bucketName': [INCREMENTAL, 'media'],
  'filesRepository.encryptionKey': [INCREMENTAL, KEY(2)],
  'filesRepository.noncurrentVersionRetention': [INCREMENTAL, '30d'],
  'filesRepository.removalPolicy': [INCREMENTAL, 'destroy'],
  logRetention: [file(MYSQL), '180'],
  'retention.keepFor': [file(MYSQL, { retention: { daily: '7' } }), '2d'],
  'retention.hourly': [file(MYSQL), '24'],
  'retention.daily': [file(MYSQL), '7'],
  'retention.weekly': [file(MYSQL), '4'],
  'retention.monthly': [file(MYSQL), '12'],
  'retention.yearly': [file(MYSQL), '7'],
  'retention.keepLast': [file(MYSQL, { retention: { daily: '7' } }), '5'],
  'retention.timeZone': [file(MYSQL, { retention: { daily: '7' } }), 'Asia/Tokyo'],
  'retention.weekStart': [file(MYSQL, { retention: { weekly: '7' } }), 'sunday'],
  'pruning.schedule.every': [file(MYSQL), '12h'],
  'pruning.schedule.daily': [file(MYSQL), '02:30'],
  'pruning.schedule.weekly': [file(MYSQL), 'monday 02:00'],
  'pruning.schedule.cron': [file(MYSQL), '0 3 * * ? *'],
  'pruning.schedule.timeZone': [file(MYSQL, { pruning: { schedule: { daily: '02:30' } } }), 'Asia/Tokyo'],
  'pruning.schedule.flexibleWindow': [file(MYSQL, { pruning: { schedule: { every: '6h' } } }), '15m'],
  'pruning.schedule.retryAttempts': [file(MYSQL, { pruning: { schedule: { every: '6h' } } }), '0'],
  'pruning.schedule.maxEventAge': [file(MYSQL, { pruning: { schedule: { every: '6h' } } }), '5m'],
  'pruning.maxDeletePercent': [file(MYSQL), '20'],
  'pruning.enabled': [file(MYSQL), 'false'],
  encryptTo: [file(MYSQL), [RECIPIENT]],
  proveWith: [file(MYSQL), 'shop/prove'],
  'proveWith.secretId': [file(MYSQL, { proveWith: { secretId: 'shop' } }), 'other'],
  'proveWith.encryptionKey': [file(MYSQL, { proveWith: { secretId: 'shop' } }), KEY(2)],
  restoreTest: [file(MYSQL), 'daily'],
  'restoreTest.newestOf': [file(MYSQL), 'month'],
  'restoreTest.random': [file(MYSQL), '2d'],
  'restoreTest.off': [file(MYSQL), 'a copy'],
  'restoreTesting.maxAtOnce': [file(MYSQL), '2'],
  'restoreTesting.timeout': [file(MYSQL), '2h'],
  'restoreTesting.enabled': [file(MYSQL), 'false'],
  'alarms.emails': [file(MYSQL), ['ops@example.com']],
  'alarms.timeZone': [file(MYSQL), 'Asia/Tokyo'],
  'alarms.digest': [file(MYSQL), 'each'],
  'alarms.digest.daily': [file(MYSQL), '08:00'],
  'alarms.digest.weekly': [file(MYSQL), 'monday 08:00'],
  'alarms.digest.timeZone': [file(MYSQL, { alarms: { digest: { daily: '08:00' } } }), 'Asia/Tokyo'],
  'alarms.signalsOff': [file(MYSQL), { 'strange-size': 'a cache' }],
  'alarms.topicEncryptionKey': [file(MYSQL), KEY(2)],
  dashboard: [file(MYSQL), 'true'],
  'databases.*.sizeBounds.shrink': [file(MYSQL), '2.5'],
  'databases.*.sizeBounds.growth': [file(MYSQL), '20'],
  'databases.*.sizeBounds.minHistory': [file(MYSQL), '8'],
  'databases.*.sizeBounds.ignoreTables': [file(MYSQL), ['jobs']],
  'databases.*.signalsOff': [file(MYSQL), { silent: 'a test' }],
  'databases.*.encryptTo': [file(MYSQL), [RECIPIENT]],
  'databases.*.proveWith': [file(MYSQL), 'shop/prove'],
  'databases.*.proveWith.secretId': [file({ ...MYSQL, proveWith: { secretId: 'shop' } }), 'other'],
  'databases.*.proveWith.encryptionKey': [file({ ...MYSQL, proveWith: { secretId: 'shop' } }), KEY(2)],
  'databases.*.restoreTest': [file(MYSQL), 'everyBackup'],
  'databases.*.restoreTest.newestOf': [file(MYSQL), 'week'],
  'databases.*.restoreTest.random': [file(MYSQL), '2d'],
  'databases.*.restoreTest.off': [file(MYSQL), 'a copy'],
  'databases.*.expect': [file(MYSQL), [{ tables: '15' }]],
  'databases.*.rowDigests': [file(MYSQL), 'all'],
  'databases.*.rowDigests.upTo': [file(MYSQL), '5GiB'],
  'databases.*.rowDigests.share': [file(MYSQL), '20'],
  'databases.*.recoveryTimeObjective': [file(MYSQL), '2h'],
  'databases.*.recoveryPointObjective': [file(MYSQL), '12h'],
  'databases.*.retention': [file(MYSQL), 'forever'],
  'databases.*.retention.keepFor': [file(MYSQL), '30d'],
  'databases.*.retention.hourly': [file(MYSQL), '24'],
  'databases.*.retention.daily': [file(MYSQL), '7'],
  'databases.*.retention.weekly': [file(MYSQL), '4'],
  'databases.*.retention.monthly': [file(MYSQL), '12'],
  'databases.*.retention.yearly': [file(MYSQL), '7'],
  'databases.*.retention.keepLast': [file({ ...MYSQL, retention: { daily: '7' } }), '5'],
  'databases.*.retention.timeZone': [file({ ...MYSQL, retention: { daily: '7' } }), 'Asia/Tokyo'],
  'databases.*.retention.weekStart': [file({ ...MYSQL, retention: { weekly: '7' } }), 'sunday'],
  'databases.*.allowedAge': [file(MYSQL), '20h'],
  'databases.*.version': [file(MYSQL), '8.0'],
  'databases.*.host': [file(MYSQL), 'other.internal'],
  'databases.*.port': [file(MYSQL), '3307'],
  'databases.*.databaseSecurityGroup': [file(MYSQL), 'sg-0a1b2c3d'],
  'databases.*.secret': [file(MYSQL), 'other/backup'],
  'databases.*.secret.secretId': [file({ ...MYSQL, secret: { secretId: 'shop' } }), 'other'],
  'databases.*.secret.usernameKey': [file({ ...MYSQL, secret: { secretId: 'shop' } }), 'user'],
  'databases.*.secret.passwordKey': [file({ ...MYSQL, secret: { secretId: 'shop' } }), 'pass'],
  'databases.*.secret.encryptionKey': [file({ ...MYSQL, secret: { secretId: 'shop' } }), KEY(2)],
  'databases.*.tls': [file(MYSQL), 'amazon-rds'],
  'databases.*.tls.certificateAuthority': [file(MYSQL), 'company-ca.pem'],
  'databases.*.tls.off': [file({ ...MYSQL, tls: { off: 'one reason' } }), 'another'],
  'databases.*.databases': [file(MYSQL), ['shop']],
  'databases.*.excludeDatabases': [file(MYSQL), ['scratch']],
  'databases.*.extraDumpArguments': [file(MYSQL), ['--net-buffer-length=1M']],
  'databases.*.securityGroups': [file(MYSQL), ['sg-0a1b2c3d']],
  'databases.*.schemas': [file(POSTGRESQL), ['public']],
  'databases.*.excludeSchemas': [file(POSTGRESQL), ['scratch']],
  'databases.*.hosts': [file(MEMBERS), ['a.internal', 'c.internal:27018']],
  'databases.*.srv': [file(SRV), 'b.internal'],
  'databases.*.secret.uriKey': [file(URI), 'connection'],
  'databases.*.excludeCollections': [file(MONGODB), ['shop.sessions']],
  'databases.*.replicaSet': [file(MEMBERS), 'rs0'],
  'databases.*.readPreference': [file(MONGODB), 'primary'],
  'databases.*.authSource': [file(MONGODB), 'shop'],
  'databases.*.rds.instance': [file(RDS), 'other'],
  'databases.*.rds.cluster': [file(CLUSTER), 'other'],
  'databases.*.rds.useReader': [file(CLUSTER), 'true'],
  'databases.*.sqlite.fileSystem': [file(SQLITE), 'fs-0b1c2d3e'],
  'databases.*.sqlite.accessPoint': [file(SQLITE), 'fsap-0b1c2d3e'],
  'databases.*.sqlite.securityGroup': [file(SQLITE), 'sg-0b1c2d3e'],
  'databases.*.sqlite.path': [file(SQLITE), 'b.db'],
  'databases.*.sqlite.volume': [IN_VOLUME, 'b'],
  'databases.*.files.volume': [FILES_IN_VOLUME, 'b'],
  'databases.*.files.fileSystem': [file(TREE), 'fs-0b1c2d3e'],
  'databases.*.files.accessPoint': [file(TREE), 'fsap-0b1c2d3e'],
  'databases.*.files.securityGroup': [file(TREE), 'sg-0b1c2d3e'],
  'databases.*.files.path': [file(TREE), 'b'],
  'databases.*.files.include': [file(TREE), ['conf/**']],
  'databases.*.files.exclude': [file(TREE), ['**/cache']],
  'databases.*.files.allowUnreadable': [file(TREE), ['conf/private']],
  'databases.*.files.sqliteDatabases': [file(TREE), ['data/**']],
  'databases.*.files.repository': [file(TREE), true],
  'databases.*.files.rootAccess': [file(TREE), true],
  'databases.*.schedule.every': [file(MYSQL), '12h'],
  'databases.*.schedule.daily': [file(DAILY), '02:30'],
  'databases.*.schedule.weekly': [file({ ...MYSQL, schedule: { weekly: 'sunday 02:00' } }), 'monday 02:00'],
  'databases.*.schedule.cron': [file({ ...MYSQL, schedule: { cron: '0 2 * * ? *' } }), '0 3 * * ? *'],
  'databases.*.schedule.timeZone': [file(DAILY), 'Asia/Tokyo'],
  'databases.*.schedule.flexibleWindow': [file(MYSQL), '15m'],
  'databases.*.schedule.retryAttempts': [file(MYSQL), '0'],
  'databases.*.schedule.maxEventAge': [file(MYSQL), '5m'],
  'databases.*.enabled': [file(MYSQL), 'false'],
  'databases.*.timeout': [file(MYSQL), '2h'],
  'databases.*.compressionLevel': [file(MYSQL), '9'],
  'databases.*.runsOn.instances.role': [ON_INSTANCE, 'other'],
  'databases.*.runsOn.instances.instanceId': [ON_INSTANCE, 'i-0b1c2d3e'],
  'databases.*.runsOn.instances.tags': [
    file({ ...MYSQL, runsOn: { instances: { role: 'vm', tags: { Name: 'vm' } } } }),
    { Name: 'other' },
  ],
  'databases.*.runsOn.instances.network': [ON_INSTANCE, 'shop_default'],
  'databases.*.runsOn.instances.cpus': [ON_INSTANCE, '0.25'],
  'databases.*.runsOn.instances.memoryLimitMiB': [ON_INSTANCE, '1024'],
  'databases.*.cpu': [file({ ...MYSQL, memoryLimitMiB: '4096' }), '2048'],
  'databases.*.memoryLimitMiB': [file(MYSQL), '4096'],
  'databases.*.cpuArchitecture': [file(MYSQL), 'arm64'],
  'databases.*.spot': [file(MYSQL), 'true'],
  'databases.*.ephemeralStorageGiB': [file(MYSQL), '50'],
  'databases.*.vpcSubnets': [file(MYSQL, { vpc: { ...VPC, publicSubnetIds: ['subnet-0b1c2d3e'] } }), 'public'],
  'databases.*.vpcSubnets.subnetIds': [file(MYSQL), ['subnet-0c1d2e3f']],
  'databases.*.vpcSubnets.subnetGroupName': [
    file(MYSQL, { vpc: { ...VPC, publicSubnetIds: ['subnet-0b1c2d3e'] } }),
    'Public',
  ],
  'databases.*.restore.secret': [RESTORED, 'other/restore'],
  'databases.*.restore.secret.secretId': [file({ ...MYSQL, restore: { secret: { secretId: 'shop' } } }), 'other'],
  'databases.*.restore.secret.usernameKey': [file({ ...MYSQL, restore: { secret: { secretId: 'shop' } } }), 'user'],
  'databases.*.restore.secret.passwordKey': [file({ ...MYSQL, restore: { secret: { secretId: 'shop' } } }), 'pass'],
  'databases.*.restore.secret.encryptionKey': [file({ ...MYSQL, restore: { secret: { secretId: 'shop' } } }), KEY(2)],
  'databases.*.restore.identity': [RESTORED, 'shop/identity'],
  'databases.*.restore.identity.secretId': [
    file({ ...MYSQL, restore: { secret: 'shop', identity: { secretId: 'shop' } } }),
    'other',
  ],
  'databases.*.restore.identity.encryptionKey': [
    file({ ...MYSQL, restore: { secret: 'shop', identity: { secretId: 'shop' } } }),
    KEY(2),
  ],
  'databases.*.restore.securityGroups': [RESTORED, ['sg-0a1b2c3d']],
  'databases.*.restore.cpu': [file({ ...MYSQL, restore: { secret: 'shop', memoryLimitMiB: '4096' } }), '2048'],
  'databases.*.restore.memoryLimitMiB': [RESTORED, '4096'],
  'databases.*.restore.ephemeralStorageGiB': [RESTORED, '50'],
  'databases.*.restore.timeout': [file({ ...SQLITE, restore: {} }), '2h'],
  'databases.*.assignPublicIp': [
    file(MYSQL, { vpc: { ...VPC, publicSubnetIds: ['subnet-0b1c2d3e'] }, vpcSubnets: 'public' }),
    'false',
  ],
};

/** The same file with another value. JSON is YAML. */
function changed(content: Content, key: string, value: unknown): Content {
  const copy = structuredClone(content);
  const steps = key.replace('*', 'shop').split('.');
  const last = steps.pop()!;
  const holder = steps.reduce<any>((at, step) => (at[step] ??= {}), copy);
  holder[last] = value;
  return copy;
}

const known = new Map<string, unknown>();

/** All that the CDK CLI is told. */
function deployed(content: Content): unknown {
  const source = JSON.stringify(content);
  if (!known.has(source)) {
    const app = appOf(source);
    const { stackName, environment, template, tags } = stackOf(app);
    known.set(source, { stackName, environment, template, tags, missing: app.synth().manifest.missing });
  }
  return known.get(source);
}

// Until the CLI has answered a look-up, the CDK makes do with a VPC that its own checks of templates dislike.
beforeAll(() => jest.spyOn(console, 'error').mockImplementation());
afterAll(() => jest.restoreAllMocks());

/** Keys that cannot change alone: other tests show what they do. */
const ELSEWHERE = ['bucket.region', 'databases.*.engine', 'vpc.availabilityZones'];
/** Keys that hold other keys are tested by these. */
const tested = (key: string) => !KEYS.some((other) => other.startsWith(`${key}.`)) && !ELSEWHERE.includes(key);

test('every key is tested', () => {
  expect(KEYS.filter((key) => tested(key) && !(key in EFFECTS))).toEqual([]);
  expect(Object.keys(EFFECTS).filter((key) => !KEYS.includes(key))).toEqual([]);
});

test.each(Object.entries(EFFECTS))('%s has an effect', (key, [content, value]) => {
  expect(deployed(changed(content, key, value))).not.toEqual(deployed(content));
});

test.each(KEYS)('%s is documented', (key) => {
  const name = key.split('.').at(-1)!;
  expect(BLOCKS[1]).toMatch(new RegExp(`\\b${name}:`));
});

test.each(OPTIONAL_KEYS)('%s is documented with its default', (key) => {
  const name = new RegExp(`\\b${key.split('.').at(-1)!}:`);
  // A comment, and the keys that follow it.
  const paragraphs = [...BLOCKS[1]!.matchAll(/((?:^ *#.*\n)+)((?:^ *[^#\s].*\n)+)/gm)];
  const about = paragraphs.filter(([paragraph]) => name.test(paragraph));
  expect(about.map(([, comment]) => comment)).toContainEqual(expect.stringMatching(/default/i));
});

test.each(BLOCKS.map((block) => [block.split('\n')[0]!, block]))(
  'the file that begins with %s is right',
  (_, block) => {
    const source = block.startsWith('# Name') ? block : `account: 111122223333\n${block}`;
    expect(Object.keys(stackOf(appOf(source)).template.Resources).length).toBeGreaterThan(10);
  },
);
