/** Backups as people read them. */
import type { BackupFacts } from '../../../catalog/contract/alarms';
import { formatBytes, formatCount, formatDuration } from '../../../catalog/units';
import { contentText, findEngine } from '../../../engines/facts';
import type { ZoneClock } from './clock';
import { oneLine, wrapped } from './text';

/** `MySQL 8.4.3` */
export function engineText({ engine, engineVersion }: Pick<BackupFacts, 'engine' | 'engineVersion'>): string {
  const title = findEngine(engine)?.title ?? oneLine(engine);
  // `10.11.19-MariaDB-ubu2204` says more than a reader wants.
  const version = /^[\d.]+/.exec(oneLine(engineVersion))?.[0] ?? '';
  return `${title} ${version}`.trim();
}

/** `42 tables with 1,204,511 rows, 328.1 MiB stored, MySQL 8.4.3`; `328.1 MiB, AWS Backup of EFS` */
function storedText(backup: BackupFacts): string {
  if (backup.recoveryPoint !== undefined) return `${formatBytes(backup.bytes)}, ${engineText(backup)}`;
  return `${contentText(backup.engine, backup.tables, backup.rows, ' with ')}, ${formatBytes(backup.bytes)} stored, ${engineText(backup)}`;
}

const TESTED = { passed: 'It is proven.', failed: 'Its restore test FAILED.' } as const;

/** A backup, how old it may be, and what its restore test has found. */
export function backupText(
  backup: BackupFacts | undefined,
  allowedSeconds: number | undefined,
  clock: ZoneClock,
): string {
  if (!backup) return wrapped('There is no backup to restore.');
  const allowed = allowedSeconds === undefined ? '' : ` (limit: ${formatDuration(allowedSeconds)})`;
  return [
    wrapped(`Made at ${clock.full(backup.time)}, ${formatDuration(backup.ageSeconds)} ago${allowed}.`),
    wrapped(`${storedText(backup)}.${backup.tested ? ` ${TESTED[backup.tested]}` : ''}`),
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
