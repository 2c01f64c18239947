// An update of a service that migrates its database when it starts waits for a backup, and rolls back without one.
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { BackupBeforeDeployment, Backups, BackupSchedule, Database, MysqlVersion } from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'Shop');

const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'shop/backup');
const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['ops@example.com'] } });
const backup = backups.addDatabase('Shop', {
  database: Database.mysql({ version: MysqlVersion.V8_4, host: 'shop.internal.example.com', secret }),
  schedule: BackupSchedule.every(Duration.hours(6)),
});
// The security group of the database. See a first backup succeed before a deployment waits for one.
const database = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Database', 'sg-0a1b2c3d4e5f60718');
backup.connections.allowTo(database, ec2.Port.tcp(3306), 'backup');

const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Web');
taskDefinition.addContainer('web', { image: ecs.ContainerImage.fromRegistry('shop/web:2.4.1') });
const service = new ecs.FargateService(stack, 'Service', {
  cluster: backups.cluster,
  taskDefinition,
  minHealthyPercent: 100,
});

new BackupBeforeDeployment(stack, 'Before', { backups: [backup], executeBefore: [service] });
