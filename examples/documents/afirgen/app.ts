// Keeps the promise of AFIRGen's backup implementation: MySQL and the SQLite sessions at 00:00, 06:00, 12:00 and 18:00
// UTC, kept for 7 days. Nothing of it is left out, and its next steps, off-site storage, encryption, emails about failures
// and metrics in CloudWatch, are there now.
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  BackupRunner,
  Backups,
  BackupSchedule,
  Database,
  DatabaseTls,
  MysqlVersion,
  Retention,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'AfirgenBackups');

const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });

const schedule = BackupSchedule.cron('0 0,6,12,18 * * ? *');
const backups = new Backups(stack, 'Backups', {
  vpc,
  retention: Retention.days(7),
  alarms: { emails: ['afirgen-ops@example.com'] },
});

// In place of the container of the document that dumps beside the application.
const host = {
  role: iam.Role.fromRoleName(stack, 'Host', 'afirgen-host'),
  tags: { Name: 'afirgen-host' },
};

backups.addDatabase('FirRecords', {
  database: Database.mysql({
    version: MysqlVersion.V8_0,
    host: 'mysql',
    secret: secretsmanager.Secret.fromSecretNameV2(stack, 'BackupUser', 'afirgen/backup'),
    tls: DatabaseTls.off('the connection stays in the network of Docker Compose on the host'),
  }),
  schedule,
  runsOn: BackupRunner.instances({ ...host, network: 'afirgen_default' }),
});
backups.addDatabase('Sessions', {
  // sessions_data:/app of the document.
  database: Database.sqlite({ volume: 'afirgen_sessions_data', path: 'sessions.db' }),
  schedule,
  runsOn: BackupRunner.instances(host),
  restore: {},
});
