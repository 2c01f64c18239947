import type { AlarmTestReport, SubscriptionFacts } from '../../../catalog/contract/alarms';
import type { Answer, Asked } from './cli-support';
import { cli, isolateEnvironment, StandIn } from './cli-support';

isolateEnvironment();

const PATH = '/proven-backups/shop-backups/alarms/';
const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:ShopBackups-Topic';
/** As the construct writes them, with more in them than the command looks at. */
const settings = (name: string, changes: object = {}) => ({
  Name: `${PATH}${name}`,
  Value: JSON.stringify({ formatVersion: 1, bucket: 'shop-backups', notifyFunction: `${name}-notify`, ...changes }),
});
const email = (endpoint: string, confirmed: boolean): SubscriptionFacts => ({ protocol: 'email', endpoint, confirmed });
const report = (changes: Partial<AlarmTestReport> = {}): AlarmTestReport => ({
  topic: TOPIC,
  published: ['TEST FAILED shop: access denied', 'TEST SILENT shop: no backup for 30 hours'],
  failures: [],
  subscriptions: [email('ops@example.com', true)],
  ...changes,
});

let parameters: object[];
let answers: Record<string, Answer>;
let standIn: StandIn;

beforeEach(async () => {
  parameters = [settings('shop')];
  answers = { 'shop-notify': { body: report() } };
  standIn = new StandIn(answer);
  await standIn.start();
});
afterEach(() => standIn.stop());

function answer({ target, path, body }: Asked): Answer | undefined {
  if (target === 'AmazonSSM.GetParametersByPath') {
    return { body: { Parameters: (JSON.parse(body) as { Path: string }).Path === PATH ? parameters : [] } };
  }
  return answers[/functions\/([^/]+)\/invocations/.exec(path)?.[1] ?? ''];
}
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
note not confirmed, and gets nothing: new@example.com
`,
  );
  expect(requests()).toEqual(['{"test":true}']);
});

test.each<[string, Partial<AlarmTestReport>, string]>([
  [
    'without a confirmed subscription',
    { subscriptions: [email('ops@example.com', false), email('dba@example.com', false)] },
    'problem nobody will read them: confirm the email "AWS Notification - Subscription Confirmation" that AWS sent to ops@example.com, dba@example.com; it is valid for two days, and this sends another: aws sns subscribe --topic-arn arn:aws:sns:eu-west-1:111122223333:ShopBackups-Topic --protocol email --notification-endpoint ops@example.com --region eu-west-1\n',
  ],
  [
    'without any subscription',
    { subscriptions: [] },
    `problem nobody will read them: ${TOPIC} has no subscription: add an address to emails, and deploy; if it is there already, SNS has dropped it because nobody confirmed it in time, and only this asks for it anew: aws sns subscribe --topic-arn ${TOPIC} --protocol email --notification-endpoint <address> --region eu-west-1\n`,
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
  parameters = [settings('shop'), settings('blog')];
  answers['blog-notify'] = { body: report({ topic: 'another' }) };
  const { code, out } = await cli([...ARGS, '--json']);
  expect({ code, printed: JSON.parse(out) as unknown }).toEqual({
    code: 0,
    printed: { reports: [report({ topic: 'another' }), report()] },
  });
});

test('a function that fails is told, after what the others say', async () => {
  parameters = [settings('blog'), settings('shop'), settings('wiki')];
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

test('a bucket that nothing watches', async () => {
  parameters = [];
  expect(await cli(ARGS)).toEqual({
    code: 1,
    out: '',
    err: `error: nothing watches bucket shop-backups: eu-west-1 has no parameter under ${PATH}: look at --bucket, --region and the account, or deploy a stack with alarms\n`,
  });
});

test.each([
  ['of a newer format', { formatVersion: 2 }, /have format 2, but this version .* reads formats up to 1: update/],
  ['without a function', { notifyFunction: undefined }, /are damaged: notifyFunction: .*: deploy their stack again$/m],
])('settings %s', async (_, changes, sentence) => {
  parameters = [settings('shop', changes)];
  const { code, err } = await cli(ARGS);
  expect(code).toBe(1);
  expect(err).toMatch(sentence);
});
