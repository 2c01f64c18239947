import { App, CfnOutput, Duration, Size, Stack } from 'aws-cdk-lib';
import { CfnLifecyclePolicy } from 'aws-cdk-lib/aws-dlm';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import {
  SnapshotRetention,
  SnapshotSchedule,
  SnapshotScripts,
  SnapshotTarget,
  SnapshotVariable,
  VolumeSnapshots,
  WeekDay,
} from '../../lib';

/** Name of the stack with the snapshots. */
export const STACK = 'Snapshots';
/** Name of a stack whose policy Data Lifecycle Manager would refuse. */
export const REFUSED = 'Refused';

const { count, days, months } = SnapshotRetention;

/** Policies that make use of all that can be set. */
class SnapshotsStack extends Stack {
  constructor(app: App) {
    super(app, STACK);
    const encryptionKey = new kms.Key(this, 'Key');
    const volume = new ec2.Volume(this, 'Data', {
      availabilityZone: 'us-east-1a',
      size: Size.gibibytes(10),
      encrypted: true,
      encryptionKey,
    });
    const farKey = kms.Key.fromKeyArn(this, 'FarKey', 'arn:aws:kms:eu-west-1:000000000000:key/0aa1bb2c');
    const common = {
      copyTags: false,
      tagsToAdd: { team: 'books' },
      crossRegionCopies: [
        { region: 'eu-west-1', retention: days(90), encryptionKey: farKey },
        { region: 'eu-central-1', retention: months(1), copyTags: false },
      ],
      fastRestore: { availabilityZones: ['us-east-1a'], retention: count(1) },
      shareWith: ['111122223333'],
      unshareAfter: Duration.days(7),
    };
    const volumes = new VolumeSnapshots(this, 'Volumes', {
      schedules: [
        SnapshotSchedule.daily({ hour: 3, retention: count(14), ...common }),
        SnapshotSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 3, retention: count(13) }),
        SnapshotSchedule.monthly({ hour: 3, retention: count(1), archiveRetention: count(12) }),
        SnapshotSchedule.cron('0 3 L 12 ? *', { name: 'Last day of the year', retention: count(1000) }),
      ],
    }).protect(volume);
    const database = SnapshotTarget.instances({
      tags: { role: 'database', tier: 'gold' },
      excludeBootVolume: true,
      excludeDataVolumeTags: { scratch: 'true' },
    });
    const instances = new VolumeSnapshots(this, 'Instances', {
      target: database,
      enabled: false,
      schedules: [
        SnapshotSchedule.hourly({
          every: 6,
          retention: days(3),
          variableTags: { instance: SnapshotVariable.INSTANCE_ID, time: SnapshotVariable.TIMESTAMP },
          scripts: SnapshotScripts.document('freeze', { timeout: Duration.minutes(1), maximumRetryCount: 3 }),
        }),
        SnapshotSchedule.daily({
          hour: 1,
          retention: days(30),
          scripts: SnapshotScripts.vss({ executeOperationOnScriptFailure: false }),
        }),
      ],
    });
    const outputs = {
      KeyArn: encryptionKey.keyArn,
      VolumeId: volume.volumeId,
      Volumes: volumes.policyArn,
      Instances: instances.policyId,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, `${name}Output`, { value, key: name });
  }
}

const app = new App();
new SnapshotsStack(app);
new CfnLifecyclePolicy(new Stack(app, REFUSED), 'Policy', {
  description: 'Made by hand — and wrong',
  state: 'ENABLED',
  executionRoleArn: 'arn:aws:iam::000000000000:role/some',
});
