import { Duration, Lazy, TimeZone } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { AddDatabaseProps } from '../../lib';
import {
  BackupSchedule,
  Database,
  DatabaseBackup,
  DatabaseTls,
  MariadbVersion,
  MysqlVersion,
  PostgresqlVersion,
  Retention,
} from '../../lib';
import { READY_IMAGE, Setup } from './support';

const PATH = 'Stack/Backups/Shop';
const { every, daily, cron } = BackupSchedule;

const CHECK = 'check where it comes from, for example an environment variable';
const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:';
const BUNDLE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'.repeat(600);
const CERTIFICATE = BUNDLE.slice(0, BUNDLE.length / 600);
const KEY_BETWEEN = `${CERTIFICATE}-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n${CERTIFICATE}`;

/** Every bad property of a database, and the sentence that it is refused with. */
const CASES: [name: string, props: (setup: Setup) => Partial<AddDatabaseProps>, sentence: string][] = [
  [
    'a source name with capitals',
    () => ({ sourceName: 'Shop' }),
    'source name must be 1 to 40 lower-case letters, digits and hyphens, starting and ending with a letter or a digit, got: "Shop": give another one in sourceName',
  ],
  [
    'a source name that is too long',
    () => ({ sourceName: 'a'.repeat(41) }),
    `source name must be 1 to 40 lower-case letters, digits and hyphens, starting and ending with a letter or a digit, got: "${'a'.repeat(41)}": give another one in sourceName`,
  ],
  [
    'a source name that is a token',
    () => ({ sourceName: Lazy.string({ produce: () => 'shop' }) }),
    'sourceName must be known at synth, got: a token: write the value itself',
  ],
  [
    'a version that is not known, without an image',
    (setup) => ({ database: setup.mysql({ version: MysqlVersion.of('8.5') }), image: undefined }),
    'MySQL version must be one of 5.7, 8.0, 8.4, 9.6, 9.7, got: "8.5": give the version that the server runs; if it is a newer one, give image, with the tools of that version in it',
  ],
  [
    'a version with a patch level',
    (setup) => ({ database: setup.mysql({ version: MysqlVersion.of('8.4.3') }) }),
    'MySQL version must be one of 5.7, 8.0, 8.4, 9.6, 9.7, got: "8.4.3": leave out the patch level: 8.4',
  ],
  [
    'a version that is a token',
    (setup) => ({ database: setup.mysql({ version: MysqlVersion.of(Lazy.string({ produce: () => '8.4' })) }) }),
    'MySQL version must be known at synth, got: a token: write the value itself',
  ],
  ...(['host', 'secret', 'version'] as const).map((name): (typeof CASES)[number] => [
    `no ${name}, as an environment variable that is not set gives it`,
    (setup) => ({ database: setup.mysql({ [name]: undefined }) }),
    `${name} must be given, got: undefined: ${CHECK}`,
  ]),
  [
    'a version that is not set',
    (setup) => ({ database: setup.mysql({ version: MysqlVersion.of(process.env.NOT_SET!) }) }),
    `version must be given, got: undefined: ${CHECK}`,
  ],
  [
    'a database that is not set, in a list',
    (setup) => ({ database: setup.mysql({ databases: ['shop', process.env.NOT_SET!] }) }),
    `databases[1] must be given, got: undefined: ${CHECK}`,
  ],
  [
    'no hour',
    () => ({ schedule: daily({ hour: undefined! }) }),
    `hour of the schedule must be given, got: undefined: ${CHECK}`,
  ],
  [
    'an empty key of the secret',
    (setup) => ({ database: setup.mysql({ passwordKey: '' }) }),
    'usernameKey and passwordKey must be keys of the JSON in the secret, got: an empty text',
  ],
  [
    'an empty host',
    (setup) => ({ database: setup.mysql({ host: '' }) }),
    'host must be a host name or an address, got: an empty text',
  ],
  ...['mysql://db.internal', 'db.internal:3306', 'db internal'].map((host): (typeof CASES)[number] => [
    `host ${host}`,
    (setup) => ({ database: setup.mysql({ host }) }),
    `host must be a host name or an address, got: "${host}": leave out scheme, port and path`,
  ]),
  [
    'a key of the secret with a colon',
    (setup) => ({ database: setup.mysql({ passwordKey: 'pass:word' }) }),
    'usernameKey and passwordKey must be without a colon, which ends a key for ECS, got: "pass:word": rename it',
  ],
  [
    'a flexible window of a minute and a half',
    () => ({ schedule: every(Duration.hours(6), { flexibleWindow: Duration.seconds(90) }) }),
    'flexibleWindow must be a whole number of minutes, got: 90 seconds: round it',
  ],
  ...[0, 65_536, 3306.5].map((port): (typeof CASES)[number] => [
    `port ${port}`,
    (setup) => ({ database: setup.mysql({ port }) }),
    `port must be a whole number from 1 to 65535, got: ${port}`,
  ]),
  [
    'an empty list of databases',
    (setup) => ({ database: setup.mysql({ databases: [] }) }),
    'databases must name at least one database, got: an empty list: leave it out to back up every database',
  ],
  [
    'an empty name in the list of databases',
    (setup) => ({ database: setup.mysql({ databases: ['shop', ''] }) }),
    'databases must hold names, got: an empty text',
  ],
  [
    'databases to include and to exclude',
    (setup) => ({ database: setup.mysql({ databases: ['shop'], excludeDatabases: ['scratch'] }) }),
    'databases and excludeDatabases cannot be given together: name what to back up, or what to leave out',
  ],
  [
    'an empty list of schemas',
    ({ secret }) => ({
      database: Database.postgresql({ version: PostgresqlVersion.V16, host: 'db', secret, schemas: [] }),
    }),
    'schemas must name at least one schema, got: an empty list: leave it out to back up every schema',
  ],
  [
    'too many security groups',
    (setup) => ({ database: setup.mysql({ securityGroups: groups(setup, 6) }) }),
    'securityGroups must be 1 to 5, got: 6: leave them out to have one created',
  ],
  [
    'too many security groups together',
    (setup) => ({
      database: setup.mysql({ securityGroups: groups(setup, 3) }),
      securityGroups: groups(setup, 3, 'Task'),
    }),
    'securityGroups must be at most 5, those of the database included, got: 6',
  ],
  ...[
    (setup: Setup) => Secret.fromSecretNameV2(setup.stack, 'Named', 'shop-backup'),
    (setup: Setup) => Secret.fromSecretPartialArn(setup.stack, 'Partial', `${SECRET_ARN}shop-backup`),
  ].map((secret): (typeof CASES)[number] => [
    'a secret whose name looks like the end of an ARN',
    (setup) => ({ database: setup.mysql({ secret: secret(setup) }) }),
    'secret must be given by its complete ARN where its name ends in a hyphen and six characters, got: shop-backup: AWS takes "-backup" for the end of an ARN; give the ARN that "aws secretsmanager describe-secret --secret-id shop-backup" shows, with Secret.fromSecretCompleteArn or, in backups.yaml, as secret',
  ]),
  [
    'clear text without a reason',
    (setup) => ({ database: setup.mysql({ tls: DatabaseTls.off(' ') }) }),
    'DatabaseTls.off needs a reason, got: an empty one: write why clear text is acceptable here',
  ],
  [
    'a certificate authority that is a file name',
    (setup) => ({ database: setup.mysql({ tls: DatabaseTls.certificateAuthority('ca.pem') }) }),
    'DatabaseTls.certificateAuthority needs a certificate in PEM (-----BEGIN CERTIFICATE-----…), got: "ca.pem"',
  ],
  [
    'a private key between certificates',
    (setup) => ({ database: setup.mysql({ tls: DatabaseTls.certificateAuthority(KEY_BETWEEN) }) }),
    'DatabaseTls.certificateAuthority takes certificates only, got: a private key among them: leave it out, for the task definition shows it to everybody who may read that',
  ],
  [
    'more certificates than a task definition holds',
    (setup) => ({ database: setup.mysql({ tls: DatabaseTls.certificateAuthority(BUNDLE) }) }),
    `DatabaseTls.certificateAuthority takes at most 32768 characters, got: ${BUNDLE.length}: give only the authority of this server; for RDS amazonRds(), or the bundle of the one Region`,
  ],
  ...['', '/shop.db', '../shop.db'].map((path): (typeof CASES)[number] => [
    `SQLite path ${JSON.stringify(path)}`,
    (setup) => ({ database: setup.sqlite(path) }),
    `path must be relative to the access point, without .., for example 'shop.db', got: ${JSON.stringify(path)}`,
  ]),
  [
    'a dump argument that would make a partial dump',
    (setup) => ({ database: setup.mysql({ extraDumpArguments: ['--skip-tz-utc', '--where=1=0'] }) }),
    'dump argument "--where=1=0" is not allowed: it would make a partial dump that looks complete; remove it',
  ],
  [
    'an RDS engine that has no dump tool here',
    (setup) => ({ database: Database.fromInstance(oracle(setup)) }),
    'engine of Stack/Oracle must be one of mysql, aurora-mysql, mariadb, postgres, aurora-postgresql, got: oracle-se2',
  ],
  [
    'an imported instance without an engine',
    (setup) => ({ database: Database.fromInstance(imported(setup)) }),
    'engine of Stack/Imported must be one of mysql, aurora-mysql, mariadb, postgres, aurora-postgresql, got: none: give the version, for example MysqlVersion.V8_4, which names the engine',
  ],
  [
    'the version of another engine than that of the instance',
    ({ stack, vpc }) => ({
      database: Database.fromInstance(
        new rds.DatabaseInstance(stack, 'Db', {
          vpc,
          engine: rds.DatabaseInstanceEngine.mysql({ version: rds.MysqlEngineVersion.VER_8_0 }),
        }),
        { version: MariadbVersion.V11_4 },
      ),
      image: READY_IMAGE,
    }),
    'version of Stack/Db must be one of MySQL, got: one of MariaDB: leave it out, or use the class of MySQL',
  ],
  [
    'an RDS engine without a version',
    (setup) => ({
      database: Database.fromInstance(imported(setup, rds.DatabaseInstanceEngine.MYSQL), { secret: setup.secret }),
    }),
    'version of Stack/Imported is not known, got: an engine without a version: give it in the option version',
  ],
  [
    'an imported instance without a secret',
    (setup) => ({
      database: Database.fromInstance(
        imported(setup, rds.DatabaseInstanceEngine.mysql({ version: rds.MysqlEngineVersion.VER_8_0 })),
      ),
    }),
    'Stack/Imported has no secret: give a Secrets Manager secret with a user name and a password in the option secret',
  ],
  [
    'schemas of a MySQL instance',
    (setup) => ({
      database: Database.fromInstance(
        imported(setup, rds.DatabaseInstanceEngine.mysql({ version: rds.MysqlEngineVersion.VER_8_0 })),
        { secret: setup.secret, schemas: ['public'] },
      ),
    }),
    'schemas is for PostgreSQL only, got: MySQL: leave it out',
  ],
  [
    'a schedule that never fires',
    () => ({ schedule: cron('0 0 31 2 ? *') }),
    'schedule never fires: no such time lies in the future, got: cron(0 0 31 2 ? *)',
  ],
  [
    'a schedule with five fields',
    () => ({ schedule: cron('0 2 * * *') }),
    'cron expression must have six fields (minutes hours day-of-month month day-of-week year), got: cron(0 2 * * *)',
  ],
  ...['Europe/Atlantis', 'europe/paris', '+01:00'].map((zone): (typeof CASES)[number] => [
    `time zone ${zone}`,
    () => ({ schedule: daily({ hour: 2, timeZone: TimeZone.of(zone) }) }),
    `time zone must be a name of the IANA database, for example Europe/Paris, got: ${zone}`,
  ]),
  [
    'a schedule that is a token',
    () => ({ schedule: cron(Lazy.string({ produce: () => '0 2 * * ? *' })) }),
    'schedule must be known at synth, got: a token: write the value itself',
  ],
  [
    'an hour that is a token',
    () => ({ schedule: daily({ hour: Lazy.number({ produce: () => 2 }) }) }),
    'hour of the schedule must be known at synth, got: a token: write the value itself',
  ],
  [
    'an interval that is a token',
    () => ({ schedule: every(Duration.hours(Lazy.number({ produce: () => 2 }))) }),
    'interval of the schedule must be known at synth, got: a token: write the value itself',
  ],
  [
    'an interval below a minute',
    () => ({ schedule: every(Duration.seconds(30)) }),
    'interval of the schedule must be a whole number from 1 to 527040 minutes, got: 0.5',
  ],
  ...[-1, 24, 2.5].map((hour): (typeof CASES)[number] => [
    `hour ${hour}`,
    () => ({ schedule: daily({ hour }) }),
    `hour of the schedule must be a whole number from 0 to 23, got: ${hour}`,
  ]),
  ...[-1, 60].map((minute): (typeof CASES)[number] => [
    `minute ${minute}`,
    () => ({ schedule: daily({ hour: 2, minute }) }),
    `minute of the schedule must be a whole number from 0 to 59, got: ${minute}`,
  ]),
  ...[59, 86_401].flatMap((seconds): typeof CASES => [
    [
      `flexible window of ${seconds} s`,
      () => ({ schedule: every(Duration.days(2), { flexibleWindow: Duration.seconds(seconds) }) }),
      `flexibleWindow must be a whole number from 60 to 86400 seconds, got: ${seconds}`,
    ],
    [
      `event age of ${seconds} s`,
      () => ({ schedule: every(Duration.days(2), { maxEventAge: Duration.seconds(seconds) }) }),
      `maxEventAge must be a whole number from 60 to 86400 seconds, got: ${seconds}`,
    ],
  ]),
  ...[-1, 186].map((retryAttempts): (typeof CASES)[number] => [
    `${retryAttempts} retries`,
    () => ({ schedule: every(Duration.days(2), { retryAttempts }) }),
    `retryAttempts must be a whole number from 0 to 185, got: ${retryAttempts}`,
  ]),
  [
    'retries that outlast the next run',
    () => ({ schedule: every(Duration.hours(1), { maxEventAge: Duration.hours(2) }) }),
    'maxEventAge must be at most the shortest time between two runs of rate(1 hour), 3600 seconds, got: 7200 seconds: shorten it',
  ],
  [
    'a timeout as long as the schedule',
    () => ({ schedule: every(Duration.hours(6)), timeout: Duration.hours(6) }),
    'timeout must be shorter than the shortest time between two runs of rate(6 hours), 21600 seconds, got: 21600 seconds: shorten it, or back up less often',
  ],
  [
    'a timeout that does not fit between the runs of one day',
    () => ({ schedule: cron('0 8,9 * * ? *'), timeout: Duration.hours(2) }),
    'timeout must be shorter than the shortest time between two runs of cron(0 8,9 * * ? *), 3600 seconds, got: 7200 seconds: shorten it, or back up less often',
  ],
  [
    'a timeout that fits, but not with the flexible window',
    () => ({
      schedule: every(Duration.hours(6), { flexibleWindow: Duration.hours(1) }),
      timeout: Duration.hours(5),
    }),
    'timeout must be shorter than the shortest time between two runs of rate(6 hours), 21600 seconds less the flexibleWindow of 3600 seconds, got: 18000 seconds: shorten it, or back up less often',
  ],
  [
    'a flexible window as long as the schedule',
    () => ({ schedule: every(Duration.hours(1), { flexibleWindow: Duration.hours(1) }) }),
    'flexibleWindow must be shorter than the shortest time between two runs of rate(1 hour), 3600 seconds, got: 3600 seconds: shorten it',
  ],
  ...[29, 604_801].map((seconds): (typeof CASES)[number] => [
    `timeout of ${seconds} s`,
    () => ({ schedule: every(Duration.days(30)), timeout: Duration.seconds(seconds) }),
    `timeout must be a whole number from 30 to 604800 seconds, got: ${seconds}`,
  ]),
  [
    'a timeout that is a token',
    () => ({ timeout: Duration.hours(Lazy.number({ produce: () => 2 })) }),
    'timeout must be known at synth, got: a token: write the value itself',
  ],
  [
    'an allowed age as long as the time between two runs',
    () => ({ allowedAge: Duration.hours(6) }),
    'allowedAge must be longer than the longest time between two runs of rate(6 hours), 21600 seconds, got: 21600 seconds: lengthen it, or back up more often',
  ],
  [
    'an allowed age that the weekend outlasts',
    () => ({ schedule: cron('0 2 ? * MON-FRI *'), allowedAge: Duration.days(2) }),
    'allowedAge must be longer than the longest time between two runs of cron(0 2 ? * MON-FRI *), 259200 seconds, got: 172800 seconds: lengthen it, or back up more often',
  ],
  [
    'an allowed age that is a token',
    () => ({ allowedAge: Duration.hours(Lazy.number({ produce: () => 9 })) }),
    'allowedAge must be known at synth, got: a token: write the value itself',
  ],
  [
    'a retention that keeps nothing',
    () => ({ retention: Retention.days(0) }),
    'days of the retention must be a whole number from 1 to 36525, got: 0',
  ],
  [
    'a retention without a floor',
    () => ({ retention: Retention.oneYear({ keepLast: 0 }) }),
    'retention: keepLast must be a whole number from 1 to 100000, got: 0',
  ],
  ...[0, 20, 1.5].map((compressionLevel): (typeof CASES)[number] => [
    `compression level ${compressionLevel}`,
    () => ({ compressionLevel }),
    `compressionLevel must be a whole number from 1 to 19, got: ${compressionLevel}`,
  ]),
  ...[20, 201].map((ephemeralStorageGiB): (typeof CASES)[number] => [
    `disk of ${ephemeralStorageGiB} GiB`,
    () => ({ ephemeralStorageGiB }),
    `ephemeralStorageGiB must be a whole number from 21 to 200 GiB, got: ${ephemeralStorageGiB}`,
  ]),
  [
    'CPU units that Fargate does not offer',
    () => ({ cpu: 1000 }),
    'cpu must be one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 is one vCPU), got: 1000',
  ],
  [
    'memory that Fargate does not offer with the CPU units',
    () => ({ cpu: 256, memoryLimitMiB: 4096 }),
    'memoryLimitMiB with cpu 256 must be one of 512, 1024, 2048, got: 4096',
  ],
  [
    'the default memory with more CPU units',
    () => ({ cpu: 8192 }),
    'memoryLimitMiB with cpu 8192 must be one of 16384, 20480, 24576, 28672, 32768, 36864, 40960, 45056, 49152, 53248, 57344, 61440, got: 2048',
  ],
  [
    'Spot with a public address',
    () => ({ spot: true, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } }),
    'spot cannot be combined with a public address, got: both: EventBridge Scheduler assigns one to tasks of launch type FARGATE only; leave spot out, or use private subnets',
  ],
  [
    'an architecture that Fargate does not have',
    () => ({ cpuArchitecture: ecs.CpuArchitecture.of('RISCV') }),
    'cpuArchitecture must be X86_64 or ARM64, got: RISCV',
  ],
  [
    'a platform version without JSON keys of secrets',
    () => ({ platformVersion: ecs.FargatePlatformVersion.VERSION1_3 }),
    'platformVersion must be LATEST or VERSION1_4, got: 1.3.0: older ones know no JSON keys of secrets; leave it out',
  ],
  [
    'more subnets than Scheduler takes',
    ({ stack }) => ({
      vpcSubnets: {
        subnets: Array.from({ length: 17 }, (_, index) =>
          ec2.Subnet.fromSubnetId(stack, `Subnet${index}`, `subnet-${index}`),
        ),
      },
    }),
    'vpcSubnets must be at most 16 subnets, got: 17: EventBridge Scheduler takes no more',
  ],
  [
    'MySQL 5.7 on ARM64',
    (setup) => ({
      database: setup.mysql({ version: MysqlVersion.V5_7 }),
      cpuArchitecture: ecs.CpuArchitecture.ARM64,
      image: undefined,
    }),
    'cpuArchitecture must be X86_64 for MySQL 5.7, got: ARM64: there is no official image for it',
  ],
];

const groups = ({ stack, vpc }: Setup, count: number, id = 'Group') =>
  Array.from({ length: count }, (_, index) => new ec2.SecurityGroup(stack, `${id}${index}`, { vpc }));

const imported = ({ stack }: Setup, engine?: rds.IInstanceEngine) =>
  rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Imported', {
    instanceIdentifier: 'shop',
    instanceEndpointAddress: 'shop.example',
    port: 3306,
    securityGroups: [],
    engine,
  });

const oracle = ({ stack, vpc }: Setup) =>
  new rds.DatabaseInstance(stack, 'Oracle', {
    vpc,
    engine: rds.DatabaseInstanceEngine.oracleSe2({ version: rds.OracleEngineVersion.VER_19 }),
  });

test.each(CASES)('%s', (_, props, sentence) => {
  const setup = new Setup();
  expect(() => setup.add(props(setup))).toThrow(new Error(`${PATH}: ${sentence}`));
});

test('a FIFO queue for dead letters', () => {
  const setup = new Setup();
  const deadLetterQueue = new sqs.Queue(setup.stack, 'Queue', { fifo: true });
  const sentence =
    'deadLetterQueue must be a standard queue, got: the FIFO queue Stack/Queue: EventBridge Scheduler takes none';
  expect(() => setup.create({ deadLetterQueue })).toThrow(new Error(`Stack/Backups/Pruning: ${sentence}`));
  const { bucket, cluster } = new Setup().backups;
  const props = { bucket, cluster, database: setup.mysql(), schedule: every(Duration.hours(6)) };
  expect(() => new DatabaseBackup(setup.stack, 'Alone', { ...props, deadLetterQueue })).toThrow(
    new Error(`Stack/Alone: ${sentence}`),
  );
});
