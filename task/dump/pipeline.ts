import type { S3Client } from '@aws-sdk/client-s3';
import { encrypt } from '../../catalog/age/age';
import { ENCRYPTED, type DataObject } from '../../catalog/bucket/manifest';
import { Compressor } from '../io/compressor';
import type { DumpStream } from '../../engines/engine';
import { BackupError, errorText } from '../run/errors';
import type { Log } from '../run/log';
import type { Meter } from '../io/meter';
import type { PartMemory } from '../io/part-memory';
import type { UploadTarget } from '../io/put';
import { untilAborted } from '../run/until-aborted';
import { StreamUpload, type StoredBytes } from '../io/upload';

/** Resources of a run that its streams share. */
export interface SinkContext {
  readonly log: Log;
  readonly meter: Meter;
  /** zstd level. */
  readonly compressionLevel: number;
  /** Public keys to which the compressed bytes are encrypted; they are not if left out. */
  readonly encryptTo?: readonly string[];
  /** Aborted when the run must stop; its reason is the error to end with. */
  readonly signal: AbortSignal;
}

/** Resources of a run whose streams go to S3. */
export interface PipelineContext extends SinkContext {
  readonly s3: S3Client;
  readonly memory: PartMemory;
}

/** Where the compressed bytes of a stream go, or the encrypted ones. */
export interface Sink {
  /** Bytes taken so far. */
  readonly bytes: number;
  write(chunk: Buffer): Promise<void>;
  /** Stores the object, all of it or nothing. */
  finish(): Promise<StoredBytes>;
  /**
   * Leaves nothing behind.
   *
   * @returns a sentence if something could not be removed
   */
  abort(): Promise<string | undefined>;
}

/**
 * Stores streams, up to `width` at once. The first failure stops all others.
 *
 * @param store stores one stream, and aborts when its signal does
 * @returns what it returned, in the order of the streams
 * @throws the first failure, once no stream is read any more
 */
export async function storeStreams<T = DataObject>(
  streams: AsyncIterable<DumpStream>,
  width: number,
  signal: AbortSignal,
  store: (stream: DumpStream, signal: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const iterator = streams[Symbol.asyncIterator]();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const objects: T[] = [];
  let opened = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const next = await nextStream(iterator, stop);
      if (!next) return;
      const index = opened++;
      objects[index] = await store(next, stop);
    }
  };
  const workers = Array.from({ length: width }, () => work().catch((error: unknown) => failed.abort(error)));
  await Promise.all(workers);
  stop.throwIfAborted();
  return objects;
}

/** Opens the next stream. One that is opened too late, after a failure, is closed again. */
async function nextStream(iterator: AsyncIterator<DumpStream>, stop: AbortSignal): Promise<DumpStream | undefined> {
  stop.throwIfAborted();
  const opening = iterator.next();
  try {
    const { done, value } = await untilAborted(stop, opening);
    return done ? undefined : value;
  } catch (error) {
    opening.then(({ done, value }) => (done ? undefined : value.stop())).catch(() => undefined);
    throw error;
  }
}

/**
 * dump tool → zstd → age → SHA-256 → multipart upload, without staging, in bounded memory. The object is created only after the
 * tool has ended and its stream was found complete.
 *
 * @throws BackupError; then the upload was aborted and the tool is gone
 */
export const storeStream = (stream: DumpStream, target: UploadTarget, context: PipelineContext): Promise<DataObject> =>
  storeInto(new StreamUpload(context.s3, target, context.memory), target.key, stream, context);

/**
 * The same into another sink.
 *
 * @param key of the object, as the manifest names it
 */
export async function storeInto(
  sink: Sink,
  key: string,
  stream: DumpStream,
  context: SinkContext,
): Promise<DataObject> {
  const { signal, log } = context;
  try {
    const uncompressedBytes = await untilAborted(signal, compress(stream, sink, context));
    await untilAborted(signal, stream.succeeded());
    const stored = await untilAborted(signal, sink.finish());
    return {
      key,
      kind: stream.kind,
      format: stream.format,
      compression: context.encryptTo ? ENCRYPTED : 'zstd',
      uncompressedBytes,
      databases: [...stream.databases],
      ...stored,
    };
  } catch (error) {
    await stream.stop();
    const left = await sink.abort();
    if (left !== undefined) log.warn('upload-not-aborted', left);
    throw await firstCause(stream, error);
  }
}

/** Reads the stream to its end, through zstd and age, into the sink; returns the bytes before compression. */
async function compress(stream: DumpStream, sink: Sink, context: SinkContext): Promise<number> {
  const { meter, compressionLevel, encryptTo } = context;
  const compressor = new Compressor(compressionLevel);
  let bytes = 0;
  const ended = meter.follow(() => ({ bytesIn: bytes, bytesOut: sink.bytes, table: stream.table() }));
  const feed = async () => {
    for await (const chunk of stream.bytes as AsyncIterable<Buffer>) {
      stream.inspect(chunk);
      bytes += chunk.length;
      await compressor.write(chunk);
    }
    await compressor.end();
  };
  const drain = async () => {
    const compressed = compressor.output as AsyncIterable<Buffer>;
    for await (const chunk of encryptTo ? encrypt(compressed, encryptTo) : compressed) await sink.write(chunk);
  };
  const feeding = feed().catch((error: unknown) => {
    compressor.output.destroy(error as Error);
    throw error;
  });
  try {
    await Promise.all([feeding, drain()]);
  } catch (error) {
    compressor.output.destroy();
    stream.bytes.destroy();
    await feeding.catch(() => undefined);
    throw error;
  } finally {
    ended();
  }
  return bytes;
}

/** A tool whose output broke off says why; the broken pipe is only the consequence. */
export async function firstCause(stream: DumpStream, error: unknown): Promise<unknown> {
  if (error instanceof BackupError) return error;
  try {
    await stream.succeeded();
  } catch (toolError) {
    return toolError;
  }
  const said = errorText(error);
  return new BackupError(
    'dumpFailed',
    `the dump broke off: ${said}`,
    { kind: 'dump-incomplete', said },
    { cause: error },
  );
}
