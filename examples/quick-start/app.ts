// Backs up a MySQL server every six hours: `npx cdk deploy --app "npx tsx app.ts"`.
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Backups, BackupSchedule, Database, MysqlVersion } from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'QuickStart', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});

// In its place the VPC of your database: ec2.Vpc.fromLookup(stack, 'Vpc', { vpcId: 'vpc-…' }).
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
// JSON with the keys username and password.
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'shop/backup');
// In its place the group that your database lets in: ec2.SecurityGroup.fromSecurityGroupId(stack, 'Clients', 'sg-…').
const clientsOfTheDatabase = new ec2.SecurityGroup(stack, 'Clients', { vpc });

// The bucket, its key, the cluster, the log group and the alarms: shared by all databases. Confirm the email that comes.
const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['ops@example.com'] } });

backups.addDatabase('Shop', {
  database: Database.mysql({
    version: MysqlVersion.V8_4,
    host: 'shop.internal.example.com',
    secret,
    securityGroups: [clientsOfTheDatabase],
  }),
  schedule: BackupSchedule.every(Duration.hours(6)),
});
