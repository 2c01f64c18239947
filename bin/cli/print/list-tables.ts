/** Shows the backups and snapshots that can be restored. */
import { backupIdTime } from '../../../catalog/bucket/names';
import { formatBytes, formatCount } from '../../../catalog/units';
import type { ListedSnapshot } from '../aws/snapshots';
import type { ListedBackup } from '../aws/stored-backups';
import type { Output } from './output';
import { age, instant } from './times';

/** Prints backups, and below the damaged ones, each with the reason. */
export function printBackups(output: Output, backups: readonly ListedBackup[], now: Date): void {
  const complete = backups.filter(({ damage }) => damage === undefined);
  if (complete.length > 0) {
    output.table(
      ['source', 'backup', 'age', 'size', 'proven', 'tables', 'rows', 'notes', 'engine', 'storage'],
      complete.map(
        ({ source, id, bytes, proven, tables, rows, notes = [], engine, serverVersion, storageClass, restoreWait }) => [
          source,
          id,
          age(backupIdTime(id)!, now),
          formatBytes(bytes),
          proven ? 'yes' : 'no',
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
    if (damage !== undefined) output.print(`${output.colors.red('damaged')} ${source} ${id}: ${damage}`);
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
