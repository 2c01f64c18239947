/** What subscribers of the topic are told, as JSON: SQS, HTTPS, Lambda and chat. Emails say the same in words. */
import type { BackupFacts, Cause, Signal, SourceHealth } from './alarms';

/** Message attributes of the topic, by which a subscription can filter. */
export const NOTIFICATION_ATTRIBUTES = { kind: 'kind', signal: 'signal', test: 'test' } as const;

/** A task of ECS, as its last event tells of it. */
export interface TaskFacts {
  readonly arn: string;
  readonly clusterArn: string;
  readonly family: string;
  readonly exitCode?: number;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  /** What ECS says of the container: `OutOfMemoryError: …`. */
  readonly containerReason?: string;
  /** MiB. */
  readonly memory?: number;
  /** The time that the schedule meant; left out for a run by hand. ISO 8601, UTC. */
  readonly scheduledTime?: string;
  readonly startedAt?: string;
  readonly stoppedAt?: string;
}

/** Where to look further. */
export interface Links {
  readonly log?: string;
  readonly task?: string;
  /** The page of the documentation. */
  readonly runbook: string;
}

/** One thing that went wrong. */
export interface Problem {
  readonly signal: Signal;
  readonly cause: Cause;
  /** The source; left out for what concerns the whole bucket. */
  readonly source?: string;
  /** What it concerns, as a subject names it: a source, `pruning`, `snapshot policy policy-0abc…`. */
  readonly about: string;
  /** What happened: `access denied for user 'backup'`. */
  readonly sentence: string;
  /** Since when it is so. ISO 8601, UTC. */
  readonly since: string;
  /** Runs that failed since the last good one, with this one. */
  readonly times?: number;
  /** It was told before, and is still so. */
  readonly reminder?: true;
  readonly newest?: BackupFacts;
  /** The newest backup before a strange one that is not strange itself. */
  readonly lastUsual?: BackupFacts;
  readonly allowedAgeSeconds?: number;
  readonly task?: TaskFacts;
  /** The last lines of the run's log, oldest first, without secrets. */
  readonly logLines?: readonly string[];
  readonly logGroup?: string;
  readonly logStream?: string;
  /** What the problem is about in AWS: an ARN or an id. */
  readonly resource?: string;
  /** The event as it came, where it is not understood. */
  readonly raw?: unknown;
}

/** Something that is well again. */
export interface Recovery {
  readonly source?: string;
  readonly about: string;
  /** What is over. */
  readonly signals: readonly Signal[];
  /** Since when the oldest of them was so. ISO 8601, UTC. */
  readonly since: string;
  readonly at: string;
  /** Runs that failed meanwhile. */
  readonly times?: number;
  readonly newest?: BackupFacts;
  /** What is still wrong with it. */
  readonly open?: readonly Signal[];
  /** Nothing called it well: it only did not happen again for 14 days. */
  readonly quiet?: true;
}

/** A problem with what a reader can do about it. */
export interface AdvisedProblem extends Problem {
  readonly likelyCause: string;
  /** The exact next commands or statements, in order. */
  readonly next: readonly string[];
  readonly links: Links;
}

/** What is said of one source in a digest. */
export interface DigestRow extends SourceHealth {
  /** Signals that are open. */
  readonly open: readonly Signal[];
}

/** What a subscriber is told at once. */
export interface Notification {
  readonly formatVersion: 1;
  readonly kind: 'problem' | 'recovered' | 'digest';
  /** Nothing happened: somebody tries whether notifications arrive. */
  readonly test?: true;
  /** The subject of the email. */
  readonly subject: string;
  readonly at: string;
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  /** Of the problems. */
  readonly signal?: Signal;
  readonly cause?: Cause;
  /** All with the same signal and cause. */
  readonly problems?: readonly AdvisedProblem[];
  readonly recoveries?: readonly Recovery[];
  readonly digest?: readonly DigestRow[];
}
