import { Duration, Stack, Tags } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import {
  SnapshotRetention,
  SnapshotSchedule,
  SnapshotScripts,
  SnapshotScriptStage,
  SnapshotTarget,
  SnapshotVariable,
  VolumeSnapshots,
  WeekDay,
} from '../../../lib';
import type { Json } from '../support';
import { newStack, only, policyOf, scheduleOf, snapshots, SOURCE, volumeIn } from './volume-snapshots-support';

const { count, days, weeks, months, years } = SnapshotRetention;
const { hourly, daily, weekly, monthly, cron, gfs } = SnapshotSchedule;

describe('the policy', () => {
  test('of the smallest example', () => {
    const stack = newStack();
    new VolumeSnapshots(stack, 'Snapshots', { schedules: [daily({ hour: 3, retention: count(14) })] }).protect(
      volumeIn(stack),
    );
    expect(only(stack, 'AWS::DLM::LifecyclePolicy')).toEqual({
      Description: 'Snapshots of Shop Snapshots',
      State: 'ENABLED',
      ExecutionRoleArn: { 'Fn::GetAtt': [expect.stringContaining('SnapshotsRole'), 'Arn'] },
      PolicyDetails: {
        PolicyType: 'EBS_SNAPSHOT_MANAGEMENT',
        ResourceTypes: ['VOLUME'],
        TargetTags: [{ Key: `proven-backups:snapshots:Shop-Snapshots-260B1137`, Value: 'true' }],
        Schedules: [
          {
            Name: 'Daily',
            CreateRule: { Interval: 24, IntervalUnit: 'HOURS', Times: ['03:00'] },
            RetainRule: { Count: 14 },
            CopyTags: true,
            TagsToAdd: [SOURCE],
          },
        ],
      },
    });
    expect(only(stack, 'AWS::EC2::Volume').Tags).toEqual([
      { Key: 'proven-backups:snapshots:Shop-Snapshots-260B1137', Value: 'true' },
    ]);
  });

  test('with all that a schedule of volumes can say', () => {
    const schedule = daily({
      hour: 23,
      minute: 59,
      name: 'Every night',
      retention: weeks(2),
      copyTags: false,
      tagsToAdd: { team: 'books', level: 'night' },
      crossRegionCopies: [
        {
          region: 'eu-central-1',
          retention: months(3),
          encryptionKey: kms.Key.fromKeyArn(new Stack(), 'Key', 'arn:aws:kms:eu-central-1:111122223333:key/1bb2cc3d'),
        },
        { region: 'us-gov-west-1', retention: years(1), copyTags: false },
      ],
      fastRestore: { availabilityZones: ['eu-west-1a', 'eu-west-1b'], retention: days(1) },
      shareWith: ['444455556666'],
      unshareAfter: Duration.days(7),
    });
    const { Schedules } = policyOf({ schedules: [schedule], tagsToAdd: { level: 'policy' } }).PolicyDetails;
    expect(Schedules).toEqual([
      {
        Name: 'Every night',
        CreateRule: { Interval: 24, IntervalUnit: 'HOURS', Times: ['23:59'] },
        RetainRule: { Interval: 2, IntervalUnit: 'WEEKS' },
        CopyTags: false,
        TagsToAdd: [{ Key: 'level', Value: 'night' }, { Key: 'team', Value: 'books' }, SOURCE],
        CrossRegionCopyRules: [
          {
            Target: 'eu-central-1',
            Encrypted: true,
            CmkArn: 'arn:aws:kms:eu-central-1:111122223333:key/1bb2cc3d',
            CopyTags: true,
            RetainRule: { Interval: 3, IntervalUnit: 'MONTHS' },
          },
          {
            Target: 'us-gov-west-1',
            Encrypted: true,
            CopyTags: false,
            RetainRule: { Interval: 1, IntervalUnit: 'YEARS' },
          },
        ],
        FastRestoreRule: { AvailabilityZones: ['eu-west-1a', 'eu-west-1b'], Interval: 1, IntervalUnit: 'DAYS' },
        ShareRules: [{ TargetAccounts: ['444455556666'], UnshareInterval: 7, UnshareIntervalUnit: 'DAYS' }],
      },
    ]);
  });

  test('of instances: what is left out, variable tags, scripts', () => {
    const target = SnapshotTarget.instances({
      tags: { role: 'database', tier: 'gold' },
      excludeBootVolume: true,
      excludeDataVolumeTags: { scratch: 'true' },
    });
    const schedule = hourly({
      every: 6,
      hour: 1,
      retention: count(8),
      variableTags: { instance: SnapshotVariable.INSTANCE_ID, time: SnapshotVariable.TIMESTAMP },
      scripts: SnapshotScripts.document('freeze', {
        stages: [SnapshotScriptStage.PRE, SnapshotScriptStage.POST],
        timeout: Duration.seconds(60),
        maximumRetryCount: 2,
        executeOperationOnScriptFailure: false,
      }),
    });
    expect(policyOf({ schedules: [schedule], target }).PolicyDetails).toEqual({
      PolicyType: 'EBS_SNAPSHOT_MANAGEMENT',
      ResourceTypes: ['INSTANCE'],
      TargetTags: [
        { Key: 'role', Value: 'database' },
        { Key: 'tier', Value: 'gold' },
      ],
      Parameters: { ExcludeBootVolume: true, ExcludeDataVolumeTags: [{ Key: 'scratch', Value: 'true' }] },
      Schedules: [
        {
          Name: 'Every 6 hours',
          CreateRule: {
            Interval: 6,
            IntervalUnit: 'HOURS',
            Times: ['01:00'],
            Scripts: [
              {
                ExecutionHandler: 'freeze',
                ExecutionHandlerService: 'AWS_SYSTEMS_MANAGER',
                ExecutionTimeout: 60,
                MaximumRetryCount: 2,
                ExecuteOperationOnScriptFailure: false,
                Stages: ['PRE', 'POST'],
              },
            ],
          },
          RetainRule: { Count: 8 },
          CopyTags: true,
          TagsToAdd: [SOURCE],
          VariableTags: [
            { Key: 'instance', Value: '$(instance-id)' },
            { Key: 'time', Value: '$(timestamp)' },
          ],
        },
      ],
    });
  });

  test.each([
    [
      'vss',
      SnapshotScripts.vss({ maximumRetryCount: 1 }),
      { ExecutionHandler: 'AWS_VSS_BACKUP', MaximumRetryCount: 1 },
    ],
    [
      'SAP HANA',
      SnapshotScripts.sapHana(),
      {
        ExecutionHandler: 'AWSSystemsManagerSAP-CreateDLMSnapshotForSAPHANA',
        ExecutionHandlerService: 'AWS_SYSTEMS_MANAGER',
        MaximumRetryCount: 0,
      },
    ],
  ])('scripts of AWS: %s', (_, scripts, expected) => {
    const schedule = daily({ hour: 3, retention: count(1), scripts });
    expect(scheduleOf(schedule, SnapshotTarget.instances({ tags: { a: 'b' } })).CreateRule.Scripts).toEqual([expected]);
  });

  test.each([
    ['hourly', hourly({ retention: count(24) }), 'Hourly', { Interval: 1, IntervalUnit: 'HOURS', Times: ['00:00'] }],
    [
      'weekly',
      weekly({ weekDay: WeekDay.SUNDAY, hour: 4, minute: 5, retention: count(13) }),
      'Weekly',
      { CronExpression: 'cron(5 4 ? * SUN *)' },
    ],
    ['monthly', monthly({ hour: 4, retention: count(12) }), 'Monthly', { CronExpression: 'cron(0 4 1 * ? *)' }],
    [
      'monthly on a day',
      monthly({ hour: 4, day: 28, retention: count(12) }),
      'Monthly',
      { CronExpression: 'cron(0 4 28 * ? *)' },
    ],
    ['cron', cron('0 3 L * ? *', { retention: count(12) }), 'Cron', { CronExpression: 'cron(0 3 L * ? *)' }],
    [
      'cron in full',
      cron('cron(0 * * * ? *)', { retention: count(9) }),
      'Cron',
      { CronExpression: 'cron(0 * * * ? *)' },
    ],
  ])('%s', (_, schedule, name, rule) => {
    expect(scheduleOf(schedule)).toMatchObject({ Name: name, CreateRule: rule });
  });

  test.each([
    [monthly({ hour: 3, retention: count(0), archiveRetention: count(4) }), { Count: 0 }, { Count: 4 }],
    [
      cron('0 3 1 * ? *', { retention: days(0), archiveRetention: months(3) }),
      { Interval: 0, IntervalUnit: 'DAYS' },
      { Interval: 3, IntervalUnit: 'MONTHS' },
    ],
  ])('moves snapshots to the archive (%#)', (schedule, retain, archive) => {
    expect(scheduleOf(schedule)).toMatchObject({
      RetainRule: retain,
      ArchiveRule: { RetainRule: { RetentionArchiveTier: archive } },
    });
  });

  test('grandfather, father, son', () => {
    const all = gfs({
      hour: 3,
      minute: 30,
      daily: 14,
      weekly: 13,
      monthly: 12,
      yearly: 3,
      tagsToAdd: { team: 'books' },
    });
    const { Schedules } = policyOf({ schedules: all }).PolicyDetails;
    expect(Schedules.map(({ Name, CreateRule, RetainRule }: Json) => [Name, CreateRule, RetainRule.Count])).toEqual([
      ['Daily', { Interval: 24, IntervalUnit: 'HOURS', Times: ['03:30'] }, 14],
      ['Weekly', { CronExpression: 'cron(30 3 ? * SUN *)' }, 13],
      ['Monthly', { CronExpression: 'cron(30 3 1 * ? *)' }, 12],
      ['Yearly', { CronExpression: 'cron(30 3 1 1 ? *)' }, 3],
    ]);
    for (const { TagsToAdd } of Schedules) expect(TagsToAdd).toContainEqual({ Key: 'team', Value: 'books' });
    const two = gfs({ hour: 3, hourly: 24, weekly: 4, weekDay: WeekDay.MONDAY });
    expect(policyOf({ schedules: two }).PolicyDetails.Schedules).toMatchObject([
      { Name: 'Hourly', CreateRule: { Interval: 1, Times: ['00:00'] }, RetainRule: { Count: 24 } },
      { Name: 'Weekly', CreateRule: { CronExpression: 'cron(0 3 ? * MON *)' }, RetainRule: { Count: 4 } },
    ]);
  });

  test('can be switched off, described, and named by its source', () => {
    const policy = policyOf({
      enabled: false,
      description: 'Files - of the_shop',
      sourceName: 'shop-files',
      copyTags: false,
    });
    expect(policy).toMatchObject({ State: 'DISABLED', Description: 'Files - of the_shop' });
    expect(policy.PolicyDetails.Schedules[0]).toMatchObject({
      CopyTags: false,
      TagsToAdd: [{ Key: 'proven-backups:source', Value: 'shop-files' }],
    });
  });

  test.each([
    ['Été #1', 'Snapshots of Shop t 1'],
    ['x'.repeat(600), `Snapshots of Shop ${'x'.repeat(482)}`],
  ])('has a legal description, whatever its path (%#)', (id, description) => {
    const stack = newStack();
    snapshots(stack, { sourceName: 'files' }, id);
    expect(only(stack, 'AWS::DLM::LifecyclePolicy').Description).toBe(description);
  });

  test('takes tags', () => {
    const stack = newStack();
    Tags.of(snapshots(stack)).add('team', 'books');
    expect(only(stack, 'AWS::DLM::LifecyclePolicy').Tags).toEqual([{ Key: 'team', Value: 'books' }]);
  });

  test('has metrics', () => {
    const stack = newStack();
    const made = snapshots(stack);
    const metrics = [
      [made.metricResourcesTargeted(), 'ResourcesTargeted', 'Maximum'],
      [made.metricSnapshotsCreateCompleted(), 'SnapshotsCreateCompleted', 'Sum'],
      [made.metricSnapshotsCreateFailed(), 'SnapshotsCreateFailed', 'Sum'],
      [made.metricSnapshotsDeleteFailed(), 'SnapshotsDeleteFailed', 'Sum'],
      [made.metricSnapshotsCopiedRegionFailed({ statistic: 'Average' }), 'SnapshotsCopiedRegionFailed', 'Average'],
    ] as const;
    for (const [metric, metricName, statistic] of metrics) {
      expect(metric).toMatchObject({
        namespace: 'AWS/EBS',
        metricName,
        statistic,
        dimensions: { DLMPolicyId: made.policyId },
      });
    }
    expect(stack.resolve(made.policyId)).toEqual({ Ref: expect.stringContaining('Snapshots') });
    expect(stack.resolve(made.policyArn)).toEqual({ 'Fn::GetAtt': [expect.stringContaining('Snapshots'), 'Arn'] });
  });
});
