/** Downloads objects of a backup, and checks each byte against the manifest. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { decrypt } from '../../../catalog/age/age';
import type { AnyIdentity } from '../../../catalog/age/identities';
import { ENCRYPTED, type DataObject } from '../../../catalog/bucket/manifest';
import { ENCRYPTED_SUFFIX, plainName } from '../../../catalog/bucket/names';
import { CommandError } from '../errors';
import { ask } from './aws';

/** An object to download. */
export interface Download {
  readonly client: S3Client;
  readonly bucket: string;
  readonly object: DataObject;
  /** What an earlier call has left of it lies beside it, in `<file>.part`. */
  readonly file: string;
  /** Hears how many bytes more are there. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Downloads an object, or the rest of it. Does nothing if the file is there, whole.
 *
 * @throws CommandError if AWS refuses, if the download breaks, or if what arrived is not what the manifest says
 */
export async function download(wanted: Download): Promise<void> {
  const { object, file, onBytes } = wanted;
  const part = `${file}.part`;
  const hash = createHash('sha256');
  const see = (chunk: Buffer): void => {
    hash.update(chunk);
    onBytes(chunk.length);
  };
  if ((await sizeOf(file)) !== undefined) {
    for await (const chunk of createReadStream(file)) see(chunk as Buffer);
    if (hash.digest('hex') === object.sha256) return;
    throw new CommandError(
      `${file} is there already, and is not the object of this backup: move it away, or choose another --output`,
    );
  }
  const begun = Math.min((await sizeOf(part)) ?? 0, object.bytes);
  if (begun > 0) for await (const chunk of createReadStream(part, { end: begun - 1 })) see(chunk as Buffer);
  if (begun < object.bytes) await rest(wanted, begun, see);
  const bytes = await sizeOf(part);
  const sha256 = hash.digest('hex');
  if (bytes !== object.bytes || sha256 !== object.sha256) {
    await rm(part, { force: true });
    const [must, got] =
      bytes === object.bytes ? [`SHA-256 ${object.sha256}`, sha256] : [`${object.bytes} bytes`, `${bytes}`];
    throw new CommandError(
      `${object.key} is not what its manifest says: it must have ${must}, got: ${got}: what arrived was removed; try again, and if it happens again, use another backup`,
    );
  }
  await rename(part, file);
}

async function rest({ client, bucket, object, file }: Download, begun: number, see: (chunk: Buffer) => void) {
  const wish = { doing: `read ${object.key} in bucket ${bucket}`, action: 's3:GetObject and kms:Decrypt' };
  const range = begun > 0 ? { Range: `bytes=${begun}-` } : {};
  const { Body } = await ask(wish, () =>
    client.send(new GetObjectCommand({ Bucket: bucket, Key: object.key, ...range })).catch((error: Error) => {
      if (error.name !== 'InvalidObjectState') throw error;
      throw new CommandError(
        `${object.key} is in an archive: retrieve it with --tier, which takes hours, see docs/storage-tiers.md#retrieving`,
      );
    }),
  );
  const sink = createWriteStream(`${file}.part`, { mode: 0o600, ...(begun > 0 && { flags: 'r+', start: begun }) });
  const meter = new Transform({
    transform(chunk: Buffer, _, done) {
      see(chunk);
      done(undefined, chunk);
    },
  });
  await pipeline(Body as Readable, meter, sink).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(
      `could not write ${object.key} to ${file}.part: ${error.message}: run the same command again, and it goes on where it broke`,
    );
  });
}

/** Whether this Node.js decompresses zstd: since 22.15. */
export const canDecompress = (): boolean => typeof zlib.createZstdDecompress === 'function';

/** What is done with objects that were downloaded. */
export interface Opening {
  /** For those that are encrypted; they stay so without. */
  readonly identities?: readonly AnyIdentity[] | undefined;
  readonly decompress: boolean;
}

/** The name of a file when it was opened: its own if nothing is done with it. */
export function openedName(file: string, { identities, decompress }: Opening): string {
  if (decompress) return plainName(file);
  return identities && file.endsWith(ENCRYPTED_SUFFIX) ? file.slice(0, -ENCRYPTED_SUFFIX.length) : file;
}

/**
 * Decrypts a file, decompresses it, or both, and removes it.
 *
 * @throws CommandError if it cannot be, or the result is not as long as the manifest says; the file stays then
 */
export async function open(object: DataObject, file: string, opening: Opening): Promise<void> {
  const target = openedName(file, opening);
  if (target === file) return;
  const part = `${target}.part`;
  const { identities = [], decompress } = opening;
  const stored = createReadStream(file);
  const compressed = object.compression === ENCRYPTED ? Readable.from(decrypt(stored, identities)) : stored;
  const decompressor = decompress ? [zlib.createZstdDecompress()] : [];
  const steps = [compressed, ...decompressor, createWriteStream(part, { mode: 0o600 })];
  await pipeline(steps).catch(async (error: Error) => {
    await rm(part, { force: true });
    throw new CommandError(`could not open ${file}: ${error.message}`);
  });
  const bytes = await sizeOf(part);
  if (decompress && bytes !== object.uncompressedBytes) {
    await rm(part, { force: true });
    throw new CommandError(
      `${file} must have ${object.uncompressedBytes} bytes when it is decompressed, got: ${bytes}: use another backup`,
    );
  }
  await rename(part, target);
  await rm(file);
}

const sizeOf = (file: string): Promise<number | undefined> =>
  stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
