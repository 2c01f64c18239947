// Keeps the promise of AFIRGen's backup implementation: MySQL and the SQLite sessions at 00:00, 06:00, 12:00 and 18:00
// UTC, kept for 7 days. Nothing of it is left out, and its next steps, off-site storage, encryption, emails about failures
// and metrics in CloudWatch, are there now.
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Backups, BackupSchedule, Database, DatabaseTls, MysqlVersion, Retention } from 'cdk-proven-backups';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'AfirgenBackups');

const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
// The host of the containers mounts it in place of the Docker volume sessions_data.
const sessions = new efs.FileSystem(stack, 'Sessions', { vpc, encrypted: true });
const clientsOfMysql = new ec2.SecurityGroup(stack, 'Clients', { vpc });

const schedule = BackupSchedule.cron('0 0,6,12,18 * * ? *');
const backups = new Backups(stack, 'Backups', {
  vpc,
  retention: Retention.days(7),
  alarms: { emails: ['afirgen-ops@example.com'] },
});

backups.addDatabase('FirRecords', {
  database: Database.mysql({
    version: MysqlVersion.V8_0,
    host: 'afirgen-mysql.example.com',
    secret: secretsmanager.Secret.fromSecretNameV2(stack, 'BackupUser', 'afirgen/backup'),
    // The certificate that a MySQL container makes for itself names no host. This one does:
    // docs/tls.md#mysql-mariadb-or-postgresql-in-docker
    tls: DatabaseTls.certificateAuthority(readFileSync(join(__dirname, 'server-cert.pem'), 'utf8')),
    securityGroups: [clientsOfMysql],
  }),
  schedule,
  // In place of the commands of the restore.
  restore: { secret: secretsmanager.Secret.fromSecretNameV2(stack, 'RestoreUser', 'afirgen/restore') },
});
backups.addDatabase('Sessions', {
  database: Database.sqlite({
    fileSystem: sessions,
    accessPoint: sessions.addAccessPoint('App', {
      path: '/app',
      posixUser: { uid: '1000', gid: '1000' },
      createAcl: { ownerUid: '1000', ownerGid: '1000', permissions: '750' },
    }),
    path: 'sessions.db',
  }),
  schedule,
  cpu: 256,
  memoryLimitMiB: 512,
  restore: {},
});
