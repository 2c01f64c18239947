import { App, CfnOutput, Duration, SecretValue, Stack, Tags, TimeZone } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Backups, BackupSchedule, Database, DatabaseTls, MariadbVersion } from '../../lib';

/** Name of the stack. */
export const STACK = 'Deployment';
/** Set, it changes the settings of the shop's backup: a second deployment is an update. */
export const UPDATE_VARIABLE = 'SHOP_CPU';

const image = ecs.ContainerImage.fromRegistry('registry.example.com/backup:1');

/** Three backups that make use of all that a deployment can set. */
class DeploymentStack extends Stack {
  constructor(app: App) {
    super(app, STACK);
    Tags.of(this).add('team', 'books');
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 1 });
    const backups = new Backups(this, 'Backups', { vpc, s3GatewayEndpoint: true });
    const secret = new secretsmanager.Secret(this, 'Secret', {
      secretObjectValue: {
        username: SecretValue.unsafePlainText('backup'),
        password: SecretValue.unsafePlainText('p"a$s'),
      },
    });
    const server = { version: MariadbVersion.V11_4, host: 'db.internal', secret, tls: DatabaseTls.off('a test') };
    const shop = backups.addDatabase('Shop', {
      database: Database.mariadb({ ...server, port: 3307, databases: ['shop', 'stock'] }),
      schedule: BackupSchedule.daily({
        hour: 2,
        minute: 30,
        timeZone: TimeZone.EUROPE_PARIS,
        flexibleWindow: Duration.minutes(15),
        retryAttempts: 3,
        maxEventAge: Duration.minutes(20),
      }),
      cpu: Number(process.env[UPDATE_VARIABLE] ?? 512),
      memoryLimitMiB: 1024,
      cpuArchitecture: ecs.CpuArchitecture.ARM64,
      ephemeralStorageGiB: 30,
      spot: true,
      image,
    });
    const fileSystem = new efs.FileSystem(this, 'Files', { vpc });
    const accessPoint = fileSystem.addAccessPoint('Notes', {
      path: '/notes',
      posixUser: { uid: '10001', gid: '10001' },
      createAcl: { ownerUid: '10001', ownerGid: '10001', permissions: '750' },
    });
    const notes = backups.addDatabase('Notes', {
      database: Database.sqlite({ fileSystem, accessPoint, path: 'data/notes.db' }),
      schedule: BackupSchedule.every(Duration.hours(6)),
      image,
    });
    const keyless = backups.addDatabase('Keyless', {
      database: Database.mariadb({ ...server, passwordKey: 'pass_word' }),
      schedule: BackupSchedule.every(Duration.hours(6)),
      image,
    });
    const disabled = backups.addDatabase('Disabled', {
      database: Database.mariadb(server),
      schedule: BackupSchedule.every(Duration.hours(6)),
      enabled: false,
      image,
    });
    const outputs = {
      Bucket: backups.bucket.bucketName,
      KeyArn: backups.encryptionKey.keyArn,
      Cluster: backups.cluster.clusterArn,
      LogGroup: backups.logGroup.logGroupName,
      DeadLetterQueue: backups.deadLetterQueue.queueArn,
      Group: backups.scheduleGroup.scheduleGroupName,
      SecretArn: secret.secretArn,
      FileSystem: fileSystem.fileSystemId,
      AccessPoint: accessPoint.accessPointId,
      Shop: shop.schedule.scheduleName,
      Notes: notes.schedule.scheduleName,
      Keyless: keyless.schedule.scheduleName,
      Disabled: disabled.schedule.scheduleName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, `${name}Output`, { value, key: name });
  }
}

new DeploymentStack(new App());
