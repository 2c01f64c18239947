import { TailInspector } from '../shared/tail-inspector';

const END_MARKER = /^-- Dump completed(?: on .*)?$/;

/** Looks for the line with which the tool ends a complete dump. */
export class EndOfDump {
  private readonly tail = new TailInspector(1024);

  see(chunk: Buffer): void {
    this.tail.see(chunk);
  }

  /** Whether it is the last line of what has passed. */
  get isThere(): boolean {
    return END_MARKER.test(this.tail.lastLine());
  }
}
