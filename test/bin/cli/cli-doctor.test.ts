import { main } from '../../../bin/cli/program';
import { CONTAINER_NAME, ENV } from '../../../catalog/contract/task';
import type { Answer, Asked } from './cli-support';
import { captured, cli, directoryParameter, isolateEnvironment, parametersUnder, StandIn } from './cli-support';

isolateEnvironment();

const ARN = 'arn:aws:ecs:eu-west-1:111122223333';
const ROLE = 'arn:aws:iam::111122223333:role';
const parameters = [
  directoryParameter('shop', {
    tasks: [{ family: 'Shop-', cluster: `${ARN}:cluster/Shop`, subnets: 'subnet-1', logGroup: 'Log' }],
    sources: { shop: { engine: 'mysql', dump: { securityGroups: 'sg-1' } } },
  }),
];
const taskDefinition = {
  taskDefinitionArn: `${ARN}:task-definition/Shop-shop:1`,
  status: 'ACTIVE',
  cpu: '4096',
  taskRoleArn: `${ROLE}/shop-task`,
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

/** Decides about a request of IAM. */
type Decide = (action: string, asked: URLSearchParams) => string;
let decide: Decide;
let quota: Answer;
let standIn: StandIn;

beforeEach(async () => {
  // As the role is deployed: what it creates is not there yet.
  decide = (action, asked) => (isNeeded(action, asked) ? 'allowed' : 'implicitDeny');
  quota = { body: { Quota: { Value: 6 } } };
  standIn = new StandIn(answer);
  await standIn.start();
});
afterEach(() => standIn.stop());

function isNeeded(action: string, asked: URLSearchParams): boolean {
  const resource = asked.get('ResourceArns.member.1')!;
  if (resource.includes('another-source') || asked.toString().includes('another-source')) return false;
  if (action === 's3:PutObject') return resource.endsWith('/lock.json') || asked.toString().includes('if-none-match');
  if (action === 's3:GetObject') return resource.endsWith('/lock.json');
  return /^s3:(AbortMultipartUpload|ListBucket)|^kms:/.test(action);
}

function answer(asked: Asked): Answer | undefined {
  const { target = '', body } = asked;
  if (target.endsWith('.DescribeTaskDefinition')) return { body: { taskDefinition } };
  if (target.endsWith('.GetServiceQuota')) return quota;
  if (target.endsWith('.DescribeLogGroups')) return { body: { logGroups: [{ logGroupName: 'Log' }] } };
  if (asked.path.startsWith('/schedules')) return { body: { Schedules: [] } };
  if (asked.path === '/policies') return { body: { Policies: [] } };
  const form = new URLSearchParams(body);
  if (form.get('Action') !== 'SimulatePrincipalPolicy') return parametersUnder(asked, parameters);
  const actions = [...form].flatMap(([key, value]) => (key.startsWith('ActionNames') ? [value] : []));
  const members = actions.map(
    (action) =>
      `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${decide(action, form)}</EvalDecision></member>`,
  );
  return {
    body: `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>${members.join('')}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
  };
}

const IDS = [
  ...['encryption', 'versioning', 'public-access', 'bucket-policy', 'lifecycle', 'keys'],
  ...['schedules', 'tasks', 'images', 'secrets', 'network', 'logs', 'file-systems'],
  ...['functions', 'subscriptions', 'dead-letters', 'snapshot-policies', 'quotas', 'permissions'],
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
  const asked = standIn.asked
    .map(({ body }) => new URLSearchParams(body))
    .filter((form) => form.has('PolicySourceArn'));
  expect(new Set(asked.map((form) => form.get('PolicySourceArn')))).toEqual(new Set([`${ROLE}/shop-task`]));
  const contexts = asked.map((form) =>
    [...form].filter(([key]) => /Context(KeyName|KeyType)/.test(key)).map(([, value]) => value),
  );
  expect(contexts).toContainEqual(['s3:ObjectCreationOperation', 'boolean', 's3:if-none-match', 'string']);
});

test('a role that lost a permission, and got one that it must not have', async () => {
  const usual = decide;
  decide = (action, asked) =>
    action === 'kms:Decrypt' ? 'explicitDeny' : action === 's3:DeleteObject' ? 'allowed' : usual(action, asked);
  const { code, out } = await cli(only('permissions'));
  expect(code).toBe(3);
  expect(out).toBe(
    `failed       permissions: task of shop (shop-task): may not kms:Decrypt on arn:aws:kms:eu-west-1:111122223333:key/1a2b: a policy of the role denies it
             → undo what was changed by hand, or deploy its stack again; what each role needs: docs/roles.md
failed       permissions: task of shop (shop-task): must not be allowed to s3:DeleteObject on arn:aws:s3:::shop-backups/shop/2026-11-20T02-00-00Z/shop.sql.zst; s3:DeleteObject on arn:aws:s3:::shop-backups/shop/lock.json
             → take away the policy that somebody gave the role; what each role must not do: docs/roles.md

1 check: 2 failed
`,
  );
});

test('without the right to ask, a check names the permission, and is not well', async () => {
  quota = { status: 400, body: { __type: 'AccessDeniedException', Message: 'User is not authorized' } };
  const { code, out } = await cli(only('quotas'));
  expect(code).toBe(3);
  expect(out).toBe(
    `not checked  quotas: Fargate On-Demand vCPUs: not allowed to look at Fargate On-Demand vCPUs: User is not authorized: this needs servicequotas:GetServiceQuota, see docs/cli.md

1 check: 1 not checked
note what is not checked may be broken: allow it, or leave it out with --skip
`,
  );
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
