import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand, S3ServiceException, type GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { parseLock } from '../../../catalog/bucket/lock';
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

test('a lock is released although the answer to its last renewal was lost', async () => {
  let stored: { etag: string; text: string } = { etag: '', text: '' };
  let isLost = false;
  const put = ({ Body, IfMatch }: { Body: string; IfMatch?: string }): { ETag: string } => {
    if (IfMatch !== undefined && IfMatch !== stored.etag) {
      throw new S3ServiceException({
        name: 'PreconditionFailed',
        $fault: 'client',
        $metadata: { httpStatusCode: 412 },
      });
    }
    stored = { etag: `"${Number(stored.etag.replaceAll('"', '')) + 1}"`, text: Body };
    if (isLost) throw new Error('socket hang up');
    return { ETag: stored.etag };
  };
  const s3 = {
    send: async (command: PutObjectCommand | GetObjectCommand) =>
      command instanceof PutObjectCommand
        ? put(command.input as { Body: string; IfMatch?: string })
        : { ETag: stored.etag, Body: { transformToString: () => Promise.resolve(stored.text) } },
  } as unknown as S3Client;
  const job = { source: 'shop', bucket: 'b', keyArn: 'k', lockLeaseSeconds: 1 } as DumpJob;
  const lock = await SourceLock.acquire(s3, job, { now: () => new Date() } as ServerClock, () => undefined);
  isLost = true;
  await sleep(300);
  isLost = false;
  await lock.release();
  expect(parseLock(stored.text).state).toBe('released');
});
