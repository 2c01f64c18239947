import type { AlarmSettings, Measured, Pruned, PrunedSource } from '../../../catalog/contract/alarms';
import type { Observation, QueueMessage } from '../../../lambda/notify/problems/observation';
import { eventId, observe } from '../../../lambda/notify/observe/observe';
import { ageAlarm, NO_DATA, TOO_OLD } from './events/alarms';
import { exited, TASK_ARN, taskEvent } from './events/ecs';
import { contextWith, eventOf, messageOf, SETTINGS } from './events/message';
import { COMPLETE } from './notify-support';
import {
  deadLetter,
  deleteCall,
  failedFunction,
  policyEvent,
  runTask,
  SCHEDULE_ARN,
  snapshotEvent,
} from './events/others';

const read = (event: unknown, settings: AlarmSettings = SETTINGS): Promise<Observation[]> =>
  observe(messageOf(event), contextWith({ settings }));
const STOP_TASK = { eventName: 'StopTask', requestParameters: { task: TASK_ARN } };
const BATCH = { eventSource: 'batch.amazonaws.com', eventName: 'RunTask' };
const AT = '2026-11-20T02:00:29.000Z';

describe('calls that CloudTrail recorded', () => {
  test.each([
    ['an ARN', 'arn:aws:ecs:eu-west-1:123456789012:task-definition/acme-shop:7'],
    ['a family with its revision', 'acme-shop:7'],
    ['a family', 'acme-shop'],
  ])('ECS started nothing, and said so to nobody: %s', async (_, taskDefinition) => {
    const reason = 'Capacity is unavailable at this time. Please try again later or in a different availability zone';
    expect(await read(runTask([{ arn: 'arn', reason, detail: 'ask later' }], taskDefinition))).toEqual([
      {
        state: 'problem',
        signal: 'never-started',
        cause: 'capacity',
        key: 'shop',
        source: 'shop',
        about: 'shop',
        sentence: `AWS had no capacity for the task: ${reason}: ask later`,
        at: AT,
        since: AT,
        event: '315c1398-40ff-a850-213b-158f73e60175',
      },
    ]);
  });

  test('ECS refused for another reason', async () => {
    const sentence = 'ECS refused to start the task: AGENT';
    expect(await read(runTask([{ reason: 'AGENT' }]))).toMatchObject([{ cause: 'refused-by-ecs', sentence }]);
  });

  test('a delete that was denied says who, from where and what; sessions of a role are one', async () => {
    const who = 'arn:aws:sts::123456789012:assumed-role/developer/mallory';
    const key = 'shop/2026-11-19T02-00-00Z/manifest.json';
    expect(await read(deleteCall('DeleteObject', { bucketName: 'acme-backups', key }))).toEqual([
      {
        state: 'problem',
        signal: 'housekeeping',
        cause: 'denied-delete',
        about: 'deletes in acme-backups',
        key: 'housekeeping/denied-delete/arn:aws:iam::123456789012:role/developer',
        short: 'mallory tried to delete manifest.json',
        sentence: `${who} tried to delete ${key} from 198.51.100.77 (DeleteObject) and was denied`,
        at: AT,
        since: AT,
        event: '315c1398-40ff-a850-213b-158f73e60175',
        resource: who,
      },
    ]);
  });

  test('a delete of many by somebody who may not has no error, because S3 answers for each object', async () => {
    const changes = { errorCode: undefined, errorMessage: undefined };
    const event = deleteCall('DeleteObjects', { bucketName: 'acme-backups', delete: '' }, changes);
    expect(await read(event)).toMatchObject([
      {
        state: 'problem',
        cause: 'denied-delete',
        key: 'housekeeping/denied-delete/arn:aws:iam::123456789012:role/developer',
        sentence:
          'arn:aws:sts::123456789012:assumed-role/developer/mallory tried to delete objects from 198.51.100.77 (DeleteObjects)',
        short: 'mallory tried to delete backups',
        variant: 'answer-unknown',
      },
    ]);
  });

  test('a delete of many does not say which, nor one by a service who', async () => {
    const changes = { userIdentity: { type: 'AWSService', invokedBy: 's3.amazonaws.com' }, sourceIPAddress: undefined };
    expect(await read(deleteCall('DeleteObjects', { bucketName: 'acme-backups', delete: '' }, changes))).toMatchObject([
      {
        key: 'housekeeping/denied-delete/s3.amazonaws.com',
        sentence: 's3.amazonaws.com tried to delete objects (DeleteObjects) and was denied',
      },
    ]);
  });

  test.each([
    ['a task that was started', runTask([])],
    ['a call that threw', runTask([], 'acme-shop:7', { responseElements: null, errorCode: 'AccessDenied' })],
    ['another call to ECS', { ...runTask([]), detail: { ...runTask([]).detail, ...STOP_TASK } }],
    ['another service', { ...runTask([]), detail: { ...runTask([]).detail, ...STOP_TASK, ...BATCH } }],
    ['a task of nobody', runTask([{ reason: 'AGENT' }], 'acme-shop-restore:7')],
    ['a delete that was allowed', deleteCall('DeleteObject', { bucketName: 'acme-backups' }, { errorCode: undefined })],
    ['a delete in another bucket', deleteCall('DeleteObject', { bucketName: 'acme-backups-2', key: 'shop/x' })],
    [
      'a delete of many that S3 was too busy for',
      deleteCall('DeleteObjects', { bucketName: 'acme-backups' }, { errorCode: 'SlowDown' }),
    ],
    ['a read that was denied', deleteCall('GetObject', { bucketName: 'acme-backups', key: 'shop/x' })],
  ])('nothing is told: %s', async (_, event) => {
    expect(await read(event)).toEqual([]);
  });
});

describe('messages of our own', () => {
  const measured: Measured = {
    kind: 'measured',
    bucket: 'acme-backups',
    at: '2026-11-20T02:09:00.000Z',
    ...COMPLETE,
    sources: [
      {
        source: 'shop',
        ageSeconds: 600,
        allowedAgeSeconds: 93_600,
        sizeDeviation: -7,
        findings: [
          {
            signal: 'strange-size',
            cause: 'shrunk',
            sentence: 'half as large',
            short: 'half',
            since: '2026-11-20T02:00:00Z',
          },
        ],
      },
    ],
    subscriptions: { confirmed: 0, pending: 1 },
  };

  test('what was measured is passed on as it is', async () => {
    expect(await read(measured)).toEqual([{ ...measured, state: 'measured' }]);
    expect(await read({ ...measured, bucket: 'other' })).toEqual([]);
  });

  test.each([
    ['no sources', { ...measured, sources: undefined }],
    ['a source without an age', { ...measured, sources: [{ ...measured.sources[0], ageSeconds: null }] }],
    [
      'a finding with an unknown signal',
      { ...measured, sources: [{ ...measured.sources[0], findings: [{ signal: 'x' }] }] },
    ],
    ['no time', { ...measured, at: 'today' }],
  ])('what was measured, with %s, is not understood', async (_, body) => {
    expect(await read(body)).toMatchObject([{ cause: 'other', about: 'unknown event' }]);
  });

  test('a digest is due', async () => {
    expect(await read({ kind: 'digest' })).toEqual([{ kind: 'digest', state: 'digest' }]);
  });
});

describe('what is not understood is told, with the message', () => {
  const about = 'unknown event';
  const trouble = { state: 'problem', signal: 'housekeeping', cause: 'other', about };
  const lacking = (name: string) => exited(1, { [name]: undefined });

  test.each<[string, unknown, string]>([
    ['no JSON', '<html>', 'a message was not understood: this version does not know it'],
    ['nothing', '', 'a message was not understood: this version does not know it'],
    ['JSON without a shape', [1, 2], 'a message was not understood: this version does not know it'],
    ['null', null, 'a message was not understood: this version does not know it'],
    ['a kind of a later version', { kind: 'forecast' }, 'a message was not understood: this version does not know it'],
    [
      'another event',
      eventOf('aws.ecs', 'ECS Deployment State Change', {}),
      'an event "ECS Deployment State Change" was not understood: this version does not know it',
    ],
    [
      'a task without an ARN',
      lacking('taskArn'),
      'an event "ECS Task State Change" was not understood: detail.taskArn: Invalid input: expected string, received undefined',
    ],
    [
      'a task without a family',
      lacking('taskDefinitionArn'),
      'an event "ECS Task State Change" was not understood: detail.taskDefinitionArn: Invalid input: expected string, received undefined',
    ],
    [
      'a task without a status',
      lacking('lastStatus'),
      'an event "ECS Task State Change" was not understood: detail.lastStatus: Invalid input: expected string, received undefined',
    ],
    // Guessing here would take a failure for a task that never started.
    [
      'an exit code that is no number',
      exited('1' as unknown as number),
      'an event "ECS Task State Change" was not understood: detail.containers.1.exitCode: Invalid input: expected number, received string',
    ],
    [
      'an alarm without a state',
      eventOf('aws.cloudwatch', 'CloudWatch Alarm State Change', { alarmName: 'a', configuration: {} }),
      'an event "CloudWatch Alarm State Change" was not understood: detail.state: Invalid input: expected object, received undefined',
    ],
    [
      'a policy without a name',
      eventOf('aws.dlm', 'DLM Policy State Change', { state: 'ERROR' }),
      'an event "DLM Policy State Change" was not understood: detail.policy_id: Invalid input: expected string, received undefined',
    ],
    [
      'a snapshot of nothing',
      snapshotEvent({ source: undefined }),
      'an event "EBS Snapshot Notification" was not understood: detail.source: Invalid input: expected string, received undefined',
    ],
    [
      'a task of nothing',
      runTask([{ reason: 'AGENT' }], undefined as unknown as string, { requestParameters: {} }),
      'an event "AWS API Call via CloudTrail" was not understood: detail.requestParameters.taskDefinition: Invalid input: expected string, received undefined',
    ],
  ])('%s', async (_, body, sentence) => {
    const found = await read(body);
    expect(found).toMatchObject([{ ...trouble, sentence }]);
    expect(found[0]).toHaveProperty('raw', typeof body === 'string' ? body : JSON.parse(JSON.stringify(body)));
  });

  test('each kind of event is a trouble of its own, at the time of the event', async () => {
    expect(await read(lacking('taskArn'))).toMatchObject([
      { key: 'housekeeping/not-understood/ECS Task State Change', at: '2026-11-20T02:10:22.000Z' },
    ]);
    expect(await read('x')).toMatchObject([
      { key: 'housekeeping/not-understood/message', at: '2026-11-20T02:10:30.000Z' },
    ]);
  });

  test('a long message is cut, so that it fits into an email', async () => {
    const body = JSON.stringify({ kind: 'forecast', text: 'x'.repeat(20_000) });
    expect(await read(body)).toMatchObject([{ raw: body.slice(0, 16_000) }]);
  });

  test('it is told even where housekeeping is turned off: it may be about a backup', async () => {
    expect(await read('x', { ...SETTINGS, off: ['housekeeping'] })).toMatchObject([trouble]);
  });

  test('what AWS adds to an event, and fields with no sense, are no reason not to understand it', async () => {
    const event = exited(12, {
      stoppedAt: 'soon',
      memory: 'much',
      overrides: null,
      stopCode: 7,
      version: 'six',
      newField: {},
    });
    expect(await read(event)).toMatchObject([
      { signal: 'failed', cause: 'privileges', at: '2026-11-20T02:10:22.000Z' },
    ]);
  });
});

test('a fault of what it asks is not hidden: the queue delivers the message again', async () => {
  const measuredAt = () => Promise.reject(new Error('throttled'));
  await expect(observe(messageOf(ageAlarm(NO_DATA)), contextWith({ measuredAt }))).rejects.toThrow('throttled');
});

describe('signals that are turned off', () => {
  const off = (changes: Partial<AlarmSettings>): AlarmSettings => ({ ...SETTINGS, ...changes });
  const shopOff = off({ sources: { ...SETTINGS.sources, shop: { ...SETTINGS.sources.shop!, off: ['failed'] } } });
  const ofCrm = { taskDefinitionArn: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/other-crm:7' };

  test('are not told, for all sources or for one', async () => {
    expect(await read(exited(1), off({ off: ['failed'] }))).toEqual([]);
    expect(await read(exited(1), shopOff)).toEqual([]);
    expect(await read(policyEvent('limit'), off({ off: ['housekeeping'] }))).toEqual([]);
  });

  test('do not turn off others', async () => {
    expect(await read(exited(1, ofCrm), shopOff)).toHaveLength(1);
    expect(await read(ageAlarm(TOO_OLD), shopOff)).toHaveLength(1);
    expect(await read(exited(1), off({ off: ['silent', 'housekeeping'] }))).toHaveLength(1);
  });

  test('leave good news as it is', async () => {
    expect(await read(taskEvent(), off({ off: ['failed', 'silent', 'never-started'] }))).toMatchObject([
      { state: 'ok' },
    ]);
  });
});

test.each<[string, QueueMessage, string]>([
  // ECS may send one change as two events, with ids of their own.
  ['of a task its version', messageOf({ ...taskEvent(), id: 'other' }), `${TASK_ARN} 6`],
  ['of an event its id', messageOf(policyEvent('x')), '315c1398-40ff-a850-213b-158f73e60175'],
  ['of a dead letter the run', deadLetter(), `${SCHEDULE_ARN} 2026-11-20T02:00:00Z`],
  ['of a failed function the request', messageOf(failedFunction('f', {})), 'e4b46cbf-b738-4880-8a18-cdf61200e001'],
  ['of our own the message', messageOf({ kind: 'digest' }), '059f36b4-87a3-44ab-83d2-661975830a7d'],
  ['of what is not understood the message', messageOf('<html>'), '059f36b4-87a3-44ab-83d2-661975830a7d'],
])('what tells a second delivery from a second event: %s', (_, message, id) => {
  expect(eventId(message)).toBe(id);
  expect(eventId({ ...message, attributes: { ...message.attributes, ApproximateReceiveCount: '2' } })).toBe(id);
});

describe('the report of a pruning', () => {
  const pruned = (sources: readonly Partial<PrunedSource>[], changes: Partial<Pruned> = {}): Pruned => ({
    kind: 'pruned',
    prunes: 'backups',
    scope: 'acme-backups',
    at: '2026-11-20T02:30:00.000Z',
    functionName: 'acme-prune',
    logGroup: '/backups/acme',
    sources: sources.map((one) => ({ source: 'shop', errors: [], errorCount: 0, damagedCount: 0, ...one })),
    moreSources: 0,
    ...changes,
  });
  const WAITS = { why: 'no-recent-backup', sentence: 'no backup came' } as const;
  const TOO_MANY = { why: 'too-many', sentence: '3 of 4 would be deleted' } as const;
  const known = {
    key: 'housekeeping/prune/acme-prune',
    about: 'pruning',
    at: '2026-11-20T02:30:00.000Z',
    event: '059f36b4-87a3-44ab-83d2-661975830a7d',
  };

  test('without problems is good news', async () => {
    expect(await read(pruned([]))).toEqual([{ state: 'ok', ...known, ends: ['housekeeping'] }]);
  });

  test('with problems has its facts, and names function and log', async () => {
    const sources = [
      { source: 'shop', refusal: TOO_MANY },
      { source: 'crm', damaged: { id: 'x', damage: 'cut' }, damagedCount: 2, errors: ['no right'], errorCount: 3 },
    ];
    const report = pruned(sources);
    expect(await read(report)).toEqual([
      {
        state: 'problem',
        signal: 'housekeeping',
        cause: 'prune',
        ...known,
        since: known.at,
        hasEnd: true,
        sentence: 'shop: 3 of 4 would be deleted; crm: no right; 2 more failures; 2 damaged backups, such as x: cut',
        short: 'problems with 2 sources',
        pruned: { sources: report.sources, moreSources: 0 },
        resource: 'acme-prune',
        logGroup: '/backups/acme',
      },
    ]);
  });

  test('a pruning that waits for a backup is not told if the silence of its source is', async () => {
    const waits = pruned([{ refusal: WAITS }]);
    expect(await read(waits)).toMatchObject([{ state: 'ok' }]);
    const off = (changes: Partial<AlarmSettings>) =>
      observe(messageOf(waits), contextWith({ settings: { ...SETTINGS, ...changes } }));
    expect(await off({ off: ['silent'] })).toMatchObject([{ cause: 'prune' }]);
    const shop = { ...SETTINGS.sources.shop!, off: ['silent'] as const };
    expect(await off({ sources: { ...SETTINGS.sources, shop } })).toMatchObject([{ cause: 'prune' }]);
    expect(await off({ sources: {} })).toMatchObject([{ cause: 'prune' }]);
    // Other problems of the same source are told.
    const [found] = await read(pruned([{ refusal: WAITS, errors: ['no right'], errorCount: 1 }]));
    expect(found).toMatchObject({ sentence: 'shop: no right' });
    // Nothing tells the silence of a volume.
    expect(await read({ ...waits, prunes: 'snapshots', scope: 'Backup=daily' })).toMatchObject([
      { cause: 'prune-snapshots', key: 'housekeeping/prune-snapshots/Backup=daily' },
    ]);
  });

  test('is remembered by its function, which its name tells where several prune the bucket', async () => {
    const prunings = ['acme-prune', 'acme-other'].map((functionName) => ({ functionName, logGroup: 0 }));
    const context = contextWith({ settings: { ...SETTINGS, prunings } });
    const found = prunings.map(({ functionName }) => observe(messageOf(pruned([], { functionName })), context));
    expect((await Promise.all(found)).flat()).toMatchObject([
      { key: 'housekeeping/prune/acme-prune', about: 'pruning by acme-prune' },
      { key: 'housekeeping/prune/acme-other', about: 'pruning by acme-other' },
    ]);
  });

  test('of another bucket is ignored; one that lacks a field is not understood', async () => {
    expect(await read(pruned([{ refusal: TOO_MANY }], { scope: 'other' }))).toEqual([]);
    expect(await read({ ...pruned([]), moreSources: undefined })).toMatchObject([{ cause: 'other' }]);
  });
});

test('restore tests that could not be started are told, and those that wait are not', async () => {
  const untested = {
    ...{ kind: 'untested', bucket: 'acme-backups', at: '2026-11-20T04:00:00.000Z', logGroup: '/backups/tests' },
    sources: [
      { source: 'shop', backupId: '2026-11-19T01-00-00Z', why: 'too-large', neededGiB: 310 },
      { source: 'crm', why: 'refused', said: 'RESOURCE:CPU' },
      { source: 'crm', why: 'unreadable', said: 'AccessDenied: no' },
      { source: 'crm', why: 'waiting' },
      { source: 'wiki', why: 'too-large' },
    ],
  };
  const read = (body: object) => observe(messageOf(body), contextWith());
  expect(await read(untested)).toMatchObject([
    {
      ...{
        key: 'shop',
        signal: 'not-proven',
        cause: 'too-large',
        logGroup: '/backups/tests',
        test: { id: '2026-11-19T01-00-00Z' },
      },
      sentence: 'backup 2026-11-19T01-00-00Z is too large for a restore test: it needs 310 GiB of disk',
    },
    {
      ...{ key: 'crm', signal: 'not-proven', cause: 'restore-test-not-run' },
      sentence: 'a restore test could not be started: RESOURCE:CPU',
    },
    { key: 'crm', sentence: 'a restore test could not be started: the backups cannot be read: AccessDenied: no' },
  ]);
  expect(await read({ ...untested, bucket: 'others' })).toEqual([]);
});
