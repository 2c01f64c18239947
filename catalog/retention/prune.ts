/** Plans the deletions of one run of one source: the retention decides, and guards hold the run back. Pure. */
import type { Decision, RetainedBackup } from './retention';
import { isCounted, plan } from './retention';
import type { RetentionPolicy } from './retention-policy';
import { formatDuration } from '../units';

/** Limits that hold a run back from deleting what the retention does not keep. */
export interface PruneGuards {
  /** Nothing is deleted while the newest complete backup is older than this. Seconds. Not checked when left out. */
  readonly allowedAgeSeconds?: number;
  /** A run by schedule deletes at most this share of a source's backups: 0.5 is half of them. */
  readonly maxDeleteShare: number;
  /** A person has seen what is to be deleted, and wants it: the share does not hold the run back. */
  readonly confirmed?: boolean;
}

/** Why a run deletes nothing of a source, although the retention does not keep everything. */
export interface Refusal {
  readonly why: 'no-recent-backup' | 'too-many';
  /** In words for people: the fact, and the remedy. */
  readonly sentence: string;
}

/** The plan of a run for one source. */
export interface PrunePlan<B extends RetainedBackup = RetainedBackup> {
  /** One for each backup, newest first: what the retention says. */
  readonly decisions: readonly Decision<B>[];
  /** Nothing is deleted if there is one. */
  readonly refusal?: Refusal;
  /** Backups to delete: none, after a refusal. */
  readonly deletions: readonly B[];
}

/**
 * Plans a run.
 *
 * @param backups of one source, in any order
 * @param policy what is kept
 * @param guards what holds the run back
 * @param now the time by which ages are measured
 * @throws RangeError if the policy is not valid
 */
export function planPrune<B extends RetainedBackup>(
  backups: readonly B[],
  policy: RetentionPolicy,
  guards: PruneGuards,
  now: Date,
): PrunePlan<B> {
  const decisions = plan(backups, policy, now);
  const candidates = decisions.filter(({ keep }) => !keep).map(({ backup }) => backup);
  const refusal = candidates.length > 0 ? refuse(decisions, candidates.length, guards, now) : undefined;
  return refusal ? { decisions, refusal, deletions: [] } : { decisions, deletions: candidates };
}

function refuse(
  decisions: readonly Decision[],
  candidates: number,
  { allowedAgeSeconds, maxDeleteShare, confirmed }: PruneGuards,
  now: Date,
): Refusal | undefined {
  const whole = decisions.map(({ backup }) => backup).filter((backup) => isCounted(backup, now));
  // There is one: what is not counted is never a candidate.
  const newest = (now.getTime() - whole[0]!.time.getTime()) / 1000;
  if (allowedAgeSeconds !== undefined && newest > allowedAgeSeconds) {
    return {
      why: 'no-recent-backup',
      sentence: `the newest complete backup is ${formatDuration(newest)} old; the limit is ${formatDuration(allowedAgeSeconds)}: nothing is deleted until a backup succeeds`,
    };
  }
  // Divided, not multiplied: 0.57 * 100 is less than 57.
  if (confirmed || candidates / whole.length <= maxDeleteShare) return undefined;
  return {
    why: 'too-many',
    sentence: `${candidates} of ${whole.length} backups would be deleted, and a scheduled run deletes at most ${percent(maxDeleteShare)} of them: look at them with proven-backups prune --dry-run, and delete them with proven-backups prune`,
  };
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;
