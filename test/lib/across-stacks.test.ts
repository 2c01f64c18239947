import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { DatabaseBackupProps } from '../../lib';
import { BackupAlarms, Backups, BackupSchedule, Database, DatabaseBackup, MysqlVersion } from '../../lib';
import type { Json } from './support';
import { READY_IMAGE } from './support';

/** What is shared in one stack, and a second one, which needs it. */
function stacks() {
  const app = new App({ treeMetadata: false, context: { 'aws:cdk:disable-asset-staging': true } });
  const [base, databases] = [new Stack(app, 'Base'), new Stack(app, 'Databases')];
  const vpc = new ec2.Vpc(base, 'Vpc', { maxAzs: 2 });
  const backups = new Backups(base, 'Backups', { vpc, alarms: { emails: ['ann@example.com'] } });
  const add = (props: Partial<DatabaseBackupProps> = {}) =>
    new DatabaseBackup(databases, 'Shop', {
      database: Database.mysql({
        ...{ version: MysqlVersion.V8_4, host: 'db.internal' },
        secret: new secretsmanager.Secret(databases, 'Secret'),
      }),
      schedule: BackupSchedule.every(Duration.hours(6)),
      image: READY_IMAGE,
      ...{ bucket: backups.bucket, cluster: backups.cluster, pruning: backups.pruning, alarms: backups.alarms },
      ...props,
    });
  return { app, base, databases, backups, add };
}
const found = (stack: Stack, type: string): Json[] =>
  Object.values(Template.fromStack(stack).findResources(type)).map(({ Properties }: Json) => Properties);

test('a backup in a stack that needs that of its alarms writes into their log group, and to their dead-letter queue', () => {
  const { base, databases, backups, add } = stacks();
  expect(add().logGroup.node.path).toBe(backups.logGroup.node.path);
  expect(found(databases, 'AWS::Logs::LogGroup')).toEqual([]);
  const [schedule] = found(databases, 'AWS::Scheduler::Schedule');
  expect(JSON.stringify(schedule.Target.DeadLetterConfig)).toContain('BackupsDeadLetterQueue');
  const settings = JSON.stringify(found(base, 'AWS::SSM::Parameter'));
  expect(settings).toContain('Databases-');
  expect(found(databases, 'AWS::CloudWatch::Alarm')).toHaveLength(1);
});

test.each<[string, (stack: Stack) => Partial<DatabaseBackupProps>]>([
  ['logGroup', (stack) => ({ logGroup: new logs.LogGroup(stack, 'Log') })],
  ['deadLetterQueue', (stack) => ({ deadLetterQueue: new sqs.Queue(stack, 'Queue') })],
  ['scheduleGroup', (stack) => ({ scheduleGroup: new scheduler.ScheduleGroup(stack, 'Group') })],
])('refuses a %s of its own, which neither stack could be deployed with', (what, props) => {
  const { databases, add } = stacks();
  expect(() => add(props(databases))).toThrow(
    `Databases/Shop: ${what} must not be of the stack Databases, which needs the stack of the alarms, Base, that would have to name it, got: Databases/`,
  );
});

test('without alarms, a log group of its own is created', () => {
  const { app, databases, add } = stacks();
  expect(add({ alarms: undefined }).logGroup.node.path).toBe('Databases/Shop/LogGroup');
  expect(found(databases, 'AWS::Logs::LogGroup')).toHaveLength(1);
  expect(() => app.synth()).not.toThrow();
});

test('takes a log group that was imported', () => {
  const { app, databases, add } = stacks();
  add({ logGroup: logs.LogGroup.fromLogGroupName(databases, 'Log', 'backups') });
  expect(() => app.synth()).not.toThrow();
});

test('alarms in a third stack name what is in that of the backup', () => {
  const { app, backups, databases, add } = stacks();
  const alarms = new BackupAlarms(new Stack(app, 'Alarms'), 'Alarms', { bucket: backups.bucket, emails: ['a@b.cc'] });
  const logGroup = new logs.LogGroup(databases, 'Log');
  const deadLetterQueue = new sqs.Queue(databases, 'Queue');
  expect(add({ alarms, logGroup, deadLetterQueue }).logGroup.node.path).toBe('Databases/Log');
  expect(() => app.synth()).not.toThrow();
});

describe('a database in another stack, whose VPC is in the stack of the backups', () => {
  const engine = rds.DatabaseInstanceEngine.mysql({ version: rds.MysqlEngineVersion.VER_8_4_3 });
  const instance = ({ databases, backups }: ReturnType<typeof stacks>) =>
    Database.fromInstance(
      new rds.DatabaseInstance(databases, 'Database', { vpc: backups.cluster.vpc, engine, storageEncrypted: true }),
    );

  test('is refused there, with what to do', () => {
    const all = stacks();
    const props = { database: instance(all), schedule: BackupSchedule.every(Duration.hours(6)) };
    expect(() => all.backups.addDatabase('Shop', props)).toThrow(
      'Base/Backups/Shop: database must not be in a stack that needs this one, got: Databases/Database, whose VPC is Base/Vpc: create a DatabaseBackup in the stack Databases, with bucket, cluster, pruning and alarms of your Backups',
    );
  });

  test('is backed up from its own stack', () => {
    const all = stacks();
    all.add({ database: instance(all) });
    expect(() => all.app.synth()).not.toThrow();
    expect(all.databases.dependencies).toEqual([all.base]);
  });
});
