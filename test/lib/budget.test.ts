import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { parseDirectory } from '../../catalog/contract/directory-schema';
import { BackupSchedule, Database, Digest } from '../../lib';
import type { Json } from './support';
import { flat, Setup } from './support';

/** CloudFormation's limit for a stack. */
const STACK_RESOURCES = 500;
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
  ['a server', 6, (setup: Setup) => setup.mysql()],
  ['an RDS instance', 7, instance],
  ['an SQLite file', 7, (setup: Setup) => setup.sqlite()],
])('one more database costs at most eight resources: %s costs %d', (_, resources, database) => {
  expect(cost(database)).toBe(resources);
  expect(resources).toBeLessThanOrEqual(8);
});

/** A task and its role: the execution role is that of the dump, and the security group by default as well. */
const RESTORE = 2;

test('a restore costs two resources more', () => {
  const [without, with_] = [new Setup(), new Setup()];
  without.add();
  with_.add({ restore: { secret: with_.secret } });
  expect(count(with_) - count(without)).toBe(RESTORE);
});

test('60 databases with restore, in security groups of yours, fit into one stack', () => {
  const setup = new Setup();
  const digest = Digest.daily({ hour: 8 });
  setup.create({ alarms: { emails: ['a@example.com', 'b@example.com'], digest } });
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

test('60 databases with an ingress rule each and all alarms fit into one stack, and their start into one policy', () => {
  const setup = new Setup();
  const digest = Digest.daily({ hour: 8 });
  setup.create({ alarms: { emails: ['a@example.com', 'b@example.com'], digest } });
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
