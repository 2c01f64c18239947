// One backup in what is there already: bucket, key, cluster, roles, security groups, log group.
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  BackupAlarms,
  BackupBucket,
  BackupSchedule,
  Database,
  DatabaseBackup,
  PostgresqlVersion,
} from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'BringYourOwn', { env: { account: '111122223333', region: 'eu-west-1' } });
const arn = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:111122223333:${rest}`;

const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  privateSubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
});
const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'tools', vpc });
const bucket = BackupBucket.fromBucketAttributes(stack, 'Bucket', {
  bucketName: 'company-backups',
  encryptionKey: kms.Key.fromKeyArn(stack, 'Key', arn('kms', 'key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9')),
  region: 'eu-west-1',
});
const clients = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Clients', 'sg-0a1b2c3d4e5f60718', { mutable: false });
const role = (name: string) => iam.Role.fromRoleArn(stack, name, `arn:aws:iam::111122223333:role/${name}`);
const secret = secretsmanager.Secret.fromSecretCompleteArn(
  stack,
  'Secret',
  arn('secretsmanager', 'secret:accounts/backup-AbCdEf'),
);

// A backup that stands alone tells nobody when it fails, unless it is given alarms.
const alarms = new BackupAlarms(stack, 'Alarms', { bucket, emails: ['ops@example.com'] });

new DatabaseBackup(stack, 'Accounts', {
  sourceName: 'accounts',
  bucket,
  alarms,
  cluster,
  taskRole: role('backup-task'),
  executionRole: role('backup-execution'),
  schedulerRole: role('backup-scheduler'),
  logGroup: logs.LogGroup.fromLogGroupName(stack, 'Log', '/company/backups'),
  database: Database.postgresql({
    version: PostgresqlVersion.V17,
    host: 'accounts.internal.example.com',
    secret,
    securityGroups: [clients],
    excludeDatabases: ['scratch'],
  }),
  schedule: BackupSchedule.cron('15 2 ? * MON-FRI *', { flexibleWindow: Duration.minutes(15) }),
  cpuArchitecture: ecs.CpuArchitecture.ARM64,
});
