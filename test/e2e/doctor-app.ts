import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  BackupBucket,
  BackupRunner,
  Backups,
  BackupSchedule,
  Database,
  FilesRepository,
  MysqlVersion,
  Retention,
  SnapshotPruning,
} from '../../lib';

/** Name of the stack. */
export const STACK = 'Doctor';

/** Repository of the image, which somebody made before. */
export const REPOSITORY = 'backup-images';

/** Backups of a server, of a file, and of files on an instance, from an image in ECR, in public subnets; and a pruning of snapshots. */
class DoctorStack extends Stack {
  constructor(app: App) {
    super(app, STACK);
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 1, natGateways: 0, subnetConfiguration: [PUBLIC] });
    const repository = ecr.Repository.fromRepositoryName(this, 'Images', REPOSITORY);
    const common = {
      image: ecs.ContainerImage.fromEcrRepository(repository, '1'),
      schedule: BackupSchedule.every(Duration.hours(6)),
    };
    const backups = new Backups(this, 'Backups', {
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      bucket: new BackupBucket(this, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY }),
      retention: Retention.days(14),
      alarms: { emails: ['ops@example.com'] },
    });
    const secret = new secretsmanager.Secret(this, 'Secret');
    const database = Database.mysql({ version: MysqlVersion.V8_4, host: 'db.internal', secret });
    const restore = { secret: new secretsmanager.Secret(this, 'RestoreSecret') };
    backups.addDatabase('Shop', { ...common, database, restore });
    const fileSystem = new efs.FileSystem(this, 'Files', { vpc, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } });
    const accessPoint = fileSystem.addAccessPoint('Wiki', { path: '/wiki', posixUser: { uid: '1000', gid: '1000' } });
    const wiki = Database.sqlite({ fileSystem, accessPoint, path: 'wiki.db' });
    const { restoreTaskDefinition } = backups.addDatabase('Wiki', { ...common, database: wiki, restore: {} });
    const host = new iam.Role(this, 'Host', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    const runsOn = BackupRunner.instances({ role: host, instanceId: 'i-0123456789abcdef0' });
    const media = Database.files({ path: '/srv/media', repository: new FilesRepository(this, 'Repository') });
    backups.addDatabase('Media', { ...common, database: media, runsOn });
    const tag = { tagKey: 'made-by', tagValue: 'deploy-script' };
    const snapshots = new SnapshotPruning(this, 'Snapshots', { ...tag, retention: Retention.days(30) });
    const outputs = {
      Bucket: backups.bucket.bucketName,
      Topic: backups.alarms.topic.topicArn,
      TopicKey: backups.alarms.topicEncryptionKey.keyArn,
      BucketKey: backups.bucket.encryptionKey.keyArn,
      LogGroup: backups.logGroup.logGroupName,
      Secret: secret.secretArn,
      RestoreTask: restoreTaskDefinition!.taskDefinitionArn,
      RouteTable: vpc.publicSubnets[0]!.routeTable.routeTableId,
      Prune: backups.pruning.pruneFunction.functionName,
      Undelete: backups.pruning.undeleteFunction.functionName,
      PruneSnapshots: snapshots.pruneFunction.functionName,
      Notify: backups.alarms.notifyFunction.functionName,
    };
    for (const [key, value] of Object.entries(outputs)) new CfnOutput(this, `${key}Output`, { value, key });
  }
}

const PUBLIC = { name: 'Public', subnetType: ec2.SubnetType.PUBLIC };

new DoctorStack(new App());
