import { Tool, type ToolFailure } from '../../../task/io/tool';
import type { Note } from '../../../catalog/contract/note';
import { hasOpenQuote } from '../talk';

/** What a run of `pg_restore` gets. */
export interface PgRestoreRun {
  readonly database: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** File of the archive; it comes to the standard input when left out. */
  readonly file?: string;
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
      const isName = level === undefined && table === undefined && hasOpenQuote(rest);
      this.isContinued = level === 'warning' || rest.startsWith('Command was:') || isName;
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

/** Starts `pg_restore`. */
export function startRestore({ database, args, env, file, note, loading }: PgRestoreRun): Tool {
  const tool = new Tool({
    command: 'pg_restore',
    args: [...['--exit-on-error', `--dbname=${database}`, ...args], ...(file === undefined ? [] : [file])],
    env,
    talk: new PgRestoreTalk(note, loading).judge,
    takesInput: file === undefined,
    failure: { exit: 'restoreFailed', kind: 'client-failed' },
    classify: restoreFailure,
  });
  tool.stdout.resume();
  return tool;
}
