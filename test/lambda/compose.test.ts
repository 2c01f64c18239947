import { SIGNALS } from '../../catalog/alarms';
import type { DigestRow } from '../../catalog/notification';
import {
  composeDigest,
  composeProblems,
  composeRaw,
  composeRecoveries,
  testNotifications,
} from '../../lambda/notify/compose/compose';
import { clockOf } from '../../lambda/notify/compose/numbers';
import { backup, emailFiles, EVERY_CAUSE, expectEmail, PLACE, problem, RECOVERY, row } from './compose-support';

/** 300 sources of a shop that serves many towns. */
const many = (count: number) =>
  Array.from({ length: count }, (_, index) => `shop-${String(index + 1).padStart(3, '0')}`);

const SILENT: DigestRow = row('shop', {
  newest: backup(38),
  ageSeconds: 38 * 3600,
  open: ['silent'],
  findings: [
    {
      signal: 'silent',
      cause: 'too-old',
      sentence: 'no backup for 38 hours, where 26 hours are allowed',
      since: '2026-11-19T13:00:00Z',
    },
  ],
});
const DIGEST = [
  row('blog'),
  SILENT,
  row('crm', {
    newest: backup(3, { bytes: 12_004_200_411, uncompressedBytes: 51_204_200_411 }),
    usualBytes: 48_000_000_000,
    proven: undefined,
  }),
  row('wiki', { newest: undefined, open: [], proven: undefined, usualBytes: undefined }),
  row('warehouse-of-the-northern-region', { failure: 'AccessDenied: s3:GetObject is not allowed', newest: undefined }),
  row('warehouse-of-the-southern-region', { usualBytes: undefined }),
];

const EMAILS = {
  'grouped-same': () =>
    composeProblems(
      many(300).map((source) => problem('failed', 'connection', { source, about: source })),
      PLACE,
    ),
  'grouped-differing': () =>
    composeProblems(
      [
        problem('strange-size', 'shrunk'),
        problem('strange-size', 'shrunk', {
          source: 'blog',
          about: 'blog',
          sentence: '12 MB before compression, where 80 MB are usual',
        }),
        problem('strange-size', 'shrunk', {
          source: 'crm',
          about: 'crm',
          sentence: '1 kB before compression, where 48 GB are usual',
        }),
        problem('strange-size', 'shrunk', {
          source: 'wiki',
          about: 'wiki',
          sentence: '3 GB before compression, where 9 GB are usual',
        }),
      ],
      PLACE,
    ),
  'grouped-housekeeping': () =>
    composeProblems(
      ['vol-0aaa', 'vol-0bbb'].map((id) =>
        problem('housekeeping', 'snapshot', {
          about: `snapshots of volume ${id}`,
          resource: `arn:aws:ec2::eu-west-1:snapshot/snap-${id.slice(4)}`,
        }),
      ),
      PLACE,
    ),
  'failed-again': () =>
    composeProblems(
      [problem('failed', 'connection', { since: '2026-11-18T01:01:12Z', times: 3, newest: backup(73) })],
      PLACE,
    ),
  'failed-unreachable': () =>
    composeProblems(
      [
        problem('failed', 'connection', {
          sentence:
            'could not connect to shop-db.internal:3306: connect ETIMEDOUT (no answer: let the security group of the database admit the one of the backup task, and check the route)',
        }),
      ],
      PLACE,
    ),
  'silent-newest-unknown': () => composeProblems([problem('silent', 'not-measured', { newest: undefined })], PLACE),
  'failed-first-run': () => composeProblems([problem('failed', 'connection', { newest: undefined })], PLACE),
  'failed-by-hand': () =>
    composeProblems(
      [problem('failed', 'timedOut', { task: { ...problem('failed', 'timedOut').task!, scheduledTime: undefined } })],
      PLACE,
    ),
  'silent-reminder': () => composeProblems([problem('silent', 'too-old', { reminder: true })], PLACE),
  recovered: () => composeRecoveries([RECOVERY], PLACE),
  'recovered-grouped': () =>
    composeRecoveries(
      ['shop', 'blog', 'crm'].map((source) => ({ ...RECOVERY, source, about: source })),
      PLACE,
    ),
  'recovered-housekeeping': () =>
    composeRecoveries([{ about: 'pruning', signals: ['housekeeping'], since: RECOVERY.since, at: RECOVERY.at }], PLACE),
  'recovered-quiet': () =>
    composeRecoveries(
      [
        {
          about: 'deletes in acme-backups',
          signals: ['housekeeping'],
          quiet: true,
          since: '2026-11-05T13:00:00Z',
          at: RECOVERY.at,
        },
      ],
      PLACE,
    ),
  'digest-well': () =>
    composeDigest(
      many(12).map((source) => row(source)),
      PLACE,
      { often: 'daily' },
    ),
  'digest-problems': () => composeDigest(DIGEST, PLACE, { often: 'daily' }),
  'digest-one-problem': () => composeDigest([row('blog'), SILENT, row('crm')], PLACE, { often: 'weekly' }),
  'digest-60': () =>
    composeDigest(
      many(60).map((source, index) => row(source, index % 20 === 7 ? { open: ['failed'] } : {})),
      PLACE,
      { often: 'daily' },
    ),
  'digest-each': () => composeDigest([row('shop', { newest: backup(0) })], PLACE, { often: 'each' }),
  'digest-each-strange': () =>
    composeDigest(
      [row('shop', { open: ['strange-size'], newest: backup(0, { uncompressedBytes: 41_000_000 }) })],
      PLACE,
      { often: 'each' },
    ),
  'digest-each-several': () => composeDigest([row('shop'), row('blog')], PLACE, { often: 'each' }),
  raw: () =>
    composeRaw(
      { source: 'aws.ecs', 'detail-type': 'ECS Task State Change', detail: { lastStatus: 'STOPPED' } },
      'TypeError: cannot read properties of undefined',
      PLACE,
    ),
};

describe('the full text of emails', () => {
  test.each(EVERY_CAUSE)('%s %s', (signal, cause) => {
    expectEmail(`${signal}-${cause}`, composeProblems([problem(signal, cause)], PLACE));
  });

  test.each(Object.entries(EMAILS))('%s', (name, compose) => {
    expectEmail(name, compose());
  });

  test('tests', () => {
    const tests = testNotifications(PLACE);
    const name = ({ notification }: (typeof tests)[number]) => `test-${notification.signal ?? notification.kind}`;
    const kinds = [...SIGNALS, 'recovered', 'digest'].map((kind) => `test-${kind}`);
    expect(tests.map(name).sort()).toEqual(kinds.sort());
    for (const composed of tests) {
      expect(composed.notification.test).toBe(true);
      expect(composed.notification.subject).toMatch(/^TEST [A-Z]/);
      expectEmail(name(composed), composed);
    }
  });

  test('no file is left over', () => {
    const known = [...EVERY_CAUSE.map((words) => words.join('-')), ...Object.keys(EMAILS)];
    known.push(...[...SIGNALS, 'recovered', 'digest'].map((kind) => `test-${kind}`));
    expect(emailFiles().filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('what others get as JSON', () => {
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
    for (const { next, likelyCause } of notification.problems!) {
      expect(likelyCause).toContain('password');
      expect(next.some((step) => step.startsWith('aws ecs describe-task-definition'))).toBe(true);
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

test('links lead to the consoles of all partitions, and are encoded twice', () => {
  const links = (partition: string, region: string) =>
    composeProblems([problem('failed', 'connection', { logGroup: '/acme/backups', logStream: 'shop/backup/1dc5' })], {
      ...PLACE,
      partition,
      region,
    }).notification.problems![0]!.links;
  expect(links('aws', 'eu-west-1')).toEqual({
    log: 'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Facme$252Fbackups/log-events/shop$252Fbackup$252F1dc5',
    task: 'https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/Shop-Cluster/tasks/1dc5c17a8b0e4d4f9c1d6a0b5e3f2c7d/configuration?region=eu-west-1',
    runbook: 'https://github.com/cdk-proven-backups/cdk-proven-backups/blob/main/docs/alarms.md#failed',
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
