/** Shows what there is to restore from. */
import { backupIdTime } from '../../../catalog/bucket/names';
import { age, instant, size } from './format';
import type { Output } from './output';
import type { ListedSnapshot } from '../aws/snapshots';
import type { ListedBackup } from '../aws/stored-backups';

/** Prints backups, and below what is damaged of them and why. */
export function printBackups(output: Output, backups: readonly ListedBackup[], now: Date): void {
  const whole = backups.filter(({ damage }) => damage === undefined);
  if (whole.length > 0) {
    output.table(
      ['source', 'backup', 'age', 'engine', 'tables', 'rows', 'size', 'proven', 'storage'],
      whole.map((backup) => [
        ...[backup.source, backup.id, age(backupIdTime(backup.id)!, now)],
        `${backup.engine} ${backup.serverVersion}`,
        ...[backup.tables!.toLocaleString('en'), backup.rows!.toLocaleString('en'), size(backup.bytes)],
        backup.proven ? 'yes' : 'no',
        `${backup.storageClass}${backup.restoreWait === undefined ? '' : ` (a restore waits ${backup.restoreWait})`}`,
      ]),
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
      ...[source ?? '-', id, volume, instant(new Date(time)), age(new Date(time), now)],
      ...[size(bytes), state, tier, madeBy],
    ]),
  );
}
