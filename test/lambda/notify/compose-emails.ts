/** Emails that tests look at: a few are kept as files, all have to keep the layout. */
import type { Cause, Signal } from '../../../catalog/contract/alarms';
import type { DigestRow, Problem } from '../../../catalog/contract/notification';
import { TARGET_STATES } from '../../../catalog/contract/restore';
import {
  composeDigest,
  composeNotes,
  composeProblems,
  composeRaw,
  composeRecoveries,
  testNotifications,
} from '../../../lambda/notify/compose/compose';
import type { Composed } from '../../../lambda/notify/compose/place';
import { MANAGED_SOURCE, PRUNED } from './compose-facts';
import { NOTED } from './compose-notes';
import type { FailedRun } from './compose-reasons';
import { EVERY_REASON, FAILED_RUNS } from './compose-reasons';
import {
  backup,
  COMMAND,
  EVERY_CAUSE,
  failedRun,
  PLACE,
  problem,
  prunedProblem,
  RECOVERY,
  row,
} from './compose-support';

/** Names of sources. */
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
      sentence: 'the newest backup is 38 hours old; the limit is 25 hours 1 minute',
      short: 'the newest backup is 38 hours old',
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
const HOUSEKEEPING = [
  {
    about: 'measuring',
    sentence: '1 of 6 sources could not be measured: warehouse-of-the-northern-region: AccessDenied',
  },
  { about: 'snapshot policy policy-0123abcd', sentence: problem('housekeeping', 'snapshot-policy').sentence },
];

/** A restore that broke half-way, as its event and its log tell it. */
export const FAILED_RESTORE: Partial<Problem> = {
  sentence:
    'the client failed while it loaded shop.orders: ERROR 1114 (HY000) at line 812: The table is full: give the server more disk',
  short: 'loading failed, or the target is not as the backup',
  restore: {
    source: 'shop',
    backupId: '2026-11-19T01-00-00Z',
    databases: ['shop'],
    as: "Ann's shop",
    state: 'partial',
  },
};

const one = (signal: Signal, cause: Cause, change: Partial<Problem> = {}) =>
  composeProblems([problem(signal, cause, change)], PLACE);
const failed = (name: keyof typeof FAILED_RUNS, change: Partial<Problem> = {}) =>
  composeProblems([failedRun(FAILED_RUNS[name], change)], PLACE);
/** The same run on an instance, where no task is. */
export const onInstance = (run: FailedRun, change: Partial<Problem> = {}): Problem =>
  failedRun(run, { task: undefined, command: COMMAND, ...change });
const named = (source: string) => ({ source, about: source });

const OF_MONGODB = backup(24, { engine: 'mongodb', engineVersion: '8.0.4' });

/** Emails that are kept as files: one of each kind. */
export const KEPT: Readonly<Record<string, () => Composed>> = {
  'failed-login-refused': () => failed('login-refused'),
  'failed-login-refused-by-an-unknown-engine': () => failed('login-refused-cassandra'),
  'failed-self-signed': () => failed('self-signed'),
  'failed-no-answer-postgresql': () => failed('no-answer-postgresql'),
  'failed-privileges-postgresql': () => failed('privileges-postgresql'),
  'failed-privileges-mongodb': () => failed('privileges-mongodb', { newest: OF_MONGODB }),
  'failed-oplog-overflow': () => failed('oplog-overflow', { newest: OF_MONGODB }),
  'failed-key-denied': () => failed('key-denied'),
  'failed-configuration': () => one('failed', 'configuration'),
  'failed-out-of-memory': () => one('failed', 'out-of-memory'),
  'failed-unread': () =>
    one('failed', 'connection', {
      sentence: 'the database was not reached, or refused the login',
      logLines: undefined,
      reason: undefined,
      engine: undefined,
    }),
  'failed-again': () => failed('no-answer', { since: '2026-11-18T01:01:12Z', times: 3, newest: backup(72) }),
  'failed-first-run': () => failed('nothing-listens', { newest: undefined }),
  flapping: () => failed('no-answer', { times: 1, flapping: { since: '2026-11-19T14:00:41Z', failures: 6 } }),
  'failed-managed-job': () => one('failed', 'managed-job', named('media')),
  'failed-managed-incomplete': () => one('failed', 'managed-incomplete', named('media')),
  'failed-managed-incomplete-newest': () =>
    one('failed', 'managed-incomplete', {
      ...named('media'),
      since: '2026-11-20T01:01:12.000Z',
      newest: { ...MANAGED_SOURCE.newest!, time: '2026-11-20T01:01:12.000Z', ageSeconds: 178 },
    }),
  'never-started-managed-expired': () => one('never-started', 'managed-expired', named('media')),
  'housekeeping-managed-copy': () => one('housekeeping', 'managed-copy'),
  'never-started-image': () => one('never-started', 'image'),
  'never-started-scheduler': () => one('never-started', 'scheduler'),
  'silent-too-old': () => one('silent', 'too-old', { reminder: true }),
  'silent-managed': () =>
    one('silent', 'too-old', {
      ...named('media'),
      ...MANAGED_SOURCE,
      newest: { ...MANAGED_SOURCE.newest!, time: '2026-11-18T00:04:00.000Z', ageSeconds: 176_410 },
      logGroup: undefined,
    }),
  'silent-managed-gone': () =>
    one('silent', 'gone', { ...named('media'), ...MANAGED_SOURCE, newest: undefined, logGroup: undefined }),
  'silent-gone': () => one('silent', 'gone'),
  'strange-size-table-lost': () => one('strange-size', 'table-lost'),
  'not-proven-proof-too-old': () => one('not-proven', 'proof-too-old'),
  'not-proven-never-proven': () => one('not-proven', 'never-proven'),
  'not-proven-restore-test-failed': () => one('not-proven', 'restore-test-failed'),
  'not-proven-restore-test-not-run': () => one('not-proven', 'restore-test-not-run'),
  'not-proven-too-large': () => one('not-proven', 'too-large'),
  'not-proven-recovery-too-slow': () => one('not-proven', 'recovery-too-slow'),
  'silent-recovery-point': () => one('silent', 'recovery-point'),
  'housekeeping-prune-several': () => composeProblems([prunedProblem('prune-several')], PLACE),
  'housekeeping-prune-snapshots': () => composeProblems([prunedProblem('prune-snapshots')], PLACE),
  'housekeeping-restore': () => one('housekeeping', 'restore', FAILED_RESTORE),
  'housekeeping-maintain': () =>
    one('housekeeping', 'maintain', {
      ...{ about: 'maintenance of media', sentence: 'restic failed: repository is already locked' },
      ...{ logGroup: '/shop/backups', logStream: 'media/backup/0f1e' },
    }),
  'housekeeping-denied-delete': () => one('housekeeping', 'denied-delete'),
  'housekeeping-delete-of-many': () =>
    one('housekeeping', 'denied-delete', {
      sentence:
        'arn:aws:sts::111122223333:assumed-role/Deploy/jane tried to delete objects from 203.0.113.7 (DeleteObjects)',
      short: 'jane tried to delete backups',
      variant: 'answer-unknown',
    }),
  'housekeeping-measure': () => one('housekeeping', 'measure'),
  'grouped-connection': () =>
    composeProblems(
      ['shop', 'blog', 'crm', 'wiki'].map((source, index) =>
        failedRun(FAILED_RUNS[(['no-answer', 'expired', 'login-refused'] as const)[index % 3]!], named(source)),
      ),
      PLACE,
    ),
  recovered: () => composeRecoveries([RECOVERY], PLACE),
  'recovered-open': () =>
    composeRecoveries([{ ...RECOVERY, signals: ['failed'], open: ['strange-size', 'not-proven'] }], PLACE),
  'note-mysql': () => composeNotes([NOTED.mysql], PLACE),
  'note-mariadb': () => composeNotes([NOTED.mariadb], PLACE),
  'note-postgresql': () => composeNotes([NOTED.postgresql], PLACE),
  'note-sqlite': () => composeNotes([NOTED.sqlite], PLACE),
  'note-of-a-newer-program': () => composeNotes([NOTED.newer], PLACE),
  'note-several': () =>
    composeNotes([NOTED.mariadb, NOTED.sqlite, NOTED.newer, { ...NOTED.mysql, source: 'blog' }], PLACE),
  'digest-problems': () => composeDigest(DIGEST, PLACE, { often: 'daily', housekeeping: HOUSEKEEPING }),
  'digest-one': () =>
    composeDigest(
      [
        row('shop', {
          proven: { ...row('shop').proven!, loadSeconds: 7_920, recoverySeconds: 7_920 },
          objectives: { recoveryTimeSeconds: 3_600 },
          findings: [
            {
              ...{ signal: 'not-proven', cause: 'recovery-too-slow', since: '2026-11-18T05:12:00Z' },
              sentence: problem('not-proven', 'recovery-too-slow').sentence,
              short: 'a restore takes 2 hours 12 minutes',
            },
          ],
        }),
      ],
      PLACE,
      { often: 'weekly' },
    ),
  'digest-each': () => composeDigest([row('shop', { newest: backup(0) })], PLACE, { often: 'each' }),
  'test-failed': () => testNotifications(PLACE).find(({ notification }) => notification.signal === 'failed')!,
  raw: () =>
    composeRaw(
      {
        source: 'aws.ecs',
        'detail-type': 'ECS Task State Change',
        detail: {
          lastStatus: 'STOPPED',
          overrides: { containerOverrides: [{ environment: [{ name: 'PGPASSWORD', value: 'hunter2' }] }] },
        },
      },
      'TypeError: cannot read properties of undefined',
      PLACE,
    ),
};

/** Emails of all kinds, by what they are about. */
export const allEmails = (): readonly (readonly [name: string, email: Composed])[] => [
  ...Object.entries(KEPT).map(([name, compose]) => [name, compose()] as const),
  ...EVERY_CAUSE.map(([signal, cause]) => [`${signal} ${cause}`, one(signal, cause)] as const),
  ...EVERY_REASON.map((run) => [`${run.engine} ${run.reason.kind}`, composeProblems([failedRun(run)], PLACE)] as const),
  ...EVERY_REASON.map(
    (run) => [`${run.engine} ${run.reason.kind} on an instance`, composeProblems([onInstance(run)], PLACE)] as const,
  ),
  ...Object.keys(FAILED_RUNS).map((name) => [name, failed(name as keyof typeof FAILED_RUNS)] as const),
  ...Object.keys(PRUNED).map((name) => [name, composeProblems([prunedProblem(name)], PLACE)] as const),
  ...testNotifications(PLACE).map((email) => [`test ${email.notification.subject}`, email] as const),
  [
    'a run by hand',
    one('failed', 'timedOut', { task: { ...problem('failed', 'timedOut').task!, scheduledTime: undefined } }),
  ],
  [
    'a function that died',
    one('housekeeping', 'prune', { pruned: undefined, sentence: 'the function failed: Task timed out' }),
  ],
  [
    'replication behind',
    one('housekeeping', 'replication', {
      variant: undefined,
      sentence: 'replication rule copies is 90 minutes behind',
    }),
  ],
  ...TARGET_STATES.map((state) => {
    const restore = { ...FAILED_RESTORE.restore!, state };
    return [`a restore that left ${state}`, one('housekeeping', 'restore', { ...FAILED_RESTORE, restore })] as const;
  }),
  ['a newest backup that is not known', one('silent', 'not-measured', { newest: undefined })],
  ['no usual backup', one('strange-size', 'shrunk', { lastUsual: undefined })],
  [
    '300 alike',
    composeProblems(
      many(300).map((source) => problem('failed', 'connection', named(source))),
      PLACE,
    ),
  ],
  [
    'several of a size',
    composeProblems(
      ['shop', 'blog'].map((source) => problem('strange-size', 'shrunk', named(source))),
      PLACE,
    ),
  ],
  [
    'several with statements',
    composeProblems(
      (['privileges-many', 'privileges-postgresql'] as const).map((name, index) =>
        failedRun(FAILED_RUNS[name], named(['shop', 'blog'][index]!)),
      ),
      PLACE,
    ),
  ],
  [
    'several of the housekeeping',
    composeProblems(
      ['vol-0aaa', 'vol-0bbb'].map((id) => problem('housekeeping', 'snapshot', { about: `snapshots of volume ${id}` })),
      PLACE,
    ),
  ],
  [
    'recovered several',
    composeRecoveries([RECOVERY, { ...RECOVERY, ...named('blog'), open: ['strange-size'] }], PLACE),
  ],
  ['stable', composeRecoveries([{ ...RECOVERY, signals: ['failed'], stable: true }], PLACE)],
  [
    'quiet',
    composeRecoveries(
      [
        {
          about: 'deletes in acme-backups',
          signals: ['housekeeping'],
          quiet: true,
          since: RECOVERY.since,
          at: RECOVERY.at,
        },
      ],
      PLACE,
    ),
  ],
  [
    'digest, all well',
    composeDigest(
      many(12).map((source) => row(source)),
      PLACE,
      { often: 'daily' },
    ),
  ],
  ['digest, one problem', composeDigest([row('blog'), SILENT, row('crm')], PLACE, { often: 'weekly' })],
  [
    'digest of 60',
    composeDigest(
      many(60).map((source, index) => row(source, index % 20 === 7 ? { open: ['failed'] } : {})),
      PLACE,
      { often: 'daily' },
    ),
  ],
  ['digest of each, several', composeDigest([row('shop'), row('blog')], PLACE, { often: 'each' })],
  ['digest of nothing', composeDigest([], PLACE, { often: 'daily' })],
];

/** Texts of all emails, with their subjects. */
export const allTexts = (): readonly string[] =>
  allEmails().map(([, { notification, text }]) => `Subject: ${notification.subject}\n\n${text}`);
