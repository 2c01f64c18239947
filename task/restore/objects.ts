import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { decrypt, WrongIdentityError } from '../../catalog/age/age';
import { ENCRYPTED, type DataObject } from '../../catalog/bucket/manifest';
import { fileName, plainName } from '../../catalog/bucket/names';
import type { RestoreJob, RestoreRequest } from '../../catalog/contract/task';
import { formatBytes } from '../../catalog/units';
import type { BackupObjects } from '../../engines/engine';
import { decompress } from '../io/decompress';
import { readObject, sizeOf } from '../io/read';
import { missingRoom, type NoRoom } from '../io/room';
import { BackupError, errorText } from '../run/errors';
import { Identities, wrongIdentity } from './identities';
import type { ReadMeter } from './meter';

/** Decompressed bytes that are held back until the whole object was found right: the end of a dump, or all of a small one. */
const HELD_BYTES = 256 * 1024;
/** Decompressed bytes on their way to a reader. */
const AHEAD_BYTES = 512 * 1024;
/** Objects that are looked at at once. */
const LOOKS = 8;

/** Sees what one reading of an object reads. */
export interface ObjectObserver {
  /** Takes decompressed bytes. */
  see(chunk: Buffer): void;
  /** All were seen, and are as the manifest says. */
  end(): void;
  /** The reading is over, complete or not. */
  close(): void;
}

/** Where the objects are, and who follows them. */
export interface ObjectSource {
  readonly s3: S3Client;
  readonly job: Pick<RestoreJob, 'bucket'>;
  readonly request: Pick<RestoreRequest, 'stream'>;
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly meter: ReadMeter;
  /** Text of private keys, for what is encrypted. */
  readonly identity?: string | undefined;
  /** Asked at the beginning of each reading of an object. */
  readonly observe?: (object: DataObject) => ObjectObserver | undefined;
  /** Before a connection that broke is taken up again; half a second when left out. */
  readonly firstPauseMs?: number;
}

/** The objects of a backup in S3. */
export class StoredObjects implements BackupObjects {
  private readonly etags = new Map<string, string>();
  private readonly identities: Identities;

  constructor(private readonly source: ObjectSource) {
    this.identities = new Identities(source.identity);
  }

  /**
   * Asks for the first byte of each object, and opens those that are encrypted: a restore must not begin that cannot end.
   *
   * @throws BackupError `downloadFailed`
   */
  async requireAll(objects: readonly DataObject[]): Promise<void> {
    const { s3, job, signal } = this.source;
    const left = [...objects];
    const look = async () => {
      for (let object = left.shift(); object; object = left.shift()) {
        requireKnown(object);
        const bytes = await sizeOf(s3, { ...object, bucket: job.bucket }, this.etags, signal);
        if (bytes !== undefined && bytes !== object.bytes) throw wrongSize(object, bytes);
        if (object.compression === ENCRYPTED) await this.openable(object);
      }
    };
    await Promise.all(Array.from({ length: LOOKS }, look));
  }

  open(object: DataObject): Readable {
    return this.read(object, 'loading');
  }

  async verify(object: DataObject, see?: (chunk: Buffer) => void): Promise<void> {
    if (this.source.request.stream && !see) return;
    // Without a stream, which reads ahead: what V8 frees late costs more time than to decompress it.
    const stop = new AbortController();
    try {
      const signal = AbortSignal.any([this.source.signal, stop.signal]);
      for await (const chunk of this.checked(object, 'verifying', signal)) see?.(chunk);
    } finally {
      stop.abort();
    }
  }

  /** Reads all of an object without opening it: its stored bytes must be those of the manifest. */
  async verifyStored(object: DataObject): Promise<void> {
    for await (const chunk of this.stored(object, 'verifying', this.source.signal)) void chunk;
  }

  async spool(object: DataObject): Promise<string> {
    const { scratch, signal } = this.source;
    await requireSpace(scratch, object);
    const file = join(scratch, plainName(fileName(object.key)));
    await pipeline(this.read(object, 'verifying'), createWriteStream(file, { mode: 0o600 }), { signal }).catch(
      (error: NodeJS.ErrnoException) => {
        signal.throwIfAborted();
        throw error.code === 'ENOSPC' ? noSpace(scratch, object, { needed: object.uncompressedBytes, free: 0 }) : error;
      },
    );
    return file;
  }

  private read(object: DataObject, phase: 'verifying' | 'loading'): Readable {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.source.signal, stop.signal]);
    const bytes = Readable.from(this.checked(object, phase, signal), { objectMode: false, highWaterMark: AHEAD_BYTES });
    // A reader that goes away must not leave a request behind.
    return bytes.once('close', () => stop.abort());
  }

  /** Reads the beginning of an encrypted object. */
  private async openable(object: DataObject): Promise<void> {
    const { s3, job, firstPauseMs } = this.source;
    const stop = new AbortController();
    const signal = AbortSignal.any([this.source.signal, stop.signal]);
    const stored = readObject(s3, { ...object, bucket: job.bucket }, this.etags, signal, firstPauseMs);
    try {
      await decrypt(stored, this.identities.of(object)).next();
    } catch (error) {
      this.source.signal.throwIfAborted();
      throw asBackupError(object, error);
    } finally {
      stop.abort();
    }
  }

  /** The decompressed bytes, the last of them only when all was found right. */
  private async *checked(
    object: DataObject,
    phase: 'verifying' | 'loading',
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    requireKnown(object);
    const held: Buffer[] = [];
    let heldBytes = 0;
    let bytes = 0;
    const observer = this.source.observe?.(object);
    try {
      const stored = this.stored(object, phase, signal);
      const compressed = object.compression === ENCRYPTED ? decrypt(stored, this.identities.of(object)) : stored;
      for await (const chunk of decompress(compressed)) {
        bytes += chunk.length;
        if (bytes > object.uncompressedBytes) throw wrongLength(object, `more than ${object.uncompressedBytes}`);
        observer?.see(chunk);
        held.push(chunk);
        heldBytes += chunk.length;
        while (heldBytes - held[0]!.length >= HELD_BYTES) {
          const ready = held.shift()!;
          heldBytes -= ready.length;
          yield ready;
        }
      }
      if (bytes !== object.uncompressedBytes) throw wrongLength(object, String(bytes));
      observer?.end();
    } catch (error) {
      signal.throwIfAborted();
      throw asBackupError(object, error);
    } finally {
      observer?.close();
    }
    yield* held;
  }

  /** The stored bytes. Ends only if they are as the manifest says. */
  private async *stored(
    object: DataObject,
    phase: 'verifying' | 'loading',
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    const { s3, job, meter, firstPauseMs } = this.source;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of readObject(s3, { ...object, bucket: job.bucket }, this.etags, signal, firstPauseMs)) {
      hash.update(chunk);
      bytes += chunk.length;
      meter.add(phase, chunk.length);
      if (bytes > object.bytes) throw wrongSize(object, `more`);
      yield chunk;
    }
    if (bytes !== object.bytes) throw wrongSize(object, bytes);
    const sha256 = hash.digest('hex');
    if (sha256 !== object.sha256) throw changed(object, `must have the SHA-256 ${object.sha256}, got: ${sha256}`);
  }
}

async function requireSpace(directory: string, object: DataObject): Promise<void> {
  const missing = await missingRoom(directory, object.uncompressedBytes);
  if (missing) throw noSpace(directory, object, missing);
}

const noSpace = (directory: string, { key }: DataObject, { needed, free }: NoRoom): BackupError =>
  new BackupError(
    'configuration',
    `${directory} must have ${formatBytes(needed)} free for ${fileName(key)}, got: ${formatBytes(free)}: raise ephemeralStorageGiB of the restore, or free disk of the instance`,
    { kind: 'scratch-full', object: directory },
  );

function asBackupError(object: DataObject, error: unknown): BackupError {
  if (error instanceof BackupError) return error;
  if (error instanceof WrongIdentityError) return wrongIdentity(object, error);
  const done = object.compression === ENCRYPTED ? 'decrypted and decompressed' : 'decompressed';
  return changed(object, `could not be ${done}: ${errorText(error)}`);
}

const changed = ({ key }: DataObject, fault: string): BackupError =>
  new BackupError('downloadFailed', `${key} is not what its manifest says: it ${fault}: restore another backup`, {
    kind: 'object-changed',
    object: key,
  });

const wrongSize = (object: DataObject, bytes: number | string): BackupError =>
  changed(object, `must have ${object.bytes} bytes, got: ${bytes}`);

const wrongLength = (object: DataObject, bytes: string): BackupError =>
  changed(object, `must have ${object.uncompressedBytes} bytes after decompression, got: ${bytes}`);

function requireKnown({ key, compression }: DataObject): void {
  if (compression === 'zstd' || compression === ENCRYPTED) return;
  throw new BackupError(
    'configuration',
    `${key} is compressed by ${compression}, which this version cannot read: update cdk-proven-backups`,
    { kind: 'version-mismatch', object: compression },
  );
}
