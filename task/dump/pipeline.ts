import type { S3Client } from '@aws-sdk/client-s3';
import type { DataObject } from '../../catalog/bucket/manifest';
import { Compressor } from '../io/compressor';
import type { DumpStream } from '../../engines/engine';
import { BackupError, errorText } from '../run/errors';
import type { Log } from '../run/log';
import type { Meter } from '../io/meter';
import { untilAborted } from '../run/until-aborted';
import { StreamUpload, type UploadTarget } from '../io/upload';

/** What a pipeline works with. */
export interface PipelineContext {
  readonly s3: S3Client;
  readonly log: Log;
  readonly meter: Meter;
  /** zstd level. */
  readonly compressionLevel: number;
  /** Aborted when the run must stop; its reason is the BackupError to end with. */
  readonly signal: AbortSignal;
}

/**
 * dump tool -> zstd -> SHA-256 -> multipart upload, without staging, in flat memory. The object comes into being only
 * after the tool was waited for and its stream was found complete.
 *
 * @throws BackupError; then the upload was aborted and the tool is gone
 */
export async function storeStream(
  stream: DumpStream,
  target: UploadTarget,
  context: PipelineContext,
): Promise<DataObject> {
  const upload = new StreamUpload(context.s3, target);
  const { signal } = context;
  try {
    const uncompressedBytes = await untilAborted(signal, compress(stream, upload, context));
    await untilAborted(signal, stream.succeeded());
    const stored = await untilAborted(signal, upload.finish());
    return {
      key: target.key,
      kind: stream.kind,
      format: stream.format,
      compression: 'zstd',
      uncompressedBytes,
      databases: [...stream.databases],
      ...stored,
    };
  } catch (error) {
    await stream.stop();
    const left = await upload.abort();
    if (left !== undefined) context.log.warn('upload-not-aborted', left);
    // A tool whose output broke off says why; a broken pipe is only the consequence.
    throw await firstCause(stream, error);
  }
}

/** Reads the stream to its end, through zstd, into the upload; returns the bytes before compression. */
async function compress(
  stream: DumpStream,
  upload: StreamUpload,
  { meter, compressionLevel }: PipelineContext,
): Promise<number> {
  const compressor = new Compressor(compressionLevel);
  let bytes = 0;
  meter.watch(() => ({ bytesIn: bytes, bytesOut: upload.bytes, table: stream.table() }));
  const feed = async () => {
    for await (const chunk of stream.bytes as AsyncIterable<Buffer>) {
      stream.inspect(chunk);
      bytes += chunk.length;
      await compressor.write(chunk);
    }
    await compressor.end();
  };
  const drain = async () => {
    for await (const chunk of compressor.output as AsyncIterable<Buffer>) await upload.write(chunk);
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
    meter.count(bytes, upload.bytes);
  }
  return bytes;
}

async function firstCause(stream: DumpStream, error: unknown): Promise<unknown> {
  if (error instanceof BackupError) return error;
  try {
    await stream.succeeded();
  } catch (toolError) {
    return toolError;
  }
  return new BackupError('dumpFailed', `the dump broke off: ${errorText(error)}`, { cause: error });
}
