import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';

/** Bytes handed to zstd at once. A pipe gives 64 KiB at a time, and each hand-over costs two changes of thread. */
const BATCH_BYTES = 512 * 1024;
/** Enough to continue reading while zstd is late or waits for a core: a tool that cannot write stands still. */
const BATCHES = 8;

/**
 * zstd in a thread of its own, fed in batches from a ring of buffers: one is filled while others wait or are compressed. The
 * ring of 4 MiB is all the memory it uses, however long the stream is.
 */
export class Compressor {
  /** The compressed bytes. */
  readonly output: ZstdCompress;
  private readonly free = Array.from({ length: BATCHES - 1 }, () => Buffer.allocUnsafeSlow(BATCH_BYTES));
  private filling = Buffer.allocUnsafeSlow(BATCH_BYTES);
  private filled = 0;
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  /** @param level 1 to 19 */
  constructor(level: number) {
    this.output = createZstdCompress({
      chunkSize: 256 * 1024,
      params: {
        [constants.ZSTD_c_compressionLevel]: level,
        // The frame's own checksum catches a flipped bit that a custom-format archive without compression would not.
        [constants.ZSTD_c_checksumFlag]: 1,
      },
    });
    // A stream that is destroyed never calls back the write under way.
    this.output.once('close', () => this.fail(new Error('the compression was given up')));
  }

  /** Takes bytes; waits while all buffers are in use. The chunk may be reused afterwards. */
  async write(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length;) {
      const taken = chunk.copy(this.filling, this.filled, offset);
      offset += taken;
      this.filled += taken;
      if (this.filled === BATCH_BYTES) await this.flush();
    }
  }

  /** Takes the end. */
  async end(): Promise<void> {
    await this.flush();
    this.output.end();
  }

  private async flush(): Promise<void> {
    if (this.failure) throw this.failure;
    const batch = this.filling;
    this.output.write(batch.subarray(0, this.filled), (error) => {
      if (error) this.fail(error);
      this.free.push(batch);
      this.wake();
    });
    while (this.free.length === 0 && !this.failure) await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.failure) throw this.failure;
    this.filling = this.free.pop()!;
    this.filled = 0;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wake();
  }
}
