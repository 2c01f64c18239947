import type { StoredFolder } from '../../../catalog/bucket/inventory';
import { backupId, manifestKey } from '../../../catalog/bucket/names';
import { foundBackups } from '../../../lambda/prune/assess';

const HOUR_MS = 3_600_000;
const START = Date.parse('2026-11-20T02:00:00Z');

/** Which backups are late: each of so many hours after the first, and stored so many hours after that. */
function late(...backups: readonly (readonly [hours: number, stored: number])[]): boolean[] {
  const folders = backups.map(([hours, stored]): StoredFolder => {
    const time = new Date(START + hours * HOUR_MS);
    const lastModified = new Date(time.getTime() + stored * HOUR_MS);
    const manifest = { key: manifestKey('shop', backupId(time)), bytes: 1, lastModified, storageClass: 'STANDARD' };
    return { id: backupId(time), time, manifest, data: [manifest] };
  });
  return foundBackups({ source: 'shop', folders, strangers: 0 }).map((backup) => backup.late === true);
}

test('a backup stored more than a day after its time, and after a newer one, is late, by the clock of S3', () => {
  expect(late([0, 1], [24, 1], [36, 30], [48, 1])).toEqual([false, false, true, false]);
  expect(late([0, 1], [24, 1], [36, 24], [48, 1])).toEqual([false, false, false, false]);
});

test('runs that take longer than a day are not', () => {
  expect(late([0, 2], [168, 26], [336, 50])).toEqual([false, false, false]);
});
