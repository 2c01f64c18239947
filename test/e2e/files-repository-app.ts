import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Backups, BackupSchedule, Database, FilesRepository } from '../../lib';
import { ARCHIVIST, PERSON, STACK } from './files-repository-names';

/** What a user writes who has media on EFS. */
const stack = new Stack(new App(), STACK);
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const backups = new Backups(stack, 'Backups', { vpc });
const fileSystem = new efs.FileSystem(stack, 'Files', { vpc });
const accessPoint = fileSystem.addAccessPoint('Data', { path: '/data', posixUser: { uid: '10001', gid: '10001' } });
const repository = new FilesRepository(stack, 'Repository');
const media = backups.addDatabase('Media', {
  database: Database.files({ fileSystem, accessPoint, path: 'media', repository }),
  schedule: BackupSchedule.daily({ hour: 2 }),
  restore: {},
  image: ecs.ContainerImage.fromRegistry('registry.example.com/backup:1'),
});
const person = new iam.Role(stack, 'Person', { roleName: PERSON, assumedBy: new iam.AccountRootPrincipal() });
media.grantRestore(person);
backups.restoreTesting.grantInvoke(person);
const archivist = new iam.Role(stack, 'Archivist', {
  roleName: ARCHIVIST,
  assumedBy: new iam.AccountRootPrincipal(),
});
repository.grantRead(archivist, media.sourceName);
media.repositoryKey!.grantRead(archivist);
backups.pruning.grantInvoke(person);
backups.bucket.grantMeasure(person);

const outputs = {
  Bucket: backups.bucket.bucketName,
  Repository: repository.bucket.bucketName,
  Group: backups.scheduleGroup.scheduleGroupName,
  Media: media.schedule.scheduleName,
  Maintenance: media.maintenanceSchedule!.scheduleName,
  Operator: PERSON,
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, `${name}Output`, { value, key: name });
