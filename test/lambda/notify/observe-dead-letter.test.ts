import type { ScheduleTarget } from '../../../lambda/notify/ports';
import { observe } from '../../../lambda/notify/observe/observe';
import { contextWith, DEAD_LETTERS, messageOf, QUEUE } from './events/message';
import { deadLetter, failedFunction, SCHEDULE_ARN } from './events/others';

const read = (message = deadLetter(), target?: ScheduleTarget) =>
  observe(message, contextWith({ lookUpSchedule: () => Promise.resolve(target) }));
const SHOP = { family: 'acme-shop' };

describe('a run that EventBridge Scheduler could not start', () => {
  test('is told of the source whose task the schedule starts, at the time that it meant', async () => {
    const asked: string[] = [];
    const lookUpSchedule = (arn: string) => {
      asked.push(arn);
      return Promise.resolve(SHOP);
    };
    expect(await observe(deadLetter({ RETRY_ATTEMPTS: '5' }), contextWith({ lookUpSchedule }))).toEqual([
      {
        state: 'problem',
        signal: 'never-started',
        cause: 'scheduler',
        key: 'shop',
        source: 'shop',
        about: 'shop',
        sentence: expect.stringMatching(
          /^EventBridge Scheduler could not start the run: AccessDeniedException \(5 retries\): User: .* is not authorized to perform: ecs:RunTask on .*…$/,
        ),
        at: '2026-11-20T02:00:00.000Z',
        since: '2026-11-20T02:00:00.000Z',
        resource: SCHEDULE_ARN,
        event: `${SCHEDULE_ARN} 2026-11-20T02:00:00Z`,
      },
    ]);
    expect(asked).toEqual([SCHEDULE_ARN]);
  });

  test('is no trouble of the backups if it is the maintenance of a repository', async () => {
    const [told] = await read(deadLetter(), { family: 'acme-shop_maintain' });
    expect(told).toMatchObject({ signal: 'housekeeping', cause: 'maintain', key: 'housekeeping/maintain/shop' });
    expect(told).not.toHaveProperty('source');
  });

  test('is known by its attributes in whatever queue it is', async () => {
    expect(await read(deadLetter({}, QUEUE), SHOP)).toMatchObject([{ signal: 'never-started', source: 'shop' }]);
  });

  test.each([
    [
      'capacity',
      { ERROR_CODE: 'AmazonECS', ERROR_MESSAGE: 'RESOURCE:MEMORY' },
      'capacity',
      'AWS had no capacity for the task: AmazonECS: RESOURCE:MEMORY',
    ],
    // That a network interface is spoken of does not mean that the task began.
    [
      'a subnet that is gone',
      { ERROR_CODE: 'InvalidParameterException', ERROR_MESSAGE: 'The subnet ID does not exist' },
      'scheduler',
      'EventBridge Scheduler could not start the run: InvalidParameterException: The subnet ID does not exist',
    ],
    [
      'an instance that is stopped',
      {
        ERROR_CODE: 'InvalidInstanceIdException',
        ERROR_MESSAGE: 'Instances [[i-0a1b2c3d4e5f60718]] not in a valid state for account 123456789012',
      },
      'instance-not-reached',
      'Systems Manager did not reach the instance: InvalidInstanceIdException: Instances [[i-0a1b2c3d4e5f60718]] not in a valid state for account 123456789012',
    ],
    [
      'a fault of AWS',
      { ERROR_CODE: 'AWS.Scheduler.InternalServerError', ERROR_MESSAGE: undefined, RETRY_ATTEMPTS: '1' },
      'scheduler',
      'EventBridge Scheduler could not start the run: AWS.Scheduler.InternalServerError (1 retry)',
    ],
  ])('says why: %s', async (_, attributes, cause, sentence) => {
    expect(await read(deadLetter(attributes), SHOP)).toMatchObject([{ signal: 'never-started', cause, sentence }]);
  });

  test('says what little there is', async () => {
    const nothing = { ERROR_CODE: undefined, ERROR_MESSAGE: undefined, RETRY_ATTEMPTS: undefined };
    const sentence = 'EventBridge Scheduler could not start the run: unknown error';
    expect(await read(deadLetter(nothing), SHOP)).toMatchObject([{ cause: 'scheduler', sentence }]);
  });

  test('is told by the name of its schedule if that is gone or cannot be looked up', async () => {
    const name = { key: 'housekeeping/schedule/acme-shop-Schedule', about: 'schedule acme-shop-Schedule' };
    const told = { signal: 'never-started', cause: 'scheduler', ...name };
    const gone = await read(deadLetter());
    expect(gone).toMatchObject([told]);
    expect(gone[0]).not.toHaveProperty('source');
    const denied = contextWith({ lookUpSchedule: () => Promise.reject(new Error('AccessDenied')) });
    expect(await observe(deadLetter(), denied)).toMatchObject([told]);
  });

  test.each([
    [
      'the measuring',
      { functionName: 'acme-measure' },
      'measure',
      'housekeeping/measure',
      'measuring',
      'EventBridge Scheduler could not start the measuring: ',
    ],
    [
      'the pruning',
      { functionName: 'acme-prune' },
      'prune',
      'housekeeping/prune/acme-prune',
      'pruning',
      'EventBridge Scheduler could not start the pruning: ',
    ],
    [
      'the pruning of snapshots',
      { functionName: 'acme-volumes' },
      'prune-snapshots',
      'housekeeping/prune-snapshots/Backup=daily',
      'pruning of snapshots Backup=daily',
      'EventBridge Scheduler could not start the pruning of snapshots Backup=daily: ',
    ],
    [
      'a digest',
      {},
      'other',
      'housekeeping/schedule/acme-shop-Schedule',
      'schedule acme-shop-Schedule',
      'EventBridge Scheduler could not invoke the target of the schedule: ',
    ],
  ])('is housekeeping if it is %s', async (_, target, cause, key, about, sentence) => {
    const found = await read(deadLetter(), target);
    expect(found).toMatchObject([{ signal: 'housekeeping', cause, key, about, at: '2026-11-20T02:00:00.000Z' }]);
    expect(found[0]).toHaveProperty('sentence', expect.stringContaining(sentence));
  });

  test('is nothing of ours if it is the task of nobody', async () => {
    expect(await read(deadLetter(), { family: 'acme-shop-restore' })).toEqual([]);
  });

  test('without the name of a schedule it is not understood', async () => {
    const message = messageOf({ kind: 'digest' }, { eventSourceARN: DEAD_LETTERS });
    expect(await read(message)).toMatchObject([{ cause: 'other', raw: { kind: 'digest' } }]);
  });

  test('without a scheduled time it happened when the message was sent', async () => {
    const found = await read(deadLetter({ SCHEDULED_TIME: undefined }), SHOP);
    expect(found).toMatchObject([{ at: '2026-11-20T02:10:30.000Z' }]);
  });
});

describe('a function that failed', () => {
  const said = { errorType: 'HandlerError', trace: [] };
  const summary = (of: string) => ({ ...said, errorMessage: `2 problems in ${of}: shop: no backup within 26 hours` });

  test.each([
    [
      'the measuring',
      'acme-measure',
      { ...said, errorMessage: 'could not list the topic' },
      'measure',
      'housekeeping/measure',
      'measuring',
      'could not list the topic',
    ],
    [
      'the pruning',
      'acme-prune',
      summary('acme-backups'),
      'prune',
      'housekeeping/prune/acme-prune',
      'pruning',
      '2 problems in acme-backups: shop: no backup within 26 hours',
    ],
    [
      'the pruning, cut off',
      'acme-prune',
      { errorMessage: '2026-11-20T04:33:12Z Task timed out after 900.00 seconds' },
      'prune',
      'housekeeping/prune/acme-prune',
      'pruning',
      '2026-11-20T04:33:12Z Task timed out after 900.00 seconds',
    ],
    // The same name that the alarm on its metric has: what ends one ends the other.
    [
      'the pruning of snapshots',
      'acme-volumes',
      summary('Backup=daily'),
      'prune-snapshots',
      'housekeeping/prune-snapshots/Backup=daily',
      'pruning of snapshots Backup=daily',
      '2 problems in Backup=daily: shop: no backup within 26 hours',
    ],
    [
      'something of the user, with our destination',
      'acme-report',
      { ...said, errorMessage: 'out of time' },
      'other',
      'housekeeping/function/acme-report',
      'function acme-report',
      'out of time',
    ],
  ])('%s', async (_, name, payload, cause, key, about, sentence) => {
    const document = failedFunction(name, payload);
    expect(await read(messageOf(document))).toEqual([
      {
        state: 'problem',
        signal: 'housekeeping',
        cause,
        key,
        about,
        sentence: `the function failed: ${sentence}`,
        at: '2026-11-20T04:33:12.568Z',
        since: '2026-11-20T04:33:12.568Z',
        event: 'e4b46cbf-b738-4880-8a18-cdf61200e001',
        resource: document.requestContext.functionArn,
      },
    ]);
  });

  test('an invocation that never took place has no answer, and is told by its condition', async () => {
    const told = [
      ['acme-prune', 'prune', 'the function was not run: EventAgeExceeded'],
      ['acme-measure', 'measure', 'the function was not run: EventAgeExceeded'],
      ['acme-volumes', 'prune-snapshots', 'the function was not run: EventAgeExceeded'],
    ];
    for (const [name, cause, sentence] of told) {
      const document = failedFunction(name!, undefined, 'EventAgeExceeded', 0);
      expect(await read(messageOf(document))).toMatchObject([{ cause, sentence }]);
    }
  });

  test('an invocation that succeeded is none', async () => {
    expect(await read(messageOf(failedFunction('acme-prune', {}, 'Success')))).toEqual([]);
  });
});
