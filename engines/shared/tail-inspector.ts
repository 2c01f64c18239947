/** Keeps the last bytes of a stream, to look for its end marker. */
export class TailInspector {
  private chunks: Buffer[] = [];
  private length = 0;

  /** @param size bytes to keep at least */
  constructor(private readonly size: number) {}

  see(chunk: Buffer): void {
    if (chunk.length >= this.size) {
      this.chunks = [chunk.subarray(-this.size)];
      this.length = this.size;
      return;
    }
    this.chunks.push(chunk);
    this.length += chunk.length;
    while (this.length - (this.chunks[0]?.length ?? 0) >= this.size) this.length -= this.chunks.shift()?.length ?? 0;
  }

  text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  /** The last line that is not empty: a row may hold the text of a marker, so only this line counts. */
  lastLine(): string {
    return this.text().trimEnd().split('\n').pop() ?? '';
  }
}
