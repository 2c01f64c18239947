import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { DatabaseBackup, RestoreOptions } from '../../lib';
import {
  Backups,
  BackupSchedule,
  Database,
  DatabaseTls,
  MariadbVersion,
  MysqlVersion,
  PostgresqlVersion,
} from '../../lib';
import { engineOf, numberOf } from '../servers/versions';
import { PERSON, SERVERS, STACK, type GivenServer } from './restore-names';

const stack = new Stack(new App(), STACK);
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const backups = new Backups(stack, 'Backups', { vpc });
const image = ecs.ContainerImage.fromRegistry('registry.example.com/backup:1');
const schedule = BackupSchedule.daily({ hour: 2 });
/** Whoever is at the keyboard. */
const person = new iam.Role(stack, 'Person', { roleName: PERSON, assumedBy: new iam.AccountRootPrincipal() });

function databaseOf({ version, port, pem }: GivenServer, secret: secretsmanager.ISecret): Database {
  const options = { host: 'localhost', port, secret, tls: DatabaseTls.certificateAuthority(pem) };
  const number = numberOf(version);
  switch (engineOf(version)) {
    case 'mariadb':
      return Database.mariadb({ ...options, version: MariadbVersion.of(number) });
    case 'mysql':
      return Database.mysql({ ...options, version: MysqlVersion.of(number) });
    case 'postgresql':
      return Database.postgresql({ ...options, version: PostgresqlVersion.of(number) });
  }
}

function add(name: string, database: Database, restore: RestoreOptions): DatabaseBackup {
  const backup = backups.addDatabase(name, { sourceName: name, database, restore, schedule, image });
  backup.grantRestore(person);
  return backup;
}

for (const server of JSON.parse(process.env[SERVERS]!) as GivenServer[]) {
  const name = server.version.replaceAll('.', '-');
  const [reader, writer] = ['Reader', 'Writer'].map(
    (whose) => new secretsmanager.Secret(stack, `${whose}-${name}`),
  ) as [secretsmanager.Secret, secretsmanager.Secret];
  add(name, databaseOf(server, reader), { secret: writer });
  const key = name.replaceAll('-', '');
  for (const [whose, { secretArn }] of Object.entries({ Reader: reader, Writer: writer }))
    new CfnOutput(stack, `${whose}-${name}-Output`, { key: `${whose}${key}`, value: secretArn });
}
const fileSystem = new efs.FileSystem(stack, 'Files', { vpc });
const accessPoint = fileSystem.addAccessPoint('Data', {
  path: '/data',
  posixUser: { uid: '10001', gid: '10001' },
  createAcl: { ownerUid: '10001', ownerGid: '10001', permissions: '750' },
});
add('sqlite', Database.sqlite({ fileSystem, accessPoint, path: 'books.db' }), {});
new CfnOutput(stack, 'BucketOutput', { value: backups.bucket.bucketName, key: 'Bucket' });
