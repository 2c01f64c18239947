/** The emails of the snapshots that are not simply one of each cause. */
import type { DigestRow, Problem } from '../../../catalog/contract/notification';
import { composeDigest, composeProblems, composeRaw, composeRecoveries } from '../../../lambda/notify/compose/compose';
import type { Composed } from '../../../lambda/notify/compose/place';
import { CONNECTIONS, MANY_GRANTS, POSTGRESQL, POSTGRESQL_GRANTS, HOUSEKEEPING, UPLOADS } from './compose-sentences';
import { backup, PLACE, problem, RECOVERY, row } from './compose-support';

const size = (now: string, usual: string, off: string): string =>
  `${now} before compression, and the median of the 14 backups before is ${usual} (${off} deviations)`;
const SMALL: Partial<Problem> = { lastUsual: undefined };

/** 300 sources of a shop that serves many towns. */
export const many = (count: number) =>
  Array.from({ length: count }, (_, index) => `shop-${String(index + 1).padStart(3, '0')}`);

const SILENT: DigestRow = row('shop', {
  newest: backup(38),
  ageSeconds: 38 * 3600,
  open: ['silent'],
  findings: [
    {
      signal: 'silent',
      cause: 'too-old',
      sentence: 'the newest whole backup is 38 hours old, and 25 hours are allowed',
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

/** Emails beside that of each cause, by the names of their files. */
export const EMAILS: Readonly<Record<string, () => Composed>> = {
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
          sentence: size('12 MB', '80 MB', '-85 %, 17.0'),
          ...SMALL,
        }),
        problem('strange-size', 'shrunk', {
          source: 'crm',
          about: 'crm',
          sentence: size('1 kB', '48 GB', '-100 %, 20.0'),
          ...SMALL,
        }),
        problem('strange-size', 'shrunk', {
          source: 'wiki',
          about: 'wiki',
          sentence: size('3 GB', '9 GB', '-67 %, 13.3'),
          ...SMALL,
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
      [problem('failed', 'connection', { since: '2026-11-18T01:01:12Z', times: 3, newest: backup(72) })],
      PLACE,
    ),
  'silent-newest-unknown': () => composeProblems([problem('silent', 'not-measured', { newest: undefined })], PLACE),
  'failed-first-run': () => composeProblems([problem('failed', 'connection', { newest: undefined })], PLACE),
  'failed-by-hand': () =>
    composeProblems(
      [problem('failed', 'timedOut', { task: { ...problem('failed', 'timedOut').task!, scheduledTime: undefined } })],
      PLACE,
    ),
  ...Object.fromEntries(
    Object.entries(CONNECTIONS).map(([name, [sentence, engine]]) => [
      `failed-connection-${name}`,
      () => composeProblems([problem('failed', 'connection', { sentence, ...(engine && { newest: engine }) })], PLACE),
    ]),
  ),
  'failed-connection-unread': () =>
    composeProblems(
      [
        problem('failed', 'connection', {
          sentence: 'the database could not be reached, or refused the certificate or the password',
          logLines: undefined,
        }),
      ],
      PLACE,
    ),
  'grouped-connection': () =>
    composeProblems(
      ['shop', 'blog', 'crm', 'wiki', 'forum'].map((source, index) => {
        const sentence = [CONNECTIONS['no-answer']![0], CONNECTIONS['expired']![0], undefined][index % 3];
        return problem('failed', 'connection', { source, about: source, ...(sentence !== undefined && { sentence }) });
      }),
      PLACE,
    ),
  'failed-privileges-many': () => composeProblems([problem('failed', 'privileges', { sentence: MANY_GRANTS })], PLACE),
  'failed-privileges-postgresql': () =>
    composeProblems([problem('failed', 'privileges', { sentence: POSTGRESQL_GRANTS, newest: POSTGRESQL })], PLACE),
  'failed-privileges-subscriptions': () =>
    composeProblems(
      [
        problem('failed', 'privileges', {
          sentence:
            'database shop has subscriptions, which only a superuser can dump: add --no-subscriptions to extraDumpArguments, and note down how they were made',
          newest: POSTGRESQL,
        }),
      ],
      PLACE,
    ),
  'failed-privileges-by-the-tool': () =>
    composeProblems(
      [
        problem('failed', 'privileges', {
          sentence:
            "mysqldump exited with 2: Access denied for user 'backup'@'%' to database 'shop' when using LOCK TABLES",
        }),
      ],
      PLACE,
    ),
  'grouped-privileges': () =>
    composeProblems(
      [
        problem('failed', 'privileges'),
        problem('failed', 'privileges', { source: 'blog', about: 'blog', sentence: POSTGRESQL_GRANTS }),
        problem('failed', 'privileges', { source: 'crm', about: 'crm', sentence: MANY_GRANTS }),
      ],
      PLACE,
    ),
  ...Object.fromEntries(
    Object.entries(UPLOADS).map(([name, sentence]) => [
      `failed-uploadFailed-${name}`,
      () => composeProblems([problem('failed', 'uploadFailed', { sentence })], PLACE),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(HOUSEKEEPING).map(([name, [cause, sentence, change]]) => [
      `housekeeping-${name}`,
      () => composeProblems([problem('housekeeping', cause, { sentence, ...change })], PLACE),
    ]),
  ),
  'housekeeping-denied-delete-by-a-user': () => {
    const resource = 'arn:aws:iam::111122223333:user/staff/jane';
    const { sentence } = problem('housekeeping', 'denied-delete');
    const said = sentence.replace(/^\S+/, resource);
    return composeProblems([problem('housekeeping', 'denied-delete', { resource, sentence: said })], PLACE);
  },
  'strange-size-without-a-usual-one': () =>
    composeProblems([problem('strange-size', 'shrunk', { lastUsual: undefined })], PLACE),
  'silent-reminder': () => composeProblems([problem('silent', 'too-old', { reminder: true })], PLACE),
  recovered: () => composeRecoveries([RECOVERY], PLACE),
  'recovered-grouped': () =>
    composeRecoveries(
      ['shop', 'blog', 'crm'].map((source) => ({ ...RECOVERY, source, about: source })),
      PLACE,
    ),
  'recovered-open': () =>
    composeRecoveries([{ ...RECOVERY, signals: ['failed'], open: ['strange-size', 'not-proven'] }], PLACE),
  'recovered-grouped-open': () =>
    composeRecoveries([RECOVERY, { ...RECOVERY, source: 'blog', about: 'blog', open: ['strange-size'] }], PLACE),
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
  'digest-housekeeping': () =>
    composeDigest(
      many(12).map((source) => row(source)),
      PLACE,
      { often: 'daily', housekeeping: [{ about: 'pruning', sentence: problem('housekeeping', 'prune').sentence }] },
    ),
  'digest-housekeeping-and-problems': () =>
    composeDigest(DIGEST, PLACE, {
      often: 'daily',
      housekeeping: [
        {
          about: 'measuring',
          sentence: '1 of 6 sources could not be measured: warehouse-of-the-northern-region: AccessDenied',
        },
        { about: 'snapshot policy policy-0123abcd', sentence: problem('housekeeping', 'snapshot-policy').sentence },
      ],
    }),
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
      {
        ...{ source: 'aws.ecs', 'detail-type': 'ECS Task State Change' },
        detail: {
          lastStatus: 'STOPPED',
          overrides: { containerOverrides: [{ environment: [{ name: 'PGPASSWORD', value: 'hunter2' }] }] },
        },
      },
      'TypeError: cannot read properties of undefined',
      PLACE,
    ),
};
