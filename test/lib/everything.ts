import { CfnWaitConditionHandle, Duration, Size } from 'aws-cdk-lib';
import { BackupVault } from 'aws-cdk-lib/aws-backup';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  BackupBeforeDeployment,
  BackupBucket,
  BackupDashboard,
  BackupSchedule,
  Database,
  Digest,
  FilesRepository,
  ManagedBackup,
  ManagedResource,
  Retention,
  SnapshotPruning,
  SnapshotRetention,
  SnapshotSchedule,
  StorageTiers,
  VaultLock,
  VolumeSnapshots,
  WeekDay,
} from '../../lib';
import { Setup } from './support';

/** A stack with one of everything. */
export function everything(): Setup {
  const setup = new Setup();
  const { stack } = setup;
  const bucket = new BackupBucket(stack, 'Bucket', {
    storageTiers: StorageTiers.of({ infrequentAccess: Duration.days(30), deepArchive: Duration.days(120) }),
  });
  const backups = setup.create({
    bucket,
    retention: Retention.gfs({ keepFor: Duration.days(2), weekly: 8 }),
    alarms: { emails: ['ann@example.com'], digest: Digest.weekly({ weekDay: WeekDay.MONDAY, hour: 8 }) },
  });
  const { alarms } = backups;
  alarms.watchReplication({ destinationBucketName: 'copies', ruleId: 'all' });
  const shop = setup.add({ restore: { secret: new secretsmanager.Secret(stack, 'RestoreSecret') } });
  new BackupBeforeDeployment(stack, 'Before', {
    backups: [shop],
    executeBefore: [new CfnWaitConditionHandle(stack, 'App')],
  });
  const daily = BackupSchedule.daily({ hour: 2 });
  setup.add({ database: setup.sqlite(), schedule: daily, spot: true, restore: {} }, 'Files');
  const engine = rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_16_4 });
  const repository = new FilesRepository(stack, 'Repository');
  setup.add({ database: Database.files({ ...setup.efs('Tree'), repository }), restore: {} }, 'Uploads');
  const instance = new rds.DatabaseInstance(stack, 'Instance', { vpc: setup.vpc, engine, storageEncrypted: true });
  setup.add({ database: Database.fromInstance(instance), image: undefined }, 'Orders');
  new BackupDashboard(stack, 'Dashboard', { backups });
  alarms.watchSnapshotPruning(
    new SnapshotPruning(stack, 'SnapshotPruning', {
      tagKey: 'made-by',
      tagValue: 'deploy-script',
      retention: Retention.days(30),
    }),
  );
  const [availabilityZone] = stack.availabilityZones;
  const volume = new ec2.Volume(stack, 'Volume', {
    availabilityZone: availabilityZone!,
    size: Size.gibibytes(10),
    encrypted: true,
  });
  const schedules = [SnapshotSchedule.daily({ hour: 3, retention: SnapshotRetention.count(14) })];
  alarms.watchSnapshots(new VolumeSnapshots(stack, 'Snapshots', { schedules }).protect(volume));
  const uploads = s3.Bucket.fromBucketAttributes(stack, 'Uploads', {
    bucketName: 'uploads',
    encryptionKey: kms.Key.fromKeyArn(
      stack,
      'UploadsKey',
      stack.formatArn({ service: 'kms', resource: 'key/0aa1bb2c' }),
    ),
  });
  const media = efs.FileSystem.fromFileSystemAttributes(stack, 'Media', {
    fileSystemId: 'fs-0123456789abcdef0',
    securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'MediaGroup', 'sg-0123456789abcdef0'),
  });
  const vaultArn = stack.formatArn({ service: 'backup', region: 'eu-central-1', resource: 'backup-vault:copies' });
  new ManagedBackup(stack, 'Managed', {
    resources: [ManagedResource.fileSystem(media), ManagedResource.bucket(uploads)],
    schedule: daily,
    alarms,
    vaultLock: VaultLock.governance({ minRetention: Duration.days(7) }),
    copyTo: [{ vault: BackupVault.fromBackupVaultArn(stack, 'Copies', vaultArn) }],
  });
  return setup;
}
