import type { Ran } from './cli-support';
import { cli, isolateEnvironment, StandIn } from './cli-support';
import {
  Account,
  BUCKET,
  CLUSTER,
  denied,
  FAMILY,
  RUN,
  scheduleOf,
  settingsOf,
  SETTINGS_PATH,
  STARTED,
} from './run-support';

isolateEnvironment();

let account: Account;
let standIn: StandIn;
beforeEach(async () => {
  account = new Account();
  standIn = new StandIn((asked) => account.answer(asked));
  await standIn.start();
});
afterEach(() => standIn.stop());

const run = (...more: string[]): Promise<Ran> => cli([...RUN, ...more]);

/** Bodies of the requests that ECS got to start a task. */
const requests = () =>
  standIn.asked.flatMap(({ target, body }) =>
    target?.endsWith('.RunTask') ? [JSON.parse(body) as Record<string, unknown>] : [],
  );

describe('starts the task as its schedule does', () => {
  test('--no-wait ends then, and asks ECS for what the target says, without the time of a schedule', async () => {
    expect(await run('--no-wait')).toEqual({ code: 0, out: STARTED, err: '' });
    expect(requests()).toEqual([
      {
        ...{ cluster: CLUSTER, count: 1, launchType: 'FARGATE', startedBy: 'proven-backups/run' },
        taskDefinition: `arn:aws:ecs:eu-west-1:111122223333:task-definition/${FAMILY}:7`,
        clientToken: expect.stringMatching(/^[\da-f-]{36}$/) as string,
        networkConfiguration: {
          awsvpcConfiguration: {
            ...{ subnets: ['subnet-1', 'subnet-2'], securityGroups: ['sg-1'], assignPublicIp: 'DISABLED' },
          },
        },
        ...{ enableECSManagedTags: true, propagateTags: 'TASK_DEFINITION' },
      },
    ]);
    expect(standIn.asked.some(({ target }) => target?.endsWith('.DescribeTasks'))).toBe(false);
  });

  test('all else that a target may say', async () => {
    const { Target } = scheduleOf('Shop');
    const more = {
      LaunchType: undefined,
      ...{ PlatformVersion: '1.4.0', EnableExecuteCommand: true, Group: 'nightly', ReferenceId: 'r-1' },
      CapacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1, base: 0 }],
      Tags: [{ key: 'team', value: 'dba' }],
    };
    const environment = [
      { name: 'BACKUP_SCHEDULED_TIME', value: '<aws.scheduler.scheduled-time>' },
      { name: 'ATTEMPT', value: 'number <aws.scheduler.attempt-number>' },
      { name: 'TZ', value: 'Europe/Paris' },
    ];
    const Input = JSON.stringify({ memory: '4096', containerOverrides: [{ name: 'backup', environment }] });
    const target = { ...Target!, EcsParameters: { ...Target!.EcsParameters!, ...more }, Input };
    account.schedules = [scheduleOf('Shop', { Target: target })];
    expect((await run('--no-wait')).code).toBe(0);
    const [request] = requests();
    expect(request).toMatchObject({
      ...{ platformVersion: '1.4.0', enableExecuteCommand: true, group: 'nightly', referenceId: 'r-1' },
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1, base: 0 }],
      tags: [{ key: 'team', value: 'dba' }],
    });
    expect(request).not.toHaveProperty('launchType');
    expect(request!.overrides).toEqual({
      memory: '4096',
      containerOverrides: [{ name: 'backup', environment: [{ name: 'TZ', value: 'Europe/Paris' }] }],
    });
  });

  test('a request that is tried again keeps its token: one task', async () => {
    process.env.AWS_MAX_ATTEMPTS = '3';
    account.starts = [{ status: 500, body: {} }, { status: 503, body: {} }, ...account.starts];
    expect((await run('--no-wait')).code).toBe(0);
    const tokens = requests().map(({ clientToken }) => clientToken);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
    await run('--no-wait');
    expect(requests().at(-1)!.clientToken).not.toBe(tokens[0]);
  });
});

describe('the schedule', () => {
  test('is found on any page, among those of others, that are gone or nobody’s business', async () => {
    const queue = scheduleOf('queue', { Target: { Arn: 'arn:aws:sqs:eu-west-1:111122223333:q', RoleArn: 'r' } });
    account.schedules = [queue, ...account.schedules, scheduleOf('gone'), scheduleOf('secret')];
    Object.assign(account, { pageSize: 2, refused: ['secret'], gone: ['gone'] });
    expect((await run('--no-wait')).code).toBe(0);
    const looked = standIn.asked.flatMap(({ path }) => /^\/schedules\/(\w+)\?/.exec(path)?.[1] ?? []);
    expect(looked.sort()).toEqual(['Shop', 'gone', 'other', 'secret']);
  });

  test('may be disabled: a note says so', async () => {
    account.schedules = [scheduleOf('Shop', { State: 'DISABLED' })];
    const note = 'its schedule Shop is disabled: no run starts by itself';
    expect(await run('--no-wait')).toEqual({ code: 0, out: `${STARTED}note ${note}\n`, err: '' });
    const { out } = await run('--no-wait', '--json');
    expect(JSON.parse(out)).toMatchObject({ outcome: 'started', schedule: { enabled: false }, notes: [note] });
  });

  test('may be one of several: first what is enabled, then by name', async () => {
    account.schedules = [scheduleOf('C'), scheduleOf('B'), scheduleOf('A', { State: 'DISABLED' })];
    const { out } = await run('--no-wait');
    expect(out).toBe(
      `${STARTED}note the schedule C starts it as well: this run is as B says\nnote the schedule A starts it as well: this run is as B says\n`,
    );
  });
});

test.each<[string, (account: Account) => void, string]>([
  [
    'a source that nothing knows',
    (it) => (it.settings = { a: settingsOf({ wiki: {} }), b: settingsOf({}) }),
    `nothing watches source shop of bucket ${BUCKET}: it is in no settings: known are wiki`,
  ],
  [
    'a bucket without alarms',
    (it) => (it.settings = {}),
    `nothing watches bucket ${BUCKET}: eu-west-1 has no parameter under ${SETTINGS_PATH}: look at --bucket, --region and the account, or deploy a stack with alarms`,
  ],
  [
    'settings that point nowhere',
    (it) => (it.settings = { shop: settingsOf({ shop: { family: 2 } }) }),
    `the settings ${SETTINGS_PATH}shop are damaged: shop: no family has the number 2: deploy their stack again`,
  ],
  [
    'no schedule',
    (it) => (it.schedules = [scheduleOf('other', {}, 'Elsewhere-shop')]),
    `no schedule starts the task family ${FAMILY}: eu-west-1 has 1 schedule of ECS tasks: look at --region and the account, or deploy its stack again`,
  ],
  [
    'a schedule that may not be looked at',
    (it) => (it.refused = ['Shop']),
    'not allowed to look at the schedule of this run: User: x is not authorized to perform: scheduler:GetSchedule: it takes scheduler:GetSchedule, see docs/cli.md',
  ],
  [
    'a schedule with another input',
    (it) => (it.schedules = [scheduleOf('Shop', { Target: { ...scheduleOf('').Target!, Input: '"pass"' } })]),
    'the input of the schedule Shop holds no overrides that ECS could read: deploy its stack again',
  ],
  [
    'no capacity, in an answer with 200',
    (it) =>
      (it.starts = [
        { body: { tasks: [], failures: [{ reason: 'Capacity is unavailable at this time', detail: '' }] } },
      ]),
    'ECS started no run of shop: Capacity is unavailable at this time: run the command again in some minutes',
  ],
  [
    'who may not start it',
    (it) => (it.starts = [denied('ecs:RunTask')]),
    'not allowed to start a run of shop: User: x is not authorized to perform: ecs:RunTask: it takes ecs:RunTask, ecs:TagResource and iam:PassRole, see docs/cli.md',
  ],
])('%s', async (_, change, sentence) => {
  change(account);
  expect(await run()).toEqual({ code: 1, out: '', err: `error: ${sentence}\n` });
  expect(standIn.asked.some(({ target }) => target?.endsWith('.DescribeTasks'))).toBe(false);
});
