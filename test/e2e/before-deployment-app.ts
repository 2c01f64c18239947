import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { BackupBeforeDeployment, BackupBucket, BackupSchedule, Database, DatabaseBackup } from '../../lib';

/** Name of the stack. */
export const STACK = 'BeforeDeployment';
/** The release that is deployed. */
export const RELEASE_VARIABLE = 'RELEASE';

/** A backup, and a release that waits for it. */
class BeforeDeploymentStack extends Stack {
  constructor(app: App) {
    super(app, STACK);
    const bucket = new BackupBucket(this, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY });
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 1, natGateways: 0, subnetConfiguration: [PUBLIC] });
    const fileSystem = new efs.FileSystem(this, 'Files', { vpc, vpcSubnets: SUBNETS });
    const posixUser = { uid: '10001', gid: '10001' };
    const accessPoint = fileSystem.addAccessPoint('Shop', { path: '/shop', posixUser });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc });
    const backup = new DatabaseBackup(this, 'Shop', {
      bucket,
      cluster,
      database: Database.sqlite({ fileSystem, accessPoint, path: 'shop.db' }),
      schedule: BackupSchedule.every(Duration.hours(6)),
      vpcSubnets: SUBNETS,
      image: ecs.ContainerImage.fromRegistry('registry.example.com/backup:1'),
    });
    const release = new ssm.StringParameter(this, 'Release', {
      parameterName: '/release',
      stringValue: process.env[RELEASE_VARIABLE] ?? '1',
    });
    new BackupBeforeDeployment(this, 'Before', { backups: [backup], executeBefore: [release] });
    new CfnOutput(this, 'BucketOutput', { value: bucket.bucketName, key: 'Bucket' });
    new CfnOutput(this, 'ClusterOutput', { value: cluster.clusterName, key: 'Cluster' });
  }
}

const PUBLIC = { name: 'Public', subnetType: ec2.SubnetType.PUBLIC };
const SUBNETS = { subnetType: ec2.SubnetType.PUBLIC };

new BeforeDeploymentStack(new App());
