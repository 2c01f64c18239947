import { constants, createZstdDecompress, type ZstdDecompress } from 'node:zlib';

/** Bytes handed to zstd at once: each hand-over costs two changes of thread. */
const BATCH_BYTES = 512 * 1024;
/** Bytes that zstd gives at once. */
const CHUNK_BYTES = 256 * 1024;
/** One is decompressed while the next is filled; the one before may have a rest behind the end of a frame. */
const BUFFERS = 3;

/**
 * Decompresses zstd, of one frame or several, in a thread of its own, in batches and in a few MiB of memory however long the
 * stream is.
 *
 * @throws Error if they are no zstd, or damaged; or what the source throws
 */
export async function* decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const batches = batched(source);
  let next = batches.next();
  next.catch(() => undefined);
  let rest: Buffer | undefined;

  /** Feeds one frame, or several; returns whether that was all. */
  const feed = async (zstd: ZstdDecompress): Promise<boolean> => {
    for (let fed = 0; ;) {
      let batch = rest;
      if (!batch) {
        const { done, value } = await next;
        if (done) {
          zstd.end();
          return true;
        }
        batch = value;
        next = batches.next();
        next.catch(() => undefined);
      }
      await write(zstd, batch);
      fed += batch.length;
      // Node.js ends the stream at the end of a frame, unless that is the end of what it was given.
      const left = fed - zstd.bytesWritten;
      rest = left > 0 ? batch.subarray(batch.length - left) : undefined;
      if (rest) return false;
    }
  };

  for (let all = false; !all;) {
    const zstd = createZstdDecompress({
      chunkSize: CHUNK_BYTES,
      params: { [constants.ZSTD_d_windowLogMax]: 27 },
    });
    const feeding = feed(zstd).catch((error: unknown) => {
      zstd.destroy(error as Error);
      throw error;
    });
    feeding.catch(() => undefined);
    try {
      yield* zstd as AsyncIterable<Buffer>;
    } finally {
      zstd.destroy();
    }
    all = await feeding;
  }
}

/** Resolves when zstd has taken all of it; rejects if it cannot. */
async function write(zstd: ZstdDecompress, batch: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // A stream that is destroyed never calls back the write under way.
    const onClose = () => reject(new Error('the decompression was given up'));
    zstd.once('close', onClose);
    zstd.write(batch, (error) => {
      zstd.off('close', onClose);
      if (error) reject(new Error(error.message));
      else resolve();
    });
  });
}

/** Joins chunks, which come by the packet of the network. A batch is valid until the second one after it. */
async function* batched(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, undefined> {
  const buffers = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(BATCH_BYTES));
  let current = 0;
  let filled = 0;
  for await (const chunk of source) {
    for (let offset = 0; offset < chunk.length;) {
      const taken = chunk.copy(buffers[current]!, filled, offset);
      offset += taken;
      filled += taken;
      if (filled < BATCH_BYTES) continue;
      yield buffers[current]!;
      current = (current + 1) % BUFFERS;
      filled = 0;
    }
  }
  if (filled > 0) yield buffers[current]!.subarray(0, filled);
  return undefined;
}
