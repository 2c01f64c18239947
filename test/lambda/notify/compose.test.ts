import { SIGNALS } from '../../../catalog/contract/alarms';
import { composeProblems, testNotifications } from '../../../lambda/notify/compose/compose';
import { clockOf } from '../../../lambda/notify/compose/clock';
import { version } from '../../../package.json';
import { KEPT, many } from './compose-emails';
import { emailFiles, expectEmail, PLACE, problem, readCauses } from './compose-support';

test('the ends of tasks in the emails are read as what they stand for', () => {
  for (const [expected, read] of readCauses()) expect(read).toBe(expected);
});

describe('the full text of emails', () => {
  test.each(Object.entries(KEPT))('%s', (name, compose) => {
    expectEmail(name, compose());
  });

  test('no file is left over', () => {
    expect(emailFiles().filter((name) => !(name in KEPT))).toEqual([]);
  });
});

test('there is a test email of each kind, marked as a test', () => {
  const tests = testNotifications(PLACE);
  const kinds = tests.map(({ notification }) => notification.signal ?? notification.kind);
  // A test that failed is something else than one that could not run.
  expect(kinds.sort()).toEqual([...SIGNALS, 'not-proven', 'recovered', 'digest', 'note'].sort());
  const subjects = tests.map(({ notification }) => notification.subject);
  expect(subjects).toContainEqual(expect.stringMatching(/^TEST NOT PROVEN example: the restore test of \S+ failed/));
  expect(subjects).toContainEqual(expect.stringMatching(/^TEST NOT TESTED example: /));
  for (const { notification, text } of tests) {
    expect(notification.test).toBe(true);
    expect(notification.subject).toMatch(/^TEST [A-Z]/);
    expect(text).toMatch(/^THIS IS A TEST\./);
  }
});

describe('the JSON for other subscribers', () => {
  test('has the facts, the advice and the links of every problem', () => {
    const { notification } = composeProblems(
      [problem('failed', 'connection'), problem('failed', 'connection', { about: 'blog', source: 'blog' })],
      PLACE,
    );
    expect(notification).toMatchObject({
      kind: 'problem',
      signal: 'failed',
      cause: 'connection',
      account: '111122223333',
    });
    expect(notification.problems!.map(({ source }) => source)).toEqual(['shop', 'blog']);
    for (const { next, likelyCause, reason, engine } of notification.problems!) {
      expect(likelyCause).toContain('password');
      expect(next.some((step) => step.startsWith('aws ecs describe-task-definition'))).toBe(true);
      expect({ kind: reason!.kind, account: reason!.account, engine }).toEqual({
        kind: 'login-refused',
        account: 'backup',
        engine: 'mysql',
      });
    }
  });

  test('of 300 problems with long logs every source is named, within what SNS takes', () => {
    const logLines = Array.from({ length: 20 }, () => 'x'.repeat(900));
    const { notification, text } = composeProblems(
      many(300).map((source) => problem('failed', 'connection', { source, about: source, logLines })),
      PLACE,
    );
    expect(notification.problems!.map(({ source }) => source)).toEqual(many(300));
    expect(notification.problems![0]!.logLines).toBeDefined();
    expect(Buffer.byteLength(JSON.stringify({ default: JSON.stringify(notification), email: text }))).toBeLessThan(
      262_144,
    );
    for (const source of many(300)) expect(text).toContain(source);
  });
});

test('links lead to the consoles of all partitions, encoded twice, and to the documentation of this version', () => {
  const links = (partition: string, region: string) =>
    composeProblems([problem('failed', 'connection', { logGroup: '/acme/backups', logStream: 'shop/backup/1dc5' })], {
      ...PLACE,
      partition,
      region,
    }).notification.problems![0]!.links;
  expect(links('aws', 'eu-west-1')).toEqual({
    log: 'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Facme$252Fbackups/log-events/shop$252Fbackup$252F1dc5',
    task: 'https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/Shop-Cluster/tasks/1dc5c17a8b0e4d4f9c1d6a0b5e3f2c7d/configuration?region=eu-west-1',
    runbook: `https://github.com/cdk-proven-backups/cdk-proven-backups/blob/v${version}/docs/alarms.md#failed`,
  });
  expect(links('aws-cn', 'cn-north-1').log).toMatch(/^https:\/\/cn-north-1\.console\.amazonaws\.cn\//);
  expect(links('aws-us-gov', 'us-gov-west-1').task).toMatch(
    /^https:\/\/us-gov-west-1\.console\.amazonaws-us-gov\.com\//,
  );
});

test.each([
  ['Europe/Paris', '2026-11-20 02:00 Paris'],
  ['America/Argentina/Buenos_Aires', '2026-11-19 22:00 Buenos Aires'],
  ['UTC', '2026-11-20 01:00 UTC'],
  ['Mars/Olympus', '2026-11-20 01:00 UTC'],
])('times are those of the zone: %s', (zone, expected) => {
  expect(clockOf(zone).full('2026-11-20T01:00:00Z')).toBe(expected);
});
