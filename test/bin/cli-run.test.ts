import { main } from '../../bin/program';
import { exampleManifest } from '../catalog/example-manifest';
import type { Ran } from './cli-support';
import { captured, cli, isolateEnvironment, StandIn } from './cli-support';
import {
  Account,
  BUCKET,
  CLUSTER,
  denied,
  failed,
  FAMILY,
  RUNNING,
  scheduleOf,
  settingsOf,
  SETTINGS_PATH,
  TASK,
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

const ARGS = ['run', '--bucket', BUCKET, '--source', 'shop'];
const run = (...more: string[]): Promise<Ran> => cli([...ARGS, ...more]);

/** Bodies of the requests that ECS got to start a task. */
const requests = () =>
  standIn.asked.flatMap(({ target, body }) =>
    target?.endsWith('.RunTask') ? [JSON.parse(body) as Record<string, unknown>] : [],
  );

const CONSOLE = 'https://eu-west-1.console.aws.amazon.com';
const LINKS = {
  task: `${CONSOLE}/ecs/v2/clusters/ShopBackups-Cluster/tasks/${TASK}/configuration?region=eu-west-1`,
  log: `${CONSOLE}/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/ShopBackups-Log/log-events/shop$252Fbackup$252F${TASK}`,
};
const STARTED = `Started a run of shop: task ${TASK} in cluster ShopBackups-Cluster. It goes on if nobody waits for it.
  task  ${LINKS.task}
  log   ${LINKS.log}
`;
/** An older one, that which the run made, and one that a schedule made meanwhile. */
const MANIFESTS = [
  exampleManifest({ backupId: '2026-11-21T02-00-00Z', trigger: 'on-demand' }),
  exampleManifest({ backupId: '2026-11-21T15-23-33Z', trigger: 'on-demand', scheduledTime: undefined }),
  exampleManifest({ backupId: '2026-11-21T15-25-00Z' }),
];

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

describe('waits', () => {
  test('until the run has ended, and shows its backup', async () => {
    // ECS may not know yet what it has just started.
    account.looks = [{ body: { tasks: [], failures: [{ reason: 'MISSING' }] } }, ...account.looks];
    account.manifests = MANIFESTS;
    const done = 'Done after 4 min: backup 2026-11-21T15-23-33Z of shop (10 B, 1 table, 3 rows).\n';
    expect(await run()).toEqual({ code: 0, out: STARTED + done, err: '' });
  });

  test('in a terminal, it says what it waits for', async () => {
    account.looks = [{ body: { tasks: [RUNNING] } }, { body: { tasks: [RUNNING] } }, ...account.looks];
    account.manifests = MANIFESTS;
    const streams = captured();
    Object.assign(streams.stderr, { isTTY: true });
    expect(await main([...ARGS, '--wait'], streams)).toBe(0);
    expect(streams.err()).toBe('the task is running …\n');
  });

  test('--json prints one object', async () => {
    account.manifests = MANIFESTS;
    const { code, out, err } = await run('--json');
    expect({ code, err, printed: JSON.parse(out) as unknown }).toEqual({
      ...{ code: 0, err: '' },
      printed: {
        ...{ bucket: BUCKET, source: 'shop', schedule: { name: 'Shop', group: 'Nightly', enabled: true } },
        ...{ task: TASK, cluster: 'ShopBackups-Cluster', links: LINKS, outcome: 'succeeded' },
        ...{ exitCode: 0, exitName: 'success', notes: [] },
        backup: { id: '2026-11-21T15-23-33Z', bytes: 10, tables: 1, rows: 3 },
      },
    });
  });

  test('a run that ended well and left no backup is a problem', async () => {
    account.manifests = [];
    const { code, out } = await run();
    expect(code).toBe(3);
    expect(out).toBe(
      `${STARTED}Done after 4 min.\nproblem the run ended well, but bucket ${BUCKET} has no backup of it: look with proven-backups list\n`,
    );
  });

  test('who may not read the catalog is told why the backup is not shown', async () => {
    account.manifests = undefined;
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Done after 4 min\.\nnote not allowed to see the backup of this run: no: it takes s3:ListBucket, s3:GetObject and kms:Decrypt, see/m,
    );
    const { notes } = JSON.parse((await run('--json')).out) as { notes: string[] };
    expect(notes).toEqual([expect.stringMatching(/^not allowed to see the backup of this run/)]);
  });
});

describe('a run that fails', () => {
  const line = (fields: object) => JSON.stringify({ level: 'error', message: '', ...fields });

  test('with the code of the program, and its sentence', async () => {
    account.looks = [failed({ exitCode: 11 })];
    account.log = [
      line({ level: 'info', event: 'start', message: 'backing up shop' }),
      line({ event: 'failed', message: "access denied for user 'backup'\u001b[31m: look at the secret" }),
    ];
    const sentence = "access denied for user 'backup' [31m: look at the secret";
    expect(await run()).toEqual({
      ...{ code: 1, out: STARTED },
      err: `error: the run of shop failed with exit code 11 (connection): ${sentence}\n`,
    });
    const { code, out } = await run('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ...{ outcome: 'failed', exitCode: 11, exitName: 'connection' },
      reason: "access denied for user 'backup'\u001b[31m: look at the secret",
    });
  });

  test.each<[string, object, object, string]>([
    [
      'by memory',
      { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
      {},
      'failed with exit code 137: OutOfMemoryError: Container killed due to memory usage',
    ],
    [
      'before it began',
      {},
      { startedAt: undefined, stopCode: 'TaskFailedToStart', stoppedReason: 'CannotPullContainerError: no route' },
      'never began: CannotPullContainerError: no route',
    ],
    [
      'because it was stopped',
      {},
      { stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' },
      'was ended from outside: Task stopped by user',
    ],
    ['without a word', {}, { stopCode: undefined, stoppedReason: '' }, 'was ended from outside: ECS does not say why'],
  ])('%s', async (_, container, changes, sentence) => {
    account.looks = [failed(container, changes)];
    account.log = undefined;
    expect(await run()).toEqual({
      ...{ code: 1, out: STARTED },
      err: `error: the run of shop ${sentence}: read its log, and see docs/troubleshooting.md\n`,
    });
  });

  test.each<[string, Account['looks'], string]>([
    [
      'who may not look at it',
      [denied('ecs:DescribeTasks')],
      'not allowed to look at the task: User: x is not authorized to perform: ecs:DescribeTasks: it takes ecs:DescribeTasks, see docs/cli.md',
    ],
    [
      'a task that ECS forgot',
      [{ body: { tasks: [RUNNING] } }, { body: { tasks: [] } }],
      `ECS does not know the task ${TASK} any more: look at its log, and at the backups with proven-backups list`,
    ],
  ])('is not what %s has seen', async (_, looks, sentence) => {
    account.looks = looks;
    const { code, out, err } = await run('--json');
    expect({ code, err }).toEqual({ code: 1, err: `error: the run goes on, but nobody sees how: ${sentence}\n` });
    expect(JSON.parse(out)).toMatchObject({ task: TASK, outcome: 'started' });
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
