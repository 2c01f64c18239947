// A volume with files, and a server whose volumes belong together.
import { App, Fn, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import {
  SnapshotRetention,
  SnapshotSchedule,
  SnapshotScripts,
  SnapshotTarget,
  VolumeSnapshots,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'VolumeSnapshots');

// 14 daily, 13 weekly and 12 monthly snapshots.
const files = new ec2.Volume(stack, 'Files', {
  availabilityZone: Fn.select(0, Fn.getAzs()),
  size: Size.gibibytes(100),
  encrypted: true,
});
new VolumeSnapshots(stack, 'FileSnapshots', {
  schedules: SnapshotSchedule.gfs({ hour: 3, daily: 14, weekly: 13, monthly: 12 }),
}).protect(files);

// All volumes of the servers with this tag, of the same moment, with the database frozen, and a copy elsewhere.
new VolumeSnapshots(stack, 'DatabaseSnapshots', {
  target: SnapshotTarget.instances({ tags: { role: 'database' }, excludeBootVolume: true }),
  schedules: [
    SnapshotSchedule.daily({
      hour: 1,
      retention: SnapshotRetention.days(14),
      scripts: SnapshotScripts.document('freeze-database'),
      crossRegionCopies: [{ region: 'eu-central-1', retention: SnapshotRetention.days(30) }],
    }),
  ],
});
