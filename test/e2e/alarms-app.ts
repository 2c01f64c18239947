import { App, CfnOutput, Duration, Stack, TimeZone } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Backups, BackupSchedule, Database, DatabaseTls, MariadbVersion, RestoreTests, Retention } from '../../lib';
import type { AlarmedServer } from './alarms-names';
import { ADDRESS, SERVER_VARIABLE, STACK } from './alarms-names';

const image = ecs.ContainerImage.fromRegistry('registry.example.com/backup:1');

/** What a user writes who has a server and a file, wants emails, has a program of his own that reads along, and a role for people. */
class AlarmedStack extends Stack {
  constructor(app: App, { host, port, certificateAuthority }: AlarmedServer) {
    super(app, STACK);
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 1 });
    const reader = new sqs.Queue(this, 'Reader');
    const backups = new Backups(this, 'Backups', {
      vpc,
      retention: Retention.gfs({ keepFor: Duration.hours(2), keepLast: 1 }),
      restoreTest: RestoreTests.off('Their roles are tried in another stack, which runs them.'),
      alarms: { emails: [ADDRESS], subscriptions: [new SqsSubscription(reader)], timeZone: TimeZone.EUROPE_PARIS },
    });
    const secret = new secretsmanager.Secret(this, 'Secret');
    const shop = backups.addDatabase('Shop', {
      sourceName: 'shop',
      database: Database.mariadb({
        version: MariadbVersion.V10_11,
        host,
        port,
        secret,
        databases: ['shop'],
        tls: DatabaseTls.certificateAuthority(certificateAuthority),
      }),
      schedule: BackupSchedule.daily({ hour: 2 }),
      allowedAge: Duration.hours(26),
      image,
    });
    const fileSystem = new efs.FileSystem(this, 'Files', { vpc });
    const accessPoint = fileSystem.addAccessPoint('Notes', { path: '/notes', posixUser: { uid: '1', gid: '1' } });
    const notes = backups.addDatabase('Notes', {
      sourceName: 'notes',
      database: Database.sqlite({ fileSystem, accessPoint, path: 'notes.db' }),
      schedule: BackupSchedule.daily({ hour: 2 }),
      allowedAge: Duration.hours(26),
      image,
    });
    const { alarms } = backups;
    const operator = new iam.Role(this, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
    shop.grantRun(operator);
    backups.pruning.grantInvoke(operator);
    alarms.grantInvoke(operator);
    backups.bucket.grantMeasure(operator);
    const outputs = {
      Bucket: backups.bucket.bucketName,
      LogGroup: backups.logGroup.logGroupName,
      Group: backups.scheduleGroup.scheduleGroupName,
      Cluster: backups.cluster.clusterArn,
      Secret: secret.secretArn,
      Operator: operator.roleName,
      DeadLetters: backups.deadLetterQueue.queueUrl,
      Undelete: backups.pruning.undeleteFunction.functionName,
      Shop: shop.schedule.scheduleName,
      Notes: notes.schedule.scheduleName,
      Reader: reader.queueUrl,
      Events: alarms.eventQueue.queueUrl,
      Topic: alarms.topic.topicArn,
      Measuring: alarms.schedule.scheduleName,
      Pruning: backups.pruning.schedule.scheduleName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, `${name}Output`, { value, key: name });
  }
}

new AlarmedStack(new App(), JSON.parse(process.env[SERVER_VARIABLE]!) as AlarmedServer);
