import type { Ran } from './cli-support';
import { cli, DIRECTORY, directoryParameter, isolateEnvironment, StandIn } from './cli-support';
import { Account, BUCKET, CLUSTER, denied, RUN, SHARED_TASK, STARTED } from './run-support';

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

/** A directory with one source, whose task is changed. */
const directoryWith = (changes: object) =>
  directoryParameter('shop', {
    tasks: [{ ...SHARED_TASK, ...changes }],
    sources: { shop: { dump: { securityGroups: 'sg-1' } } },
  });

describe('starts the task as the directory says', () => {
  test('--no-wait ends then', async () => {
    expect(await run('--no-wait')).toEqual({ code: 0, out: STARTED, err: '' });
    expect(requests()).toEqual([
      {
        cluster: CLUSTER,
        count: 1,
        launchType: 'FARGATE',
        startedBy: 'proven-backups/run',
        taskDefinition: 'ShopBackups-Backups-shop',
        clientToken: expect.stringMatching(/^[\da-f-]{36}$/) as string,
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ['subnet-1', 'subnet-2'],
            securityGroups: ['sg-1'],
            assignPublicIp: 'DISABLED',
          },
        },
        enableECSManagedTags: true,
        propagateTags: 'TASK_DEFINITION',
      },
    ]);
    expect(standIn.asked.some(({ target }) => target?.endsWith('.DescribeTasks'))).toBe(false);
  });

  test('with everything that a task may have, and ignores what a newer release adds', async () => {
    account.directory = [
      directoryParameter('shop', {
        functions: { verify: 'new' },
        tasks: [{ ...SHARED_TASK, publicIp: true, spot: true, platformVersion: '1.4.0', memory: 4096 }],
        sources: { shop: { engine: 'mysql', dump: { securityGroups: 'sg-1,sg-2' }, verify: { task: 7 } } },
      }),
    ];
    expect((await run('--no-wait')).code).toBe(0);
    const [request] = requests();
    expect(request).toMatchObject({
      platformVersion: '1.4.0',
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      networkConfiguration: { awsvpcConfiguration: { securityGroups: ['sg-1', 'sg-2'], assignPublicIp: 'ENABLED' } },
    });
    expect(request).not.toHaveProperty('launchType');
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

  test('a note tells of another task of the source', async () => {
    const [, second] = account.directory;
    account.directory = [
      second!,
      { ...second!, Name: `${DIRECTORY}same` },
      { ...directoryWith({ spot: true }), Name: `${DIRECTORY}twin` },
    ];
    const note = `${DIRECTORY}twin lists another task of shop: remove one of the two backups`;
    expect(await run('--no-wait')).toEqual({ code: 0, out: `${STARTED}note ${note}\n`, err: '' });
    const { out } = await run('--no-wait', '--json');
    expect(JSON.parse(out)).toMatchObject({ outcome: 'started', notes: [note] });
  });
});

test.each<[string, (account: Account) => void, string]>([
  [
    'a source that nothing knows',
    (it) => (it.directory = it.directory.slice(0, 1)),
    `bucket ${BUCKET} has no source shop: known are wiki`,
  ],
  [
    'a source that is only pruned',
    (it) => (it.directory = [directoryParameter('shop', { sources: { shop: {} } })]),
    `nothing backs up source shop of bucket ${BUCKET}: it is only pruned: deploy a stack with its backup`,
  ],
  [
    'a bucket without a directory',
    (it) => (it.directory = []),
    `bucket ${BUCKET} has no directory: eu-west-1 has no parameter under ${DIRECTORY}: check --bucket, --region and the account, or deploy its stack again`,
  ],
  [
    'a directory that points nowhere',
    (it) =>
      (it.directory = [
        directoryParameter('shop', { sources: { shop: { dump: { task: 2, securityGroups: 'sg-1' } } } }),
      ]),
    `the settings ${DIRECTORY}shop are damaged: shop: no task has the number 2: deploy their stack again`,
  ],
  [
    'no capacity, in an answer with 200',
    (it) =>
      (it.starts = [
        { body: { tasks: [], failures: [{ reason: 'Capacity is unavailable at this time', detail: '' }] } },
      ]),
    'ECS did not start a run of shop: Capacity is unavailable at this time: try again in a few minutes',
  ],
  [
    'who may not start it',
    (it) => (it.starts = [denied('ecs:RunTask')]),
    'not allowed to start a run of shop: User: x is not authorized to perform: ecs:RunTask: this needs ecs:RunTask, ecs:TagResource and iam:PassRole, see docs/cli.md',
  ],
])('%s', async (_, change, sentence) => {
  change(account);
  expect(await run()).toEqual({ code: 1, out: '', err: `error: ${sentence}\n` });
  expect(standIn.asked.some(({ target }) => target?.endsWith('.DescribeTasks'))).toBe(false);
});

test('--trigger before-deployment tells the program, and is an occasion of its own', async () => {
  expect((await run('--no-wait', '--trigger', 'before-deployment')).code).toBe(0);
  const environment = [{ name: 'BACKUP_TRIGGER', value: 'before-deployment' }];
  expect(requests()).toMatchObject([{ overrides: { containerOverrides: [{ name: 'backup', environment }] } }]);
  const { code, err } = await run('--trigger', 'schedule');
  expect(code).toBe(2);
  expect(err).toContain('Allowed choices are on-demand, before-deployment.');
});
