import { CAUSES } from '../../../catalog/contract/alarms';
import { ENV, EXIT_CODES } from '../../../catalog/contract/task';
import type { Trouble } from '../../../lambda/notify/problems/observation';
import { observe } from '../../../lambda/notify/observe/observe';
import { CLUSTER_ARN, container, exited, guardDuty, neverStarted, TASK_ARN, TASK_ID, taskEvent } from './events/ecs';
import { contextWith, messageOf } from './events/message';

const read = (event: unknown) => observe(messageOf(event), contextWith());
const troubleOf = async (event: unknown): Promise<Trouble> => {
  const observations = await read(event);
  expect(observations).toHaveLength(1);
  expect(observations[0]!.state).toBe('problem');
  return observations[0] as Trouble;
};

test('exit code 0 of the backup container is good news, whatever else ran beside it', async () => {
  const event = taskEvent({ containers: [guardDuty, container({ exitCode: 0 })] });
  expect(await read(event)).toEqual([
    {
      state: 'ok',
      key: 'shop',
      source: 'shop',
      about: 'shop',
      ends: ['failed', 'never-started', 'silent'],
      at: '2026-11-20T02:10:21.894Z',
      event: `${TASK_ARN} 6`,
    },
  ]);
});

test('a failed run is told with what ECS knows of the task, and with where its log is', async () => {
  expect(await troubleOf(exited(11))).toEqual({
    state: 'problem',
    signal: 'failed',
    cause: 'connection',
    key: 'shop',
    source: 'shop',
    about: 'shop',
    sentence: 'the database was not reached, or refused the login',
    at: '2026-11-20T02:10:21.894Z',
    since: '2026-11-20T02:10:21.894Z',
    event: `${TASK_ARN} 6`,
    logGroup: '/backups/acme',
    logStream: `shop/backup/${TASK_ID}`,
    task: {
      arn: TASK_ARN,
      clusterArn: CLUSTER_ARN,
      family: 'acme-shop',
      exitCode: 11,
      memory: 2048,
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      scheduledTime: '2026-11-20T02:00:00.000Z',
      startedAt: '2026-11-20T02:00:53.800Z',
      stoppedAt: '2026-11-20T02:10:21.894Z',
    },
  });
});

test('a run by hand has no scheduled time, and an event without times the time of the event', async () => {
  const overrides = { containerOverrides: [{ name: 'backup' }] };
  const trouble = await troubleOf(exited(13, { overrides, stoppedAt: undefined, startedAt: undefined }));
  expect(trouble).toMatchObject({ at: '2026-11-20T02:10:22.000Z', since: '2026-11-20T02:10:22.000Z' });
  expect(trouble.task!.scheduledTime).toBeUndefined();
});

const SPOT = { stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.' };
const BY_USER = { stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' };
const MAINTENANCE = 'ECS is performing maintenance on the underlying infrastructure hosting the task';
const OUT_OF_MEMORY = 'OutOfMemoryError: Container killed due to memory usage';

test.each<[string, object, string, string]>([
  ['exit code 1', exited(1), 'unexpected', 'the program failed'],
  ['exit code 10', exited(10), 'configuration', 'the configuration does not fit'],
  ['exit code 12', exited(12), 'privileges', 'the database user lacks privileges'],
  ['exit code 13', exited(13), 'dumpFailed', 'the dump tool failed'],
  ['exit code 14', exited(14), 'uploadFailed', 'the backup could not be stored'],
  ['exit code 15', exited(15), 'timedOut', 'the run took longer than its timeout'],
  // The program says itself what happened, whoever stopped the task meanwhile.
  ['exit code 15 of a stopped task', exited(15, BY_USER), 'timedOut', 'the run took longer than its timeout'],
  ['exit code 143', exited(143), 'interrupted', 'the run was stopped before it was complete (exit code 143)'],
  ['exit code 130', exited(130), 'interrupted', 'the run was stopped before it was complete (exit code 130)'],
  ['Spot, in time', exited(143, SPOT), 'spot-interruption', 'AWS took back the Spot capacity on which the task ran'],
  ['Spot, killed', exited(137, SPOT), 'spot-interruption', 'AWS took back the Spot capacity on which the task ran'],
  [
    'a notice of termination that was carried out',
    exited(143, { stopCode: 'TerminationNotice', stoppedReason: 'Your Spot Task was interrupted.' }),
    'spot-interruption',
    'AWS took back the Spot capacity on which the task ran',
  ],
  ['stopped by hand', exited(143, BY_USER), 'stopped-by-user', 'somebody stopped the task: Task stopped by user'],
  [
    'stopped by hand, killed',
    exited(137, { ...BY_USER, stoppedReason: 'too slow for me' }),
    'stopped-by-user',
    'somebody stopped the task: too slow for me',
  ],
  [
    'stopped by hand before it had started',
    neverStarted('Task stopped by user', undefined, { stopCode: 'UserInitiated' }),
    'stopped-by-user',
    'somebody stopped the task: Task stopped by user',
  ],
  [
    'maintenance, which ECS may call anything',
    exited(143, { stopCode: 'UserInitiated', stoppedReason: `${MAINTENANCE}.` }),
    'maintenance',
    'AWS stopped the task for maintenance of its hardware',
  ],
  [
    'a person who maintains',
    exited(143, { ...BY_USER, stoppedReason: 'maintenance window' }),
    'stopped-by-user',
    'somebody stopped the task: maintenance window',
  ],
  [
    'stopped by ECS',
    exited(143, { stopCode: 'ServiceSchedulerInitiated', stoppedReason: 'Scaling activity' }),
    'maintenance',
    'ECS stopped the task: Scaling activity',
  ],
  ['out of memory', exited(137, {}, OUT_OF_MEMORY), 'out-of-memory', 'the task ran out of memory (2048 MiB)'],
  [
    'out of memory, without an exit code',
    taskEvent({ containers: [container({ reason: OUT_OF_MEMORY })], memory: undefined }),
    'out-of-memory',
    'the task ran out of memory',
  ],
  [
    'killed by something else',
    exited(137),
    'killed',
    'the task was killed, with exit code 137: Essential container in task exited',
  ],
  [
    'an end without an exit code',
    taskEvent({ containers: [container()] }),
    'killed',
    'the task was killed, without an exit code: Essential container in task exited',
  ],
  [
    'an end without an exit code and a stop code, after a start',
    taskEvent({ containers: [container()], stopCode: undefined, stoppedReason: undefined }),
    'killed',
    'the task was killed, without an exit code',
  ],
  ['exit code 139', exited(139), 'crashed', 'the program crashed with SIGSEGV (exit code 139)'],
  ['exit code 134', exited(134), 'crashed', 'the program crashed with SIGABRT (exit code 134)'],
  ['exit code 42', exited(42), 'unknown-exit', 'the task ended with the unknown exit code 42'],
  ['exit code 2', exited(2), 'unknown-exit', 'the task ended with the unknown exit code 2'],
])('failed: %s', async (_, event, cause, sentence) => {
  expect(await troubleOf(event)).toMatchObject({ signal: 'failed', cause, sentence });
});

test('every exit code with which a dump fails has a name', async () => {
  const { success, alreadyRunning, targetRefused, restoreFailed, downloadFailed } = EXIT_CODES;
  const { notProven, notTested, maintainFailed } = EXIT_CODES;
  const quiet: number[] = [
    ...[success, alreadyRunning, targetRefused, restoreFailed, downloadFailed],
    ...[notProven, notTested, maintainFailed],
  ];
  for (const exitCode of Object.values(EXIT_CODES).filter((code) => !quiet.includes(code))) {
    const { cause } = await troubleOf(exited(exitCode));
    expect(CAUSES.failed).toContain(cause);
    expect(cause).not.toBe('unknown-exit');
  }
});

const BOTH = 'ResourceInitializationError: unable to pull secrets or registry auth:';
const RETRIED = 'execution resource retrieval failed:';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf';
const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

test.each<[string, string, string | undefined, string]>([
  [
    'no such image',
    `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${ECR}/assets:5f2a: not found`,
    undefined,
    'image',
  ],
  ['an old platform', 'CannotPullImageManifestError: Error response from daemon: manifest unknown', undefined, 'image'],
  [
    'an image whose name has a secret in it',
    `CannotPullContainerError: failed to resolve ref ${ECR}/the-secret-log-stream:1: 403 Forbidden`,
    undefined,
    'image',
  ],
  [
    'only the container says so',
    'Task failed to start',
    'CannotPullContainerError: image Manifest does not contain descriptor matching platform linux/arm64',
    'image',
  ],
  [
    'no route to the image',
    `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${ECR}/assets:5f2a: failed to do request: Head "https://${ECR}/v2/assets/manifests/5f2a": dial tcp 52.94.1.2:443: i/o timeout`,
    undefined,
    'image',
  ],
  [
    'the role may not read the secret',
    `${BOTH} ${RETRIED} unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${SECRET} from secrets manager: AccessDeniedException: User is not authorized to perform: secretsmanager:GetSecretValue`,
    undefined,
    'secret',
  ],
  [
    'the secret lacks a key',
    `${BOTH} ${RETRIED} unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key password`,
    undefined,
    'secret',
  ],
  [
    'the secret is gone',
    `${BOTH} ${RETRIED} unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${SECRET} from secrets manager: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: 047440d4, ResourceNotFoundException: Secrets Manager can't find the specified secret`,
    undefined,
    'secret',
  ],
  [
    'a parameter',
    `${BOTH} ${RETRIED} unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException`,
    undefined,
    'secret',
  ],
  [
    'the newer words for a secret',
    `ResourceNotFoundException: The task can't retrieve the secret with ARN '${SECRET}' from AWS Secrets Manager. Check whether the secret exists in the specified Region.`,
    undefined,
    'secret',
  ],
  [
    'no route to the secret',
    `${BOTH} unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. Check your task network configuration. failed to fetch secret ${SECRET} from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded`,
    undefined,
    'secret',
  ],
  [
    'no route to the registry',
    `${BOTH} The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post "https://api.ecr.eu-west-1.amazonaws.com/": dial tcp 13.53.180.123:443: i/o timeout`,
    undefined,
    'image',
  ],
  [
    'the registry, and nobody says why',
    `${BOTH} ${RETRIED} unable to retrieve ecr registry auth: service call has been retried 3 time(s)`,
    undefined,
    'image',
  ],
  [
    'the registry, in other words',
    "ResourceInitializationError: The task can't pull registry auth from Amazon ECR. Check the registry.",
    undefined,
    'image',
  ],
  [
    'the role may not pull',
    `${BOTH} ${RETRIED} unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: User is not authorized to perform: ecr:GetAuthorizationToken`,
    undefined,
    'image',
  ],
  [
    'secrets or registry, and nothing more',
    'ResourceInitializationError: unable to pull secrets or registry auth',
    undefined,
    'secret',
  ],
  [
    'no log group',
    'ResourceInitializationError: failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.',
    undefined,
    'logging',
  ],
  [
    'no log group, on EC2',
    'CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: AccessDeniedException',
    undefined,
    'logging',
  ],
  [
    'no log stream',
    'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: : exit status 1',
    undefined,
    'logging',
  ],
  [
    'no route to the log',
    'ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration.: signal: killed',
    undefined,
    'logging',
  ],
  [
    'no route to the log, in fewer words',
    'ResourceInitializationError: failed to validate logger args: : signal: killed',
    undefined,
    'logging',
  ],
  [
    'a file system that does not answer',
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Mount attempt 1/3 failed due to timeout after 15 sec. b'mount.nfs4: Connection timed out'",
    undefined,
    'volume',
  ],
  [
    'a file system that is not found',
    'ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve "fs-0e4a.efs.eu-west-1.amazonaws.com" - check that your file system ID is correct, and ensure that the VPC has a mount target in this subnet',
    undefined,
    'volume',
  ],
  ['a volume', 'CannotCreateVolumeError: failed to create volume', undefined, 'volume'],
  [
    'capacity',
    'Capacity is unavailable at this time. Please try again later or in a different availability zone',
    undefined,
    'capacity',
  ],
  ['resources, of network interfaces', 'RESOURCE:ENI', undefined, 'capacity'],
  ['a quota', "You've reached the limit on the number of vCPUs you can run concurrently", undefined, 'capacity'],
  [
    'a container',
    'Task failed to start',
    'CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim: OCI runtime create failed: exec: "/opt/node": no such file or directory',
    'container',
  ],
  [
    'a runtime that took too long',
    'Task failed to start',
    'ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m0s',
    'container',
  ],
  ['a runtime', 'Task failed to start', 'ContainerRuntimeError: failed to create container', 'container'],
  [
    'an inspection',
    'Task failed to start',
    'CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s',
    'container',
  ],
  ['a network interface', 'Timeout waiting for network interface provisioning to complete.', undefined, 'network'],
  [
    'an interface',
    'ResourceInitializationError: failed to configure ENI: failed to setup regular eni: netplugin failed with no error message',
    undefined,
    'network',
  ],
  [
    'a full subnet',
    "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment disabled in subnet 'subnet-0a1b': InsufficientFreeAddressesInSubnet",
    undefined,
    'network',
  ],
  ['anything else', 'InternalError: The task stopped due to an internal error', undefined, 'start-failed'],
])('never started: %s', async (_, stoppedReason, reason, cause) => {
  const trouble = await troubleOf(neverStarted(stoppedReason, reason));
  expect(trouble).toMatchObject({ signal: 'never-started', cause, key: 'shop', source: 'shop' });
  expect(trouble.sentence).toMatch(/^[a-zA-Z].{15,300}[^.\s]$/);
  expect(trouble.sentence).not.toContain('\n');
  // There is no log of what never ran.
  expect(trouble).not.toHaveProperty('logStream');
});

test.each([
  'read tcp 10.0.2.54:41230->52.94.1.2:443: i/o timeout',
  'context deadline exceeded',
  'There is a connection issue between the task and the service',
  'connect: connection refused',
  'read: connection reset by peer',
  'connect: connection timed out',
  'lookup api.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host',
])('never started, for want of a network, unless it is known for what: %s', async (words) => {
  expect(await troubleOf(neverStarted(`InternalError: ${words}`))).toMatchObject({ cause: 'network' });
  expect(await troubleOf(neverStarted(`CannotPullContainerError: ${words}`))).toMatchObject({ cause: 'image' });
  expect(await troubleOf(neverStarted(`${BOTH} unable to retrieve secret: ${words}`))).toMatchObject({
    cause: 'secret',
  });
  expect(await troubleOf(neverStarted(`failed to validate logger args: ${words}`))).toMatchObject({ cause: 'logging' });
});

test.each([
  ['volume', 'failed to mount EFS'],
  ['volume', 'CannotCreateVolumeError: no space left on device'],
  ['logging', 'failed to initialize logging driver: unknown'],
  ['logging', 'failed to validate logger args: awslogs-region is required'],
  [
    'image',
    `${BOTH} unable to retrieve ecr registry auth: User is not authorized to perform: ecr:GetAuthorizationToken`,
  ],
  ['capacity', 'RESOURCE:CPU'],
  ['start-failed', 'User is not authorized to perform: ecs:RunTask on resource:ARN'],
  ['container', 'CannotStartContainerError: exec: "/opt/node": no such file or directory'],
  ['container', 'CannotCreateContainerError: API error'],
  ['network', "The subnet ID 'subnet-0a1b' does not exist"],
  ['network', 'failed to configure ENI'],
])('never started, told in a word: %s: %s', async (cause, reason) => {
  expect(await troubleOf(neverStarted(reason))).toMatchObject({ cause });
});

test.each([
  [
    'what AWS wraps around it is left out',
    neverStarted(
      `${BOTH} ${RETRIED} unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${SECRET} from secrets manager: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: 047440d4-e3fb, ResourceNotFoundException: Secrets Manager can't find the specified secret.`,
    ),
    `the secret could not be read: unable to retrieve secret from asm: failed to fetch secret ${SECRET} from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret`,
  ],
  [
    'the reason of the container is the better one',
    neverStarted('Task failed to start', 'CannotPullContainerError: image not found'),
    'the image could not be pulled: image not found',
  ],
  [
    'many words are cut',
    neverStarted(`InternalError: ${'word '.repeat(200)}`),
    `the task could not be started: InternalError: ${'word '.repeat(45).trimEnd()}…`,
  ],
])('sentences: %s', async (_, event, sentence) => {
  expect((await troubleOf(event)).sentence).toBe(sentence);
});

test.each([
  ['a task without containers', { containers: [] }, 'never-started'],
  ['no stop code, no exit code and no start', { stopCode: undefined }, 'never-started'],
  ['an exit code of whoever tried to start it', { containers: [container({ exitCode: 128 })] }, 'never-started'],
  [
    'an exit code of the program, which could not be started',
    { containers: [container({ exitCode: 1, reason: 'CannotStartContainerError: no' })] },
    'never-started',
  ],
  ['an exit code that is null', { containers: [container({ exitCode: null })] }, 'never-started'],
  ['an exit code and nothing else', { containers: [container({ exitCode: 143 })], stopCode: undefined }, 'failed'],
  ['an exit code of the program itself', { containers: [container({ exitCode: 11 })] }, 'failed'],
])('never started or failed: %s', async (_, changes, signal) => {
  expect(await troubleOf(neverStarted('Task failed to start', undefined, changes))).toMatchObject({ signal });
});

test.each([
  ['another run holds the lock', exited(EXIT_CODES.alreadyRunning)],
  [
    'the task still runs',
    taskEvent({ lastStatus: 'RUNNING', desiredStatus: 'STOPPED', stopCode: 'TerminationNotice' }),
  ],
  ['the task is about to stop', taskEvent({ lastStatus: 'DEPROVISIONING' })],
  ['a family that begins like ours', exitedOf('acme-shop-restore')],
  ['a family that ends like ours', exitedOf('my-acme-shop')],
  ['a source with the beginning of another one', exitedOf('other-shop')],
  ['a family of nobody', exitedOf('acme-')],
])('nothing is told: %s', async (_, event) => {
  expect(await read(event)).toEqual([]);
});

test('a source is found under its own beginning, with its own log group', async () => {
  expect(await troubleOf(exitedOf('other-crm'))).toMatchObject({ source: 'crm', logGroup: '/backups/other' });
});

function exitedOf(family: string) {
  return exited(1, { taskDefinitionArn: `arn:aws:ecs:eu-west-1:123456789012:task-definition/${family}:3` });
}

describe('a stop of another action', () => {
  const definition = (family: string) => ({
    taskDefinitionArn: `arn:aws:ecs:eu-west-1:123456789012:task-definition/${family}:3`,
  });
  const restore = { key: 'housekeeping/restore/shop', about: 'restore of shop' };

  test('is never the end of a backup: a restore that went well ends its own failures only', async () => {
    const event = taskEvent({ containers: [container({ exitCode: 0 })], ...definition('acme-shop_restore') });
    expect(await read(event)).toMatchObject([{ state: 'ok', ...restore, ends: ['housekeeping'] }]);
    // The measuring reads the verdict of a test.
    expect(
      await read(taskEvent({ containers: [container({ exitCode: 0 })], ...definition('acme-shop_prove') })),
    ).toEqual([]);
  });

  test('is told: a restore that failed, or was not started', async () => {
    const log = { logGroup: '/backups/acme', logStream: expect.stringMatching(/^shop\/backup\//) as string };
    const told = { ...restore, signal: 'housekeeping', cause: 'restore', hasEnd: true };
    const failedRestore = await troubleOf(exited(11, definition('acme-shop_restore')));
    expect(failedRestore).toMatchObject({ ...told, ...log });
    expect(failedRestore).not.toHaveProperty('source');
    const unstarted = neverStarted('CannotPullContainerError: no', undefined, definition('acme-shop_restore'));
    expect(await troubleOf(unstarted)).toMatchObject({ ...told, sentence: expect.stringContaining('image') });
  });

  test('is told: a maintenance of a repository that failed, or was not started; and its end', async () => {
    const maintenance = { key: 'housekeeping/maintain/shop', about: 'maintenance of shop' };
    const told = { ...maintenance, signal: 'housekeeping', cause: 'maintain', hasEnd: true };
    const ofMaintenance = definition('acme-shop_maintain');
    const failed = await troubleOf(exited(EXIT_CODES.maintainFailed, ofMaintenance));
    expect(failed).toMatchObject({ ...told, sentence: 'the repository could not be cleaned up' });
    expect(failed.logStream).toMatch(/^shop\/backup\//);
    expect(await troubleOf(neverStarted('CannotPullContainerError: no', undefined, ofMaintenance))).toMatchObject(told);
    const good = taskEvent({ containers: [container({ exitCode: 0 })], ...ofMaintenance });
    expect(await read(good)).toMatchObject([{ state: 'ok', ...maintenance, ends: ['housekeeping'] }]);
  });

  test.each([
    [EXIT_CODES.restoreFailed, 'loading failed, or the target is not as the backup'],
    [EXIT_CODES.downloadFailed, 'the backup cannot be read, or was changed'],
  ])('is told: a restore that ended with exit code %d, with what it was asked for', async (exitCode, sentence) => {
    const request = {
      backupId: '2026-11-19T01-00-00Z',
      tables: ['shop.orders'],
      paths: ['media/a.jpg'],
      as: 'restored',
      overwrite: ['shop'],
      jobs: 2,
    };
    const environment = [{ name: ENV.restore, value: JSON.stringify(request) }];
    const overrides = { containerOverrides: [{ name: 'backup', environment }] };
    const told = await troubleOf(exited(exitCode, { ...definition('acme-shop_restore'), overrides }));
    const { jobs, ...asked } = request;
    expect(jobs).toBe(2);
    expect(told).toMatchObject({ sentence, short: sentence });
    expect(told.restore).toEqual({ source: 'shop', ...asked, overwrite: true });
  });

  test.each([0, 11])('is not told: a look at the target that ended with exit code %d', async (code) => {
    const environment = [{ name: ENV.restore, value: '{"dryRun": true}' }];
    const overrides = { containerOverrides: [{ name: 'backup', environment }] };
    expect(await read(exited(code, { ...definition('acme-shop_restore'), overrides }))).toEqual([]);
  });

  test.each(['', 'null', '[]', '{"tables": "orders", "as": 7}'])(
    'is told: a restore of the request %j',
    async (value) => {
      const overrides = { containerOverrides: [{ name: 'backup', environment: [{ name: ENV.restore, value }] }] };
      const told = await troubleOf(exited(1, { ...definition('acme-shop_restore'), overrides }));
      expect(told.restore).toEqual({ source: 'shop' });
    },
  );

  test('is not told: a restore whose target was refused, or that is under way already: whoever started it has seen it', async () => {
    for (const code of [EXIT_CODES.targetRefused, EXIT_CODES.alreadyRunning])
      expect(await read(exited(code, definition('acme-shop_restore')))).toEqual([]);
  });

  const proves = (change: object = {}) => {
    const job = { action: 'prove', bucket: 'acme-backups', source: 'crm', backupId: '2026-11-19T01-00-00Z', ...change };
    const environment = [{ name: ENV.job, value: JSON.stringify(job) }];
    return {
      ...definition('acme-RestoreTesting-_prove0'),
      overrides: { containerOverrides: [{ name: 'backup', environment }] },
    };
  };

  test('is told: a restore test that could not run proves nothing, of the source in its job', async () => {
    const told = {
      ...{ key: 'crm', source: 'crm', about: 'crm', signal: 'not-proven', cause: 'restore-test-not-run' },
      ...{ logGroup: '/backups/tests', logStream: `_prove/backup/${TASK_ID}` },
      test: { id: '2026-11-19T01-00-00Z', testedAt: '2026-11-20T02:10:21.894Z' },
      short: 'a restore test could not run',
    };
    expect(await troubleOf(exited(EXIT_CODES.notTested, proves()))).toMatchObject(told);
    expect(await troubleOf(exited(137, proves()))).toMatchObject(told);
    const { logStream, logGroup, ...unstarted } = { ...told, short: 'a restore test could not be started' };
    expect([logGroup, logStream]).toHaveLength(2);
    expect(await troubleOf(neverStarted('CannotPullContainerError: no', undefined, proves()))).toMatchObject(unstarted);
  });

  test('is told once: what a restore test has found is in its verdict', async () => {
    expect(await read(exited(EXIT_CODES.notProven, proves()))).toEqual([]);
    expect(await read(exited(EXIT_CODES.success, proves()))).toEqual([]);
  });

  test('of which backup it failed is remembered, for the measuring, which may not list it', async () => {
    const rememberFailedTest = jest.fn(() => Promise.resolve());
    for (const code of [EXIT_CODES.notProven, EXIT_CODES.success, EXIT_CODES.notTested]) {
      await observe(messageOf(exited(code, proves())), contextWith({ rememberFailedTest }));
    }
    expect(rememberFailedTest.mock.calls).toEqual([['crm', '2026-11-19T01-00-00Z']]);
  });

  test.each([
    ['of another bucket', proves({ bucket: 'others' })],
    ['of a source that is not watched', proves({ source: 'wiki' })],
    ['of a source that every object has', proves({ source: 'constructor' })],
    ['of another scope', { ...proves(), ...definition('acme-_prove0') }],
    ['whose job cannot be read', definition('acme-RestoreTesting-_prove0')],
  ])('a restore test %s is ignored', async (_, change) => {
    expect(await read(exited(1, change))).toEqual([]);
  });

  test('of a source that is not watched is ignored', async () => {
    expect(await read(exited(1, definition('acme-wiki_restore')))).toEqual([]);
  });
});
