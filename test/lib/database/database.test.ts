import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { ENGINE_FACTS, type Engine } from '../../../engines/facts';
import type { MysqlProps, ServerProps } from '../../../lib';
import { Database, DatabaseTls, MariadbVersion, MongodbVersion, MysqlVersion, PostgresqlVersion } from '../../../lib';
import type { Json } from '../support';
import { flat, READY_IMAGE, Setup } from '../support';

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

/** The job of a backup of a database. */
const job = (database: (setup: Setup) => Database): Json => jobs([undefined], database)[0];

/** The jobs of backups of several databases in one stack. */
function jobs<T>(cases: readonly T[], database: (setup: Setup, one: T) => Database): Json[] {
  const setup = new Setup();
  const ids = cases.map((_, index) => `Db${String(index).padStart(2, '0')}`);
  cases.forEach((one, index) => setup.add({ database: database(setup, one) }, ids[index]));
  return ids.map((id) => setup.job(id));
}

test('a host may be an address, of IPv6 too', () => {
  const hosts = ['10.0.0.5', '2001:db8::5'];
  const made = jobs(hosts, ({ secret }, host) => Database.mysql({ version: MysqlVersion.V8_4, host, secret }));
  expect(made.map(({ server }) => server.host)).toEqual(hosts);
});

type ServerEngine = {
  [E in Engine]: (typeof ENGINE_FACTS)[E] extends { readonly server: object } ? E : never;
}[Engine];

/** A server of each engine, of a version: an engine without a factory does not compile. */
const SERVERS: Readonly<Record<ServerEngine, (version: string, props: ServerProps) => Database>> = {
  mysql: (version, props) => Database.mysql({ ...props, version: MysqlVersion.of(version) }),
  mariadb: (version, props) => Database.mariadb({ ...props, version: MariadbVersion.of(version) }),
  postgresql: (version, props) => Database.postgresql({ ...props, version: PostgresqlVersion.of(version) }),
  mongodb: (version, props) => Database.mongodb({ ...props, version: MongodbVersion.of(version) }),
};
const VERSIONS: Readonly<Record<ServerEngine, Readonly<Record<string, { readonly version: string }>>>> = {
  ...{ mysql: { ...MysqlVersion }, mariadb: { ...MariadbVersion }, postgresql: { ...PostgresqlVersion } },
  mongodb: { ...MongodbVersion },
};
const SERVER_ENGINES = Object.keys(SERVERS) as ServerEngine[];

describe('versions', () => {
  test.each(SERVER_ENGINES)('of %s that are known have a constant each', (engine) => {
    const constants = Object.entries(VERSIONS[engine]).map(([name, { version }]) => [name, version]);
    const known = ENGINE_FACTS[engine].versions;
    expect(constants).toEqual(known.map((version) => [`V${version.replace('.', '_')}`, version]));
  });

  test.each(SERVER_ENGINES)('of %s are those of its constants', (engine) => {
    const { versions } = ENGINE_FACTS[engine];
    const made = jobs(versions, ({ secret }, version) => SERVERS[engine](version, { host: 'db', secret }));
    expect(made.map(({ engineVersion }) => engineVersion)).toEqual(versions);
  });

  test('that are not known need an image, and get a warning', () => {
    const setup = new Setup();
    const { secret } = setup;
    const database = Database.postgresql({ version: PostgresqlVersion.of('19'), host: 'db', secret });
    setup.add({ database, image: READY_IMAGE });
    expect(setup.job().engineVersion).toBe('19');
    Annotations.fromStack(setup.stack).hasWarning(
      '/Stack/Backups/Shop',
      'PostgreSQL 19 is not one of the versions that this release is tested with, 14, 15, 16, 17, 18: restore a backup by hand before you rely on it [ack: proven-backups:unknownEngineVersion]',
    );
  });

  test('that are known get none', () => {
    const setup = new Setup();
    setup.add({ image: READY_IMAGE });
    Annotations.fromStack(setup.stack).hasNoWarning('*', Match.stringLikeRegexp('version'));
  });
});

describe('servers', () => {
  test('listen on the port of their engine', () => {
    const cases = [
      ['mysql', '8.4', 3306],
      ['mariadb', '11.4', 3306],
      ['postgresql', '16', 5432],
      ['mongodb', '8.0', 27_017],
    ] as const;
    const made = jobs(cases, ({ secret }, [engine, version]) => SERVERS[engine](version, { host: 'db', secret }));
    expect(made).toMatchObject(
      cases.map(([engine, engineVersion, port]) => ({
        ...{ engine, engineVersion },
        server: { host: 'db', port, tls: { mode: 'public' } },
      })),
    );
  });

  const options: Partial<MysqlProps> = {
    port: 13_306,
    databases: ['shop', 'orders'],
    extraDumpArguments: ['--hex-blob'],
  };
  test('take what to back up, and how', () => {
    expect(job((setup) => setup.mysql(options)).server).toEqual({
      host: 'db.internal',
      tls: { mode: 'public' },
      ...options,
    });
    expect(job((setup) => setup.mysql({ excludeDatabases: ['scratch'] })).server.excludeDatabases).toEqual(['scratch']);
  });

  test.each([{ schemas: ['public'] }, { excludeSchemas: ['audit'] }])('take schemas on PostgreSQL: %p', (schemas) => {
    expect(
      job(({ secret }) => Database.postgresql({ version: PostgresqlVersion.V16, host: 'db', secret, ...schemas }))
        .server,
    ).toEqual({
      host: 'db',
      port: 5432,
      tls: { mode: 'public' },
      ...schemas,
    });
  });

  test('verify certificates', () => {
    const cases: [DatabaseTls, object][] = [
      [DatabaseTls.amazonRds(), { mode: 'amazon-rds' }],
      [DatabaseTls.publicAuthorities(), { mode: 'public' }],
      [DatabaseTls.certificateAuthority(PEM), { mode: 'certificate-authority', pem: PEM }],
      [DatabaseTls.certificateAuthority(PEM + PEM), { mode: 'certificate-authority', pem: PEM + PEM }],
      [DatabaseTls.off('same host'), { mode: 'off', reason: 'same host' }],
    ];
    const made = jobs(cases, (setup, [tls]) => setup.mysql({ tls }));
    expect(made.map(({ server }) => server.tls)).toEqual(cases.map(([, expected]) => expected));
  });

  test('read user and password from other keys of the secret', () => {
    const setup = new Setup();
    setup.add({ database: setup.mysql({ usernameKey: 'user', passwordKey: 'pass' }) });
    const [{ Secrets }] = setup.resource('AWS::ECS::TaskDefinition').ContainerDefinitions;
    expect(Secrets.map(({ ValueFrom }: Json) => flat(ValueFrom).replace(/<.*>/, ''))).toEqual([':user::', ':pass::']);
  });

  test('may decrypt a secret with a key of its own, through Secrets Manager only', () => {
    const setup = new Setup();
    const encryptionKey = new kms.Key(setup.stack, 'SecretKey');
    const secret = new secretsmanager.Secret(setup.stack, 'Locked', { encryptionKey });
    setup.add({ database: setup.mysql({ secret }) });
    const decrypt = setup.statements('ShopExecutionRole').find(({ Action }) => Action === 'kms:Decrypt')!;
    expect(flat(decrypt.Resource)).toMatch(/^<SecretKey\w+\.Arn>$/);
    expect(flat(decrypt.Condition.StringEquals['kms:ViaService'])).toBe(
      'secretsmanager.<AWS::Region>.<AWS::URLSuffix>',
    );
  });

  test('may read an imported secret whose ARN lacks the random end', () => {
    const setup = new Setup();
    const secret = secretsmanager.Secret.fromSecretNameV2(setup.stack, 'Named', 'shop/db');
    setup.add({ database: setup.mysql({ secret }) });
    const read = setup
      .statements('ShopExecutionRole')
      .find(({ Action }) => Action === 'secretsmanager:GetSecretValue')!;
    expect(flat(read.Resource)).toMatch(/:secret:shop\/db-\?{6}$/);
  });

  test.each([
    ['shop-backup', true],
    ['shop-backup-AbCdEf', false],
    ['shop-backup-secret', true],
    ['shop-ab3def', false],
  ])('a complete ARN that ends in %s: warned that it may lack its end: %s', (name, warned) => {
    const setup = new Setup();
    const arn = `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${name}`;
    const secret = secretsmanager.Secret.fromSecretCompleteArn(setup.stack, 'Complete', arn);
    setup.add({ database: setup.mysql({ secret }) });
    const warnings = Annotations.fromStack(setup.stack).findWarning('*', Match.stringLikeRegexp('ARN of secret'));
    const sentence = `the ARN of secret ${name} seems to lack the hyphen and six characters at its end, without which no run starts`;
    expect(warnings.map(({ entry }) => entry.data)).toEqual(warned ? [expect.stringContaining(sentence)] : []);
    const read = setup
      .statements('ShopExecutionRole')
      .find(({ Action }) => Action === 'secretsmanager:GetSecretValue')!;
    expect(read.Resource).toBe(arn);
  });

  test('without security groups get one, which only goes out', () => {
    const setup = new Setup();
    const backup = setup.add();
    expect(backup.securityGroups).toHaveLength(1);
    const group = setup.resource('AWS::EC2::SecurityGroup');
    expect(group).toMatchObject({ GroupDescription: 'Backup of shop' });
    expect(group.SecurityGroupIngress).toBeUndefined();
  });

  test('with security groups are reached with these, and with those of the task', () => {
    const setup = new Setup();
    const [clients, own] = ['Clients', 'Own'].map((id) => new ec2.SecurityGroup(setup.stack, id, { vpc: setup.vpc }));
    const backup = setup.add({
      database: setup.mysql({ securityGroups: [clients!] }),
      securityGroups: [own!],
    });
    expect(backup.securityGroups).toEqual([clients, own]);
    const { SecurityGroups } =
      setup.resource('AWS::Scheduler::Schedule').Target.EcsParameters.NetworkConfiguration.AwsvpcConfiguration;
    expect(SecurityGroups.map(flat)).toEqual([expect.stringMatching(/^<Clients/), expect.stringMatching(/^<Own/)]);
    setup.template().resourceCountIs('AWS::EC2::SecurityGroup', 3); // One of the restore tests.
  });
});

describe('SQLite', () => {
  test('is a file on an EFS access point, mounted encrypted, by the task role', () => {
    const setup = new Setup();
    setup.add({ database: setup.sqlite('data/shop.db') });
    expect(setup.job()).toMatchObject({ engine: 'sqlite', file: '/data/data/shop.db' });
    expect(setup.job()).not.toHaveProperty('server');
    const { Volumes, ContainerDefinitions } = setup.resource('AWS::ECS::TaskDefinition');
    expect(Volumes).toEqual([
      { Name: 'scratch' },
      {
        Name: 'data',
        EFSVolumeConfiguration: {
          FilesystemId: { Ref: expect.stringContaining('Files') },
          TransitEncryption: 'ENABLED',
          AuthorizationConfig: { AccessPointId: { Ref: expect.stringContaining('FilesShop') }, IAM: 'ENABLED' },
        },
      },
    ]);
    expect(ContainerDefinitions[0].MountPoints).toContainEqual({
      SourceVolume: 'data',
      ContainerPath: '/data',
      ReadOnly: false,
    });
    expect(ContainerDefinitions[0].Secrets).toBeUndefined();
  });

  test('may be mounted through its access point only, and not by root', () => {
    const setup = new Setup();
    setup.add({ database: setup.sqlite() });
    const mount = setup.statements('ShopTaskRole').find(({ Action }) => flat(Action[0]).startsWith('elastic'))!;
    expect(mount.Action).toEqual(['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite']);
    expect(flat(mount.Resource)).toMatch(/^<Files\w+\.Arn>$/);
    expect(flat(mount.Condition.StringEquals['elasticfilesystem:AccessPointArn'])).toMatch(
      /:access-point\/<FilesShop\w+>$/,
    );
  });

  test('is let into its file system, and waits for the mount targets', () => {
    const setup = new Setup();
    setup.add({ database: setup.sqlite() });
    expect(setup.resource('AWS::EC2::SecurityGroupIngress')).toMatchObject({
      Description: 'backup of shop',
      FromPort: 2049,
      ToPort: 2049,
      GroupId: { 'Fn::GetAtt': [expect.stringContaining('Files'), 'GroupId'] },
      SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringContaining('BackupsShopSecurityGroup'), 'GroupId'] },
    });
    const schedules = Object.entries(setup.template().findResources('AWS::Scheduler::Schedule'));
    const [, schedule] = schedules.find(([id]) => id.startsWith('BackupsShop'))!;
    expect(schedule.DependsOn).toEqual(expect.arrayContaining([expect.stringContaining('FilesEfsMountTarget1')]));
  });
});

const { mysql, mariaDb, postgres } = rds.DatabaseInstanceEngine;
const { auroraMysql, auroraPostgres } = rds.DatabaseClusterEngine;

describe('RDS', () => {
  const instance = ({ stack, vpc }: Setup, engine: rds.IInstanceEngine) =>
    new rds.DatabaseInstance(stack, 'Database', { vpc, engine, storageEncrypted: true });
  const cluster = ({ stack, vpc }: Setup, engine: rds.IClusterEngine) =>
    new rds.DatabaseCluster(stack, 'Database', {
      vpc,
      engine,
      writer: rds.ClusterInstance.serverlessV2('Writer'),
    });

  test.each([
    [mysql({ version: rds.MysqlEngineVersion.VER_8_4_3 }), 'mysql', '8.4'],
    [mariaDb({ version: rds.MariaDbEngineVersion.VER_10_11_10 }), 'mariadb', '10.11'],
    [postgres({ version: rds.PostgresEngineVersion.VER_16_4 }), 'postgresql', '16'],
  ])('instance %#', (engine, ours, version) => {
    const found = job((setup) => Database.fromInstance(instance(setup, engine)));
    expect(found).toMatchObject({ engine: ours, engineVersion: version });
    expect(found.server).toEqual({
      host: expect.stringMatching(/^<Database\w+\.Endpoint\.Address>$/),
      port: expect.stringMatching(/^<Database\w+\.Endpoint\.Port>$/),
      tls: { mode: 'amazon-rds' },
    });
  });

  test.each([
    [auroraMysql({ version: rds.AuroraMysqlEngineVersion.VER_3_08_0 }), 'mysql', '8.0'],
    [auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_4 }), 'postgresql', '16'],
  ])('cluster %#', (engine, ours, version) => {
    const found = job((setup) => Database.fromCluster(cluster(setup, engine)));
    expect(found).toMatchObject({ engine: ours, engineVersion: version });
    expect(found.server).toMatchObject({
      host: expect.stringMatching(/^<Database\w+\.Endpoint\.Address>$/),
      tls: { mode: 'amazon-rds' },
    });
  });

  const POSTGRES = auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_4 });
  test('a cluster can be read from its reader', () => {
    const found = job((setup) => Database.fromCluster(cluster(setup, POSTGRES), { useReader: true }));
    expect(found.server.host).toMatch(/^<Database\w+\.ReadEndpoint\.Address>$/);
  });

  test('the port is a number in the job', () => {
    const setup = new Setup();
    setup.add({ database: Database.fromCluster(cluster(setup, POSTGRES)) });
    const [container] = setup.resource('AWS::ECS::TaskDefinition').ContainerDefinitions;
    expect(flat(container.Environment[0].Value)).toMatch(/"port":<Database\w+\.Endpoint\.Port>,/);
  });

  test('the secret of the construct is used, and the backup let into the database', () => {
    const setup = new Setup();
    setup.add({ database: Database.fromCluster(cluster(setup, POSTGRES)) });
    const [{ Secrets }] = setup.resource('AWS::ECS::TaskDefinition').ContainerDefinitions;
    expect(flat(Secrets[0].ValueFrom)).toMatch(/^<DatabaseSecretAttachment\w+>:username::$/);
    expect(setup.resource('AWS::EC2::SecurityGroupIngress')).toMatchObject({
      GroupId: { 'Fn::GetAtt': [expect.stringContaining('DatabaseSecurityGroup'), 'GroupId'] },
      SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringContaining('BackupsShopSecurityGroup'), 'GroupId'] },
    });
  });

  test('what is given goes before what the construct says', () => {
    const setup = new Setup();
    const clients = new ec2.SecurityGroup(setup.stack, 'Clients', { vpc: setup.vpc });
    const database = Database.fromCluster(cluster(setup, POSTGRES), {
      secret: setup.secret,
      version: PostgresqlVersion.V17,
      tls: DatabaseTls.publicAuthorities(),
      schemas: ['public'],
      securityGroups: [clients],
    });
    expect(setup.add({ database }).securityGroups).toEqual([clients]);
    expect(setup.job()).toMatchObject({
      engineVersion: '17',
      server: { schemas: ['public'], tls: { mode: 'public' } },
    });
    const [{ Secrets }] = setup.resource('AWS::ECS::TaskDefinition').ContainerDefinitions;
    expect(flat(Secrets[0].ValueFrom)).toMatch(/^<Secret\w+>:username::$/);
    setup.template().resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  });

  test('a database in another stack does not need the stack of its backup', () => {
    const setup = new Setup();
    const other = new Stack(setup.app, 'Databases');
    const database = new rds.DatabaseInstance(other, 'Database', {
      vpc: new ec2.Vpc(other, 'Vpc'),
      engine: mysql({ version: rds.MysqlEngineVersion.VER_8_4_3 }),
      storageEncrypted: true,
    });
    setup.add({ database: Database.fromInstance(database) });
    setup.template().resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
    expect(setup.stack.dependencies).toEqual([other]);
    expect(other.dependencies).toEqual([]);
  });
});
