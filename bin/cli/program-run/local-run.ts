/** Runs the program of this package as a process of this machine, and follows its log. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import type { Action } from '../../../catalog/contract/task';
import { commandOf, exitNameOf, PROGRAM_FILE } from '../../../catalog/contract/task';
import { engineFacts } from '../../../engines/facts';
import { canDecompress } from '../aws/download';
import { CommandError, UsageError } from '../errors';
import { LogFacts } from './log-facts';
import { programFile } from './program-file';
import type { FactReader, ProgramEnd, ProgramRun } from './run';

/** As long as a run of a person may take, who sees it and stops it. */
export const LOCAL_TIMEOUT_SECONDS = 7 * 86_400;
/** Lines of standard error that are told if the program does not end by itself. */
const LAST_LINES = 5;

/**
 * Refuses a machine that cannot run the program.
 *
 * @param tools programs of the engine that it needs
 * @param instead another way than to install them: `, or use --docker`
 * @throws CommandError
 */
export function requireLocalProgram(engine: string, tools: readonly string[], instead = ''): void {
  if (!canDecompress())
    throw new UsageError(`--local needs Node.js 22.15 or newer, got: ${process.version}: use a newer Node.js`);
  if (!existsSync(programFile()))
    throw new CommandError(`${programFile()} is missing: install the package cdk-proven-backups again`);
  const missing = missingOf(tools);
  const { title } = engineFacts(engine);
  if (missing.length === 0) return;
  throw new CommandError(
    `--local needs ${missing.join(' and ')} of ${title}, which is not in PATH: install the client of ${title}, of the version of the server${instead}`,
  );
}

/** Programs that are not in PATH. */
export function missingOf(tools: readonly string[]): string[] {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  return tools.filter((tool) => !folders.some((folder) => existsSync(path.join(folder, tool))));
}

/**
 * Starts the program.
 *
 * @param scratch directory that is removed at its end
 * @param env variables beside those of this process; `undefined` takes one away
 */
export function startLocal<Fact>(
  action: Action,
  { scratch, env, reader }: { scratch: string; env: NodeJS.ProcessEnv; reader: FactReader<Fact> },
): LocalRun<Fact> {
  const [, ...args] = commandOf(action).map((word) => (word === PROGRAM_FILE ? programFile() : word));
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A terminal would send it Ctrl-C as well, and it takes the second one as an order to end at once.
    detached: true,
  });
  return new LocalRun(child, scratch, reader);
}

/** A run of the program as a process of this machine, which ends with this command. */
export class LocalRun<Fact> implements ProgramRun<Fact> {
  private readonly ended: Promise<ProgramEnd>;
  private ending: ProgramEnd = {};
  private readonly lastLines: string[] = [];
  /** The program knows SIGHUP as nothing but its death. */
  private readonly onSignal = (): void => void this.child.kill('SIGTERM');

  constructor(
    private readonly child: ChildProcess,
    scratch: string,
    private readonly reader: FactReader<Fact>,
  ) {
    createInterface({ input: child.stderr! }).on('line', (line) => {
      this.lastLines.push(line);
      if (this.lastLines.length > LAST_LINES) this.lastLines.shift();
    });
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, this.onSignal);
    this.ended = new Promise<ProgramEnd>((resolve) => {
      child.once('error', (error) => resolve({ began: false, reason: error.message }));
      child.once('close', (code, signal) => resolve(this.endOf(code, signal)));
    }).then((end) => {
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, this.onSignal);
      // Processes of a server that was killed take a moment to end.
      rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
      return (this.ending = end);
    });
  }

  /** Ends with the process: its locks and its files are gone then. */
  async *facts(): AsyncGenerator<Fact> {
    const lines = new LogFacts(this.reader.factOf);
    try {
      for await (const line of createInterface({ input: this.child.stdout! })) {
        const fact = lines.take(line);
        if (fact) yield fact;
      }
    } finally {
      await this.ended;
    }
  }

  end(): ProgramEnd {
    return this.ending;
  }

  stop(): Promise<void> {
    this.child.kill('SIGINT');
    return Promise.resolve();
  }

  private endOf(code: number | null, signal: NodeJS.Signals | null): ProgramEnd {
    const exitCode = code ?? 128 + constants.signals[signal!];
    const exitName = exitNameOf(exitCode);
    const said = this.lastLines.join(' ');
    const reason = signal ? `it was ended by ${signal}` : said;
    return { exitCode, ...(exitName !== undefined && { exitName }), ...(reason !== '' && { reason }) };
  }
}
