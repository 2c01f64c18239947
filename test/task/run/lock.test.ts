import { performance } from 'node:perf_hooks';
import type { S3Client } from '@aws-sdk/client-s3';
import type { DumpJob } from '../../../catalog/contract/task';
import type { BackupError } from '../../../task/run/errors';
import { SourceLock } from '../../../task/run/lock';
import type { ServerClock } from '../../../task/io/s3';

const LEASE_SECONDS = 10;

test('a renewal that S3 never answers ends the run before the lease is over', async () => {
  let puts = 0;
  const s3 = {
    send: (_: unknown, { abortSignal }: { abortSignal?: AbortSignal } = {}) =>
      ++puts === 1
        ? Promise.resolve({ ETag: '"1"' })
        : new Promise((_resolve, reject) => {
            abortSignal?.addEventListener('abort', () => reject(abortSignal.reason as Error));
          }),
  } as unknown as S3Client;
  const clock = { now: () => new Date() } as ServerClock;
  const job = { source: 'shop', bucket: 'b', keyArn: 'k', lockLeaseSeconds: LEASE_SECONDS } as DumpJob;
  const since = performance.now();
  // Keeps the process alive as a run does: the lock's own timers do not.
  const run = setInterval(() => undefined, 10);
  const error = await new Promise<BackupError>((resolve) => void SourceLock.acquire(s3, job, clock, resolve));
  clearInterval(run);
  expect(performance.now() - since).toBeLessThan(LEASE_SECONDS * 1000);
  expect(error.exit).toBe('uploadFailed');
  expect(error.message).toMatch(/^the lock of source shop could not be renewed/);
});
