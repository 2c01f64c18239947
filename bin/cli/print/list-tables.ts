/** Shows the backups and snapshots that can be restored. */
import { backupIdTime } from '../../../catalog/bucket/names';
import { formatBytes, formatCount } from '../../../catalog/units';
import type { ListedRecoveryPoint } from '../aws/recovery-points';
import type { ListedSnapshot } from '../aws/snapshots';
import type { ListedBackup } from '../aws/stored-backups';
import type { Output } from './output';
import { provenWord } from './proof';
import { printable } from './table';
import { age, instant } from './times';

/** Prints backups, and below the damaged ones, each with the reason. */
export function printBackups(output: Output, backups: readonly ListedBackup[], now: Date): void {
  const complete = backups.filter(({ damage }) => damage === undefined);
  if (complete.length > 0) {
    output.table(
      ['source', 'backup', 'age', 'size', 'proven', 'tables', 'rows', 'notes', 'engine', 'storage'],
      complete.map(
        ({ source, id, bytes, test, tables, rows, notes = [], engine, serverVersion, storageClass, restoreWait }) => [
          source,
          id,
          age(backupIdTime(id)!, now),
          formatBytes(bytes),
          provenWord(test),
          formatCount(tables!),
          formatCount(rows!),
          notes.length === 0 ? '-' : formatCount(notes.length),
          `${engine} ${/^[\d.]+/.exec(serverVersion!)?.[0] ?? serverVersion}`,
          `${storageClass}${restoreWait === undefined ? '' : ` (a restore waits ${restoreWait})`}`,
        ],
      ),
    );
  }
  for (const { source, id, damage } of backups) {
    if (damage !== undefined) output.print(`${output.colors.red('damaged')} ${source} ${id}: ${printable(damage)}`);
  }
}

/** Prints snapshots of volumes. */
export function printSnapshots(output: Output, snapshots: readonly ListedSnapshot[], now: Date): void {
  output.table(
    ['source', 'snapshot', 'volume', 'time', 'age', 'size', 'state', 'tier', 'made by'],
    snapshots.map(({ source, id, volume, time, bytes, state, tier, madeBy }) => [
      source ?? '-',
      id,
      volume,
      instant(new Date(time)),
      age(new Date(time), now),
      formatBytes(bytes),
      state,
      tier,
      madeBy,
    ]),
  );
}

/** Prints recovery points of AWS Backup. */
export function printRecoveryPoints(output: Output, points: readonly ListedRecoveryPoint[], now: Date): void {
  output.table(
    ['source', 'recovery point', 'of', 'time', 'age', 'size', 'state', 'vault', 'kept until'],
    points.map(({ source, id, type, time, bytes, state, vault, keptUntil }) => [
      source,
      id,
      type,
      instant(new Date(time)),
      age(new Date(time), now),
      formatBytes(bytes),
      state,
      vault,
      keptUntil === undefined ? '-' : instant(new Date(keptUntil)).slice(0, 10),
    ]),
  );
}
