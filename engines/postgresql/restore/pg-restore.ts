import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Tool, type ToolFailure } from '../../../task/io/tool';
import type { Note } from '../../../catalog/contract/note';

/** What a run of `pg_restore` gets. */
export interface PgRestoreRun {
  readonly database: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The archive: a file, or its stream. */
  readonly input: string | Readable;
  readonly note: (note: Note) => void;
  /** Told of each table whose rows are loaded. */
  readonly loading: (table: string) => void;
}

const FULL = /No space left on device|disk full|Disk quota exceeded/i;
const DENIED = /permission denied|must be (?:owner|superuser|member|able)|must have/;
const LOST = /server closed the connection|connection to server .* failed|terminating connection|SSL SYSCALL/;

/** The meaning of what pg_restore complains of. Which statement failed matters to nobody if it is one of these. */
export function restoreFailure(complaints: string): ToolFailure | undefined {
  if (FULL.test(complaints))
    return {
      ...{ exit: 'restoreFailed', kind: 'target-full' },
      advice: 'the storage of the target is full: give it more, or make room',
    };
  if (LOST.test(complaints)) return { exit: 'connection', kind: 'connection-lost' };
  return DENIED.test(complaints) ? { exit: 'privileges', kind: 'privileges-missing' } : undefined;
}

const LINE = /^pg_restore: (?:(error|fatal|warning|detail|hint): )?(?:processing data for table "(.+)"$|(.*))/;
/** What the server says, in the words of libpq. */
const MESSAGE = /^(ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|LOG|DETAIL|HINT|CONTEXT|STATEMENT):\s+(.*)/;

/**
 * Judges the standard error of `pg_restore`, with `--verbose` or without, and of `psql`: what they do is talk, and so are warnings, which are
 * noted. The statement and the row that an error shows are left out: they may hold what nobody else should read.
 */
export class PgRestoreTalk {
  /** Whether lines without a beginning of their own belong to one that is no complaint. */
  private isContinued = false;

  constructor(
    private readonly note: (note: Note) => void,
    private readonly loading: (table: string) => void,
  ) {}

  readonly judge = (line: string): string | boolean => {
    const [own, level, table, rest = ''] = LINE.exec(line) ?? [];
    if (own !== undefined) {
      this.isContinued = level === 'warning' || rest.startsWith('Command was:');
      if (table !== undefined) this.loading(table);
      if (level === 'warning') this.note({ kind: 'server-warning', said: rest });
      return this.isContinued || level === undefined ? (table ?? true) : false;
    }
    const [said, severity = '', words = ''] = MESSAGE.exec(line) ?? [];
    if (said === undefined) return (this.isContinued ||= line.startsWith('Command was:'));
    this.isContinued = !['ERROR', 'FATAL', 'PANIC'].includes(severity);
    if (severity === 'WARNING') this.note({ kind: 'server-warning', said: words });
    return this.isContinued;
  };
}

/** Starts `pg_restore`. Stop the tool to end it; {@link finishRestore} waits for it. */
export function startRestore({ database, args, env, input, note, loading }: PgRestoreRun): Tool {
  return new Tool({
    command: 'pg_restore',
    args: [...['--exit-on-error', `--dbname=${database}`, ...args], ...(typeof input === 'string' ? [input] : [])],
    env,
    talk: new PgRestoreTalk(note, loading).judge,
    takesInput: typeof input !== 'string',
    failure: { exit: 'restoreFailed', kind: 'client-failed' },
    classify: restoreFailure,
  });
}

/**
 * Gives the tool its input to the end, and waits for it.
 *
 * @throws BackupError of the input if that breaks, else of the tool
 */
export async function finishRestore(tool: Tool, input: PgRestoreRun['input']): Promise<void> {
  tool.stdout.resume();
  if (typeof input !== 'string') {
    try {
      await feed(input, tool);
    } catch (error) {
      await tool.stop();
      throw error;
    }
  }
  await tool.succeeded();
}

/** It may need less than all of it: the rest is read all the same, for only the end shows that every byte was right. */
async function feed(input: Readable, tool: Tool): Promise<void> {
  const stdin = tool.stdin!;
  let isOpen = true;
  const closed = once(stdin, 'close').then(() => void (isOpen = false));
  stdin.on('error', () => (isOpen = false));
  let code: number | null | undefined;
  void tool.exited.then((exit) => (code = exit));
  for await (const chunk of input as AsyncIterable<Buffer>) {
    if (code !== undefined && code !== 0) return void input.destroy();
    if (isOpen && !stdin.write(chunk)) await Promise.race([once(stdin, 'drain').catch(() => undefined), closed]);
  }
  stdin.end();
}
