/** Facts of emails in tests, and how their full texts are compared. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { BackupFacts, Cause, Signal } from '../../catalog/alarms';
import { CAUSES, SIGNALS } from '../../catalog/alarms';
import type { DigestRow, Problem, Recovery, TaskFacts } from '../../catalog/notification';
import type { Composed, Place } from '../../lambda/notify/compose/place';

const EMAILS = path.join(__dirname, 'emails');

export const PLACE: Place = {
  partition: 'aws',
  account: '111122223333',
  region: 'eu-west-1',
  bucket: 'acme-backups',
  timeZone: 'Europe/Paris',
  now: new Date('2026-11-20T01:04:10Z'),
};

/** Compares an email with its file; `UPDATE_EMAILS=1` writes it, to be read before it is committed. */
export function expectEmail(name: string, { notification, text }: Composed): void {
  const file = path.join(EMAILS, `${name}.txt`);
  const email = `Subject: ${notification.subject}\n\n${text}`;
  if (process.env['UPDATE_EMAILS'] === '1') fs.writeFileSync(file, email);
  expect(email).toBe(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : `${file} (is not there)`);
}

/** Names of the files with emails. */
export const emailFiles = (): string[] => fs.readdirSync(EMAILS).map((name) => name.replace(/\.txt$/, ''));

/** Texts of all emails. */
export const emailTexts = (): string[] =>
  emailFiles().map((name) => fs.readFileSync(path.join(EMAILS, `${name}.txt`), 'utf8'));

/** A backup made so many hours ago. */
export function backup(hours: number, change: Partial<BackupFacts> = {}): BackupFacts {
  const time = new Date(PLACE.now.getTime() - hours * 3_600_000).toISOString();
  return {
    id: `${time.slice(0, 19).replaceAll(':', '-')}Z`,
    time,
    ageSeconds: hours * 3600,
    bytes: 344_012_991,
    uncompressedBytes: 1_720_004_411,
    rows: 1_204_511,
    tables: 42,
    durationSeconds: 93,
    engine: 'mysql 8.4.3',
    ...change,
  };
}

const ID = '1dc5c17a8b0e4d4f9c1d6a0b5e3f2c7d';

export const TASK: TaskFacts = {
  arn: `arn:aws:ecs:eu-west-1:111122223333:task/Shop-Cluster/${ID}`,
  clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/Shop-Cluster',
  family: 'ShopBackups-shop',
  exitCode: 11,
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
  memory: 2048,
  scheduledTime: '2026-11-20T01:00:00Z',
  startedAt: '2026-11-20T01:00:41Z',
  stoppedAt: '2026-11-20T01:01:12Z',
};

const LOG = {
  logGroup: 'ShopBackups-Logs',
  logStream: `shop/backup/${ID}`,
};

/** What is said of each cause, as the functions before say it. */
const SENTENCES: Readonly<Record<Cause, string>> = {
  configuration: "the server is MySQL 8.4, but the backup is set up for version 8.0: set version: '8.4' and deploy",
  connection:
    "could not connect to shop-db.internal:3306: Access denied for user 'backup'@'10.0.12.7' (the server refused user or password: check the secret, and the hosts from which the user may connect)",
  privileges:
    "user 'backup'@'%' lacks privileges that a complete dump needs (TRIGGER on shop); without them it would miss things silently. Run as an administrator: GRANT TRIGGER ON `shop`.* TO 'backup'@'%'; GRANT SHOW_ROUTINE ON *.* TO 'backup'@'%';",
  dumpFailed: 'mysqldump exited with 2: Lost connection to MySQL server during query when dumping table `orders`',
  uploadFailed:
    'could not store shop/2026-11-20T01-00-00Z/shop.sql.zst: AccessDenied: no identity-based policy allows it',
  timedOut: 'the run took longer than its timeout of 12 hours',
  unexpected: 'TypeError: cannot read properties of undefined',
  interrupted: 'the run was stopped by SIGTERM',
  'out-of-memory': 'the task was killed because it used more than its 2048 MiB of memory',
  killed: 'the run was killed (exit code 137)',
  crashed: 'the program crashed (exit code 139)',
  'spot-interruption': 'AWS took the Spot capacity back',
  'stopped-by-user': 'somebody stopped the task: Task stopped by user',
  maintenance: 'ECS is performing maintenance on the underlying infrastructure hosting the task',
  'unknown-exit': 'the run ended with exit code 3, which the program does not have',
  image:
    'the image could not be pulled: failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/cdk-hnb659fds-container-assets-111122223333-eu-west-1:0a1b2c: i/o timeout',
  secret: 'the secret could not be read: unable to retrieve secret from asm',
  network: 'Network interface provisioning timed out: subnet subnet-0abc has no free address',
  capacity: 'Capacity is unavailable at this time. Please try again later or in a different availability zone',
  logging: 'ResourceInitializationError: failed to validate logger args: The specified log group does not exist',
  volume:
    'ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4 timed out',
  container: 'CannotStartContainerError: exec format error',
  scheduler:
    'EventBridge Scheduler could not start the run: AccessDeniedException: not authorized to perform ecs:RunTask',
  'refused-by-ecs': 'ECS started nothing: RESOURCE:FARGATE',
  'start-failed': 'TaskFailedToStart: the reason is not known',
  'too-old': 'the newest whole backup is 38 hours old, and 26 hours are allowed',
  'no-backup-yet': 'there is no whole backup yet, after 30 hours, and 26 hours are allowed',
  gone: 'all its backups are gone or damaged; the last whole one was 2026-11-18T12-04-00Z',
  'not-measured': 'its backups have not been measured for 3 hours: how old the newest is, is not known',
  empty: 'all its 42 tables are empty',
  'table-lost': 'shop.orders has no rows, where 812,044 are usual',
  shrunk: '412 MB before compression, where 1.7 GB are usual',
  grown: '9.8 GB before compression, where 1.7 GB are usual',
  'proof-too-old': 'the newest proven backup, 2026-10-10T01-00-00Z, is 41 days old, and 35 days are allowed',
  'restore-test-failed': 'the restore test of backup 2026-11-19T01-00-00Z failed',
  prune: '1 problem in acme-backups: shop: 31 of 40 backups would be deleted, more than 50 %',
  'prune-snapshots': '1 problem in proven-backups:source: vol-0abc: no snapshot within the allowed age',
  measure: '2 of 12 sources could not be measured: AccessDenied: kms:Decrypt is not allowed',
  'snapshot-policy': 'the policy is in error: the role is not allowed to use the key of vol-0f0cc5aba481ffe15',
  snapshot: 'a snapshot of vol-0f0cc5aba481ffe15 could not be made: the key of the volume is disabled',
  replication: '14 objects could not be replicated to acme-backups-copy',
  'denied-delete':
    'arn:aws:sts::111122223333:assumed-role/Deploy/jane tried to delete shop/2026-11-19T01-00-00Z/manifest.json from 203.0.113.7 (DeleteObjectVersion) and was denied',
  'no-subscriber': 'the topic has no confirmed subscription: nobody is told what goes wrong',
  'dead-letters': 'Backups could not be started: messages wait in the dead-letter queue of EventBridge Scheduler',
  other: 'an event of aws.health that is not known',
};

const HOUSEKEEPING: Readonly<Partial<Record<Cause, Partial<Problem>>>> = {
  prune: { about: 'pruning' },
  'prune-snapshots': {
    about: 'pruning of snapshots',
    resource: 'arn:aws:lambda:eu-west-1:111122223333:function:ShopBackups-PruneSnapshots',
  },
  measure: { about: 'measuring', logGroup: 'ShopBackups-Measure' },
  'snapshot-policy': {
    about: 'snapshot policy policy-0123abcd',
    resource: 'arn:aws:dlm:eu-west-1:111122223333:policy/policy-0123abcd',
  },
  snapshot: {
    about: 'snapshots of volume vol-0f0cc5aba481ffe15',
    resource: 'arn:aws:ec2::eu-west-1:snapshot/snap-06452787b6f3dbd13',
  },
  replication: { about: 'replication rule of the bucket' },
  'denied-delete': {
    about: 'deletes in acme-backups',
    resource: 'arn:aws:sts::111122223333:assumed-role/Deploy/jane',
  },
  'no-subscriber': {
    about: 'subscriptions',
    resource: 'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:ShopBackups-SubscriptionAlarm',
  },
  'dead-letters': { about: 'queue ShopBackups-DeadLetters' },
  other: {
    about: 'an event',
    raw: { source: 'aws.health', 'detail-type': 'AWS Health Event', detail: { service: 'ECS' } },
  },
};

const WITHOUT_TASK = new Set<Cause>(['scheduler', 'refused-by-ecs']);

/** A problem with a cause, as it would really come. */
export function problem(signal: Signal, cause: Cause, change: Partial<Problem> = {}): Problem {
  const since = '2026-11-20T01:01:12Z';
  const base = { signal, cause, sentence: SENTENCES[cause], since };
  if (signal === 'housekeeping') return { about: 'bucket', ...base, ...HOUSEKEEPING[cause], ...change };
  const source = { ...base, source: 'shop', about: 'shop', newest: backup(25), allowedAgeSeconds: 26 * 3600 };
  if (signal === 'silent') {
    const newest = cause === 'no-backup-yet' ? undefined : backup(38);
    return { ...source, newest, since: '2026-11-19T13:00:00Z', logGroup: LOG.logGroup, ...change };
  }
  if (signal === 'strange-size' || signal === 'not-proven')
    return { ...source, newest: backup(1), logGroup: LOG.logGroup, ...change };
  if (WITHOUT_TASK.has(cause)) {
    const resource = 'arn:aws:scheduler:eu-west-1:111122223333:schedule/default/ShopBackups-ShopSchedule4F1C2D3E';
    return { ...source, resource, ...change };
  }
  if (signal === 'never-started')
    return { ...source, task: { ...TASK, exitCode: undefined, stopCode: 'TaskFailedToStart' }, ...change };
  const logLines = [
    '01:00:44 info started: backup of shop to acme-backups',
    '01:00:45 info lock taken',
    `01:01:12 error failed: ${SENTENCES[cause]}`,
  ];
  return { ...source, task: TASK, ...LOG, logLines, ...change };
}

/** Each signal with each of its causes. */
export const EVERY_CAUSE = SIGNALS.flatMap((signal) => CAUSES[signal].map((cause) => [signal, cause] as const));

export const RECOVERY: Recovery = {
  source: 'shop',
  about: 'shop',
  signals: ['failed', 'silent'],
  since: '2026-11-18T01:01:12Z',
  at: '2026-11-20T01:02:40Z',
  times: 2,
  newest: backup(0),
};

/** A row of a digest. */
export function row(source: string, change: Partial<DigestRow> = {}): DigestRow {
  return {
    source,
    newest: backup(2),
    ageSeconds: 7200,
    allowedAgeSeconds: 26 * 3600,
    usualBytes: 1_669_907_194,
    proven: { id: '2026-11-18T01-00-00Z', testedAt: '2026-11-18T05:12:00Z', ageSeconds: 150_000 },
    findings: [],
    open: [],
    ...change,
  };
}
