import type { Duration, TimeZone } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { ScheduledFunctionOptions } from '../scheduled-function-options';
import type { Digest } from './digest';

/** Ways in which backups go wrong. */
export enum AlarmSignal {
  /** A run ended with another exit code than 0, was killed, or timed out. */
  FAILED = 'failed',
  /** A run could not be started: image, secret, network, capacity, EventBridge Scheduler. */
  NEVER_STARTED = 'never-started',
  /** The newest backup is older than allowed. */
  SILENT = 'silent',
  /** A backup is much smaller or larger than those before it, or empty, or a table in it is. */
  STRANGE_SIZE = 'strange-size',
  /** A restore test failed or could not be made, none has passed for too long, or a restore takes longer than it may. */
  NOT_PROVEN = 'not-proven',
  /**
   * Pruning, snapshots or replication failed; deletes were denied; nobody reads the topic. Messages in a dead-letter queue
   * of your own are of NEVER_STARTED as well, and sources that cannot be measured of SILENT: they are told unless both are off.
   */
  HOUSEKEEPING = 'housekeeping',
}

/** A signal that is turned off. */
export interface SignalOff {
  /** Which one. */
  readonly signal: AlarmSignal;

  /** The reason why nobody needs to hear of it. */
  readonly reason: string;
}

/** Bounds of the size and the rows of a backup, against the 14 backups before it. */
export interface SizeBounds {
  /**
   * Usual robust deviations below their median. A deviation is at least 5 % of the median. More than 0.
   *
   * Less than half of the smallest of them is never usual, or, with more than 4, less than 2/`shrink` of it.
   *
   * @default 4
   */
  readonly shrink?: number;

  /**
   * Usual robust deviations above their median. More than 0.
   *
   * @default 10
   */
  readonly growth?: number;

  /**
   * While there are fewer earlier backups than this, only an empty backup is strange, and one that has lost a table of
   * more than 20 rows. 3 to 14.
   *
   * @default 5
   */
  readonly minHistory?: number;

  /**
   * Tables that may be empty or gone: `jobs`, `shop.sessions`, `shop.log_*`.
   *
   * @default - a table that most of the earlier backups have rows of must have some, unless it was empty now and then
   */
  readonly ignoreTables?: string[];
}

/** Recipients and settings of notifications. */
export interface AlarmOptions {
  /**
   * Addresses that get the emails. Each has to confirm a first email within two days.
   *
   * @default - nobody, unless `subscriptions` or the topic has somebody: synth warns
   */
  readonly emails?: string[];

  /**
   * More subscribers, which get the same facts as JSON: a queue, a function, a URL, a chat.
   *
   * @default - only `emails`
   */
  readonly subscriptions?: sns.ITopicSubscription[];

  /**
   * Time zone of the times in emails.
   *
   * @default - UTC
   */
  readonly timeZone?: TimeZone;

  /**
   * Emails about backups that went well.
   *
   * @default Digest.off()
   */
  readonly digest?: Digest;

  /**
   * Signals that are turned off for all sources.
   *
   * @default - all signals are on
   */
  readonly signalsOff?: SignalOff[];

  /**
   * Key that encrypts the topic, in the same Region. CloudWatch must be allowed to use it: of a key that is imported its
   * owner has to do that, and `docs/alarms.md` has the statements.
   *
   * @default - a key is created
   */
  readonly topicEncryptionKey?: kms.IKey;
}

/** Properties of BackupAlarms. */
export interface BackupAlarmsProps extends AlarmOptions, ScheduledFunctionOptions {
  /** The bucket of the backups, in the same Region. */
  readonly bucket: IBackupBucket;

  /**
   * Whether the notify function takes the messages out of `deadLetterQueue` and says in the email why a run could not be
   * started. Only for a queue that nobody else reads, with a visibility timeout of 2 minutes or more.
   *
   * @default false - an alarm watches the queue, and the messages stay
   */
  readonly readDeadLetters?: boolean;
}

/** A replication of the bucket. */
export interface WatchReplicationProps {
  /** Name of the bucket that it copies to. */
  readonly destinationBucketName: string;

  /** Id of the rule in the replication configuration of the bucket, whose metrics must be on. */
  readonly ruleId: string;

  /**
   * Delay of a copy above which it is reported. 1 minute or more.
   *
   * @default Duration.minutes(15)
   */
  readonly maxLatency?: Duration;
}

/** Alarm settings of one source. */
export interface SourceAlarmProps {
  /**
   * Bounds of the size and the rows of a backup, against the backups before it.
   *
   * @default - 4 robust deviations below the median of the last 14, or 10 above it
   */
  readonly sizeBounds?: SizeBounds;

  /**
   * Signals that are turned off for this source.
   *
   * @default - those of the alarms are on
   */
  readonly signalsOff?: SignalOff[];

  /**
   * Longest time that a restore may take (RTO). More than that in the newest restore test raises an alarm.
   *
   * @default - the time is measured and shown, whatever it is
   */
  readonly recoveryTimeObjective?: Duration;

  /**
   * Longest time of which data may be lost (RPO). An older newest backup raises an alarm. It must be longer than the longest
   * time between two runs.
   *
   * @default - only `allowedAge` counts
   */
  readonly recoveryPointObjective?: Duration;
}
