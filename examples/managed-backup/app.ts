// A whole file system with uploads, backed up by AWS Backup, and no database.
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import {
  BackupAlarms,
  BackupBucket,
  BackupSchedule,
  ManagedBackup,
  ManagedResource,
  Retention,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'ManagedBackup');

const vpc = new ec2.Vpc(stack, 'Vpc', {
  maxAzs: 2,
  natGateways: 0,
  subnetConfiguration: [{ name: 'Files', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
});
const uploads = new efs.FileSystem(stack, 'Uploads', { vpc, encrypted: true });

new ManagedBackup(stack, 'UploadsBackup', {
  resources: [ManagedResource.fileSystem(uploads)],
  schedule: BackupSchedule.daily({ hour: 4 }),
  retention: Retention.days(30),
  alarms: new BackupAlarms(stack, 'Alarms', {
    bucket: new BackupBucket(stack, 'Bucket'),
    emails: ['ops@example.com'],
  }),
});
