import { Duration, Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  BackupBucket,
  BackupDashboard,
  BackupSchedule,
  Database,
  Digest,
  Retention,
  SnapshotPruning,
  SnapshotRetention,
  SnapshotSchedule,
  StorageTiers,
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
  setup.add({ restore: { secret: new secretsmanager.Secret(stack, 'RestoreSecret') } });
  const daily = BackupSchedule.daily({ hour: 2 });
  setup.add({ database: setup.sqlite(), schedule: daily, spot: true, restore: {} }, 'Files');
  const engine = rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_16_4 });
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
  return setup;
}
