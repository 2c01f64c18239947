import { pipeline } from 'node:stream/promises';
import { Tool } from '../../../task/io/tool';
import { BackupError } from '../../../task/run/errors';
import type { MysqlDialect } from '../dialect';
import { quote } from '../names';
import { clientCommand } from './client-command';
import { loadInParallel } from './parallel';
import { sessionMark, type Run } from './marker';
import type { Part } from './sql-segments';

/** A client that has ended breaks its pipe first, and says why a moment later. */
const LAST_WORDS_MS = 1000;

/** What all clients of a restore need. */
export interface ClientNeeds {
  readonly dialect: MysqlDialect;
  readonly optionFile: string;
  /** Settings of each session. */
  readonly settings: readonly string[];
  readonly run: Run;
  /** The table that is under way. */
  readonly table: () => string | undefined;
}

/** The clients of one restore. */
export class MysqlClients {
  private readonly tools = new Set<Tool>();
  private stopped = false;

  constructor(private readonly needs: ClientNeeds) {}

  /**
   * Runs one client with these statements.
   *
   * @throws BackupError of the client, or of what feeds it
   */
  async one(head: readonly string[], body: AsyncIterable<Buffer>, tail: readonly string[]): Promise<void> {
    const first = this.settings(head);
    async function* input(): AsyncIterable<Buffer> {
      yield Buffer.from(first);
      yield* body;
      yield Buffer.from(`\n${tail.join('\n')}\n`);
    }
    const tool = this.start();
    tool.stdout.resume();
    await this.outcome(pipeline(input, tool.stdin!), [tool]);
  }

  /**
   * Runs several clients at once, beside the one that makes tables.
   *
   * @param names of the databases on the target, by their names in the dump
   * @throws BackupError of the client that failed first, or of what feeds them
   */
  async several(
    jobs: number,
    head: readonly string[],
    parts: AsyncIterable<readonly Part[]>,
    tail: readonly string[],
    names: ReadonlyMap<string, string>,
  ): Promise<void> {
    const tools = Array.from({ length: jobs + 1 }, () => this.start(['--unbuffered', '--skip-column-names']));
    tools.forEach((tool, index) => {
      // Why it broke, the client says itself.
      tool.stdin!.on('error', () => undefined).write(this.settings(index === 0 ? head : []));
    });
    const marked = new Set<string>();
    const begin = (worker: number, database: string): string => {
      const key = `${worker} ${database}`;
      if (marked.has(key)) return '';
      marked.add(key);
      return sessionMark(this.needs.run, worker);
    };
    const use = (database: string) => `USE ${quote(names.get(database)!)};`;
    await this.outcome(loadInParallel(parts, tools, { use, begin, tail: `\n${tail.join('\n')}\n` }), tools);
  }

  /** Ends all clients, and lets none begin. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.tools].map((tool) => tool.stop()));
  }

  private start(options: readonly string[] = []): Tool {
    if (this.stopped) throw new Error('the restore is over');
    const { dialect, optionFile, table } = this.needs;
    const tool = new Tool(clientCommand(dialect, optionFile, options, table));
    this.tools.add(tool);
    return tool;
  }

  /** Waits for the end of clients and of what feeds them; the first cause wins. */
  private async outcome(feeding: Promise<void>, tools: readonly Tool[]): Promise<void> {
    let cause: unknown;
    const failed = (error: unknown) => {
      cause ??= error;
      for (const tool of tools) void tool.stop();
    };
    const fed = feeding.catch((error: unknown) => {
      if (error instanceof BackupError) failed(error);
      else setTimeout(() => failed(error), LAST_WORDS_MS).unref();
      return error;
    });
    await Promise.all(tools.map((tool) => tool.succeeded().catch(failed)));
    const broken = await fed;
    tools.forEach((tool) => this.tools.delete(tool));
    if (cause ?? broken) throw cause ?? broken;
  }

  private settings(head: readonly string[]): string {
    return `${[`SET ${['NAMES utf8mb4', ...this.needs.settings].join(', ')};`, ...head].join('\n')}\n`;
  }
}
