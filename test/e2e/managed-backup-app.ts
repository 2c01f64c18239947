import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { BackupVault } from 'aws-cdk-lib/aws-backup';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import {
  BackupAlarms,
  BackupBucket,
  BackupSchedule,
  Digest,
  ManagedBackup,
  ManagedResource,
  Retention,
  VaultLock,
} from '../../lib';

/** Name of the stack. */
export const STACK = 'Managed';
/** Who gets the emails. */
export const ADDRESS = 'ops@example.com';
const COPIES = 'arn:aws:backup:eu-central-1:000000000000:backup-vault:copies';

/** What a user writes to have media backed up, and no database. */
class ManagedStack extends Stack {
  constructor(app: App) {
    super(app, STACK);
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 1, natGateways: 0 });
    const files = new efs.FileSystem(this, 'Files', { vpc, encrypted: true });
    const alarms = new BackupAlarms(this, 'Alarms', {
      bucket: new BackupBucket(this, 'Bucket'),
      emails: [ADDRESS],
      digest: Digest.each(),
    });
    const managed = new ManagedBackup(this, 'Media', {
      resources: [ManagedResource.fileSystem(files)],
      schedule: BackupSchedule.daily({ hour: 4 }),
      retention: Retention.days(30),
      alarms,
      allowedAge: Duration.hours(33),
      vaultLock: VaultLock.governance({ minRetention: Duration.days(7) }),
      copyTo: [{ vault: BackupVault.fromBackupVaultArn(this, 'Copies', COPIES) }],
    });
    const outputs = {
      Bucket: alarms.bucket.bucketName,
      Measure: alarms.measureFunction.functionName,
      Vault: managed.vault.backupVaultName,
      Role: managed.role.roleArn,
      Resource: files.fileSystemArn,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, `${name}Output`, { value, key: name });
  }
}

new ManagedStack(new App());
