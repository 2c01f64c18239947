import { exampleManifest } from '../../catalog/bucket/example-manifest';
import type { Ran } from './cli-support';
import { cli, isolateEnvironment, StandIn } from './cli-support';
import { Account, BUCKET, denied, failed, LINKS, RUN, RUNNING, STARTED, TASK, WAITING } from './run-support';

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

/** Two older ones, that which the run made, and one that a schedule made meanwhile. */
const MANIFESTS = [
  exampleManifest({ backupId: '2026-11-21T02-00-00Z', trigger: 'on-demand' }),
  exampleManifest({ backupId: '2026-11-21T15-22-30Z', trigger: 'on-demand' }),
  exampleManifest({ backupId: '2026-11-21T15-23-33Z', trigger: 'on-demand', scheduledTime: undefined }),
  exampleManifest({ backupId: '2026-11-21T15-25-00Z' }),
];

describe('waits', () => {
  test('until the run has ended, and shows its backup', async () => {
    // ECS may not know yet what it has just started.
    account.looks = [{ body: { tasks: [], failures: [{ reason: 'MISSING' }] } }, ...account.looks];
    account.manifests = MANIFESTS;
    const done = 'Done after 4 minutes: backup 2026-11-21T15-23-33Z of shop (10 B, 1 table, 3 rows).\n';
    expect(await run()).toEqual({ code: 0, out: STARTED + done, err: WAITING });
  });

  test('for a backup before a deployment, which is that of the run', async () => {
    const made = exampleManifest({ backupId: '2026-11-21T15-23-40Z', trigger: 'before-deployment' });
    account.manifests = [...MANIFESTS.slice(0, 2), made, ...MANIFESTS.slice(2)];
    expect((await run('--trigger', 'before-deployment')).out).toContain(`backup ${made.backupId} of shop`);
  });

  test('and tells each state, in a terminal or not', async () => {
    account.looks = [{ body: { tasks: [RUNNING] } }, { body: { tasks: [RUNNING] } }, ...account.looks];
    account.manifests = MANIFESTS;
    expect((await run()).err).toBe(`${WAITING}the task is running …\n`);
  });

  test('--json prints one object', async () => {
    account.manifests = MANIFESTS;
    const { code, out, err } = await run('--json');
    expect({ code, err, printed: JSON.parse(out) as unknown }).toEqual({
      code: 0,
      err: WAITING,
      printed: {
        bucket: BUCKET,
        source: 'shop',
        trigger: 'on-demand',
        task: TASK,
        cluster: 'ShopBackups-Cluster',
        links: LINKS,
        outcome: 'succeeded',
        exitCode: 0,
        exitName: 'success',
        notes: [],
        backup: { engine: 'mariadb', id: '2026-11-21T15-23-33Z', bytes: 10, tables: 1, rows: 3 },
      },
    });
  });

  test('a run that ended well and left no backup is a problem', async () => {
    account.manifests = MANIFESTS.slice(0, 1);
    const { code, out } = await run();
    expect(code).toBe(3);
    expect(out).toBe(
      `${STARTED}Done after 4 minutes.\nproblem the run succeeded, but bucket ${BUCKET} has no backup of it: check with proven-backups list\n`,
    );
  });

  test('who may not read the catalog is told why the backup is not shown', async () => {
    account.manifests = undefined;
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Done after 4 minutes\.\nnote not allowed to see the backup of this run: no: this needs s3:ListBucket, s3:GetObject and kms:Decrypt, see/m,
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
      code: 1,
      out: STARTED,
      err: `${WAITING}error: the run of shop failed with exit code 11 (connection): ${sentence}\n`,
    });
    const { code, out } = await run('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'failed',
      exitCode: 11,
      exitName: 'connection',
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
      'before it started',
      {},
      { startedAt: undefined, stopCode: 'TaskFailedToStart', stoppedReason: 'CannotPullContainerError: no route' },
      'never started: CannotPullContainerError: no route',
    ],
    [
      'before it started, whatever its exit code says',
      { exitCode: 0 },
      { startedAt: undefined, stopCode: 'TaskFailedToStart', stoppedReason: 'ResourceInitializationError: no secret' },
      'never started: ResourceInitializationError: no secret',
    ],
    [
      'because it was stopped',
      {},
      { stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' },
      'was stopped from outside: Task stopped by user',
    ],
    ['without a word', {}, { stopCode: undefined, stoppedReason: '' }, 'was stopped from outside: ECS gives no reason'],
  ])('%s', async (_, container, changes, sentence) => {
    account.looks = [failed(container, changes)];
    account.log = undefined;
    expect(await run()).toEqual({
      code: 1,
      out: STARTED,
      err: `${WAITING}error: the run of shop ${sentence}: read its log, and see docs/troubleshooting.md\n`,
    });
  });

  test.each<[string, Account['looks'], string]>([
    [
      'who may not look at it',
      [denied('ecs:DescribeTasks')],
      'not allowed to look at the task: User: x is not authorized to perform: ecs:DescribeTasks: this needs ecs:DescribeTasks, see docs/cli.md',
    ],
    [
      'a task that ECS forgot',
      [{ body: { tasks: [RUNNING] } }, { body: { tasks: [] } }],
      `ECS no longer knows the task ${TASK}: read its log, and check the backups with proven-backups list`,
    ],
  ])('is not what %s has seen', async (_, looks, sentence) => {
    account.looks = looks;
    const { code, out, err } = await run('--json');
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/^waiting /) as string,
    });
    expect(err.endsWith(`error: the run continues, but cannot be followed: ${sentence}\n`)).toBe(true);
    expect(JSON.parse(out)).toMatchObject({ task: TASK, outcome: 'started' });
  });
});
