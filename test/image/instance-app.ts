import { App, CfnOutput, Duration, SecretValue, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { BackupRunner, Backups, BackupSchedule, Database, DatabaseTls, MariadbVersion, RestoreTests } from '../../lib';
import { IMAGES, USER } from './stack';

/** A server on the loopback address of an instance, with a certificate of its own. */
const { port, pem, role, folder, registry } = JSON.parse(process.env.INSTANCE_APP ?? '{}') as Record<
  'pem' | 'role' | 'folder' | 'registry',
  string
> & { readonly port: number };

const stack = new Stack(new App(), 'InstanceTest');
const subnetType = ec2.SubnetType.PRIVATE_ISOLATED;
const vpc = new ec2.Vpc(stack, 'Vpc', { subnetConfiguration: [{ name: 'Isolated', subnetType }], natGateways: 0 });
const backups = new Backups(stack, 'Backups', {
  vpc,
  vpcSubnets: { subnetType },
  restoreTest: RestoreTests.off('only the run is of interest here'),
});
const secret = new secretsmanager.Secret(stack, 'User', {
  secretObjectValue: {
    username: SecretValue.unsafePlainText(USER.username),
    password: SecretValue.unsafePlainText(USER.password),
  },
});
const vm = new iam.Role(stack, 'Vm', { roleName: role, assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
// The emulated services are on a loopback address.
const runsOn = BackupRunner.instances({ role: vm, instanceId: 'i-0a1b2c3d4e5f60718', network: 'host' });
const schedule = BackupSchedule.every(Duration.hours(6));
const shop = backups.addDatabase('Shop', {
  database: Database.mariadb({
    ...{ version: MariadbVersion.V10_11, host: 'localhost', port, secret, databases: ['shop'] },
    tls: DatabaseTls.certificateAuthority(pem),
  }),
  ...{ schedule, runsOn },
  image: ecs.ContainerImage.fromRegistry(`${registry}/${IMAGES.mariadb}`),
});
const image = ecs.ContainerImage.fromRegistry(`${registry}/${IMAGES.sqlite}`);
backups.addDatabase('Config', {
  database: Database.files({ path: folder, exclude: ['**/*.tmp'] }),
  ...{ schedule, runsOn, image, restore: {} },
});
backups.addDatabase('Sessions', {
  database: Database.sqlite({ volume: 'app_sessions', path: 'sessions.db' }),
  ...{ schedule, runsOn, image, restore: {} },
});
new CfnOutput(stack, 'Bucket', { value: backups.bucket.bucketName });
new CfnOutput(stack, 'LogGroup', { value: backups.logGroup.logGroupName });
new CfnOutput(stack, 'Secret', { value: secret.secretArn });
new CfnOutput(stack, 'Group', { value: backups.scheduleGroup.scheduleGroupName });
new CfnOutput(stack, 'Schedule', { value: shop.schedule.scheduleName });
