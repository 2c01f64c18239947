// RDS and Aurora: engine, version, endpoint, secret and security groups are taken from the constructs.
import { App, Duration, Stack, TimeZone } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { BackupDashboard, Backups, BackupSchedule, Database, WeekDay } from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'RdsBackups');

const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });

const orders = new rds.DatabaseInstance(stack, 'Orders', {
  vpc,
  engine: rds.DatabaseInstanceEngine.mariaDb({ version: rds.MariaDbEngineVersion.VER_11_8_6 }),
  storageEncrypted: true,
});
const accounts = new rds.DatabaseInstance(stack, 'Accounts', {
  vpc,
  engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
  storageEncrypted: true,
});
const catalog = new rds.DatabaseCluster(stack, 'Catalog', {
  vpc,
  engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_9 }),
  writer: rds.ClusterInstance.serverlessV2('Writer'),
  readers: [rds.ClusterInstance.serverlessV2('Reader', { scaleWithWriter: true })],
  storageEncrypted: true,
});

// The dumps go to S3 through the free gateway endpoint, not through the NAT gateway.
const backups = new Backups(stack, 'Backups', {
  vpc,
  s3GatewayEndpoint: true,
  alarms: { emails: ['ops@example.com'], timeZone: TimeZone.EUROPE_PARIS },
});
// A row for each database, also for those that are added below.
new BackupDashboard(stack, 'Dashboard', { backups });

backups.addDatabase('Orders', {
  database: Database.fromInstance(orders),
  schedule: BackupSchedule.daily({ hour: 1, minute: 30, timeZone: TimeZone.EUROPE_PARIS }),
  // For `npx proven-backups restore`: a user that may write. Grant it to those on duty with `grantRestore`.
  restore: { secret: secretsmanager.Secret.fromSecretNameV2(stack, 'RestoreUser', 'orders/restore') },
});
backups.addDatabase('Accounts', {
  database: Database.fromInstance(accounts, { excludeSchemas: ['scratch'] }),
  schedule: BackupSchedule.every(Duration.hours(6)),
});
backups.addDatabase('Catalog', {
  database: Database.fromCluster(catalog, { useReader: true }),
  schedule: BackupSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 3, flexibleWindow: Duration.minutes(30) }),
});
