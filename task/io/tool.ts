import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { BackupError, type RunReason } from '../run/errors';

const KEPT_LINES = 20;
const KEPT_CHARACTERS = 1000;
const KILL_AFTER_MS = 5000;

/** Meaning of a tool's complaints. */
export interface ToolFailure {
  readonly exit: BackupError['exit'];
  readonly kind: RunReason['kind'];
  /** The remedy, in parentheses behind the complaints. */
  readonly advice?: string;
  /** What the engine knows besides: the table. */
  readonly object?: string;
  /** Whether the same run may well succeed now: see {@link BackupError}. */
  readonly passing?: boolean;
}

/**
 * What a line on a tool's standard error is: the table that is under way, harmless talk (`true`), or a complaint (`false`).
 */
export type Talk = (line: string) => string | boolean;

/** Talk as a pattern: the text of group 1, if there is one, is the table under way. */
export const talkOf =
  (pattern: RegExp): Talk =>
  (line) => {
    const match = pattern.exec(line);
    return match ? (match[1] ?? true) : false;
  };

/** A program to run, and how to read its standard error. */
export interface ToolCommand {
  /** File name, found on PATH, or path. */
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment, which holds no secret otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its working directory; that of this program when left out. */
  readonly directory?: string;
  /** Judges each line of standard error; nothing but complaints when left out. */
  readonly talk?: Talk;
  /** Takes out of a complaint what nobody must read. */
  readonly edit?: (line: string) => string;
  /** Whether something is written to its standard input, which is empty otherwise. */
  readonly takesInput?: boolean;
  /** What the failure of this tool is, where nothing better is known. */
  readonly failure?: ToolFailure;
  /** Meaning of complaints, where the engine knows it. */
  readonly classify?: (complaints: string, table: string | undefined) => ToolFailure | undefined;
}

/**
 * A folder that cannot be. Clients of MySQL read a login file after the options that they are given, whatever those say, and it may
 * name another server. https://dev.mysql.com/doc/refman/8.4/en/option-file-options.html
 */
const NO_LOGIN_FILE = { MYSQL_TEST_LOGIN_FILE: '/dev/null/none' };

/** The tool's environment: no secrets of the task, no credentials of the role, no server of the person's own. */
function toolEnvironment(extra: ToolCommand['env']): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, GLIBC_TUNABLES } = process.env;
  const kept = Object.entries({ PATH, HOME, TMPDIR, LD_LIBRARY_PATH, GLIBC_TUNABLES }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC', ...NO_LOGIN_FILE, ...largeWrites(), ...extra };
}

/** The library that `stdbuf` of coreutils preloads, in Debian, Ubuntu and Oracle Linux. */
const STDBUF_LIBRARY = '/usr/libexec/coreutils/libstdbuf.so';

/**
 * The C library writes to a pipe 4 KiB at a time, and each write wakes the reader: a quarter of the time of a dump. `stdbuf`
 * makes it 64 KiB; without it, as outside of the official images, the same dump takes longer.
 * https://www.gnu.org/software/coreutils/manual/html_node/stdbuf-invocation.html
 */
const largeWrites = (): Record<string, string> =>
  hasLargeWrites() ? { LD_PRELOAD: STDBUF_LIBRARY, _STDBUF_O: String(64 * 1024) } : {};

/** Whether tools can be made to write 64 KiB at a time. */
export const hasLargeWrites = (): boolean => existsSync(STDBUF_LIBRARY);

/** What runs. */
const running = new Set<ChildProcess>();
const killRunning = (): void => running.forEach((child) => child.kill('SIGKILL'));

/** Lets a process not outlive this program, however that ends: a person may press Ctrl-C twice. */
function endsWithProgram(child: ChildProcess, exited: Promise<unknown>): void {
  if (running.size === 0) process.on('exit', killRunning);
  running.add(child);
  void exited.then(() => {
    running.delete(child);
    if (running.size === 0) process.off('exit', killRunning);
  });
}

/**
 * A running child process. It succeeds if its exit code, its signal and its standard error all say so. Its output counts
 * only once {@link Tool.succeeded} resolves.
 */
export class Tool {
  readonly stdout: Readable;
  /** Where its input goes; none unless it takes input. */
  readonly stdin: Writable | null;
  /** Table under way, if the tool says so. */
  table: string | undefined;
  /** Resolves when the tool first speaks of a table: it has its snapshot then. Also when it ends. */
  readonly started: Promise<void>;
  /** Resolves with its exit code when the process has ended, whether its output was read or not. */
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;
  private readonly complaints: string[] = [];
  private readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; error?: Error }>;
  private begin: () => void = () => undefined;
  private begun = false;
  private stopped = false;
  private readonly hold = () => undefined;

  constructor(private readonly tool: ToolCommand) {
    this.started = new Promise((resolve) => {
      this.begin = () => {
        this.begun = true;
        resolve();
      };
    });
    const child = spawn(tool.command, tool.args, {
      env: toolEnvironment(tool.env),
      ...(tool.directory !== undefined && { cwd: tool.directory }),
      stdio: [tool.takesInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.stdout = child.stdout!;
    this.stdin = child.stdin;
    preferAsVictim(child.pid);
    const lines = createInterface({ input: child.stderr! });
    lines.on('line', (line) => this.hear(line));
    const linesEnded = new Promise((resolve) => lines.once('close', resolve));
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: null, signal: null, error }));
      child.once('close', (code, signal) => void linesEnded.then(() => resolve({ code, signal })));
    });
    // Not at 'close', which waits for a reader of standard output: whoever waits for the start has none yet.
    this.exited = new Promise((resolve) => {
      child.once('exit', (code) => resolve(code)).once('error', () => resolve(null));
    });
    void this.exited.then(() => this.begin());
    endsWithProgram(child, this.exited);
  }

  /**
   * Waits for the end of the tool and judges it. Standard output must be read to its end meanwhile.
   *
   * @throws BackupError with the fixed order of facts: not started, signal, exit code, complaints
   */
  async succeeded(): Promise<void> {
    const { code, signal, error } = await this.ended;
    const name = this.tool.command;
    const said = this.complaints.join(' | ');
    const words = said === '' ? '' : `: ${said}`;
    const facts = { object: name, ...(said === '' ? {} : { said }) };
    if (error)
      throw new BackupError(
        'configuration',
        `could not start ${name}: ${error.message}; the image must hold the engine's own client tools on PATH`,
        { kind: 'tool-missing', object: name, said: error.message },
      );
    const usual: ToolFailure = this.tool.failure ?? { exit: 'dumpFailed', kind: 'tool-failed' };
    if (signal === 'SIGKILL' && !this.stopped)
      throw new BackupError(
        usual.exit,
        `${name} was killed by SIGKILL, as the kernel does when memory runs out: raise memoryLimitMiB of this backup${words}`,
        { kind: 'tool-killed', ...facts },
      );
    if (signal)
      throw new BackupError(usual.exit, `${name} was ended by ${signal}${words}`, { kind: usual.kind, ...facts });
    if (code === 0 && said === '') return;
    const meaning: ToolFailure = this.tool.classify?.(said, this.table) ?? usual;
    const { exit, kind, advice, object = name, passing } = meaning;
    const hint = advice === undefined ? '' : ` (${advice})`;
    const ended = code === 0 ? 'exited with 0 but complained' : `exited with ${code}`;
    throw new BackupError(exit, `${name} ${ended}${words}${hint}`, { kind, ...facts, object }, { passing });
  }

  /** Its process; none if it could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether the tool has spoken of a table, or has ended. */
  get hasStarted(): boolean {
    return this.begun;
  }

  /**
   * Keeps the output of a tool that may end before its reader comes: Node.js discards output that nothing reads by then.
   * For readers by iteration or `read()`.
   */
  holdOutput(): this {
    this.stdout.on('readable', this.hold);
    return this;
  }

  /** Ends the tool: politely, after five seconds by force. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.child.kill('SIGTERM');
    const force = setTimeout(() => this.child.kill('SIGKILL'), KILL_AFTER_MS);
    this.stdout.off('readable', this.hold);
    this.stdout.resume();
    await this.ended;
    clearTimeout(force);
  }

  private hear(line: string): void {
    const talk = line.trim() === '' || (this.tool.talk?.(line) ?? false);
    if (talk === false) {
      const complaint = (this.tool.edit?.(line) ?? line).trim().slice(0, KEPT_CHARACTERS);
      if (this.complaints.push(complaint) > KEPT_LINES) this.complaints.shift();
    } else if (talk !== true) {
      this.table = talk;
      this.begin();
    }
  }
}

/** When memory runs out, the kernel shall kill the tool and not the program, which can still clean up and report. */
function preferAsVictim(pid: number | undefined): void {
  if (pid === undefined || process.platform !== 'linux') return;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
  } catch {
    // The tool may have ended, or /proc may be read-only: then the kernel decides by itself.
  }
}

/** Runs a short command and returns its standard output. */
export async function toolOutput(command: string, args: readonly string[]): Promise<string> {
  const tool = new Tool({ command, args });
  let text = '';
  tool.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await tool.succeeded();
  return text.trim();
}
