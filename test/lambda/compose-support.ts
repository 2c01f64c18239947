/** Facts of emails in tests, and how their full texts are compared. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { BackupFacts, Cause, Signal } from '../../catalog/alarms';
import { CAUSES, SIGNALS } from '../../catalog/alarms';
import { EXIT_CODES } from '../../catalog/contract';
import type { DigestRow, Problem, Recovery, TaskFacts } from '../../catalog/notification';
import { logTail } from '../../catalog/run-log';
import type { Composed, Place } from '../../lambda/notify/compose/place';
import type { TaskEnd } from '../../lambda/notify/observe/task-causes';
import { failed, notStarted, startSentence } from '../../lambda/notify/observe/task-causes';

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
export const backup = (hours: number, change: Partial<BackupFacts> = {}): BackupFacts => ({
  ...backupAt(new Date(PLACE.now.getTime() - hours * 3_600_000).toISOString()),
  ...change,
});

/** A backup made at a time. */
function backupAt(time: string): BackupFacts {
  return {
    id: `${time.slice(0, 19).replaceAll(':', '-')}Z`,
    time,
    ageSeconds: (PLACE.now.getTime() - Date.parse(time)) / 1000,
    bytes: 344_012_991,
    uncompressedBytes: 1_720_004_411,
    rows: 1_204_511,
    tables: 42,
    durationSeconds: 93,
    engine: 'mysql 8.4.3',
  };
}

const ID = '1dc5c17a8b0e4d4f9c1d6a0b5e3f2c7d';

const TASK: TaskFacts = {
  arn: `arn:aws:ecs:eu-west-1:111122223333:task/Shop-Cluster/${ID}`,
  clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/Shop-Cluster',
  family: 'ShopBackups-shop',
  memory: 2048,
  scheduledTime: '2026-11-20T01:00:00.000Z',
  stoppedAt: '2026-11-20T01:01:12.000Z',
};
const STARTED = { startedAt: '2026-11-20T01:00:41.000Z' };

const LOG = {
  logGroup: '/shop/backups',
  logStream: `shop/backup/${ID}`,
};

type Failed = (typeof CAUSES)['failed'][number];
const exited = (exitCode: number): TaskEnd => ({
  exitCode,
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
});

/** How a run ends, as ECS tells it. */
const ENDS: Readonly<Record<Failed, TaskEnd>> = {
  configuration: exited(EXIT_CODES.configuration),
  connection: exited(EXIT_CODES.connection),
  privileges: exited(EXIT_CODES.privileges),
  dumpFailed: exited(EXIT_CODES.dumpFailed),
  uploadFailed: exited(EXIT_CODES.uploadFailed),
  timedOut: exited(EXIT_CODES.timedOut),
  unexpected: exited(EXIT_CODES.unexpected),
  interrupted: exited(EXIT_CODES.interrupted),
  'out-of-memory': {
    ...exited(137),
    containerReason: 'OutOfMemoryError: Container killed due to memory usage',
    memory: TASK.memory,
  },
  killed: exited(137),
  crashed: exited(139),
  'spot-interruption': {
    ...{ exitCode: 143, stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.' },
  },
  'stopped-by-user': { exitCode: 143, stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' },
  maintenance: {
    ...{ exitCode: 143, stopCode: 'ServiceSchedulerInitiated' },
    stoppedReason: 'ECS is performing maintenance on the underlying infrastructure hosting the task',
  },
  'unknown-exit': exited(3),
};

/** What the program says at last, in its log. */
const LAST_WORDS: Readonly<Partial<Record<Failed, string>>> = {
  configuration: "the server is MySQL 8.4.3, but the backup is set up for version 8.0: set version: '8.4' and deploy",
  connection:
    "could not connect to shop-db.internal:3306: Access denied for user 'backup'@'10.0.12.7' (using password: YES) (the server refused user or password: check the secret, and the hosts from which the user may connect)",
  privileges:
    "user backup@% lacks privileges that a complete dump needs (TRIGGER, the definitions of routines); without them it would miss things silently. Run as an administrator: GRANT TRIGGER ON `shop`.* TO 'backup'@'%'; GRANT SHOW_ROUTINE ON *.* TO 'backup'@'%';",
  dumpFailed: 'mysqldump exited with 2: Lost connection to MySQL server during query when dumping table `orders`',
  uploadFailed:
    'could not store shop/2026-11-20T01-00-00Z/shop.sql.zst: AccessDenied: User: arn:aws:sts::111122223333:assumed-role/ShopBackups-Task/1dc5 is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::acme-backups/shop/2026-11-20T01-00-00Z/shop.sql.zst" with an explicit deny in a resource-based policy (check that the task role may put objects under its prefix and use the KMS key, and that no bucket, key, endpoint or organisation policy denies it)',
  timedOut:
    'the backup took longer than its timeout of 43200 s and was stopped: raise timeout, or give the task more cpu',
  unexpected: "unexpected failure: TypeError: Cannot read properties of undefined (reading 'bytes')",
  interrupted:
    'the backup was interrupted by SIGTERM (the task was stopped): it left no backup; the next run starts anew',
};

type NotStarted = Exclude<(typeof CAUSES)['never-started'][number], 'scheduler' | 'refused-by-ecs'>;

/** What ECS says of a task that it could not start. */
const REASONS: Readonly<Record<NotStarted, string>> = {
  image:
    'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/cdk-hnb659fds-container-assets-111122223333-eu-west-1:0a1b2c: i/o timeout',
  secret:
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-db-AbCdEf: AccessDeniedException',
  network: 'Network interface provisioning timed out: subnet subnet-0abc has no free address',
  capacity: 'Capacity is unavailable at this time. Please try again later or in a different availability zone',
  logging: 'ResourceInitializationError: failed to validate logger args: The specified log group does not exist',
  volume:
    'ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4: Connection timed out',
  container: 'CannotStartContainerError: exec /opt/program/node: exec format error',
  'start-failed': 'InternalError: something went wrong',
};

const SCHEDULE = 'arn:aws:scheduler:eu-west-1:111122223333:schedule/default/ShopBackups-ShopSchedule4F1C2D3E';

/** What the measuring finds, and what concerns the bucket. */
const SENTENCES = {
  'too-old': 'the newest whole backup is 49 hours old, and 25 hours are allowed',
  'no-backup-yet': 'there is no whole backup yet, after 30 hours, and 25 hours are allowed',
  gone: 'all its backups are gone or damaged; the last whole one was 2026-11-19T01-00-00Z',
  'not-measured': 'its backups have not been measured for 3 hours: how old the newest is, is not known',
  empty: 'all its 42 tables are empty',
  'table-lost': 'table shop.orders has 0 rows, and had 812,044 in the backup before',
  shrunk: '412 MB before compression, and the median of the 14 backups before is 1.7 GB (-76 %, 15.2 deviations)',
  grown: '9.8 GB before compression, and the median of the 14 backups before is 1.7 GB (+476 %, 95.1 deviations)',
  'proof-too-old': 'the newest proven backup, 2026-10-10T01-00-00Z, is 41 days old, and 35 days are allowed',
  'restore-test-failed': 'the restore test of backup 2026-11-19T01-00-00Z failed',
  prune:
    '1 problem in acme-backups: shop: 31 of 40 backups would be deleted, and a run by schedule deletes at most 50 % of them: look at them with proven-backups prune --dry-run, and delete them with proven-backups prune',
  'prune-snapshots':
    '1 problem in Backup=daily: vol-0abc: the newest whole backup is 60 hours old, and 26 hours are allowed: nothing is deleted until a backup succeeds',
  measure:
    '2 of 12 sources could not be measured: shop: could not read its catalog: AccessDenied: not authorized to perform: kms:Decrypt; blog: could not read its catalog: AccessDenied: not authorized to perform: kms:Decrypt',
  'snapshot-policy':
    'the snapshot policy policy-0123abcd is in error and makes no snapshots: the role may not use the key of the volume',
  snapshot: 'a snapshot of vol-0f0cc5aba481ffe15 could not be made: Client.InvalidKmsKey.InvalidState',
  replication: '14 objects could not be replicated by rule copies',
  'denied-delete':
    'arn:aws:sts::111122223333:assumed-role/Deploy/jane tried to delete shop/2026-11-19T01-00-00Z/manifest.json from 203.0.113.7 (DeleteObject) and was denied',
  'no-subscriber': 'the topic has no confirmed subscription: nobody is told what goes wrong',
  'dead-letters': 'Backups could not be started: messages wait in the dead-letter queue of EventBridge Scheduler',
  other: 'an event "AWS Health Event" is not understood: no source in it is known',
} as const;

const ALARM = 'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:ShopBackups-';
const FUNCTION = 'arn:aws:lambda:eu-west-1:111122223333:function:ShopBackups-';
const FUNCTION_LOG = { logGroup: '/shop/backups/functions' };

const HOUSEKEEPING: Readonly<Partial<Record<Cause, Partial<Problem>>>> = {
  prune: { about: 'pruning', resource: `${FUNCTION}Prune:$LATEST`, ...FUNCTION_LOG },
  'prune-snapshots': {
    ...{ about: 'pruning of snapshots Backup=daily', resource: `${FUNCTION}PruneSnapshots:$LATEST`, ...FUNCTION_LOG },
  },
  measure: { about: 'measuring', ...FUNCTION_LOG },
  'snapshot-policy': {
    about: 'snapshot policy policy-0123abcd',
    resource: 'arn:aws:dlm:eu-west-1:111122223333:policy/policy-0123abcd',
  },
  snapshot: {
    about: 'snapshots of volume vol-0f0cc5aba481ffe15',
    resource: 'arn:aws:ec2::eu-west-1:snapshot/snap-06452787b6f3dbd13',
  },
  replication: { about: 'replication rule copies', resource: `${ALARM}ReplicationFailed` },
  'denied-delete': {
    about: 'deletes in acme-backups',
    resource: 'arn:aws:sts::111122223333:assumed-role/Deploy/jane',
  },
  'no-subscriber': { about: 'subscriptions' },
  'dead-letters': { about: 'queue ShopBackups-DeadLetters', resource: `${ALARM}DeadLetterAlarm` },
  other: {
    about: 'an event',
    raw: { source: 'aws.health', 'detail-type': 'AWS Health Event', detail: { service: 'ECS' } },
  },
};

/** As the nightly schedule makes them: at 02:00 in Paris. */
const ALLOWED = 25 * 3600 + 117;
const LAST_NIGHT = backupAt('2026-11-19T01:00:00Z');
const EMPTY = { bytes: 2_104, uncompressedBytes: 51_204, rows: 0 };
const STRANGE: Readonly<Partial<Record<Cause, Partial<BackupFacts>>>> = {
  empty: EMPTY,
  'table-lost': { rows: 392_467, bytes: 201_400_112, uncompressedBytes: 1_004_200_417 },
  shrunk: { rows: 288_100, bytes: 82_400_112, uncompressedBytes: 412_200_417 },
  grown: { rows: 6_870_114, bytes: 1_960_004_112, uncompressedBytes: 9_804_200_417 },
};

/** What a log tells, as the program wrote it. */
const logOf = (cause: Failed, last = LAST_WORDS[cause]): Partial<Problem> => {
  const { lines, sentence } = logTail(
    [
      { level: 'info', event: 'start', message: 'backing up shop as 2026-11-20T01-00-00Z' },
      ...(last === undefined ? [] : [{ level: 'error', event: 'failed', message: last }]),
    ].map((line) => JSON.stringify(line)),
  );
  return { logLines: lines, ...(sentence !== undefined && { sentence }) };
};

/** A problem with a cause, as it would really come: sentences of ECS are read by the function that reads them. */
export function problem(signal: Signal, cause: Cause, change: Partial<Problem> = {}): Problem {
  const since = TASK.stoppedAt!;
  const of = { signal, cause, since };
  if (signal === 'housekeeping') {
    const sentence = SENTENCES[cause as keyof typeof SENTENCES];
    return { about: 'bucket', ...of, sentence, ...HOUSEKEEPING[cause], ...change };
  }
  const source = { ...of, source: 'shop', about: 'shop', newest: LAST_NIGHT, allowedAgeSeconds: ALLOWED };
  if (signal === 'failed') {
    const end = ENDS[cause as Failed];
    const task = { ...TASK, ...STARTED, ...end };
    return {
      ...source,
      sentence: failed(end)!.sentence,
      task,
      ...LOG,
      ...logOf(cause as Failed, change.sentence),
      ...change,
    };
  }
  if (signal === 'never-started') return { ...source, ...neverStarted(cause), logGroup: LOG.logGroup, ...change };
  const sentence = SENTENCES[cause as keyof typeof SENTENCES];
  const found = { ...source, sentence, logGroup: LOG.logGroup };
  if (signal === 'silent') {
    const newest = cause === 'no-backup-yet' || cause === 'gone' ? undefined : backupAt('2026-11-18T00:04:00Z');
    const noticed = cause === 'gone' ? '2026-11-20T01:02:12.000Z' : '2026-11-19T01:05:57.000Z';
    return { ...found, newest, since: noticed, ...change };
  }
  if (signal === 'not-proven') return { ...found, since: '2026-11-14T01:00:00.000Z', ...change };
  const newest = { ...backupAt('2026-11-20T01:00:00Z'), ...STRANGE[cause] };
  return { ...found, newest, lastUsual: LAST_NIGHT, since: newest.time, ...change };
}

function neverStarted(cause: Cause): Pick<Problem, 'sentence' | 'task' | 'resource'> {
  if (cause === 'scheduler') {
    const said = 'AccessDeniedException (3 retries): not authorized to perform ecs:RunTask';
    return { sentence: startSentence(cause, said), resource: SCHEDULE };
  }
  if (cause === 'refused-by-ecs') return { sentence: startSentence(cause, 'MISSING: the cluster is inactive') };
  const end: TaskEnd = { stopCode: 'TaskFailedToStart', stoppedReason: REASONS[cause as NotStarted] };
  return { sentence: notStarted(end).sentence, task: { ...TASK, ...end } };
}

/** What real functions make of the ends of tasks in the fixtures: causes must be those that they stand for. */
export const readCauses = (): readonly (readonly [expected: string, read: string | undefined])[] => [
  ...Object.entries(ENDS).map(([cause, end]) => [cause, failed(end)?.cause] as const),
  ...Object.entries(REASONS).map(
    ([cause, stoppedReason]) => [cause, notStarted({ stopCode: 'TaskFailedToStart', stoppedReason }).cause] as const,
  ),
];

/** Each signal with each of its causes. */
export const EVERY_CAUSE = SIGNALS.flatMap((signal) => CAUSES[signal].map((cause) => [signal, cause] as const));

export const RECOVERY: Recovery = {
  source: 'shop',
  about: 'shop',
  signals: ['failed', 'silent'],
  since: '2026-11-18T01:01:12Z',
  at: '2026-11-20T01:02:40Z',
  times: 2,
  newest: backupAt('2026-11-20T01:00:00Z'),
};

/** A row of a digest. */
export function row(source: string, change: Partial<DigestRow> = {}): DigestRow {
  return {
    source,
    newest: backup(2),
    ageSeconds: 7200,
    allowedAgeSeconds: ALLOWED,
    usualBytes: 1_669_907_194,
    proven: { id: '2026-11-18T01-00-00Z', testedAt: '2026-11-18T05:12:00Z', ageSeconds: 150_000 },
    findings: [],
    open: [],
    ...change,
  };
}
