import type { Manifest } from '../../../catalog/bucket/manifest';

/** A manifest as the program writes it. */
export const exampleManifest = (changes: Partial<Manifest> = {}): Manifest => ({
  formatVersion: 1,
  source: 'shop',
  backupId: '2026-11-20T02-00-00Z',
  engine: 'mariadb',
  serverVersion: '10.11.19-MariaDB',
  toolVersion: '10.11.19-MariaDB',
  programVersion: '0.1.0',
  trigger: 'schedule',
  scheduledTime: '2026-11-20T02:00:00.000Z',
  startedAt: '2026-11-20T02:00:41.000Z',
  endedAt: '2026-11-20T02:03:00.000Z',
  consistency: { snapshot: 'single-transaction', rowCounts: 'read-lock' },
  objects: [
    {
      key: 'shop/2026-11-20T02-00-00Z/shop.sql.zst',
      kind: 'dump',
      format: 'sql',
      compression: 'zstd',
      bytes: 10,
      uncompressedBytes: 100,
      sha256: 'a'.repeat(64),
      crc32: 'AAAAAA==',
      databases: ['shop'],
    },
  ],
  tables: [{ database: 'shop', name: 'book', rows: 3 }],
  ...changes,
});
