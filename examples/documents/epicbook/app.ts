// Keeps the promise of the EpicBook backup plan: a dump of the database each day and a snapshot of the disk each week,
// both off the host. Nothing of it is left out. The plan names no retention: dumps are kept for a year, the default. Nor
// does it say who hears of a failure: somebody has to.
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
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
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'EpicBookBackups', { env: { account: '111122223333', region: 'eu-west-1' } });

const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  privateSubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
});
// The security group of the VM on which Docker Compose publishes port 3306 of the service db.
const vm = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Vm', 'sg-0a1b2c3d4e5f60718');

const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['epicbook@example.com'] } });
const epicbook = backups.addDatabase('Epicbook', {
  database: Database.mysql({
    version: MysqlVersion.V8_0,
    host: 'epicbook-db.example.com',
    secret: secretsmanager.Secret.fromSecretNameV2(stack, 'BackupUser', 'epicbook/backup'),
    // The certificate that a MySQL container makes for itself names no host. This one does:
    // docs/tls.md#mysql-mariadb-or-postgresql-in-docker
    tls: DatabaseTls.certificateAuthority(readFileSync(join(__dirname, 'server-cert.pem'), 'utf8')),
    databases: ['epicbook'],
  }),
  schedule: BackupSchedule.daily({ hour: 2 }),
  // The plan's test removes a book and brings it back: npx proven-backups restore --source epicbook --overwrite
  restore: { secret: secretsmanager.Secret.fromSecretNameV2(stack, 'RestoreUser', 'epicbook/restore') },
});
epicbook.connections.allowTo(vm, ec2.Port.tcp(3306), 'backup');

// The volume db_data lies on the VM's disk, whose EBS volume carries this tag.
const disk = new VolumeSnapshots(stack, 'EpicBookDisk', {
  target: SnapshotTarget.volumes({ tags: { Name: 'epicbook-vm' } }),
  schedules: [SnapshotSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 3, retention: SnapshotRetention.count(8) })],
});
backups.alarms.watchSnapshots(disk);
