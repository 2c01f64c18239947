// Keeps the promise of the Spotify uploader's backup strategy: each day at midnight, kept for 7 days. Left out yet: the
// dump of MongoDB. Until it comes, the volume that MongoDB lies on is protected.
import { App, Stack } from 'aws-cdk-lib';
import { SnapshotRetention, SnapshotSchedule, SnapshotTarget, VolumeSnapshots } from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'SpotifyUploaderBackups', { env: { account: '111122223333', region: 'eu-west-1' } });

new VolumeSnapshots(stack, 'Sessions', {
  // The EBS volume of the Docker volume of the service mongodb.
  target: SnapshotTarget.volumes({ tags: { Name: 'spotify-uploader-mongodb' } }),
  schedules: [SnapshotSchedule.daily({ hour: 0, retention: SnapshotRetention.count(7) })],
});
