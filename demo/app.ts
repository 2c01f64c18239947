// The stack that the demo deploys: what a user would write, for a database that the environment describes.
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { RestoreOptions } from '../lib';
import {
  Backups,
  BackupSchedule,
  Database,
  DatabaseTls,
  MariadbVersion,
  MongodbVersion,
  MysqlVersion,
  PostgresqlVersion,
  RowDigests,
} from '../lib';
import type { Bookshop } from './bookshop';
import { ADDRESS, APP_VARIABLE, STACK } from './bookshop';

class BookshopStack extends Stack {
  constructor(scope: Construct, id: string, bookshop: Bookshop) {
    super(scope, id);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC }],
    });
    const backups = new Backups(this, 'Backups', {
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      alarms: { emails: [ADDRESS] },
    });
    const backup = backups.addDatabase('Bookshop', {
      database: this.database(bookshop, vpc),
      schedule: BackupSchedule.every(Duration.hours(6)),
      restore: this.restore(bookshop),
      // It is small: the server adds up all rows.
      rowDigests: RowDigests.all(),
      // The emulator runs the command itself: a ready image spares it Docker and the build.
      image: ecs.ContainerImage.fromRegistry('bookshop-backup'),
    });
    const outputs = {
      Bucket: backups.bucket.bucketName,
      Key: backups.encryptionKey.keyArn,
      LogGroup: backups.logGroup.logGroupName,
      Cluster: backups.cluster.clusterName,
      Schedule: backup.schedule.scheduleName,
      ScheduleGroup: backups.scheduleGroup.scheduleGroupName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }

  /** The user of the backup may only read. */
  private restore(bookshop: Bookshop): RestoreOptions {
    if (bookshop.engine === 'sqlite') return {};
    return { secret: secretsmanager.Secret.fromSecretCompleteArn(this, 'AdminSecret', bookshop.adminSecretArn) };
  }

  private database(bookshop: Bookshop, vpc: ec2.IVpc): Database {
    if (bookshop.engine === 'sqlite') {
      const fileSystem = new efs.FileSystem(this, 'Files', {
        vpc,
        vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
        removalPolicy: RemovalPolicy.DESTROY,
      });
      const posix = { uid: '10001', gid: '10001' };
      const accessPoint = fileSystem.addAccessPoint('Shop', {
        path: '/shop',
        createAcl: { ownerUid: posix.uid, ownerGid: posix.gid, permissions: '750' },
        posixUser: posix,
      });
      return Database.sqlite({ fileSystem, accessPoint, path: bookshop.file });
    }
    const { version, host, port } = bookshop;
    const server = {
      host,
      port,
      databases: [bookshop.database],
      secret: secretsmanager.Secret.fromSecretCompleteArn(this, 'Secret', bookshop.secretArn),
      tls: DatabaseTls.certificateAuthority(bookshop.certificateAuthority),
    };
    switch (bookshop.engine) {
      case 'mysql':
        return Database.mysql({ ...server, version: MysqlVersion.of(version) });
      case 'mariadb':
        return Database.mariadb({ ...server, version: MariadbVersion.of(version) });
      case 'postgresql':
        return Database.postgresql({ ...server, version: PostgresqlVersion.of(version) });
      case 'mongodb':
        return Database.mongodb({ ...server, version: MongodbVersion.of(version) });
    }
  }
}

new BookshopStack(new App(), STACK, JSON.parse(process.env[APP_VARIABLE] ?? '') as Bookshop);
