/** Memory that the uploads of a run share, beyond one part each: 16 MiB, or one part if that is larger. */
const SHARED_BYTES = 16 * 1024 * 1024;

interface Waiter {
  readonly size: number;
  readonly resolve: () => void;
}

/**
 * Buffers for the parts of all uploads of a run, those being filled and those being sent. Each upload may hold one part, and
 * all of them together {@link SHARED_BYTES} more, so that memory is bounded however many streams there are and however slow
 * S3 is. Uploads that need more wait in turn; those that wait have sent all they hold, so that a buffer comes free.
 */
export class PartMemory {
  private used = 0;
  private largest = 0;
  /** Current size of a part, by upload. */
  private readonly sizes = new Map<object, number>();
  private readonly queue: Waiter[] = [];
  private readonly spare: Buffer[] = [];

  /** The most bytes that were in use at once. */
  get peak(): number {
    return this.largest;
  }

  /** Bytes that may be in use at once. */
  get bound(): number {
    const sizes = [...this.sizes.values()];
    return Math.max(SHARED_BYTES, ...sizes) + sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Takes a buffer for the next part of an upload; waits while all memory is in use. */
  async take(upload: object, size: number): Promise<Buffer> {
    this.sizes.set(upload, size);
    await new Promise<void>((resolve) => {
      this.queue.push({ size, resolve });
      this.serve();
    });
    const reused = this.spare.findIndex((buffer) => buffer.length === size);
    // Buffers are reused: left to the garbage collector, they would pile up outside of its heap.
    if (reused >= 0) return this.spare.splice(reused, 1)[0]!;
    this.spare.length = 0;
    return Buffer.allocUnsafeSlow(size);
  }

  /** Takes a buffer back. */
  give(buffer: Buffer): void {
    this.used -= buffer.length;
    this.spare.push(buffer);
    this.serve();
  }

  /** Ends the share of an upload that has given all its buffers back. */
  leave(upload: object): void {
    this.sizes.delete(upload);
  }

  private serve(): void {
    for (let next = this.queue[0]; next && this.used + next.size <= this.bound; next = this.queue[0]) {
      this.queue.shift();
      this.used += next.size;
      this.largest = Math.max(this.largest, this.used);
      next.resolve();
    }
  }
}
