import type { Readable } from 'node:stream';
import type { Tool } from '../../../task/io/tool';
import { ArchiveDivision, type ArchiveTaker } from './archive-division';

/** Bytes that wait for a tool while it works: more are not read for it, even if others are free. */
const AHEAD_BYTES = 512 * 1024;

/** A `pg_restore` that reads its archive from its standard input. */
class Feed implements ArchiveTaker {
  private isOpen = true;

  /** @param wake is called when it has taken something, or takes nothing any more */
  constructor(
    readonly tool: Tool,
    private readonly wake: () => void,
  ) {
    const close = () => {
      this.isOpen = false;
      wake();
    };
    tool.stdin!.on('error', close).on('close', close);
  }

  get waiting(): number {
    return this.isOpen ? this.tool.stdin!.writableLength : 0;
  }

  write(bytes: Buffer, taken?: () => void): void {
    if (!this.isOpen) return;
    this.tool.stdin!.write(bytes, (error) => {
      if (!error) taken?.();
      this.wake();
    });
  }
}

/**
 * Gives tools an archive as it streams by, the rows divided among them, and waits for them. They may need less than all of it: the rest
 * is read all the same, for only the end shows that every byte was right.
 *
 * @param tools the first gets all that cannot be divided
 * @param shared numbers of the entries whose rows are
 * @throws BackupError of the input if that breaks, else of the tool that failed first
 */
export async function loadRows(tools: readonly Tool[], input: Readable, shared: ReadonlySet<number>): Promise<void> {
  let wake: () => void = () => undefined;
  const feeds = tools.map((tool) => new Feed(tool, () => wake()));
  const failed: Tool[] = [];
  for (const tool of tools)
    void tool.exited.then((code) => {
      if (code !== 0) failed.push(tool);
      wake();
    });
  const division = new ArchiveDivision(feeds, shared);
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      division.see(chunk);
      while (failed.length === 0 && division.waiting > AHEAD_BYTES)
        await new Promise<void>((resolve) => (wake = resolve));
      // To leave the loop ends the input, and without its end no other tool succeeds either.
      if (failed.length > 0) break;
    }
    division.end();
  } catch (error) {
    await Promise.all(tools.map((tool) => tool.stop()));
    throw error;
  }
  for (const tool of tools) tool.stdin!.end();
  await Promise.all(tools.map((tool) => tool.exited));
  for (const tool of [...failed, ...tools]) await tool.succeeded();
}
