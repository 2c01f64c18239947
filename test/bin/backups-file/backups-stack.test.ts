import * as fs from 'node:fs';
import * as path from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { appOf, jobOf, resource, stackOf } from './support';

// A synthesised template is looked at piece by piece: its type would be no help.
/* eslint-disable @typescript-eslint/no-explicit-any */

const EXAMPLE = fs.readFileSync(path.resolve(__dirname, '../../../examples/yaml/backups.yaml'), 'utf8');
const VPC = '{ id: vpc-0a1b2c3d, availabilityZones: [eu-west-1a], privateSubnetIds: [subnet-0a1b2c3d] }';
const ENVIRONMENT = 'account: 111122223333\nregion: eu-west-1\n';
const RDS = `${ENVIRONMENT}vpc: ${VPC}
databases:
  shop:
    rds: { instance: shop }
    engine: mysql
    version: 8.4
    secret: shop/backup
    schedule: { every: 6h }
`;

test('two databases of one server, with the same security groups, make one rule', () => {
  const entry = `
    engine: mysql
    version: 8.4
    host: db.internal
    secret: shop/backup
    securityGroups: [sg-0a1b2c3d]
    databaseSecurityGroup: sg-0b1c2d3e
    schedule: { every: 6h }
`;
  const { template } = stackOf(appOf(`${ENVIRONMENT}vpc: ${VPC}\ndatabases:\n  shop:${entry}\n  orders:${entry}`));
  expect(resource(template, 'AWS::EC2::SecurityGroupIngress')).toMatchObject({
    GroupId: 'sg-0b1c2d3e',
    SourceSecurityGroupId: 'sg-0a1b2c3d',
  });
});

test('each port of a replica set lets the backup in, once', () => {
  const { template } = stackOf(
    appOf(`${ENVIRONMENT}vpc: ${VPC}
databases:
  shop:
    engine: mongodb
    version: 8.0
    hosts: ['db1.internal', 'db2.internal:27018', 'db3.internal:27018', '[fd00::1]:27019']
    replicaSet: rs0
    secret: shop/backup
    databaseSecurityGroup: sg-0b1c2d3e
    schedule: { every: 6h }
`),
  );
  const rules: any[] = Object.values(template.Resources).filter(
    ({ Type }: any) => Type === 'AWS::EC2::SecurityGroupIngress',
  );
  expect(rules.map(({ Properties }) => Properties.FromPort).sort()).toEqual([27017, 27018, 27019]);
});

test.each(['shop-vm', 'team/shop-vm', 'arn:aws:iam::111122223333:role/team/shop-vm'])(
  'what runs on an instance is let in by its role, %s, by name, path or ARN',
  (role) => {
    const { template } = stackOf(
      appOf(`${ENVIRONMENT}vpc: ${VPC}
databases:
  shop:
    engine: mysql
    version: 8.4
    host: db.internal
    secret: shop/backup
    schedule: { every: 6h }
    runsOn: { instances: { role: '${role}', instanceId: i-0a1b2c3d } }
`),
    );
    expect(resource(template, 'AWS::IAM::Policy', 'HostPolicy').Roles).toEqual(['shop-vm']);
    const path = role.replace(/^.*:role\//, '');
    const texts = JSON.stringify(template);
    expect(texts).toContain(`:iam::111122223333:role/${path}"`);
    expect(texts).not.toContain('role/arn:');
  },
);

describe('the example', () => {
  let app: App;
  let template: any;
  beforeAll(() => {
    app = appOf(EXAMPLE);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    // Throws what cdk-nag finds.
    template = stackOf(app).template;
  });

  test('goes where the file says', () => {
    const { stackName, environment } = stackOf(app);
    expect({ stackName, environment }).toMatchObject({
      stackName: 'ShopBackups',
      environment: { account: '111122223333', region: 'eu-west-1' },
    });
  });

  test('has the jobs of its databases, versions as they are written', () => {
    expect(jobOf(template, 'shop')).toMatchObject({
      source: 'shop',
      engine: 'mysql',
      engineVersion: '8.4',
      server: { host: 'shop.internal.example.com', port: 3306, tls: { mode: 'public' } },
    });
    expect(jobOf(template, 'accounts')).toMatchObject({
      source: 'accounts',
      engine: 'postgresql',
      engineVersion: '17',
      server: { port: 5432, tls: { mode: 'amazon-rds' } },
    });
    expect(jobOf(template, 'notes')).toMatchObject({ source: 'notes', engine: 'sqlite', file: '/data/notes.db' });
  });

  test('has their schedules', () => {
    const schedule = (id: string) => resource(template, 'AWS::Scheduler::Schedule', `Backups${id}`);
    expect(schedule('shop')).toMatchObject({ ScheduleExpression: 'rate(6 hours)' });
    expect(schedule('accounts')).toMatchObject({
      ScheduleExpression: 'cron(30 2 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Dublin',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 30 },
    });
    expect(schedule('notes')).toMatchObject({ ScheduleExpression: 'cron(0 4 ? * SUN *)' });
    const { SecurityGroups, Subnets } = schedule('shop').Target.EcsParameters.NetworkConfiguration.AwsvpcConfiguration;
    expect(SecurityGroups).toEqual(['sg-0a1b2c3d4e5f60718']);
    expect(Subnets).toEqual(['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728']);
  });

  test('lets the backup into the database, and into the file system', () => {
    const rule = (id: string) => resource(template, 'AWS::EC2::SecurityGroupIngress', id);
    expect(rule('accounts')).toMatchObject({ GroupId: 'sg-0b1c2d3e4f5061728', FromPort: 5432, ToPort: 5432 });
    expect(rule('notes')).toMatchObject({ GroupId: 'sg-0c1d2e3f405162738', FromPort: 2049, ToPort: 2049 });
  });

  test('says where the backups are, and has nothing to let in by hand', () => {
    expect(Object.keys(template.Outputs)).toEqual([expect.stringMatching(/^BackupsBucketName/), 'AlarmTopic']);
  });
});

test('a server that nobody lets the backup into: the stack says which group to let in', () => {
  const source = `vpc: ${VPC}
databases:
  shop: { engine: mariadb, version: 11.8, host: db.internal, secret: shop, schedule: { every: 6h } }
`;
  const { template } = stackOf(appOf(source)) as { template: any };
  expect(Object.values(template.Outputs)).toContainEqual({
    Description: 'Let this security group into the database shop',
    Value: { 'Fn::GetAtt': [expect.stringMatching(/^BackupsshopSecurityGroup/), 'GroupId'] },
  });
});

test('alarms, their digest in the zone of the emails, what is set for one database, and a dashboard', () => {
  const alarms = `alarms:
  emails: [ops@example.com]
  timeZone: Europe/Paris
  digest: { weekly: monday 08:30 }
  signalsOff: { strange-size: filled by hand }
dashboard: true
`;
  const one = `    signalsOff: { silent: it may rest }
    sizeBounds: { shrink: 2.5, ignoreTables: [jobs] }
`;
  const source = `${alarms}${ENVIRONMENT}vpc: ${VPC}
databases:
  shop:
    engine: mysql
    version: 8.4
    host: db.internal
    secret: shop
    schedule: { every: 6h }
${one}`;
  const { template } = stackOf(appOf(source)) as { template: any };
  expect(resource(template, 'AWS::SNS::Subscription')).toMatchObject({
    Protocol: 'email',
    Endpoint: 'ops@example.com',
  });
  expect(resource(template, 'AWS::Scheduler::Schedule', 'Digest')).toMatchObject({
    ScheduleExpression: 'cron(30 8 ? * MON *)',
    ScheduleExpressionTimezone: 'Europe/Paris',
  });
  const { Value } = resource(template, 'AWS::SSM::Parameter', 'Alarms');
  const settings = JSON.parse(
    Value['Fn::Join'][1].map((part: any) => (typeof part === 'string' ? part : '…')).join(''),
  );
  expect(settings).toMatchObject({ timeZone: 'Europe/Paris', digest: 'weekly', off: ['strange-size'] });
  expect(settings.sources.shop).toMatchObject({ off: ['silent'], sizeBounds: 0 });
  expect(settings.sizeBounds).toEqual([{ shrink: 2.5, growth: 10, minHistory: 5, ignoreTables: ['jobs'] }]);
  resource(template, 'AWS::CloudWatch::Dashboard');
});

describe('what is kept', () => {
  const settingsOf = (source: string): any => {
    const { template } = stackOf(appOf(source)) as { template: any };
    const { Value } = resource(template, 'AWS::SSM::Parameter', 'Pruning');
    return JSON.parse(Value['Fn::Join'][1].map((part: any) => (typeof part === 'string' ? part : '…')).join(''));
  };
  const MYSQL = 'engine: mysql, version: 8.4, host: db.internal, secret: shop, schedule: { every: 6h }';
  const source = (all: string, one: string) =>
    `${ENVIRONMENT}${all}vpc: ${VPC}\ndatabases:\n  shop: { ${MYSQL} }\n  orders: { ${MYSQL}${one} }\n`;

  test.each([
    ['', '', [{ keepForSeconds: 172_800, daily: 14, weekly: 14, monthly: 13 }], [0, 0]],
    ['retention: 7d\n', '', [{ keepForSeconds: 604_800 }], [0, 0]],
    ['retention: 7d\n', ', retention: oneYear', [{ keepForSeconds: 604_800 }, { monthly: 13 }], [0, 1]],
    [
      'retention: forever\n',
      ', retention: { daily: 3, weekStart: sunday }',
      [{ forever: true }, { daily: 3, weekStart: 'sunday' }],
      [0, 1],
    ],
  ])('%j for all, %j for one', (all, one, retentions, of) => {
    const settings = settingsOf(source(all, one));
    expect(settings.retentions).toMatchObject(retentions);
    expect(settings.retentions).toHaveLength(retentions.length);
    expect([settings.sources.shop.retention, settings.sources.orders.retention]).toEqual(of);
  });

  test('by the age that is given, and by a share', () => {
    const settings = settingsOf(source('pruning: { maxDeletePercent: 20 }\n', ', allowedAge: 9h'));
    expect(settings.maxDeleteShare).toBe(0.2);
    expect(settings.sources.orders.allowedAgeSeconds).toBe(32_400);
  });

  test('in a bucket that exists: the stack says whom its policy has to admit', () => {
    const bucket = 'bucket: { existing: backups, encryptionKey: "arn:aws:kms:eu-west-1:111122223333:key/x" }\n';
    const { template } = stackOf(appOf(source(bucket, ''))) as { template: any };
    expect(template.Outputs).toMatchObject({
      PruneRole: {
        Description: 'Exempt this role if the policy of the bucket denies s3:DeleteObject',
        Value: { 'Fn::GetAtt': [expect.stringMatching(/^BackupsPruningPruneRole/), 'Arn'] },
      },
      UndeleteRole: { Value: { 'Fn::GetAtt': [expect.stringMatching(/^BackupsPruningUndeleteRole/), 'Arn'] } },
    });
  });
});

test.each([
  ['', 'RetainExceptOnCreate'],
  ['bucket: { removalPolicy: retain }\n', 'RetainExceptOnCreate'],
  ['bucket: { removalPolicy: destroy }\n', 'Delete'],
])('a bucket with %j has the deletion policy %s', (bucket, policy) => {
  const source = `${ENVIRONMENT}${bucket}vpc: ${VPC}
databases:
  shop: { engine: mysql, version: 8.4, host: db.internal, secret: shop, schedule: { every: 6h } }
`;
  const resources: { Type: string; DeletionPolicy?: string }[] = Object.values(
    stackOf(appOf(source)).template.Resources,
  );
  const [found] = resources.filter(({ Type }) => Type === 'AWS::S3::Bucket');
  expect(found!.DeletionPolicy).toBe(policy);
});

test('without a word about it, a version keeps its zero, and an account too', () => {
  const source = `account: 012345678901
region: eu-west-1
vpc: ${VPC}
databases:
  shop: { engine: mysql, version: 8.0, host: db.internal, secret: shop, schedule: { every: 6h } }
`;
  const stack = stackOf(appOf(source));
  expect(stack.environment.account).toBe('012345678901');
  expect(jobOf(stack.template, 'shop').engineVersion).toBe('8.0');
});

test('a restore, with a secret and a group of its own', () => {
  const source = `${ENVIRONMENT}vpc: ${VPC}
databases:
  shop:
    engine: mysql
    version: 8.4
    host: db.internal
    secret: { secretId: shop/backup, usernameKey: user }
    schedule: { every: 6h }
    restore: { secret: shop/restore, securityGroups: [sg-0a1b2c3d], timeout: 24h }
`;
  const { template } = stackOf(appOf(source)) as { template: any };
  const task = resource(template, 'AWS::ECS::TaskDefinition', 'shopRestore');
  const [container] = task.ContainerDefinitions;
  const [username, password] = container.Secrets.map(({ ValueFrom }: any) => JSON.stringify(ValueFrom));
  expect([username, password]).toEqual([
    expect.stringContaining(':secret:shop/restore:user::'),
    expect.stringContaining(':secret:shop/restore:password::'),
  ]);
  expect(JSON.stringify(container.Environment)).toContain('timeoutSeconds\\":86400');
  const { Value } = resource(template, 'AWS::SSM::Parameter', 'Directory');
  expect(JSON.stringify(Value)).toContain('restore\\":{\\"securityGroups\\":\\"sg-0a1b2c3d\\"}');
});

describe('secrets', () => {
  const secretsOf = (secret: string): { ValueFrom: unknown }[] => {
    const source = `${ENVIRONMENT}vpc: ${VPC}
databases:
  shop: { engine: mysql, version: 8.4, host: db.internal, secret: ${secret}, schedule: { every: 6h } }
`;
    const { template } = stackOf(appOf(source));
    return resource(template, 'AWS::ECS::TaskDefinition', 'shopTaskDefinition').ContainerDefinitions[0].Secrets;
  };
  const SHOP = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:';
  const ARN = `${SHOP}shop/backup`;

  test.each([
    ['a name', 'shop/backup', `${ARN.replace('arn:aws:', '')}:username::`],
    ['an ARN without its last six characters', `"${ARN}"`, `${ARN}:username::`],
    ['a whole ARN', `"${ARN}-AbCdEf"`, `${ARN}-AbCdEf:username::`],
    [
      'a whole ARN of a name that looks like an end',
      `"${SHOP}shop-backup-AbCdEf"`,
      `${SHOP}shop-backup-AbCdEf:username::`,
    ],
    ['a whole ARN whose end is a word by chance', `"${ARN}-abcdef"`, `${ARN}-abcdef:username::`],
    ['other keys', '{ secretId: shop/backup, usernameKey: u }', `${ARN.replace('arn:aws:', '')}:u::`],
  ])('by %s', (_, secret, from) => {
    const [username] = secretsOf(secret);
    expect(JSON.stringify(username!.ValueFrom)).toContain(from);
  });
});

describe('look-ups', () => {
  afterEach(() => jest.restoreAllMocks());

  /** What the CDK CLI finds out, by the key that the app asks for it with. */
  const answered = (source: string, answer: unknown): any => {
    const [question] = appOf(source).synth().manifest.missing!;
    return stackOf(appOf(source, { [question!.key]: answer })).template;
  };

  test('an RDS instance: its endpoint, its certificate authorities, and a rule in its security group', () => {
    const template = answered(RDS, [
      {
        Identifier: 'shop',
        'Endpoint.Address': 'shop.abc.eu-west-1.rds.amazonaws.com',
        'Endpoint.Port': '3307',
        VPCSecurityGroups: ['sg-0d1e2f30415263748'],
      },
    ]);
    expect(jobOf(template, 'shop').server).toMatchObject({
      host: 'shop.abc.eu-west-1.rds.amazonaws.com',
      port: 3307,
      tls: { mode: 'amazon-rds' },
    });
    expect(resource(template, 'AWS::EC2::SecurityGroupIngress')).toMatchObject({
      GroupId: 'sg-0d1e2f30415263748',
      FromPort: 3307,
      ToPort: 3307,
    });
  });

  test.each([
    ['', 'writer.example.com'],
    [', useReader: true', 'reader.example.com'],
  ])('a cluster%s', (useReader, host) => {
    const restore = '    restore: { secret: shop/restore }\n';
    const source = `${RDS.replace('instance: shop', `cluster: shop${useReader}`)}${restore}`;
    const template = answered(source, [
      {
        Identifier: 'shop',
        'Endpoint.Address': 'writer.example.com',
        'Endpoint.Port': '3306',
        'ReadEndpoint.Address': 'reader.example.com',
        VpcSecurityGroupIds: ['sg-0d1e2f30415263748'],
      },
    ]);
    expect(jobOf(template, 'shop').server.host).toBe(host);
    expect(jobOf(template, 'shop', 'RestoreTaskDefinition').server.host).toBe('writer.example.com');
  });

  test('with security groups that are let in already, no rule is added', () => {
    const template = answered(`${RDS}    securityGroups: [sg-0a1b2c3d]\n`, [
      { 'Endpoint.Address': 'h', 'Endpoint.Port': '3306', VPCSecurityGroups: ['sg-0d1e2f30415263748'] },
    ]);
    expect(Object.values<any>(template.Resources).map(({ Type }) => Type)).not.toContain(
      'AWS::EC2::SecurityGroupIngress',
    );
  });

  test.each([
    ['default', { 'filter.isDefault': 'true' }],
    ['{ id: vpc-0a1b2c3d }', { 'filter.vpc-id': 'vpc-0a1b2c3d' }],
    ['{ tags: { Name: production } }', { 'filter.tag:Name': 'production' }],
  ])('a VPC by %s', (vpc, filter) => {
    // Until the CLI has answered, the CDK makes do with a VPC that its own checks of templates dislike.
    jest.spyOn(console, 'error').mockImplementation();
    const [question] = appOf(RDS.replace(VPC, vpc)).synth().manifest.missing!;
    const expected = Object.fromEntries(
      Object.entries(filter).map(([key, value]) => [key.slice('filter.'.length), value]),
    );
    expect(question).toMatchObject({
      provider: 'vpc-provider',
      props: { account: '111122223333', region: 'eu-west-1', filter: expected },
    });
  });
});
