import { ENGINE_FACTS, engineFacts } from '../../../engines/facts';
import { refusal } from './support';

const VPC = '{ id: vpc-0a1b2c3d, availabilityZones: [eu-west-1a], privateSubnetIds: [subnet-0a1b2c3d] }';
/** A file that is right, with the lines that a case is about in the place of database keys; they start at line 5. */
const database = (...lines: string[]) =>
  `region: eu-west-1
vpc: ${VPC}
databases:
  shop:
${lines.map((line) => `    ${line}\n`).join('')}`;
const SERVERS = Object.keys(ENGINE_FACTS)
  .filter((engine) => engineFacts(engine).server)
  .join(', ');
const ENGINE = 'engine: mysql';
const VERSION = 'version: 8.4';
const HOST = 'host: db.internal';
const SECRET = 'secret: shop/backup';
const EVERY = 'schedule: { every: 6h }';
const SQLITE = (path: string) =>
  `sqlite: { fileSystem: fs-0a1b2c3d, accessPoint: fsap-0a1b2c3d, securityGroup: sg-0a1b2c3d, path: ${path} }`;
const ON_INSTANCE = (role: string) => `runsOn: { instances: { role: '${role}', instanceId: i-0a1b2c3d } }`;
/** A right server with one more line, the ninth. */
const server = (line: string) =>
  database(ENGINE, HOST, SECRET, VERSION, line, ...(/^schedule/.test(line) ? [] : [EVERY]));
/** A right file with one more line, the first. */
const file = (line: string) => `${line}\n${database(ENGINE, VERSION, HOST, SECRET, EVERY)}`;
/** A file with another VPC. */
const inVpc = (vpc: string, region = '') =>
  `${region}vpc: ${vpc}\ndatabases:\n  notes: { ${SQLITE('notes.db')}, ${EVERY} }\n`;
const DURATION = 'a whole number with a unit, such as 90s, 30m, 6h or 14d';

test.each([
  ['an empty file', '', 'backups.yaml:1: the file must be a map with the keys vpc and databases, got: nothing'],
  ['a list', '- a', 'backups.yaml:1: the file must be a map with the keys vpc and databases, got: a list'],
  [
    'no VPC',
    'databases: { n: 5 }',
    'backups.yaml:1: vpc is missing: it must be default, or a map with id or tags\nbackups.yaml:1: databases.n must be a map with engine, or with sqlite or files, got: 5',
  ],
  [
    'no databases',
    `vpc: ${VPC}`,
    'backups.yaml:1: databases is missing: it must be a map of at least one database, by its name',
  ],
  [
    'an empty map of databases',
    `vpc: ${VPC}\ndatabases: {}`,
    'backups.yaml:2: databases must be a map of at least one database, by its name, got: an empty map',
  ],
  [
    'nothing',
    `vpc: ${VPC}\ndatabases:`,
    'backups.yaml:2: databases must be a map of at least one database, by its name, got: nothing',
  ],
  [
    'no YAML',
    'vpc: { id: x\n',
    'backups.yaml:2: not valid YAML: Flow map in block collection must be sufficiently indented and end with a }',
  ],
  ['an unknown alias', 'vpc: *it\n', 'backups.yaml:1: *it is not defined: there is no &it before it'],
  [
    'a key twice',
    database(ENGINE, VERSION, HOST, SECRET, EVERY, VERSION),
    'backups.yaml:10: databases.shop.version is given twice, first on line 6: keep one of them',
  ],
  [
    'a key twice at the top',
    file('region: eu-west-1'),
    'backups.yaml:2: region is given twice, first on line 1: keep one of them',
  ],
  [
    'an unknown key at the top',
    file('regoin: eu-west-1'),
    'backups.yaml:1: the file has an unknown key "regoin": did you mean region?',
  ],
  [
    'all that is missing',
    database('sqlite: {}', 'path: /x', EVERY),
    [
      'backups.yaml:5: databases.shop.sqlite.fileSystem is missing: it must be the id of an EFS file system, fs-…',
      'backups.yaml:5: databases.shop.sqlite.accessPoint is missing: it must be the id of an EFS access point, fsap-…',
      'backups.yaml:5: databases.shop.sqlite.securityGroup is missing: it must be the id of a security group, sg-…',
      'backups.yaml:5: databases.shop.sqlite.path is missing: it must be a path below the access point, without a leading slash',
      'backups.yaml:6: databases.shop has an unknown key "path": allowed are sqlite, schedule, runsOn, retention, allowedAge, enabled, timeout, compressionLevel, cpu, memoryLimitMiB, ephemeralStorageGiB, cpuArchitecture, spot, vpcSubnets, assignPublicIp, sizeBounds, signalsOff, restoreTest, expect, rowDigests, recoveryTimeObjective, recoveryPointObjective, encryptTo, proveWith, restore',
    ].join('\n'),
  ],
  ['an account', file('account: 12'), 'backups.yaml:1: account must be an account id of 12 digits, got: 12'],
  [
    'a Region',
    file('stackName: x\n').replace('eu-west-1', 'Ireland'),
    'backups.yaml:3: region must be a Region, for example eu-west-1, got: Ireland: update aws-cdk-lib if it is newer than that',
  ],
  [
    'a Region that does not exist',
    file('').replace('eu-west-1', 'eu-wset-1'),
    'backups.yaml:2: region must be a Region, for example eu-west-1, got: eu-wset-1: did you mean eu-west-1?',
  ],
  [
    'a stack name',
    file('stackName: my stack'),
    'backups.yaml:1: stackName must be a name of letters, digits and hyphens, starting with a letter, got: my stack',
  ],
  ['tags', file('tags: [a]'), 'backups.yaml:1: tags must be a map of tags, got: a list'],
  ['a flag', file('s3GatewayEndpoint: yes'), 'backups.yaml:1: s3GatewayEndpoint must be true or false, got: yes'],
  [
    'retention',
    file('logRetention: 2'),
    'backups.yaml:1: logRetention must be forever, or a number of days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got: 2',
  ],
  [
    'a retention by an unknown word',
    file('retention: fortnight'),
    'backups.yaml:1: retention must be oneYear, forever, a time span such as 7d, or a map with keepFor, daily, weekly or the like, got: fortnight',
  ],
  [
    'a list of retentions',
    file('retention: [7d]'),
    'backups.yaml:1: retention must be oneYear, forever, a time span such as 7d, or a map with keepFor, daily, weekly or the like, got: a list',
  ],
  [
    'a retention with an unknown rule',
    file('retention: { dayly: 7 }'),
    'backups.yaml:1: retention has an unknown key "dayly": did you mean daily?',
  ],
  [
    'a retention without rules',
    file('retention: { keepLast: 5 }'),
    'backups.yaml:1: retention: retention must have a rule besides keepLast, got: none: give keepFor, daily, weekly or the like',
  ],
  [
    'a retention of half an hour',
    file('retention: 30m'),
    'backups.yaml:1: retention: retention: keepFor must be from 1 hour to 100 years, got: 1800 seconds',
  ],
  [
    'a retention in an unknown zone',
    server('retention: { daily: 7, timeZone: Paris }'),
    'backups.yaml:4: databases.shop: retention: time zone must be a name of the IANA database, for example Europe/Paris, got: Paris',
  ],
  [
    'a count of nothing',
    server('retention: { daily: 0 }'),
    'backups.yaml:9: databases.shop.retention.daily must be a whole number from 1 to 100000, got: 0',
  ],
  [
    'a day on which no week begins',
    server('retention: { weekly: 4, weekStart: Sun }'),
    'backups.yaml:9: databases.shop.retention.weekStart must be one of sunday, monday, tuesday, wednesday, thursday, friday, saturday, got: Sun',
  ],
  [
    'a pruning that never takes place',
    file('pruning: { schedule: { cron: 0 2 * * ? 2020 } }'),
    'backups.yaml:1: pruning.schedule: schedule never fires: no such time lies in the future, got: cron(0 2 * * ? 2020)',
  ],
  [
    'a share',
    file('pruning: { maxDeletePercent: 0 }'),
    'backups.yaml:1: pruning.maxDeletePercent must be a whole number from 1 to 100, got: 0',
  ],
  [
    'an age that is shorter than the time between two runs',
    server('allowedAge: 5h'),
    'backups.yaml:4: databases.shop: allowedAge must be longer than the longest time between two runs of rate(6 hours), 21600 seconds, got: 18000 seconds: lengthen it, or back up more often',
  ],
  ['a bucket', file('bucket: backups'), 'backups.yaml:1: bucket must be a map, got: backups'],
  [
    'a bucket without a key',
    file('bucket: { existing: backups }'),
    'backups.yaml:1: bucket.encryptionKey is missing: it must be the ARN of a KMS key, arn:aws:kms:…:key/…',
  ],
  [
    'a removal policy',
    file('bucket: { removalPolicy: delete }'),
    'backups.yaml:1: bucket.removalPolicy must be one of retain, destroy, got: delete',
  ],
  [
    'a time of retention',
    file('bucket: { noncurrentVersionRetention: 36h }'),
    'backups.yaml:1: bucket: noncurrentVersionRetention must be a whole number of days, 1 or more, got: 1 day 12 hours',
  ],
  [
    'tiers of no known name',
    file('bucket: { storageTiers: cheap }'),
    'backups.yaml:1: bucket.storageTiers must be one of cheapest, instant-access, standard-only, got: cheap: for your own ages write storageTiers: { deepArchive: 90d }',
  ],
  [
    'tiers in no order',
    file('bucket: { storageTiers: { glacierInstantRetrieval: 90d, deepArchive: 30d } }'),
    'backups.yaml:1: bucket: deepArchive must begin later than glacierInstantRetrieval, 90 days, got: 30 days: backups only move to colder tiers',
  ],
  [
    'a bucket elsewhere',
    file('bucket: { existing: backups, encryptionKey: "arn:aws:kms:eu-west-1:111122223333:key/x", region: us-east-1 }'),
    'backups.yaml:1: bucket: bucket must be in the Region of the backup, eu-west-1, got: a bucket in us-east-1: use one in eu-west-1',
  ],
  [
    'a VPC by name',
    inVpc('production'),
    'backups.yaml:1: vpc must be default, or a map with id or tags, got: production: for your own VPC write vpc: { id: vpc-… }',
  ],
  ['a VPC id', inVpc('{ id: 5 }'), 'backups.yaml:1: vpc.id must be the id of a VPC, vpc-…, got: 5'],
  [
    'zones that do not fit the subnets',
    inVpc('{ id: vpc-0a1b2c3d, availabilityZones: [a, b], privateSubnetIds: [subnet-0a1b2c3d] }'),
    'backups.yaml:1: vpc: Number of privateSubnetIds (1) must be a multiple of availability zones (2).',
  ],
  [
    'a look-up without a Region',
    inVpc('default'),
    'backups.yaml:1: vpc: a VPC is looked up, which needs the account and the Region: give account and region, or use AWS credentials, or give availabilityZones and privateSubnetIds beside the id of the VPC',
  ],
  [
    'subnets',
    file('vpcSubnets: privat'),
    'backups.yaml:1: vpcSubnets must be one of private, public, isolated, got: privat: did you mean private?',
  ],
  [
    'no subnets',
    file('vpcSubnets: { subnetIds: [] }'),
    'backups.yaml:1: vpcSubnets.subnetIds must be a list of ids of subnets, subnet-…, at least one, got: an empty list',
  ],
  [
    'a name',
    database('').replace('shop:', 'Shop_1: 5'),
    'backups.yaml:4: databases.Shop_1 must be a map with engine, or with sqlite or files, got: 5\nbackups.yaml:4: databases.Shop_1 must be named with 1 to 40 lower-case letters, digits and hyphens, starting and ending with a letter or a digit, got: "Shop_1"',
  ],
  [
    'an engine',
    database('engine: postgres', 'version: 17', HOST, SECRET, EVERY),
    `backups.yaml:5: databases.shop.engine must be one of ${SERVERS}, got: postgres: did you mean postgresql?`,
  ],
  [
    'the engine SQLite',
    database('engine: sqlite', VERSION, HOST, SECRET, EVERY),
    `backups.yaml:5: databases.shop.engine must be one of ${SERVERS}, got: sqlite: for SQLite give sqlite: { … }, for files give files: { … } in place of engine`,
  ],
  [
    'a version in quotes',
    database(ENGINE, 'version: "8.9"', HOST, SECRET, EVERY),
    'backups.yaml:6: databases.shop.version must be one of 5.7, 8.0, 8.4, 9.6, 9.7, got: "8.9": give the version that the server runs',
  ],
  [
    'a version of another engine',
    database('engine: mariadb', VERSION, HOST, SECRET, EVERY),
    'backups.yaml:6: databases.shop.version must be one of 10.6, 10.11, 11.4, 11.8, 12.2, 12.3, got: 8.4: give the version that the server runs',
  ],
  [
    'a minor version',
    database('engine: postgresql', 'version: 17.2', HOST, SECRET, EVERY),
    'backups.yaml:6: databases.shop.version must be one of 14, 15, 16, 17, 18, got: 17.2: leave out the patch level: 17',
  ],
  [
    'schemas of MySQL',
    server('schemas: [a]'),
    expect.stringMatching(
      /^backups.yaml:9: databases.shop has an unknown key "schemas": allowed are engine, version, host, .*signalsOff, .*restore$/,
    ) as string,
  ],
  [
    'an address',
    file('alarms: { emails: [ops] }'),
    'backups.yaml:1: alarms.emails[0] must be an address like backups@example.com, got: ops',
  ],
  [
    'an address twice',
    file('alarms: { emails: [ops@example.com, ops@example.com] }'),
    'backups.yaml:1: alarms: emails must differ, got: "ops@example.com" twice: leave one out',
  ],
  [
    'a key of the topic in another Region',
    file('alarms: { topicEncryptionKey: arn:aws:kms:us-east-1:111122223333:key/x }'),
    'backups.yaml:1: alarms: topicEncryptionKey must be in the Region of the alarms, eu-west-1, got: a key in us-east-1: use one in eu-west-1',
  ],
  ...['off', 'false'].map((value): [string, string, string] => [
    `alarms that are ${value}`,
    file(`alarms: ${value}`),
    `backups.yaml:1: alarms must be a map with emails, got: ${value}: alarms cannot be off as a whole: list signals in signalsOff, each with the reason`,
  ]),
  [
    'a zone of the alarms',
    file('alarms: { timeZone: Paris }'),
    'backups.yaml:1: alarms: timeZone of the alarms must be a name of the IANA database, for example Europe/Paris, got: "Paris": correct it',
  ],
  [
    'a digest by a word',
    file('alarms: { digest: daily }'),
    "backups.yaml:1: alarms.digest must be off, each, or a map with daily or weekly, got: daily: for one a day write digest: { daily: '08:00' }",
  ],
  [
    'a digest at no time',
    file("alarms: { digest: { daily: '8' } }"),
    'backups.yaml:1: alarms.digest.daily must be a time of day from 00:00 to 23:59, got: "8"',
  ],
  [
    'an unknown signal',
    file('alarms: { signalsOff: { strange-sizes: we know } }'),
    'backups.yaml:1: alarms.signalsOff.strange-sizes must be one of failed, never-started, silent, strange-size, not-proven, housekeeping, got: "strange-sizes": did you mean strange-size?',
  ],
  [
    'a signal without a reason',
    file('alarms: { signalsOff: { silent: } }'),
    'backups.yaml:1: alarms.signalsOff.silent must be the reason why it is off, got: nothing',
  ],
  [
    "a signal of the bucket's for a database",
    server('signalsOff: { housekeeping: noise }'),
    'backups.yaml:9: databases.shop.signalsOff.housekeeping must be one of failed, never-started, silent, strange-size, not-proven, got: "housekeeping"',
  ],
  [
    'a list of signals',
    server('signalsOff: [silent]'),
    'backups.yaml:9: databases.shop.signalsOff must be a map of signals, each with the reason why it is off, got: a list',
  ],
  [
    'a bound of sizes',
    server('sizeBounds: { shrink: 0 }'),
    'backups.yaml:9: databases.shop.sizeBounds.shrink must be a number above 0, got: 0',
  ],
  [
    'a history',
    server('sizeBounds: { minHistory: 2 }'),
    'backups.yaml:9: databases.shop.sizeBounds.minHistory must be a whole number from 3 to 14, got: 2',
  ],
  [
    'a proven age',
    server('allowedAge: 1 month'),
    `backups.yaml:9: databases.shop.allowedAge must be ${DURATION}, got: 1 month`,
  ],
  [
    'a password',
    server('password: hunter2'),
    'backups.yaml:9: databases.shop has an unknown key "password": put it into a secret of Secrets Manager, with the keys username and password, and name the secret here: secret: shop/backup',
  ],
  [
    'a user in the place of a secret',
    database(ENGINE, VERSION, HOST, 'user: backup', EVERY),
    'backups.yaml:4: databases.shop.secret is missing: it must be the name or the ARN of a secret, or a map with secretId\nbackups.yaml:8: databases.shop has an unknown key "user": put it into a secret of Secrets Manager, with the keys username and password, and name the secret here: secret: shop/backup',
  ],
  [
    'a password beside the name of a secret',
    database(ENGINE, VERSION, HOST, 'secret: { secretId: shop, password: hunter2 }', EVERY),
    'backups.yaml:8: databases.shop.secret has an unknown key "password": put it into the secret itself, where its key is password, or another one that passwordKey names',
  ],
  ...['null', '~', 'undefined'].map((value): [string, string, string] => [
    `a host that is ${value}`,
    database(ENGINE, VERSION, `host: ${value}`, SECRET, EVERY),
    `backups.yaml:7: databases.shop.host must be a host name or an address, got: ${value}`,
  ]),
  ['a tag without a value', file('tags: { Team: null }'), 'backups.yaml:1: tags.Team must be a text, got: null'],
  [
    'an empty list',
    server('databases:'),
    'backups.yaml:9: databases.shop.databases must be a list of names of databases, at least one, got: nothing',
  ],
  [
    'no host',
    database(ENGINE, VERSION, SECRET, EVERY),
    'backups.yaml:4: databases.shop.host is missing: it must be a host name or an address',
  ],
  [
    'a host with its port',
    database(ENGINE, VERSION, 'host: db:3306', SECRET, EVERY),
    'backups.yaml:7: databases.shop.host must be a host name or an address, got: db:3306',
  ],
  [
    'a port',
    server('port: 99999'),
    'backups.yaml:9: databases.shop.port must be a whole number from 1 to 65535, got: 99999',
  ],
  [
    'a secret',
    database(ENGINE, VERSION, HOST, 'secret:', EVERY),
    'backups.yaml:8: databases.shop.secret must be the name or the ARN of a secret, or a map with secretId, got: nothing',
  ],
  [
    'no secret',
    database(ENGINE, VERSION, HOST, EVERY),
    'backups.yaml:4: databases.shop.secret is missing: it must be the name or the ARN of a secret, or a map with secretId',
  ],
  [
    'a security group',
    server('securityGroups: [sg-0a1b2c3d, clients]'),
    'backups.yaml:9: databases.shop.securityGroups[1] must be the id of a security group, sg-…, got: clients',
  ],
  [
    'a restore without its secret',
    server('restore: { timeout: 24h }'),
    'backups.yaml:9: databases.shop.restore.secret is missing: it must be the name or the ARN of a secret, or a map with secretId',
  ],
  [
    'a password for a restore',
    server('restore: { secret: shop/restore, password: hunter2 }'),
    'backups.yaml:9: databases.shop.restore has an unknown key "password": put it into a secret of Secrets Manager, with the keys username and password, and name the secret here: secret: shop/backup',
  ],
  [
    'a text for a restore',
    server('restore: shop/restore'),
    'backups.yaml:9: databases.shop.restore must be a map with secret, got: shop/restore',
  ],
  [
    'the disk of a restore',
    server('restore: { secret: shop/restore, ephemeralStorageGiB: 300 }'),
    'backups.yaml:9: databases.shop.restore.ephemeralStorageGiB must be a whole number from 21 to 200, got: 300',
  ],
  [
    'a secret to restore a file with',
    database(SQLITE('shop.db'), EVERY, 'restore: { secret: shop/restore }'),
    'backups.yaml:7: databases.shop.restore has an unknown key "secret": allowed are securityGroups, cpu, memoryLimitMiB, ephemeralStorageGiB, timeout, identity',
  ],
  [
    'a restore of a file with nothing',
    database(SQLITE('shop.db'), EVERY, 'restore:'),
    'backups.yaml:7: databases.shop.restore must be a map, which may be empty: {}, got: nothing',
  ],
  [
    'memory that a restore cannot have with its CPU',
    server('restore: { secret: shop/restore, cpu: 4096 }'),
    'backups.yaml:4: databases.shop: restore.memoryLimitMiB with cpu 4096 must be one of 8192, 9216, 10240, 11264, 12288, 13312, 14336, 15360, 16384, 17408, 18432, 19456, 20480, 21504, 22528, 23552, 24576, 25600, 26624, 27648, 28672, 29696, 30720, got: 2048',
  ],
  [
    'a text for a list',
    server('databases: shop'),
    'backups.yaml:9: databases.shop.databases must be a list of names of databases, at least one, got: shop',
  ],
  [
    'an empty list',
    server('databases: []'),
    'backups.yaml:9: databases.shop.databases must be a list of names of databases, at least one, got: an empty list',
  ],
  [
    'TLS switched off',
    server('tls: off'),
    'backups.yaml:9: databases.shop.tls must be one of amazon-rds, public, got: off: for clear text write why: tls: { off: <reason> }',
  ],
  [
    'TLS off without a reason',
    server('tls: { off: }'),
    'backups.yaml:9: databases.shop.tls.off must be the reason why clear text is acceptable here, got: nothing',
  ],
  [
    'no schedule',
    database(ENGINE, VERSION, HOST, SECRET),
    'backups.yaml:4: databases.shop.schedule is missing: it must be a map with every, daily, weekly or cron',
  ],
  [
    'a text as schedule',
    server('schedule: daily'),
    'backups.yaml:9: databases.shop.schedule must be a map with every, daily, weekly or cron, got: daily',
  ],
  [
    'a distance',
    server('schedule: { every: 6 hours }'),
    `backups.yaml:9: databases.shop.schedule.every must be ${DURATION}, got: 6 hours`,
  ],
  [
    'a distance of nothing',
    server('schedule: { every: 0h }'),
    `backups.yaml:9: databases.shop.schedule.every must be ${DURATION}, got: 0h`,
  ],
  [
    'a time of day',
    server("schedule: { daily: '25:00' }"),
    'backups.yaml:9: databases.shop.schedule.daily must be a time of day from 00:00 to 23:59, got: "25:00"',
  ],
  [
    'a day',
    server('schedule: { weekly: someday 02:00 }'),
    'backups.yaml:9: databases.shop.schedule.weekly must be a day and a time, such as sunday 02:30, got: someday 02:00',
  ],
  [
    'a zone for a distance',
    server('schedule: { every: 6h, timeZone: UTC }'),
    'backups.yaml:9: databases.shop.schedule has an unknown key "timeZone": allowed are every, flexibleWindow, retryAttempts, maxEventAge',
  ],
  [
    'an unknown zone',
    server("schedule: { daily: '02:00', timeZone: Paris }"),
    'backups.yaml:4: databases.shop: time zone must be a name of the IANA database, for example Europe/Paris, got: Paris',
  ],
  [
    'a schedule that never fires',
    server('schedule: { cron: 0 2 * * ? 2020 }'),
    'backups.yaml:4: databases.shop: schedule never fires: no such time lies in the future, got: cron(0 2 * * ? 2020)',
  ],
  [
    'a timeout',
    server('timeout: 7h'),
    'backups.yaml:4: databases.shop: timeout must be shorter than the shortest time between two runs of rate(6 hours), 21600 seconds, got: 25200 seconds: shorten it, or back up less often',
  ],
  [
    'a size',
    server('memoryLimitMiB: 1000'),
    'backups.yaml:4: databases.shop: memoryLimitMiB with cpu 1024 must be one of 2048, 3072, 4096, 5120, 6144, 7168, 8192, got: 1000',
  ],
  [
    'databases to take and to leave',
    server('databases: [a]\n    excludeDatabases: [b]'),
    'backups.yaml:4: databases.shop: databases and excludeDatabases cannot be given together: name what to back up, or what to leave out',
  ],
  [
    'a path',
    database(SQLITE('/notes.db'), EVERY),
    'backups.yaml:5: databases.shop.sqlite.path must be a path below the access point, without a leading slash, got: /notes.db',
  ],
  [
    'a path that leaves',
    database(SQLITE('../notes.db'), EVERY),
    'backups.yaml:4: databases.shop: path must be relative to the access point, without .., for example \'shop.db\', got: "../notes.db"',
  ],
  [
    'rds',
    database('rds: { name: x }', ENGINE, VERSION, SECRET, EVERY),
    'backups.yaml:5: databases.shop.rds must be a map with instance or cluster, got: a map',
  ],
  [
    'rds and a host',
    database('rds: { instance: x }', ENGINE, VERSION, HOST, SECRET, EVERY),
    expect.stringMatching(/^backups.yaml:8: databases.shop has an unknown key "host": /) as string,
  ],
  [
    'the name of a secret that looks like the end of an ARN',
    database(ENGINE, HOST, VERSION, 'secret: shop-backup', EVERY),
    'backups.yaml:4: databases.shop: secret must be given by its complete ARN where its name ends in a hyphen and six characters, got: shop-backup: AWS takes "-backup" for the end of an ARN; give the ARN that "aws secretsmanager describe-secret --secret-id shop-backup" shows, with Secret.fromSecretCompleteArn or, in backups.yaml, as secret',
  ],
  [
    'rds without an account',
    database('rds: { instance: x }', ENGINE, VERSION, SECRET, EVERY),
    'backups.yaml:4: databases.shop: rds is looked up, which needs the account and the Region: give account and region, or use AWS credentials, or give host in place of rds',
  ],
  [
    'rds, and an instance to run on',
    `account: 111122223333\n${database('rds: { instance: x }', ENGINE, VERSION, SECRET, EVERY, ON_INSTANCE('vm'))}`,
    'backups.yaml:5: databases.shop: rds must be left out with runsOn: { instances: … }, got: both: give host in place of rds, or leave runsOn out',
  ],
  [
    'a way in for what runs on an instance',
    database(ENGINE, VERSION, HOST, SECRET, EVERY, 'databaseSecurityGroup: sg-0a1b2c3d', ON_INSTANCE('vm')),
    'backups.yaml:4: databases.shop: databaseSecurityGroup must be left out with runsOn: { instances: … }, got: both: what runs on the instance needs no way in',
  ],
  ...['/team/shop-vm', 'team/', 'shop vm', 'arn:aws:iam::111122223333:instance-profile/vm'].map(
    (role): [string, string, string] => [
      `the role ${role}`,
      server(ON_INSTANCE(role)),
      `backups.yaml:9: databases.shop.runsOn.instances.role must be the name of the role of the instance, with its path, such as team/shop-vm, or its ARN, got: "${role}"`,
    ],
  ),
  [
    'a subnet twice',
    file('vpcSubnets: { subnetIds: [subnet-0a1b2c3d, subnet-0b1c2d3e, subnet-0a1b2c3d] }'),
    'backups.yaml:1: vpcSubnets.subnetIds must be ids of different subnets, got: subnet-0a1b2c3d twice',
  ],
])('%s', (_, source, sentence) => {
  expect(refusal(source)).toEqual(sentence);
});

test('a certificate that is not there, by its path', () => {
  expect(refusal(server('tls: { certificateAuthority: nowhere.pem }'))).toBe(
    'backups.yaml:4: databases.shop: tls.certificateAuthority cannot be read, no such file: nowhere.pem: give a path relative to backups.yaml, or the PEM itself',
  );
});

test('a private key beside a certificate, without showing it', () => {
  const blocks = ['CERTIFICATE', 'PRIVATE KEY', 'CERTIFICATE'].map(
    (what) => `-----BEGIN ${what}-----\nMIIB\n-----END ${what}-----\n`,
  );
  expect(refusal(server(`tls: { certificateAuthority: ${JSON.stringify(blocks.join(''))} }`))).toMatch(
    /: DatabaseTls\.certificateAuthority takes certificates only, got: a private key among them: [^-]+$/,
  );
});

test('what the constructs refuse in several databases, all at once, in the order of the file', () => {
  const rest = `${VERSION}, ${HOST}, ${SECRET}`;
  const source = `vpc: ${VPC}
databases:
  first: { ${ENGINE}, ${rest}, ${EVERY}, timeout: 7h }
  second: { ${ENGINE}, ${rest}, ${EVERY} }
  third: { ${ENGINE}, ${rest}, ${EVERY}, cpu: 1000 }
`;
  expect(refusal(source)).toBe(
    [
      'backups.yaml:3: databases.first: timeout must be shorter than the shortest time between two runs of rate(6 hours), 21600 seconds, got: 25200 seconds: shorten it, or back up less often',
      'backups.yaml:5: databases.third: cpu must be one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 is one vCPU), got: 1000',
    ].join('\n'),
  );
});

test('the line of a value that was named or merged is that of its own', () => {
  const source = `vpc: ${VPC}
databases:
  first: &common
    ${ENGINE}
    version: 9
    ${HOST}
    ${SECRET}
    ${EVERY}
  second:
    <<: *common
    ${VERSION}
    port: 0
  third:
    <<: *common
`;
  const version = 'must be one of 5.7, 8.0, 8.4, 9.6, 9.7, got: 9: give the version that the server runs';
  expect(refusal(source)).toBe(
    [
      `backups.yaml:5: databases.first.version ${version}`,
      `backups.yaml:5: databases.third.version ${version}`,
      'backups.yaml:12: databases.second.port must be a whole number from 1 to 65535, got: 0',
    ].join('\n'),
  );
});
