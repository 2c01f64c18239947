/** Notifications of the topic as JSON, for SQS, HTTPS, Lambda and chat. Emails say the same in words. */
import type {
  BackupFacts,
  Cause,
  ManagedSource,
  Objectives,
  ProvenBackup,
  Pruned,
  Signal,
  SourceHealth,
  TestFacts,
} from './alarms';
import type { Reason } from './failure';
import type { FoundNote } from './note';
import type { TargetState } from './restore';
import type { RestoreRequest } from './task';

/** Message attributes of the topic, by which a subscription can filter. */
export const NOTIFICATION_ATTRIBUTES = { kind: 'kind', signal: 'signal', test: 'test' } as const;

/** A task of ECS, according to its last event. */
export interface TaskFacts {
  readonly arn: string;
  readonly clusterArn: string;
  readonly family: string;
  readonly exitCode?: number;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  /** Reason of the container, from ECS: `OutOfMemoryError: …`. */
  readonly containerReason?: string;
  /** MiB. */
  readonly memory?: number;
  /** The time that the schedule meant; left out for a run by hand. ISO 8601, UTC. */
  readonly scheduledTime?: string;
  readonly startedAt?: string;
  readonly stoppedAt?: string;
}

/** A command of Systems Manager that ran, or was to run, a backup on an instance. */
export interface CommandFacts {
  readonly id: string;
  /** Name of the document. */
  readonly document: string;
  /** Left out if the command found none. */
  readonly instanceId?: string;
  readonly exitCode?: number;
  /** The status in detail: `DeliveryTimedOut`. */
  readonly status?: string;
}

/** A restore that failed: what it was asked for, as far as that is known, and what it left behind. */
export interface RestoreFacts extends Partial<Omit<RestoreRequest, 'overwrite'>> {
  /** Whether it was told to replace what exists. */
  readonly overwrite?: boolean;
  readonly source: string;
  /** State of the target, as the log says; left out if the log could not be read, or does not say it. */
  readonly state?: TargetState;
}

/** Links to more facts. */
export interface Links {
  readonly log?: string;
  readonly task?: string;
  /** The page of the documentation. */
  readonly runbook: string;
}

/** A problem that comes and goes. */
export interface Flapping {
  /** When the first of the changes happened. ISO 8601, UTC. */
  readonly since: string;
  /** Failures since then. */
  readonly failures: number;
}

/** One thing that went wrong. */
export interface Problem {
  readonly signal: Signal;
  readonly cause: Cause;
  /** The source; left out for what concerns the whole bucket. */
  readonly source?: string;
  /** The subject of the problem: a source, `pruning`, `snapshot policy policy-0abc…`. */
  readonly about: string;
  /** The event, not capitalised, without a full stop: `the newest backup is 38 hours old; the limit is 25 hours`. */
  readonly sentence: string;
  /** The same in few words, for subjects. */
  readonly short?: string;
  /** Reason of a failed run, from its log; left out if the log could not be read. */
  readonly reason?: Reason;
  /** Engine of the source, as its log says. */
  readonly engine?: string;
  /** Which of the problems of its cause it is, where a cause has several. */
  readonly variant?: 'copies-failed' | 'sources-unmeasured' | 'answer-unknown';
  /** When it began. ISO 8601, UTC. */
  readonly since: string;
  /** Consecutive failed runs, this one included. */
  readonly times?: number;
  /** It was told before, and is still so. */
  readonly reminder?: true;
  /** It fails and recovers in turn: further changes are not told until it has been stable for a day. */
  readonly flapping?: Flapping;
  /** Lost tables, the largest first; at most ten. */
  readonly tables?: readonly string[];
  /** The restore that failed. */
  readonly restore?: RestoreFacts;
  /** The restore test that failed, was too slow or could not run. */
  readonly test?: TestFacts;
  /** The oldest backup since the newest proven one whose restore test failed. */
  readonly failingSince?: string;
  /** The newest proven backup. */
  readonly proven?: ProvenBackup;
  readonly objectives?: Objectives;
  /** The report of a pruning. */
  readonly pruned?: Pick<Pruned, 'sources' | 'moreSources'>;
  readonly newest?: BackupFacts;
  /** The newest backup before a strange one that is not strange itself. */
  readonly lastUsual?: BackupFacts;
  /** The newest complete backup whose restore test has not failed; left out if that of {@link newest} has not. */
  readonly lastSound?: BackupFacts;
  readonly allowedAgeSeconds?: number;
  readonly task?: TaskFacts;
  /** Where its backups are, if AWS Backup makes them. */
  readonly managed?: ManagedSource;
  /** The command, of runs on instances. */
  readonly command?: CommandFacts;
  /** The last lines of the run's log, oldest first, without secrets. */
  readonly logLines?: readonly string[];
  readonly logGroup?: string;
  readonly logStream?: string;
  /** The resource of AWS that has the problem: an ARN or an id. */
  readonly resource?: string;
  /** The event as it came, if it was not understood. */
  readonly raw?: unknown;
}

/** A problem that is over. */
export interface Recovery {
  readonly source?: string;
  readonly about: string;
  /** The signals that are over. */
  readonly signals: readonly Signal[];
  /** When the oldest of them began. ISO 8601, UTC. */
  readonly since: string;
  readonly at: string;
  /** Runs that failed in between. */
  readonly times?: number;
  readonly newest?: BackupFacts;
  /** Signals that are still open. */
  readonly open?: readonly Signal[];
  /** No event ended it: it has not happened again for 14 days. */
  readonly quiet?: true;
  /** It came and went, and has been stable for a day. */
  readonly stable?: true;
}

/** A problem with what a reader can do about it. */
export interface AdvisedProblem extends Problem {
  readonly likelyCause: string;
  /** The exact next commands or statements, in order. */
  readonly next: readonly string[];
  readonly links: Links;
}

/** Notes of the newest backup of a source that were not told before. */
export interface NewNotes {
  readonly source: string;
  readonly newest: BackupFacts;
  readonly notes: readonly FoundNote[];
}

/** One source in a digest. */
export interface DigestRow extends SourceHealth {
  /** Signals that are open. */
  readonly open: readonly Signal[];
}

/** One message to the subscribers. */
export interface Notification {
  readonly formatVersion: 1;
  readonly kind: 'problem' | 'recovered' | 'digest' | 'note';
  /** Nothing happened: somebody tests that notifications arrive. */
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
  readonly notes?: readonly NewNotes[];
}
