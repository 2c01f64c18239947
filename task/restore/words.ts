/** The sentences of a restore, of its facts. */
import type { RestoreDifference, RestorePlan, RestoreReport, TargetState } from '../../catalog/contract/restore';
import { formatBytes, formatDuration } from '../../catalog/units';
import { contentText } from '../../engines/facts';

const SHOWN = 10;

/** Of the line `target-state`. */
export const STATE_SENTENCES: Readonly<Record<TargetState, string>> = {
  unchanged: 'the target is as it was before: nothing was restored; the same command can be run again',
  partial: 'the target has a part of the backup: run the same command again with --overwrite, which replaces it',
  'complete-but-different':
    'the target has all that the client loaded, and is not as the backup: look at the differences before you use it',
  'complete-but-unchecked':
    'the target has all of the backup, but the restore ended before all of it was compared: look at it before you use it',
  unknown: 'the target may have a part of the backup: look at it before you run the same command again',
};

/** Of the line `plan`. */
export const planSentence = (source: string, { backupId, targets, bytes, uncompressedBytes }: RestorePlan): string =>
  `backup ${backupId} of ${source} goes into ${targets.map(({ name }) => name).join(', ')}: ${formatBytes(bytes)} to read, ${formatBytes(uncompressedBytes)} to load`;

/** Of the line `restored`. */
export const reportSentence = (
  source: string,
  engine: string,
  { asOf, targets, seconds, tables, rows }: RestoreReport,
): string =>
  `${source} as of ${asOf} was restored into ${targets.map(({ name }) => name).join(', ')} in ${formatDuration(seconds)}: ${contentText(engine, tables, rows)}, all as in the backup`;

/** How the target differs from the backup. */
export function differencesText(differences: readonly RestoreDifference[]): string {
  const words = differences.slice(0, SHOWN).map(({ object, kind, expected, found, said }) => {
    if (kind === 'rows') return `${object}: ${found} rows instead of ${expected}`;
    if (kind === 'orphans') return `${object}: ${found} rows refer to rows that do not exist`;
    return `${object}: ${kind}${said === undefined ? '' : ` (${said})`}`;
  });
  return words.join('; ') + (differences.length > SHOWN ? `; and ${differences.length - SHOWN} more` : '');
}
