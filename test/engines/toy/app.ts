/** What a user writes whose database is of the toy engine. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { registerEngine } from '../../../engines/facts';
import { Backups, BackupSchedule, Database, DatabaseTls } from '../../../lib';
import { TOY_FACTS } from './facts';

registerEngine('toy', TOY_FACTS);

const stack = new Stack(new App(), 'Toys');
const reader = new sqs.Queue(stack, 'Reader');
const backups = new Backups(stack, 'Backups', {
  vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 }),
  alarms: { emails: ['parents@example.com'], subscriptions: [new SqsSubscription(reader)] },
});
const secret = new secretsmanager.Secret(stack, 'Secret');
const box = backups.addDatabase('Box', {
  sourceName: 'box',
  database: Database._ofServer('toy', {
    ...{ version: '2', host: 'localhost', port: Number(process.env.TOY_PORT), secret },
    tls: DatabaseTls.off('a box of a test'),
  }),
  schedule: BackupSchedule.daily({ hour: 2 }),
  image: ecs.ContainerImage.fromRegistry('registry.example.com/toys:1'),
});
const outputs = {
  ...{ Bucket: backups.bucket.bucketName, LogGroup: backups.logGroup.logGroupName, Secret: secret.secretArn },
  ...{ Group: backups.scheduleGroup.scheduleGroupName, Box: box.schedule.scheduleName },
  ...{ Reader: reader.queueUrl, Events: backups.alarms.eventQueue.queueUrl, Topic: backups.alarms.topic.topicArn },
};
for (const [key, value] of Object.entries(outputs)) new CfnOutput(stack, `${key}Output`, { value, key });
