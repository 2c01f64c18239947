import { DEPLOYMENT_ENV } from '../../../catalog/contract/handlers';
import { answerDeployment, nameOf } from '../../../lambda/before-deployment/deployment';
import type { Ports } from '../../../lambda/before-deployment/ports';
import { signalEnd } from '../../../lambda/before-deployment/signal-end';
import { cloudFormationClient, ecsClient, logsClient, s3Client, ssmClient } from '../../../lambda/shared/clients';
import { exampleManifest } from '../../catalog/bucket/example-manifest';
import type { Answer, Asked } from '../../bin/cli/cli-support';
import { isolateEnvironment, StandIn } from '../../bin/cli/cli-support';
import { Account, BUCKET, CLUSTER, denied, TASK_ARN } from '../../bin/cli/run-support';
import { invoke } from '../support';

isolateEnvironment();

const STACK = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/App/5a1c0cb0-cd3e-11f0-8d1b-0a58a9feac02';
const FINGERPRINT = '0123456789abcdef';
const RUN = `AppBeforeRun${FINGERPRINT}`;
const HANDLE = 'AppBeforeHandle';
const STARTED_BY = 'proven-backups/5a1c0cb0-cd3e-11f0-8d1b-0a58a9feac02/0123456789ab/';
const SHOP = { bucket: BUCKET, source: 'shop' };
const BLOG = { bucket: BUCKET, source: 'blog' };

let account: Account;
let standIn: StandIn;
let stackStatus: string;
/** Physical id of the wait condition's handle; `undefined`: there is none. */
let physicalId: string | undefined;
/** Answers to those who answer. */
let taken: Answer[];
const url = (path: string) => `${process.env.AWS_ENDPOINT_URL}/${path}?Signature=x`;
const handle = () => url('handle');

beforeEach(async () => {
  account = new Account();
  stackStatus = 'UPDATE_IN_PROGRESS';
  taken = [];
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  standIn = new StandIn(answer);
  await standIn.start();
  physicalId = handle();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await standIn.stop();
});

function answer(asked: Asked): Answer | undefined {
  if (asked.method === 'PUT') return taken.shift() ?? { status: 200 };
  const action = /^Action=(\w+)/.exec(asked.body)?.[1];
  const xml = (inner: string): Answer => ({
    body: `<${action}Response><${action}Result>${inner}</${action}Result></${action}Response>`,
  });
  if (action === 'DescribeStacks')
    return xml(`<Stacks><member><StackStatus>${stackStatus}</StackStatus></member></Stacks>`);
  if (action !== 'DescribeStackResource') return account.answer(asked);
  expect(asked.body).toContain(`LogicalResourceId=${HANDLE}${FINGERPRINT}`);
  if (physicalId !== undefined) {
    return xml(`<StackResourceDetail><PhysicalResourceId>${physicalId}</PhysicalResourceId></StackResourceDetail>`);
  }
  const error = '<Type>Sender</Type><Code>ValidationError</Code><Message>does not exist for stack App</Message>';
  return { status: 400, body: `<ErrorResponse><Error>${error}</Error></ErrorResponse>` };
}

const ports = (backups: Ports['backups'] = [SHOP]): Ports => ({
  cloudFormation: cloudFormationClient(),
  ecs: ecsClient(),
  logs: logsClient(),
  s3: s3Client(),
  ssm: ssmClient(),
  backups,
  stack: STACK,
  handle: HANDLE,
  startedBy: STARTED_BY,
});

/** As CloudFormation sends it. */
const request = (RequestType: 'Create' | 'Update' | 'Delete', changes: object = {}) => ({
  RequestType,
  ResponseURL: url('response'),
  StackId: STACK,
  RequestId: '7d9c9b5c-0b7b-4b55-9f8e-5d0b5c0f8e11',
  ResourceType: 'Custom::BackupBeforeDeployment',
  LogicalResourceId: RUN,
  ...(RequestType !== 'Create' && { PhysicalResourceId: RUN }),
  ResourceProperties: { ServiceToken: 'arn', Handle: handle(), OnCreate: 'false', ...changes },
});

/** As ECS sends it. */
const stopped = (container: object, changes: object = {}) => ({
  source: 'aws.ecs',
  'detail-type': 'ECS Task State Change',
  detail: {
    taskArn: TASK_ARN,
    clusterArn: CLUSTER,
    lastStatus: 'STOPPED',
    startedBy: `${STARTED_BY}${FINGERPRINT}/${nameOf(handle())}/0`,
    createdAt: '2026-11-21T15:23:05.123Z',
    startedAt: '2026-11-21T15:23:31.123Z',
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    containers: [{ name: 'backup', ...container }],
    ...changes,
  },
});

/** What was put to a URL. */
const puts = (path: string) =>
  standIn.asked.flatMap(({ method, path: asked, body }) =>
    method === 'PUT' && asked.startsWith(`/${path}?`) ? [JSON.parse(body) as Record<string, string>] : [],
  );
const starts = () =>
  standIn.asked.flatMap(({ target, body }) =>
    target?.endsWith('.RunTask') ? [JSON.parse(body) as Record<string, unknown>] : [],
  );

describe('CloudFormation creates the resource', () => {
  test('starts each backup, as the directory says and with its occasion, and answers at once', async () => {
    await answerDeployment(request('Create'), ports([SHOP, BLOG]));
    const [shop, blog] = starts();
    const by = `${STARTED_BY}${FINGERPRINT}/${nameOf(handle())}`;
    const override = { name: 'backup', environment: [{ name: 'BACKUP_TRIGGER', value: 'before-deployment' }] };
    const overrides = { containerOverrides: [override] };
    expect(shop).toMatchObject({ taskDefinition: 'ShopBackups-Backups-shop', startedBy: `${by}/0`, overrides });
    expect(blog).toMatchObject({ taskDefinition: 'Elsewhere-blog', startedBy: `${by}/1`, overrides });
    // What ECS takes.
    expect(`${by}/99`).toMatch(/^[\w/-]{1,128}$/);
    const tokens = [shop, blog].map((start) => start!.clientToken);
    expect(tokens).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(tokens[0]).not.toBe(tokens[1]);
    const { RequestId, LogicalResourceId, StackId } = request('Create');
    expect(puts('response')).toEqual([
      { RequestId, LogicalResourceId, StackId, PhysicalResourceId: RUN, Status: 'SUCCESS' },
    ]);
    expect(puts('handle')).toEqual([]);
  });

  test('the same request again starts the same tasks', async () => {
    await answerDeployment(request('Create'), ports());
    await answerDeployment(request('Create'), ports());
    const [one, again] = starts();
    expect(again).toEqual(one);
  });

  test('nothing is backed up while the stack is created, unless it is wished', async () => {
    stackStatus = 'CREATE_IN_PROGRESS';
    await answerDeployment(request('Create'), ports([SHOP, BLOG]));
    expect(starts()).toEqual([]);
    const Reason = 'the stack is being created: nothing is backed up';
    expect(puts('handle')).toEqual([
      { Status: 'SUCCESS', UniqueId: `${BUCKET}/shop`, Reason, Data: '' },
      { Status: 'SUCCESS', UniqueId: `${BUCKET}/blog`, Reason, Data: '' },
    ]);
    expect(puts('response')).toMatchObject([{ Status: 'SUCCESS' }]);
    await answerDeployment(request('Create', { OnCreate: 'true' }), ports());
    expect(starts()).toHaveLength(1);
  });

  test.each<[string, (account: Account) => void, string]>([
    [
      'ECS has no capacity',
      (it) => (it.starts = [{ body: { tasks: [], failures: [{ reason: 'Capacity is unavailable at this time' }] } }]),
      'ECS did not start a run of shop: Capacity is unavailable at this time: deploy again later',
    ],
    ['ECS refuses', (it) => (it.starts = [denied('ecs:RunTask')]), 'not authorized to perform: ecs:RunTask'],
    [
      'nothing knows the source',
      (it) => (it.directory = []),
      `the directory of bucket ${BUCKET} has no task that backs up shop: deploy the stack of the backup first`,
    ],
  ])('the deployment fails at once if %s', async (_, change, sentence) => {
    change(account);
    await answerDeployment(request('Create'), ports());
    expect(puts('response')).toMatchObject([{ Status: 'FAILED', Reason: expect.stringContaining(sentence) as string }]);
  });
});

test.each(['Update', 'Delete'] as const)('%s starts nothing: so does a rollback', async (type) => {
  await answerDeployment(request(type), ports());
  expect(starts()).toEqual([]);
  expect(puts('response')).toMatchObject([{ Status: 'SUCCESS', PhysicalResourceId: RUN }]);
});

describe('a task ends', () => {
  const before = exampleManifest({ backupId: '2026-11-21T15-23-33Z', trigger: 'before-deployment' });

  test('with a backup: the deployment goes on', async () => {
    account.manifests = [before];
    await signalEnd(stopped({ exitCode: 0 }), ports());
    expect(puts('handle')).toEqual([
      { Status: 'SUCCESS', UniqueId: `${BUCKET}/shop`, Reason: 'shop is backed up', Data: '' },
    ]);
  });

  test.each<[string, object, object, (account: Account) => void, string]>([
    [
      'with the sentence of the program',
      { exitCode: 11 },
      {},
      (it) =>
        (it.log = [JSON.stringify({ level: 'error', event: 'failed', message: 'the server db:3306 was not reached' })]),
      'the run of shop failed with exit code 11 (connection): the server db:3306 was not reached',
    ],
    [
      'with the reason of ECS, if the log cannot be read',
      {},
      { startedAt: undefined, stopCode: 'TaskFailedToStart', stoppedReason: 'CannotPullContainerError: no' },
      (it) => (it.log = undefined),
      'the run of shop never started: CannotPullContainerError: no: read its log, and see docs/troubleshooting.md',
    ],
    [
      'if there is no backup of it, whatever others there are',
      { exitCode: 0 },
      {},
      (it) => (it.manifests = [exampleManifest({ backupId: '2026-11-21T15-23-33Z', trigger: 'on-demand' })]),
      `the run of shop succeeded, but bucket ${BUCKET} has no backup of it: check with proven-backups list`,
    ],
    [
      'if its backup cannot be seen',
      { exitCode: 0 },
      {},
      (it) => (it.manifests = undefined),
      'the run of shop succeeded, but its backup could not be looked at: AccessDenied: no',
    ],
  ])('without: the deployment fails, %s', async (_, container, changes, change, sentence) => {
    change(account);
    await signalEnd(stopped(container, changes), ports());
    expect(puts('handle')).toEqual([{ Status: 'FAILURE', UniqueId: `${BUCKET}/shop`, Reason: sentence, Data: '' }]);
  });

  test.each<[string, () => void]>([
    ['was rolled back', () => (physicalId = undefined)],
    ['is another one since, of the same template', () => (physicalId = url('another'))],
  ])('for a deployment that %s: nobody gets a signal', async (_, change) => {
    change();
    await signalEnd(stopped({ exitCode: 1 }), ports());
    expect(standIn.asked.filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  test('a signal that does not arrive is sent again', async () => {
    account.manifests = [before];
    taken = [{ status: 503 }, { status: 200 }];
    await signalEnd(stopped({ exitCode: 0 }), ports());
    expect(puts('handle')).toHaveLength(2);
  });

  test('CloudFormation takes no long reasons', async () => {
    account.log = [JSON.stringify({ level: 'error', event: 'failed', message: 'x'.repeat(5_000) })];
    await signalEnd(stopped({ exitCode: 13 }), ports());
    expect(puts('handle')[0]!.Reason!.length).toBeLessThan(1_100);
  });
});

test('the bundle answers both', async () => {
  account.manifests = [exampleManifest({ backupId: '2026-11-21T15-23-33Z', trigger: 'before-deployment' })];
  const environment = {
    ...(Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'))) as Record<
      string,
      string
    >),
    [DEPLOYMENT_ENV.backups]: JSON.stringify([SHOP]),
    [DEPLOYMENT_ENV.stack]: STACK,
    [DEPLOYMENT_ENV.handle]: HANDLE,
    [DEPLOYMENT_ENV.startedBy]: STARTED_BY,
  };
  const created = await invoke('before-deployment', request('Create'), environment);
  const ended = await invoke('before-deployment', stopped({ exitCode: 0 }), environment);
  expect([created.failure, ended.failure]).toEqual([undefined, undefined]);
  expect([created, ended].flatMap(({ log }) => log.map(({ event }) => event))).toEqual(['started', 'ended']);
  expect([puts('response'), puts('handle')]).toMatchObject([[{ Status: 'SUCCESS' }], [{ Status: 'SUCCESS' }]]);
});
