// Keeps the promise of the StreamFlix backup guide: a backup whenever a developer wants one, and always before a change.
// Its off-site copy is there now, in place of the folder backups/. Of the three copies of its rule these are two: `fetch`, or
// a replica of the bucket, makes the third. What the guide does not have is a backup that needs no developer to think of it:
// once a week, so that a change that nobody announced costs a week at most.
import { App, Duration, Stack } from 'aws-cdk-lib';
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
  RestoreExpectation,
  RestoreTests,
  Retention,
  WeekDay,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'StreamFlixBackups', { env: { account: '111122223333', region: 'eu-west-1' } });

const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  privateSubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
});
// The role of the host that runs the container data_processing_mysql.
const host = iam.Role.fromRoleName(stack, 'Host', 'streamflix-host');

const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['streamflix@example.com'] } });
const streamflix = backups.addDatabase('Streamflix', {
  database: Database.mysql({
    version: MysqlVersion.V8_0,
    host: '127.0.0.1',
    // backup_user and its password, as keys username and password.
    secret: secretsmanager.Secret.fromSecretNameV2(stack, 'BackupUser', 'streamflix/backup'),
    tls: DatabaseTls.off('the connection stays on the loopback address of the container'),
    databases: ['mydb'],
  }),
  schedule: BackupSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 3 }),
  // The guide names no retention: a state before a change can be wanted back for a month, and one a week for three
  // months, of which 13 weeks are a day too few.
  retention: Retention.gfs({ keepFor: Duration.days(30), weekly: 14 }),
  // The guide counts tables and records after a restore. So does each restore test, of every backup: 15 tables or more, and
  // records in these.
  restoreTest: RestoreTests.everyBackup(),
  expect: [
    RestoreExpectation.tables(15),
    ...['account', 'movie', 'series'].map((table) => RestoreExpectation.atLeast(`SELECT COUNT(*) FROM ${table}`, 1)),
  ],
  // 5 to 10 minutes, the guide says: the time of the newest restore test counts.
  recoveryTimeObjective: Duration.minutes(10),
  // The guide works by docker exec, on the host. So does this, but by itself.
  runsOn: BackupRunner.instances({
    role: host,
    tags: { Name: 'streamflix-host' },
    network: 'container:data_processing_mysql',
  }),
  // Restores run there, too, as a user that may write: backup_user only reads. The role of the host can read backups then.
  restore: { secret: secretsmanager.Secret.fromSecretNameV2(stack, 'RestoreUser', 'streamflix/restore') },
});

// Developers start a run before they change anything, list backups, and restore them.
streamflix.grantRestore(iam.Role.fromRoleName(stack, 'streamflix-developer', 'streamflix-developer'));
// The pipeline that migrates and deploys starts a run before that.
streamflix.grantRun(iam.Role.fromRoleName(stack, 'streamflix-pipeline', 'streamflix-pipeline'));
