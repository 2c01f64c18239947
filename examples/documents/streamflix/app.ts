// Keeps the promise of the StreamFlix backup guide: a backup whenever a developer wants one, and always before a change.
// Nothing of it is left out, and its off-site copy is there now. What the guide does not have is a backup that needs no
// developer to think of it: once a week, so that a change that nobody announced costs a week at most.
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Backups, BackupSchedule, Database, DatabaseTls, MysqlVersion, Retention, WeekDay } from 'cdk-proven-backups';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'StreamFlixBackups', { env: { account: '111122223333', region: 'eu-west-1' } });

const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  privateSubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
});
// The security group of the host that runs the container data_processing_mysql.
const host = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Host', 'sg-0a1b2c3d4e5f60718');

const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['streamflix@example.com'] } });
const streamflix = backups.addDatabase('Streamflix', {
  database: Database.mysql({
    version: MysqlVersion.V8_0,
    host: 'streamflix-db.example.com',
    // backup_user and its password, as keys username and password.
    secret: secretsmanager.Secret.fromSecretNameV2(stack, 'BackupUser', 'streamflix/backup'),
    // The certificate that a MySQL container makes for itself names no host. This one does:
    // docs/tls.md#mysql-mariadb-or-postgresql-in-docker
    tls: DatabaseTls.certificateAuthority(readFileSync(join(__dirname, 'server-cert.pem'), 'utf8')),
    databases: ['mydb'],
  }),
  schedule: BackupSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 3 }),
  // The guide names no retention: a state before a change can be wanted back for a month, and one a week for three
  // months, of which 13 weeks are a day too few.
  retention: Retention.gfs({ keepFor: Duration.days(30), weekly: 14 }),
  // The guide restores over what is there. So does this, with --overwrite, but makes a backup before it.
  restore: { secret: secretsmanager.Secret.fromSecretNameV2(stack, 'RestoreUser', 'streamflix/restore') },
});
streamflix.connections.allowTo(host, ec2.Port.tcp(3306), 'backup');

// Developers, and the pipeline that migrates and deploys, start a run before they change anything.
for (const role of ['streamflix-developer', 'streamflix-pipeline']) {
  streamflix.grantRun(iam.Role.fromRoleName(stack, role, role));
}
