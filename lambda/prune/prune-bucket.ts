import type { S3Client } from '@aws-sdk/client-s3';
import {
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  ListObjectsV2Command,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { isHeld, parseLock } from '../../catalog/bucket/lock';
import { backupIdTime, lockKey, sourcePrefix } from '../../catalog/bucket/names';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import { ServerClock } from '../../catalog/bucket/server-clock';
import { HandlerError } from '../shared/errors';

/** The bucket, as the pruning sees it. */
export class PruneBucket {
  readonly store: S3CatalogStore;
  readonly clock: ServerClock;
  private objectLock: Promise<boolean> | undefined;

  constructor(
    readonly client: S3Client,
    readonly name: string,
    /** Whether there is time left to begin another part of the work. */
    readonly hasTime: () => boolean,
  ) {
    this.store = new S3CatalogStore(client, name);
    this.clock = new ServerClock(client);
  }

  /**
   * For work of many requests, between them.
   *
   * @throws HandlerError if there is no time left for more
   */
  requireTime(): void {
    if (!this.hasTime()) throw new HandlerError('the time of the run is over');
  }

  /** The text of a small object; `undefined` if it is gone. */
  async read(key: string): Promise<string | undefined> {
    return unlessMissing(this.store.get(key));
  }

  /** Whether a folder of the root holds folders of backups. One request: it need not see them all. */
  async holdsBackups(folder: string): Promise<boolean> {
    const { CommonPrefixes = [] } = await this.client.send(
      new ListObjectsV2Command({ Bucket: this.name, Prefix: sourcePrefix(folder), Delimiter: '/' }),
    );
    return CommonPrefixes.some(({ Prefix = '' }) => backupIdTime(Prefix.split('/').at(-2) ?? '') !== undefined);
  }

  /** Whether a run holds the lock of a source. */
  async isRunning(source: string): Promise<boolean> {
    const found = await unlessMissing(
      this.client.send(new GetObjectCommand({ Bucket: this.name, Key: lockKey(source) })),
    );
    if (!found) return false;
    const age = (this.clock.now().getTime() - found.LastModified!.getTime()) / 1000;
    return isHeld(parseLock(await found.Body!.transformToString('utf-8')), age);
  }

  /** Whether what is deleted can be brought back. */
  async isVersioned(): Promise<boolean> {
    const { Status } = await this.client.send(new GetBucketVersioningCommand({ Bucket: this.name }));
    return Status === 'Enabled';
  }

  /** Why Object Lock forbids to delete any of these objects, if it does. Asks nothing if the bucket has no Object Lock. */
  async lockOf(keys: readonly string[]): Promise<string | undefined> {
    if (!(await (this.objectLock ??= this.hasObjectLock()))) return undefined;
    for (const Key of keys) {
      const object = { Bucket: this.name, Key };
      const { LegalHold } = (await unlessMissing(this.client.send(new GetObjectLegalHoldCommand(object)))) ?? {};
      if (LegalHold?.Status === 'ON') return 'under legal hold';
      const { Retention } = (await unlessMissing(this.client.send(new GetObjectRetentionCommand(object)))) ?? {};
      const until = Retention?.RetainUntilDate;
      if (until && until > this.clock.now()) return `locked until ${until.toISOString()}`;
    }
    return undefined;
  }

  private async hasObjectLock(): Promise<boolean> {
    const answer = await unlessMissing(
      this.client.send(new GetObjectLockConfigurationCommand({ Bucket: this.name })),
      'ObjectLockConfigurationNotFoundError',
    );
    return answer?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
  }
}

const MISSING = ['NoSuchKey', 'NoSuchObjectLockConfiguration'];

/** An answer of S3; `undefined` if it says that there is no such thing. Other failures are thrown. */
async function unlessMissing<T>(answer: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof S3ServiceException && [...MISSING, ...codes].includes(error.name)) return undefined;
    throw error;
  }
}
