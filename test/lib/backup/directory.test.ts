import { App, Duration, Fn, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { parseDirectory } from '../../../catalog/contract/directory-schema';
import type { AddDatabaseProps } from '../../../lib';
import {
  BackupAlarms,
  BackupBucket,
  BackupPruning,
  BackupRunner,
  BackupSchedule,
  Database,
  DatabaseBackup,
  FilesRepository,
  MysqlVersion,
  Retention,
} from '../../../lib';
import type { Json } from '../support';
import { flat, READY_IMAGE, Setup } from '../support';

/** The parameters of the directory in a template, by their names. */
function partsOf(template: Template): Map<string, string> {
  const parameters = Object.values(template.findResources('AWS::SSM::Parameter')).map(
    ({ Properties }: Json) => Properties,
  );
  const listed = parameters.filter(({ Name }) => flat(Name).includes('/directory/'));
  return new Map(listed.map(({ Name, Value }) => [flat(Name), flat(Value)]));
}
const sourcesIn = (text: string) => parseDirectory(text, 'directory').sources;

describe('a run by hand starts as the schedule starts it', () => {
  const subnetIds = ['subnet-0a', 'subnet-0b'];
  const cases: [string, Partial<AddDatabaseProps> | ((setup: Setup) => Partial<AddDatabaseProps>)][] = [
    ['by default', {}],
    ['with a public address', { vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } }],
    [
      'in public subnets without an address',
      { vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: false },
    ],
    ['on Spot', { spot: true }],
    ['on a version of the platform', { platformVersion: ecs.FargatePlatformVersion.VERSION1_4 }],
    [
      'in other subnets and security groups',
      ({ stack }) => ({
        vpcSubnets: { subnets: subnetIds.map((id) => ec2.Subnet.fromSubnetId(stack, id, id)) },
        securityGroups: ['sg-0a', 'sg-0b'].map((id) => ec2.SecurityGroup.fromSecurityGroupId(stack, id, id)),
      }),
    ],
  ];

  test.each(cases)('%s', (_, props) => {
    const setup = new Setup();
    setup.add({}, 'First');
    setup.add(typeof props === 'function' ? props(setup) : props);
    const [text] = partsOf(setup.template()).values();
    const { engine, tasks } = sourcesIn(text!).get('shop')!;
    const { Target } = Object.entries<Json>(setup.template().findResources('AWS::Scheduler::Schedule')).find(([id]) =>
      id.startsWith('BackupsShop'),
    )![1].Properties;
    const { EcsParameters } = Target;
    const vpc = EcsParameters.NetworkConfiguration.AwsvpcConfiguration;
    expect(engine).toBe('mysql');
    expect(tasks.dump).toEqual({
      family: 'Stack-Backups-shop',
      cluster: flat(Target.Arn),
      subnets: vpc.Subnets.map(flat),
      securityGroups: vpc.SecurityGroups.map(flat),
      publicIp: vpc.AssignPublicIp === 'ENABLED',
      spot: EcsParameters.CapacityProviderStrategy !== undefined,
      platformVersion: EcsParameters.PlatformVersion,
      logGroup: expect.stringMatching(/^<BackupsLogGroup\w+>$/) as string,
    });
    const definition = setup.template().findResources('AWS::ECS::TaskDefinition')[EcsParameters.TaskDefinitionArn.Ref]!;
    expect(tasks.dump!.family).toBe(definition.Properties.Family);
  });
});

test('of Backups: one parameter with the functions and all sources, which share their tasks', () => {
  const setup = new Setup();
  setup.add();
  setup.add({}, 'Blog');
  setup.backups.pruning.addSource('old-shop', { retention: Retention.days(7), allowedAge: Duration.days(2) });
  const parts = [...partsOf(setup.template())];
  expect(parts).toHaveLength(1);
  const [name, text] = parts[0]!;
  expect(name).toMatch(/^\/proven-backups\/<BackupsBucket\w+>\/directory\/Stack-Backups-\w+$/);
  expect(JSON.parse(text).tasks).toHaveLength(1);
  const { functions, sources } = parseDirectory(text, name);
  expect(functions).toEqual({
    prune: expect.stringMatching(/^<BackupsPruningPrune\w+>$/),
    undelete: expect.stringMatching(/^<BackupsPruningUndelete\w+>$/),
    measure: expect.stringMatching(/^<BackupsAlarmsMeasure\w+>$/),
    notify: expect.stringMatching(/^<BackupsAlarmsNotify\w+>$/),
    restoreTests: expect.stringMatching(/^<BackupsRestoreTestingStart\w+>$/),
  });
  expect([...sources.keys()]).toEqual(['shop', 'blog', 'old-shop']);
  expect(sources.get('old-shop')!.tasks).toEqual({});
});

test('a restore starts in the network of the schedule, never on Spot, and in security groups of its own', () => {
  const setup = new Setup();
  const [own, other] = ['sg-0a', 'sg-0b'].map((id) => ec2.SecurityGroup.fromSecurityGroupId(setup.stack, id, id));
  const { secret } = setup;
  setup.add({ spot: true, securityGroups: [own!], restore: { secret, securityGroups: [other!] } });
  setup.add({ restore: { secret } }, 'Blog');
  const [text] = partsOf(setup.template()).values();
  const sources = sourcesIn(text!);
  const { dump, restore } = sources.get('shop')!.tasks;
  expect(restore).toEqual({ ...dump, spot: false, family: `${dump!.family}_restore`, securityGroups: ['sg-0b'] });
  expect([dump!.spot, dump!.securityGroups]).toEqual([true, ['sg-0a']]);
  const { tasks } = sources.get('blog')!;
  expect(tasks.restore).toEqual({ ...tasks.dump, family: 'Stack-Backups-blog_restore' });
  // One for the dumps on Spot, one for all else.
  expect(JSON.parse(text!).tasks).toHaveLength(2);
});

test('maintenance starts in the network of its schedule, beside the task or the command that backs up', () => {
  const setup = new Setup();
  const role = new iam.Role(setup.stack, 'Host', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  const target = { instanceId: 'i-0123456789abcdef0' };
  const repository = new FilesRepository(setup.stack, 'Repository');
  const [own] = ['sg-0a'].map((id) => ec2.SecurityGroup.fromSecurityGroupId(setup.stack, id, id));
  setup.add({ database: Database.files({ ...setup.efs(), repository }), spot: true, securityGroups: [own!] }, 'Media');
  const onInstance = { database: Database.files({ path: '/srv/media', repository }), restore: {} };
  setup.add({ ...onInstance, runsOn: BackupRunner.instances({ ...target, role }) }, 'Uploads');
  const [text] = partsOf(setup.template()).values();
  const sources = sourcesIn(text!);
  const { dump, maintain } = sources.get('media')!.tasks;
  const ofMaintenance = (source: string) => [expect.stringMatching(`^<Backups${source}MaintenanceSecurityGroup`)];
  expect(maintain).toEqual({
    ...{ ...dump, spot: false, family: 'Stack-Backups-media_maintain' },
    securityGroups: ofMaintenance('Media'),
  });
  const { command, tasks } = sources.get('uploads')!;
  const documents = { document: 'UploadsDocument', restore: 'UploadsRestoreDocument' };
  for (const [key, name] of Object.entries(documents))
    expect(command).toHaveProperty(key, expect.stringContaining(name));
  expect(command).toMatchObject(target);
  expect(tasks).toEqual({
    maintain: { ...maintain, family: 'Stack-Backups-uploads_maintain', securityGroups: ofMaintenance('Uploads') },
  });
});

test('each construct that stands alone has a parameter of its own', () => {
  const { stack, vpc, secret, ...setup } = new Setup();
  void setup;
  const bucket = new BackupBucket(stack, 'Bucket');
  const pruning = new BackupPruning(stack, 'Pruning', { bucket });
  new BackupAlarms(stack, 'Alarms', { bucket, emails: ['backups@example.com'] });
  new DatabaseBackup(stack, 'Shop', {
    bucket,
    pruning,
    cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
    database: Database.mysql({ version: MysqlVersion.V8_4, host: 'db.internal', secret }),
    schedule: BackupSchedule.every(Duration.hours(6)),
    image: READY_IMAGE,
  });
  const parts = [...partsOf(Template.fromStack(stack)).values()].map((text) => parseDirectory(text, 'directory'));
  const shapes = parts.map(({ functions, sources }) => [
    Object.keys(functions),
    [...sources].map(([name, { tasks }]) => [name, ...Object.keys(tasks)]),
  ]);
  expect(shapes).toHaveLength(3);
  expect(shapes).toEqual(
    expect.arrayContaining([
      [['prune', 'undelete'], [['shop']]],
      [['measure', 'notify'], []],
      [[], [['shop', 'dump']]],
    ]),
  );
});

test('what does not fit into one parameter goes into several: none is larger than 8 KB, and each source is in one', () => {
  const setup = new Setup();
  const { bucket, cluster, logGroup, pruning } = setup.backups;
  const names = Array.from({ length: 60 }, (_, index) => `${'n'.repeat(38)}${index + 10}`);
  const props = { retention: Retention.days(7), allowedAge: Duration.days(2) };
  for (const name of names) pruning.addSource(name, props);
  const securityGroups = Array.from({ length: 5 }, (_, index) =>
    ec2.SecurityGroup.fromSecurityGroupId(setup.stack, `Group${index}`, `sg-${String(index).padStart(17, '0')}`),
  );
  // They are listed already, and grow: the last have no room where they are.
  for (const [index, sourceName] of names.slice(0, 40).entries()) {
    new DatabaseBackup(setup.backups, `Database${index}`, {
      bucket,
      cluster,
      logGroup,
      database: setup.mysql(),
      schedule: BackupSchedule.every(Duration.hours(6)),
      image: READY_IMAGE,
      sourceName,
      securityGroups,
    });
  }
  const parts = [...partsOf(setup.template())];
  expect(parts.map(([name]) => /(-\d)?$/.exec(name)![0])).toEqual(['', '-2']);
  for (const [, text] of parts) expect(text.length).toBeLessThanOrEqual(8192);
  const all = parts.map(([name, text]) => parseDirectory(text, name));
  expect(all.flatMap(({ sources }) => [...sources.keys()]).sort()).toEqual(names);
  expect(all.flatMap(({ sources }) => [...sources.values()].filter(({ tasks }) => tasks.dump))).toHaveLength(40);
  for (const { functions } of all) expect(Object.keys(functions)).toContain('prune');
});

test('subnets whose number only the deployment knows', () => {
  const stack = new Stack(new App(), 'Stack');
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0a',
    availabilityZones: Fn.getAzs(),
    privateSubnetIds: Fn.split(',', Fn.importValue('Subnets')),
  });
  new DatabaseBackup(stack, 'Shop', {
    bucket: new BackupBucket(stack, 'Bucket'),
    cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
    database: Database.mysql({
      version: MysqlVersion.V8_4,
      host: 'db.internal',
      secret: new Secret(stack, 'Secret'),
    }),
    schedule: BackupSchedule.every(Duration.hours(6)),
    image: READY_IMAGE,
  });
  const template = Template.fromStack(stack);
  const { Value } = Object.values(template.findResources('AWS::SSM::Parameter'))[0]!.Properties;
  expect(JSON.stringify(Value)).toContain('{"Fn::Join":[",",{"Fn::Split":[",",{"Fn::ImportValue":"Subnets"}]}]}');
  template.resourceCountIs('AWS::Lambda::Function', 0);
});
