import type { AlarmTestReport, SubscriptionFacts } from '../../../catalog/contract/alarms';
import type { Answer, Asked } from './cli-support';
import { cli, DIRECTORY, directoryParameter, isolateEnvironment, parametersUnder, StandIn } from './cli-support';

isolateEnvironment();

const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:ShopBackups-Topic';
const listing = (name: string) => directoryParameter(name, { functions: { notify: `${name}-notify` } });
const email = (endpoint: string, confirmed: boolean): SubscriptionFacts => ({ protocol: 'email', endpoint, confirmed });
const report = (changes: Partial<AlarmTestReport> = {}): AlarmTestReport => ({
  topic: TOPIC,
  published: ['TEST FAILED shop: access denied', 'TEST SILENT shop: no backup for 30 hours'],
  failures: [],
  subscriptions: [email('ops@example.com', true)],
  ...changes,
});

let parameters: ReturnType<typeof listing>[];
let answers: Record<string, Answer>;
let standIn: StandIn;

beforeEach(async () => {
  parameters = [listing('shop')];
  answers = { 'shop-notify': { body: report() } };
  standIn = new StandIn(answer);
  await standIn.start();
});
afterEach(() => standIn.stop());

const answer = (asked: Asked): Answer | undefined =>
  parametersUnder(asked, parameters) ?? answers[/functions\/([^/]+)\/invocations/.exec(asked.path)?.[1] ?? ''];
const requests = () => standIn.asked.flatMap(({ path, body }) => (path.includes('/invocations') ? [body] : []));

const ARGS = ['alarm', 'test', '--bucket', 'shop-backups'];

test('what was published, and who gets it', async () => {
  const subscriptions = [
    email('ops@example.com', true),
    { protocol: 'sqs', endpoint: 'arn:aws:sqs:eu-west-1:111122223333:chat', confirmed: true },
    email('new@example.com', false),
  ];
  answers['shop-notify'] = { body: report({ subscriptions }) };
  const { code, out, err } = await cli(ARGS);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toBe(
    `Published 2 emails, marked as a test, to ${TOPIC}:
  TEST FAILED shop: access denied
  TEST SILENT shop: no backup for 30 hours
protocol  endpoint                                 state
email     ops@example.com                          confirmed
sqs       arn:aws:sqs:eu-west-1:111122223333:chat  confirmed
email     new@example.com                          pending
note not confirmed, so SNS sends nothing there: new@example.com
`,
  );
  expect(requests()).toEqual(['{"test":true}']);
});

test.each<[string, Partial<AlarmTestReport>, string]>([
  [
    'without a confirmed subscription',
    { subscriptions: [email('ops@example.com', false), email('dba@example.com', false)] },
    'problem nobody receives them: confirm the email "AWS Notification - Subscription Confirmation" that AWS sent to ops@example.com, dba@example.com; it is valid for two days, and this sends another: aws sns subscribe --topic-arn arn:aws:sns:eu-west-1:111122223333:ShopBackups-Topic --protocol email --notification-endpoint ops@example.com --region eu-west-1\n',
  ],
  [
    'without any subscription',
    { subscriptions: [] },
    `problem nobody receives them: ${TOPIC} has no subscription: add an address to emails, and deploy; if it is there already, SNS has removed it because nobody confirmed it in time, and only this requests it again: aws sns subscribe --topic-arn ${TOPIC} --protocol email --notification-endpoint <address> --region eu-west-1\n`,
  ],
  [
    'what could not be published',
    { failures: ['FAILED: KMSAccessDenied: no'] },
    'problem could not be published: FAILED: KMSAccessDenied: no\n',
  ],
])('%s ends with 3', async (_, changes, sentence) => {
  answers['shop-notify'] = { body: report(changes) };
  const { code, out } = await cli(ARGS);
  expect(code).toBe(3);
  expect(out.endsWith(`\n${sentence}`)).toBe(true);
  expect((await cli([...ARGS, '--json'])).code).toBe(3);
});

test('--json prints the reports, of every topic', async () => {
  parameters = [listing('shop'), listing('blog')];
  answers['blog-notify'] = { body: report({ topic: 'another' }) };
  const { code, out } = await cli([...ARGS, '--json']);
  expect({ code, printed: JSON.parse(out) as unknown }).toEqual({
    code: 0,
    printed: { reports: [report({ topic: 'another' }), report()] },
  });
});

test('a function that fails is told, after what the others say', async () => {
  parameters = [listing('blog'), listing('shop'), listing('wiki')];
  const failed: Answer = {
    headers: { 'x-amz-function-error': 'Unhandled' },
    body: { errorMessage: 'the table is gone' },
  };
  Object.assign(answers, { 'blog-notify': failed, 'wiki-notify': failed });
  const { code, out, err } = await cli(ARGS);
  expect(code).toBe(1);
  expect(out).toMatch(/^Published 2 emails/);
  expect(err).toBe(
    'problem the function wiki-notify failed: the table is gone\nerror: the function blog-notify failed: the table is gone\n',
  );
});

test('two parameters of one construct name the function once', async () => {
  parameters = [listing('shop'), { ...listing('shop'), Name: `${DIRECTORY}shop-2` }];
  expect((await cli(ARGS)).code).toBe(0);
  expect(requests()).toHaveLength(1);
});

test('a bucket that nothing watches', async () => {
  parameters = [directoryParameter('shop', { functions: { prune: 'shop-prune' } })];
  expect(await cli(ARGS)).toEqual({
    code: 1,
    out: '',
    err: 'error: bucket shop-backups has no notify function: deploy a stack with Backups or BackupAlarms for it\n',
  });
});
