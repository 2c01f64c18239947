// Keeps the promise of the Spotify uploader's backup strategy: a dump of MongoDB each day at midnight, kept for 7 days, and
// all five alerts that it recommends: no backup for 25 hours, failures, and odd sizes are emails; a service that stopped is
// a backup that is late; and no backup lies on a disk that runs full. Of its future enhancements, off-site
// storage, encryption, restore tests and compression are there now; so it is no longer self-contained in Docker.
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
  MongodbVersion,
  Retention,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'SpotifyUploaderBackups', { env: { account: '111122223333', region: 'eu-west-1' } });

// Of the restore tests.
const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  privateSubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
});

const backups = new Backups(stack, 'Backups', {
  vpc,
  retention: Retention.days(7),
  alarms: { emails: ['spotify-uploader@example.com'] },
});
backups.addDatabase('Sessions', {
  database: Database.mongodb({
    version: MongodbVersion.V7_0,
    host: 'mongodb',
    secret: secretsmanager.Secret.fromSecretNameV2(stack, 'BackupUser', 'spotify-uploader/backup'),
    tls: DatabaseTls.off('the connection stays in the network of Docker Compose on the host'),
    databases: ['spotify-uploader'],
  }),
  schedule: BackupSchedule.daily({ hour: 0 }),
  // In place of the service mongodb-backup, in the same network.
  runsOn: BackupRunner.instances({
    role: iam.Role.fromRoleName(stack, 'Host', 'spotify-uploader-host'),
    tags: { Name: 'spotify-uploader-host' },
    network: 'spotifyuploader_spotify-network-prod',
  }),
  allowedAge: Duration.hours(25),
  // About a minute, the strategy says: the time of the newest restore test counts.
  recoveryTimeObjective: Duration.minutes(1),
});
