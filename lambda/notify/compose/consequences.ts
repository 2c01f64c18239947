import type { Cause } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import type { TargetState } from '../../../catalog/contract/restore';
import { wordsOf } from '../../../engines/facts';
import { engineOf, soundOf } from '../advice/context';
import type { ZoneClock } from './clock';

const UNPROVEN = 'Whether the backups can be restored is not known.';

/** Consequences by cause. */
const MEANINGS: Readonly<Partial<Record<Cause, string>>> = {
  'no-backup-yet': 'Nothing can be restored.',
  gone: 'Nothing can be restored.',
  'not-measured': 'Nobody will be told if the backups stop.',
  grown: 'Nothing is missing.',
  'restore-test-failed': 'Do not rely on this backup.',
  'restore-test-not-run': 'Whether this backup can be restored is not known.',
  'too-large': UNPROVEN,
  'never-proven': UNPROVEN,
  'proof-too-old': UNPROVEN,
  'recovery-too-slow': 'Nothing is wrong with the backup.',
  'recovery-point': 'What has changed since then would be lost.',
  'prune-snapshots': 'Old snapshots are kept longer than their retention says.',
  maintain: 'No backup is lost by that, but what no backup needs any more still costs.',
  measure: 'A missing backup may go unnoticed.',
  'snapshot-policy': 'No snapshots are made until it is repaired.',
  snapshot: 'This snapshot is missing.',
  'managed-copy': 'The other vault lacks this backup.',
  replication: 'The other bucket lacks backups.',
  'denied-delete': 'Nothing was deleted.',
  'no-subscriber': 'Nobody is told when a backup fails.',
  'dead-letters': 'What they should have started did not take place.',
};

/** What a restore that failed left behind. The backup itself never changes. */
const LEFT: Readonly<Record<TargetState, string>> = {
  unchanged: 'The target is as it was before; nothing was restored.',
  partial: 'The target has a part of the backup.',
  'complete-but-different': 'All was loaded, but the target is not as the backup: do not use it before you know why.',
  'complete-but-unchecked': 'All was loaded, but it was not compared with the backup: do so before you use it.',
  unknown: 'The target may have a part of the backup.',
};

/** The consequence of a problem for the data, in a sentence. */
export function consequenceOf(problem: Problem, clock: ZoneClock): string {
  const { signal, cause, newest, allowedAgeSeconds, pruned, variant, restore } = problem;
  if (['empty', 'table-lost', 'shrunk'].includes(cause))
    return `Data may be missing from the backup, or from the ${wordsOf(engineOf(problem)).whole} itself.`;
  if (cause === 'managed-incomplete') return 'What was left out cannot be restored from this backup.';
  if (signal === 'failed' || signal === 'never-started') {
    const good = soundOf(problem);
    if (good) return `No backup was made. The newest good one is from ${clock.full(good.time)}.`;
    if (newest) return 'No backup was made, and no earlier one is known to be good.';
    // Without an allowed age the newest backup could not be looked up.
    if (allowedAgeSeconds === undefined) return 'No backup was made.';
    return 'No backup was made, and there is no earlier one to restore.';
  }
  if (cause === 'too-old') {
    return newest
      ? `Changes since ${clock.full(newest.time)} cannot be restored.`
      : 'Changes since then cannot be restored.';
  }
  if (variant === 'answer-unknown')
    return 'The policy of the bucket should have denied it, but CloudTrail does not record the answer of S3.';
  if (cause === 'restore') return `${restore?.state ? `${LEFT[restore.state]} ` : ''}The backup itself is unchanged.`;
  if (cause === 'prune') {
    const isDamaged = pruned?.sources.some(({ damagedCount }) => damagedCount > 0);
    return isDamaged
      ? 'The damaged backups cannot be restored as they are.'
      : 'Old backups are kept longer than their retention says; none is lost.';
  }
  return MEANINGS[cause] ?? '';
}
