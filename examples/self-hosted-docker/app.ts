// MySQL in a Docker container on an EC2 instance that exists already, with a certificate of the company's own authority.
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Backups, BackupSchedule, Database, DatabaseTls, MysqlVersion } from 'cdk-proven-backups';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const app = new App();
const stack = new Stack(app, 'SelfHosted', { env: { account: '111122223333', region: 'eu-west-1' } });

const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  privateSubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
});
// The security group of the instance on which the container publishes port 3306.
const database = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Database', 'sg-0a1b2c3d4e5f60718');
// The password is generated here: give it to the database's backup user.
const secret = new secretsmanager.Secret(stack, 'BackupUser', {
  generateSecretString: { secretStringTemplate: '{"username":"backup"}', generateStringKey: 'password' },
});

const backups = new Backups(stack, 'Backups', { vpc, alarms: { emails: ['ops@example.com'] } });
const shop = backups.addDatabase('Shop', {
  database: Database.mysql({
    version: MysqlVersion.V8_4,
    // The name in the certificate. An address works if the certificate has it.
    host: 'shop-db.internal.example.com',
    secret,
    tls: DatabaseTls.certificateAuthority(readFileSync(join(__dirname, 'company-ca.pem'), 'utf8')),
    databases: ['shop'],
  }),
  schedule: BackupSchedule.daily({ hour: 2 }),
});
shop.connections.allowTo(database, ec2.Port.tcp(3306), 'backup');
