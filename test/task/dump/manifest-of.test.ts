import { parseManifest } from '../../../catalog/bucket/manifest';
import type { DumpJob } from '../../../catalog/contract/task';
import { manifestTextOf } from '../../../task/dump/manifest-of';

const job: DumpJob = {
  ...{ action: 'dump', source: 'shop', engine: 'mariadb', engineVersion: '10.11', bucket: 'b', keyArn: 'k' },
  ...{ compressionLevel: 1, timeoutSeconds: 60, scratchDirectory: '/scratch' },
  server: { host: 'db', port: 3306, tls: { mode: 'public' }, databases: ['shop'], extraDumpArguments: ['--compact'] },
};
const time = new Date('2026-11-20T02:00:00Z');
const manifestOf = (changes: Partial<DumpJob>) => {
  const object = { key: 'a', kind: 'dump', format: 'sql', compression: 'zstd', bytes: 1, uncompressedBytes: 1 };
  const facts = { serverVersion: '1', toolVersion: '1', tables: [], consistency: { snapshot: 'a', rowCounts: 'b' } };
  const objects = [{ ...object, sha256: '0'.repeat(64), crc32: '', databases: [] }];
  const dump = { id: '2026-11-20T02-00-00Z', startedAt: time, endedAt: time, objects, facts, notes: [] };
  return parseManifest(manifestTextOf({ job: { ...job, ...changes }, trigger: 'schedule' }, dump), 'key');
};

test('what a restore test needs is recorded: arguments of the dump, and expectations', () => {
  const expectations = [{ kind: 'tables', value: 15 }] as const;
  expect(manifestOf({ expectations })).toMatchObject({
    ...{ options: { databases: ['shop'], extraDumpArguments: ['--compact'] }, expectations },
  });
  expect(manifestOf({}).options).not.toHaveProperty('host');
  expect(manifestOf({})).not.toHaveProperty('expectations');
  expect(manifestOf({ server: undefined!, engine: 'sqlite', file: '/x' })).not.toHaveProperty('options');
});
