import type { Writable } from 'node:stream';
import type { Tool } from '../../task/io/tool';

/** Standard input of a tool, which takes bytes as fast as the tool reads them. */
export class ToolInput {
  private readonly stdin: Writable;
  private wake: () => void = () => undefined;

  constructor(tool: Tool) {
    this.stdin = tool.stdin!;
    // A tool that has ended says why by its end.
    for (const event of ['drain', 'close', 'error']) this.stdin.on(event, () => this.wake());
  }

  /** Whether the tool takes nothing any more. */
  get isClosed(): boolean {
    return this.stdin.destroyed;
  }

  /** Resolves when the tool takes more, or nothing any more. */
  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0 || this.isClosed || this.stdin.write(bytes)) return;
    await new Promise<void>((resolve) => (this.wake = resolve));
  }

  end(): void {
    this.stdin.end();
  }
}
