/** `restore` of a source that runs on an instance. */
import type { RestoreRequest } from '../../../catalog/contract/task';
import type { Answer, Asked } from './cli-support';
import { directoryParameter, isolateEnvironment, StandIn } from './cli-support';
import {
  existing,
  failedLine,
  manifestOf,
  NEW,
  planLine,
  restore,
  RESTORE,
  RestoreAccount,
  restoredLine,
  SAFETY,
  talk,
} from './restore-support';
import { LOG_GROUP } from './run-support';

isolateEnvironment();

const INSTANCE = 'i-0a1b2c3d4e5f60718';
const COMMAND = { document: 'ShopBackups-Backups-shop', logGroup: LOG_GROUP, instanceId: INSTANCE };
const RESTORES = 'restore.ShopBackups-Backups-shop';

/** A command that was sent. */
interface Sent {
  readonly DocumentName: string;
  readonly InstanceIds: readonly string[];
  readonly Parameters: Readonly<Record<string, readonly [string]>>;
}
/** What one does: its log, and what its invocation says. */
interface Deed {
  readonly log?: readonly string[];
  readonly invocation?: object;
  /** AWS accepts it, and fails to say so. */
  readonly unanswered?: true;
}

let account: RestoreAccount;
let aws: StandIn;
let sent: Sent[];
let deeds: Deed[];
let looks: number;
/** Has the tags after the first command. */
let replacement: string | undefined;
/** The instance is gone after the first command. */
let gone: boolean;

const directory = (command: object) =>
  directoryParameter('shop', { sources: { shop: { engine: 'mariadb', command: { ...COMMAND, ...command } } } });

beforeEach(async () => {
  account = new RestoreAccount();
  account.directory = [directory({ restore: RESTORES })];
  [sent, deeds, looks, replacement, gone] = [[], [], 0, undefined, false];
  aws = new StandIn((asked) => answer(asked) ?? account.answer(asked));
  await aws.start();
});
afterEach(() => aws.stop());

function answer({ target, body }: Asked): Answer | undefined {
  const asked = () => JSON.parse(body) as Record<string, string> & Sent;
  switch (target) {
    case 'AmazonSSM.DescribeInstanceInformation': {
      const [{ Key }] = (JSON.parse(body) as { Filters: [{ Key: string }] }).Filters;
      const later = sent.length > 0 && replacement !== undefined;
      const id = later && Key.startsWith('tag:') ? replacement : INSTANCE;
      const known = !(gone && later && id === INSTANCE);
      return { body: { InstanceInformationList: known ? [{ InstanceId: id, PingStatus: 'Online' }] : [] } };
    }
    case 'AmazonSSM.SendCommand':
      looks = 0;
      sent.push(asked());
      if (asked().DocumentName === COMMAND.document) account.add(manifestOf(SAFETY, { trigger: 'before-restore' }));
      if (deeds[sent.length - 1]?.unanswered) return { status: 500, body: { __type: 'InternalServerError' } };
      return {
        body: {
          Command: {
            CommandId: `command-${sent.length - 1}`,
            RequestedDateTime: Date.parse('2026-11-21T15:23:00Z') / 1000,
          },
        },
      };
    case 'AmazonSSM.GetCommandInvocation': {
      const running = looks++ === 0;
      const ended = {
        Status: 'Success',
        ResponseCode: 0,
        ...deeds[Number(asked().CommandId!.split('-')[1])]?.invocation,
      };
      return { body: running ? { Status: 'InProgress', ResponseCode: -1 } : ended };
    }
    case 'Logs_20140328.GetLogEvents': {
      const { logStreamName: stream, nextToken } = asked();
      const number = sent.findIndex(({ Parameters: { run } }) => stream === `shop/backup/${run?.[0]}`);
      const lines = nextToken === undefined ? (deeds[number]?.log ?? []) : [];
      return { body: { events: lines.map((message) => ({ message, timestamp: 1 })), nextForwardToken: 'end' } };
    }
  }
  return undefined;
}

const requests = (): RestoreRequest[] =>
  sent.flatMap(({ Parameters: { request } }) =>
    request ? [JSON.parse(Buffer.from(request[0], 'base64').toString()) as RestoreRequest] : [],
  );

test('looks, then restores, by the document that restores, and follows each run by an id of its own', async () => {
  deeds = [{ log: [planLine()] }, { log: [planLine(), restoredLine()] }];
  const { code, out, err } = await restore('--yes');
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('all as in the backup.') as string });
  expect(err).toContain('the command is inprogress …');
  expect(sent.map(({ DocumentName }) => DocumentName)).toEqual([RESTORES, RESTORES]);
  expect(requests()).toMatchObject([{ backupId: NEW, dryRun: true }, { backupId: NEW }]);
  const runs = sent.map(({ Parameters }) => Parameters.run![0]);
  expect(new Set(runs).size).toBe(2);
  for (const run of runs) expect(run).toMatch(/^[0-9a-f-]{36}$/);
  for (const { Parameters } of sent) {
    const seconds = Number(Parameters.notAfter![0]) - Date.now() / 1000;
    expect(seconds).toBeGreaterThan(3500);
    expect(seconds).toBeLessThanOrEqual(3600);
  }
});

test('--overwrite makes a safety backup on the instance first', async () => {
  deeds = [{ log: [planLine({ targets: existing() })] }, {}, { log: [planLine(), restoredLine()] }];
  const { code, out } = await restore('--yes', '--overwrite');
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringContaining(`Safety backup ${SAFETY} of shop is complete.`) as string,
  });
  expect(sent.map(({ DocumentName, Parameters }) => [DocumentName, Parameters.trigger?.[0]])).toEqual([
    [RESTORES, undefined],
    [COMMAND.document, 'before-restore'],
    [RESTORES, undefined],
  ]);
  expect(requests()[1]).toMatchObject({ overwrite: ['shop'] });
});

describe('by tags', () => {
  beforeEach(() => {
    account.directory = [directory({ restore: RESTORES, instanceId: undefined, tags: { Name: 'vm' } })];
    deeds = [{ log: [planLine({ targets: existing() })] }, {}, { log: [planLine(), restoredLine()] }];
  });
  const instances = () => sent.map(({ InstanceIds }) => InstanceIds);

  test('the instance that was looked at gets the safety backup and the restore, whichever has the tags then', async () => {
    replacement = 'i-0fffffffffffffff1';
    expect((await restore('--yes', '--overwrite')).code).toBe(0);
    expect(instances()).toEqual(Array(3).fill([INSTANCE]));
  });

  test('if it is gone, nothing is replaced', async () => {
    replacement = 'i-0fffffffffffffff1';
    gone = true;
    const { code, err } = await restore('--yes', '--overwrite');
    expect(code).toBe(1);
    expect(err).toContain(
      `there is no safety backup, so nothing was replaced: Systems Manager does not know instance ${INSTANCE}`,
    );
    expect(instances()).toEqual([[INSTANCE]]);
  });
});

test.each<[string, Deed, string]>([
  [
    'the program fails',
    { log: [failedLine('the target is full')], invocation: { Status: 'Failed', ResponseCode: 16 } },
    'the restore of shop failed with exit code 16 (restoreFailed): the target is full',
  ],
  [
    'the instance cannot start it',
    {
      invocation: {
        Status: 'Failed',
        ResponseCode: 110,
        StandardErrorContent: 'Docker shows no volume x on this instance\n',
      },
    },
    'the restore of shop did not come to its end: Docker shows no volume x on this instance',
  ],
])('%s', async (_, deed, sentence) => {
  deeds = [{ log: [planLine()] }, deed];
  const { code, err } = await restore('--yes');
  expect(code).toBe(1);
  expect(err).toContain(sentence);
});

test('what AWS does not answer is not sent again: it may run', async () => {
  process.env.AWS_MAX_ATTEMPTS = '3';
  deeds = [{ log: [planLine()] }, { unanswered: true }];
  const { code, err } = await restore('--yes');
  expect(code).toBe(1);
  expect(err).toContain(`it may run all the same: look at the commands of instance ${INSTANCE} first`);
  expect(sent).toHaveLength(2);
});

const [BEFORE, UNKNOWN] = ['the target is as it was before', 'nobody knows: the target may have a part of the backup'];
const MAY_RUN = 'the container may still run: docker ps --filter name=proven-backups-shop-';
test.each<[string, Deed, string, string | undefined]>([
  ['the script was killed', { invocation: { Status: 'Failed', ResponseCode: -1 } }, UNKNOWN, MAY_RUN],
  ['the agent ended it', { invocation: { Status: 'Failed', ResponseCode: 137 } }, UNKNOWN, MAY_RUN],
  [
    'it was cancelled',
    { invocation: { Status: 'Cancelled', StatusDetails: 'Cancelled', ResponseCode: -1 } },
    UNKNOWN,
    MAY_RUN,
  ],
  [
    'it took too long',
    { invocation: { Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut', ResponseCode: -1 } },
    UNKNOWN,
    MAY_RUN,
  ],
  ['nobody waits for it any more', { invocation: { Status: 'Failed', ResponseCode: 107 } }, UNKNOWN, MAY_RUN],
  ['it was sent before', { invocation: { Status: 'Failed', ResponseCode: 111 } }, UNKNOWN, MAY_RUN],
  [
    'it was never delivered',
    { invocation: { Status: 'TimedOut', StatusDetails: 'Delivery Timed Out', ResponseCode: -1 } },
    BEFORE,
    undefined,
  ],
  ['Docker is missing', { invocation: { Status: 'Failed', ResponseCode: 101 } }, BEFORE, undefined],
  [
    'the program had begun all the same',
    { log: [planLine()], invocation: { Status: 'Failed', ResponseCode: 106 } },
    UNKNOWN,
    undefined,
  ],
])('the state of the target when %s', async (_, deed, state, hint) => {
  deeds = [{ log: [planLine()] }, deed];
  const { code, err } = await restore('--yes');
  expect(code).toBe(1);
  expect(err).toContain(`  state    ${state}\n`);
  if (hint === undefined) expect(err).not.toContain('docker ps');
  else expect(err).toContain(hint);
});

test('it is stopped on the instance only, which Ctrl-C says', async () => {
  deeds = [{ log: [planLine()] }, { log: [planLine()], invocation: { Status: 'InProgress', ResponseCode: -1 } }];
  const { code, err } = await talk(
    [...RESTORE, '--yes'],
    [
      [/restoring, Ctrl-C/, 'Ctrl-C'],
      [/goes on by itself/, 'leave'],
    ],
  );
  expect(code).not.toBe(0);
  expect(err).toContain(
    `Only docker stop --time 120 proven-backups-shop-${sent[1]!.Parameters.run![0]} on instance ${INSTANCE} stops it. Type leave to leave it alone`,
  );
});

test('without restore: says what to do', async () => {
  account.directory = [directory({})];
  const { code, err } = await restore('--yes');
  expect(code).toBe(1);
  expect(err).toContain('runs on an instance, and nothing restores there: give its DatabaseBackup restore, and deploy');
});
