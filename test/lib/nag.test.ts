import { Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import {
  BackupAlarms,
  BackupBucket,
  Backups,
  BackupSchedule,
  DatabaseBackup,
  Digest,
  SnapshotPruning,
} from '../../lib';
import { Duration } from 'aws-cdk-lib';
import { everything } from './everything';
import { findings } from './findings';
import { Setup } from './support';

test('cdk-nag finds nothing that is not explained', () => {
  const setup = new Setup();
  const { alarms } = setup.create({ alarms: { emails: ['ann@example.com'], digest: Digest.daily({ hour: 8 }) } });
  alarms.watchReplication({ destinationBucketName: 'copies', ruleId: 'all' });
  setup.add({ image: undefined });
  setup.add({ database: setup.sqlite() }, 'Files');
  const { stack, vpc } = setup;
  const bucket = new BackupBucket(stack, 'Bucket');
  new DatabaseBackup(stack, 'Alone', {
    database: setup.mysql(),
    schedule: BackupSchedule.every(Duration.hours(6)),
    bucket,
    cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
    alarms: new BackupAlarms(stack, 'AloneAlarms', { bucket, emails: ['ann@example.com'] }),
  });
  new SnapshotPruning(stack, 'SnapshotPruning', { tagKey: 'made-by', tagValue: 'script' });
  expect(findings(setup.app)).toEqual([]);
});

test('nor in a stack with one of everything', () => {
  expect(findings(everything().app)).toEqual([]);
});

test('nor when the bucket is in another stack', () => {
  const setup = new Setup();
  const shared = new Stack(setup.app, 'Shared');
  const backups = new Backups(setup.stack, 'Backups', { vpc: setup.vpc, bucket: new BackupBucket(shared, 'Bucket') });
  backups.addDatabase('Shop', { database: setup.mysql(), schedule: BackupSchedule.every(Duration.hours(6)) });
  expect(findings(setup.app)).toEqual([]);
});

test('nor when the log group is imported', () => {
  const setup = new Setup();
  setup.create({ logGroup: logs.LogGroup.fromLogGroupName(setup.stack, 'Logs', 'backups') });
  setup.add();
  expect(findings(setup.app)).toEqual([]);
});
