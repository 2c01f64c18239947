import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { parseDirectory } from '../../catalog/contract/directory-schema';
import type { RestoreTestSettings } from '../../catalog/contract/restore-tests';
import { Backups, BackupSchedule, Database, Digest, MysqlVersion, RestoreTests } from '../../lib';
import type { Json } from './support';
import { flat, READY_IMAGE, Setup } from './support';

const OFF = RestoreTests.off('Room for something else.');
/** What each of many databases has. */
interface Shape {
  readonly rule?: boolean;
  readonly restore?: boolean;
  readonly given?: boolean;
}

/** CloudFormation's limit for a stack. */
const STACK_RESOURCES = 500;
/** Characters of a parameter of Systems Manager. */
const PARAMETER = 8192;
/** A BackupDashboard is one resource. */
const DASHBOARD = 1;
/** IAM's limit for the inline policies of a role, in characters without white space. */
const INLINE_POLICY = 10_240;

const count = (setup: Setup) => Object.keys(setup.template().toJSON().Resources).length;

/** Builds a stack twice, with a backup and with two, and counts what the second adds. */
function cost(database: (setup: Setup) => Database): number {
  const [without, with_] = [new Setup(), new Setup()];
  without.add({}, 'First');
  database(without);
  with_.add({}, 'First');
  with_.add({ database: database(with_) });
  return count(with_) - count(without);
}

const instance = ({ stack, vpc }: Setup) =>
  Database.fromInstance(
    new rds.DatabaseInstance(stack, 'Database', {
      vpc,
      storageEncrypted: true,
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_16_4 }),
    }),
  );

test.each([
  ['a server', 7, (setup: Setup) => setup.mysql()],
  ['an RDS instance', 8, instance],
  ['an SQLite file', 8, (setup: Setup) => setup.sqlite()],
])('one more database costs at most eight resources: %s costs %d', (_, resources, database) => {
  expect(cost(database)).toBe(resources);
  expect(resources).toBeLessThanOrEqual(8);
});

test('restore tests that are off cost nothing', () => {
  const [on, off] = [new Setup(), new Setup()];
  on.add();
  off.add({ restoreTest: OFF });
  // Function, its role and its configuration, its schedule with a role, table, group; task with a role, settings; and a role each.
  expect(count(on) - count(off)).toBe(11);
  expect(Object.keys(off.template().toJSON().Resources).filter((id) => id.includes('RestoreTest'))).toEqual([]);
});

/** A task and its role: the execution role is that of the dump, and the security group by default as well. */
const RESTORE = 2;

test('a restore costs two resources more', () => {
  const [without, with_] = [new Setup(), new Setup()];
  without.add();
  with_.add({ restore: { secret: with_.secret } });
  expect(count(with_) - count(without)).toBe(RESTORE);
});

test.each([
  [60, 'a group each', {}],
  [55, 'a group and a rule each', { rule: true }],
  [55, 'a restore each, in groups of yours', { restore: true, given: true }],
  [44, 'a restore, a group and a rule each', { restore: true, rule: true }],
])('%d databases with restore tests and %s fit into one stack', (databases, _, { rule, restore, given }: Shape) => {
  // The VPC and the secrets lie in other stacks.
  const stack = new Stack(new App({ context: { 'aws:cdk:disable-asset-staging': true } }), 'Stack');
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    ...{ vpcId: 'vpc-0a1b2c3d', availabilityZones: ['a', 'b'], privateSubnetIds: ['subnet-1', 'subnet-2'] },
  });
  const [secret, writer] = ['Reader', 'Writer'].map((id) => secretsmanager.Secret.fromSecretNameV2(stack, id, id));
  const [group, server] = ['Own', 'Server'].map((id) => ec2.SecurityGroup.fromSecurityGroupId(stack, id, `sg-${id}`));
  const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['a@example.com'] } });
  for (let index = 1; index <= databases; index++) {
    const backup = backups.addDatabase(`Database${index}`, {
      sourceName: `${'n'.repeat(38)}${index + 10}`,
      database: Database.mysql({ version: MysqlVersion.V8_4, host: 'db.internal', secret: secret! }),
      schedule: BackupSchedule.every(Duration.hours(6)),
      image: READY_IMAGE,
      restore: restore ? { secret: writer! } : undefined,
      securityGroups: given ? [group!] : undefined,
    });
    if (rule) server!.connections.allowFrom(backup, ec2.Port.tcp(3306));
  }
  const { Resources } = Template.fromStack(stack).toJSON();
  expect(Object.keys(Resources).length + DASHBOARD).toBeLessThan(STACK_RESOURCES);
  const texts = Object.values<Json>(Resources).flatMap(({ Type, Properties }) =>
    Type === 'AWS::SSM::Parameter' ? [flat(Properties.Value)] : [],
  );
  const parts = texts.filter((text) => text.includes('"plans"'));
  const tested = parts.flatMap((text) => Object.keys((JSON.parse(text) as RestoreTestSettings).sources));
  expect(tested).toHaveLength(databases);
  // Names of roles as long as they can be.
  const long = parts.map((text) => text.replaceAll(/<BackupsRestoreTestingRoleOf\w+>/g, 'n'.repeat(64)).length);
  expect(Math.max(...long)).toBeLessThan(PARAMETER - 600);
});

test('60 databases with restore and without restore tests, in security groups of yours, fit into one stack', () => {
  const setup = new Setup();
  const digest = Digest.daily({ hour: 8 });
  setup.create({ restoreTest: OFF, alarms: { emails: ['a@example.com', 'b@example.com'], digest } });
  const group = ec2.SecurityGroup.fromSecurityGroupId(setup.stack, 'Clients', 'sg-0a1b2c3d4e5f60718');
  const [securityGroups, restore] = [[group], { secret: setup.secret, securityGroups: [group] }];
  for (let index = 1; index <= 60; index++) {
    const sourceName = `${'n'.repeat(38)}${index + 10}`;
    setup.add({ sourceName, securityGroups, restore }, `Database${index}`);
  }
  expect(count(setup) + DASHBOARD).toBeLessThan(STACK_RESOURCES);
  const parts = Object.values<Json>(setup.template().findResources('AWS::SSM::Parameter'))
    .map(({ Properties }) => flat(Properties.Value))
    .filter((text) => text.includes('"tasks"'));
  const sources = parts.flatMap((text) => [...parseDirectory(text, 'directory').sources.values()]);
  expect(sources.filter(({ tasks }) => tasks.dump && tasks.restore)).toHaveLength(60);
  for (const text of parts) expect(text.length).toBeLessThanOrEqual(8192);
});

test('45 databases with restore, without restore tests, and with an ingress rule each fit into one stack', () => {
  const setup = new Setup();
  setup.create({ restoreTest: OFF });
  const database = instance(setup);
  for (let index = 1; index <= 45; index++) setup.add({ database, restore: { secret: setup.secret } }, `Db${index}`);
  expect(Object.keys(setup.template().findResources('AWS::EC2::SecurityGroupIngress'))).toHaveLength(45);
  expect(count(setup) + DASHBOARD).toBeLessThan(STACK_RESOURCES);
});

test('60 databases without restore tests, with an ingress rule each and all alarms, fit into one stack, and their start into one policy', () => {
  const setup = new Setup();
  const digest = Digest.daily({ hour: 8 });
  setup.create({ restoreTest: OFF, alarms: { emails: ['a@example.com', 'b@example.com'], digest } });
  const database = instance(setup);
  for (let index = 1; index <= 60; index++) {
    // The longest names that there are.
    const sourceName = `${'n'.repeat(38)}${index + 10}`;
    setup.add({ database, sourceName, schedule: BackupSchedule.every(Duration.hours(6)) }, `Database${index}`);
  }
  expect(Object.keys(setup.template().findResources('AWS::EC2::SecurityGroupIngress'))).toHaveLength(60);
  expect(count(setup) + DASHBOARD).toBeLessThan(STACK_RESOURCES);
  const policies = setup.resource('AWS::IAM::Role', 'SchedulerRole').Policies;
  expect(JSON.stringify(policies).length).toBeLessThan(INLINE_POLICY);
  const settings = flat(setup.resource('AWS::SSM::Parameter', 'AlarmsSettings').Value);
  expect(Object.keys(JSON.parse(settings).sources)).toHaveLength(60);
  expect(settings.length).toBeLessThan(8192);
});
