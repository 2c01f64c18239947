import type { App } from 'aws-cdk-lib';
import { CfnOutput, Duration, SecretValue, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { DatabaseBackup } from '../../lib';
import { Backups, BackupSchedule, Database, DatabaseTls, MariadbVersion, PostgresqlVersion } from '../../lib';

/** Address of a test's server. */
export interface ServerAddress {
  readonly port: number;
  /** Certificate authority of the server, PEM. */
  readonly pem: string;
}

/** Environment of a deployment. */
export interface ImageStackProps {
  readonly mariadb: ServerAddress;
  readonly postgresql: ServerAddress;
  /** Gives the task definitions {@link IMAGES} instead of images that the deployment builds. */
  readonly readyImages: boolean;
}

export const USER = { username: 'backup', password: 'p"a#s\\s \'w' };
export const STACK = 'ImageTest';

/** The images that the tests build, as the task definitions name them. */
export const IMAGES = {
  mariadb: 'image-test/mariadb:10.11',
  postgresql: 'image-test/postgresql:15',
  sqlite: 'image-test/sqlite:latest',
};

/** The sources, and the engine that each one's image holds. `bulk` is large, `huge` has one huge row. */
export const SOURCES = {
  shop: 'mariadb',
  bulk: 'mariadb',
  huge: 'mariadb',
  library: 'postgresql',
  notes: 'sqlite',
} as const;
export type Source = keyof typeof SOURCES;

/** A deployment with a source of each engine, and two that bring the program to its limits. */
export class ImageStack extends Stack {
  private readonly backups: Backups;

  constructor(
    app: App,
    private readonly own: ImageStackProps,
  ) {
    super(app, STACK);
    const subnetType = ec2.SubnetType.PRIVATE_ISOLATED;
    const vpc = new ec2.Vpc(this, 'Vpc', { subnetConfiguration: [{ name: 'Isolated', subnetType }], natGateways: 0 });
    this.backups = new Backups(this, 'Backups', { vpc, vpcSubnets: { subnetType } });
    new CfnOutput(this, 'Bucket', { value: this.backups.bucket.bucketName });
    new CfnOutput(this, 'Group', { value: this.backups.scheduleGroup.scheduleGroupName });

    const secret = new secretsmanager.Secret(this, 'User', {
      secretObjectValue: {
        username: SecretValue.unsafePlainText(USER.username),
        password: SecretValue.unsafePlainText(USER.password),
      },
    });
    const server = ({ port, pem }: ServerAddress) => ({
      ...{ host: 'localhost', port, secret, tls: DatabaseTls.certificateAuthority(pem) },
    });
    for (const source of ['shop', 'bulk', 'huge'] as const) {
      this.add(
        source,
        Database.mariadb({ ...server(own.mariadb), version: MariadbVersion.V10_11, databases: [source] }),
      );
    }
    this.add(
      'library',
      Database.postgresql({ ...server(own.postgresql), version: PostgresqlVersion.V15, databases: ['library'] }),
    );
    const fileSystem = new efs.FileSystem(this, 'Files', { vpc, vpcSubnets: { subnetType } });
    const posixUser = { uid: '10001', gid: '10001' };
    const accessPoint = fileSystem.addAccessPoint('Notes', { path: '/notes', posixUser });
    this.add('notes', Database.sqlite({ fileSystem, accessPoint, path: 'notes.db' }));
  }

  private add(source: Source, database: Database): DatabaseBackup {
    const image = this.own.readyImages ? ecs.ContainerImage.fromRegistry(IMAGES[SOURCES[source]]) : undefined;
    const schedule = BackupSchedule.every(Duration.hours(6));
    // This machine's, so that the image runs here.
    const cpuArchitecture = process.arch === 'arm64' ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64;
    const props = { database, schedule, sourceName: source, image, cpuArchitecture };
    const backup = this.backups.addDatabase(source, props);
    new CfnOutput(this, `Schedule${source}`, { value: backup.schedule.scheduleName });
    return backup;
  }
}
