import type { StackProps } from 'aws-cdk-lib';
import { Duration, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { BackupsProps, IBackupBucket } from '../../lib';
import { BackupBucket, Backups, BackupSchedule, Database, DatabaseBackup, DatabaseTls, MysqlVersion } from '../../lib';

/** Builds the stacks of a shape in an app or a stage. */
export type Shape = (scope: Construct, props?: StackProps) => void;

const schedule = BackupSchedule.every(Duration.hours(6));
const image = ecs.ContainerImage.fromRegistry('registry.example/backup:1');
const alarms = { emails: ['ops@example.com'] };
const vpcIn = (scope: Construct) => new ec2.Vpc(scope, 'Vpc', { maxAzs: 2, natGateways: 1 });

const LOGIN = { secretStringTemplate: JSON.stringify({ username: 'backup' }), generateStringKey: 'password' };

/** A server that nothing of the app creates. */
export const server = (scope: Construct) =>
  Database.mysql({
    version: MysqlVersion.V8_4,
    host: 'db.internal',
    secret: new secretsmanager.Secret(scope, 'Secret', { generateSecretString: LOGIN }),
    tls: DatabaseTls.off('The shapes of apps are tested, and their Regions have other authorities.'),
  });

/** Backups with a database. */
export function backupsIn(scope: Construct, id: string, props: BackupsProps, database = server(scope)): Backups {
  const backups = new Backups(scope, id, { alarms, ...props });
  const secret = secretsmanager.Secret.fromSecretNameV2(backups, 'RestoreUser', 'shop/restore');
  backups.addDatabase('Shop', { database, schedule, image, restore: { secret } });
  return backups;
}

function instanceIn(stack: Construct, vpc: ec2.IVpc): rds.DatabaseInstance {
  const engine = rds.DatabaseInstanceEngine.mysql({ version: rds.MysqlEngineVersion.VER_8_4_3 });
  return new rds.DatabaseInstance(stack, 'Database', { vpc, engine, storageEncrypted: true });
}

const fromInstance = (instance: rds.DatabaseInstance) =>
  Database.fromInstance(instance, { tls: DatabaseTls.off('The shapes of apps are tested.') });

/** One stack with everything in it. */
export const oneStack: Shape = (scope, props) => {
  const stack = new Stack(scope, 'One', props);
  backupsIn(stack, 'Backups', { vpc: vpcIn(stack) });
};

/** The stack of the backups needs the one that has VPC and database. */
export const vpcOfTheDatabases: Shape = (scope, props) => {
  const databases = new Stack(scope, 'Databases', props);
  const vpc = vpcIn(databases);
  backupsIn(new Stack(scope, 'Backups', props), 'Backups', { vpc }, fromInstance(instanceIn(databases, vpc)));
};

/** The stack of the databases needs the one that has VPC and backups. */
export const vpcOfTheBackups: Shape = (scope, props) => {
  const base = new Stack(scope, 'Base', props);
  const vpc = vpcIn(base);
  const { bucket, cluster, pruning, alarms: watch } = backupsIn(base, 'Backups', { vpc });
  const databases = new Stack(scope, 'Databases', props);
  const parts = { bucket, cluster, pruning, alarms: watch };
  const database = fromInstance(instanceIn(databases, vpc));
  new DatabaseBackup(databases, 'Orders', { database, schedule, image, ...parts });
};

/** Backups in a nested stack, for a database of its parent; and the other way round. */
export const nestedStacks: Shape = (scope, props) => {
  const parent = new Stack(scope, 'Parent', props);
  const vpc = vpcIn(parent);
  backupsIn(new NestedStack(parent, 'Nested'), 'Backups', { vpc }, server(parent));
  backupsIn(parent, 'Backups', { vpc }, server(new NestedStack(parent, 'Databases')));
};

/** The same stacks twice. */
export const stages: Shape = (scope, props) => {
  for (const name of ['Test', 'Prod']) oneStack(new Stage(scope, name), props);
};

/** Two `Backups`, with a bucket each. */
export const twoBackups: Shape = (scope, props) => {
  const stack = new Stack(scope, 'Two', props);
  const vpc = vpcIn(stack);
  const database = server(stack);
  backupsIn(stack, 'Nightly', { vpc }, database);
  backupsIn(stack, 'Archive', { vpc }, database);
};

/** Two stacks that need a third one, for its bucket. */
export const sharedBucket: Shape = (scope, props) => {
  const bucket = new BackupBucket(new Stack(scope, 'Shared', props), 'Bucket');
  for (const [name, source] of Object.entries({ Shop: 'shop', Blog: 'blog' })) {
    const stack = new Stack(scope, name, props);
    const backups = new Backups(stack, 'Backups', { vpc: vpcIn(stack), bucket, alarms });
    const secret = secretsmanager.Secret.fromSecretNameV2(backups, 'RestoreUser', `${source}/restore`);
    backups.addDatabase('Database', {
      ...{ database: server(stack), schedule, image, sourceName: source },
      restore: { secret },
    });
  }
};

/** A stack that needs another one, for the bucket of its `Backups`. */
export const bucketOfAnother: Shape = (scope, props) => {
  const first = new Stack(scope, 'First', props);
  const { bucket } = backupsIn(first, 'Backups', { vpc: vpcIn(first) });
  const second = new Stack(scope, 'Second', props);
  const backups = new Backups(second, 'Backups', { vpc: vpcIn(second), bucket, alarms });
  backups.addDatabase('Blog', { database: server(second), schedule, image });
};

/** A bucket and roles that another team owns. */
export const imported: Shape = (scope, props) => {
  const stack = new Stack(scope, 'Imported', props);
  const arn = (service: string, resource: string, resourceName: string, region?: string) =>
    stack.formatArn({ service, resource, resourceName, region });
  const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', arn('kms', 'key', '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'));
  const bucket: IBackupBucket = BackupBucket.fromBucketName(stack, 'Bucket', 'company-backups', encryptionKey);
  const role = (name: string) => iam.Role.fromRoleArn(stack, name, arn('iam', 'role', name, ''));
  const backups = new Backups(stack, 'Backups', { vpc: vpcIn(stack), bucket, alarms });
  const roles = { taskRole: role('backup-task'), executionRole: role('backup-execution') };
  backups.addDatabase('Shop', { database: server(stack), schedule, image, ...roles });
};

/** All shapes, by name. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  'one stack': oneStack,
  'databases in another stack, with the VPC': vpcOfTheDatabases,
  'databases in another stack, in the VPC of the backups': vpcOfTheBackups,
  'nested stacks': nestedStacks,
  'two stages': stages,
  'two Backups in a stack': twoBackups,
  'two stacks that share a bucket': sharedBucket,
  'the bucket of the Backups in another stack': bucketOfAnother,
  'an imported bucket and imported roles': imported,
};
