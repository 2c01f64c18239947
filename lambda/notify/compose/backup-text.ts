/** Backups as people read them. */
import type { BackupFacts } from '../../../catalog/contract/alarms';
import { countOf, formatBytes, formatCount, formatDuration } from '../../../catalog/units';
import { findEngine } from '../../../engines/facts';
import type { ZoneClock } from './clock';
import { oneLine, wrapped } from './text';

/** `MySQL 8.4.3` */
export function engineText({ engine, engineVersion }: Pick<BackupFacts, 'engine' | 'engineVersion'>): string {
  const title = findEngine(engine)?.title ?? oneLine(engine);
  // `10.11.19-MariaDB-ubu2204` says more than a reader wants.
  const version = /^[\d.]+/.exec(oneLine(engineVersion))?.[0] ?? '';
  return `${title} ${version}`.trim();
}

/** `42 tables with 1,204,511 rows, 328.1 MiB stored, MySQL 8.4.3` */
function contentText(backup: BackupFacts): string {
  const rows = backup.rows === undefined ? '' : ` with ${countOf(backup.rows, 'row')}`;
  return `${countOf(backup.tables, 'table')}${rows}, ${formatBytes(backup.bytes)} stored, ${engineText(backup)}`;
}

/** The newest backup, and how old it may be. */
export function backupText(
  backup: BackupFacts | undefined,
  allowedSeconds: number | undefined,
  clock: ZoneClock,
): string {
  if (!backup) return wrapped('There is no backup to restore.');
  const allowed = allowedSeconds === undefined ? '' : ` (limit: ${formatDuration(allowedSeconds)})`;
  return [
    wrapped(`Made at ${clock.full(backup.time)}, ${formatDuration(backup.ageSeconds)} ago${allowed}.`),
    wrapped(`${contentText(backup)}.`),
  ].join('\n');
}

/** `+3 %`: how much larger than usual something is; `-` if that is not known. */
export function trend(value: number, usual: number | undefined): string {
  const share = usual === undefined ? NaN : Math.round((value / usual - 1) * 100);
  if (!Number.isFinite(share)) return '-';
  return share > 999
    ? `x${formatCount(Math.round(value / usual!))}`
    : `${new Intl.NumberFormat('en', { signDisplay: 'exceptZero' }).format(share)} %`;
}
