/** `run` of a source that runs on an instance. */
import type { Answer, Asked, Ran } from './cli-support';
import { cli, directoryParameter, isolateEnvironment, StandIn } from './cli-support';
import { Account, denied, LOG_GROUP, RUN } from './run-support';

isolateEnvironment();

const ID = 'e8d3c0e4-71f7-4491-898f-c9b35bee5f3b';
const INSTANCE = 'i-0a1b2c3d4e5f60718';
const RUN_ID = '1f0e6a3b-2f2e-4f0e-9f2e-1f0e6a3b2f2e';
const COMMAND = { document: 'ShopBackups-Backups-shop', logGroup: LOG_GROUP };
const STARTED = `Started a backup of shop: command ${ID} on instance ${INSTANCE}.\n`;
const WAITING =
  'waiting until the command ends, which takes as long as the backup; Ctrl-C ends the waiting, not the backup\n';

let account: Account;
let standIn: StandIn;
let instances: object[];
let invocations: Answer[];

const directoryWith = (target: object) =>
  directoryParameter('shop', { sources: { shop: { engine: 'mysql', command: { ...COMMAND, ...target } } } });
const ended = (changes: object): Answer => ({
  body: {
    CommandId: ID,
    InstanceId: INSTANCE,
    ResponseCode: 0,
    Status: 'Success',
    StatusDetails: 'Success',
    ...changes,
  },
});

beforeEach(async () => {
  account = new Account();
  account.directory = [directoryWith({ instanceId: INSTANCE })];
  instances = [{ InstanceId: INSTANCE, PingStatus: 'Online' }];
  invocations = [
    {
      status: 400,
      headers: { 'x-amzn-errortype': 'InvocationDoesNotExist' },
      body: { __type: 'InvocationDoesNotExist' },
    },
    ended({ Status: 'InProgress', StatusDetails: 'InProgress', ResponseCode: -1 }),
    ended({ StandardOutputContent: `{"run":"${RUN_ID}"}\n` }),
  ];
  standIn = new StandIn((asked) => answer(asked) ?? account.answer(asked));
  await standIn.start();
});
afterEach(() => standIn.stop());

function answer({ target }: Asked): Answer | undefined {
  switch (target) {
    case 'AmazonSSM.DescribeInstanceInformation':
      return { body: { InstanceInformationList: instances } };
    case 'AmazonSSM.SendCommand':
      return { body: { Command: { CommandId: ID } } };
    case 'AmazonSSM.GetCommandInvocation':
      return invocations.length > 1 ? invocations.shift() : invocations[0];
  }
  return undefined;
}

const run = (...more: string[]): Promise<Ran> => cli([...RUN, ...more]);
const sent = (operation: string) =>
  standIn.asked.flatMap(({ target, body }) =>
    target === `AmazonSSM.${operation}` ? [JSON.parse(body) as Record<string, unknown>] : [],
  );

test('sends the document to the instance, and follows it to its end', async () => {
  const { code, out, err } = await run();
  expect({ code, out }).toEqual({
    code: 3,
    out: expect.stringMatching(new RegExp(`^${STARTED}Done after `)) as string,
  });
  expect(err).toContain(`${WAITING}the command is inprogress …\n`);
  // The account has no manifest of it.
  expect(out).toContain('the run succeeded, but bucket shop-backups has no backup of it');
  expect(sent('DescribeInstanceInformation')).toMatchObject([
    { Filters: [{ Key: 'InstanceIds', Values: [INSTANCE] }] },
  ]);
  expect(sent('SendCommand')).toEqual([
    {
      DocumentName: COMMAND.document,
      DocumentVersion: '$LATEST',
      InstanceIds: [INSTANCE],
      TimeoutSeconds: 600,
      Parameters: { trigger: ['on-demand'] },
    },
  ]);
});

test('by tags, with another occasion; --no-wait ends then', async () => {
  account.directory = [directoryWith({ tags: { Name: 'vm', Stage: 'live' } })];
  const { code, out } = await run('--no-wait', '--json', '--trigger', 'before-deployment');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    bucket: 'shop-backups',
    source: 'shop',
    trigger: 'before-deployment',
    command: ID,
    instance: INSTANCE,
    logGroup: LOG_GROUP,
    outcome: 'started',
    notes: [],
  });
  expect(sent('DescribeInstanceInformation')).toMatchObject([
    {
      Filters: [
        { Key: 'tag:Name', Values: ['vm'] },
        { Key: 'tag:Stage', Values: ['live'] },
      ],
    },
  ]);
  expect(sent('SendCommand')).toMatchObject([
    { InstanceIds: [INSTANCE], Parameters: { trigger: ['before-deployment'] } },
  ]);
});

test.each<[string, () => void, string]>([
  [
    'no such instance',
    () => (instances = []),
    `Systems Manager does not know instance ${INSTANCE}: it is stopped or gone, its SSM Agent does not run, or its role lacks AmazonSSMManagedInstanceCore`,
  ],
  [
    'an instance that is not reached',
    () => (instances = [{ InstanceId: INSTANCE, PingStatus: 'ConnectionLost' }]),
    `Systems Manager does not reach instance ${INSTANCE} (ConnectionLost): start it, or its SSM Agent`,
  ],
  [
    'two instances with the tags',
    () => {
      account.directory = [directoryWith({ tags: { Name: 'vm' } })];
      instances = [...instances, { InstanceId: 'i-2', PingStatus: 'Online' }];
    },
    `2 instances have the tags of the instance with the tags Name=vm: ${INSTANCE}, i-2: give them to one instance alone`,
  ],
])('%s: nothing is sent', async (_, arrange, sentence) => {
  arrange();
  const { code, err } = await run();
  expect(code).toBe(1);
  expect(err).toContain(sentence);
  expect(sent('SendCommand')).toEqual([]);
});

test.each<[string, object, string[] | undefined, string]>([
  [
    'the program failed',
    { Status: 'Failed', ResponseCode: 11, StandardOutputContent: `{"run":"${RUN_ID}"}\n` },
    [
      JSON.stringify({
        level: 'error',
        event: 'failed',
        message: 'could not connect to 127.0.0.1:3306',
        exit: 'connection',
      }),
    ],
    'the run of shop failed with exit code 11 (connection): could not connect to 127.0.0.1:3306',
  ],
  [
    'the host could not start it',
    { Status: 'Failed', ResponseCode: 101, StandardErrorContent: 'docker is not in PATH: install Docker\n' },
    [],
    'the run of shop never started: docker is not in PATH: install Docker: read its log, and see docs/troubleshooting.md',
  ],
  [
    'it ran out of memory',
    {
      ...{ Status: 'Failed', ResponseCode: 108, StandardErrorContent: 'the container ran out of memory\n' },
      StandardOutputContent: `{"run":"${RUN_ID}"}\n`,
    },
    undefined,
    'the run of shop failed with exit code 108 (outOfMemory): the container ran out of memory: read its log, and see docs/troubleshooting.md',
  ],
  [
    'it was never delivered',
    { Status: 'TimedOut', StatusDetails: 'DeliveryTimedOut', ResponseCode: -1 },
    [],
    'the run of shop never started: DeliveryTimedOut: read its log, and see docs/troubleshooting.md',
  ],
])('%s', async (_, invocation, log, sentence) => {
  invocations = [ended(invocation)];
  account.log = log;
  const { code, err } = await run();
  expect(code).toBe(1);
  expect(err).toContain(sentence);
});

test('a command that may not be looked at goes on', async () => {
  invocations = [denied('ssm:GetCommandInvocation')];
  const { code, err } = await run();
  expect(code).toBe(1);
  expect(err).toContain('the run continues, but cannot be followed: not allowed to look at the command');
});
