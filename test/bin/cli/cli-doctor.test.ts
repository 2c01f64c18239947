import { main } from '../../../bin/cli/program';
import { CONTAINER_NAME, ENV } from '../../../catalog/contract/task';
import type { Answer, Asked } from './cli-support';
import { captured, cli, directoryParameter, isolateEnvironment, parametersUnder, StandIn } from './cli-support';

isolateEnvironment();

const ARN = 'arn:aws:ecs:eu-west-1:111122223333';
const ROLE = 'arn:aws:iam::111122223333:role';
let parameters: ReturnType<typeof directoryParameter>[];
const PARAMETERS = [
  directoryParameter('shop', {
    tasks: [{ family: 'Shop-', cluster: `${ARN}:cluster/Shop`, subnets: 'subnet-1', logGroup: 'Log' }],
    sources: { shop: { engine: 'mysql', dump: { securityGroups: 'sg-1' } } },
  }),
];
const taskDefinition = {
  taskDefinitionArn: `${ARN}:task-definition/Shop-shop:1`,
  status: 'ACTIVE',
  cpu: '4096',
  containerDefinitions: [
    {
      name: CONTAINER_NAME,
      image: 'registry.example.com/backup:1',
      environment: [
        { name: ENV.job, value: JSON.stringify({ keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1a2b' }) },
      ],
    },
  ],
};

/** Decides about an action on a resource, with what else the request says. */
type Decide = (action: string, resource: string, asked: string) => string;
let decide: Decide;
let quota: Answer;
let standIn: StandIn;
let answer: (asked: Asked) => Answer | undefined;

beforeEach(async () => {
  // As the role is deployed: what it creates is not there yet.
  decide = (...request) => (isNeeded(...request) ? 'allowed' : 'implicitDeny');
  quota = { body: { Quota: { Value: 6 } } };
  parameters = PARAMETERS;
  answer = usual;
  standIn = new StandIn((asked) => answer(asked));
  await standIn.start();
});
afterEach(() => standIn.stop());

function isNeeded(action: string, resource: string, asked: string): boolean {
  if (resource.includes('another-source') || /\/(restore-test|keep)\.json$/.test(resource)) return false;
  if (action === 's3:PutObject') return resource.endsWith('/lock.json') || asked.includes('if-none-match');
  if (action === 's3:GetObject') return resource.endsWith('/lock.json');
  if (action === 's3:ListBucket') return asked.includes('prefix');
  return /^s3:(AbortMultipartUpload|ListBucketM)|^kms:/.test(action);
}

function usual(asked: Asked): Answer | undefined {
  const { target = '', body, path } = asked;
  if (target.endsWith('.DescribeTaskDefinition')) {
    const { taskDefinition: family } = JSON.parse(body) as { taskDefinition: string };
    return { body: { taskDefinition: { ...taskDefinition, taskRoleArn: `${ROLE}/${family}-task` } } };
  }
  if (target.endsWith('.GetServiceQuota')) return quota;
  if (target.endsWith('.DescribeLogGroups')) return { body: { logGroups: [{ logGroupName: 'Log' }] } };
  if (path.startsWith('/schedules')) return { body: { Schedules: [] } };
  if (path.startsWith('/2015-03-31/functions')) return { body: { Functions: [] } };
  const form = new URLSearchParams(body);
  return form.get('Action') === 'SimulatePrincipalPolicy' ? simulated(form) : parametersUnder(asked, parameters);
}

const listOf = (form: URLSearchParams, name: string): string[] =>
  [...form].flatMap(([key, value]) => (key.startsWith(name) ? [value] : []));

function simulated(form: URLSearchParams): Answer {
  // The names of the resources say nothing about the circumstances.
  const context = new URLSearchParams([...form].filter(([key]) => key.startsWith('ContextEntries'))).toString();
  const resources = listOf(form, 'ResourceArns');
  const members = listOf(form, 'ActionNames').map((action) => {
    const specific = resources.map((resource) => {
      const decision = decide(action, resource, context);
      return `<member><EvalResourceName>${resource}</EvalResourceName><EvalResourceDecision>${decision}</EvalResourceDecision></member>`;
    });
    return `<member><EvalActionName>${action}</EvalActionName><EvalDecision>implicitDeny</EvalDecision><ResourceSpecificResults>${specific.join('')}</ResourceSpecificResults></member>`;
  });
  return {
    body: `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>${members.join('')}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
  };
}
const simulations = (): URLSearchParams[] =>
  standIn.asked.map(({ body }) => new URLSearchParams(body)).filter((form) => form.has('PolicySourceArn'));

const IDS = [
  ...['encryption', 'versioning', 'public-access', 'bucket-policy', 'lifecycle', 'keys'],
  ...['schedules', 'tasks', 'images', 'secrets', 'network', 'instances', 'logs'],
  ...['functions', 'events', 'subscriptions', 'quotas', 'permissions'],
];
const only = (...ids: string[]) => [
  ...['doctor', '--bucket', 'shop-backups'],
  ...IDS.filter((id) => !ids.includes(id)).flatMap((id) => ['--skip', id]),
];

test('roles that may do what they need, and nothing else', async () => {
  expect(await cli(only('permissions'))).toEqual({
    code: 0,
    out: 'ok           permissions: the roles may do what they need, and not what they must not (1)\n\n1 check: 1 ok\n',
    err: '',
  });
  const asked = simulations();
  expect(new Set(asked.map((form) => form.get('PolicySourceArn')))).toEqual(new Set([`${ROLE}/Shop-shop-task`]));
  const circumstances = asked.map((form) =>
    [...form].filter(([key]) => /Context(KeyName|KeyType)/.test(key)).map(([, value]) => value),
  );
  // One request for each, whatever the number of actions and resources.
  expect(circumstances).toEqual([
    ['s3:ObjectCreationOperation', 'boolean', 's3:if-none-match', 'string'],
    [],
    ['s3:prefix', 'string'],
    ['s3:ObjectCreationOperation', 'boolean'],
  ]);
});

test('a source with restore: the task, the secret and the role of the restore are looked at too', async () => {
  parameters = [
    directoryParameter('shop', {
      tasks: [{ family: 'Shop-', cluster: `${ARN}:cluster/Shop`, subnets: 'subnet-1', logGroup: 'Log' }],
      sources: {
        shop: { engine: 'mysql', dump: { securityGroups: 'sg-1' }, restore: { securityGroups: 'sg-2' } },
      },
    }),
  ];
  let ofRestore = false;
  let gone = false;
  let mayPut = false;
  const secret = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/restore-AbCdEf';
  const before = decide;
  decide = (action, resource, context) => {
    if (!ofRestore) return before(action, resource, context);
    if (action === 's3:PutObject' && mayPut) return 'allowed';
    const reads = action === 's3:GetObject' && /\/shop\/\d.*(zst|manifest\.json)$/.test(resource);
    return reads || (action === 'kms:Decrypt' && context.includes('ViaService')) ? 'allowed' : 'implicitDeny';
  };
  answer = (asked) => {
    ofRestore = asked.body.includes('_restore');
    if (asked.target?.endsWith('.DescribeSecret'))
      return { status: 400, body: { __type: 'ResourceNotFoundException' } };
    const answered = usual(asked);
    if (!ofRestore || !asked.target?.endsWith('.DescribeTaskDefinition')) return answered;
    if (gone) return { status: 400, body: { __type: 'ClientException', message: 'no such task definition' } };
    const { taskDefinition: found } = (answered as { body: { taskDefinition: object } }).body;
    const secrets = [{ name: ENV.password, valueFrom: `${secret}:password::` }];
    const containerDefinitions = [{ ...taskDefinition.containerDefinitions[0], secrets }];
    return { body: { taskDefinition: { ...found, containerDefinitions } } };
  };
  expect((await cli(only('permissions'))).out).toContain('(2)');
  expect((await cli(only('secrets'))).out).toContain('secrets: secret:shop/restore-AbCdEf: the secret does not exist');
  mayPut = true;
  expect((await cli(only('permissions'))).out).toContain(
    'permissions: restore of shop (Shop-shop_restore-task): must not be allowed to s3:PutObject on ',
  );
  gone = true;
  expect((await cli(only('tasks'))).out).toContain('tasks: restore of shop: the task definition is not active');
});

describe('a secret with a key of its own', () => {
  const secret = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-AbCdEf';
  const key = 'arn:aws:kms:eu-west-1:111122223333:key/5e6f';
  let metadata: object;
  let principal: string;
  let mayDecrypt: boolean;

  beforeEach(() => {
    metadata = { KeyId: '5e6f', Arn: key, KeyState: 'Enabled', KeyManager: 'CUSTOMER' };
    principal = 'arn:aws:iam::111122223333:root';
    mayDecrypt = true;
    const before = decide;
    decide = (action, resource, context) => {
      if (resource === key) return mayDecrypt && context.includes('secretsmanager.eu') ? 'allowed' : 'implicitDeny';
      return action.startsWith('secretsmanager') || action.startsWith('logs')
        ? resource.includes('another-source') && !resource.includes('log-stream')
          ? 'implicitDeny'
          : 'allowed'
        : before(action, resource, context);
    };
    const secrets = [{ name: ENV.password, valueFrom: `${secret}:password::` }];
    const containerDefinitions = [{ ...taskDefinition.containerDefinitions[0], secrets }];
    const roles = { taskRoleArn: `${ROLE}/task`, executionRoleArn: `${ROLE}/execution` };
    answer = (asked) => {
      const [, operation] = asked.target?.split('.') ?? [];
      if (operation === 'DescribeTaskDefinition')
        return { body: { taskDefinition: { ...taskDefinition, ...roles, containerDefinitions } } };
      if (operation === 'DescribeSecret') return { body: { ARN: secret, KmsKeyId: 'alias/shop' } };
      if (operation === 'DescribeKey')
        return { body: { KeyMetadata: asked.body.includes('alias/shop') ? metadata : { KeyState: 'Enabled' } } };
      if (operation === 'GetKeyPolicy') {
        const Statement = [{ Effect: 'Allow', Principal: { AWS: principal }, Action: 'kms:*', Resource: '*' }];
        return { body: { Policy: JSON.stringify({ Statement }) } };
      }
      return usual(asked);
    };
  });

  const execution = async () => {
    const { out } = await cli([...only('permissions'), '--json']);
    const { checks } = JSON.parse(out) as { checks: { findings: { of: string; finding: string }[] }[] };
    return checks[0]!.findings.filter(({ of }) => of.startsWith('execution')).map(({ finding }) => finding);
  };
  const NOT_ALLOWED = `may not kms:Decrypt on ${key}: no policy of the role allows it`;

  test('that the role of the execution may use', async () => {
    expect(await execution()).not.toContain(NOT_ALLOWED);
  });

  test('that nobody gave to the role of the execution: no task starts', async () => {
    mayDecrypt = false;
    expect(await execution()).toContain(NOT_ALLOWED);
  });

  test.each(['*', `${ROLE}/execution`])('whose policy admits %s, whatever the role says', async (admitted) => {
    mayDecrypt = false;
    principal = admitted;
    expect(await execution()).not.toContain(NOT_ALLOWED);
  });

  test('that will be deleted', async () => {
    metadata = { ...metadata, KeyState: 'PendingDeletion', DeletionDate: 1_796_000_000 };
    const { code, out } = await cli(only('keys'));
    expect(code).toBe(3);
    expect(out).toContain('keys: alias/shop: the key will be deleted on 2026-11-30');
    expect(out).toContain(`cancel-key-deletion --key-id ${key} `);
  });
});

test('schedules of others in the same cluster are not looked at', async () => {
  const schedule = (family: string) => ({
    ...{ Name: family, GroupName: 'Any', ScheduleExpression: 'rate(1 day)', State: 'ENABLED' },
    Target: {
      ...{ Arn: `${ARN}:cluster/Shop`, RoleArn: `${ROLE}/scheduler` },
      EcsParameters: { TaskDefinitionArn: `${ARN}:task-definition/${family}:1` },
    },
  });
  const all = ['Shop-shop', 'Reports'].map(schedule);
  answer = (asked) => {
    if (asked.target?.endsWith('.DescribeTaskDefinition') && asked.body.includes('Reports'))
      return { body: { taskDefinition: { ...taskDefinition, status: 'INACTIVE' } } };
    const [, name] = /^\/schedules\/([^?]+)/.exec(asked.path) ?? [];
    if (name !== undefined) return { body: schedule(name) };
    return asked.path.startsWith('/schedules') ? { body: { Schedules: all } } : usual(asked);
  };
  expect(await cli(only('schedules', 'tasks'))).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^ok +schedules: [^\n]+ \(1\)\nok +tasks: [^\n]+ \(2\)\n/) as string,
  });
});

test('sixty databases', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `shop-${index}`);
  const source = { engine: 'mysql', dump: { securityGroups: 'sg-1' } };
  const tasks = [{ family: 'S-', cluster: `${ARN}:cluster/Shop`, subnets: 'subnet-1', logGroup: 'Log' }];
  parameters = [
    directoryParameter('shop', { tasks, sources: Object.fromEntries(names.map((name) => [name, source])) }),
  ];
  const before = decide;
  decide = (action, ...request) => (action === 'kms:Decrypt' ? 'implicitDeny' : before(action, ...request));
  const streams = captured();
  const stderr = { ...streams.stderr, isTTY: true };
  expect(await main(only('permissions'), { ...streams, stderr })).toBe(3);
  expect(simulations()).toHaveLength(60 * 4);
  expect(streams.out()).toMatch(
    /^failed {7}permissions: task of shop-0 \(S-shop-0-task\), .* and 55 more: may not kms/,
  );
  expect(streams.err()).toContain('checking permissions: 60 of 60 roles …');
});

test('actions that IAM does not want to decide about together', async () => {
  const refused: string[] = [];
  answer = (asked) => {
    const actions = listOf(new URLSearchParams(asked.body), 'ActionNames');
    if (!actions.includes('s3:PutBucketPolicy') || actions.length === 1) return usual(asked);
    refused.push(actions.join());
    const message = `Actions: [${actions.join()}] require different authorization information.`;
    const body = `<ErrorResponse><Error><Code>InvalidInput</Code><Message>${message}</Message></Error></ErrorResponse>`;
    return { status: 400, body };
  };
  expect((await cli(only('permissions'))).code).toBe(0);
  expect(refused.length).toBeGreaterThan(1);
});

test('IAM does not answer about an action', async () => {
  answer = (asked) => usual({ ...asked, body: asked.body.replace('ActionNames.member.1=', 'Other=') });
  const { code, out } = await cli(only('permissions'));
  expect(code).toBe(3);
  expect(out).toMatch(
    /^not checked {2}permissions: task of shop \(Shop-shop-task\): IAM did not decide about s3:PutObject on /,
  );
});

test('a role that lost a permission, and got one that it must not have', async () => {
  const before = decide;
  decide = (action, ...request) =>
    action === 'kms:Decrypt' ? 'explicitDeny' : action === 's3:DeleteObject' ? 'allowed' : before(action, ...request);
  const { code, out } = await cli(only('permissions'));
  expect(code).toBe(3);
  expect(out).toBe(
    `failed       permissions: task of shop (Shop-shop-task): may not kms:Decrypt on arn:aws:kms:eu-west-1:111122223333:key/1a2b: a policy of the role denies it
             → undo what was changed by hand, or deploy its stack again; what each role needs: docs/roles.md
failed       permissions: task of shop (Shop-shop-task): must not be allowed to s3:DeleteObject on arn:aws:s3:::shop-backups/shop/2026-11-20T02-00-00Z/shop.sql.zst; s3:DeleteObject on arn:aws:s3:::shop-backups/shop/lock.json
             → take away the policy that somebody gave the role; what each role must not do: docs/roles.md

1 check: 1 failed
`,
  );
});

test('without the right to ask, a check names the permission, and is not well', async () => {
  quota = { status: 400, body: { __type: 'AccessDeniedException', Message: 'User is not authorized' } };
  const { code, out } = await cli(only('quotas'));
  expect(code).toBe(3);
  expect(out).toBe(
    `not checked  quotas: Fargate On-Demand vCPUs: not allowed: User is not authorized
             → allow servicequotas:GetServiceQuota: docs/doctor.md

1 check: 1 not checked
note what is not checked may be broken: allow it, or leave it out with --skip
`,
  );
});

test('without any right, no check is well', async () => {
  const command = { document: 'Vm-vm', logGroup: 'Log', instanceId: 'i-0a1b2c3d4e5f60718' };
  parameters = [...PARAMETERS, directoryParameter('vm', { sources: { vm: { engine: 'mysql', command } } })];
  answer = (asked) => {
    if (asked.target?.endsWith('.GetParametersByPath')) return usual(asked);
    const [code, message] = ['AccessDenied', `not for you: ${standIn.asked.length}`];
    if (asked.target !== undefined) return { status: 400, body: { __type: 'AccessDeniedException', message } };
    if (/^\/(2015-03-31|schedules)/.test(asked.path)) {
      return { status: 403, headers: { 'x-amzn-errortype': 'AccessDeniedException' }, body: { message } };
    }
    const error = `<Code>${code}</Code><Message>${message}</Message>`;
    if (asked.method === 'GET') return { status: 403, body: `<Error>${error}</Error>` };
    return { status: 403, body: `<Response><Errors><Error>${error}</Error></Errors></Response>` };
  };
  const { code, out } = await cli(['doctor', '--bucket', 'shop-backups', '--json']);
  expect(code).toBe(3);
  const { checks } = JSON.parse(out) as { checks: { id: string; findings: { result: string; action?: string }[] }[] };
  const unchecked = checks.filter(({ findings }) => findings.some(({ result }) => result === 'not checked'));
  expect(unchecked.map(({ id }) => id)).toEqual(IDS);
  const results = checks.flatMap(({ findings }) => findings.map(({ result }) => result));
  expect(results).not.toContain('ok');
  expect(results).not.toContain('failed');
});

test('a warning is no reason to stop', async () => {
  quota = { body: { Quota: { Value: 3 } } };
  expect((await cli(only('quotas'))).code).toBe(3);
  quota = { body: { Quota: { Value: 4 } } };
  expect((await cli(only('quotas'))).code).toBe(0);
  const { code, out } = await cli([...only('subscriptions'), '--json']);
  expect({ code, report: JSON.parse(out) as unknown }).toEqual({
    code: 0,
    report: {
      bucket: 'shop-backups',
      checks: [
        {
          id: 'subscriptions',
          title: 'somebody gets the alarms',
          findings: [
            {
              of: 'shop-backups',
              result: 'warning',
              finding: 'nothing watches the backups',
              action: 'use Backups, or add BackupAlarms: docs/alarms.md',
            },
          ],
        },
      ],
      skipped: IDS.filter((id) => id !== 'subscriptions'),
    },
  });
});

test('lines fit into a terminal of 80 columns', async () => {
  quota = { body: { Quota: { Value: 3 } } };
  const streams = captured();
  const stdout = { ...streams.stdout, isTTY: true, columns: 80 };
  process.env.NO_COLOR = '1';
  expect(await main(only('quotas', 'permissions'), { ...streams, stdout })).toBe(3);
  const lines = streams.out().split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(lines.slice(0, 2)).toEqual([
    'failed       quotas: Fargate On-Demand vCPUs: the quota is 3, but a task needs',
    '             4: it never starts',
  ]);
});

test('a check that does not exist', async () => {
  const { code, err } = await cli(['doctor', '--bucket', 'shop-backups', '--skip', 'quota']);
  expect({ code, err }).toEqual({
    code: 2,
    err: 'error: --skip must be the name of a check, got: quota: did you mean quotas?\n',
  });
});

describe('instances', () => {
  const ID = 'i-0a1b2c3d4e5f60718';
  const command = { document: 'Shop-shop', logGroup: 'Log', tags: { Name: 'vm' } };
  let found: object[];
  let last: object[];

  beforeEach(() => {
    parameters = [directoryParameter('shop', { sources: { shop: { engine: 'mysql', command } } })];
    found = [{ InstanceId: ID, PingStatus: 'Online' }];
    last = [];
    answer = (asked) => {
      if (asked.target === 'AmazonSSM.DescribeInstanceInformation') return { body: { InstanceInformationList: found } };
      if (asked.target === 'AmazonSSM.ListCommandInvocations') return { body: { CommandInvocations: last } };
      return usual(asked);
    };
  });

  test('that is reached', async () => {
    expect(await cli(only('instances'))).toMatchObject({ code: 0 });
  });

  test('that nobody reaches', async () => {
    found = [];
    const { code, out } = await cli(only('instances'));
    expect(code).toBe(3);
    expect(out).toContain('Systems Manager does not know the instance with the tags Name=vm');
  });

  test('whose last run could not be started', async () => {
    last = [{ InstanceId: ID, CommandPlugins: [{ ResponseCode: 101 }] }];
    const { code, out } = await cli(only('instances'));
    expect(code).toBe(3);
    expect(out).toContain(`the last run on instance ${ID} did not start: Docker is missing, or does not answer`);
  });
});

describe('the maintenance of a source on an instance', () => {
  const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1a2b';
  const FAMILY = 'Shop-media_maintain';
  const job = JSON.stringify({ action: 'maintain', repository: { bucket: 'media-files' } });
  const secrets = [
    { name: ENV.repositoryKey, valueFrom: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:k:key::' },
  ];
  let deployed: object;
  let schedule: object;

  beforeEach(() => {
    const command = { document: 'Shop-media', logGroup: 'Log', instanceId: 'i-0a1b2c3d4e5f60718' };
    const cluster = `${ARN}:cluster/Shop`;
    parameters = [
      directoryParameter('shop', {
        tasks: [{ family: 'Shop-', cluster, subnets: 'subnet-1', logGroup: 'Log' }],
        sources: { media: { engine: 'files', command, maintain: { securityGroups: 'sg-1' } } },
      }),
    ];
    const [container] = taskDefinition.containerDefinitions;
    const environment = [{ name: ENV.job, value: job }];
    deployed = {
      ...{ ...taskDefinition, taskRoleArn: `${ROLE}/maintenance` },
      containerDefinitions: [{ ...container, environment, secrets }],
    };
    const arn = `${ARN}:task-definition/${FAMILY}:1`;
    const target = { Arn: cluster, RoleArn: `${ROLE}/scheduler`, EcsParameters: { TaskDefinitionArn: arn } };
    schedule = {
      Name: 'Weekly',
      GroupName: 'Shop',
      ScheduleExpression: 'rate(7 days)',
      State: 'ENABLED',
      Target: target,
    };
    decide = (action, resource, context) => {
      const isDenied = action === 's3:DeleteObjectVersion' || /another-source|lambda/.test(context);
      const isOwn = resource.includes(':::media-files') || /ListBucketVersions$|^ecs:|^iam:/.test(action);
      return isOwn && !isDenied ? 'allowed' : 'implicitDeny';
    };
    answer = (asked) => {
      if (asked.path.startsWith('/shop-backups') && asked.method === 'GET')
        return {
          body: `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>${KEY}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
        };
      if (asked.path.startsWith('/schedules/')) return { body: schedule };
      if (asked.path.startsWith('/schedules')) return { body: { Schedules: [schedule] } };
      if (asked.target?.endsWith('.DescribeTaskDefinition')) {
        return asked.body.includes(FAMILY) ? { body: { taskDefinition: deployed } } : { status: 400, body: {} };
      }
      if (asked.target?.endsWith('.DescribeSecret'))
        return { status: 400, body: { __type: 'ResourceNotFoundException' } };
      return usual(asked);
    };
  });

  test('is looked at', async () => {
    const { code, out } = await cli(only('tasks', 'permissions'));
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^ok +tasks: [^\n]+ \(2\)\nok +permissions: [^\n]+ \(2\)\n/) as string,
    });
    expect(new Set(simulations().map((form) => form.get('PolicySourceArn')))).toEqual(
      new Set([`${ROLE}/maintenance`, `${ROLE}/scheduler`]),
    );
  });

  test.each<[string, string, () => void]>([
    ['secrets', 'secret:k: the secret does not exist', () => undefined],
    ['network', 'the subnets of the tasks: ', () => undefined],
    [
      'tasks',
      'maintenance of media, task-definition/Shop-media_maintain:1: the task definition is not active',
      () => (deployed = { status: 'INACTIVE' }),
    ],
    [
      'schedules',
      'maintenance of media: the schedule Shop/Weekly is disabled',
      () => (schedule = { ...schedule, State: 'DISABLED' }),
    ],
    [
      'permissions',
      'maintenance of media (maintenance): must not be allowed to s3:DeleteObjectVersion on ',
      () => (decide = () => 'allowed'),
    ],
  ])('is looked at: %s', async (check, finding, change) => {
    change();
    const { code, out } = await cli(only(check));
    expect(code).toBe(3);
    expect(out).toContain(`${check}: ${finding}`);
  });
});
