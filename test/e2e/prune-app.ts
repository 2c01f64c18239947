import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Backups, BackupSchedule, Database, MysqlVersion, Retention } from '../../lib';

/** Name of the stack. */
export const STACK = 'Pruning';
/** Set, the second deployment has one source less. */
export const UPDATE_VARIABLE = 'WITHOUT_ORDERS';

const image = ecs.ContainerImage.fromRegistry('registry.example.com/backup:1');

/** What a user writes who has two servers and a file, each with a retention of its own. */
class PruningStack extends Stack {
  constructor(app: App) {
    super(app, STACK);
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 1 });
    const backups = new Backups(this, 'Backups', {
      vpc,
      retention: Retention.forever(),
      pruning: { maxDeletePercent: 60 },
    });
    const secret = new secretsmanager.Secret(this, 'Secret');
    const database = Database.mysql({ version: MysqlVersion.V8_4, host: 'db.internal', secret });
    const schedule = BackupSchedule.daily({ hour: 2 });
    const retention = Retention.gfs({ keepFor: Duration.hours(60), keepLast: 2 });
    backups.addDatabase('Shop', { database, schedule, image, retention });
    if (process.env[UPDATE_VARIABLE] === undefined)
      backups.addDatabase('Orders', { database, schedule, image, retention });
    const fileSystem = new efs.FileSystem(this, 'Files', { vpc });
    const accessPoint = fileSystem.addAccessPoint('Notes', { path: '/notes', posixUser: { uid: '1', gid: '1' } });
    const file = Database.sqlite({ fileSystem, accessPoint, path: 'notes.db' });
    backups.addDatabase('Notes', { database: file, schedule, image, allowedAge: Duration.days(2) });

    const { pruning } = backups;
    const outputs = {
      Bucket: backups.bucket.bucketName,
      Group: backups.scheduleGroup.scheduleGroupName,
      DeadLetterQueue: backups.deadLetterQueue.queueArn,
      LogGroup: backups.logGroup.logGroupName,
      Schedule: pruning.schedule.scheduleName,
      Prune: pruning.pruneFunction.functionName,
      Undelete: pruning.undeleteFunction.functionName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, `${name}Output`, { value, key: name });
  }
}

new PruningStack(new App());
