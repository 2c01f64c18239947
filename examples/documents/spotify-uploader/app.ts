// Keeps the promise of the Spotify uploader's backup strategy: each day at midnight, kept for 7 days. Left out yet: the
// dump of MongoDB. Until it comes, the volume that MongoDB lies on is protected. Of the alerts that the strategy recommends,
// failures are told now; no new backup for 25 hours, and a strange size, with the dumps.
import { App, Stack } from 'aws-cdk-lib';
import {
  BackupAlarms,
  BackupBucket,
  SnapshotRetention,
  SnapshotSchedule,
  SnapshotTarget,
  VolumeSnapshots,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'SpotifyUploaderBackups', { env: { account: '111122223333', region: 'eu-west-1' } });

const volume = new VolumeSnapshots(stack, 'Sessions', {
  // The EBS volume of the Docker volume of the service mongodb.
  target: SnapshotTarget.volumes({ tags: { Name: 'spotify-uploader-mongodb' } }),
  schedules: [SnapshotSchedule.daily({ hour: 0, retention: SnapshotRetention.count(7) })],
});

// The dumps will lie in this bucket.
const bucket = new BackupBucket(stack, 'Bucket');
const alarms = new BackupAlarms(stack, 'Alarms', { bucket, emails: ['spotify-uploader@example.com'] });
alarms.watchSnapshots(volume);
