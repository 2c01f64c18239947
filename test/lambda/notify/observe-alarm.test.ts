import type { Signal } from '../../../catalog/contract/alarms';
import type { Observation } from '../../../lambda/notify/problems/observation';
import { observe } from '../../../lambda/notify/observe/observe';
import { ageAlarm, alarmEvent, counted, NO_DATA, PARTLY, TOO_OLD, WELL } from './events/alarms';
import { contextWith, eventOf, messageOf, NOW, SETTINGS } from './events/message';

const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000);
const read = (event: unknown, measuredAt?: Date): Promise<Observation[]> =>
  observe(messageOf(event), contextWith({ measuredAt: () => Promise.resolve(measuredAt) }));

const ARN = 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:acme-alarm';
const AT = '2026-11-20T02:09:40.987Z';
const KNOWN = { key: 'shop', source: 'shop', about: 'shop', at: AT, event: '315c1398-40ff-a850-213b-158f73e60175' };
const SILENT = { state: 'problem', signal: 'silent', ...KNOWN, resource: ARN };

describe('the age of the newest backup', () => {
  test('a backup that is too old is told by the measuring, and so is its end: the alarm may be somebody’s own', async () => {
    for (const state of [TOO_OLD, PARTLY, WELL]) expect(await read(ageAlarm(state), hoursAgo(1))).toEqual([]);
    // Nobody measures any more: that the age was too high before does not say how high it is.
    expect(await read(ageAlarm(PARTLY), hoursAgo(4))).toMatchObject([{ cause: 'not-measured' }]);
  });

  test('missing data mean that the measuring is dead, since it was last heard of', async () => {
    expect(await read(ageAlarm(NO_DATA), hoursAgo(5))).toEqual([
      {
        ...SILENT,
        cause: 'not-measured',
        since: '2026-11-20T00:00:00.000Z',
        sentence: 'its backups were not measured for 5 hours, so their age is unknown',
        short: 'its backups were not measured for 5 hours',
      },
    ]);
  });

  test('missing data while the measuring lives are the gap of a deployment', async () => {
    expect(await read(ageAlarm(NO_DATA), hoursAgo(1.4))).toEqual([]);
    expect(await read(ageAlarm(NO_DATA), hoursAgo(1.5))).toHaveLength(1);
  });

  test('what was never measured cannot be judged yet', async () => {
    expect(await read(ageAlarm(NO_DATA))).toEqual([
      {
        ...SILENT,
        cause: 'not-measured',
        since: AT,
        unsure: true,
        sentence: 'its backups have never been measured, so their age is unknown',
        short: 'the age of its backups is unknown',
      },
    ]);
    expect((await read(ageAlarm(NO_DATA), hoursAgo(5)))[0]).not.toHaveProperty('unsure');
  });

  test('it is not measured of any source when nobody counts subscriptions either: what is too old has its alarm on already', async () => {
    const subscriptions = {
      namespace: 'ProvenBackups',
      name: 'ConfirmedSubscriptions',
      dimensions: { Bucket: 'acme-backups' },
    };
    const found = await read(alarmEvent(subscriptions, NO_DATA), hoursAgo(5));
    expect(found.map((one) => 'key' in one && one.key)).toEqual(Object.keys(SETTINGS.sources));
    const silent = await read(ageAlarm(NO_DATA), hoursAgo(5));
    expect(found).toEqual(expect.arrayContaining(silent));
    // The measuring itself tells that nobody has confirmed one.
    expect(await read(alarmEvent(subscriptions, counted(0)), hoursAgo(1))).toEqual([]);
    expect(await read(alarmEvent({ ...subscriptions, dimensions: { Bucket: 'other' } }, NO_DATA), hoursAgo(5))).toEqual(
      [],
    );
  });

  test.each([
    ['an alarm that does not know', ageAlarm({ ...NO_DATA, value: 'INSUFFICIENT_DATA' })],
    ['another bucket', ageAlarm(TOO_OLD, { Bucket: 'acme-backups-2', Source: 'shop' })],
    ['a source of another construct', ageAlarm(TOO_OLD, { Bucket: 'acme-backups', Source: 'wiki' })],
    ['what every object has', ageAlarm(TOO_OLD, { Bucket: 'acme-backups', Source: 'constructor' })],
    ['no source', ageAlarm(TOO_OLD, { Bucket: 'acme-backups' })],
  ])('nothing is told: %s', async (_, event) => {
    expect(await read(event)).toEqual([]);
  });
});

const ours = (name: string, dimensions: Record<string, string> = { Bucket: 'acme-backups' }) =>
  [{ namespace: 'ProvenBackups', name, dimensions }, counted(2)] as const;
const replica = { SourceBucket: 'acme-backups', DestinationBucket: 'acme-copies', RuleId: 'offsite' };
const s3 = (name: string, dimensions: Record<string, string> = replica) =>
  [{ namespace: 'AWS/S3', name, dimensions }, counted(7)] as const;
const aws = (namespace: string, name: string, dimensions: Record<string, string>) =>
  [{ namespace, name, dimensions }, counted(1)] as const;

describe('housekeeping', () => {
  test.each<
    [
      string,
      readonly [{ namespace: string; name: string; dimensions: Record<string, string> }, ReturnType<typeof counted>],
      string,
      string,
      string,
      string,
    ]
  >([
    [
      'replication lags',
      s3('ReplicationLatency'),
      'replication',
      'housekeeping/replication/offsite/ReplicationLatency',
      'replication rule offsite',
      'replication rule offsite is 7 seconds behind',
    ],
    [
      'a queue',
      aws('AWS/SQS', 'ApproximateAgeOfOldestMessage', { QueueName: 'acme-dead-letters' }),
      'dead-letters',
      'housekeeping/dead-letters/queue acme-dead-letters',
      'queue acme-dead-letters',
      `What it is for: ${counted(1).reason.slice(0, -1)}`,
    ],
    [
      'dead letters that are lost',
      aws('AWS/Scheduler', 'InvocationsFailedToBeSentToDeadLetterCount', { ScheduleGroup: 'acme' }),
      'dead-letters',
      'housekeeping/dead-letters/schedules acme',
      'schedules acme',
      `What it is for: ${counted(1).reason.slice(0, -1)}`,
    ],
    [
      'dropped invocations',
      aws('AWS/Scheduler', 'InvocationDroppedCount', { ScheduleGroup: 'acme' }),
      'other',
      'housekeeping/other/schedules acme',
      'schedules acme',
      `What it is for: ${counted(1).reason.slice(0, -1)}`,
    ],
    [
      'the measure function',
      aws('AWS/Lambda', 'Errors', { FunctionName: 'acme-measure' }),
      'measure',
      'housekeeping/measure',
      'measuring',
      `What it is for: ${counted(1).reason.slice(0, -1)}`,
    ],
    [
      'the notify function',
      aws('AWS/Lambda', 'Errors', { FunctionName: 'acme-notify' }),
      'other',
      'housekeeping/function/acme-notify',
      'function acme-notify',
      `What it is for: ${counted(1).reason.slice(0, -1)}`,
    ],
  ])('%s', async (_, [metric, state], cause, key, about, sentence) => {
    const known = { key, about, at: AT, event: KNOWN.event };
    expect(await read(alarmEvent(metric, state))).toEqual([
      { state: 'problem', signal: 'housekeeping', cause, sentence, since: AT, resource: ARN, hasEnd: true, ...known },
    ]);
    // What ends it is remembered under the same name.
    expect(await read(alarmEvent(metric, WELL))).toEqual([{ state: 'ok', ...known, ends: ['housekeeping'] }]);
  });

  test('a copy that failed is not made by itself: that no other one fails is no end', async () => {
    const alarm = s3('OperationsFailedReplication');
    expect(await read(alarmEvent(...alarm))).toMatchObject([
      {
        cause: 'replication',
        key: 'housekeeping/replication/offsite/failed',
        about: 'replication rule offsite',
        sentence: '7 objects could not be replicated by rule offsite',
        hasEnd: false,
      },
    ]);
    expect(await read(alarmEvent(alarm[0], WELL))).toEqual([]);
  });

  test.each([
    ['an alarm of a user on what the pruning reports itself', alarmEvent(...ours('PruneProblems'))],
    ['what it could not measure', alarmEvent(...ours('UnmeasuredSources'))],
    [
      'an alarm of a user on a metric of ours',
      alarmEvent(...ours('BackupDuration', { Bucket: 'acme-backups', Source: 'shop' })),
    ],
    [
      'the replication of another bucket',
      alarmEvent(...s3('OperationsFailedReplication', { ...replica, SourceBucket: 'x' })),
    ],
    ['requests of our bucket', alarmEvent(...s3('4xxErrors'))],
    ['an alarm of a user on something else', alarmEvent(...aws('AWS/EC2', 'CPUUtilization', { InstanceId: 'i-0' }))],
    [
      'a composite alarm',
      eventOf('aws.cloudwatch', 'CloudWatch Alarm State Change', {
        alarmName: 'all',
        configuration: { alarmRule: 'ALARM(a) OR ALARM(b)' },
        state: { value: 'ALARM', reason: 'a is in ALARM', timestamp: '2026-11-20T02:09:40.987+0000' },
      }),
    ],
  ])('nothing is told: %s', async (_, event) => {
    expect(await read(event)).toEqual([]);
  });
});

test.each<[Signal[], number]>([
  [['housekeeping'], 1],
  [['never-started'], 1],
  [['housekeeping', 'never-started'], 0],
])('runs that were not started are told unless both of their signals are off: %j', async (off, told) => {
  const alarm = alarmEvent(...aws('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: 'acme' }));
  expect(await observe(messageOf(alarm), contextWith({ settings: { ...SETTINGS, off } }))).toHaveLength(told);
});
