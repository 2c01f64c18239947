// Keeps the promise of the candle shop's backup strategy for its database: daily for 14 days, weekly for 3 months,
// monthly for a year with cold storage. Left out yet: dumps of MongoDB, configuration and media files. Until they come,
// the volume that MongoDB lies on is protected: with its journal on the same volume, a snapshot of it starts up. The
// strategy wants an email when a backup is complete, and alerts for failures: emails about the dumps begin with the dumps,
// those about snapshots that fail are there now.
import { App, Stack } from 'aws-cdk-lib';
import {
  BackupAlarms,
  BackupBucket,
  Digest,
  SnapshotRetention,
  SnapshotSchedule,
  SnapshotTarget,
  VolumeSnapshots,
  WeekDay,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'CandleBackups', { env: { account: '111122223333', region: 'eu-west-1' } });

const { count } = SnapshotRetention;
const volume = new VolumeSnapshots(stack, 'MongoDb', {
  // The EBS volume of /var/lib/mongodb.
  target: SnapshotTarget.volumes({ tags: { Name: 'candle-mongodb' } }),
  schedules: [
    SnapshotSchedule.daily({ hour: 2, retention: count(14) }),
    // With 13 weeks the oldest would live 91 days, and three months can have 92.
    SnapshotSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 2, retention: count(14) }),
    // The newest one at hand, twelve in the archive: one of them is always a year old.
    SnapshotSchedule.monthly({ hour: 2, retention: count(1), archiveRetention: count(12) }),
  ],
});

// The dumps will lie in this bucket. One email for each, as soon as there are any.
const alarms = new BackupAlarms(stack, 'Alarms', {
  bucket: new BackupBucket(stack, 'Bucket'),
  emails: ['candle@example.com'],
  digest: Digest.each(),
});
alarms.watchSnapshots(volume);
