import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DumpJob } from '../../catalog/contract/task';
import { DEFAULT_LEASE_SECONDS, isHeld, parseLock, type LockContent } from '../../catalog/bucket/lock';
import { lockKey } from '../../catalog/bucket/names';
import { BackupError, errorText } from './errors';
import { httpStatus, isConflict, uploadError, type ServerClock } from '../io/s3';

/**
 * The lock of a source: one small object, replaced only by conditional puts (`If-None-Match`, `If-Match`), so that one of
 * two runs wins. It is a lease, renewed while the run lives; its age is measured by S3's own clock, never by ours.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export class SourceLock {
  private etag: string | undefined;
  private renewal = new AbortController();
  private renewing: Promise<void> = Promise.resolve();
  private readonly content: LockContent;
  private readonly leaseSeconds: number;

  private constructor(
    private readonly s3: S3Client,
    private readonly job: DumpJob,
    private readonly clock: ServerClock,
    private readonly onLost: (error: BackupError) => void,
  ) {
    this.leaseSeconds = job.lockLeaseSeconds ?? DEFAULT_LEASE_SECONDS;
    const task = process.env.ECS_CONTAINER_METADATA_URI_V4?.split('/').pop();
    this.content = {
      state: 'held',
      holder: randomUUID(),
      ...(task === undefined ? {} : { task }),
      since: clock.now().toISOString(),
      leaseSeconds: this.leaseSeconds,
    };
  }

  /**
   * Takes the lock.
   *
   * @param onLost called when the lease cannot be renewed in time: the run must stop then
   * @param pause waits so many milliseconds for the run that holds the lock; without it, this run fails at once
   * @throws BackupError `alreadyRunning` if another run holds it
   */
  static async acquire(
    s3: S3Client,
    job: DumpJob,
    clock: ServerClock,
    onLost: (error: BackupError) => void,
    pause?: (milliseconds: number) => Promise<void>,
  ): Promise<SourceLock> {
    const lock = new SourceLock(s3, job, clock, onLost);
    for (;;) {
      try {
        await lock.take();
        break;
      } catch (error) {
        const failure = uploadError(`take the lock ${lockKey(job.source)} in bucket ${job.bucket}`, error);
        if (failure.exit !== 'alreadyRunning' || !pause) throw failure;
        await pause((lock.leaseSeconds / 10) * 1000);
      }
    }
    lock.renewing = lock.keepRenewing();
    return lock;
  }

  /** Releases the lock. A failure to do so does not fail the run: the lease expires by itself. */
  async release(): Promise<void> {
    this.renewal.abort();
    await this.renewing;
    const release = (): Promise<void> => this.put({ ...this.content, state: 'released' }, { IfMatch: this.etag });
    try {
      await release();
    } catch (error) {
      // A renewal had arrived, and only its answer was lost.
      if (isConflict(error) && (await this.isStillOurs())) await release().catch(() => undefined);
    }
  }

  private async take(): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        return await this.put(this.content, { IfNoneMatch: '*' });
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
      const current = await this.read();
      if (current.content.holder === this.content.holder) {
        // Our own put had arrived; only its answer was lost, and the retry met it.
        this.etag = current.etag;
        return;
      }
      if (isHeld(current.content, current.ageSeconds)) throw this.held(current.content, current.ageSeconds);
      try {
        return await this.put(this.content, { IfMatch: current.etag });
      } catch (error) {
        if (!isConflict(error) && httpStatus(error) !== 404) throw error;
      }
    }
    throw new BackupError(
      'alreadyRunning',
      `another run of source ${this.job.source} took the lock at the same moment; this run made no backup`,
      { kind: 'already-running' },
    );
  }

  private held(content: LockContent, ageSeconds: number): BackupError {
    const task = content.task === undefined ? '' : ` (task ${content.task})`;
    return new BackupError(
      'alreadyRunning',
      `another run of source ${this.job.source}${task} has held its lock since ${content.since} and renewed it ${Math.round(ageSeconds)} s ago: ` +
        `this run made no backup; let the other finish, or stop it and wait ${content.leaseSeconds} s`,
      { kind: 'already-running', ...(content.task === undefined ? {} : { object: content.task }) },
    );
  }

  private async read(): Promise<{ content: LockContent; etag: string | undefined; ageSeconds: number }> {
    const object = await this.s3.send(new GetObjectCommand({ Bucket: this.job.bucket, Key: lockKey(this.job.source) }));
    const text = (await object.Body?.transformToString()) ?? '';
    const ageSeconds = object.LastModified
      ? (this.clock.now().getTime() - object.LastModified.getTime()) / 1000
      : Infinity;
    return { content: parseLock(text), etag: object.ETag, ageSeconds };
  }

  private async put(
    content: LockContent,
    condition: { IfNoneMatch?: string; IfMatch?: string | undefined },
    signal?: AbortSignal,
  ): Promise<void> {
    const result = await this.s3.send(
      new PutObjectCommand({
        Bucket: this.job.bucket,
        Key: lockKey(this.job.source),
        Body: JSON.stringify(content),
        ContentType: 'application/json',
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: this.job.keyArn,
        ...condition,
      }),
      { abortSignal: signal },
    );
    this.etag = result.ETag;
  }

  private async keepRenewing(): Promise<void> {
    let deadline = performance.now() + this.leaseSeconds * 1000;
    const interval = (this.leaseSeconds / 5) * 1000;
    for (;;) {
      try {
        await sleep(interval, undefined, { signal: this.renewal.signal, ref: false });
      } catch {
        return;
      }
      const started = performance.now();
      try {
        // Without a time limit, a missing answer would be awaited until the lease is over.
        await this.put(this.content, { IfMatch: this.etag }, AbortSignal.timeout(interval));
        deadline = started + this.leaseSeconds * 1000;
      } catch (error) {
        const lost = isConflict(error) && !(await this.isStillOurs());
        if (lost || performance.now() + interval >= deadline) {
          this.onLost(
            new BackupError(
              'uploadFailed',
              `the lock of source ${this.job.source} could not be renewed, so another run may have started: this run stops without a backup`,
              { kind: 'lock-lost', object: lockKey(this.job.source), said: errorText(error) },
              { cause: error },
            ),
          );
          return;
        }
      }
    }
  }

  /** The SDK retries a renewal whose answer was lost, and the retry then meets its own first try. */
  private async isStillOurs(): Promise<boolean> {
    try {
      const current = await this.read();
      if (current.content.holder !== this.content.holder || current.content.state !== 'held') return false;
      this.etag = current.etag;
      return true;
    } catch {
      return true;
    }
  }
}
