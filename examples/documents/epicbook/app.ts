// Keeps the promise of the EpicBook backup plan: a dump of the database each day and a snapshot of the disk each week,
// both off the host. Nothing of it is left out. The plan names no retention: dumps are kept for a year, the default. Nor
// does it say who hears of a failure: somebody has to.
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  BackupRunner,
  Backups,
  BackupSchedule,
  Database,
  DatabaseTls,
  MysqlVersion,
  SnapshotRetention,
  SnapshotSchedule,
  SnapshotTarget,
  VolumeSnapshots,
  WeekDay,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'EpicBookBackups', { env: { account: '111122223333', region: 'eu-west-1' } });

const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  privateSubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
});
// The role of the VM on which Docker Compose runs the service db, which publishes no port.
const vm = iam.Role.fromRoleName(stack, 'Vm', 'epicbook-vm');

const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['epicbook@example.com'] } });
backups.addDatabase('Epicbook', {
  database: Database.mysql({
    version: MysqlVersion.V8_0,
    host: 'db',
    secret: secretsmanager.Secret.fromSecretNameV2(stack, 'BackupUser', 'epicbook/backup'),
    tls: DatabaseTls.off('the connection stays in the network of Docker Compose on the VM'),
    databases: ['epicbook'],
  }),
  schedule: BackupSchedule.daily({ hour: 2 }),
  // In Docker on the VM, beside the database. The plan's test removes a book and brings it back: docs/instances.md#restore
  runsOn: BackupRunner.instances({ role: vm, tags: { Name: 'epicbook-vm' }, network: 'epicbook_default' }),
});

// The volume db_data lies on the VM's disk, whose EBS volume carries this tag.
const disk = new VolumeSnapshots(stack, 'EpicBookDisk', {
  target: SnapshotTarget.volumes({ tags: { Name: 'epicbook-vm' } }),
  schedules: [SnapshotSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 3, retention: SnapshotRetention.count(8) })],
});
backups.alarms.watchSnapshots(disk);
