/**
 * The contract of the alarms between the constructs (`lib/`), the handlers (`lambda/`) and the command line (`bin/`):
 * signals, settings, and messages between the functions, those of prune to notify among them ({@link Pruned}). Free of
 * dependencies, because the construct library has none.
 */
import type { Reason } from './failure';
import type { FoundNote } from './note';
import type { Refusal } from '../retention/prune';

/** The six ways in which backups go wrong. */
export const SIGNALS = ['failed', 'never-started', 'silent', 'strange-size', 'not-proven', 'housekeeping'] as const;
export type Signal = (typeof SIGNALS)[number];

/** Signals of a single source; `housekeeping` is the bucket's. */
export type SourceSignal = Exclude<Signal, 'housekeeping'>;

/** Environment variables of the functions that measure and notify. */
export const ALARM_ENV = {
  /** Name of the parameter with the {@link AlarmSettings}. */
  settings: 'ALARM_SETTINGS',
  /** ARN of the topic. */
  topic: 'ALARM_TOPIC',
  /** Name of the table that remembers which problems are open. */
  memory: 'ALARM_MEMORY',
  /** URL of the queue that the notify function reads. Measure and prune only. */
  events: 'ALARM_EVENTS',
  /** ARN of the dead-letter queue of EventBridge Scheduler that it reads too, if it does. Notify only. */
  deadLetters: 'ALARM_DEAD_LETTERS',
} as const;

/** Attributes of the table in which the functions remember. */
export const ALARM_TABLE = {
  /** Its one key, a text. Named as in 0.1.0: with another name, CloudFormation would replace the table. */
  key: 'of',
  /** Time, in seconds since 1970, after which DynamoDB removes an item. */
  expires: 'expiresAt',
} as const;

/** Newest format of {@link AlarmSettings}. */
export const ALARM_SETTINGS_FORMAT = 1;

/** Path of the settings of all constructs that watch sources in a bucket. */
export const alarmSettingsPath = (bucket: string): string => `/proven-backups/${bucket}/alarms/`;

/** Bounds of the size and the rows of a backup, against the history of its source. */
export interface SizeLimits {
  /**
   * Usual robust deviations below the median. Deviations of a source that grows quickly are wide: less than
   * half of the smallest of the history is a loss whatever they are, and with more than 4 less than 2/`shrink` of it.
   */
  readonly shrink: number;
  /** Usual robust deviations above the median. */
  readonly growth: number;
  /** With fewer earlier backups, only emptiness is strange, and the loss of a table with more than a few rows. */
  readonly minHistory: number;
  /** Tables that may be empty or gone: `jobs`, `shop.sessions`, `shop.log_*`. */
  readonly ignoreTables?: readonly string[];
}

/** Default bounds. A deviation is at least 5 % of the median: 4 of them are 20 %, or 80 rows. */
export const DEFAULT_SIZE_BOUNDS: SizeLimits = { shrink: 4, growth: 10, minHistory: 5 };

/** Settings of one source. */
export interface AlarmedSource {
  /** Which of {@link AlarmSettings.families} its task family begins with; the rest of the family is the source's name. */
  readonly family: number;
  /** Which of {@link AlarmSettings.logGroups} its runs write to. */
  readonly logGroup: number;
  /** Age of the newest backup above which the source is silent. Seconds. */
  readonly allowedAgeSeconds: number;
  /**
   * The timeout that {@link allowedAgeSeconds} includes: once there are two backups, 1.25 times the duration of the longest of
   * the last 15 takes its place, if that is less. Left out where somebody has set the allowed age. Seconds.
   */
  readonly timeoutSeconds?: number;
  /** Age of the newest proven backup above which the source is not proven; without one, of the waiting for it. Seconds. */
  readonly provenAgeSeconds: number;
  /** Which of {@link AlarmSettings.sizeBounds} holds; the default bounds when left out. */
  readonly sizeBounds?: number;
  /** Signals that are turned off for it. */
  readonly off?: readonly SourceSignal[];
  /**
   * Why nobody is told that none of its backups is proven. `off`: nothing tests them; `unprovable`: they are encrypted to people,
   * and tests check the stored bytes only.
   */
  readonly tests?: 'off' | 'unprovable';
  /** Objective: the most seconds that a restore may take. */
  readonly recoveryTimeSeconds?: number;
  /** Objective: the most seconds whose changes may be lost. */
  readonly recoveryPointSeconds?: number;
  /** Where its backups are, if AWS Backup makes them and not a task. */
  readonly managed?: ManagedSource;
}

/** A resource that AWS Backup backs up. */
export interface ManagedSource {
  /** ARN of the resource. */
  readonly resource: string;
  /** Name of the vault. */
  readonly vault: string;
  /** Id of the plan. */
  readonly plan: string;
  /** ARNs of the vaults of its copies. */
  readonly copies?: readonly string[];
}

/** Whether a job or a recovery point of a plan is a source's; one that somebody made by hand, without a plan, is. */
export const isOfPlan = ({ plan }: ManagedSource, made: string | undefined): boolean =>
  made === undefined || made === plan;

/** Settings that are left out if a source has them, of weekly restore tests: 60 sources have to fit into a parameter. */
export const USUAL_SOURCE = { family: 0, logGroup: 0, provenAgeSeconds: 17 * 86_400 } as const;

/** Settings of one source as the parameter has them: without the {@link USUAL_SOURCE usual} ones. */
export type WrittenSource = Omit<AlarmedSource, keyof typeof USUAL_SOURCE> &
  Partial<Pick<AlarmedSource, keyof typeof USUAL_SOURCE>>;

/** A pruning that is watched. */
export interface AlarmedPruning {
  /** Name of the function. */
  readonly functionName: string;
  /** Which of {@link AlarmSettings.logGroups} it writes to. */
  readonly logGroup: number;
  /** The tag of the snapshots that it prunes, `Backup=daily`; left out if it prunes backups. */
  readonly tag?: string;
}

/** Restore tests that are watched. */
export interface AlarmedTesting {
  /** What the families of their tasks begin with: see `proveFamily`. */
  readonly familyPrefix: string;
  /** Which of {@link AlarmSettings.logGroups} they write to. */
  readonly logGroup: number;
}

/** Frequency of the digest. */
export const DIGESTS = ['off', 'each', 'daily', 'weekly'] as const;
export type DigestFrequency = (typeof DIGESTS)[number];

/**
 * Settings of the sources that one construct watches in a bucket. The text of a parameter of Systems Manager, of at
 * most 8 KB: sources share their common settings by number.
 */
export interface AlarmSettings {
  readonly formatVersion: 1;
  readonly bucket: string;
  /** IANA name of the zone of the times in emails. */
  readonly timeZone: string;
  readonly digest: DigestFrequency;
  /** Signals that are turned off for all. */
  readonly off: readonly Signal[];
  /** Prefixes of task families. */
  readonly families: readonly string[];
  /** Names of log groups. */
  readonly logGroups: readonly string[];
  readonly sizeBounds: readonly SizeLimits[];
  /** By name. */
  readonly sources: Readonly<Record<string, AlarmedSource>>;
  /** Names of the functions. */
  readonly measureFunction: string;
  readonly notifyFunction: string;
  /** Which of {@link logGroups} these two write to. */
  readonly functionLogGroup?: number;
  /** The prunings that are watched. */
  readonly prunings?: readonly AlarmedPruning[];
  /** Names of the alarms of replication and dead-letter queues that are watched. */
  readonly alarms?: readonly string[];
  /** The restore tests that are watched. */
  readonly testings?: readonly AlarmedTesting[];
}

/** A backup, as an email describes it. */
export interface BackupFacts {
  readonly id: string;
  /** When it was made: the time of its id. ISO 8601, UTC. */
  readonly time: string;
  readonly ageSeconds: number;
  /** Bytes stored. */
  readonly bytes: number;
  /** Bytes before compression. */
  readonly uncompressedBytes: number;
  /** Rows of all tables, where they are known. */
  readonly rows?: number;
  readonly tables: number;
  readonly durationSeconds: number;
  /** As the manifest names it: `mysql`. */
  readonly engine: string;
  /** Version of the server: `8.4.3`. */
  readonly engineVersion: string;
  /** What its newest restore test has found; left out if none has judged it. */
  readonly tested?: 'passed' | 'failed';
  /** ARN of the recovery point of AWS Backup that it is. Nothing is known of its content, nor of its size before compression. */
  readonly recoveryPoint?: string;
}

/** How a restored server differs, as `ProofDifference` of a verdict has it. */
export interface TestDifference {
  readonly check: string;
  readonly object: string;
  readonly kind: string;
  readonly expected?: string;
  readonly found?: string;
  readonly fact?: string;
  readonly rows?: { readonly differing: number; readonly of: number };
  readonly first?: { readonly key?: string; readonly column?: string };
  readonly said?: string;
}

/** A restore test, as an email describes it. */
export interface TestFacts {
  /** Id of the backup. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly testedAt: string;
  readonly result?: 'passed' | 'failed' | 'not-run';
  /** The first differences, and how many there are. */
  readonly differences?: readonly TestDifference[];
  readonly differenceCount?: number;
  /** Why it could not run. */
  readonly reason?: Reason;
  readonly engine?: string;
  readonly serverVersion?: string;
  /** Seconds in which the backup was loaded. */
  readonly loadSeconds?: number;
}

/** The newest proven backup of a source. */
export interface ProvenBackup {
  readonly id: string;
  readonly testedAt: string;
  readonly ageSeconds: number;
  /** Seconds in which it was restored. */
  readonly loadSeconds?: number;
  /** The same, and what a restore waits for the tier in which it lies now. */
  readonly recoverySeconds?: number;
}

/** What a source must keep to. */
export type Objectives = Pick<AlarmedSource, 'tests' | 'recoveryTimeSeconds' | 'recoveryPointSeconds'>;

/** A problem that the measuring found. */
export interface Finding {
  readonly signal: 'silent' | 'strange-size' | 'not-proven';
  /** The cause, in a word: sources with the same one share an email. */
  readonly cause: Cause;
  /** The problem in a sentence without the source's name, not capitalised, without a full stop. */
  readonly sentence: string;
  /** The same in at most 50 characters, for subjects. */
  readonly short: string;
  /** When it began. ISO 8601, UTC. */
  readonly since: string;
  /**
   * Its items, each in a word: a lost table, a backup whose test failed, a step of the size. Something
   * new among them is told, although a problem with the same cause was told.
   */
  readonly items?: readonly string[];
  /** Lost tables, the largest first, by the names that a restore takes; at most ten. */
  readonly tables?: readonly string[];
  /** The restore test that it is about. */
  readonly test?: TestFacts;
  /** The oldest backup since the newest proven one whose restore test failed. */
  readonly failingSince?: string;
}

/** Health of a source, according to the catalog. */
export interface SourceHealth {
  readonly source: string;
  /** Its newest complete backup. */
  readonly newest?: BackupFacts;
  /** Age of the newest complete backup; without one, the time since the waiting began. Seconds. */
  readonly ageSeconds: number;
  readonly allowedAgeSeconds: number;
  /** Its newest proven backup. */
  readonly proven?: ProvenBackup;
  /** The last restore test, of whichever backup, if it found nothing wrong. */
  readonly tested?: Pick<ProvenBackup, 'id' | 'testedAt'>;
  /** Left out if there are none. */
  readonly objectives?: Objectives;
  /** Robust deviations of the newest backup from its history; the larger one of size and rows. Signed. */
  readonly sizeDeviation?: number;
  /** Median of the bytes before compression of the history. */
  readonly usualBytes?: number;
  /** The newest backup before a strange one that is not strange itself. */
  readonly lastUsual?: BackupFacts;
  /** The newest complete backup whose restore test has not failed; left out if that of {@link newest} has not. */
  readonly lastSound?: BackupFacts;
  readonly findings: readonly Finding[];
  /** Notes of the newest backup, shortened; left out if there are none. */
  readonly notes?: readonly FoundNote[];
  /** Why it could not be measured. The other facts are not known then. */
  readonly failure?: string;
}

/** A source that could not be measured. */
export interface Unmeasured {
  readonly source: string;
  /** Why. */
  readonly failure: string;
}

/** Report of a measuring, which the measure function sends to the notify function. */
export interface Measured {
  readonly kind: 'measured';
  readonly bucket: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The sources of this message: a run with many sends several. */
  readonly sources: readonly SourceHealth[];
  /** Whether the run measured all sources, and nothing else failed. */
  readonly complete: boolean;
  /** Sources of the run, in all its messages. */
  readonly total: number;
  /** Sources of the run that could not be measured, of all its messages; at most ten are named. */
  readonly unmeasured: { readonly count: number; readonly named: readonly Unmeasured[] };
  /** Subscriptions of the topic; left out when they could not be listed. */
  readonly subscriptions?: { readonly confirmed: number; readonly pending: number };
}

/** Problems of one source (or, for snapshots, one volume) in a run of the pruning. */
export interface PrunedSource {
  readonly source: string;
  readonly refusal?: Refusal;
  /** The first failures, for people. */
  readonly errors: readonly string[];
  /** Failures, those not in `errors` included. */
  readonly errorCount: number;
  /** The first damaged backup. */
  readonly damaged?: { readonly id: string; readonly damage: string };
  readonly damagedCount: number;
}

/** Problems of a scheduled pruning, which a prune function sends to the notify function. */
export interface Pruned {
  readonly kind: 'pruned';
  readonly prunes: 'backups' | 'snapshots';
  /** The bucket; for snapshots, the tag: `Backup=daily`. */
  readonly scope: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Name of the prune function. */
  readonly functionName: string;
  /** Log group of the prune function. */
  readonly logGroup?: string;
  /** Sources with problems, as many as fit into a message. */
  readonly sources: readonly PrunedSource[];
  /** Sources with problems that are not in `sources`. */
  readonly moreSources: number;
}

/** Message of a schedule: a digest is due. */
export interface DigestDue {
  readonly kind: 'digest';
}

/** Request of the command line to the notify function. */
export interface AlarmTestRequest {
  readonly test: true;
}

/** Answer to it. */
export interface AlarmTestReport {
  readonly topic: string;
  /** Subjects of the emails that were published, one of each kind. */
  readonly published: readonly string[];
  /** Notifications that could not be published, and why. */
  readonly failures: readonly string[];
  readonly subscriptions: readonly SubscriptionFacts[];
}

/** A subscription of the topic. */
export interface SubscriptionFacts {
  readonly protocol: string;
  /** The address or ARN. */
  readonly endpoint: string;
  readonly confirmed: boolean;
}

/** Causes of problems, each in a word. Problems with the same signal and cause share an email. */
export const CAUSES = {
  /** Names of exit codes of the program, and what it could not say itself. */
  failed: [
    'configuration',
    'connection',
    'privileges',
    'dumpFailed',
    'uploadFailed',
    'timedOut',
    'unexpected',
    'interrupted',
    'out-of-memory',
    'killed',
    'crashed',
    'spot-interruption',
    'stopped-by-user',
    'maintenance',
    'unknown-exit',
    'managed-job',
    'managed-incomplete',
  ],
  'never-started': [
    'image',
    'secret',
    'network',
    'capacity',
    'logging',
    'volume',
    'container',
    'scheduler',
    'refused-by-ecs',
    'instance-not-reached',
    'instance-not-ready',
    'start-failed',
    'managed-expired',
  ],
  silent: ['too-old', 'no-backup-yet', 'gone', 'not-measured', 'recovery-point'],
  'strange-size': ['empty', 'table-lost', 'shrunk', 'grown'],
  'not-proven': [
    'restore-test-failed',
    'restore-test-not-run',
    'too-large',
    'never-proven',
    'proof-too-old',
    'recovery-too-slow',
  ],
  housekeeping: [
    'prune',
    'prune-snapshots',
    'restore',
    'maintain',
    'measure',
    'snapshot-policy',
    'snapshot',
    'managed-copy',
    'replication',
    'denied-delete',
    'no-subscriber',
    'dead-letters',
    'other',
  ],
} as const satisfies Readonly<Record<Signal, readonly string[]>>;
export type Cause = (typeof CAUSES)[Signal][number];
