/** What AWS, the program and the functions say, from which the fixtures of emails are made. */
import type { Cause, CAUSES } from '../../../catalog/contract/alarms';
import { EXIT_CODES } from '../../../catalog/contract/task';
import type { Problem, TaskFacts } from '../../../catalog/contract/notification';
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

export type Failed = (typeof CAUSES)['failed'][number];
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
export const LAST_WORDS: Readonly<Partial<Record<Failed, string>>> = {
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

export type NotStarted = Exclude<(typeof CAUSES)['never-started'][number], 'scheduler' | 'refused-by-ecs'>;

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

/** What the measuring finds, and what concerns the bucket. */
export const SENTENCES = {
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
/** The dead man's switch of a source. */
export const AGE_ALARM = `${ALARM}ShopAgeAlarm`;
const FUNCTION = 'arn:aws:lambda:eu-west-1:111122223333:function:ShopBackups-';
const FUNCTION_LOG = { logGroup: '/shop/backups/functions' };

export const HOUSEKEEPING: Readonly<Partial<Record<Cause, Partial<Problem>>>> = {
  prune: { about: 'pruning', resource: `${FUNCTION}Prune:$LATEST`, ...FUNCTION_LOG },
  'prune-snapshots': {
    ...{ about: 'pruning of snapshots Backup=daily', resource: `${FUNCTION}PruneSnapshots:$LATEST`, ...FUNCTION_LOG },
  },
  measure: { about: 'measuring', resource: 'ShopBackups-Measure', ...FUNCTION_LOG },
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
