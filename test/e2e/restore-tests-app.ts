import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  AlarmSignal,
  Backups,
  BackupSchedule,
  Database,
  RestoreExpectation,
  RestoreTests,
  Retention,
  RowDigests,
} from '../../lib';
import { ADDRESS, PERSON, STACK } from './restore-tests-names';

/** What a user writes who has two files in EFS, and wants to know what every backup is worth. */
const stack = new Stack(new App(), STACK);
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const reader = new sqs.Queue(stack, 'Reader');
const backups = new Backups(stack, 'Backups', {
  vpc,
  restoreTest: RestoreTests.everyBackup(),
  retention: Retention.gfs({ keepFor: Duration.hours(1), keepLast: 1 }),
  alarms: { emails: [ADDRESS], subscriptions: [new SqsSubscription(reader)] },
});
const fileSystem = new efs.FileSystem(stack, 'Files', { vpc });
const accessPoint = fileSystem.addAccessPoint('Data', { path: '/data', posixUser: { uid: '10001', gid: '10001' } });
const common = {
  schedule: BackupSchedule.daily({ hour: 2 }),
  image: ecs.ContainerImage.fromRegistry('registry.example.com/backup:1'),
  rowDigests: RowDigests.all(),
};
const books = backups.addDatabase('Books', {
  ...common,
  database: Database.sqlite({ fileSystem, accessPoint, path: 'books.db' }),
  expect: [RestoreExpectation.atLeast('SELECT COUNT(*) FROM book', 3), RestoreExpectation.tables(1)],
});
const wishes = backups.addDatabase('Wishes', {
  ...common,
  database: Database.sqlite({ fileSystem, accessPoint, path: 'wishes.db' }),
  signalsOff: [{ signal: AlarmSignal.NOT_PROVEN, reason: 'Its test is meant to fail.' }],
  expect: [RestoreExpectation.equalTo('SELECT COUNT(*) FROM wish', '7')],
});
const person = new iam.Role(stack, 'Person', { roleName: PERSON, assumedBy: new iam.AccountRootPrincipal() });
backups.restoreTesting.grantInvoke(person);
backups.pruning.grantInvoke(person);
backups.bucket.grantMeasure(person);
for (const backup of [books, wishes]) backup.grantRun(person);

const outputs = {
  Bucket: backups.bucket.bucketName,
  Start: backups.restoreTesting.startFunction.functionName,
  Events: backups.alarms.eventQueue.queueUrl,
  Reader: reader.queueUrl,
  Measuring: backups.alarms.schedule.scheduleName,
  LogGroup: backups.logGroup.logGroupName,
  Group: backups.scheduleGroup.scheduleGroupName,
  Books: books.schedule.scheduleName,
  Operator: PERSON,
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, `${name}Output`, { value, key: name });
