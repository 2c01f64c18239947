/** The schema of a backups file. Its keys have the names of the constructs' properties. */
import { isIPv6 } from 'node:net';
import { region_info } from 'aws-cdk-lib';
import * as z from 'zod';
import type { ServerOption } from '../../engines/engine-facts';
import { engineFacts, engines, serverFacts } from '../../engines/facts';
import { SOURCE_NAME_RULE, sourceNameFault } from '../../catalog/bucket/names';
import { READ_PREFERENCES } from '../../catalog/contract/task';
import { alarms, sourceAlarms } from './alarm-schema';
import {
  duration,
  exactly,
  flag,
  GOT,
  has,
  integer,
  isMap,
  isText,
  list,
  map,
  oneOf,
  scalar,
  text,
  ways,
} from './fields';
import { meant } from '../meant';
import { restoreTest, restoreTesting, sourceTests } from './test-schema';
import { logRetention, retention, schedule, storageTiers } from './time-schema';

const SERVER_ENGINES = [...engines()].filter(([, { server }]) => server).map(([engine]) => engine);

const id = (prefix: string, what: string) =>
  text(`the id of ${what}, ${prefix}-…`, new RegExp(`^${prefix}-[0-9a-f]{8,40}$`));
const name = (what: string) => text(`the name of ${what}`);
const names = (what: string) => list(`names of ${what}`, text('a name'));
const keyArn = () => text('the ARN of a KMS key, arn:aws:kms:…:key/…', /^arn:[^:]+:kms:[^:]+:\d{12}:key\/\S+$/);

const tags = z.record(
  z.string(),
  scalar('a text', (value) => value),
  { error: `must be a map of tags, got: ${GOT}` },
);

const REGIONS = region_info.RegionInfo.regions.map(({ name: known }) => known);
const region = () =>
  scalar(
    'a Region, for example eu-west-1',
    (value) => REGIONS.find((known) => known === value),
    (value) => meant(value, REGIONS) ?? 'update aws-cdk-lib if it is newer than that',
  );

const subnetIds = (what: string) =>
  list(`ids of ${what}, subnet-…`, id('subnet', 'a subnet')).superRefine((ids, context) => {
    const twice = ids.find((one, index) => ids.indexOf(one) < index);
    if (twice !== undefined) context.addIssue(`must be ids of different subnets, got: ${twice} twice`);
  });

const VPC = 'default, or a map with id or tags';
const vpc = ways(VPC, [
  { fits: isText, schema: exactly(VPC, ['default'], 'for your own VPC write vpc: { id: vpc-… }') },
  {
    fits: has('availabilityZones'),
    schema: map('a map', {
      id: id('vpc', 'a VPC'),
      availabilityZones: list('Availability Zones', text('the name of an Availability Zone')),
      privateSubnetIds: subnetIds('private subnets').optional(),
      privateSubnetRouteTableIds: list('ids of route tables, rtb-…', id('rtb', 'a route table')).optional(),
      publicSubnetIds: subnetIds('public subnets').optional(),
    }),
  },
  { fits: has('id'), schema: map('a map', { id: id('vpc', 'a VPC') }) },
  { fits: has('tags'), schema: map('a map', { tags }) },
]);

const vpcSubnets = ways('one of private, public, isolated, or a map with subnetIds or subnetGroupName', [
  { fits: isText, schema: oneOf(['private', 'public', 'isolated'], 'for your own subnets give subnetIds') },
  { fits: has('subnetIds'), schema: map('a map', { subnetIds: subnetIds('subnets') }) },
  { fits: has('subnetGroupName'), schema: map('a map', { subnetGroupName: name('a subnet group') }) },
]);

const keptBucket = {
  bucketName: name('the bucket').optional(),
  encryptionKey: keyArn().optional(),
  noncurrentVersionRetention: duration().optional(),
  removalPolicy: oneOf(['retain', 'destroy']).optional(),
};
const newBucket = map('a map', {
  ...keptBucket,
  storageTiers: storageTiers.optional(),
  serverAccessLogsBucket: name('a bucket').optional(),
  serverAccessLogsPrefix: text('a prefix').optional(),
});

const bucket = ways('a map', [
  {
    fits: has('existing'),
    schema: map('a map', {
      existing: name('a bucket'),
      encryptionKey: keyArn(),
      region: region().optional(),
    }),
  },
  { fits: isMap, schema: newBucket },
]);

const secretId = () => text('the name or the ARN of a secret');
const secret = ways('the name or the ARN of a secret, or a map with secretId', [
  { fits: isText, schema: secretId() },
  {
    fits: isMap,
    schema: map('a map', {
      secretId: secretId(),
      usernameKey: name('a key').optional(),
      passwordKey: name('a key').optional(),
      encryptionKey: keyArn().optional(),
    }),
  },
]);
const secretWithUri = map('a map', {
  secretId: secretId(),
  uriKey: name('a key'),
  encryptionKey: keyArn().optional(),
});

/** A secret that holds private keys as text. */
const identity = ways('the name or the ARN of a secret, or a map with secretId', [
  { fits: isText, schema: secretId() },
  { fits: isMap, schema: map('a map', { secretId: secretId(), encryptionKey: keyArn().optional() }) },
]);
/** What they hold is checked with the constructs, whose refusal shows no private key. */
const people = {
  encryptTo: list('recipients, age1… or ssh-…', text('a recipient')).optional(),
  proveWith: identity.optional(),
};

const tls = ways('one of amazon-rds, public, or a map with certificateAuthority or off', [
  { fits: isText, schema: oneOf(['amazon-rds', 'public'], 'for clear text write why: tls: { off: <reason> }') },
  {
    fits: has('certificateAuthority'),
    schema: map('a map', { certificateAuthority: text('a certificate in PEM, or the path of its file') }),
  },
  { fits: has('off'), schema: map('a map', { off: text('the reason why clear text is acceptable here') }) },
]);

const securityGroup = () => id('sg', 'a security group');
const securityGroups = list('ids of security groups, sg-…', securityGroup()).optional();

const size = {
  cpu: integer(256, 16_384).optional(),
  memoryLimitMiB: integer(512, 122_880).optional(),
  ephemeralStorageGiB: integer(21, 200).optional(),
};
const restoreTask = { securityGroups, ...size, timeout: duration().optional(), identity: identity.optional() };
const restoreOfServer = map('a map with secret', { secret, ...restoreTask });
/** A file has no users. */
const restoreOfFile = map('a map, which may be empty: {}', restoreTask);

const instances = map('a map with role, and with instanceId or tags', {
  role: text(
    'the name of the role of the instance, with its path, such as team/shop-vm, or its ARN',
    /^(?:arn:[^:]+:iam::\d{12}:role\/\S+|(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64})$/,
  ),
  instanceId: id('i', 'an EC2 instance').optional(),
  tags: tags.optional(),
  network: text('the name of a Docker network').optional(),
  cpus: scalar('a number of processors', (value) =>
    /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined,
  ).optional(),
  memoryLimitMiB: integer(256, 122_880).optional(),
});
const runsOn = ways('fargate, or a map with instances', [
  { fits: isText, schema: oneOf(['fargate'], 'for an EC2 instance write runsOn: { instances: { … } }') },
  { fits: isMap, schema: map('a map with instances', { instances }) },
]);

const task = {
  schedule,
  runsOn: runsOn.optional(),
  retention: retention.optional(),
  allowedAge: duration().optional(),
  enabled: flag().optional(),
  timeout: duration().optional(),
  compressionLevel: integer(1, 19).optional(),
  ...size,
  cpuArchitecture: oneOf(['x86_64', 'arm64']).optional(),
  spot: flag().optional(),
  vpcSubnets: vpcSubnets.optional(),
  assignPublicIp: flag().optional(),
  ...sourceAlarms,
  ...sourceTests,
  ...people,
};

/** A server of one engine, reached in one way. */
const server = <R extends z.ZodRawShape, V extends z.ZodType>(reached: R, version: V) => ({
  engine: oneOf(SERVER_ENGINES, 'for SQLite give sqlite: { … }, for files give files: { … } in place of engine'),
  version,
  ...reached,
  tls: tls.optional(),
  databases: names('databases').optional(),
  excludeDatabases: names('databases').optional(),
  extraDumpArguments: list('arguments', text('an argument')).optional(),
  securityGroups,
  ...task,
  restore: restoreOfServer.optional(),
});

const host = () =>
  scalar('a host name or an address', (value) => (isIPv6(value) || /^[^\s:/]+$/.test(value) ? value : undefined));
const letIn = { databaseSecurityGroup: securityGroup().optional() };
const port = { port: integer(1, 65_535).optional() };
const byHost = { host: host(), secret, ...port, ...letIn };
const byHosts = {
  hosts: list('host names', text('a host name, with a port behind a colon if you like')),
  secret,
  ...port,
  ...letIn,
};
const bySrv = { srv: host(), secret, ...letIn };
const byUri = { secret: secretWithUri, ...letIn };

const rds = ways('a map with instance or cluster', [
  { fits: has('instance'), schema: map('a map', { instance: name('an RDS instance') }) },
  {
    fits: has('cluster'),
    schema: map('a map', { cluster: name('an Aurora or Multi-AZ cluster'), useReader: flag().optional() }),
  },
]);

const versionOf = (engine: string) => {
  const { versions } = engineFacts(engine);
  return scalar(
    `one of ${versions.join(', ')}`,
    (value) => versions.find((version) => version === value),
    (value) => {
      const minor = versions.find((version) => value.startsWith(`${version}.`));
      return minor === undefined ? 'give the version that the server runs' : `leave out the patch level: ${minor}`;
    },
  );
};

/** Options that only some engines have, beside those that say where a server is. */
const own = {
  schemas: names('schemas').optional(),
  excludeSchemas: names('schemas').optional(),
  excludeCollections: names('collections').optional(),
  replicaSet: name('a replica set').optional(),
  readPreference: oneOf(READ_PREFERENCES).optional(),
  authSource: name('a database').optional(),
} satisfies Partial<Record<ServerOption, z.ZodType>>;
const ownOf = (options: readonly ServerOption[]) =>
  Object.fromEntries(Object.entries(own).filter(([option]) => options.includes(option as ServerOption))) as typeof own;

/** The schema of each engine's servers, if it has the option. A server of an unknown engine is checked as far as possible. */
const serversReached = <R extends z.ZodRawShape>(reached: R, option?: ServerOption) => [
  ...SERVER_ENGINES.flatMap((engine) => {
    const { options = [] } = serverFacts(engine);
    if (option !== undefined && !options.includes(option)) return [];
    return { engine, schema: map('a map', { ...server(reached, versionOf(engine)), ...ownOf(options) }) };
  }),
  { engine: undefined, schema: map('a map', { ...server(reached, text('the version of the server')), ...own }) },
];

const isEngine = (engine: string | undefined) => (input: unknown) =>
  isMap(input) && (engine === undefined || input.engine === engine);

const globs = list('patterns', text('a pattern')).optional();
const onEfs = {
  fileSystem: id('fs', 'an EFS file system'),
  accessPoint: id('fsap', 'an EFS access point'),
  securityGroup: securityGroup(),
};
const volume = text('the name of a volume of Docker');
const pathBelow = text('a path below the access point, without a leading slash', /^[^/]/);

const chosen = {
  ...{ include: globs, exclude: globs, allowUnreadable: globs, sqliteDatabases: globs },
  repository: flag().optional(),
};
const isOnInstance = (place: unknown): boolean => {
  if (!isMap(place)) return false;
  const { volume: name, path, fileSystem, accessPoint } = place;
  return name !== undefined || (isText(path) && path.startsWith('/') && !fileSystem && !accessPoint);
};

const database = ways('a map with engine, or with sqlite or files', [
  {
    fits: has('sqlite'),
    schema: map('a map', {
      sqlite: ways('a map with path', [
        {
          fits: isOnInstance,
          schema: map('a map with path', { volume: volume.optional(), path: text('the path of a file') }),
        },
        {
          fits: isMap,
          schema: map('a map with fileSystem, accessPoint, securityGroup and path', { ...onEfs, path: pathBelow }),
        },
      ]),
      ...task,
      restore: restoreOfFile.optional(),
    }),
  },
  {
    fits: has('files'),
    schema: map('a map with files', {
      files: ways('a map with fileSystem, accessPoint and securityGroup, with volume or with path', [
        {
          fits: isOnInstance,
          schema: map('a map', {
            ...{ volume: volume.optional(), path: text('the path of a directory').optional() },
            ...chosen,
          }),
        },
        {
          fits: isMap,
          schema: map('a map with fileSystem, accessPoint and securityGroup', {
            ...{ ...onEfs, path: pathBelow.optional(), ...chosen },
            rootAccess: flag().optional(),
          }),
        },
      ]),
      ...task,
      restore: restoreOfFile.optional(),
    }),
  },
  ...serversReached({ rds, secret }).map(({ engine, schema }) => ({
    fits: (input: unknown) => has('rds')(input) && isEngine(engine)(input),
    schema,
  })),
  ...(
    [
      [has('hosts'), serversReached(byHosts, 'hosts')],
      [has('srv'), serversReached(bySrv, 'srv')],
      [(input: unknown) => isMap(input) && has('uriKey')(input.secret), serversReached(byUri, 'uriKey')],
    ] as const
  ).flatMap(([isReached, servers]) =>
    servers.flatMap(({ engine, schema }) =>
      engine === undefined ? [] : { fits: (input: unknown) => isReached(input) && isEngine(engine)(input), schema },
    ),
  ),
  ...serversReached(byHost).map(({ engine, schema }) => ({ fits: isEngine(engine), schema })),
]);

const DATABASES = `must be a map of at least one database, by its name, got: ${GOT}`;

/** Names are checked together with the databases, so that all faults show at once. */
const databases = z
  .record(z.string(), database, { error: DATABASES })
  .refine((all) => Object.keys(all).length > 0, { error: DATABASES });
const namedDatabases = z
  .unknown()
  .transform((input, context): z.output<typeof databases> => {
    const result = databases.safeParse(input);
    context.issues.push(...((result.error?.issues ?? []) as z.core.$ZodRawIssue[]));
    for (const key of isMap(input) ? Object.keys(input) : []) {
      if (sourceNameFault(key) === undefined) continue;
      const message = `must be named with ${SOURCE_NAME_RULE}, got: ${JSON.stringify(key)}`;
      context.issues.push({ code: 'custom', path: [key], message, input });
    }
    return result.success ? result.data : z.NEVER;
  })
  .meta({ ways: [databases] });

/** A backups file. */
export const backupsFile = map('a map with the keys vpc and databases', {
  stackName: text(
    'a name of letters, digits and hyphens, starting with a letter',
    /^[A-Za-z][A-Za-z0-9-]{0,127}$/,
  ).optional(),
  account: text('an account id of 12 digits', /^\d{12}$/).optional(),
  region: region().optional(),
  tags: tags.optional(),
  vpc,
  vpcSubnets: vpcSubnets.optional(),
  assignPublicIp: flag().optional(),
  s3GatewayEndpoint: flag().optional(),
  bucket: bucket.optional(),
  filesRepository: map('a map, which may be empty: {}', keptBucket).optional(),
  logRetention: logRetention.optional(),
  retention: retention.optional(),
  pruning: map('a map', {
    schedule: schedule.optional(),
    maxDeletePercent: integer(1, 100).optional(),
    enabled: flag().optional(),
  }).optional(),
  ...people,
  restoreTest: restoreTest.optional(),
  restoreTesting: restoreTesting.optional(),
  alarms: alarms.optional(),
  dashboard: flag().optional(),
  databases: namedDatabases,
});

export type BackupsFile = z.output<typeof backupsFile>;
export type DatabaseEntry = BackupsFile['databases'][string];
/** An entry of a file, or of files. */
type FileEntry = Extract<DatabaseEntry, { sqlite: unknown } | { files: unknown }>;
export type ServerEntry = Exclude<DatabaseEntry, FileEntry>;
