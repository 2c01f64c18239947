import { Tool, type ToolFailure } from '../../task/io/tool';

/** A call of this program's own helper: a process of its own, because SQLite's calls block and a run must be able to stop. */
export class Helper {
  private readonly tool: Tool;
  private text = '';

  /** @param failure what it is if the process is killed; that of a dump when left out */
  constructor(args: readonly string[], failure?: ToolFailure) {
    this.tool = new Tool({
      command: process.execPath,
      args: ['--no-warnings', process.argv[1] ?? '', 'helper', 'sqlite', ...args],
      ...(failure && { failure }),
    });
    this.tool.stdout.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
  }

  /**
   * Its one line of JSON.
   *
   * @throws BackupError if it was killed before it printed any
   */
  async result<T>(): Promise<T> {
    const ended = await this.tool.succeeded().catch((error: unknown) => error);
    try {
      return JSON.parse(this.text) as T;
    } catch {
      throw ended;
    }
  }

  stop(): Promise<void> {
    return this.tool.stop();
  }
}
