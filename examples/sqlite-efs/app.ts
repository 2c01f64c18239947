// An SQLite file on EFS, as a container or a Lambda function uses it.
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import { Backups, BackupSchedule, Database } from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'SqliteBackups');

const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const fileSystem = new efs.FileSystem(stack, 'Files', { vpc, encrypted: true });
// The user and the group that own the file: the backup acts as them.
const accessPoint = fileSystem.addAccessPoint('Notes', {
  path: '/notes',
  posixUser: { uid: '1000', gid: '1000' },
  createAcl: { ownerUid: '1000', ownerGid: '1000', permissions: '750' },
});

const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['ops@example.com'] } });
backups.addDatabase('Notes', {
  database: Database.sqlite({ fileSystem, accessPoint, path: 'notes.db' }),
  schedule: BackupSchedule.every(Duration.hours(1)),
  cpu: 256,
  memoryLimitMiB: 512,
  // The snapshot is made here before it goes to S3: as large as the file.
  ephemeralStorageGiB: 40,
});
