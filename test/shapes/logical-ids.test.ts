import { Duration } from 'aws-cdk-lib';
import type { App } from 'aws-cdk-lib';
import { BackupAlarms, BackupBucket, BackupPruning, BackupSchedule, DatabaseBackup, SnapshotPruning } from '../../lib';
import { Setup } from '../lib/support';
import type { Shape } from './apps';
import { oneStack, stages } from './apps';
import { appWith, HOLD_DATA, resourcesOf, templates } from './support';

const holders = (app: App): string[] =>
  resourcesOf(templates(app))
    .filter(([, , { Type }]) => HOLD_DATA.includes(Type))
    .map(([, id]) => id);

/** CloudFormation knows a resource by this id alone: with another one, it makes a new resource and forgets or deletes the old one. */
test('the logical ids of everything that holds data stay as they are', () => {
  const setup = new Setup();
  const { stack } = setup;
  const { cluster } = setup.create({ alarms: { emails: ['ops@example.com'] } });
  const bucket = new BackupBucket(stack, 'Bucket');
  new BackupPruning(stack, 'Pruning', { bucket });
  const alarms = new BackupAlarms(stack, 'Alarms', { bucket, emails: ['ops@example.com'] });
  const schedule = BackupSchedule.every(Duration.hours(6));
  new DatabaseBackup(stack, 'Shop', { database: setup.mysql(), schedule, bucket, cluster, alarms });
  new SnapshotPruning(stack, 'SnapshotPruning', { tagKey: 'made-by', tagValue: 'script' });
  expect(holders(setup.app).sort()).toEqual([
    'AlarmsAlarmEventsD32ED97C',
    'AlarmsKey3C2381B3',
    'AlarmsLogGroup4758BE2C',
    'AlarmsMemory5AD7383C',
    'AlarmsTopic3A2DFEBA',
    'AlarmsTopicopsexamplecom4A606E3C',
    'AlarmsUndelivered3D473D67',
    'BackupsAlarmsAlarmEvents1A434C7B',
    'BackupsAlarmsKeyD158BDDE',
    'BackupsAlarmsMemory96C1BBB5',
    'BackupsAlarmsTopic900A3808',
    'BackupsAlarmsTopicopsexamplecom849C47BB',
    'BackupsAlarmsUndelivered83B88D3B',
    'BackupsBucket16A198DF',
    'BackupsBucketKey7BCD74E3',
    'BackupsDeadLetterQueue235B62F4',
    'BackupsLogGroup1FE1EB3C',
    'BucketE75EA64C',
    'BucketKey7E4AEAB8',
    'PruningLogGroup68F777F1',
    'ShopLogGroupECC9AE0F',
    'SnapshotPruningLogGroupF0448157',
  ]);
});

test('a stack that moves into a stage keeps them', () => {
  const of = (shape: Shape) => {
    const app = appWith();
    shape(app);
    return holders(app);
  };
  const ids = of(oneStack);
  expect(of(stages)).toEqual([...ids, ...ids]);
});
