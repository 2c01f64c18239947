/**
 * The contract between the constructs (`lib/`), the handlers (`lambda/`) and the command line (`bin/`): settings,
 * environment variables, requests and reports. Free of dependencies, because the construct library has none.
 */
import type { Refusal } from '../retention/prune';
import type { RetentionPolicy } from '../retention/retention-policy';

/** Environment variables of the handlers. */
export const HANDLER_ENV = {
  /** Name of the bucket whose backups are pruned. */
  bucket: 'BACKUP_BUCKET',
  /** Name of the parameter with the handler's own settings. */
  settings: 'BACKUP_SETTINGS',
  /** {@link SnapshotSettings} as JSON. */
  snapshotSettings: 'SNAPSHOT_SETTINGS',
} as const;

/** Settings of one source. */
export interface SourceSettings {
  /** Which of {@link BucketSettings.retentions} is its retention. Sources share them: a parameter holds 8 KB. */
  readonly retention: number;
  /** Age of the newest backup above which nothing is pruned. Seconds. */
  readonly allowedAgeSeconds: number;
}

/** Settings of the sources that one construct manages in a bucket. The text of a parameter of Systems Manager. */
export interface BucketSettings {
  readonly formatVersion: 1;
  readonly bucket: string;
  readonly retentions: readonly RetentionPolicy[];
  /** By name. In every format: of settings that are newer than a function, it reads at least whom they manage. */
  readonly sources: Readonly<Record<string, SourceSettings>>;
  readonly maxDeleteShare: number;
}

/** Newest format of {@link BucketSettings}. */
export const SETTINGS_FORMAT = 1;

/**
 * Path of the settings of all constructs that manage sources in a bucket: whoever knows the bucket finds them, and a
 * source that is in none of them was removed.
 */
export const settingsPath = (bucket: string): string => `/proven-backups/${bucket}/`;

/** Request to a prune function. That of a schedule is `{}`. */
export interface PruneRequest {
  /** Only reports what it would do. */
  readonly dryRun?: boolean;
  /** Only this source; all that the function manages when left out. */
  readonly source?: string;
  /**
   * Ids of what a person has seen and wants to be deleted, of the one `source`. Nothing else is deleted then; and the
   * largest share that a run by schedule may delete does not hold it back.
   */
  readonly confirmed?: readonly string[];
  /** The report has a decision for every backup. */
  readonly explain?: boolean;
}

/** A decision, as a report carries it. */
export interface ReportedDecision {
  readonly id: string;
  readonly time: string;
  readonly keep: boolean;
  readonly reasons: readonly string[];
  readonly bytes: number;
}

/** Result of a run for one source (or, for snapshots, one volume). */
export interface SourceReport {
  readonly source: string;
  readonly kept: number;
  /** Backups deleted; in a dry run, those that would be. */
  readonly deleted: number;
  readonly bytesFreed: number;
  /** Backups that no rule keeps, but that cannot be deleted now: locked, or kept by hand. */
  readonly held: number;
  /** Damaged backups, and why. */
  readonly damaged: readonly { readonly id: string; readonly damage: string }[];
  /** Objects of runs that never wrote their manifest, which were deleted. */
  readonly leftovers: number;
  /** Objects under the source's prefix that are not ours: they are left alone. */
  readonly strangers?: number;
  readonly refusal?: Refusal;
  /** Failures, for people. */
  readonly errors: readonly string[];
  readonly decisions?: readonly ReportedDecision[];
  /** Decisions that are left out because an answer of Lambda holds 6 MB. */
  readonly decisionsLeftOut?: number;
}

/** Result of a run. */
export interface PruneReport {
  /** The bucket; for snapshots, the tag. */
  readonly of: string;
  readonly dryRun: boolean;
  readonly sources: readonly SourceReport[];
  /** Sources with backups that nothing manages any more: they are never pruned. */
  readonly unmanaged: readonly string[];
  /** Refusals, failures and damaged backups: above zero, somebody has to look. */
  readonly problems: number;
}

/** A request to an undelete function. */
export interface UndeleteRequest {
  /** Left out, without `id`: all sources of the bucket. */
  readonly source?: string;
  /** Id of the backup. Left out: lists the backups that can be brought back. */
  readonly id?: string;
  /** Time for which the backup is kept, whatever the retention says. Seconds. */
  readonly keepForSeconds?: number;
  readonly dryRun?: boolean;
}

/** A backup that was deleted and can be brought back. */
export interface DeletedBackup {
  readonly source: string;
  readonly id: string;
  readonly deletedAt: string;
  readonly bytes: number;
}

/** The answer of an undelete function to a request without an id. */
export interface DeletedReport {
  /** Backups that can be brought back, by source, newest first. */
  readonly deleted: readonly DeletedBackup[];
  /** All sources of which the bucket holds anything, deleted or not. */
  readonly sources: readonly string[];
}

/** The answer of an undelete function to a request with an id. */
export interface UndeleteReport {
  /** The backup that was brought back; in a dry run, that would be. */
  readonly restored: {
    readonly source: string;
    readonly id: string;
    readonly objects: number;
    readonly bytes: number;
    readonly keptUntil: string;
  };
}

/** Settings of the pruning of snapshots of volumes. */
export interface SnapshotSettings {
  /** Only snapshots with this tag are looked at. */
  readonly tag: { readonly key: string; readonly value: string };
  readonly retention: RetentionPolicy;
  readonly maxDeleteShare: number;
  readonly allowedAgeSeconds?: number;
}

/** Environment variables of the function that makes backups before a deployment. */
export const DEPLOYMENT_ENV = {
  /** {@link DeploymentBackup}s as JSON. */
  backups: 'BEFORE_DEPLOYMENT_BACKUPS',
  /** ARN of the stack that is deployed. */
  stack: 'BEFORE_DEPLOYMENT_STACK',
  /** Logical id of the wait condition's handle, without the fingerprint at its end. */
  handle: 'BEFORE_DEPLOYMENT_HANDLE',
  /** What `startedBy` of its tasks begins with: nothing else of the account has that. */
  startedBy: 'BEFORE_DEPLOYMENT_STARTED_BY',
} as const;

/** A backup that is made before a deployment. */
export interface DeploymentBackup {
  readonly bucket: string;
  readonly source: string;
}

/** Properties of the custom resource that starts backups before a deployment, as CloudFormation hands them on. */
export interface DeploymentProperties {
  /** URL of the wait condition, which gets one signal a backup. */
  readonly Handle: string;
  /** Whether backups are made when the stack is created as well. */
  readonly OnCreate: 'true' | 'false';
}

/** Length of the fingerprint of a deployment: the end of the logical ids of its resources, which are new for each. */
export const FINGERPRINT = 16;
