// Keeps the promise of the candle shop's backup strategy: MongoDB daily for 14 days, weekly for 3 months, monthly for a year
// with cold storage; configuration weekly for 6 months, encrypted to people; media daily for 30 days, incremental. One email when a backup
// is complete, and alerts for failures, ages and sizes. The strategy's other lines are not of backups: code is in Git, logs
// rotate.
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  BackupRunner,
  Backups,
  BackupSchedule,
  Database,
  DatabaseTls,
  Digest,
  FilesRepository,
  MongodbVersion,
  Retention,
  WeekDay,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'CandleBackups');

// Restore tests and the maintenance of media run in it.
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
// In place of the crontab: all that is backed up is on this server.
const runsOn = BackupRunner.instances({
  role: iam.Role.fromRoleName(stack, 'Server', 'candle-server'),
  tags: { Name: 'candle-server' },
});

const backups = new Backups(stack, 'Backups', {
  vpc,
  // An email upon completion.
  alarms: { emails: ['candle@example.com'], digest: Digest.each() },
});

backups.addDatabase('Mongodb', {
  database: Database.mongodb({
    version: MongodbVersion.V8_0,
    host: '127.0.0.1',
    secret: secretsmanager.Secret.fromSecretNameV2(stack, 'BackupUser', 'candle/backup'),
    tls: DatabaseTls.off('the connection stays on the loopback address of the server'),
    databases: ['candle-ecommerce'],
  }),
  runsOn,
  schedule: BackupSchedule.daily({ hour: 2 }),
  // 14 days, 14 weeks and 13 months. The bucket moves what is older than 105 days, and larger than 8 MiB, into cold storage, out
  // of which it takes 12 hours or more.
  retention: Retention.oneYear(),
  allowedAge: Duration.hours(25),
  recoveryTimeObjective: Duration.hours(1),
});

const configuration = {
  runsOn,
  schedule: BackupSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 3 }),
  // Any six months have at most 184 days.
  retention: Retention.days(184),
  // Measured by npx proven-backups prove --source config --local --identity FILE: no test in AWS can open it.
  recoveryTimeObjective: Duration.minutes(15),
  // Several members of the team, and the safe: none of the private keys is in AWS.
  encryptTo: [
    'age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN',
  ],
};
// A run sees one directory: each of the two trees is a source.
backups.addDatabase('Config', {
  ...configuration,
  database: Database.files({ path: '/var/www/candle-ecommerce', include: ['.env.local', 'server/.env'] }),
});
backups.addDatabase('NginxConfig', {
  ...configuration,
  database: Database.files({ path: '/etc/nginx/sites-available', include: ['candle-ecommerce'] }),
});

// In place of rsync --link-dest: each run stores what has changed.
backups.addDatabase('Media', {
  database: Database.files({
    path: '/var/www/candle-ecommerce/public/media',
    repository: new FilesRepository(stack, 'MediaRepository'),
  }),
  runsOn,
  schedule: BackupSchedule.daily({ hour: 4 }),
  retention: Retention.days(30),
  allowedAge: Duration.hours(25),
  // Restored on the server, by one command. Whoever reaches the server may read the backups of media from then on, and no other ones.
  restore: {},
});
