/** Facts of AWS, the program and the functions, of which the fixtures of emails are made. */
import type { Cause, CAUSES, Pruned, PrunedSource } from '../../../catalog/contract/alarms';
import { EXIT_CODES } from '../../../catalog/contract/task';
import type { Problem, TaskFacts } from '../../../catalog/contract/notification';
import type { Reason } from '../../../catalog/contract/failure';
import type { TaskEnd } from '../../../lambda/notify/observe/task-causes';

const ID = '1dc5c17a8b0e4d4f9c1d6a0b5e3f2c7d';

export const TASK: TaskFacts = {
  arn: `arn:aws:ecs:eu-west-1:111122223333:task/Shop-Cluster/${ID}`,
  clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/Shop-Cluster',
  family: 'ShopBackups-shop',
  memory: 2048,
  scheduledTime: '2026-11-20T01:00:00.000Z',
  stoppedAt: '2026-11-20T01:01:12.000Z',
};
export const STARTED = { startedAt: '2026-11-20T01:00:41.000Z' };

export const LOG = {
  logGroup: '/shop/backups',
  logStream: `shop/backup/${ID}`,
};

export type Failed = Exclude<(typeof CAUSES)['failed'][number], 'managed-job' | 'managed-incomplete'>;
const exited = (exitCode: number): TaskEnd => ({
  exitCode,
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
});

/** How a run ends, as ECS tells it. */
export const ENDS: Readonly<Record<Failed, TaskEnd>> = {
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
    exitCode: 143,
    stopCode: 'SpotInterruption',
    stoppedReason: 'Your Spot Task was interrupted.',
  },
  'stopped-by-user': { exitCode: 143, stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' },
  maintenance: {
    exitCode: 143,
    stopCode: 'ServiceSchedulerInitiated',
    stoppedReason: 'ECS is performing maintenance on the underlying infrastructure hosting the task',
  },
  'unknown-exit': exited(3),
};

/** Last line of the log of a run: its sentence, and its reason. */
export interface LastLine {
  readonly message: string;
  readonly engine?: string;
  readonly reason: Reason;
}

/** What the program logs at last. */
export const LAST_LINES: Readonly<Partial<Record<Failed, LastLine>>> = {
  configuration: {
    message: "the server is MySQL 8.4.3, but the backup is set up for version 8.0: set version: '8.4' and deploy",
    engine: 'mysql',
    reason: { kind: 'version-mismatch', object: 'MySQL 8.4.3' },
  },
  connection: {
    message:
      "could not connect to shop-db.internal:3306: Access denied for user 'backup'@'10.0.12.7' (using password: YES) (the server refused user or password: check the secret, and the hosts from which the user may connect)",
    engine: 'mysql',
    reason: {
      kind: 'login-refused',
      host: 'shop-db.internal',
      port: 3306,
      account: 'backup',
      said: "Access denied for user 'backup'@'10.0.12.7' (using password: YES)",
    },
  },
  privileges: {
    message:
      "user backup@% lacks privileges that a complete dump needs (TRIGGER, the definitions of routines); without them it would miss things silently. Run as an administrator: GRANT TRIGGER ON `shop`.* TO 'backup'@'%'; GRANT SHOW_ROUTINE ON *.* TO 'backup'@'%';",
    engine: 'mysql',
    reason: {
      kind: 'privileges-missing',
      account: 'backup@%',
      privileges: ['TRIGGER', 'SHOW_ROUTINE'],
      statements: ["GRANT TRIGGER ON `shop`.* TO 'backup'@'%';", "GRANT SHOW_ROUTINE ON *.* TO 'backup'@'%';"],
    },
  },
  dumpFailed: {
    message: 'mysqldump exited with 2: Lost connection to MySQL server during query when dumping table `orders`',
    engine: 'mysql',
    reason: {
      kind: 'tool-failed',
      object: 'mysqldump',
      said: 'Lost connection to MySQL server during query when dumping table `orders`',
    },
  },
  uploadFailed: {
    message:
      'could not store shop/2026-11-20T01-00-00Z/shop.sql.zst: AccessDenied: not authorized to perform: s3:PutObject with an explicit deny in a resource-based policy (check that the task role may put objects under its prefix)',
    engine: 'mysql',
    reason: {
      kind: 's3-refused',
      object: 'shop/2026-11-20T01-00-00Z/shop.sql.zst',
      said: 'AccessDenied: User: arn:aws:sts::111122223333:assumed-role/ShopBackups-Task/1dc5 is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::acme-backups/shop/2026-11-20T01-00-00Z/shop.sql.zst" with an explicit deny in a resource-based policy',
    },
  },
  timedOut: {
    message:
      'the backup took longer than its timeout of 43200 s and was stopped: raise timeout, or give the task more cpu',
    engine: 'mysql',
    reason: { kind: 'timed-out' },
  },
  unexpected: {
    message: "unexpected failure: TypeError: Cannot read properties of undefined (reading 'bytes')",
    reason: { kind: 'fault-of-the-program' },
  },
  interrupted: {
    message:
      'the backup was interrupted by SIGTERM (the task was stopped): it left no backup; the next run starts anew',
    engine: 'mysql',
    reason: { kind: 'interrupted' },
  },
};

export type NotStarted = Exclude<
  (typeof CAUSES)['never-started'][number],
  'managed-expired' | 'scheduler' | 'refused-by-ecs' | 'instance-not-reached' | 'instance-not-ready'
>;

/** What ECS says of a task that it could not start. */
export const REASONS: Readonly<Record<NotStarted, string>> = {
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

export const SCHEDULE = 'arn:aws:scheduler:eu-west-1:111122223333:schedule/default/ShopBackups-ShopSchedule4F1C2D3E';

/** Sentences, with their short forms, of what the measuring finds, and of the housekeeping. */
export const SENTENCES: Readonly<Record<string, readonly [sentence: string, short?: string]>> = {
  maintain: ['the repository could not be cleaned up'],
  'too-old': [
    'the newest backup is 2 days 1 hour old; the limit is 25 hours 1 minute',
    'the newest backup is 2 days 1 hour old',
  ],
  'no-backup-yet': [
    'there is no backup yet after 30 hours; the limit is 25 hours 1 minute',
    'there is no backup yet after 30 hours',
  ],
  gone: [
    'all backups are gone or damaged; the last complete one was 2026-11-19T01-00-00Z',
    'all backups are gone or damaged',
  ],
  'not-measured': [
    'its backups were not measured for 3 hours 5 minutes, so their age is unknown',
    'its backups were not measured for 3 hours 5 minutes',
  ],
  empty: ['all 42 tables of the newest backup are empty', 'all 42 tables of the newest backup are empty'],
  'table-lost': [
    'table shop.orders is empty; the backup before it had 812,044 rows of it',
    'table shop.orders is empty, had 812,044 rows',
  ],
  shrunk: [
    '393.1 MiB before compression; the median of the 14 backups before it is 1.6 GiB (-76 %, 15.2 deviations)',
    '393.1 MiB instead of 1.6 GiB (-76 %)',
  ],
  grown: [
    '9.1 GiB before compression; the median of the 14 backups before it is 1.6 GiB (+476 %, 95.1 deviations)',
    '9.1 GiB instead of 1.6 GiB (+476 %)',
  ],
  'proof-too-old': [
    'the newest proven backup, 2026-10-10T01-00-00Z, is 41 days old; the limit is 35 days',
    'the newest proven backup is 41 days old',
  ],
  'restore-test-failed': [
    'the restore test of backup 2026-11-19T01-00-00Z failed: trigger shop.orders_bi: missing; and 11 more differences',
    'the restore test of 2026-11-19T01-00-00Z failed',
  ],
  'restore-test-not-run': [
    'the restore test of backup 2026-11-19T01-00-00Z could not run: extension postgis is not in the image',
    'a restore test could not run',
  ],
  'too-large': [
    'backup 2026-11-19T01-00-00Z is too large for a restore test: it needs 310 GiB of disk',
    'too large for a restore test',
  ],
  'never-proven': [
    'no restore test has passed in 36 days; the limit is 35 days',
    'no restore test has passed in 36 days',
  ],
  'recovery-too-slow': [
    'a restore takes 2 hours 12 minutes, as measured with backup 2026-11-18T01-00-00Z; its recovery time objective is 1 hour',
    'a restore takes 2 hours 12 minutes',
  ],
  'recovery-point': [
    'the newest backup is 49 hours old; its recovery point objective is 1 day',
    'the newest backup is 49 hours old',
  ],
  restore: ['the program failed'],
  measure: [
    '2 of 12 sources could not be measured: shop: could not read its catalog: AccessDenied: not authorized to perform: kms:Decrypt; blog: could not read its catalog: AccessDenied: not authorized to perform: kms:Decrypt',
    '2 of 12 sources could not be measured',
  ],
  'snapshot-policy': [
    'the snapshot policy policy-0123abcd is in error and makes no snapshots: the role may not use the key of the volume',
  ],
  snapshot: ['a snapshot of vol-0f0cc5aba481ffe15 could not be made: Client.InvalidKmsKey.InvalidState'],
  'managed-job': ['its job of AWS Backup failed: Access denied trying to call AWS Backup service'],
  'managed-incomplete': ['AWS Backup could not back up all of it: 3 objects could not be read'],
  'managed-expired': [
    'its job of AWS Backup could not start within its window: Backup job failed because there was a running job for the same resource',
  ],
  'managed-copy': [
    'the newest backup of media could not be copied to arn:aws:backup:eu-central-1:111122223333:backup-vault:copies: Access denied exception while trying to list tags',
    'a copy to copies failed',
  ],
  replication: ['14 objects could not be replicated by rule copies'],
  'denied-delete': [
    'arn:aws:sts::111122223333:assumed-role/Deploy/jane tried to delete shop/2026-11-19T01-00-00Z/manifest.json from 203.0.113.7 (DeleteObject) and was denied',
    'jane tried to delete manifest.json',
  ],
  'no-subscriber': ['the topic has no confirmed subscription', 'the topic has no confirmed subscription'],
  'dead-letters': ['Backups could not be started: messages wait in the dead-letter queue of EventBridge Scheduler'],
  other: ['an event "AWS Health Event" was not understood: this version does not know it'],
};

const ALARM = 'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:ShopBackups-';
/** The dead man's switch of a source. */
export const AGE_ALARM = `${ALARM}ShopAgeAlarm`;
const FUNCTION_LOG = { logGroup: '/shop/backups/functions' };

const FILE_SYSTEM = 'arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-0123456789abcdef0';
/** A file system that AWS Backup backs up, and its newest recovery point. */
export const MANAGED_SOURCE: Readonly<Partial<Problem>> = {
  managed: { resource: FILE_SYSTEM, vault: 'ShopBackupsMediaVault', plan: '1a2b3c4d-plan' },
  newest: {
    id: '1EB3B5E7-9EB0-435A-A80B-108B488B0D45',
    time: '2026-11-19T04:11:40.000Z',
    ageSeconds: 78_620,
    bytes: 4_294_967_296,
    uncompressedBytes: 4_294_967_296,
    tables: 0,
    durationSeconds: 640,
    engine: 'AWS Backup of EFS',
    engineVersion: '',
    recoveryPoint: 'arn:aws:backup:eu-west-1:111122223333:recovery-point:1EB3B5E7-9EB0-435A-A80B-108B488B0D45',
  },
};
/** The same, of a problem that an event of AWS Backup reports. */
export const MANAGED: Readonly<Partial<Problem>> = { ...MANAGED_SOURCE, resource: FILE_SYSTEM };

export const HOUSEKEEPING: Readonly<Partial<Record<Cause, Partial<Problem>>>> = {
  'managed-copy': {
    about: 'copies of media',
    resource: 'arn:aws:backup:eu-central-1:111122223333:backup-vault:copies',
  },
  restore: {
    about: 'restore of shop',
    restore: { source: 'shop' },
    logGroup: LOG.logGroup,
    logStream: LOG.logStream,
  },
  measure: {
    about: 'measuring',
    resource: 'ShopBackups-Measure',
    variant: 'sources-unmeasured',
    ...FUNCTION_LOG,
  },
  'snapshot-policy': {
    about: 'snapshot policy policy-0123abcd',
    resource: 'arn:aws:dlm:eu-west-1:111122223333:policy/policy-0123abcd',
  },
  snapshot: {
    about: 'snapshots of volume vol-0f0cc5aba481ffe15',
    resource: 'arn:aws:ec2::eu-west-1:snapshot/snap-06452787b6f3dbd13',
  },
  replication: { about: 'replication rule copies', resource: `${ALARM}ReplicationFailed`, variant: 'copies-failed' },
  'denied-delete': {
    about: 'deletes in acme-backups',
    resource: 'arn:aws:sts::111122223333:assumed-role/Deploy/jane',
  },
  'no-subscriber': { about: 'subscriptions' },
  'dead-letters': { about: 'queue ShopBackups-DeadLetters', resource: `${ALARM}DeadLetterAlarm` },
  other: {
    about: 'unknown event',
    raw: { source: 'aws.health', 'detail-type': 'AWS Health Event', detail: { service: 'ECS' } },
  },
};

/** Reports of prune functions, as they come through the queue. */
const prunedMessage = (sources: readonly PrunedSource[], change: Partial<Pruned> = {}): Pruned => ({
  kind: 'pruned',
  prunes: 'backups',
  scope: 'acme-backups',
  at: TASK.stoppedAt!,
  functionName: 'ShopBackups-Prune',
  ...FUNCTION_LOG,
  sources,
  moreSources: 0,
  ...change,
});
const pruned = (source: string, change: Partial<PrunedSource>): PrunedSource => ({
  source,
  errors: [],
  errorCount: change.errors?.length ?? 0,
  damagedCount: change.damaged ? 1 : 0,
  ...change,
});
const TOO_MANY = {
  why: 'too-many',
  sentence:
    '31 of 40 backups would be deleted, and a scheduled run deletes at most 50 % of them: look at them with proven-backups prune --dry-run, and delete them with proven-backups prune',
} as const;
const WAITS = {
  why: 'no-recent-backup',
  sentence:
    'the newest complete backup is 60 hours old; the limit is 25 hours: nothing is deleted until a backup succeeds',
} as const;
const DAMAGED = { id: '2026-11-18T01-00-00Z', damage: 'blog/2026-11-18T01-00-00Z/blog.sql.zst is missing' };
const SNAPSHOTS = { prunes: 'snapshots', scope: 'Backup=daily', functionName: 'ShopBackups-PruneSnapshots' } as const;

export const PRUNED: Readonly<Record<string, Pruned>> = {
  prune: prunedMessage([pruned('shop', { refusal: TOO_MANY })]),
  'prune-damaged': prunedMessage([pruned('blog', { damaged: DAMAGED })]),
  'prune-waits': prunedMessage([pruned('shop', { refusal: WAITS })]),
  'prune-failed': prunedMessage([
    pruned('shop', {
      errors: [
        "could not delete 24 objects, such as shop/2026-10-18T01-00-00Z/manifest.json: AccessDenied: not authorized to perform: s3:DeleteObject: check that the bucket's policy admits the role of the prune function",
      ],
    }),
  ]),
  'prune-several': prunedMessage([
    pruned('shop', { refusal: TOO_MANY }),
    pruned('blog', { damaged: DAMAGED, damagedCount: 2 }),
  ]),
  'prune-many': prunedMessage(
    Array.from({ length: 50 }, (_, index) => pruned(`shop-${index}`, { refusal: TOO_MANY })),
    { moreSources: 10 },
  ),
  'prune-snapshots': prunedMessage([pruned('vol-0abc', { refusal: WAITS })], SNAPSHOTS),
  'prune-snapshots-damaged': prunedMessage(
    [pruned('vol-0abc', { damaged: { id: 'snap-06452787b6f3dbd13', damage: 'its state is error' } })],
    SNAPSHOTS,
  ),
  'prune-snapshots-too-many': prunedMessage([pruned('vol-0abc', { refusal: TOO_MANY })], {
    ...SNAPSHOTS,
    logGroup: undefined,
  }),
};
