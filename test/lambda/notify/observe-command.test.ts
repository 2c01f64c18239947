/** Runs on instances, by the events of Systems Manager. */
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { CAUSES } from '../../../catalog/contract/alarms';
import { EXIT_CODES } from '../../../catalog/contract/task';
import { commandReader } from '../../../lambda/notify/observe/command-reader';
import { scheduleReader } from '../../../lambda/notify/observe/schedule-reader';
import { observe } from '../../../lambda/notify/observe/observe';
import type { CommandEnd, CommandRequest } from '../../../lambda/notify/ports';
import type { Trouble } from '../../../lambda/notify/problems/observation';
import { contextWith, eventOf, messageOf } from './events/message';

const ID = 'e8d3c0e4-71f7-4491-898f-c9b35bee5f3b';
const INSTANCE = 'i-0a1b2c3d4e5f60718';
const RUN = '1f0e6a3b-2f2e-4f0e-9f2e-1f0e6a3b2f2e';

/** As in the guide of Systems Manager. */
const invocation = (status: string, document = 'acme-shop') =>
  eventOf(
    'aws.ssm',
    'EC2 Command Invocation Status-change Notification',
    {
      'command-id': ID,
      'document-name': document,
      'instance-id': INSTANCE,
      'requested-date-time': '2026-11-20T02:00:12.049Z',
      status,
    },
    [`arn:aws:ec2:eu-west-1:123456789012:instance/${INSTANCE}`],
  );
const command = (status: string) =>
  eventOf('aws.ssm', 'EC2 Command Status-change Notification', {
    'command-id': ID,
    'document-name': 'acme-shop',
    'expire-after': '2026-11-20T04:00:12.049Z',
    parameters: { trigger: ['schedule'] },
    'requested-date-time': '2026-11-20T02:00:12.049Z',
    status,
  });

const read = (event: unknown, end: CommandEnd = {}, request: CommandRequest = { targets: 1 }) => {
  const lookUpCommand = { endOf: () => Promise.resolve(end), requestOf: () => Promise.resolve(request) };
  return observe(messageOf(event), contextWith({ lookUpCommand }));
};
const troubleOf = async (event: unknown, end?: CommandEnd): Promise<Trouble> => {
  const observations = await read(event, end);
  expect(observations).toHaveLength(1);
  return observations[0] as Trouble;
};

test('success ends what was wrong with the backups of the source', async () => {
  expect(await read(invocation('Success'))).toEqual([
    {
      state: 'ok',
      ...{ key: 'shop', source: 'shop', about: 'shop' },
      ends: ['failed', 'never-started', 'silent'],
      at: '2026-11-20T02:10:22.000Z',
      event: '315c1398-40ff-a850-213b-158f73e60175',
    },
  ]);
});

test('a failed run is told as that of a task, with its log', async () => {
  const end = { exitCode: 11, status: 'Failed', run: RUN, endedAt: '2026-11-20T02:10:20.000Z' };
  expect(await troubleOf(invocation('Failed'), end)).toEqual({
    state: 'problem',
    signal: 'failed',
    cause: 'connection',
    ...{ key: 'shop', source: 'shop', about: 'shop' },
    sentence: 'the database was not reached, or refused the login',
    at: '2026-11-20T02:10:20.000Z',
    since: '2026-11-20T02:10:20.000Z',
    event: '315c1398-40ff-a850-213b-158f73e60175',
    logGroup: '/backups/acme',
    logStream: `shop/backup/${RUN}`,
    command: { id: ID, document: 'acme-shop', instanceId: INSTANCE, exitCode: 11, status: 'Failed' },
  });
});

test.each<[CommandEnd, string, string, string]>([
  [
    { exitCode: 101, status: 'Failed', said: 'docker is not in PATH: install Docker\n' },
    'never-started',
    'instance-not-ready',
    `instance ${INSTANCE} could not start the run: docker is not in PATH: install Docker`,
  ],
  [{ exitCode: 108, run: RUN }, 'failed', 'out-of-memory', 'the run ran out of memory'],
  [
    {
      exitCode: 104,
      said: 'Error: no basic auth credentials\nECR did not let this instance in\nfailed to run commands: exit status 104',
    },
    'never-started',
    'instance-not-ready',
    `instance ${INSTANCE} could not start the run: ECR did not let this instance in: Error: no basic auth credentials`,
  ],
  [
    { exitCode: 107, run: RUN, said: 'Docker did not answer for 5 minutes\n' },
    'failed',
    'killed',
    `nobody saw the end of the run on instance ${INSTANCE}: Docker did not answer for 5 minutes`,
  ],
  [{ exitCode: 109, run: RUN }, 'failed', 'killed', `the container of the run was killed on instance ${INSTANCE}`],
  [{ exitCode: 137, run: RUN }, 'failed', 'killed', 'the task was killed, with exit code 137'],
  [
    { exitCode: 137, run: RUN, status: 'ExecutionTimedOut' },
    'failed',
    'timedOut',
    'Systems Manager ended the run, which took too long',
  ],
  [
    { exitCode: 137, run: RUN, status: 'Cancelled' },
    'failed',
    'interrupted',
    'somebody cancelled the command of the run',
  ],
  [{ status: 'ExecutionTimedOut' }, 'failed', 'timedOut', 'Systems Manager ended the run, which took too long'],
  [{ status: 'Cancelled' }, 'failed', 'interrupted', 'somebody cancelled the command of the run'],
  [{ status: 'Failed' }, 'failed', 'killed', `the script of the run was killed on instance ${INSTANCE}`],
  [
    { status: 'DeliveryTimedOut' },
    'never-started',
    'instance-not-reached',
    `Systems Manager did not reach instance ${INSTANCE} (DeliveryTimedOut)`,
  ],
  [
    { status: 'Undeliverable' },
    'never-started',
    'instance-not-reached',
    `Systems Manager did not reach instance ${INSTANCE} (Undeliverable)`,
  ],
])('%j is %s, %s', async (end, signal, cause, sentence) => {
  const trouble = await troubleOf(invocation('Failed'), end);
  expect(trouble).toMatchObject({ signal, cause, sentence });
  expect(CAUSES[signal as 'failed']).toContain(cause);
  expect(trouble.logStream).toBe(end.run && `shop/backup/${RUN}`);
});

test('however much Docker says first, the sentence of the script is quoted', async () => {
  const said = `${'WARNING! '.repeat(100)}\nthe secret shop could not be read\n`;
  expect((await troubleOf(invocation('Failed'), { exitCode: 105, said })).sentence).toContain(
    'could not start the run: the secret shop could not be read: WARNING!',
  );
});

describe('a restore', () => {
  const restore = (status: string) => invocation(status, 'restore.acme-shop');
  const ABOUT = { key: 'housekeeping/restore/shop', about: 'restore of shop' };
  const request = { backupId: '2026-11-19T01-00-00Z', overwrite: ['shop'] };
  const sent = (changes: object = {}): CommandRequest => ({ restore: JSON.stringify({ ...request, ...changes }) });

  test('that fails is told as that of a task, with what it was asked for and its log', async () => {
    const end = { exitCode: 16, status: 'Failed', run: RUN, endedAt: '2026-11-20T02:10:20.000Z' };
    const sentence = 'loading failed, or the target is not as the backup';
    expect(await read(restore('Failed'), end, sent())).toEqual([
      {
        state: 'problem',
        signal: 'housekeeping',
        cause: 'restore',
        ...{ ...ABOUT, hasEnd: true, sentence, short: sentence },
        restore: { source: 'shop', backupId: request.backupId, overwrite: true },
        at: '2026-11-20T02:10:20.000Z',
        since: '2026-11-20T02:10:20.000Z',
        event: '315c1398-40ff-a850-213b-158f73e60175',
        logGroup: '/backups/acme',
        logStream: `shop/backup/${RUN}`,
        command: { id: ID, document: 'restore.acme-shop', instanceId: INSTANCE, exitCode: 16, status: 'Failed' },
      },
    ]);
  });

  test('that was not started is one that failed', async () => {
    const end = { exitCode: 101, said: 'docker is not in PATH: install Docker' };
    expect(await read(restore('Failed'), end, {})).toMatchObject([
      {
        ...{ ...ABOUT, cause: 'restore', restore: { source: 'shop' } },
        sentence: `instance ${INSTANCE} could not start the run: docker is not in PATH: install Docker`,
      },
    ]);
  });

  test('that succeeds ends that', async () => {
    expect(await read(restore('Success'), {}, sent())).toMatchObject([
      { state: 'ok', ...ABOUT, ends: ['housekeeping'] },
    ]);
  });

  test.each<[string, CommandEnd, CommandRequest]>([
    ['only looks at the target', { exitCode: 16 }, sent({ dryRun: true })],
    ['the target refuses', { exitCode: EXIT_CODES.targetRefused }, sent()],
    ['was sent twice', { exitCode: 111 }, sent()],
  ])('that %s is no failure', async (_, end, asked) => {
    expect(await read(restore('Failed'), end, asked)).toEqual([]);
  });

  test('of a source that nobody watches', async () => {
    expect(await read(invocation('Failed', 'restore.acme-wiki'), { exitCode: 16 })).toEqual([]);
  });
});

test('a second run of the source at the same time is no failure', async () => {
  expect(await read(invocation('Failed'), { exitCode: EXIT_CODES.alreadyRunning, run: RUN })).toEqual([]);
});

test('a command that finds no instance ends with Success, and is told all the same', async () => {
  expect(await read(command('Success'), {}, { targets: 0 })).toMatchObject([
    {
      signal: 'never-started',
      cause: 'instance-not-reached',
      sentence: 'no instance that Systems Manager reaches has the tags of runsOn',
      command: { id: ID, document: 'acme-shop', status: 'NoInstancesInTag' },
    },
  ]);
  // Of any other the invocation tells.
  expect(await read(command('Failed'))).toEqual([]);
  expect(await read(command('Success'), {}, {})).toEqual([]);
});

test('documents of others, and of sources that nobody watches, concern no backup', async () => {
  expect(await read(invocation('Failed', 'AWS-RunShellScript'))).toEqual([]);
  expect(await read(invocation('Failed', 'acme-wiki'))).toEqual([]);
});

test.each([
  ['arn:aws:scheduler:::aws-sdk:ssm:sendCommand', '{"DocumentName":"acme-shop"}', { family: 'acme-shop' }],
  ['arn:aws:scheduler:::aws-sdk:ssm:sendCommand', 'not JSON', {}],
  ['arn:aws:scheduler:::aws-sdk:rds:startDBInstance', '{"DocumentName":"acme-shop"}', {}],
])('a schedule of %s with %s', async (Arn, Input, expected) => {
  const client = { send: () => Promise.resolve({ Target: { Arn, Input } }) } as unknown as SchedulerClient;
  expect(await scheduleReader(client)('arn:aws:scheduler:eu-west-1:123456789012:schedule/g/n')).toEqual(expected);
});

describe('what Systems Manager answers', () => {
  const reader = (answer: object) => commandReader({ send: () => Promise.resolve(answer) } as unknown as SSMClient);

  test('of an invocation', async () => {
    const answer = {
      ResponseCode: 11,
      StatusDetails: 'Failed',
      StandardOutputContent: `{"run":"${RUN}"}\n`,
      StandardErrorContent: '',
      ExecutionEndDateTime: '2026-11-20T02:10:20.000Z',
    };
    expect(await reader(answer).endOf(ID, INSTANCE)).toEqual({
      ...{ exitCode: 11, status: 'Failed', run: RUN },
      endedAt: '2026-11-20T02:10:20.000Z',
    });
  });

  test('of one that never ended', async () => {
    const answer = { ResponseCode: -1, StatusDetails: 'DeliveryTimedOut', ExecutionEndDateTime: '' };
    expect(await reader(answer).endOf(ID, INSTANCE)).toEqual({ status: 'DeliveryTimedOut' });
  });

  test('of a command', async () => {
    expect(await reader({ Commands: [{ TargetCount: 0 }] }).requestOf(ID)).toEqual({ targets: 0 });
    const Parameters = { request: [Buffer.from('{"backupId":"x"}').toString('base64')], run: [RUN] };
    const command = { TargetCount: 1, Parameters };
    expect(await reader({ Commands: [command] }).requestOf(ID)).toEqual({ targets: 1, restore: '{"backupId":"x"}' });
    expect(await reader({}).requestOf(ID)).toEqual({});
  });
});
