import { Duration, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import {
  BackupSchedule,
  Digest,
  Retention,
  SnapshotPruning,
  SnapshotRetention,
  SnapshotSchedule,
  StorageTiers,
  VolumeSnapshots,
  BackupBucket,
  WeekDay,
} from '../../lib';
import { Setup } from './support';

// The other tests of the library do without: they look at single properties, and it takes its time.
process.env.CDK_VALIDATION = 'true';

beforeEach(() => void jest.spyOn(console, 'error').mockImplementation());
afterEach(() => jest.restoreAllMocks());

/** A stack with one of everything. */
function everything(): Setup {
  const setup = new Setup();
  const { stack } = setup;
  const bucket = new BackupBucket(stack, 'Bucket', {
    storageTiers: StorageTiers.of({ infrequentAccess: Duration.days(30), deepArchive: Duration.days(120) }),
  });
  const { alarms } = setup.create({
    bucket,
    retention: Retention.gfs({ keepFor: Duration.days(2), weekly: 8 }),
    alarms: { emails: ['ann@example.com'], digest: Digest.weekly({ weekDay: WeekDay.MONDAY, hour: 8 }) },
  });
  alarms.watchReplication({ destinationBucketName: 'copies', ruleId: 'all' });
  setup.add();
  setup.add({ database: setup.sqlite(), schedule: BackupSchedule.daily({ hour: 2 }), spot: true }, 'Files');
  alarms.watchSnapshotPruning(
    new SnapshotPruning(stack, 'SnapshotPruning', {
      tagKey: 'made-by',
      tagValue: 'deploy-script',
      retention: Retention.days(30),
    }),
  );
  const [availabilityZone] = stack.availabilityZones;
  const volume = new ec2.Volume(stack, 'Volume', {
    availabilityZone: availabilityZone!,
    size: Size.gibibytes(10),
    encrypted: true,
  });
  const schedules = [SnapshotSchedule.daily({ hour: 3, retention: SnapshotRetention.count(14) })];
  alarms.watchSnapshots(new VolumeSnapshots(stack, 'Snapshots', { schedules }).protect(volume));
  return setup;
}

test("CDK's own rules for templates find nothing in what the constructs make", () => {
  expect(() => everything().template()).not.toThrow();
});

test('they are run: a template that breaks one is refused', () => {
  const setup = everything();
  new s3.CfnBucket(new Stack(setup.app, 'Wrong'), 'Bucket').addPropertyOverride('BucketNaem', 'backups');
  expect(() => setup.app.synth()).toThrow(/[Vv]alidation/);
});
