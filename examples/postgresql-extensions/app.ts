// A PostgreSQL server with PostGIS and pgvector: one image dumps it, tests its backups and restores them.
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { BackupImage, Backups, BackupSchedule, Database, PostgresqlVersion } from 'cdk-proven-backups';

export const app = new App();
const stack = new Stack(app, 'PostgresqlExtensions', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});

// In its place the VPC of your database: ec2.Vpc.fromLookup(stack, 'Vpc', { vpcId: 'vpc-…' }).
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['ops@example.com'] } });

backups.addDatabase('Places', {
  database: Database.postgresql({
    version: PostgresqlVersion.V16,
    host: 'places.internal.example.com',
    secret: secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'places/backup'),
    // In its place the group that your database lets in.
    securityGroups: [new ec2.SecurityGroup(stack, 'Clients', { vpc })],
  }),
  // The official image has none of these extensions.
  image: BackupImage.fromDockerfile(join(__dirname, 'postgres')),
  schedule: BackupSchedule.every(Duration.hours(6)),
});
