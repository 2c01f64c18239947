import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  BackupBucket,
  BackupPruning,
  BackupSchedule,
  Database,
  DatabaseBackup,
  Retention,
  MysqlVersion,
} from '../../lib';

/** Name of the stack. */
export const STACK = 'CommandLine';

/** A bucket whose sources are pruned, and a backup without alarms. */
class CommandLineStack extends Stack {
  constructor(app: App) {
    super(app, STACK);
    const bucket = new BackupBucket(this, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY });
    const pruning = new BackupPruning(this, 'Pruning', { bucket });
    const allowedAge = Duration.days(2);
    pruning.addSource('shop', { retention: Retention.gfs({ daily: 3, keepLast: 2 }), allowedAge });
    pruning.addSource('blog', { retention: Retention.forever(), allowedAge });
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 1, natGateways: 0, subnetConfiguration: [PUBLIC] });
    new DatabaseBackup(this, 'Wiki', {
      bucket,
      cluster: new ecs.Cluster(this, 'Cluster', { vpc }),
      database: Database.mysql({
        version: MysqlVersion.V8_4,
        host: 'db.internal',
        secret: new secretsmanager.Secret(this, 'Secret'),
      }),
      schedule: BackupSchedule.every(Duration.hours(6)),
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      image: ecs.ContainerImage.fromRegistry('registry.example.com/backup:1'),
    });
    new CfnOutput(this, 'BucketOutput', { value: bucket.bucketName, key: 'BucketName' });
    new CfnOutput(this, 'PruneOutput', { value: pruning.pruneFunction.functionArn, key: 'Prune' });
  }
}

const PUBLIC = { name: 'Public', subnetType: ec2.SubnetType.PUBLIC };

new CommandLineStack(new App());
