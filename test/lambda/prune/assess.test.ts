import type { StoredFolder } from '../../../catalog/bucket/inventory';
import { manifestKey } from '../../../catalog/bucket/names';
import { foundBackups } from '../../../lambda/prune/assess';

const id = '2026-11-20T02-00-00Z';
const time = new Date('2026-11-20T02:00:00Z');

/** The backup whose manifest was stored some hours after the time of its id. */
function storedAfter(hours: number) {
  const lastModified = new Date(time.getTime() + hours * 3_600_000);
  const manifest = { key: manifestKey('shop', id), bytes: 1, lastModified, storageClass: 'STANDARD' };
  const folder: StoredFolder = { id, time, manifest, data: [manifest] };
  return foundBackups({ source: 'shop', folders: [folder], strangers: 0 })[0]!;
}

test('a backup stored more than a day after its time is late, by the clock of S3', () => {
  expect(storedAfter(24)).not.toHaveProperty('late');
  expect(storedAfter(25)).toHaveProperty('late', true);
});
