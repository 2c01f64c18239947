import * as docdb from 'aws-cdk-lib/aws-docdb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { MongodbProps } from '../../../lib';
import { Database, DatabaseTls, MongodbVersion, MysqlVersion, ReadPreference } from '../../../lib';
import type { Json } from '../support';
import { flat, Setup } from '../support';

type Options = Omit<MongodbProps, 'version' | 'secret'>;
const mongodb = ({ secret }: Setup, options: Options): Database =>
  Database.mongodb({ version: MongodbVersion.V8_0, secret, ...options });

function server(options: Options): Json {
  const setup = new Setup();
  setup.add({ database: mongodb(setup, options) });
  return setup.job().server;
}

const PUBLIC = { tls: { mode: 'public' } };

test.each([
  [{ host: 'db' }, { host: 'db', port: 27_017 }],
  [
    { host: 'db', port: 1, replicaSet: 'rs0' },
    { host: 'db', port: 1, replicaSet: 'rs0' },
  ],
  [
    { hosts: ['a', 'b:27018', '[::1]:3', '[::2]'], port: 5 },
    {
      ...{ host: 'a', port: 5 },
      members: [
        { host: 'b', port: 27_018 },
        { host: '::1', port: 3 },
        { host: '::2', port: 5 },
      ],
    },
  ],
  [{ srv: 'cluster0.example.net' }, { host: 'cluster0.example.net', port: 27_017, srv: true }],
  [{ uriKey: 'uri' }, {}],
])('%j says where the server is', (options, expected) => {
  expect(server(options)).toEqual({ ...PUBLIC, ...expected });
});

test('what to back up, from which member and as whom goes with the job', () => {
  const options = { excludeCollections: ['shop.sessions'], authSource: 'shop', databases: ['shop'] };
  const readPreference = ReadPreference.NEAREST;
  expect(server({ host: 'db', readPreference, ...options })).toMatchObject({ ...options, readPreference: 'nearest' });
});

const secretsOf = (setup: Setup, family: RegExp): Json =>
  Object.values(setup.template().findResources('AWS::ECS::TaskDefinition'))
    .map(({ Properties }: Json) => Properties)
    .filter(({ Family }: Json) => family.test(flat(Family)))
    .map(({ ContainerDefinitions: [{ Secrets }] }: Json) =>
      Object.fromEntries(Secrets.map(({ Name, ValueFrom }: Json) => [Name, flat(ValueFrom)])),
    )[0];

test('a connection string comes out of the secret, to restore too', () => {
  const setup = new Setup();
  const writer = new secretsmanager.Secret(setup.stack, 'Writer');
  setup.add({ database: mongodb(setup, { uriKey: 'uri' }), restore: { secret: writer } });
  expect(secretsOf(setup, /shop$/)).toEqual({ DATABASE_URI: expect.stringMatching(/^<Secret\w+>:uri::$/) });
  expect(secretsOf(setup, /_restore$/)).toEqual({ DATABASE_URI: expect.stringMatching(/^<Writer\w+>:uri::$/) });
});

test('keys of a user beside that of a connection string are refused for a restore too', () => {
  const setup = new Setup();
  const restore = { secret: new secretsmanager.Secret(setup.stack, 'Writer'), usernameKey: 'user' };
  expect(() => setup.add({ database: mongodb(setup, { uriKey: 'uri' }), restore })).toThrow(
    'restore.usernameKey and restore.passwordKey must be left out with uriKey, got: user: put a connection string under the key uri of restore.secret',
  );
});

test('a restore finds the members that the backup finds', () => {
  const setup = new Setup();
  const writer = new secretsmanager.Secret(setup.stack, 'Writer');
  const database = mongodb(setup, { hosts: ['a', 'b'], replicaSet: 'rs0', authSource: 'shop' });
  setup.add({ database, restore: { secret: writer } });
  const text = JSON.stringify(setup.template().findResources('AWS::ECS::TaskDefinition'));
  const both = text.match(/\\"members\\":\[\{\\"host\\":\\"b\\",\\"port\\":27017\}\],\\"replicaSet\\":\\"rs0\\"/g);
  expect(both).toHaveLength(1);
});

const faults: readonly (readonly [Options, string])[] = [
  [{}, 'exactly one of host, hosts, srv, uriKey must be given, got: none: say in one way where the server is'],
  [{ host: 'a', srv: 'b' }, 'exactly one of host, hosts, srv, uriKey must be given, got: host, srv'],
  [{ hosts: [] }, 'hosts must name at least one host, got: an empty list'],
  [{ hosts: ['mongodb://a'] }, 'hosts must be a host name or an address, got: "mongodb://a"'],
  [{ hosts: ['a:99999'] }, 'the port in hosts must be a whole number from 1 to 65535, got: 99999'],
  [{ srv: 'mongodb+srv://a' }, 'srv must be a host name or an address, got: "mongodb+srv://a"'],
  [{ srv: 'a.example.net', port: 1 }, 'port must be left out with srv, got: 1: it is in the SRV records'],
  [{ uriKey: 'uri', port: 1 }, 'port must be left out with uriKey, got: 1: it is in the secret'],
  [{ uriKey: 'uri', usernameKey: 'u' }, 'usernameKey must be left out with uriKey, got: both'],
  [{ uriKey: '' }, 'uriKey must be keys of the JSON in the secret, got: an empty text'],
  [{ host: 'a', excludeCollections: [] }, 'excludeCollections must name at least one collection, got: an empty list'],
  [{ host: 'a', excludeCollections: ['logs'] }, 'excludeCollections must name collections with their databases'],
  [{ host: 'a', extraDumpArguments: ['--oplog'] }, 'dump argument "--oplog" is not allowed'],
];
test.each(faults)('%j is refused', (options, sentence) => {
  const setup = new Setup();
  expect(() => setup.add({ database: mongodb(setup, options) })).toThrow(sentence);
});

test('other engines have no such options', () => {
  const setup = new Setup();
  const { secret } = setup;
  const database = Database._ofServer('mysql', { version: '8.4', host: 'db', secret, replicaSet: 'rs0' });
  expect(() => setup.add({ database })).toThrow('replicaSet is for MongoDB only, got: MySQL: leave it out');
  const hostless = Database.mysql({ version: MysqlVersion.V8_4, secret } as never);
  expect(() => setup.add({ database: hostless }, 'Other')).toThrow('host must be given, got: undefined');
});

describe('DocumentDB', () => {
  const cluster = ({ stack, vpc }: Setup, engineVersion?: string) =>
    new docdb.DatabaseCluster(stack, 'Documents', {
      ...{ vpc, engineVersion, masterUser: { username: 'master' } },
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MEDIUM),
    });

  test('says where it is, who may read it, and lets the backup in', () => {
    const setup = new Setup();
    setup.add({ database: Database.fromDocumentDbCluster(cluster(setup, '5.0.0')) });
    const job = setup.job();
    expect([job.engine, job.engineVersion]).toEqual(['mongodb', '5.0']);
    expect(job.server).toEqual({
      ...{ host: expect.stringMatching(/^<Documents\w+\.Endpoint>$/), port: expect.stringMatching(/\.Port>$/) },
      ...{ replicaSet: 'rs0', tls: { mode: 'amazon-rds' } },
    });
    expect(secretsOf(setup, /shop$/).DATABASE_USERNAME).toMatch(/^<DocumentsSecret\w*>:username::$/);
    expect(setup.resource('AWS::EC2::SecurityGroupIngress')).toMatchObject({
      SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringContaining('BackupsShopSecurityGroup'), 'GroupId'] },
    });
    const schedules = Object.entries(setup.template().findResources('AWS::Scheduler::Schedule'));
    const [, schedule] = schedules.find(([id]) => id.startsWith('BackupsShop'))!;
    expect(schedule.DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^DocumentsInstance1/)]));
  });

  test('takes options, which go before what the construct says', () => {
    const setup = new Setup();
    const database = Database.fromDocumentDbCluster(cluster(setup), {
      ...{ version: MongodbVersion.V5_0, secret: setup.secret, excludeCollections: ['shop.sessions'] },
      tls: DatabaseTls.publicAuthorities(),
    });
    setup.add({ database });
    expect(setup.job()).toMatchObject({
      engineVersion: '5.0',
      server: { excludeCollections: ['shop.sessions'], tls: { mode: 'public' } },
    });
  });

  test.each([
    [
      undefined,
      'version of Stack/Documents is not known, got: a cluster without a version: give it in the option version',
    ],
    ['4.0.0', 'MongoDB version must be one of 4.4, 5.0, 6.0, 7.0, 8.0, 8.2, got: "4.0"'],
  ])('of version %s is refused', (version, sentence) => {
    const setup = new Setup();
    const database = Database.fromDocumentDbCluster(cluster(setup, version));
    expect(() => setup.add({ database, image: undefined })).toThrow(sentence);
  });
});
